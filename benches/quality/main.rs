//! The quality table: every labelled set of a folder, both views, with intervals.
//!
//! ```text
//! cargo bench --bench quality -- FOLDER... [--model FILE] [--all] [--brief] [--rows NAME=FILE]
//! ```
//!
//! `FOLDER` holds labelled sets in any form that `despam eval` reads. One model and
//! its own thresholds are used throughout; nothing is chosen on the sets. `--all`
//! adds a row for every extractor, `--brief` prints one line a set and class of length,
//! without intervals. A set `SET_extracted` with extractors also gets a
//! pooled row without those that print whole pages (inscriptis, resiliparse_all).
//! `--rows`, which may be repeated, measures what another program said of the same
//! sets instead: rows of `{"id","paragraph","spam","label"}`, as `despam score` writes
//! them and `benches/peers/quality.py` does for others.

mod brief;
mod noise;
mod rows;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use despam::Bound;
use despam::metrics::{Estimate, Evaluation, Judged, evaluate};
use despam::model::OperatingPoint;
use despam::train::dataset::{LabelledDocument, read};
use despam::train::evaluate::judge;
use despam::{Classifier, Model};

/// Extractors that print all text of a page.
const WHOLE_PAGE: [&str; 2] = ["/inscriptis", "/resiliparse_all"];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut folders, mut model, mut rows) = (Vec::new(), None, Vec::new());
    let (mut all, mut brief) = (false, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--model" => model = arguments.next(),
            "--all" => all = true,
            "--brief" => brief = true,
            "--rows" => rows.extend(arguments.next()),
            _ => folders.push(PathBuf::from(argument)),
        }
    }
    if folders.is_empty() {
        println!("no folder of labelled sets given: nothing to measure");
        return Ok(());
    }
    let loaded;
    let model = match model {
        None => Model::default_model(),
        Some(path) => {
            loaded = Model::load(Path::new(&path))?;
            &loaded
        }
    };
    let documents = read(&folders)?;
    for peer in &rows {
        let (name, file) = peer.split_once('=').ok_or("--rows wants NAME=FILE")?;
        print_peer(name, &rows::judged(&documents, Path::new(file))?, all);
    }
    if !rows.is_empty() {
        return Ok(());
    }
    if brief {
        brief::print(model, &documents);
        return Ok(());
    }
    let mut sets: Vec<BTreeMap<String, Evaluation>> = Vec::new();
    for point in model.points() {
        let classifier = Classifier::new(model).with_bound(Bound::Point(*point));
        let (mut judged, _) = judge(&classifier, &documents);
        pool(&mut judged);
        judged.retain(|name, _| all || !name.contains('/'));
        sets.push(judged.iter().map(|(name, rows)| (name.clone(), evaluate(rows))).collect());
    }
    print_ranking(&sets[0]);
    for (point, sets) in model.points().iter().zip(&sets) {
        print_point(point, sets);
    }
    print_noise(&Classifier::new(model), &documents);
    Ok(())
}

fn print_peer(name: &str, judged: &BTreeMap<String, Vec<Judged>>, all: bool) {
    let mut judged = judged.clone();
    pool(&mut judged);
    judged.retain(|name, _| all || !name.contains('/'));
    let sets = judged.iter().map(|(name, rows)| (name.clone(), evaluate(rows))).collect();
    println!("# {name}\n");
    print_ranking(&sets);
    println!("\nAt its own threshold, shares in per cent\n");
    print_shares(&sets);
    println!();
}

