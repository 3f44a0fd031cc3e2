//! Which scripts and languages a model has learned.

use std::collections::BTreeMap;

use super::corpus::Corpus;
use crate::features::Script;
use crate::model::Model;

/// Labelled paragraphs of a script or language that make it known.
const KNOWN_FROM: usize = 10_000;
/// The share of labelled paragraphs that makes a language known, however few they are.
const KNOWN_SHARE: f64 = 0.05;

pub(super) fn known_scripts(corpus: &Corpus, base: Option<&Model>) -> Vec<Script> {
    let mut counts: BTreeMap<Script, usize> = BTreeMap::new();
    for (row, label) in corpus.documents.iter().flat_map(|document| &document.paragraphs) {
        *counts.entry(corpus.scripts[*row as usize]).or_default() += usize::from(label.is_some());
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(script, _)| *script);
    let known = |script: &Script| {
        counts.get(script).is_some_and(|count| *count >= KNOWN_FROM)
            || base.is_some_and(|base| base.card().scripts.contains(script))
            || most == Some(*script)
    };
    Script::ALL.into_iter().filter(known).collect()
}

/// None if no text is plainly in a language.
pub(super) fn known_languages(corpus: &Corpus, base: Option<&Model>) -> Vec<String> {
    let all: usize = corpus.languages.values().sum();
    let is_known = |count: usize| count >= KNOWN_FROM || count as f64 >= KNOWN_SHARE * all as f64;
    let learned = corpus.languages.iter().filter(|(_, count)| is_known(**count));
    let mut known: Vec<String> = base.map_or_else(Vec::new, |base| base.card().languages.clone());
    known.extend(learned.map(|(language, _)| (*language).to_owned()));
    known.sort();
    known.dedup();
    known
}
