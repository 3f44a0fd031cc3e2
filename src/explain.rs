//! Why a paragraph was judged as it was: what each part adds to the decision value.
//!
//! The decision value is `own_factor * text value + context numbers`, and the text
//! value is the odds-weighted mean of the two spam classes' sums of weights plus a
//! term for how open the choice between them is:
//! `ln(e^a + e^c) = p a + (1 - p) c + H(p)` with `p` the share of ad and `H` the
//! entropy. So every word, pair, class and form has an additive part, and all
//! parts sum to the decision value.

use std::collections::BTreeMap;

use crate::features::{Features, bin_name, reference};
use crate::model::Model;
use crate::model::context::{Number, Surroundings};
use crate::model::text::{TextValue, WEIGHT_UNIT, WeightPair, bag_scale};

/// One part of a decision value.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// Where it comes from: `text`, `form` or `context`.
    pub stage: &'static str,
    /// What it is, such as `word cookie` or `spam at -1`.
    pub what: String,
    /// What it adds to the decision value; above 0 speaks for spam.
    pub value: f64,
}

/// A decision value in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The log odds of spam; the parts sum to it.
    pub decision: f64,
    /// The parts, the strongest first.
    pub contributions: Vec<Contribution>,
}

impl Explanation {
    /// The parts of paragraph `i`, whose text and features these are.
    pub(crate) fn of(
        model: &Model,
        text: &str,
        features: &Features,
        surroundings: &Surroundings<'_>,
        i: usize,
    ) -> Self {
        let value = model.text().value(features);
        let context = model.context().value(surroundings, i);
        let mut parts = Parts::default();
        explain_text(model, text, features, value, context.own_factor, &mut parts);
        explain_context(model, surroundings, i, &mut parts);
        Explanation {
            decision: context.decision(value.spam()),
            contributions: parts.strongest_first(),
        }
    }
}

/// Contributions summed by name.
#[derive(Default)]
struct Parts(BTreeMap<(&'static str, String), f64>);

impl Parts {
    fn add(&mut self, stage: &'static str, what: String, value: f64) {
        *self.0.entry((stage, what)).or_default() += value;
    }

    fn strongest_first(self) -> Vec<Contribution> {
        let parts = self.0.into_iter().filter(|(_, value)| *value != 0.0);
        let mut parts: Vec<Contribution> =
            parts.map(|((stage, what), value)| Contribution { stage, what, value }).collect();
        parts.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
        parts
    }
}

fn explain_text(
    model: &Model,
    text: &str,
    features: &Features,
    value: TextValue,
    factor: f64,
    parts: &mut Parts,
) {
    let share = value.ad_share();
    let weight = |pair: WeightPair| {
        let [ad, chrome] = pair.map(f64::from);
        factor * WEIGHT_UNIT * (share * ad + (1.0 - share) * chrome)
    };
    parts.add("text", "intercept".to_owned(), weight(model.text().intercept()));
    for bin in &features.bins {
        parts.add("form", bin_name(*bin as usize), weight(model.text().bins()[*bin as usize]));
    }
    let bag = reference(model.tokenizer(), text);
    let scale = bag_scale(bag.len());
    for named in bag {
        let pair = model.text().bag()[model.text().slot(named.id)];
        parts.add("text", named.name, weight(pair) * scale);
    }
    let mean = share * value.ad + (1.0 - share) * value.chrome;
    parts.add("text", "ad or chrome undecided".to_owned(), factor * (value.spam() - mean));
}

fn explain_context(model: &Model, surroundings: &Surroundings<'_>, i: usize, parts: &mut Parts) {
    parts.add("context", "intercept".to_owned(), f64::from(model.context().intercept()));
    let mut weights = model.context().weights().iter();
    surroundings.visit(i, |name, number| {
        let weight = weights.next().map_or(0.0, |weight| f64::from(*weight));
        if let Number::Plain(number) = number {
            parts.add("context", name.to_string(), weight * f64::from(number));
        }
    });
}
