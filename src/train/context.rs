//! The fit of the last stage: softmax regression on cells, with the text stage's values as
//! offsets. Its rows are sparse, so the text stage's solver fits them.

use super::fit::{FitError, Rows, SoftmaxParams, Target};
use super::weights::pair;
use crate::label::Label;
use crate::model::context::{Calibration, ContextModel};
use crate::model::facts::ParagraphFacts;
use crate::model::surroundings::{CELL_COUNT, Surroundings};

/// Labelled paragraphs in their surroundings.
pub struct ContextRows {
    rows: Rows,
    labels: Vec<Label>,
    folds: Vec<u8>,
}

/// A fitted last stage, not yet calibrated.
pub struct ContextFit {
    /// The model.
    pub model: ContextModel,
    /// Passes over the rows.
    pub epochs: usize,
    /// Duality gap as a share of the objective.
    pub gap: f64,
    /// Whether the gap met the tolerance.
    pub converged: bool,
}

impl Default for ContextRows {
    fn default() -> Self {
        let rows = Rows::new(CELL_COUNT);
        ContextRows { rows, labels: Vec::new(), folds: Vec::new() }
    }
}

impl ContextRows {
    /// Adds the rows of a document's paragraphs that have a label.
    pub fn push(
        &mut self,
        facts: &[ParagraphFacts],
        labels: impl Iterator<Item = Option<Label>>,
        fold: u8,
    ) {
        let surroundings = Surroundings::new(facts);
        for ((i, facts), label) in facts.iter().enumerate().zip(labels) {
            let Some(label) = label else { continue };
            let cells = surroundings.cells(i).map(u32::from);
            self.rows.push_with_offset(cells, [0.0, facts.value.ad, facts.value.chrome]);
            self.labels.push(label);
            self.folds.push(fold);
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Fits all rows but those of fold `without`; `c` is what a row counts against the
    /// penalty on the weights.
    pub fn fit(
        &self,
        without: Option<u8>,
        c: f64,
        params: &SoftmaxParams,
    ) -> Result<ContextFit, FitError> {
        let chosen = (0..self.len()).filter(|row| without != Some(self.folds[*row]));
        let targets: Vec<Target> = chosen
            .map(|row| Target { row: row as u32, label: self.labels[row], weight: c })
            .collect();
        let fit = params.solve(&self.rows, &targets)?;
        let cells = fit.weights.iter().map(pair).collect();
        let model = ContextModel::new(cells, Calibration::IDENTITY)
            .ok_or_else(|| FitError::Targets("cells of another number".to_owned()))?;
        let gap = fit.gap / fit.objective;
        Ok(ContextFit { model, epochs: fit.epochs, gap, converged: fit.converged })
    }
}
