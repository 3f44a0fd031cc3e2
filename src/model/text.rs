//! The text stage: what the words and the form of one paragraph say, whatever
//! stands around it.
//!
//! Softmax regression over (content, ad, chrome), stored as the two differences
//! to content, which determine the probabilities: with `d = (d_ad, d_chrome)`,
//! `P(ad) = exp(d_ad) / (1 + exp(d_ad) + exp(d_chrome))` and so on. A paragraph's
//! value is
//!
//! ```text
//! d = intercept + sum over bins of w[bin] + 4 / sqrt(number of bag ids) * sum over bag ids of w[id]
//! ```
//!
//! Weights are 16-bit fixed-point numbers, so the sums are exact in any order:
//! the same input has the same value on every machine, and the parts that
//! `explain` prints add up.

use crate::features::{BIN_COUNT, Bag, Classes, Features};

/// Size of one unit of the fixed-point weights.
pub const WEIGHT_UNIT: f64 = 1.0 / 4096.0;

/// Fewest and most bits of a bag id that a model may use.
pub const BAG_BITS: std::ops::RangeInclusive<u32> = 8..=20;

/// A weight a class of spam: `[ad, chrome]`, each against content.
pub type WeightPair = [i16; 2];

/// The weights of the text stage.
#[derive(Clone, Debug, PartialEq)]
pub struct TextModel {
    bits: u32,
    intercept: WeightPair,
    bins: Vec<WeightPair>,
    bag: Vec<WeightPair>,
    /// The sum of the two weights of all [`Classes`], by number.
    classes: Vec<[i32; 2]>,
}

/// The value of a paragraph by its text: log odds of ad and of chrome against
/// content, both finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextValue {
    /// Log odds of ad against content.
    pub ad: f64,
    /// Log odds of chrome against content.
    pub chrome: f64,
}

impl TextValue {
    /// Log odds of spam against content: `ln(exp(ad) + exp(chrome))`.
    pub fn spam(self) -> f64 {
        let (low, high) =
            if self.ad < self.chrome { (self.ad, self.chrome) } else { (self.chrome, self.ad) };
        high + libm::log1p(libm::exp(low - high))
    }

    /// Probability of ad given that the paragraph is spam, in [0, 1].
    pub fn ad_share(self) -> f64 {
        sigmoid(self.ad - self.chrome)
    }
}

/// The logistic function, `1 / (1 + exp(-x))`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

impl TextModel {
    /// A model from its weights.
    ///
    /// `bins` has [`BIN_COUNT`] pairs and `bag` two to the power of a number in
    /// [`BAG_BITS`]; `None` otherwise.
    pub fn new(intercept: WeightPair, bins: Vec<WeightPair>, bag: Vec<WeightPair>) -> Option<Self> {
        let bits = bag.len().checked_ilog2()?;
        let fits =
            bag.len().is_power_of_two() && BAG_BITS.contains(&bits) && bins.len() == BIN_COUNT;
        if !fits {
            return None;
        }
        let mut model = TextModel { bits, intercept, bins, bag, classes: Vec::new() };
        model.classes = Classes::all()
            .map(|classes| {
                let [three, two] = classes.ids().map(|id| model.bag[model.slot(id)].map(i32::from));
                [three[0] + two[0], three[1] + two[1]]
            })
            .collect();
        Some(model)
    }

    /// The number of upper bits of a bag id that choose its weight.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The weights that hold for every paragraph.
    pub fn intercept(&self) -> WeightPair {
        self.intercept
    }

    /// Weights of the shape bins, [`BIN_COUNT`] of them.
    pub fn bins(&self) -> &[WeightPair] {
        &self.bins
    }

    /// Weights of the bag ids, two to the power of [`TextModel::bits`].
    pub fn bag(&self) -> &[WeightPair] {
        &self.bag
    }

    /// Which weight a bag id uses.
    #[inline]
    pub fn slot(&self, id: u32) -> usize {
        (id >> (32 - self.bits)) as usize
    }

