//! The model: tokenizer, the two stages, operating points and the card, and the
//! file they travel in. Nothing here reads documents.

pub mod card;
pub mod context;
pub mod format;
pub mod text;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::features::Tokenizer;
use card::Card;
use context::ContextModel;
use text::TextModel;

pub use format::ModelError;

/// A threshold named by the share of genuine text that it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// Share of genuine words, and of genuine paragraphs, kept on documents the
    /// model never saw, in per cent.
    pub keep: f64,
    /// Paragraphs of this spam probability or above are spam in a document of which
    /// half is; in [0, 1]. See [`OperatingPoint::threshold_for`].
    pub threshold: f64,
    /// How fast the threshold rises with a document's junk share; 0 or more.
    pub junk_power: f64,
}

impl OperatingPoint {
    /// The threshold for a document of which the share `junk` is spam; never below
    /// [`LEAST_SPAM`].
    pub fn threshold_for(&self, junk: f64) -> f64 {
        against(self.threshold, 1.0 - junk, self.junk_power).max(LEAST_SPAM)
    }
}

/// At an operating point nothing is spam that is not at least twice as probably spam
/// as genuine, however clean its document.
pub const LEAST_SPAM: f64 = 2.0 / 3.0;

/// The probability `p` with the odds of a document of junk share `junk` taken out,
/// to the power `power`; at power 1 it is what the evidence alone would say where
/// spam and genuine text are as frequent.
///
/// To lose the same share of genuine text everywhere, it is the likelihood ratio
/// that must be held against a bound, not the probability (Neyman and Pearson): a
/// page that is mostly menus makes any short line probable spam. A power above 1
/// asks more where there is much junk, since evidence of the neighbours is not
/// independent of it.
pub fn against(p: f64, junk: f64, power: f64) -> f64 {
    let odds = p * (1.0 - junk).powf(power);
    let sum = odds + (1.0 - p) * junk.powf(power);
    if sum > 0.0 { odds / sum } else { p }
}

/// The share kept, in per cent, that is used unless another is asked for.
pub const DEFAULT_KEEP: f64 = 99.5;

/// A document with what the model says of each of its paragraphs, by which a
/// machine can tell that it computes the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// The paragraphs, a line each.
    pub paragraphs: Vec<String>,
    /// Their spam probabilities.
    pub spam: Vec<f64>,
}

/// A model, ready to judge.
#[derive(Debug)]
pub struct Model {
    tokenizer: Tokenizer,
    tokenizer_json: String,
    text: TextModel,
    context: ContextModel,
    points: Vec<OperatingPoint>,
    self_test: Vec<SelfTest>,
    card: Card,
}

/// What a model is put together from.
#[derive(Clone, Debug)]
pub struct ModelParts {
    /// Description of the tokenizer, in the `tokenizer.json` form.
    pub tokenizer_json: String,
    /// The text stage.
    pub text: TextModel,
    /// The context stage.
    pub context: ContextModel,
    /// At least one operating point.
    pub points: Vec<OperatingPoint>,
    /// The self-test; may be empty.
    pub self_test: Vec<SelfTest>,
    /// The card.
    pub card: Card,
}

static DEFAULT: &[u8] = include_bytes!("../../models/default.safetensors");

impl Model {
    /// The model that is compiled in, loaded once.
    ///
    /// ```
    /// let model = despam::Model::default_model();
    /// assert!(model.point(99.5).is_some());
    /// ```
    ///
    /// # Panics
    /// Never in a released build: a test loads the compiled-in bytes.
    pub fn default_model() -> &'static Model {
        static MODEL: OnceLock<Model> = OnceLock::new();
        MODEL.get_or_init(|| match Model::from_bytes(DEFAULT) {
            Ok(model) => model,
            Err(error) => panic!("the compiled-in model is damaged: {error}"),
        })
    }

    /// A model from its parts, all of them checked.
    ///
    /// # Errors
    /// If the tokenizer is another one, a threshold is not in [0, 1], a power is not in
    /// [0, 10], a share kept is not in (0, 100], there is no operating point or a weight
    /// is not finite.
    pub fn from_parts(parts: ModelParts) -> Result<Self, ModelError> {
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
        if json(&parts.tokenizer_json) != json(&Tokenizer::standard_json()) {
            // The scanner stands for this pipeline and no other.
            let cause = "its tokenizer is not that of its feature version";
            return Err(ModelError::Tokenizer(cause.to_owned()));
        }
        check_points(&parts.points)?;
        let intercept = parts.context.intercept();
        let mut weights = parts.context.weights().iter().copied().chain([intercept]);
        if let Some(bad) = weights.find(|weight| !weight.is_finite()) {
            return Err(ModelError::Content(format!("a context weight is {bad}")));
        }
        let ModelParts { tokenizer_json, text, context, points, self_test, card } = parts;
        Ok(Model {
            tokenizer: Tokenizer::default(),
            tokenizer_json,
            text,
            context,
            points,
            self_test,
            card,
        })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Description of the tokenizer, for `tokenizers` in any language.
    pub fn tokenizer_json(&self) -> &str {
        &self.tokenizer_json
    }

    /// The text stage.
    pub fn text(&self) -> &TextModel {
        &self.text
    }

    /// The context stage.
    pub fn context(&self) -> &ContextModel {
        &self.context
    }

    /// The operating points, from the one that keeps most.
    pub fn points(&self) -> &[OperatingPoint] {
        &self.points
    }

    /// The operating point that keeps `keep` per cent.
    pub fn point(&self, keep: f64) -> Option<OperatingPoint> {
        self.points.iter().copied().find(|point| (point.keep - keep).abs() < 1e-9)
    }

    /// The self-test.
    pub fn self_test(&self) -> &[SelfTest] {
        &self.self_test
    }

    /// What the model says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }
}

fn check_points(points: &[OperatingPoint]) -> Result<(), ModelError> {
    if points.is_empty() {
        return Err(ModelError::Content("no operating point".to_owned()));
    }
    for OperatingPoint { keep, threshold, junk_power } in points {
        if !(0.0..=1.0).contains(threshold) {
            return Err(ModelError::Content(format!("threshold {threshold} is not in [0, 1]")));
        }
        if !(0.0..=10.0).contains(junk_power) {
            return Err(ModelError::Content(format!("junk power {junk_power} is not in [0, 10]")));
        }
        if !(*keep > 0.0 && *keep <= 100.0) {
            return Err(ModelError::Content(format!("{keep} per cent kept is not in (0, 100]")));
        }
    }
    if points
        .windows(2)
        .any(|two| two[0].keep <= two[1].keep || two[0].threshold < two[1].threshold)
    {
        return Err(ModelError::Content("operating points are not in falling order".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_rise_with_the_junk_share() {
        let point = |threshold, junk_power| OperatingPoint { keep: 99.5, threshold, junk_power };
        assert_eq!(point(0.9, 1.5).threshold_for(0.5), 0.9);
        // Odds 9 times odds 4, and times the square of odds 4.
        assert!((point(0.9, 1.0).threshold_for(0.8) - 36.0 / 37.0).abs() < 1e-12);
        assert!((point(0.9, 2.0).threshold_for(0.8) - 144.0 / 145.0).abs() < 1e-12);
        assert!((against(36.0 / 37.0, 0.8, 1.0) - 0.9).abs() < 1e-12);
        assert_eq!(point(1.0, 1.5).threshold_for(0.3), 1.0);
        assert_eq!(point(0.9, 1.5).threshold_for(0.01), LEAST_SPAM);
    }
}
