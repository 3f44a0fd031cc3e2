//! What filtering makes of one judged document: cleaned, marked, described, dropped.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use super::rows::{Row, json_string, push_added, push_dropped};
use super::tables::Change;
use super::worker::Place;
use super::{Counts, Part};
use crate::classifier::Classifier;
use crate::clean::{Cut, cuts, kept};
use crate::document::Span;
use crate::formats::Format;
use crate::formats::jsonl::{ADDED, Record};
use crate::judgement::Bound;
use crate::label::Label;
use crate::paragraph::Unit;
use crate::statistics::Document;
use crate::verdict::Verdict;

/// How to filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Labels to remove.
    pub drop: Vec<Label>,
    /// Whether to write audit rows, which undo what was done.
    pub audit: bool,
    /// Whether a JSON record without a text goes out as it is; else it is rejected.
    pub pass_missing: bool,
    /// Whether a text that is not UTF-8 is rejected; else it is judged by a view in
    /// which invalid bytes are U+FFFD.
    pub strict: bool,
    /// Whether, instead of removing anything, to add a field to each JSON record that
    /// tells what would be removed.
    pub mark: bool,
    /// What the names of attributes start with, if attribute rows are asked for. Part
    /// of a JSON string, so without quotes, backslashes and control characters.
    pub attributes: Option<String>,
    /// What to do with documents of which much would go.
    pub max_removed: Option<MaxRemoved>,
    /// Whether to gather what a report tells.
    pub statistics: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Filter {
            drop: vec![Label::Ad, Label::Chrome],
            audit: false,
            pass_missing: false,
            strict: false,
            mark: false,
            attributes: None,
            max_removed: None,
            statistics: false,
        }
    }
}

impl Filter {
    /// Whether documents of this form cannot be filtered so.
    pub(super) fn refuses(&self, format: Format) -> bool {
        match format {
            Format::JsonLines => false,
            // Attributes stand beside documents that Dolma can read.
            Format::Wet | Format::Parquet => self.attributes.is_some(),
            Format::Text => self.attributes.is_some() || self.adds_field(),
        }
    }

    /// Whether a field may be added to records.
    pub(super) fn adds_field(&self) -> bool {
        self.mark || self.max_removed.is_some_and(|max| max.action == Excess::Flag)
    }
}

/// A bound on how much of a document may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxRemoved {
    /// Share of the document's words, in (0, 1].
    pub share: f64,
    /// What to do with documents of which a larger share would go.
    pub action: Excess,
}

/// What to do with a document of which too much would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Leave it as it is.
    Keep,
    /// Leave it out.
    Drop,
    /// Clean it and tell the share in a field of the record.
    Flag,
}

impl fmt::Display for MaxRemoved {
    /// Writes what [`MaxRemoved::from_str`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Excess::Keep => "keep",
            Excess::Drop => "drop",
            Excess::Flag => "flag",
        };
        write!(f, "{}={action}", self.share)
    }
}

impl FromStr for MaxRemoved {
    type Err = String;

    /// Reads `SHARE=keep`, `SHARE=drop` or `SHARE=flag`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected SHARE=keep, SHARE=drop or SHARE=flag".to_owned();
        let (share, action) = text.split_once('=').ok_or_else(expected)?;
        let action = match action {
            "keep" => Excess::Keep,
            "drop" => Excess::Drop,
            "flag" => Excess::Flag,
            _ => return Err(expected()),
        };
        match share.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => Ok(MaxRemoved { share, action }),
            _ => Err("the share must be a number above 0 and up to 1".to_owned()),
        }
    }
}

/// A judged document, or a section of a long text.
pub(super) struct Judged<'j> {
    pub place: &'j Place<'j>,
    pub text: &'j [u8],
    /// How it was split.
    pub unit: Unit,
    pub verdicts: &'j [Verdict],
}

/// What filtering decides on a document.
struct Decision {
    cuts: Vec<Cut>,
    /// Share of the words that would go, whatever the bound says of it.
    share: f64,
    /// What the bound says, if it is passed.
    excess: Option<Excess>,
}