    /// A sum to add ids to.
    pub fn sum(&self) -> BagSum<'_> {
        BagSum { bag: &self.bag, classes: &self.classes, shift: 32 - self.bits, sum: [0; 2] }
    }

    /// The value of a paragraph.
    pub fn value(&self, features: &Features) -> TextValue {
        let mut sum = self.sum();
        sum.add(features.bag.iter().map(|id| [*id]));
        self.value_with(features, &sum, features.bag.len())
    }

    /// The value of a paragraph whose bag, of `count` ids, was summed up already.
    pub fn value_with(&self, features: &Features, bag: &BagSum<'_>, count: usize) -> TextValue {
        let mut fixed = self.intercept.map(i64::from);
        for &bin in &features.bins {
            add(&mut fixed, self.bins[bin as usize]);
        }
        let scale = bag_scale(count);
        let value = |k: usize| (fixed[k] as f64 + bag.sum[k] as f64 * scale) * WEIGHT_UNIT;
        TextValue { ad: value(0), chrome: value(1) }
    }
}

/// A sum of weights of bag ids, in units of [`WEIGHT_UNIT`].
#[derive(Clone, Debug)]
pub struct BagSum<'m> {
    bag: &'m [WeightPair],
    classes: &'m [[i32; 2]],
    shift: u32,
    sum: [i64; 2],
}

impl Bag for BagSum<'_> {
    #[inline]
    fn add<const N: usize>(&mut self, ids: impl Iterator<Item = [u32; N]>) {
        // Summed up beside, or every sum would wait for the last one to be stored.
        let mut sum = self.sum;
        for ids in ids {
            ids.iter().for_each(|id| add(&mut sum, self.bag[(id >> self.shift) as usize]));
        }
        self.sum = sum;
    }

    #[inline]
    fn add_classes(&mut self, classes: impl Iterator<Item = Classes>) {
        let mut sum = self.sum;
        for classes in classes {
            let [ad, chrome] = self.classes[classes.number()];
            sum[0] += i64::from(ad);
            sum[1] += i64::from(chrome);
        }
        self.sum = sum;
    }
}

#[inline]
fn add(sum: &mut [i64; 2], weight: WeightPair) {
    sum[0] += i64::from(weight[0]);
    sum[1] += i64::from(weight[1]);
}

/// Length of the bag as a vector, where no id occurs twice. A paragraph falls into
/// some forty bins of value 1: words must not weigh less than form.
const BAG_LENGTH: f64 = 4.0;

/// What each of `count` bag ids counts for: `4 / sqrt(count)`.
pub fn bag_scale(count: usize) -> f64 {
    BAG_LENGTH / (count.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_the_sum_that_the_formula_says() {
        let mut bins = vec![[0, 0]; BIN_COUNT];
        bins[3] = [4096, -2048];
        let mut bag = vec![[0, 0]; 256];
        bag[5] = [8192, 0];
        let model = TextModel::new([100, 0], bins, bag).expect("the sizes fit");
        let features = Features {
            bag: vec![5 << 24, 5 << 24, 1 << 24, 2 << 24],
            bins: vec![3],
            ..Features::default()
        };
        // 100/4096 + 1 + 4 * (2 + 2) / sqrt(4); -1/2.
        let value = model.value(&features);
        assert_eq!(value, TextValue { ad: 100.0 / 4096.0 + 1.0 + 8.0, chrome: -0.5 });
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let bins = vec![[0, 0]; BIN_COUNT];
        assert!(TextModel::new([0, 0], bins.clone(), vec![[0, 0]; 300]).is_none());
        assert!(TextModel::new([0, 0], bins.clone(), vec![[0, 0]; 4]).is_none());
        assert!(TextModel::new([0, 0], bins.clone(), Vec::new()).is_none());
        assert!(TextModel::new([0, 0], bins[1..].to_vec(), vec![[0, 0]; 256]).is_none());
    }

    #[test]
    fn spam_value_is_the_log_of_the_summed_odds() {
        let value = TextValue { ad: 2f64.ln(), chrome: 3f64.ln() };
        assert!((value.spam() - 5f64.ln()).abs() < 1e-12);
        assert!((value.ad_share() - 0.4).abs() < 1e-12);
    }
}
