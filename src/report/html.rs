//! The report as a page of HTML: one file, no scripts, nothing from elsewhere.

use std::fmt::Write;

use super::chart::histogram;
use super::tables::{names, removed_lines};
use super::text::{count, per_cent, share, text};
use super::{Report, Settings};
use crate::label::Label;
use crate::statistics::{Amount, Sample, Tally};

const STYLE: &str = include_str!("page.css");
/// A browser is told to load nothing, should anything be wrong with the page after all.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>despam report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    head(report, &mut page);
    removed(report, &mut page);
    lines(report, &mut page);
    doubt(report, &mut page);
    page.push_str("<h2 id=\"where\">Where was it?</h2>\n");
    names(&report.statistics.hosts, "Hosts", "Host", &mut page);
    without_host(report, &mut page);
    names(&report.statistics.sources, "Inputs", "Input", &mut page);
    run(report, &mut page);
    page + "</body>\n</html>\n"
}

fn head(report: &Report, page: &mut String) {
    let Report { settings, counts, .. } = report;
    put!(page, "<header><h1>What despam removed</h1>\n<p class=\"dim\">{}</p>\n", how(settings));
    page.push_str(
        "<nav><a href=\"#removed\">What was removed?</a><a href=\"#right\">Is it right?</a>\
         <a href=\"#doubt\">Where is the doubt?</a><a href=\"#where\">Where was it?</a>\
         <a href=\"#run\">The run</a></nav></header>\n",
    );
    if settings.mark {
        page.push_str(
            "<p class=\"warning\">Nothing was removed, only marked. “Removed” is what would have been.</p>\n",
        );
    }
    if report.failed_inputs > 0 {
        put!(
            page,
            "<p class=\"warning\">{} inputs could not be done: what was not read to its end is not in this report.</p>\n",
            count(report.failed_inputs)
        );
    }
    let all = all(report);
    let guarded: u64 = counts.guarded.values().sum();
    page.push_str("<div class=\"tiles\">\n");
    for (number, what) in [
        (per_cent(all.removed_words, all.words), "of the words removed".to_owned()),
        (per_cent(all.removed, all.paragraphs), "of the paragraphs removed".to_owned()),
        (count(counts.records), "documents read".to_owned()),
        (count(counts.emptied), "became empty".to_owned()),
        (count(counts.rejected), "rejected".to_owned()),
        (count(guarded), "paragraphs kept by guards".to_owned()),
    ] {
        put!(page, "<div class=\"tile\"><b>{number}</b><span>{what}</span></div>\n");
    }
    page.push_str("</div>\n");
}

/// The settings, in a sentence.
fn how(settings: &Settings) -> String {
    let bound = match (settings.keep, settings.threshold) {
        (Some(keep), _) => format!("at the operating point that keeps {keep} % of genuine text"),
        (None, Some(threshold)) => format!("at the threshold {threshold}"),
        (None, None) => "at an unknown threshold".to_owned(),
    };
    format!(
        "despam {}, model <code>{}</code> ({}), {bound}.",
        text(&settings.despam),
        text(&settings.model),
        text(settings.model_sha256.get(..12).unwrap_or(&settings.model_sha256))
    )
}

/// All paragraphs.
fn all(report: &Report) -> Amount {
    let mut all = Amount::default();
    report.statistics.labels.values().for_each(|tally| all += &tally.amount);
    all
}

fn removed(report: &Report, page: &mut String) {
    let all = all(report);
    let labels = &report.statistics.labels;
    page.push_str("<h2 id=\"removed\">What was removed?</h2>\n");
    let gone = |label: Label| labels.get(&label).map_or(0, |tally| tally.amount.removed_words);
    let kept = all.words.saturating_sub(all.removed_words);
    page.push_str("<div class=\"split\" role=\"img\" aria-label=\"Words kept and removed\">");
    let parts = [
        ("kept", "kept", kept),
        ("ad", "removed as ads", gone(Label::Ad)),
        ("chrome", "removed as chrome", gone(Label::Chrome)),
        ("gone", "genuine words of documents left out", gone(Label::Content)),
    ];
    for (class, _, words) in parts {
        put!(page, "<i class=\"f-{class}\" style=\"width:{:.3}%\"></i>", share(words, all.words));
    }
    page.push_str("</div>\n<p class=\"note\">Words: ");
    for (class, what, words) in parts.into_iter().filter(|part| part.2 > 0) {
        let share = per_cent(words, all.words);
        put!(page, "<i class=\"key f-{class}\"></i>{what} {share}");
    }
    page.push_str(
        "</p>\n<div class=\"two\">\n<div><h3>By label</h3><div class=\"panel\"><table>\n<tr><th>Label</th>\
         <th>Documents</th><th>Paragraphs</th><th>Words</th><th>Removed</th><th>Words removed</th></tr>\n",
    );
    for (label, tally) in labels {
        let Amount { paragraphs, words, removed, removed_words } = tally.amount;
        put!(
            page,
            "<tr><td><span class=\"label {label}\">{label}</span></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            count(tally.documents),
            count(paragraphs),
            count(words),
            count(removed),
            count(removed_words)
        );
    }
    page.push_str(
        "</table></div>\n<p class=\"note\">Documents are those that have such a paragraph. What is spam stays \
         where its label is not among those to be removed, or <code>--max-removed</code> spares its document.</p></div>\n",
    );
    shares(&report.statistics.removed_share, page);
    page.push_str("</div>\n");
}

