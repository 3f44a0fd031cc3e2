//! What is told of a fit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::calibrate::Loss;
use crate::metrics::Evaluation;
use crate::model::OperatingPoint;

/// How a fit went. All figures are out of fold.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Documents read.
    pub documents: usize,
    /// Distinct paragraphs, a fold.
    pub rows: usize,
    /// Passes, duality gap relative to the objective, and whether it converged, of
    /// the text stage's fit on all data.
    pub text: (usize, f64, bool),
    /// The last stage's fit on all data.
    pub context: ContextSummary,
    /// The operating points with their confidence bounds.
    pub points: Vec<ReportPoint>,
    /// Figures at the default operating point by set, and by set and extractor.
    pub sets: BTreeMap<String, Evaluation>,
}

/// How the last stage's fit went.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ContextSummary {
    /// Rows; 0 if the stage was taken over from a base.
    pub rows: usize,
    /// Passes over them.
    pub passes: usize,
    /// Duality gap as a share of the objective.
    pub gap: f64,
    /// Whether this fit and those of all folds converged.
    pub converged: bool,
}

/// An operating point of a fresh model.
#[derive(Clone, Debug, Serialize)]
pub struct ReportPoint {
    /// What the model will hold.
    #[serde(flatten)]
    pub point: OperatingPoint,
    /// What it was shown to lose, by class of documents; empty if it was not measured.
    pub shown: Vec<Shown>,
}

/// What an operating point loses out of fold.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The class of documents.
    pub documents: String,
    /// Shares of the genuine text lost, in the pool that loses most, and their upper 95 %
    /// confidence bounds; `None` if the data are too few to show that the share is kept.
    pub lost: Option<(Loss, Loss)>,
}
