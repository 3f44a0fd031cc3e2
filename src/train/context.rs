//! The context stage's fit, with linfa-logistic.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2, ShapeBuilder};

use super::fit::FitError;
use crate::model::context::{ContextModel, Number, Surroundings};

/// Rows of context numbers with what they should be told as.
#[derive(Default)]
pub struct ContextRows {
    width: usize,
    numbers: Vec<f32>,
    spam: Vec<bool>,
    folds: Vec<u8>,
}

/// A fitted context stage.
pub struct ContextFit {
    /// The model.
    pub model: ContextModel,
    /// Largest component of the gradient at the end, a row.
    pub gradient: f64,
    /// Whether it is small enough to call the fit converged.
    pub converged: bool,
}

/// A gradient component a row below this is converged.
const CONVERGED: f64 = 1e-3;

impl ContextRows {
    /// No rows yet, of `width` numbers each.
    pub fn new(width: usize) -> Self {
        ContextRows { width, ..ContextRows::default() }
    }

    /// Adds the row of paragraph `i`. The own text value is multiplied in here: a
    /// product of it and a factor is a number like any other to the fit.
    pub fn push(
        &mut self,
        surroundings: &Surroundings<'_>,
        i: usize,
        text: f64,
        spam: bool,
        fold: u8,
    ) {
        surroundings.visit(i, |_, number| {
            self.numbers.push(match number {
                Number::OwnFactor(factor) => (f64::from(factor) * text) as f32,
                Number::Plain(number) => number,
            });
        });
        self.spam.push(spam);
        self.folds.push(fold);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.spam.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spam.is_empty()
    }

    /// Fits all rows but those of fold `without`. `alpha` is the penalty for a
    /// million rows.
    pub fn fit(
        &self,
        without: Option<u8>,
        alpha: f64,
        max_iterations: u64,
    ) -> Result<ContextFit, FitError> {
        let chosen: Vec<usize> =
            (0..self.len()).filter(|i| without.is_none_or(|fold| self.folds[*i] != fold)).collect();
        let targets: Array1<bool> = chosen.iter().map(|i| self.spam[*i]).collect();
        if targets.iter().all(|spam| *spam) || !targets.iter().any(|spam| *spam) {
            return Err(FitError::OneClass("in one of the folds"));
        }
        // Columns contiguous: linfa-logistic is several times faster so.
        let mut numbers = Array2::<f32>::zeros((chosen.len(), self.width).f());
        for (column, mut values) in numbers.columns_mut().into_iter().enumerate() {
            let rows = chosen.iter().map(|i| self.numbers[i * self.width + column]);
            values.iter_mut().zip(rows).for_each(|(value, number)| *value = number);
        }
        let rows = chosen.len() as f64;
        let alpha = (alpha * rows / 1e6) as f32;
        let dataset = Dataset::new(numbers, targets);
        let fitted = LogisticRegression::default()
            .alpha(alpha)
            .gradient_tolerance((rows * 1e-6) as f32)
            .max_iterations(max_iterations)
            .fit(&dataset)
            .map_err(|error| FitError::Logistic(error.to_string()))?;
        let (weights, intercept) =
            oriented(fitted.labels().pos.class, fitted.params(), fitted.intercept());
        let gradient =
            gradient(dataset.records(), dataset.targets(), &weights, intercept, alpha) / rows;
        let model = ContextModel::new(intercept, weights.to_vec())
            .ok_or_else(|| FitError::Targets("numbers of another width".to_owned()))?;
        Ok(ContextFit { model, gradient, converged: gradient < CONVERGED })
    }
}

/// The base model with its decision value and the own text value weighed anew, by
/// the rows (base decision, text value) that `chosen` names.
pub(super) fn adjust(
    base: &ContextModel,
    rows: &[[f64; 2]],
    spam: &[bool],
    chosen: impl Fn(usize) -> bool,
) -> Result<ContextModel, FitError> {
    let chosen: Vec<usize> = (0..rows.len()).filter(|i| chosen(*i)).collect();
    let targets: Array1<bool> = chosen.iter().map(|i| spam[*i]).collect();
    let numbers = Array2::from_shape_fn((chosen.len(), 2), |(i, column)| rows[chosen[i]][column]);
    if targets.iter().all(|spam| *spam) || !targets.iter().any(|spam| *spam) {
        return Err(FitError::OneClass("in one of the folds"));
    }
    let fitted = LogisticRegression::default()
        .alpha(1.0)
        .gradient_tolerance(chosen.len() as f64 * 1e-7)
        .max_iterations(200)
        .fit(&Dataset::new(numbers, targets))
        .map_err(|error| FitError::Logistic(error.to_string()))?;
    let (factors, offset) =
        oriented(fitted.labels().pos.class, fitted.params(), fitted.intercept());
    Ok(base.reweighed(factors[0], factors[1], offset))
}

/// Weights and intercept with spam as the positive side: linfa-logistic takes the
/// larger class for it.
///
/// `positive` is the class that `labels()` names as the positive one.
pub(super) fn oriented<F: linfa::Float>(
    positive: bool,
    weights: &Array1<F>,
    intercept: F,
) -> (Array1<F>, F) {
    let sign = if positive { F::one() } else { -F::one() };
    (weights * sign, intercept * sign)
}

/// Largest component of the penalised loss's gradient.
fn gradient<D: Data<Elem = f32>>(
    numbers: &ArrayBase<D, Ix2>,
    spam: &Array1<bool>,
    weights: &Array1<f32>,
    intercept: f32,
    alpha: f32,
) -> f64 {
    let decisions = numbers.dot(weights);
    let residual: Array1<f32> = decisions
        .iter()
        .zip(spam)
        .map(|(decision, spam)| {
            1.0 / (1.0 + (-(decision + intercept)).exp()) - f32::from(u8::from(*spam))
        })
        .collect();
    let gradient = numbers.t().dot(&residual) + weights * alpha;
    gradient
        .iter()
        .map(|component| f64::from(component.abs()))
        .fold(f64::from(residual.sum().abs()), f64::max)
}