fn shares(bins: &[u64], page: &mut String) {
    let sum: u64 = bins.iter().sum();
    let most = bins.iter().copied().max().unwrap_or(0);
    page.push_str(
        "<div><h3>Documents by the share of their words removed</h3><div class=\"panel\"><table>\n",
    );
    for (i, number) in bins.iter().enumerate() {
        let (what, class) = match i {
            0 => ("nothing".to_owned(), "kept"),
            _ if i + 1 == bins.len() => ("everything".to_owned(), "gone"),
            1 => ("up to 10 %".to_owned(), "gone"),
            _ => (format!("{} to {} %", (i - 1) * 10, i * 10), "gone"),
        };
        put!(
            page,
            "<tr><td>{what}</td><td>{}</td><td>{}</td><td class=\"bar\">",
            count(*number),
            per_cent(*number, sum)
        );
        if *number > 0 {
            put!(page, "<i class=\"f-{class}\" style=\"width:{:.2}%\"></i>", share(*number, most));
        }
        page.push_str("</td></tr>\n");
    }
    page.push_str("</table></div></div>\n");
}

fn lines(report: &Report, page: &mut String) {
    page.push_str(
        "<h2 id=\"right\">Is it right?</h2>\n<p>The lines that were removed most often. Genuine text should not be \
         among them.</p>\n<div class=\"two\">\n",
    );
    for (label, lines) in &report.statistics.removed_lines {
        let title = if *label == Label::Ad { "Removed as ads" } else { "Removed as chrome" };
        put!(page, "<div><h3 class=\"{label}\">{title}</h3>\n");
        removed_lines(lines, page);
        page.push_str("</div>\n");
    }
    page.push_str("</div>\n");
}

fn doubt(report: &Report, page: &mut String) {
    let bins = &report.statistics.spam_probability;
    page.push_str(
        "<h2 id=\"doubt\">Where is the doubt?</h2>\n<p>Where the model is sure, paragraphs stand at the ends. What \
         stands in between is in doubt and is kept, unless it reaches the threshold of its document.</p>\n",
    );
    page.push_str("<h3>Paragraphs by spam probability</h3>\n<div class=\"panel\">");
    page.push_str(&histogram(bins, "paragraphs", |bin| (bin.paragraphs, bin.removed)));
    page.push_str("</div>\n<h3>Their words</h3>\n<div class=\"panel\">");
    page.push_str(&histogram(bins, "words", |bin| (bin.words, bin.removed_words)));
    page.push_str(
        "</div>\n<p class=\"note\"><i class=\"key f-kept\"></i>kept<i class=\"key f-gone\"></i>removed. The heights \
         are logarithms: each line is ten times the one below.</p>\n",
    );
    let samples = &report.statistics.samples;
    page.push_str(
        "<h3>Samples around the threshold</h3>\n<p>Paragraphs of which the odds of being spam are closest to the \
         threshold’s, each text once. Below them are the words and forms that decided, with what each added to the \
         log odds: <span class=\"up\">for spam</span>, <span class=\"down\">against it</span>. A bar | \
         stands for the start or the end.</p>\n<div class=\"two\">\n",
    );
    for (title, samples) in
        [("Just below: kept", &samples.below), ("Just above: spam", &samples.above)]
    {
        put!(page, "<div><h3>{title}</h3>\n");
        if samples.is_empty() {
            page.push_str("<p class=\"dim\">None.</p>\n");
        }
        samples.iter().for_each(|sample| card(sample, page));
        page.push_str("</div>\n");
    }
    page.push_str("</div>\n");
}

