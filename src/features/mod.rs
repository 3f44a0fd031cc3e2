//! Text to numbers: what the model sees of one paragraph.
//!
//! A paragraph becomes a *bag* (ids of hashed words, word pairs and token
//! classes) and a *shape* (about thirty numbers on its form, each cut into
//! bins). Training and serving run this same code. Nothing here knows labels,
//! weights, neighbours or documents.
//!
//! There are two ways to the same features: [`Extractor::extract`], fast, and
//! [`reference()`], which asks the `tokenizers` pipeline for every token and
//! keeps their names. A property test holds them equal.

mod bag;
pub(crate) mod bins;
mod chunk;
mod extractor;
mod hash;
mod kind;
mod known;
mod language;
mod mojibake;
mod readable;
mod script;
mod shape;
mod short;
mod tokenizer;
mod tokens;
mod word;

pub use bag::{Bag, Classes, Features, Named, is_word, reference};
pub use extractor::Extractor;
pub use language::language_of;
pub use script::Script;
pub use shape::{BIN_COUNT, SHAPE_COUNT, Shape, bin_name, shape_name};
pub use tokenizer::Tokenizer;

/// Version of everything in this room that decides which features a text has.
///
/// A model records the version it was trained with and is refused by any other.
pub const FEATURE_VERSION: u32 = 3;
