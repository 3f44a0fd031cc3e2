//! `despam score`: a row of probabilities for every paragraph.

use std::path::PathBuf;

use despam::pipeline::Job;

use super::Outcome;
use super::args::{InputArgs, ModelArgs};
use super::filter::finish;
use super::run::{Targets, run_job};

/// Write a JSON row with the probabilities of every paragraph, in order.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// File to write, or folder for several inputs [default: standard output].
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write records that could not be judged here.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(args.input.unit)?;
    let targets = Targets {
        output: args.output,
        rejects: args.rejects,
        force: args.force,
        ..Targets::default()
    };
    finish(&run_job(&classifier, &Job::Score, &args.input, &targets)?)
}
