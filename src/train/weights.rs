//! Between the weights of a fit, one a class, and those of a text model: 16-bit
//! differences to content.

use super::corpus::{Corpus, FIRST_BAG, FIRST_BIN};
use super::fit::{CLASSES, ClassWeights, Target};
use crate::features::BIN_COUNT;
use crate::label::Label;
use crate::model::text::{TextModel, TextValue, WEIGHT_UNIT, WeightPair};

/// The weights of a feature as fixed-point differences to content.
pub(super) fn pair(weights: &ClassWeights) -> WeightPair {
    [Label::Ad, Label::Chrome].map(|label| {
        let units = ((weights[label.class()] - weights[0]) / WEIGHT_UNIT).round();
        units.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    })
}

/// A text model of fixed-point differences to content.
pub(super) fn quantise(weights: &[ClassWeights], targets: &[Target], based: bool) -> TextModel {
    let present = |label: Label| based || targets.iter().any(|target| target.label == label);
    let mut intercept = pair(&weights[0]);
    for (slot, label) in intercept.iter_mut().zip([Label::Ad, Label::Chrome]) {
        if !present(label) {
            *slot = i16::MIN;
        }
    }
    let bins = weights[FIRST_BIN as usize..FIRST_BAG as usize].iter().map(pair).collect();
    let bag = weights[FIRST_BAG as usize..].iter().map(pair).collect();
    match TextModel::new(intercept, bins, bag) {
        Some(model) => model,
        None => unreachable!("the columns are {BIN_COUNT} bins and a power of two"),
    }
}

/// The class weights that a text model's differences stand for, summing to zero.
pub(super) fn class_weights(model: &TextModel) -> Vec<ClassWeights> {
    let spread = |pair: &WeightPair| -> ClassWeights {
        let [ad, chrome] = pair.map(|weight| f64::from(weight) * WEIGHT_UNIT);
        let mean = (ad + chrome) / CLASSES as f64;
        [-mean, ad - mean, chrome - mean]
    };
    std::iter::once(&model.intercept()).chain(model.bins()).chain(model.bag()).map(spread).collect()
}

/// The value of a row by a model: what [`TextModel::value`] gives for its features.
pub(super) fn row_value(corpus: &Corpus, row: usize, model: &TextModel) -> TextValue {
    let (units, scaled, scale) = corpus.rows.row(row);
    let sum = |weights: &mut dyn Iterator<Item = WeightPair>| {
        weights.fold([0i64; 2], |sum, weight| {
            [sum[0] + i64::from(weight[0]), sum[1] + i64::from(weight[1])]
        })
    };
    let unit = |id: &u32| match id.checked_sub(FIRST_BIN) {
        None => model.intercept(),
        Some(bin) => model.bins()[bin as usize],
    };
    let fixed = sum(&mut units.iter().map(unit));
    let bag = sum(&mut scaled.iter().map(|id| model.bag()[(id - FIRST_BAG) as usize]));
    let value = |k: usize| (fixed[k] as f64 + bag[k] as f64 * scale) * WEIGHT_UNIT;
    TextValue { ad: value(0), chrome: value(1) }
}
