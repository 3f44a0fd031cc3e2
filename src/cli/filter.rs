//! `despam filter`: the documents without their spam.

use std::path::PathBuf;

use despam::Label;
use despam::pipeline::Job;
use despam::verdict::Guard;

use super::args::{InputArgs, ModelArgs};
use super::run::{Summary, Targets, run_job};
use super::{Outcome, warn};

/// Write documents without their spam paragraphs, in the form they came in; those of
/// WET files as JSON Lines.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// File to write, or folder for several inputs [default: standard output].
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Labels to remove.
    #[arg(long, value_name = "LABELS", value_delimiter = ',', default_value = "ad,chrome", value_parser = parse_spam)]
    drop: Vec<Label>,
    /// Write an audit row for every removed paragraph here; `despam restore` reads it.
    #[arg(long, value_name = "FILE")]
    removed: Option<PathBuf>,
    /// Write records that could not be judged here.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
    /// How to summarise the run on standard error.
    #[arg(long, value_name = "FORM", default_value = "text")]
    stats: Stats,
    /// The summary as a line of JSON; short for --stats json.
    #[arg(long, conflicts_with = "stats")]
    json: bool,
    /// No summary; short for --stats none.
    #[arg(short, long, conflicts_with_all = ["stats", "json"])]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Stats {
    Text,
    Json,
    None,
}

fn parse_spam(name: &str) -> Result<Label, String> {
    match name.parse::<Label>() {
        Ok(label) if label.is_spam() => Ok(label),
        _ => Err("expected ad, chrome or both".to_owned()),
    }
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(args.input.unit)?;
    let job = Job::Filter { drop: args.drop, audit: args.removed.is_some() };
    let targets = Targets {
        output: args.output,
        removed: args.removed,
        rejects: args.rejects,
        force: args.force,
    };
    let summary = run_job(&classifier, &job, &args.input, &targets)?;
    match args.stats {
        _ if args.quiet => {}
        _ if args.json => print_json(&summary)?,
        Stats::Text => print_text(&summary),
        Stats::Json => print_json(&summary)?,
        Stats::None => {}
    }
    finish(&summary)
}

/// The outcome of a run that may have rejected records or failed on inputs.
pub fn finish(summary: &Summary) -> anyhow::Result<Outcome> {
    match summary {
        Summary { failed_inputs: 1.., .. } => {
            anyhow::bail!("{} input(s) could not be read to the end", summary.failed_inputs)
        }
        Summary { counts, .. } if counts.rejected > 0 => Ok(Outcome::Found),
        _ => Ok(Outcome::Done),
    }
}

fn print_json(summary: &Summary) -> anyhow::Result<()> {
    eprintln!("{}", serde_json::to_string(summary)?);
    Ok(())
}

fn print_text(summary: &Summary) {
    let counts = &summary.counts;
    let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    let written = counts.records - counts.rejected;
    eprintln!(
        "{} documents in, {written} out, {} rejected, {} emptied",
        counts.records, counts.rejected, counts.emptied
    );
    if counts.other_records > 0 {
        eprintln!("{} WARC records of other types passed over", counts.other_records);
    }
    eprintln!(
        "{} paragraphs, {} removed ({} ad, {} chrome found), {:.2} % of the words",
        counts.paragraphs,
        counts.removed,
        counts.ad,
        counts.chrome,
        share(counts.removed_words, counts.words)
    );
    for (guard, count) in &counts.guarded {
        eprintln!("{count} paragraphs kept by the guard \"{guard}\"");
    }
    let unknown = |guard: Guard| counts.guarded.get(guard.name()).copied().unwrap_or(0);
    let unknown = unknown(Guard::Script) + unknown(Guard::Language);
    if unknown > 0 {
        warn(&format!(
            "{unknown} paragraphs are in a language or script that the model has not learnt and \
             were kept: `--any-language` judges them too, `despam train` learns a language"
        ));
    }
    let megabytes = counts.bytes as f64 / 1e6;
    eprintln!(
        "{megabytes:.2} MB in {:.2} s, {:.1} MB/s",
        summary.seconds,
        megabytes / summary.seconds.max(1e-9)
    );
}