fn print_noise(classifier: &Classifier<'_>, documents: &[LabelledDocument]) {
    let found = |documents: &[LabelledDocument]| -> BTreeMap<String, Estimate> {
        let (judged, _) = judge(classifier, documents);
        judged
            .iter()
            .map(|(name, rows)| (name.clone(), evaluate(rows).figures.recall_ads))
            .collect()
    };
    let plain = found(&noise::with_ads(documents));
    println!("\nAds found at the default point when they are disguised, in per cent\n");
    println!("| set | disguise | found undisguised | found disguised | points lost |");
    println!("|---|---|---|---|---|");
    for noise in noise::Noise::ALL {
        for (name, disguised) in found(&noise::disguised(documents, noise)) {
            let plain = &plain[&name];
            let lost = plain.value.zip(disguised.value).map(|(a, b)| 100.0 * (a - b));
            let lost = lost.map_or("n/a".to_owned(), |points| format!("{points:.1}"));
            let (plain, disguised) = (percent(plain), percent(&disguised));
            println!("| {name} | {} | {plain} | {disguised} | {lost} |", noise.name());
        }
    }
}

/// Adds a row for the extractors that choose what they print.
fn pool(judged: &mut BTreeMap<String, Vec<Judged>>) {
    let mut pooled: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
    for (name, rows) in judged.iter() {
        if let Some((set, _)) = name.split_once('/')
            && !WHOLE_PAGE.iter().any(|extractor| name.ends_with(extractor))
        {
            pooled.entry(format!("{set} (pooled)")).or_default().extend(rows);
        }
    }
    judged.append(&mut pooled);
}

fn print_ranking(sets: &BTreeMap<String, Evaluation>) {
    println!(
        "Whatever the threshold: share of junk paragraphs found where a share of the genuine text is kept\n"
    );
    println!(
        "| set | documents | content | ad | chrome | found at 99.5 % kept | at 99.9 % kept | at 99.5 % of words kept | average precision | 1-ROCA % | ECE |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (name, Evaluation { documents, content, ads, chrome, figures }) in sets {
        let percent = Estimate {
            value: figures.one_minus_roc_area.value.map(|v| v * 100.0),
            low: figures.one_minus_roc_area.low.map(|v| v * 100.0),
            high: figures.one_minus_roc_area.high.map(|v| v * 100.0),
        };
        let both = *content > 0 && ads + chrome > 0;
        let cells = match both {
            false => vec!["n/a".to_owned(); 5],
            true => vec![
                share(&figures.recall_at_995),
                share(&figures.recall_at_999),
                share(&figures.recall_at_995_words),
                share(&figures.average_precision),
                share(&percent),
            ],
        };
        println!(
            "| {name} | {documents} | {content} | {ads} | {chrome} | {} | {} |",
            cells.join(" | "),
            share(&figures.calibration_error)
        );
    }
}

fn print_point(point: &OperatingPoint, sets: &BTreeMap<String, Evaluation>) {
    let OperatingPoint { keep, thresholds } = point;
    println!("\nAt `--keep {keep}` (thresholds {thresholds:?}), shares in per cent\n");
    print_shares(sets);
}

fn print_shares(sets: &BTreeMap<String, Evaluation>) {
    println!(
        "| set | genuine words lost | genuine paragraphs lost | short genuine lines lost | junk found | ads found | chrome found | precision | documents right, before -> after | documents unharmed |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, Evaluation { figures, .. }) in sets {
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} -> {} | {} |",
            percent(&figures.content_loss_words),
            percent(&figures.content_loss_paragraphs),
            percent(&figures.short_content_loss),
            percent(&figures.recall),
            percent(&figures.recall_ads),
            percent(&figures.recall_chrome),
            percent(&figures.precision),
            percent(&figures.documents_clean),
            percent(&figures.documents_right),
            percent(&figures.documents_unharmed),
        );
    }
}

fn share(estimate: &Estimate) -> String {
    match (estimate.value, estimate.low, estimate.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} [{low:.3}, {high:.3}]"),
        _ => "n/a".to_owned(),
    }
}

fn percent(estimate: &Estimate) -> String {
    match (estimate.value, estimate.low, estimate.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{:.2} [{:.2}, {:.2}]", value * 100.0, low * 100.0, high * 100.0)
        }
        _ => "n/a".to_owned(),
    }
}
