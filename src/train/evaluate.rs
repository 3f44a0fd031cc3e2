//! Judging labelled documents with a finished model.

use std::collections::BTreeMap;

use super::dataset::LabelledDocument;
use crate::classifier::Classifier;
use crate::metrics::Judged;
use crate::paragraph::Unit;

/// Judges every document as lines and returns its counted paragraphs by set, and
/// by set and extractor (`set/extractor`) where there is one.
pub fn judge(
    classifier: &Classifier<'_>,
    documents: &[LabelledDocument],
) -> BTreeMap<String, Vec<Judged>> {
    let classifier = classifier.with_unit(Unit::Line);
    let mut scratch = classifier.scratch();
    let mut clusters: BTreeMap<&str, u32> = BTreeMap::new();
    let mut sets: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
    for (number, document) in documents.iter().enumerate() {
        let next = clusters.len() as u32;
        let cluster = *clusters.entry(&document.group).or_insert(next);
        let lines: Vec<String> = document.paragraphs.iter().map(|p| one_line(&p.text)).collect();
        let verdicts = classifier.judge_with(lines.join("\n").as_bytes(), &mut scratch);
        // A blank paragraph is no line, so it has no verdict.
        let visible =
            document.paragraphs.iter().zip(&lines).filter(|(_, line)| !line.trim().is_empty());
        let judged = visible.zip(verdicts).filter_map(|((paragraph, _), verdict)| {
            Some(Judged {
                document: number as u32,
                cluster,
                words: verdict.words,
                truth: paragraph.label?,
                spam: verdict.spam().get(),
                verdict: verdict.label,
            })
        });
        let judged: Vec<Judged> = judged.collect();
        if let Some(extractor) = &document.extractor {
            sets.entry(format!("{}/{extractor}", document.source)).or_default().extend(&judged);
        }
        sets.entry(document.source.clone()).or_default().extend(judged);
    }
    sets
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