impl Filter {
    /// Writes what stays of a text.
    pub(super) fn text(&self, judged: &Judged<'_>, done: &mut Part) {
        let Judged { text, .. } = judged;
        let decision = self.decide(judged, done);
        self.describe(judged, &decision, None, done);
        if decision.excess == Some(Excess::Drop) {
            return self.leave_out(judged, text, &decision, done);
        }
        self.count(judged, &decision.cuts, &mut done.counts);
        self.audit(judged, &decision.cuts, &decision.cuts, text, done);
        for range in kept(text.len(), &decision.cuts) {
            done.main.extend_from_slice(&text[range]);
        }
    }

    /// Writes what stays of a record whose line is `line`, with a field added if one is
    /// asked for, and its row of attributes.
    pub(super) fn record(
        &self,
        judged: &Judged<'_>,
        record: &Record<'_>,
        line: &[u8],
        classifier: &Classifier<'_>,
        done: &mut Part,
    ) {
        let mut decision = self.decide(judged, done);
        self.describe(judged, &decision, record.url().as_deref(), done);
        if let Some(prefix) = &self.attributes {
            push_attributes(prefix, judged, &decision, &mut done.attributes);
        }
        if decision.excess == Some(Excess::Drop) {
            return self.leave_out(judged, line, &decision, done);
        }
        let added = self.added(judged, &decision, classifier);
        let added = added.map_or(String::new(), |value| format!(",\"{ADDED}\":{value}"));
        if self.mark {
            decision.cuts.clear();
        }
        let ranges = record.raw_ranges(decision.cuts.iter().map(|cut| cut.range.clone()));
        let raw: Vec<Cut> = decision
            .cuts
            .iter()
            .zip(ranges)
            .map(|(cut, range)| Cut { range, ..cut.clone() })
            .collect();
        self.count(judged, &decision.cuts, &mut done.counts);
        self.audit(judged, &decision.cuts, &raw, line, done);
        if self.audit && !added.is_empty() {
            push_added(judged.place, record.close, &added, &mut done.removed);
        }
        for range in kept(record.close, &raw) {
            done.main.extend_from_slice(&line[range]);
        }
        done.main.extend_from_slice(added.as_bytes());
        done.main.extend_from_slice(&line[record.close..]);
    }

    /// Says what is to be done to row `row` of a row group.
    pub(super) fn row(
        &self,
        judged: &Judged<'_>,
        (row, url): (usize, Option<&str>),
        classifier: &Classifier<'_>,
        done: &mut Part,
    ) {
        let Judged { text, .. } = judged;
        let mut decision = self.decide(judged, done);
        self.describe(judged, &decision, url, done);
        if decision.excess == Some(Excess::Drop) {
            done.changes.push(Change { row, dropped: true, text: None, added: None });
            return self.leave_out(judged, text, &decision, done);
        }
        let added = self.added(judged, &decision, classifier);
        if self.mark {
            decision.cuts.clear();
        }
        self.count(judged, &decision.cuts, &mut done.counts);
        self.audit(judged, &decision.cuts, &decision.cuts, text, done);
        let stays = || kept(text.len(), &decision.cuts).flat_map(|range| &text[range]).copied();
        let text = (!decision.cuts.is_empty()).then(|| stays().collect());
        if text.is_some() || added.is_some() {
            done.changes.push(Change { row, dropped: false, text, added });
        }
    }

    /// The value of the field that is added to a record, as JSON.
    fn added(
        &self,
        judged: &Judged<'_>,
        decision: &Decision,
        classifier: &Classifier<'_>,
    ) -> Option<String> {
        match decision.excess {
            _ if self.mark => Some(marks(judged, decision, classifier)),
            Some(Excess::Flag) => Some(format!("{{{}}}", removed_share(decision.share))),
            _ => None,
        }
    }

    fn decide(&self, judged: &Judged<'_>, done: &mut Part) -> Decision {
        let Judged { text, verdicts, .. } = judged;
        let spans: Vec<Span> = verdicts.iter().map(|verdict| verdict.span).collect();
        let mut cuts = cuts(text, &spans, |i| self.drop.contains(&verdicts[i].label));
        let words = judged.words();
        let share = judged.cut_words(&cuts) as f64 / words.max(1) as f64;
        let excess = self.max_removed.filter(|max| share > max.share).map(|max| max.action);
        done.counts.over_max_removed += u64::from(excess.is_some());
        if excess == Some(Excess::Keep) {
            cuts.clear();
        }
        Decision { cuts, share, excess }
    }

