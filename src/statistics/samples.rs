//! Paragraphs near the threshold, to be looked at.
//!
//! Of each side those whose odds are nearest to the threshold's are taken, in steps of a
//! factor of two. Within a step the smallest hash of the text decides. So the choice
//! depends on what was seen and not on the order, and a text is there only once.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Document;
use crate::label::Label;
use crate::paragraph::Unit;
use crate::verdict::{Probability, Verdict};

/// Samples of a side.
const MOST: usize = 40;
/// Steps of a factor of two that the odds may be from those of the threshold.
const STEPS: u8 = 4;
/// Characters of a sample that are shown.
const TEXT: usize = 600;
/// Characters of its neighbours, and of its document's id, that are shown.
const SHORT: usize = 100;
/// Documents of more bytes are not kept to be explained.
const MOST_EXPLAINED: usize = 256 << 10;

/// Paragraphs on either side of the threshold, the nearest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// At or above the threshold: spam.
    pub above: Vec<Sample>,
    /// Below the threshold: genuine.
    pub below: Vec<Sample>,
}

/// A paragraph near the threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Steps of a factor of two from the odds of the threshold to its own, from 0.
    step: u8,
    /// Hash of its text.
    hash: u32,
    /// Its spam probability.
    #[serde(serialize_with = "probability", deserialize_with = "read_probability")]
    pub spam: Probability,
    /// The threshold for its document.
    #[serde(serialize_with = "probability", deserialize_with = "read_probability")]
    pub threshold: Probability,
    /// What it was judged to be.
    pub label: Label,
    /// The input it comes from.
    pub source: String,
    /// Its record, counted from 1.
    pub record: u64,
    /// The id of its document, cut if long.
    pub document: String,
    /// Its number in the document, from 0.
    pub paragraph: u64,
    /// The start of the paragraph before.
    pub before: Option<String>,
    /// Its text, cut if long.
    pub text: String,
    /// The start of the paragraph after.
    pub after: Option<String>,
    /// What decided. `None` where the document has more than 256 KiB.
    pub reasons: Option<Reasons>,
    /// What it takes to tell what decided.
    #[serde(skip)]
    pub(crate) page: Option<Page>,
}

/// What decided on a sample, in log odds; above 0 speaks for spam. The strongest, `context`
/// and `others` sum to the decision value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// The decision value.
    #[serde(serialize_with = "four_digits")]
    pub decision: f64,
    /// The words and forms that added or took most.
    pub strongest: Vec<Reason>,
    /// What neighbours and the rest of the document added.
    #[serde(serialize_with = "four_digits")]
    pub context: f64,
    /// What all other words and forms added.
    #[serde(serialize_with = "four_digits")]
    pub others: f64,
}

/// What a word or a form added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Its name, as `despam explain` has it.
    pub what: String,
    /// What it added.
    #[serde(serialize_with = "four_digits")]
    pub value: f64,
}

/// A sample's document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    pub text: Arc<[u8]>,
    pub unit: Unit,
    /// The paragraph's number in this text.
    pub paragraph: usize,
}

impl Samples {
    /// Adds the paragraphs of a document that are near the threshold.
    pub(super) fn add(&mut self, document: &Document<'_>) {
        let mut copy: Option<Arc<[u8]>> = None;
        for (i, verdict) in document.verdicts.iter().enumerate() {
            let Some((above, step)) = nearness(verdict) else { continue };
            let side = if above { &mut self.above } else { &mut self.below };
            let hash = hash(verdict.span.of(document.text));
            if side.len() == MOST && side.last().is_some_and(|last| last.key() < (step, hash)) {
                continue;
            }
            let explained = document.text.len() <= MOST_EXPLAINED;
            let text = explained.then(|| copy.get_or_insert_with(|| document.text.into()).clone());
            let page = text.map(|text| Page { text, unit: document.unit, paragraph: i });
            insert(side, sample(document, i, (step, hash), page));
        }
    }

    /// Adds all that `other` has.
    pub(super) fn merge(&mut self, other: &Samples) {
        for (side, others) in [(&mut self.above, &other.above), (&mut self.below, &other.below)] {
            others.iter().for_each(|sample| insert(side, sample.clone()));
        }
    }
}

impl Sample {
    fn key(&self) -> (u8, u32) {
        (self.step, self.hash)
    }

    /// The order in which samples are taken.
    fn order(&self, other: &Sample) -> Ordering {
        let place = |sample: &Sample| (sample.record, sample.paragraph);
        (self.key().cmp(&other.key()))
            .then_with(|| self.source.cmp(&other.source))
            .then_with(|| place(self).cmp(&place(other)))
    }
}

/// Puts a sample in its place among the first, unless its text is there already.
fn insert(side: &mut Vec<Sample>, sample: Sample) {
    if let Some(same) = side.iter().position(|other| other.hash == sample.hash) {
        if side[same].order(&sample).is_le() {
            return;
        }
        side.remove(same);
    }
    let at = side.partition_point(|other| other.order(&sample).is_lt());
    if at < MOST {
        side.insert(at, sample);
        side.truncate(MOST);
    }
}

