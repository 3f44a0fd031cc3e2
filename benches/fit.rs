//! The text stage's fit on so many paragraphs, and the same rows for another solver.
//!
//! ```text
//! cargo bench --bench fit -- FOLDER OUT [--paragraphs N] [--three] [TOLERANCE ...]
//! ```
//!
//! `FOLDER` holds labelled sets in any form that `despam train` reads. Drawn are `N`
//! different paragraphs (100,000), the same in every run, with their first label. They
//! are fitted as content against spam, or with `--three` as content, ad and chrome, with
//! the recipe's C and no other weights, once for each tolerance. Each fit prints a line:
//! tolerance, seconds of CPU time of the fit alone, passes over the rows, objective,
//! duality gap; and leaves its weights in `OUT/weights-TOLERANCE.f64`, three a column.
//!
//! `OUT` gets the rows as arrays in the machine's byte order: `labels.u8`, `starts.u64`
//! (one more than rows), `ids.u32` and `values.f64`, a column once a row, column 0 the
//! intercept. `benches/peers/fit.py` gives them to liblinear. Needs Linux, for the clock.

use std::collections::HashMap;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use despam::Label;
use despam::features::Tokenizer;
use despam::train::corpus::Corpus;
use despam::train::dataset::{LabelledDocument, LabelledParagraph, read};
use despam::train::fit::{Rows, SoftmaxParams, Target};
use despam::train::recipe::Recipe;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut paths, mut tolerances) = (Vec::new(), Vec::new());
    let (mut paragraphs, mut three) = (100_000, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--paragraphs" => paragraphs = arguments.next().unwrap_or_default().parse()?,
            "--three" => three = true,
            _ if paths.len() < 2 => paths.push(PathBuf::from(argument)),
            _ => tolerances.push(argument),
        }
    }
    let [folder, out] = paths.as_slice() else {
        println!("no folder of labelled sets and no folder to write to given: nothing to measure");
        return Ok(());
    };
    let recipe = Recipe::from_toml(include_str!("../training/recipe.toml"))?;
    let documents = drawn(read(std::slice::from_ref(folder))?, paragraphs);
    let corpus = Corpus::new(&documents, &[], &Tokenizer::default(), &recipe, 1, &|_, _| {});
    let label = |document: &LabelledDocument| match document.paragraphs[0].label {
        Some(Label::Ad) if !three => Some(Label::Chrome),
        label => label,
    };
    let targets: Vec<Target> = documents
        .iter()
        .zip(0..)
        .filter_map(|(document, row)| {
            Some(Target { row, label: label(document)?, weight: recipe.text.c })
        })
        .collect();
    std::fs::create_dir_all(out)?;
    write_rows(out, &corpus.rows, &targets)?;
    for tolerance in tolerances {
        let params = SoftmaxParams {
            tolerance: tolerance.parse()?,
            max_epochs: 1000,
            seed: recipe.seed,
            base: None,
        };
        let start = cpu_seconds()?;
        let fit = params.solve(&corpus.rows, &targets)?;
        let seconds = cpu_seconds()? - start;
        println!("{tolerance}\t{seconds}\t{}\t{}\t{}", fit.epochs, fit.objective, fit.gap);
        let weights = fit.weights.iter().flatten().flat_map(|weight| weight.to_ne_bytes());
        let name = format!("weights-{tolerance}.f64");
        std::fs::write(out.join(name), weights.collect::<Vec<u8>>())?;
    }
    Ok(())
}

/// At most `count` different labelled paragraphs, a document each, drawn by their hash.
fn drawn(documents: Vec<LabelledDocument>, count: usize) -> Vec<LabelledDocument> {
    let mut texts: HashMap<String, Label> = HashMap::new();
    for LabelledParagraph { text, label } in documents.into_iter().flat_map(|d| d.paragraphs) {
        if let (false, Some(label)) = (text.trim().is_empty(), label) {
            texts.entry(text).or_insert(label);
        }
    }
    let hash = |text: &str| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    };
    let mut texts: Vec<(String, Label)> = texts.into_iter().collect();
    texts.sort_by_cached_key(|(text, _)| (hash(text), text.clone()));
    texts.truncate(count);
    let document = |(text, label): (String, Label)| LabelledDocument {
        id: String::new(),
        source: String::new(),
        group: String::new(),
        extractor: None,
        language: None,
        paragraphs: vec![LabelledParagraph { text, label: Some(label) }],
    };
    texts.into_iter().map(document).collect()
}

fn write_rows(out: &Path, rows: &Rows, targets: &[Target]) -> Result<(), Box<dyn Error>> {
    let labels: Vec<u8> = targets.iter().map(|target| target.label.class() as u8).collect();
    let mut starts = 0u64.to_ne_bytes().to_vec();
    let (mut ids, mut values) = (Vec::new(), Vec::new());
    for row in 0..rows.len() {
        let (units, scaled, scale) = rows.row(row);
        for (list, value) in [(units, 1.0), (scaled, scale)] {
            for run in list.chunk_by(|a, b| a == b) {
                ids.extend(run[0].to_ne_bytes());
                values.extend((run.len() as f64 * value).to_ne_bytes());
            }
        }
        starts.extend((ids.len() as u64 / 4).to_ne_bytes());
    }
    for (name, bytes) in
        [("labels.u8", labels), ("starts.u64", starts), ("ids.u32", ids), ("values.f64", values)]
    {
        std::fs::write(out.join(name), bytes)?;
    }
    Ok(())
}

/// CPU time that this thread has used.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = times.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}
