//! One line a set and class of length, without intervals: for choosing between models.

use std::collections::BTreeMap;

use despam::metrics::{Judged, figures};
use despam::model::{LENGTHS, length_class};
use despam::train::dataset::LabelledDocument;
use despam::train::evaluate::judge;
use despam::{Classifier, Label, Model};

/// Prints the table of the default point, and of every class of length what it loses.
pub fn print(model: &Model, documents: &[LabelledDocument]) {
    let classifier = Classifier::new(model);
    let (mut judged, guarded) = judge(&classifier, documents);
    super::pool(&mut judged);
    judged.retain(|name, _| !name.contains('/'));
    println!(
        "set                        words%  paras%   ads  chrome @99.5 @words   docs emptied% | loss of words/paras % by length {LENGTHS:?}"
    );
    for (name, rows) in &judged {
        let found = figures(rows);
        let percent =
            |value: Option<f64>| value.map_or("  -  ".to_owned(), |v| format!("{:5.2}", 100.0 * v));
        let share = |value: Option<f64>| value.map_or("  - ".to_owned(), |v| format!("{v:.3}"));
        let classes = by_length(rows);
        let cells: Vec<String> = classes
            .iter()
            .map(|rows| {
                let found = figures(rows);
                format!(
                    "{}/{}",
                    percent(found.content_loss_words),
                    percent(found.content_loss_paragraphs)
                )
            })
            .collect();
        println!(
            "{name:26} {}  {}  {} {} {} {} {} | {}",
            percent(found.content_loss_words),
            percent(found.content_loss_paragraphs),
            share(found.recall_ads),
            share(found.recall_chrome),
            share(found.recall_at_995),
            share(found.recall_at_995_words),
            percent(emptied(rows)),
            cells.join(" ")
        );
    }
    println!("guards {guarded:?}");
    for point in model.points() {
        println!("keep {} thresholds {:?}", point.keep, point.thresholds);
    }
}

/// The rows of a set by their documents' classes of length.
fn by_length(rows: &[Judged]) -> Vec<Vec<Judged>> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(row.document).or_default() += 1);
    let mut classes = vec![Vec::new(); LENGTHS.len()];
    rows.iter().for_each(|row| classes[length_class(counts[&row.document])].push(*row));
    classes
}

/// The share of documents with genuine text that lose all of it.
fn emptied(rows: &[Judged]) -> Option<f64> {
    let mut kept: BTreeMap<u32, bool> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.truth == Label::Content) {
        *kept.entry(row.document).or_default() |= !row.verdict.is_spam();
    }
    let emptied = kept.values().filter(|kept| !**kept).count();
    (!kept.is_empty()).then(|| emptied as f64 / kept.len() as f64)
}
