//! The report of `despam filter`: what was removed, whether it is right, where the doubt
//! is. As JSON, which can be merged, and as a page.
//!
//! The JSON is one object. Names in maps are sorted, probabilities have six digits, log
//! odds four. So the same run gives the same bytes, whatever the number of threads.
//!
//! | field | what it holds |
//! |---|---|
//! | `report` | 1, the version of this layout |
//! | `settings` | what the decisions depend on; reports of other settings cannot be merged |
//! | `failed_inputs` | inputs that could not be read to their end, of which nothing is in the report, or not be replaced |
//! | `counts` | the counts of the run, as `--stats json` prints them; paragraphs by guard in `guarded` |
//! | `labels` | for each label `documents`, `paragraphs`, `words`, `removed` and `removed_words` |
//! | `spam_probability` | 50 bins of the same width: `paragraphs`, `words`, `removed`, `removed_words` |
//! | `removed_share` | 12 numbers of documents: of which nothing went; up to a tenth of the words, up to two, ..., up to ten; everything |
//! | `without_host` | the tally of documents without a URL |
//! | `hosts`, `sources` | tallies by host and by input: `kept`, a map; `other`, the sum of those that are not in it; `error` |
//! | `removed_lines` | for `ad` and `chrome`: `kept`, a map from the line to `count` and `words`; `other`; `error` |
//! | `samples` | `above` and `below` the threshold, up to 40 paragraphs each |
//!
//! A tally has `documents`, `ad` and `chrome` (paragraphs found) and the fields of a bin.
//! Where not all names could be kept, a tally may be too low: by at most `error`
//! paragraphs, or `error` removals of a line ([`Frequent`](crate::statistics::Frequent)).
//! `error` 0 says that all are exact.
//!
//! `removed` is what left the output, for its label or with its whole document; with
//! `--mark`, which removes nothing, what would have. [`Sample`](crate::statistics::Sample)
//! tells the fields of a sample and how samples are chosen.

/// Adds to a text. Writing to a string cannot fail.
macro_rules! put {
    ($text:expr, $($argument:tt)*) => {
        let _ = write!($text, $($argument)*);
    };
}

mod chart;
mod html;
mod tables;
mod text;

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::classifier::Classifier;
use crate::explain::Explanation;
use crate::judgement::Bound;
use crate::label::Label;
use crate::model::ModelError;
use crate::paragraph::Unit;
use crate::pipeline::{Counts, Filter};
use crate::statistics::{PROBABILITY_BINS, Reason, Reasons, SHARE_BINS, Statistics};

/// Version of the layout of the JSON.
pub const REPORT_VERSION: u32 = 1;

/// Words and forms that are named as reasons of a sample.
const STRONGEST: usize = 5;

/// The report of a run, or of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    report: u32,
    /// What the decisions depend on.
    pub settings: Settings,
    /// Inputs that could not be read to their end, of which nothing is in the report, or
    /// not be replaced.
    pub failed_inputs: u64,
    /// What the run counted.
    pub counts: Counts,
    /// What it found.
    #[serde(flatten)]
    pub statistics: Statistics,
}

/// What the decisions of a run depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Version of despam.
    pub despam: String,
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model, as its file has it.
    pub model_sha256: String,
    /// The operating point, in per cent kept, if there is one.
    pub keep: Option<f64>,
    /// The threshold on the spam probability, if there is no operating point.
    pub threshold: Option<f64>,
    /// Labels that are removed.
    pub drop: Vec<Label>,
    /// What a paragraph is.
    pub unit: Unit,
    /// Whether languages and scripts that the model has not learned are judged too.
    pub any_language: bool,
    /// The bound on what is removed of a document, as `--max-removed` takes it.
    pub max_removed: Option<String>,
    /// Whether nothing was removed, only marked.
    pub mark: bool,
}

impl Settings {
    /// The settings of a run. What a classifier does not tell of itself is `any_language`.
    ///
    /// # Errors
    /// If the model cannot be written, so that it has no checksum.
    pub fn new(
        classifier: &Classifier<'_>,
        filter: &Filter,
        any_language: bool,
    ) -> Result<Self, ModelError> {
        let (keep, threshold) = match classifier.bound() {
            Bound::Point(point) => (Some(point.keep), None),
            Bound::Threshold(threshold) => (None, Some(threshold)),
        };
        let mut drop = filter.drop.clone();
        drop.sort_unstable();
        drop.dedup();
        Ok(Settings {
            despam: env!("CARGO_PKG_VERSION").to_owned(),
            model: classifier.model().card().name.clone(),
            model_sha256: classifier.model().sha256()?,
            keep,
            threshold,
            drop,
            unit: classifier.unit(),
            any_language,
            max_removed: filter.max_removed.map(|max| max.to_string()),
            mark: filter.mark,
        })
    }
}

