//! What filtering found, in numbers of bounded size that can be merged.
//!
//! A thread adds the documents of a chunk to a value of its own. The values are merged
//! in the order of the input, so the sum does not depend on the number of threads.
//! Sums are exact. Hosts, sources and removed lines are those that [`Frequent`] keeps,
//! and exact too as long as there is room for all of them. [`Samples`] are chosen by
//! what they are, and are the same in whatever order values are merged.

mod frequent;
mod samples;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::clean::Cut;
use crate::document::Span;
use crate::label::Label;
use crate::paragraph::Unit;
use crate::verdict::{Probability, Verdict};

pub use frequent::{Frequent, Kept, Weigh};
pub use samples::{Reason, Reasons, Sample, Samples};

/// Bins of the spam probability, all of the same width.
pub const PROBABILITY_BINS: usize = 50;
/// Bins of the share of a document that is removed: nothing; ten of a tenth each, upper
/// bound included; everything.
pub const SHARE_BINS: usize = 12;
/// Hosts that are told apart at most, and sources.
pub const MOST_NAMES: usize = 10_000;
/// Removed lines of a label that are told apart at most.
pub const MOST_LINES: usize = 8_000;
/// Characters by which a line is known and shown.
pub const LINE_CHARACTERS: usize = 200;

/// What filtering found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// By label.
    pub labels: BTreeMap<Label, LabelTally>,
    /// By spam probability, [`PROBABILITY_BINS`] bins from 0 to 1, also of what a guard keeps.
    pub spam_probability: Vec<Amount>,
    /// Documents by the share of their words that is removed, [`SHARE_BINS`] bins. A
    /// section of a long text counts for itself.
    pub removed_share: Vec<u64>,
    /// Documents whose URL has no host, or that have no URL.
    pub without_host: Tally,
    /// By host.
    pub hosts: Frequent<Tally, MOST_NAMES>,
    /// By input.
    pub sources: Frequent<Tally, MOST_NAMES>,
    /// Removed paragraphs by label and text, cut to [`LINE_CHARACTERS`]; those of a
    /// document that was left out only if they would have been removed anyway.
    pub removed_lines: BTreeMap<Label, Frequent<LineTally, MOST_LINES>>,
    /// Paragraphs near the threshold.
    pub samples: Samples,
}

impl Default for Statistics {
    fn default() -> Self {
        Statistics {
            labels: Label::ALL.map(|label| (label, LabelTally::default())).into(),
            spam_probability: vec![Amount::default(); PROBABILITY_BINS],
            removed_share: vec![0; SHARE_BINS],
            without_host: Tally::default(),
            hosts: Frequent::default(),
            sources: Frequent::default(),
            removed_lines: [Label::Ad, Label::Chrome]
                .map(|label| (label, Frequent::default()))
                .into(),
            samples: Samples::default(),
        }
    }
}

/// Paragraphs and their words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// Paragraphs judged.
    pub paragraphs: u64,
    /// Their words.
    pub words: u64,
    /// Paragraphs removed.
    pub removed: u64,
    /// Their words.
    pub removed_words: u64,
}

impl Amount {
    fn of(verdict: &Verdict, removed: bool) -> Self {
        let (words, removed) = (u64::from(verdict.words), u64::from(removed));
        Amount { paragraphs: 1, words, removed, removed_words: removed * words }
    }
}

impl AddAssign<&Amount> for Amount {
    fn add_assign(&mut self, other: &Amount) {
        self.paragraphs += other.paragraphs;
        self.words += other.words;
        self.removed += other.removed;
        self.removed_words += other.removed_words;
    }
}

/// What there is of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelTally {
    /// Documents that have such a paragraph. A section of a long text counts for itself.
    pub documents: u64,
    /// The paragraphs.
    #[serde(flatten)]
    pub amount: Amount,
}

impl AddAssign<&LabelTally> for LabelTally {
    fn add_assign(&mut self, other: &LabelTally) {
        self.documents += other.documents;
        self.amount += &other.amount;
    }
}

/// What there is of a host or a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Documents.
    pub documents: u64,
    /// Paragraphs judged to be ads.
    pub ad: u64,
    /// Paragraphs judged to be chrome.
    pub chrome: u64,
    /// All paragraphs.
    #[serde(flatten)]
    pub amount: Amount,
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.documents += other.documents;
        self.ad += other.ad;
        self.chrome += other.chrome;
        self.amount += &other.amount;
    }
}

impl Weigh for Tally {
    fn weight(&self) -> u64 {
        self.amount.paragraphs
    }
}

/// How often a line was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineTally {
    /// How often.
    pub count: u64,
    /// Words of all these times.
    pub words: u64,
}

impl AddAssign<&LineTally> for LineTally {
    fn add_assign(&mut self, other: &LineTally) {
        self.count += other.count;
        self.words += other.words;
    }
}

impl Weigh for LineTally {
    fn weight(&self) -> u64 {
        self.count
    }
}

