//! The recipe: everything but the data that determines a fit.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::dataset::LabelledDocument;
use crate::model::format::hex;
use crate::model::text::BAG_BITS;

/// A recipe, as `training/recipe.toml` has it. Unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the model, for its card.
    pub name: String,
    /// What the model is for, for its card.
    pub description: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Folds that out-of-fold values are taken from, split by group.
    pub folds: usize,
    /// Shares of genuine text to keep, in per cent, falling.
    pub keep: Vec<f64>,
    /// One-sided confidence that an operating point keeps its share.
    pub confidence: f64,
    /// The text stage.
    pub text: TextRecipe,
    /// The last stage.
    pub context: ContextRecipe,
    /// Made documents that join the training data.
    pub augment: AugmentRecipe,
    /// How to treat the sets of data, by name.
    #[serde(default)]
    pub source: BTreeMap<String, SourceRecipe>,
    /// SHA-256 of the recipe's text, in hexadecimal.
    #[serde(skip)]
    pub sha256: String,
}

/// How to fit the text stage.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRecipe {
    /// Bits of a bag id: the table has two to their power weights.
    pub bits: u32,
    /// The penalty constant C: what a paragraph of weight 1 counts against the
    /// penalty on the weights.
    pub c: f64,
    /// Weight of a row that stands for many equal paragraphs: their number to
    /// this power.
    pub repeat_power: f64,
    /// Stop when the duality gap is below this share of the objective.
    pub tolerance: f64,
    /// Passes over the rows at most.
    pub max_epochs: usize,
    /// Word vectors that lend weight to rare words; none if left out.
    pub vectors: Option<VectorRecipe>,
}

/// How to learn word vectors.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorRecipe {
    /// Words that get one, at most: the most frequent ones.
    pub words: usize,
    /// Their length.
    pub dimensions: usize,
    /// What the vectors count beside the words themselves.
    pub scale: f64,
}

/// How to fit the last stage.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextRecipe {
    /// The penalty constant C: what a paragraph of weight 1 counts against the penalty
    /// on the weights.
    pub c: f64,
    /// Rows at most; documents are drawn to stay below.
    pub max_rows: usize,
    /// Stop when the duality gap is below this share of the objective.
    pub tolerance: f64,
    /// Passes over the rows at most.
    pub max_epochs: usize,
}

/// Documents made from the data.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentRecipe {
    /// Genuine documents into which ads and chrome are put, at most.
    pub injected: usize,
    /// Pieces of 1 to 15 paragraphs cut out of documents, at most.
    pub pieces: usize,
    /// Documents that are all ads or all chrome, at most.
    pub lists: usize,
    /// Pieces of 1 to 5 paragraphs cut out of genuine documents for each pool, to find the
    /// thresholds of short documents with.
    pub proof: usize,
    /// Share of the ads of bare lists that get a disguised copy for the text stage, in
    /// [0, 1].
    pub disguised: f64,
}

/// How to treat a set of data.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecipe {
    /// Credit and licence, for the card.
    pub credit: String,
    /// What a paragraph counts in the text stage.
    #[serde(default = "one")]
    pub weight: f64,
    /// Whether its documents are documents with their surroundings, fit for the
    /// last stage, or bare lists of paragraphs.
    pub documents: bool,
    /// What a document's chance is to be drawn for the last stage, in [0, 1].
    #[serde(default = "one")]
    pub context_share: f64,
    /// How often its spam is put into genuine documents, beside that of other bare lists.
    #[serde(default = "one")]
    pub injected: f64,
    /// The pool of sets that it is counted in when operating points are found: a point must
    /// hold in each pool. None decides nothing.
    #[serde(default)]
    pub pool: Option<String>,
    /// The languages, by the data's own field, whose documents are read; all if there are
    /// none.
    #[serde(default)]
    pub languages: Vec<String>,
}

fn one() -> f64 {
    1.0
}

impl Default for SourceRecipe {
    fn default() -> Self {
        SourceRecipe {
            credit: String::new(),
            weight: 1.0,
            documents: true,
            context_share: 1.0,
            injected: 1.0,
            pool: None,
            languages: Vec::new(),
        }
    }
}

