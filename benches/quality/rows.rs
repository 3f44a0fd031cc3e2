//! What another program said of labelled sets.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;

use despam::Label;
use despam::metrics::Judged;
use despam::train::dataset::LabelledDocument;
use serde::Deserialize;

/// A row, as `despam score` writes it; blank paragraphs have none.
#[derive(Deserialize)]
struct Row {
    id: String,
    paragraph: usize,
    spam: f64,
    label: String,
}

/// The counted paragraphs of `documents` by set, and by set and extractor, with what
/// the rows of `file` say of them.
pub fn judged(
    documents: &[LabelledDocument],
    file: &Path,
) -> Result<BTreeMap<String, Vec<Judged>>, Box<dyn Error>> {
    let mut rows: HashMap<(String, usize), (f64, Label)> = HashMap::new();
    for line in BufReader::new(std::fs::File::open(file)?).lines() {
        let Row { id, paragraph, spam, label } = serde_json::from_str(&line?)?;
        rows.insert((id, paragraph), (spam, label.parse()?));
    }
    let mut clusters: BTreeMap<&str, u32> = BTreeMap::new();
    let mut sets: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
    for (number, document) in documents.iter().enumerate() {
        let next = clusters.len() as u32;
        let cluster = *clusters.entry(&document.group).or_insert(next);
        let visible = document.paragraphs.iter().filter(|p| !p.text.trim().is_empty());
        let mut judged = Vec::new();
        for (paragraph, labelled) in visible.enumerate() {
            let Some((spam, verdict)) = rows.get(&(document.id.clone(), paragraph)) else {
                return Err(format!("no row for {} paragraph {paragraph}", document.id).into());
            };
            let Some(truth) = labelled.label else { continue };
            judged.push(Judged {
                document: number as u32,
                cluster,
                words: labelled.text.split_whitespace().count() as u32,
                truth,
                spam: *spam,
                verdict: *verdict,
            });
        }
        if let Some(extractor) = &document.extractor {
            sets.entry(format!("{}/{extractor}", document.source)).or_default().extend(&judged);
        }
        sets.entry(document.source.clone()).or_default().extend(judged);
    }
    Ok(sets)
}