    /// Adds the document to the statistics, if they are asked for.
    fn describe(
        &self,
        judged: &Judged<'_>,
        decision: &Decision,
        url: Option<&str>,
        done: &mut Part,
    ) {
        if !self.statistics {
            return;
        }
        let Judged { place, text, unit, verdicts } = *judged;
        done.statistics.get_or_insert_default().add(&Document {
            source: &place.head.name,
            id: place.id,
            url,
            record: place.record + 1,
            paragraphs: place.paragraphs,
            offset: place.offset,
            text,
            unit,
            verdicts,
            cuts: &decision.cuts,
            left_out: decision.excess == Some(Excess::Drop),
        });
    }

    fn count(&self, judged: &Judged<'_>, cuts: &[Cut], counts: &mut Counts) {
        counts.removed += cuts.len() as u64;
        counts.removed_words += judged.cut_words(cuts);
        let emptied = !cuts.is_empty() && cuts.len() == judged.verdicts.len();
        counts.emptied += u64::from(judged.place.whole && emptied);
    }

    /// Writes an audit row for each of `cuts`, which are `raw` of `bytes`.
    fn audit(&self, judged: &Judged<'_>, cuts: &[Cut], raw: &[Cut], bytes: &[u8], done: &mut Part) {
        if !self.audit {
            return;
        }
        let Judged { place, text, verdicts, .. } = *judged;
        for (cut, raw) in cuts.iter().zip(raw) {
            let row = Row { place, number: cut.paragraph, verdict: &verdicts[cut.paragraph], text };
            row.push_audit(&bytes[raw.range.clone()], raw.range.start, &mut done.removed);
        }
    }

    /// Leaves a document out, the bytes of which are `bytes`.
    fn leave_out(&self, judged: &Judged<'_>, bytes: &[u8], decision: &Decision, done: &mut Part) {
        done.counts.dropped += u64::from(judged.place.whole);
        done.counts.removed += judged.verdicts.len() as u64;
        done.counts.removed_words += judged.words();
        if self.audit {
            push_dropped(judged.place, decision.share, bytes, &mut done.removed);
        }
    }
}

impl Judged<'_> {
    fn words(&self) -> u64 {
        self.verdicts.iter().map(|verdict| u64::from(verdict.words)).sum()
    }

    fn cut_words(&self, cuts: &[Cut]) -> u64 {
        cuts.iter().map(|cut| u64::from(self.verdicts[cut.paragraph].words)).sum()
    }
}

pub(super) fn removed_share(share: f64) -> String {
    format!("\"removed_share\":{share:.6}")
}

/// What is known of a record, as a JSON object: the model, the bound, the share of words
/// that would go, where the paragraphs are that would, and the quality of each line.
fn marks(judged: &Judged<'_>, decision: &Decision, classifier: &Classifier<'_>) -> String {
    let model = json_string(&classifier.model().card().name);
    let bound = match classifier.bound() {
        Bound::Point(point) => format!("\"keep\":{}", point.keep),
        Bound::Threshold(threshold) => format!("\"threshold\":{threshold}"),
    };
    let mut points = CodePoints::new(judged.text);
    let span = |cut: &Cut| {
        let verdict = &judged.verdicts[cut.paragraph];
        let (start, end) = (points.at(verdict.span.start), points.at(verdict.span.end));
        format!("[{start},{end},\"{}\",{}]", verdict.label, verdict.spam())
    };
    let spans: Vec<String> = decision.cuts.iter().map(span).collect();
    let lines: Vec<String> = line_quality(judged.text, judged.verdicts);
    format!(
        "{{\"model\":{model},{bound},{},\"spans\":[{}],\"line_quality\":[{}]}}",
        removed_share(decision.share),
        spans.join(","),
        lines.join(",")
    )
}

/// For each line that LF ends, 1 minus the spam probability of its paragraph; the
/// highest such number if other line breaks divide it, and 1 if it is blank or a guard
/// keeps it.
fn line_quality(text: &[u8], verdicts: &[Verdict]) -> Vec<String> {
    let (mut start, mut rest) = (0, verdicts);
    let mut quality = |line: &[u8]| {
        let end = start + line.len();
        rest = &rest[rest.iter().take_while(|verdict| verdict.span.end <= start).count()..];
        let here = rest.iter().take_while(|verdict| verdict.span.start < end);
        let least = here.map(Verdict::spam_unless_guarded).min();
        start = end + 1;
        least.map_or("1".to_owned(), |spam| spam.complement().to_string())
    };
    text.split(|byte| *byte == b'\n').map(&mut quality).collect()
}