fn card(sample: &Sample, page: &mut String) {
    let Sample { spam, threshold, label, source, record, document, paragraph, .. } = sample;
    let sign = if spam >= threshold { "≥" } else { "&lt;" };
    put!(
        page,
        "<article class=\"card\"><header><b>{spam}</b><span class=\"dim\">{sign} {threshold}</span><span class=\"label {label}\">{label}</span>\
         <span class=\"dim\" dir=\"auto\" title=\"{}, record {record}\">{}, paragraph {paragraph}</span></header>\n",
        text(source),
        text(document)
    );
    near(sample.before.as_deref(), page);
    put!(
        page,
        "<blockquote class=\"{label}\" dir=\"auto\"><span>{}</span></blockquote>\n",
        text(&sample.text)
    );
    near(sample.after.as_deref(), page);
    if let Some(reasons) = &sample.reasons {
        page.push_str("<div class=\"reasons\">");
        for reason in &reasons.strongest {
            let class = if reason.value > 0.0 { "up" } else { "down" };
            put!(
                page,
                "<span class=\"{class}\" dir=\"auto\">{} <b>{:+.2}</b></span>",
                text(&reason.what),
                reason.value
            );
        }
        put!(
            page,
            "<span class=\"rest\">its place in the document {:+.2}, all else {:+.2}, sum {:+.2}</span></div>\n",
            reasons.context,
            reasons.others,
            reasons.decision
        );
    }
    page.push_str("</article>\n");
}

/// A neighbour of a sample.
fn near(neighbour: Option<&str>, page: &mut String) {
    if let Some(neighbour) = neighbour {
        put!(page, "<p class=\"near\" dir=\"auto\">{}</p>\n", text(neighbour));
    }
}

fn without_host(report: &Report, page: &mut String) {
    let Tally { documents, amount, .. } = report.statistics.without_host;
    if amount.paragraphs > 0 {
        put!(
            page,
            "<p class=\"note\">{} documents have no URL; {} of their words were removed.</p>\n",
            count(documents),
            per_cent(amount.removed_words, amount.words)
        );
    }
}

fn run(report: &Report, page: &mut String) {
    let Report { settings, counts, .. } = report;
    page.push_str("<h2 id=\"run\">The run</h2>\n<div class=\"two\">\n<div><h3>Counts</h3>\n");
    let written = counts.records.saturating_sub(counts.rejected).saturating_sub(counts.dropped);
    let numbers = [
        ("Documents read", counts.records),
        ("Documents written", written),
        ("Rejected", counts.rejected),
        ("Left out by --max-removed", counts.dropped),
        ("Over the bound of --max-removed", counts.over_max_removed),
        ("Passed on without a text", counts.passed),
        ("Lines too long to be judged", counts.long_lines),
        ("Became empty", counts.emptied),
        ("WARC records of other types", counts.other_records),
        ("Paragraphs judged", counts.paragraphs),
        ("Paragraphs removed", counts.removed),
        ("Words judged", counts.words),
        ("Words removed", counts.removed_words),
        ("Bytes read, unpacked", counts.bytes),
        ("Bytes that are not UTF-8", counts.invalid_bytes),
        ("Inputs that failed", report.failed_inputs),
    ];
    table(numbers.map(|(name, number)| (name.to_owned(), count(number))).into_iter(), page);
    page.push_str("</div>\n<div><h3>Kept by guards</h3>\n");
    if counts.guarded.is_empty() {
        page.push_str("<p class=\"dim\">None.</p>\n");
    } else {
        let guards = counts.guarded.iter();
        table(guards.map(|(guard, number)| (guard.name().to_owned(), count(*number))), page);
    }
    page.push_str("<h3>Settings</h3>\n");
    let fields = settings.fields().unwrap_or_default();
    let shown = fields.iter().filter(|(_, value)| !value.is_null());
    let plain = |value: &serde_json::Value| match value.as_str() {
        Some(string) => text(string).to_string(),
        None => text(&value.to_string()).to_string(),
    };
    table(shown.map(|(name, value)| (text(name).to_string(), plain(value))), page);
    page.push_str("</div>\n</div>\n");
}

/// A table of names and values, which are HTML.
fn table(rows: impl Iterator<Item = (String, String)>, page: &mut String) {
    page.push_str("<div class=\"panel\"><table>\n");
    for (name, value) in rows {
        put!(page, "<tr><td>{name}</td><td class=\"long\">{value}</td></tr>\n");
    }
    page.push_str("</table></div>\n");
}
