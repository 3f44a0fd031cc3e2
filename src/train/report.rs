//! What is told of a fit.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metrics::Evaluation;

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
    /// Share kept, in per cent.
    pub keep: f64,
    /// The threshold.
    pub threshold: f64,
    /// Upper confidence bound of the share of genuine words lost, the views
    /// weighing the same; `None` if it was not measured.
    pub lost_words: Option<f64>,
    /// The same of genuine paragraphs.
    pub lost_paragraphs: Option<f64>,
    /// Whether the bounds meet the share.
    pub proven: bool,
}
