//! `despam eval`: how good a model is on labelled data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use despam::metrics::{Estimate, Evaluation, evaluate};
use despam::train::{dataset, evaluate as judging};
use despam::{Bound, Unit};

use super::args::ModelArgs;
use super::{Outcome, print, say_guarded};

/// Measure a model on labelled data, with 95 % intervals.
#[derive(clap::Args)]
pub struct Args {
    /// Labelled data: files or folders (JSON Lines, fastText, CSV, TSV; .gz and .zst too).
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(Unit::Line)?;
    let documents = dataset::read(&args.data)?;
    if documents.is_empty() {
        bail!(
            "there are no labelled documents in what was named: files end in .jsonl, .txt, .csv or .tsv"
        );
    }
    let (judged, guarded) = judging::judge(&classifier, &documents);
    let sets: BTreeMap<String, Evaluation> =
        judged.into_iter().map(|(name, rows)| (name, evaluate(&rows))).collect();
    if args.json {
        print(&(serde_json::to_string_pretty(&sets)? + "\n"))?;
        return Ok(Outcome::Done);
    }
    let bound = match classifier.bound() {
        Bound::Point(point) => format!("operating point: keep {} %\n", point.keep),
        Bound::Threshold(threshold) => format!("threshold: {threshold}\n"),
    };
    print(&(bound + &figures(&sets)))?;
    say_guarded(&guarded);
    Ok(Outcome::Done)
}

/// The figures of all sets, one a line.
pub fn figures(sets: &BTreeMap<String, Evaluation>) -> String {
    let mut text = String::new();
    for (name, Evaluation { documents, content, ads, chrome, figures }) in sets {
        text += &format!(
            "\n{name}: {documents} documents, {content} content, {ads} ad, {chrome} chrome\n"
        );
        for (figure, estimate) in figures.by_name() {
            text += &format!("  {:28} {}\n", figure.replace('_', " "), shown(estimate));
        }
    }
    text
}

fn shown(estimate: &Estimate) -> String {
    match (estimate.value, estimate.low, estimate.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.4}  [{low:.4}, {high:.4}]"),
        (Some(value), _, _) => format!("{value:.4}"),
        _ => "n/a".to_owned(),
    }
}
