//! `despam check`: the spam paragraphs, like grep.

use despam::pipeline::Job;

use super::Outcome;
use super::args::{InputArgs, ModelArgs};
use super::filter::finish;
use super::places::Targets;
use super::run::run_job;

/// Print the spam paragraphs with where they are; exit 1 if there are any.
///
/// A line is `file:line:label:probability:text`, for JSON Lines, WET and Parquet
/// `file:record:paragraph:label:probability:text`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(args.input.unit)?;
    let summary = run_job(&classifier, &Job::Check, &args.input, &Targets::default())?;
    match finish(&summary)? {
        Outcome::Done if summary.counts.ad + summary.counts.chrome > 0 => Ok(Outcome::Found),
        outcome => Ok(outcome),
    }
}
