//! The model: tokenizer, the two stages, operating points and the card, and the
//! file they travel in. Nothing here reads documents.

pub mod card;
pub mod context;
pub mod facts;
pub mod format;
pub mod surroundings;
pub mod text;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::features::Tokenizer;
use card::Card;
use context::{Calibration, ContextModel};
use text::TextModel;

pub use format::ModelError;

/// Thresholds named by the share of genuine text that they keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// Share of genuine words, and of genuine paragraphs, kept on documents the
    /// model never saw, in per cent.
    pub keep: f64,
    /// Paragraphs of this spam probability or above are spam, in a document of each
    /// class; in [0, 1].
    pub thresholds: [f64; DocumentClass::COUNT],
}

/// A class of documents that has a threshold of its own.
///
/// To lose the same share of genuine text everywhere, the threshold must depend on the
/// document (Neyman and Pearson): the fewer neighbors a paragraph has, the less is known of
/// it, and on a page that is mostly menus any short line is probable spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentClass(usize);

/// The fewest paragraphs of documents of each length.
pub const LENGTHS: [usize; 4] = [1, 2, 6, 16];

/// Which of the [`LENGTHS`] a document of so many paragraphs has.
pub fn length_class(paragraphs: usize) -> usize {
    LENGTHS.iter().rposition(|fewest| paragraphs >= *fewest).unwrap_or(0)
}

/// The least junk shares of the longest documents. In shorter ones the share is too uncertain.
const JUNK_SHARES: [f64; 3] = [0.0, 0.15, 0.4];

impl DocumentClass {
    /// How many classes there are.
    pub const COUNT: usize = LENGTHS.len() - 1 + JUNK_SHARES.len();

    /// All classes.
    pub fn all() -> impl Iterator<Item = DocumentClass> {
        (0..DocumentClass::COUNT).map(DocumentClass)
    }

    /// The class of a document of so many paragraphs of which the share `junk` is spam.
    pub fn of(paragraphs: usize, junk: f64) -> Self {
        let length = length_class(paragraphs);
        let junk = JUNK_SHARES.iter().rposition(|least| junk >= *least).unwrap_or(0);
        DocumentClass(if length + 1 < LENGTHS.len() { length } else { length + junk })
    }

    /// The class's number, below [`DocumentClass::COUNT`].
    pub fn number(self) -> usize {
        self.0
    }
}

impl std::fmt::Display for DocumentClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 {
            return f.write_str("1 paragraph");
        }
        if let Some(next) = LENGTHS.get(self.0 + 1) {
            return write!(f, "{} to {} paragraphs", LENGTHS[self.0], next - 1);
        }
        let junk = self.0 + 1 - LENGTHS.len();
        write!(f, "{} paragraphs and more", LENGTHS[LENGTHS.len() - 1])?;
        match (JUNK_SHARES[junk] * 100.0, JUNK_SHARES.get(junk + 1).map(|next| next * 100.0)) {
            (0.0, Some(next)) => write!(f, ", below {next:.0} % junk"),
            (least, Some(next)) => write!(f, ", {least:.0} to {next:.0} % junk"),
            (least, None) => write!(f, ", from {least:.0} % junk on"),
        }
    }
}

impl OperatingPoint {
    /// The threshold for a document of this class.
    pub fn threshold_for(&self, class: DocumentClass) -> f64 {
        self.thresholds[class.number()]
    }
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
    /// The last stage.
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
    /// If the tokenizer is another one, a threshold is not in [0, 1], a share kept is not in
    /// (0, 100], there is no operating point or the calibration is out of range.
    pub fn from_parts(parts: ModelParts) -> Result<Self, ModelError> {
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
        if json(&parts.tokenizer_json) != json(&Tokenizer::standard_json()) {
            // The scanner stands for this pipeline and no other.
            let cause = "its tokenizer is not that of its feature version";
            return Err(ModelError::Tokenizer(cause.to_owned()));
        }
        check_points(&parts.points)?;
        let Calibration { slope, offset } = parts.context.calibration();
        if !(slope > 0.0 && slope.is_finite() && offset.is_finite()) {
            let cause = format!("its calibration is {slope} and {offset}");
            return Err(ModelError::Content(cause));
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

    /// The last stage.
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
    for OperatingPoint { keep, thresholds } in points {
        if let Some(bad) = thresholds.iter().find(|threshold| !(0.0..=1.0).contains(*threshold)) {
            return Err(ModelError::Content(format!("threshold {bad} is not in [0, 1]")));
        }
        if !(*keep > 0.0 && *keep <= 100.0) {
            return Err(ModelError::Content(format!("{keep} per cent kept is not in (0, 100]")));
        }
    }
    let falling = |two: &[OperatingPoint]| {
        let mut pairs = two[0].thresholds.iter().zip(&two[1].thresholds);
        two[0].keep > two[1].keep && pairs.all(|(strict, loose)| strict >= loose)
    };
    if !points.windows(2).all(falling) {
        return Err(ModelError::Content("operating points are not in falling order".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_classed_by_length_and_junk() {
        for (paragraphs, junk, name) in [
            (0, 0.5, "1 paragraph"),
            (1, 0.9, "1 paragraph"),
            (2, 0.1, "2 to 5 paragraphs"),
            (5, 0.15, "2 to 5 paragraphs"),
            (15, 0.4, "6 to 15 paragraphs"),
            (16, 0.4, "16 paragraphs and more, from 40 % junk on"),
            (9999, f64::NAN, "16 paragraphs and more, below 15 % junk"),
        ] {
            assert_eq!(DocumentClass::of(paragraphs, junk).to_string(), name);
        }
        let names: std::collections::BTreeSet<String> =
            DocumentClass::all().map(|class| class.to_string()).collect();
        assert_eq!(names.len(), DocumentClass::COUNT);
    }
}
