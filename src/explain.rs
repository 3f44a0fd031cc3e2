//! Why a paragraph was judged as it was: what each part adds to the decision value.
//!
//! With `a` and `c` the log odds of ad and of chrome, each a sum over words, form and
//! cells of the surroundings, the decision value is `slope * ln(e^a + e^c) + offset`, and
//! `ln(e^a + e^c) = p a + (1 - p) c + H(p)` with `p` the share of ad and `H` the entropy. So
//! every word, pair, class, form and place has an additive part, and all parts sum to the
//! decision value.

use std::collections::BTreeMap;

use crate::features::{Features, bin_name, reference};
use crate::model::Model;
use crate::model::surroundings::{CELLS, cell_name};
use crate::model::text::{WEIGHT_UNIT, WeightPair, bag_scale};

/// One part of a decision value.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// Where it comes from: `text`, `form` or `context`.
    pub stage: &'static str,
    /// What it is, such as `word cookie` or `words before < 3`.
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
    /// The parts of a paragraph with this text, these features and these cells.
    pub(crate) fn of(model: &Model, text: &str, features: &Features, cells: &[u16; CELLS]) -> Self {
        let value = model.context().value(cells, model.text().value(features));
        let calibration = model.context().calibration();
        let share = value.ad_share();
        let weight = |pair: WeightPair| {
            let [ad, chrome] = pair.map(f64::from);
            calibration.slope * WEIGHT_UNIT * (share * ad + (1.0 - share) * chrome)
        };
        let mut parts = Parts::default();
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
        for cell in cells.map(usize::from) {
            parts.add("context", cell_name(cell), weight(model.context().cells()[cell]));
        }
        let mean = share * value.ad + (1.0 - share) * value.chrome;
        let undecided = calibration.slope * (value.spam() - mean);
        parts.add("text", "ad or chrome undecided".to_owned(), undecided);
        parts.add("context", "calibration".to_owned(), calibration.offset);
        Explanation {
            decision: calibration.decision(value.spam()),
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
