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
    /// Rows, gradient and convergence of the context stage's fit on all data.
    pub context: (usize, f64, bool),
    /// The operating points with their confidence bounds.
    pub points: Vec<ReportPoint>,
    /// Figures at the default operating point by set, and by set and extractor.
    pub sets: BTreeMap<String, Evaluation>,
}

/// An operating point of a fresh model.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ReportPoint {
    /// What the model will hold.
    #[serde(flatten)]
    pub point: OperatingPoint,
    /// Shares of the genuine text lost out of fold, and their upper 95 % confidence
    /// bounds; `None` if it was not measured, or the data are too few to show that the
    /// share is kept.
    pub lost: Option<(Loss, Loss)>,
}
