//! The card: what a model is, what it learnt from and how well it did.

use serde::{Deserialize, Serialize};

use crate::features::Script;

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The model's name.
    pub name: String,
    /// One or two sentences on what it is for.
    pub description: String,
    /// Version of despam that fitted it.
    pub despam_version: String,
    /// Name of the model it was pulled towards, if any.
    pub base: Option<String>,
    /// SHA-256 of the recipe, in hexadecimal.
    pub recipe_sha256: String,
    /// SHA-256 of all labelled text in the order it was read, in hexadecimal.
    pub data_sha256: String,
    /// Scripts with enough labelled paragraphs to judge; others are kept.
    pub scripts: Vec<Script>,
    /// Languages with enough labelled paragraphs to judge, as ISO 639-3 codes;
    /// documents plainly in others are kept. If there are none, every language is judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// What it learnt from.
    pub sources: Vec<Source>,
}

/// A set of labelled data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The set's name.
    pub name: String,
    /// Credit and licence, if the recipe states them.
    pub credit: String,
    /// Documents.
    pub documents: usize,
    /// Labelled paragraphs: content, ad, chrome.
    pub paragraphs: [usize; 3],
}