/// A recipe that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// Not TOML, or not a recipe.
    #[error("the recipe cannot be read: {}: {}", place(.0), .0.message())]
    Syntax(#[from] toml::de::Error),
    /// A number out of its range.
    #[error("the recipe's {key} is {value}: {expected}")]
    Range {
        /// Which number.
        key: String,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Line and column, without the lines of the file that TOML errors quote.
fn place(error: &toml::de::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The recipe of the shipped model.
pub const DEFAULT_RECIPE: &str = include_str!("../../training/recipe.toml");

impl Recipe {
    /// Reads and checks a recipe.
    pub fn from_toml(text: &str) -> Result<Self, RecipeError> {
        let mut recipe: Recipe = toml::from_str(text)?;
        recipe.check()?;
        recipe.sha256 = hex(&Sha256::digest(text));
        Ok(recipe)
    }

    /// How to treat the set `name`; one that the recipe does not name is taken
    /// for documents of full weight.
    pub fn source(&self, name: &str) -> SourceRecipe {
        self.source.get(name).cloned().unwrap_or_default()
    }

    /// The documents that are read: all but those in languages that the recipe leaves out
    /// of their set.
    pub(super) fn chosen(&self, documents: &[LabelledDocument]) -> Vec<LabelledDocument> {
        let chosen = |document: &&LabelledDocument| {
            let languages = self.source.get(&document.source).map(|source| &source.languages);
            languages.is_none_or(|languages| {
                languages.is_empty()
                    || document.language.as_ref().is_some_and(|own| languages.contains(own))
            })
        };
        documents.iter().filter(chosen).cloned().collect()
    }

    fn check(&self) -> Result<(), RecipeError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let not_negative = |value: f64| value >= 0.0 && value.is_finite();
        let falling = self.keep.windows(2).all(|two| two[0] > two[1]);
        let keeps =
            !self.keep.is_empty() && falling && self.keep.iter().all(|k| *k > 0.0 && *k < 100.0);
        let weights = self.source.values().all(|source| {
            positive(source.weight) && share(source.context_share) && not_negative(source.injected)
        });
        let checks = [
            ("folds", self.folds.to_string(), (2..=20).contains(&self.folds), "expected 2 to 20"),
            ("keep", format!("{:?}", self.keep), keeps, "expected falling numbers in (0, 100)"),
            (
                "confidence",
                self.confidence.to_string(),
                share(self.confidence) && self.confidence >= 0.5 && self.confidence < 1.0,
                "expected a number in [0.5, 1)",
            ),
            (
                "text.bits",
                self.text.bits.to_string(),
                BAG_BITS.contains(&self.text.bits),
                "expected 8 to 20",
            ),
            (
                "text.c",
                self.text.c.to_string(),
                positive(self.text.c),
                "expected a positive number",
            ),
            (
                "text.repeat_power",
                self.text.repeat_power.to_string(),
                share(self.text.repeat_power),
                "expected a number in [0, 1]",
            ),
            (
                "text.tolerance",
                self.text.tolerance.to_string(),
                positive(self.text.tolerance),
                "expected a positive number",
            ),
            (
                "text.max_epochs",
                self.text.max_epochs.to_string(),
                self.text.max_epochs > 0,
                "expected at least 1",
            ),
            (
                "context.c",
                self.context.c.to_string(),
                positive(self.context.c),
                "expected a positive number",
            ),
            (
                "context.tolerance",
                self.context.tolerance.to_string(),
                positive(self.context.tolerance),
                "expected a positive number",
            ),
            (
                "context.max_rows",
                self.context.max_rows.to_string(),
                self.context.max_rows >= 100,
                "expected at least 100",
            ),
            (
                "context.max_epochs",
                self.context.max_epochs.to_string(),
                self.context.max_epochs > 0,
                "expected at least 1",
            ),
            (
                "augment.disguised",
                self.augment.disguised.to_string(),
                share(self.augment.disguised),
                "expected a number in [0, 1]",
            ),
            (
                "source",
                "one with a weight, share or injected".to_owned(),
                weights,
                "expected positive weights and shares in [0, 1]",
            ),
        ];
        match checks.into_iter().find(|(_, _, fine, _)| !fine) {
            None => Ok(()),
            Some((key, value, _, expected)) => {
                Err(RecipeError::Range { key: key.to_owned(), value, expected })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_recipe_is_sound() {
        Recipe::from_toml(DEFAULT_RECIPE).expect("the shipped recipe passes its checks");
    }

    #[test]
    fn what_is_out_of_range_or_unknown_is_named() {
        for (from, to, part) in [
            ("folds = ", "folds = 1#", "folds is 1"),
            ("bits = ", "bits = 40#", "text.bits is 40"),
            ("seed = ", "sead = ", "sead"),
        ] {
            let error =
                Recipe::from_toml(&DEFAULT_RECIPE.replacen(from, to, 1)).expect_err("it is wrong");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