fn sample(
    document: &Document<'_>,
    i: usize,
    (step, hash): (u8, u32),
    page: Option<Page>,
) -> Sample {
    let verdict = &document.verdicts[i];
    let start = |verdict: &Verdict, most: usize| {
        // A character has at most four bytes: no more need be looked at.
        let bytes = verdict.span.of(document.text);
        cut(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * most + 4)]), most)
    };
    let neighbour = |i: Option<usize>| Some(start(document.verdicts.get(i?)?, SHORT));
    let id = serde_json::from_str::<String>(document.id);
    Sample {
        step,
        hash,
        spam: verdict.spam(),
        threshold: verdict.threshold,
        label: verdict.label,
        source: document.source.to_owned(),
        record: document.record,
        document: cut(id.as_deref().unwrap_or(document.id), SHORT),
        paragraph: document.paragraphs + i as u64,
        before: neighbour(i.checked_sub(1)),
        text: start(verdict, TEXT),
        after: neighbour(Some(i + 1)),
        reasons: None,
        page,
    }
}

/// The first characters of a text; a sign tells if there are more.
fn cut(text: &str, most: usize) -> String {
    let end = if text.len() > most { text.char_indices().nth(most) } else { None };
    match end {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether a paragraph is above its threshold, and how many steps of a factor of two lie
/// between the odds of both; `None` if too many. In whole numbers, so exact.
fn nearness(verdict: &Verdict) -> Option<(bool, u8)> {
    let millionths = |p: Probability| u64::from(p.millionths());
    let (spam, threshold) = (millionths(verdict.spam()), millionths(verdict.threshold));
    // The odds of both, multiplied with what does away with the divisions.
    let (own, other) = (spam * (1_000_000 - threshold), threshold * (1_000_000 - spam));
    let (near, far) = (own.min(other), own.max(other));
    let step = (0..STEPS).find(|step| far <= near << (step + 1))?;
    (verdict.guard.is_none()).then_some((spam >= threshold, step))
}

/// FNV-1a of the bytes, its upper half mixed into the lower one.
fn hash(bytes: &[u8]) -> u32 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix);
    ((hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

fn probability<S: Serializer>(p: &Probability, serializer: S) -> Result<S::Ok, S::Error> {
    number(p.to_string(), serializer)
}

fn read_probability<'d, D: serde::Deserializer<'d>>(from: D) -> Result<Probability, D::Error> {
    f64::deserialize(from).map(Probability::nearest)
}

fn four_digits<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // What rounds to zero has no sign.
    let written = format!("{number:.4}");
    let zero = written.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    self::number(if zero { "0.0000".to_owned() } else { written }, serializer)
}

/// Writes a number with all its digits.
fn number<S: Serializer>(digits: String, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(digits).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;

    fn verdict(spam: f64, threshold: f64) -> Verdict {
        Verdict {
            span: Span::new(0, 0),
            words: 1,
            ad: Probability::nearest(spam),
            chrome: Probability::default(),
            label: Label::Content,
            guard: None,
            threshold: Probability::nearest(threshold),
        }
    }

    #[test]
    fn nearness_counts_in_odds() {
        for (spam, threshold, near) in [
            (0.9, 0.9, Some((true, 0))),
            // Odds 4 and 9; odds 9 and 2; odds 99 and 9; odds 999 and 9.
            (0.8, 0.9, Some((false, 1))),
            (0.9, 0.666_666, Some((true, 2))),
            (0.99, 0.9, Some((true, 3))),
            (0.999, 0.9, None),
            (0.0, 0.9, None),
            (1.0, 0.9, None),
            (0.0, 0.0, Some((true, 0))),
            (1.0, 1.0, Some((true, 0))),
        ] {
            assert_eq!(nearness(&verdict(spam, threshold)), near, "{spam} {threshold}");
        }
    }

    #[test]
    fn hashes_differ_in_all_bits() {
        // Of 1,000 short texts about half should have each bit set: 500, give or take 100.
        for bit in 0..32 {
            let set = (0..1000).filter(|i| hash(format!("line {i}").as_bytes()) >> bit & 1 == 1);
            assert!((400..600).contains(&set.count()), "bit {bit}");
        }
    }

    #[test]
    fn numbers_have_their_digits() {
        let reasons = Reasons {
            decision: 1.0,
            strongest: vec![Reason { what: "word free".to_owned(), value: -0.000_01 }],
            context: 0.25,
            others: 0.75,
        };
        let json = serde_json::to_string(&reasons).expect("it is JSON");
        let expected = r#"{"decision":1.0000,"strongest":[{"what":"word free","value":0.0000}],"context":0.2500,"others":0.7500}"#;
        assert_eq!(json, expected);
    }
}