/// Writes a row of attributes in Dolma's form: for each label the spans that would be
/// cut, with their spam probability; for the document the share of its words.
fn push_attributes(prefix: &str, judged: &Judged<'_>, decision: &Decision, out: &mut Vec<u8>) {
    let (mut ad, mut chrome) = (Vec::new(), Vec::new());
    let mut points = CodePoints::new(judged.text);
    for cut in &decision.cuts {
        let verdict = &judged.verdicts[cut.paragraph];
        let (start, end) = (points.at(cut.range.start), points.at(cut.range.end));
        let spans = if verdict.label == Label::Ad { &mut ad } else { &mut chrome };
        spans.push(format!("[{start},{end},{}]", verdict.spam()));
    }
    // Writing to memory cannot fail.
    let _ = writeln!(
        out,
        "{{\"id\":{},\"attributes\":{{\"{prefix}__despam__ad\":[{}],\"{prefix}__despam__chrome\":[{}],\"{prefix}__despam__document\":[[0,{},{:.6}]]}}}}",
        judged.place.own_id.unwrap_or("null"),
        ad.join(","),
        chrome.join(","),
        points.at(judged.text.len()),
        decision.share,
    );
}

/// Writes the row of a record that was not judged: it has no attributes.
pub(super) fn push_no_attributes(id: Option<&str>, out: &mut Vec<u8>) {
    let _ = writeln!(out, "{{\"id\":{},\"attributes\":{{}}}}", id.unwrap_or("null"));
}

/// Counts code points up to bytes of a text, which are to be asked for in rising order.
/// Invalid bytes count as the U+FFFD they are shown as.
struct CodePoints<'t> {
    text: &'t [u8],
    byte: usize,
    point: usize,
}

impl<'t> CodePoints<'t> {
    fn new(text: &'t [u8]) -> Self {
        CodePoints { text, byte: 0, point: 0 }
    }

    fn at(&mut self, byte: usize) -> usize {
        for chunk in self.text[self.byte..byte].utf8_chunks() {
            self.point += chunk.valid().chars().count() + usize::from(!chunk.invalid().is_empty());
        }
        self.byte = byte;
        self.point
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Probability;

    fn verdict(start: usize, end: usize, spam: f64) -> Verdict {
        Verdict {
            span: Span::new(start, end),
            words: 1,
            ad: Probability::nearest(spam),
            chrome: Probability::default(),
            label: if spam > 0.5 { Label::Ad } else { Label::Content },
            guard: None,
            threshold: Probability::nearest(0.5),
        }
    }

    #[test]
    fn a_bound_is_a_share_and_what_to_do() {
        let bound = "0.8=drop".parse::<MaxRemoved>();
        assert_eq!(bound, Ok(MaxRemoved { share: 0.8, action: Excess::Drop }));
        for good in ["0.8=drop", "1=keep", "0.25=flag"] {
            let bound = good.parse::<MaxRemoved>().map(|bound| bound.to_string());
            assert_eq!(bound, Ok(good.to_owned()));
        }
        for bad in ["", "0.8", "0=keep", "1.1=keep", "NaN=keep", "0.5=remove", "=keep"] {
            assert!(bad.parse::<MaxRemoved>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_line_has_the_quality_of_its_paragraph() {
        // A block of two lines, a blank line, and two paragraphs that a CR divides.
        let text = b"ab\ncd\n\nx\ry\n";
        let verdicts = [verdict(0, 5, 0.25), verdict(7, 8, 0.9), verdict(9, 10, 0.125)];
        assert_eq!(line_quality(text, &verdicts), ["0.750000", "0.750000", "1", "0.875000", "1"]);
        assert_eq!(line_quality(b"", &[]), ["1"]);
    }

    #[test]
    fn code_points_are_counted() {
        let mut points = CodePoints::new("é😀a".as_bytes());
        assert_eq!([points.at(2), points.at(6), points.at(6), points.at(7)], [1, 2, 2, 3]);
        let text = b"a\xff\xe4\xb8\xff";
        assert_eq!(CodePoints::new(text).at(5), String::from_utf8_lossy(text).chars().count());
    }
}
