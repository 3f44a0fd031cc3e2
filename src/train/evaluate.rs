//! Judging labelled documents with a finished model.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::dataset::LabelledDocument;
use crate::classifier::Classifier;
use crate::label::Label;
use crate::metrics::Judged;
use crate::paragraph::Unit;
use crate::verdict::{Guard, Verdict};

/// What is said of a paragraph.
pub struct Said {
    /// Its words.
    pub words: u32,
    /// Its spam probability, in [0, 1].
    pub spam: f64,
    /// Its label.
    pub label: Label,
}

/// Judges every document as lines and returns its counted paragraphs by set, and
/// by set and extractor (`set/extractor`) where there is one; and how many paragraphs
/// each guard kept.
pub fn judge(
    classifier: &Classifier<'_>,
    documents: &[LabelledDocument],
) -> (BTreeMap<String, Vec<Judged>>, BTreeMap<Guard, u64>) {
    let classifier = classifier.with_unit(Unit::Line);
    let mut scratch = classifier.scratch();
    let mut guarded = BTreeMap::new();
    let Ok(sets) = judge_by(documents, |document| {
        let visible = document.paragraphs.iter().filter(|paragraph| paragraph.is_visible());
        let lines: Vec<String> = visible.map(|paragraph| one_line(&paragraph.text)).collect();
        let verdicts = classifier.judge_with(lines.join("\n").as_bytes(), &mut scratch);
        for guard in verdicts.iter().filter_map(|verdict| verdict.guard) {
            *guarded.entry(guard).or_default() += 1;
        }
        let said = |verdict: Verdict| Said {
            words: verdict.words,
            spam: verdict.spam_unless_guarded().get(),
            label: verdict.label,
        };
        Ok::<_, Infallible>(verdicts.into_iter().map(said).collect())
    });
    (sets, guarded)
}

/// The same by anything that says something of each paragraph of a document, those aside
/// in which nothing is visible.
///
/// # Errors
/// The first one of `judge`.
pub fn judge_by<E>(
    documents: &[LabelledDocument],
    mut judge: impl FnMut(&LabelledDocument) -> Result<Vec<Said>, E>,
) -> Result<BTreeMap<String, Vec<Judged>>, E> {
    let mut clusters: BTreeMap<&str, u32> = BTreeMap::new();
    let mut sets: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
    for (number, document) in documents.iter().enumerate() {
        let next = clusters.len() as u32;
        let cluster = *clusters.entry(&document.group).or_insert(next);
        let visible = document.paragraphs.iter().filter(|paragraph| paragraph.is_visible());
        let judged = visible.zip(judge(document)?).filter_map(|(paragraph, said)| {
            Some(Judged {
                document: number as u32,
                cluster,
                words: said.words,
                truth: paragraph.label?,
                spam: said.spam,
                verdict: said.label,
            })
        });
        let judged: Vec<Judged> = judged.collect();
        if let Some(extractor) = &document.extractor {
            sets.entry(format!("{}/{extractor}", document.source)).or_default().extend(&judged);
        }
        sets.entry(document.source.clone()).or_default().extend(judged);
    }
    Ok(sets)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
