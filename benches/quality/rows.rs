//! What another program said of labelled sets.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;

use despam::Label;
use despam::metrics::Judged;
use despam::train::dataset::{LabelledDocument, LabelledParagraph};
use despam::train::evaluate::{Said, judge_by};
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
    judge_by(documents, |document| {
        let visible = document.paragraphs.iter().filter(|p| !p.text.trim().is_empty());
        let said = |(paragraph, labelled): (usize, &LabelledParagraph)| {
            let Some((spam, label)) = rows.get(&(document.id.clone(), paragraph)) else {
                return Err(format!("no row for {} paragraph {paragraph}", document.id).into());
            };
            let words = labelled.text.split_whitespace().count() as u32;
            Ok(Said { words, spam: *spam, label: *label })
        };
        visible.enumerate().map(said).collect()
    })
}
