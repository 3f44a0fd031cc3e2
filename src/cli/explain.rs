//! `despam explain`: what decided.

use std::io::IsTerminal;

use despam::pipeline::Job;

use super::Outcome;
use super::args::{InputArgs, ModelArgs};
use super::filter::finish;
use super::places::Targets;
use super::run::run_job;

/// Print what decided on each spam paragraph: the words, forms and surroundings
/// with what each added, strongest first; they sum to the decision value.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// How many parts to name; the others are summed.
    #[arg(long, value_name = "N", default_value_t = 12)]
    top: usize,
    /// Explain genuine paragraphs too.
    #[arg(long)]
    all: bool,
    /// JSON rows, even on a terminal.
    #[arg(long)]
    json: bool,
    /// Text to read, even into a file or pipe.
    #[arg(long, conflicts_with = "json")]
    text: bool,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(args.input.unit)?;
    let json = args.json || !(args.text || std::io::stdout().is_terminal());
    let job = Job::Explain { top: args.top, all: args.all, json };
    finish(&run_job(&classifier, &job, &args.input, &Targets::default())?)
}