/// A judged document, or a section of a long text.
#[derive(Clone, Copy, Debug)]
pub struct Document<'d> {
    /// The input it comes from.
    pub source: &'d str,
    /// Its id, as JSON.
    pub id: &'d str,
    /// The URL of its page, if it has one.
    pub url: Option<&'d str>,
    /// The record, counted from 1.
    pub record: u64,
    /// Paragraphs of the text before this section.
    pub paragraphs: u64,
    /// Bytes of the text before this section.
    pub offset: u64,
    /// Its text.
    pub text: &'d [u8],
    /// How it was split.
    pub unit: Unit,
    /// What was decided on its paragraphs.
    pub verdicts: &'d [Verdict],
    /// What is removed of it.
    pub cuts: &'d [Cut],
    /// Whether it is left out as a whole.
    pub left_out: bool,
}

impl Document<'_> {
    fn line(&self, span: Span) -> Cow<'_, str> {
        let mut line = span.lossy(self.text);
        if line.len() > LINE_CHARACTERS
            && let Some((end, _)) = line.char_indices().nth(LINE_CHARACTERS)
        {
            match &mut line {
                Cow::Borrowed(line) => *line = &line[..end],
                Cow::Owned(line) => line.truncate(end),
            }
        }
        line
    }
}

impl Statistics {
    /// Adds a document.
    pub fn add(&mut self, document: &Document<'_>) {
        let mut labels = [Amount::default(); Label::ALL.len()];
        let mut cuts = document.cuts.iter().map(|cut| cut.paragraph).peekable();
        for (i, verdict) in document.verdicts.iter().enumerate() {
            let cut = cuts.next_if_eq(&i).is_some();
            let amount = Amount::of(verdict, cut || document.left_out);
            labels[verdict.label.class()] += &amount;
            self.spam_probability[bin(verdict.spam())] += &amount;
            if cut && let Some(lines) = self.removed_lines.get_mut(&verdict.label) {
                let tally = LineTally { count: 1, words: amount.words };
                lines.add(&document.line(verdict.span), &tally);
            }
        }
        self.samples.add(document);
        let mut tally = Tally {
            documents: u64::from(document.offset == 0),
            ad: labels[Label::Ad.class()].paragraphs,
            chrome: labels[Label::Chrome.class()].paragraphs,
            ..Tally::default()
        };
        for (label, amount) in Label::ALL.into_iter().zip(&labels) {
            let documents = u64::from(amount.paragraphs > 0);
            let sum = self.labels.entry(label).or_default();
            *sum += &LabelTally { documents, amount: *amount };
            tally.amount += amount;
        }
        self.removed_share[share_bin(&tally.amount)] += 1;
        self.sources.add(document.source, &tally);
        match document.url.and_then(host) {
            Some(host) => self.hosts.add(&host, &tally),
            None => self.without_host += &tally,
        }
    }

    /// Adds all that `other` has.
    pub fn merge(&mut self, other: &Statistics) {
        for (label, tally) in &other.labels {
            *self.labels.entry(*label).or_default() += tally;
        }
        for (bin, other) in self.spam_probability.iter_mut().zip(&other.spam_probability) {
            *bin += other;
        }
        for (bin, other) in self.removed_share.iter_mut().zip(&other.removed_share) {
            *bin += other;
        }
        self.without_host += &other.without_host;
        self.hosts.merge(&other.hosts);
        self.sources.merge(&other.sources);
        for (label, lines) in &other.removed_lines {
            self.removed_lines.entry(*label).or_default().merge(lines);
        }
        self.samples.merge(&other.samples);
    }
}

/// The bin of a spam probability.
fn bin(spam: Probability) -> usize {
    const WIDTH: usize = 1_000_000 / PROBABILITY_BINS;
    (spam.millionths() as usize / WIDTH).min(PROBABILITY_BINS - 1)
}

/// The bin of a document of which this much is removed.
fn share_bin(amount: &Amount) -> usize {
    let Amount { paragraphs, words, removed, removed_words } = *amount;
    match () {
        () if removed == 0 => 0,
        () if removed == paragraphs => SHARE_BINS - 1,
        // What has no words (rows of dots) counts as little.
        () => (removed_words * 10).div_ceil(words.max(1)).clamp(1, 10) as usize,
    }
}

/// The host of a URL, in lower case, without user and port. `None` if there is none, or
/// one longer than the name of a host can be.
fn host(url: &str) -> Option<Cow<'_, str>> {
    let (_, rest) = url.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let port = host.rfind(':').filter(|at| host[at + 1..].bytes().all(|b| b.is_ascii_digit()));
    let host = host[..port.unwrap_or(host.len())].trim_end_matches('.');
    let upper = host.bytes().any(|byte| byte.is_ascii_uppercase());
    let host = if upper { Cow::Owned(host.to_ascii_lowercase()) } else { Cow::Borrowed(host) };
    (1..=253).contains(&host.len()).then_some(host)
}

#[cfg(test)]
mod tests;
