//! `despam eval`: how good a model is on labelled data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use despam::Unit;
use despam::metrics::{Estimate, Evaluation, evaluate};
use despam::train::{dataset, evaluate as judging};

use super::Outcome;
use super::args::ModelArgs;

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
    let classifier = args.model.classifier(args.model.load()?, Unit::Line)?;
    let documents = dataset::read(&args.data)?;
    let judged = judging::judge(&classifier, &documents);
    let sets: BTreeMap<String, Evaluation> =
        judged.into_iter().map(|(name, rows)| (name, evaluate(&rows))).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&sets)?);
    } else {
        println!("{:?}", classifier.bound());
        sets.iter().for_each(|(name, evaluation)| print(name, evaluation));
    }
    Ok(Outcome::Done)
}

/// Prints the figures of a set, one a line.
pub fn print(name: &str, evaluation: &Evaluation) {
    let Evaluation { documents, content, ads, chrome, figures } = evaluation;
    println!("\n{name}: {documents} documents, {content} content, {ads} ad, {chrome} chrome");
    for (figure, estimate) in figures.by_name() {
        println!("  {:28} {}", figure.replace('_', " "), shown(estimate));
    }
}

fn shown(estimate: &Estimate) -> String {
    match (estimate.value, estimate.low, estimate.high) {
        (Some(value), Some(low), Some(high)) => format!("{value:.4}  [{low:.4}, {high:.4}]"),
        (Some(value), _, _) => format!("{value:.4}"),
        _ => "n/a".to_owned(),
    }
}
