//! The last stage: what a paragraph's surroundings add to what its text says.
//!
//! Softmax regression over (content, ad, chrome) once more, stored as differences to
//! content. A paragraph's values are those of the text stage plus a weight for every cell
//! that its surroundings fall into:
//!
//! ```text
//! d = text value + sum over cells of w[cell]
//! decision = slope * ln(exp(d_ad) + exp(d_chrome)) + offset
//! ```
//!
//! `slope` and `offset` turn the decision value into log odds that hold out of fold (Platt,
//! "Probabilistic outputs for support vector machines", 1999). Weights are 16-bit
//! fixed-point numbers as in the text stage, so sums are exact in any order.

use super::facts::ParagraphFacts;
use super::surroundings::{CELL_COUNT, CELLS, Surroundings};
use super::text::{TextValue, WEIGHT_UNIT, WeightPair};

/// The weights of the last stage.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextModel {
    cells: Vec<WeightPair>,
    calibration: Calibration,
}

/// `decision = slope * log odds + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// What the log odds of spam are multiplied with; above 0.
    pub slope: f64,
    /// What is added then.
    pub offset: f64,
}

impl Calibration {
    /// The calibration that changes nothing.
    pub const IDENTITY: Calibration = Calibration { slope: 1.0, offset: 0.0 };

    /// The decision value for these log odds of spam.
    pub fn decision(self, log_odds: f64) -> f64 {
        self.slope * log_odds + self.offset
    }
}

impl ContextModel {
    /// A model from its weights, a pair a cell; `None` if there are not [`CELL_COUNT`] pairs.
    pub fn new(cells: Vec<WeightPair>, calibration: Calibration) -> Option<Self> {
        (cells.len() == CELL_COUNT).then_some(ContextModel { cells, calibration })
    }

    /// A weight a cell and class of spam.
    pub fn cells(&self) -> &[WeightPair] {
        &self.cells
    }

    /// How log odds become decision values.
    pub fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The same weights with another calibration.
    pub fn with_calibration(&self, calibration: Calibration) -> Self {
        ContextModel { cells: self.cells.clone(), calibration }
    }

    /// Log odds of ad and of chrome against content of all paragraphs of a document.
    pub fn values(&self, facts: &[ParagraphFacts]) -> Vec<TextValue> {
        let surroundings = Surroundings::new(facts);
        let value =
            |(i, facts): (usize, &ParagraphFacts)| self.value(&surroundings.cells(i), facts.value);
        facts.iter().enumerate().map(value).collect()
    }

    /// The same of one paragraph, given its cells and its value by text.
    pub fn value(&self, cells: &[u16; CELLS], text: TextValue) -> TextValue {
        let mut sum = [0i32; 2];
        for cell in cells {
            let [ad, chrome] = self.cells[usize::from(*cell)];
            sum[0] += i32::from(ad);
            sum[1] += i32::from(chrome);
        }
        let [ad, chrome] = sum.map(|sum| f64::from(sum) * WEIGHT_UNIT);
        TextValue { ad: text.ad + ad, chrome: text.chrome + chrome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Script, Shape};

    #[test]
    fn the_value_is_the_sum_that_the_formula_says() {
        let value = TextValue { ad: 0.5, chrome: -1.0 };
        let facts = [ParagraphFacts::new(value, Shape::default(), Script::default())];
        let surroundings = Surroundings::new(&facts);
        let mut cells = vec![[0, 0]; CELL_COUNT];
        let own = surroundings.cells(0);
        cells[usize::from(own[0])] = [4096, 0];
        cells[usize::from(own[CELLS - 1])] = [2048, -8192];
        let model = ContextModel::new(cells, Calibration::IDENTITY).expect("the size fits");
        assert_eq!(model.values(&facts)[0], TextValue { ad: 2.0, chrome: -3.0 });
        assert!(ContextModel::new(vec![[0, 0]; 3], Calibration::IDENTITY).is_none());
    }
}
