use proptest::prelude::*;

use super::*;
use crate::clean::Cut;
use crate::document::Span;
use crate::model::Model;
use crate::statistics::Document;
use crate::verdict::{Probability, Verdict};

/// A report in which every text is `text`: of a paragraph, its document, host and input, of
/// what decided and of the settings.
fn report(text: &str) -> Report {
    let page = format!("before\n{text} .\nafter");
    let spans = [0..6, 7..9 + text.len(), 10 + text.len()..15 + text.len()];
    let verdict = |(i, range): (usize, &std::ops::Range<usize>)| Verdict {
        span: Span::new(range.start, range.end),
        words: 1,
        ad: Probability::nearest(0.8 + i as f64 / 20.0),
        chrome: Probability::default(),
        label: if i == 0 { Label::Content } else { Label::Ad },
        guard: None,
        threshold: Probability::nearest(0.84),
    };
    let verdicts: Vec<Verdict> = spans.iter().enumerate().map(verdict).collect();
    let cut = |paragraph: usize| Cut { paragraph, range: spans[paragraph].clone() };
    let mut statistics = Statistics::default();
    statistics.add(&Document {
        source: text,
        id: &serde_json::Value::from(text).to_string(),
        url: None,
        record: 1,
        paragraphs: 0,
        offset: 0,
        text: page.as_bytes(),
        unit: Unit::Line,
        verdicts: &verdicts,
        cuts: &[cut(1), cut(2)],
        left_out: false,
    });
    let classifier = Classifier::new(Model::default_model());
    let mut settings =
        Settings::new(&classifier, &Filter::default(), false).expect("the model can be written");
    settings.model = text.to_owned();
    settings.model_sha256 = text.to_owned();
    settings.despam = text.to_owned();
    settings.max_removed = Some(text.to_owned());
    let mut report = Report::new(settings, Counts::default(), 0, statistics, &classifier);
    // What no text can be made to lead to: it need not be the name of a host, nor a word.
    report.statistics.hosts.add(text, &Default::default());
    for sample in report.statistics.samples.above.iter_mut() {
        let strongest = vec![Reason { what: text.to_owned(), value: 0.5 }; 2];
        sample.reasons = Some(Reasons { decision: 1.0, strongest, context: 0.0, others: 0.0 });
    }
    report.statistics.samples.below.iter_mut().for_each(|sample| sample.reasons = None);
    report
}

fn json(report: &Report) -> String {
    let mut out = Vec::new();
    report.write_json(&mut out).expect("memory can be written");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn what_decided_is_told_with_its_sum() {
    let text = "Buy cheap watches now, free shipping\nThe council met on Monday.\n";
    let mut statistics = Statistics::default();
    let classifier = Classifier::new(Model::default_model()).with_unit(Unit::Line);
    let mut verdicts = classifier.judge(text.as_bytes());
    verdicts.iter_mut().for_each(|verdict| verdict.threshold = verdict.spam());
    statistics.add(&Document {
        source: "-",
        id: "1",
        url: None,
        record: 1,
        paragraphs: 0,
        offset: 0,
        text: text.as_bytes(),
        unit: Unit::Line,
        verdicts: &verdicts,
        cuts: &[],
        left_out: false,
    });
    explain(&mut statistics, &classifier);
    assert_eq!(statistics.samples.above.len(), 2);
    for sample in &statistics.samples.above {
        let reasons = sample.reasons.as_ref().expect("the document is short");
        let named: f64 = reasons.strongest.iter().map(|reason| reason.value).sum();
        assert_eq!(reasons.strongest.len(), 5);
        assert!((named + reasons.context + reasons.others - reasons.decision).abs() < 1e-9);
        let spam = 1.0 / (1.0 + (-reasons.decision).exp());
        assert!((spam - sample.spam.get()).abs() < 1e-5, "{spam} {}", sample.spam);
    }
}

#[test]
fn only_reports_of_the_same_settings_are_merged() {
    let (mut one, mut other) = (report("a"), report("a"));
    other.settings.keep = Some(98.0);
    let before = one.clone();
    let error = one.merge(&other).expect_err("the settings differ").to_string();
    assert!(error.starts_with("the setting \"keep\" is 98.0, but 99.5 in"), "{error}");
    assert_eq!(one, before);
    other.settings.keep = Some(99.5);
    one.merge(&other).expect("the settings are the same");
    assert_eq!(one.statistics.labels[&Label::Ad].amount.paragraphs, 4);
}

#[test]
fn what_is_no_report_is_refused() {
    let good = json(&report("a"));
    for (bad, cause) in [
        ("{}".to_owned(), "not a despam report"),
        ("[1]\n".to_owned(), "not a despam report"),
        (good.replace("\"report\": 1", "\"report\": 2"), "report version 2 is not supported"),
        (good.replace("\"failed_inputs\": 0,", ""), "not a despam report"),
        (good.replace("\"removed_share\": [", "\"removed_share\": [7,"), "have 12 entries"),
    ] {
        let error = Report::from_json(bad.as_bytes()).expect_err("it is bad").to_string();
        assert!(error.contains(cause), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_is_markup_and_json_comes_back(
        hostile in prop_oneof!["(?s).{0,40}", "[<>&\"'/a! -]{0,40}"],
        cut in prop::sample::select(vec!["", "<script>alert(1)</script>", "\"><img src=x>", "'"]),
    ) {
        let hostile = format!("{cut}{hostile}");
        prop_assume!(!hostile.is_empty());
        let report = report(&hostile);
        let again = Report::from_json(json(&report).as_bytes()).expect("it is a report");
        prop_assert_eq!(json(&again), json(&report));
        // A page has the same tags whatever the texts: as many marks, and no others.
        let marks = |report: &Report| {
            let page = html::page(report);
            let body = page.split_once("<body>").expect("there is a body").1.to_owned();
            ['<', '>', '"', '\''].map(|mark| body.matches(mark).count())
        };
        prop_assert_eq!(marks(&report), marks(&self::report("plain")));
    }
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = html::page(&report("a"));
    for part in ["<script", "src=", "url(", "@import", "<link", "<iframe", "javascript:"] {
        assert!(!page.contains(part), "{part}");
    }
    assert!(page.match_indices("href=\"").all(|(at, _)| page[at..].starts_with("href=\"#")));
}
