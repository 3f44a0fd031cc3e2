pub mod classifier;
pub mod clean;
pub mod document;
pub mod explain;
pub mod features;
pub mod formats;
pub mod label;
pub mod metrics;
pub mod model;
pub mod paragraph;
pub mod pipeline;
pub mod restore;
#[cfg(feature = "train")]
pub mod train;
pub mod verdict;

pub use classifier::Classifier;
pub use document::{Document, Span};
pub use label::Label;
pub use model::Model;
pub use paragraph::{Unit, paragraphs};
pub use verdict::{Guard, Probability, Verdict};
