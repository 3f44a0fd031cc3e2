//! `despam score`: a row of probabilities for every paragraph.

use despam::pipeline::Job;

use super::Outcome;
use super::args::{InputArgs, ModelArgs, OutputArgs};
use super::filter::finish;
use super::run::run_job;

/// Write a JSON row with the probabilities of every paragraph, in order.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(args.input.unit)?;
    finish(&run_job(&classifier, &Job::Score, &args.input, &args.output.targets())?)
}