/// Why a report cannot be read, merged or written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is no report.
    #[error("not a despam report: {0}")]
    Json(#[from] serde_json::Error),
    /// It is a report of another layout.
    #[error(
        "report version {0} is not supported (this is version {REPORT_VERSION}): use the despam \
         that wrote it"
    )]
    Version(u64),
    /// A field has a size that no report has.
    #[error("not a despam report: field \"{0}\" does not have {1} entries")]
    Size(&'static str, usize),
    /// Two reports are of different settings.
    #[error(
        "the setting \"{setting}\" is {theirs}, but {ours} in the reports before: only reports of the same settings can be merged"
    )]
    Differs {
        /// The name of the setting.
        setting: String,
        /// Its value in the report that is merged into, as JSON.
        ours: String,
        /// Its value in the other, as JSON.
        theirs: String,
    },
    /// It cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Report {
    /// The report of a run that found `statistics`. The samples are judged once more, to
    /// tell what decided, so this takes some time.
    pub fn new(
        settings: Settings,
        counts: Counts,
        failed_inputs: u64,
        mut statistics: Statistics,
        classifier: &Classifier<'_>,
    ) -> Self {
        explain(&mut statistics, classifier);
        Report { report: REPORT_VERSION, settings, failed_inputs, counts, statistics }
    }

    /// Reads a report from its JSON.
    ///
    /// # Errors
    /// [`ReportError::Json`], [`ReportError::Version`] and [`ReportError::Size`].
    pub fn from_json(json: &[u8]) -> Result<Self, ReportError> {
        #[derive(Deserialize)]
        struct Version {
            report: u64,
        }
        let version: Version = serde_json::from_slice(json)?;
        if version.report != u64::from(REPORT_VERSION) {
            return Err(ReportError::Version(version.report));
        }
        let report: Report = serde_json::from_slice(json)?;
        if report.statistics.spam_probability.len() != PROBABILITY_BINS {
            return Err(ReportError::Size("spam_probability", PROBABILITY_BINS));
        }
        if report.statistics.removed_share.len() != SHARE_BINS {
            return Err(ReportError::Size("removed_share", SHARE_BINS));
        }
        Ok(report)
    }

    /// Adds a report of other documents.
    ///
    /// # Errors
    /// [`ReportError::Differs`] if it is of other settings; then nothing is added.
    pub fn merge(&mut self, other: &Report) -> Result<(), ReportError> {
        self.settings.check_same(&other.settings)?;
        self.failed_inputs += other.failed_inputs;
        self.counts += &other.counts;
        self.statistics.merge(&other.statistics);
        Ok(())
    }

    /// Writes the report as JSON, which [`Report::from_json`] reads.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub fn write_json(&self, out: &mut dyn io::Write) -> Result<(), ReportError> {
        serde_json::to_writer_pretty(&mut *out, self).map_err(io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    }

    /// Writes the report as a page of HTML. It needs no other file, no network and no
    /// JavaScript; all text in it is escaped.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub fn write_html(&self, out: &mut dyn io::Write) -> Result<(), ReportError> {
        Ok(out.write_all(html::page(self).as_bytes())?)
    }
}

impl Settings {
    fn check_same(&self, other: &Settings) -> Result<(), ReportError> {
        let (ours, theirs) = (self.fields()?, other.fields()?);
        let differs = ours.iter().find(|(name, value)| theirs.get(*name) != Some(value));
        differs.map_or(Ok(()), |(name, ours)| {
            let theirs = theirs.get(name).map(Value::to_string).unwrap_or_default();
            Err(ReportError::Differs { setting: name.clone(), ours: ours.to_string(), theirs })
        })
    }

    /// The settings by name.
    fn fields(&self) -> Result<Map<String, Value>, serde_json::Error> {
        match serde_json::to_value(self)? {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Map::new()),
        }
    }
}

/// Says of all samples what decided.
fn explain(statistics: &mut Statistics, classifier: &Classifier<'_>) {
    let samples = &mut statistics.samples;
    for sample in samples.above.iter_mut().chain(&mut samples.below) {
        if let Some(page) = sample.page.take() {
            let classifier = classifier.with_unit(page.unit);
            let explained = classifier.explain_where(&page.text, |i| i == page.paragraph);
            sample.reasons = explained.first().map(|(_, explanation)| reasons(explanation));
        }
    }
}

fn reasons(explanation: &Explanation) -> Reasons {
    let parts = &explanation.contributions;
    let context: f64 =
        parts.iter().filter(|part| part.stage == "context").map(|part| part.value).sum();
    let own = parts.iter().filter(|part| part.stage != "context" && part.what != "intercept");
    let strongest: Vec<Reason> = own
        .take(STRONGEST)
        .map(|part| Reason { what: part.what.clone(), value: as_written(part.value) })
        .collect();
    let named: f64 = strongest.iter().map(|reason| reason.value).sum();
    let (decision, context) = (as_written(explanation.decision), as_written(context));
    Reasons { decision, context, others: as_written(decision - context - named), strongest }
}

/// A number as it comes back from the JSON of a report, which has four digits of it: a page
/// that is made at once shows the same as one made from the JSON.
fn as_written(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests;
