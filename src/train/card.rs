//! What a model says of itself: its card and its self-test.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::dataset::LabelledDocument;
use super::recipe::Recipe;
use crate::classifier::Classifier;
use crate::features::Script;
use crate::model::card::{Card, Source};
use crate::model::format::hex;
use crate::model::{Model, SelfTest};
use crate::paragraph::Unit;

/// The card of a model that was fitted to `documents`.
pub(super) fn card(
    documents: &[LabelledDocument],
    recipe: &Recipe,
    base: Option<&Model>,
    scripts: Vec<Script>,
    languages: Vec<String>,
) -> Card {
    let mut hash = Sha256::new();
    let mut sources: BTreeMap<&str, Source> = BTreeMap::new();
    for document in documents {
        let source = sources.entry(&document.source).or_insert_with(|| Source {
            name: document.source.clone(),
            credit: recipe.source(&document.source).credit,
            ..Source::default()
        });
        source.documents += 1;
        hash.update(&document.group);
        for paragraph in &document.paragraphs {
            hash.update([0]);
            hash.update(&paragraph.text);
            hash.update([paragraph.label.map_or(9, |label| label.class() as u8)]);
            if let Some(label) = paragraph.label {
                source.paragraphs[label.class()] += 1;
            }
        }
    }
    Card {
        name: recipe.name.clone(),
        description: recipe.description.clone(),
        despam_version: env!("CARGO_PKG_VERSION").to_owned(),
        base: base.map(|base| base.card().name.clone()),
        recipe_sha256: recipe.sha256.clone(),
        data_sha256: hex(&hash.finalize()),
        scripts,
        languages,
        sources: sources.into_values().collect(),
    }
}

/// Short documents written for the self-test.
pub(super) const SELF_TEST: [&[&str]; 2] = [
    &[
        "Home | News | Sport | Weather | Contact",
        "Flood barrier to be raised after third wet winter",
        "The town council voted on Tuesday to raise the flood barrier along the east bank by forty centimetres, after the river came over it three times in four years.",
        "Work starts in May and will close the riverside path until October, the engineer in charge said.",
        "Hangzhou Bright Wind Electric Co., Ltd. is a professional manufacturer of tower fans, OEM and ODM orders are welcome.",
        "IGBT FF200R12KE3, SKM150GB128D, CM300DY-24H in stock",
        "Share on Facebook  Share on Twitter  Print this page",
        "Copyright 2019 Example Media. All rights reserved.",
    ],
    &[
        "Step 3",
        "Turn off the water before you loosen the nut.",
        "Tools you need: a 14 mm spanner, a bucket, a cloth.",
    ],
];

/// What `model` says of a document.
pub(super) fn self_test(model: &Model, paragraphs: &[&str]) -> SelfTest {
    let verdicts =
        Classifier::new(model).with_unit(Unit::Line).judge(paragraphs.join("\n").as_bytes());
    SelfTest {
        paragraphs: paragraphs.iter().map(|line| (*line).to_owned()).collect(),
        spam: verdicts.iter().map(|verdict| verdict.spam().get()).collect(),
    }
}
