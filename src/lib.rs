//! Strips injected ads and CMS chrome from text extracted from web pages.
//!
//! A text is split into [`paragraphs()`]; each becomes a bag of hashed words and a
//! shape (`features`); a logistic model judges the text of each, a second one its
//! place among the others (`model`); the [`Classifier`] puts a [`Verdict`] on every
//! paragraph; [`clean`] takes the spam out and leaves all else byte for byte.
//!
//! ```
//! use despam::{Classifier, Model, clean};
//!
//! let page = "Home | News | Sport | Contact | Log in | Subscribe\n\
//!     The town council voted on Tuesday to raise the flood wall along the Marsh Road, \
//!     after four wet winters in six years.\n\
//!     The road will stay open in one direction until October, the engineer said.\n";
//! let verdicts = Classifier::new(Model::default_model()).judge(page.as_bytes());
//! let spans: Vec<_> = verdicts.iter().map(|verdict| verdict.span).collect();
//! let cuts = clean::cuts(page.as_bytes(), &spans, |i| verdicts[i].label.is_spam());
//! let kept: String = clean::kept(page.len(), &cuts).map(|range| &page[range]).collect();
//! assert!(kept.contains("flood wall") && kept.contains("the engineer said"));
//! ```
//!
//! Whole streams of documents go through [`pipeline::run`]. Models are fitted in
//! `train` (feature `train`, on by default). Nothing in the library prints or exits.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod classifier;
pub mod clean;
pub mod document;
pub mod explain;
pub mod features;
pub mod formats;
pub mod judgement;
pub mod label;
pub mod metrics;
pub mod model;
pub mod paragraph;
pub mod pipeline;
pub mod report;
pub mod restore;
pub mod statistics;
#[cfg(feature = "train")]
pub mod train;
pub mod verdict;

pub use classifier::Classifier;
pub use document::Span;
pub use judgement::Bound;
pub use label::Label;
pub use model::Model;
pub use paragraph::{Unit, paragraphs};
pub use verdict::{Guard, Probability, Verdict};
