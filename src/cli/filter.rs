//! `despam filter`: the documents without their spam.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::bail;
use despam::Label;
use despam::pipeline::{Excess, Filter, Job, MaxRemoved};
use despam::report::{Report, Settings};
use despam::verdict::Guard;

use super::args::{InputArgs, ModelArgs, OutputArgs};
use super::places::{Main, Reports};
use super::report::{self, Form, Planned};
use super::run::{Summary, run_job};
use super::{Outcome, say, say_guarded, warn};

/// Write documents without their spam paragraphs, in the form they came in; those of
/// WET files as JSON Lines.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Replace each input by what stays of it, or the file that a link leads to; not WET.
    #[arg(long, conflicts_with_all = ["output", "resume", "keep_partial"])]
    in_place: bool,
    /// Labels to remove.
    #[arg(long, value_name = "LABELS", value_delimiter = ',', default_value = "ad,chrome", value_parser = parse_spam)]
    drop: Vec<Label>,
    /// Write an audit row for every removed paragraph here, for `despam restore`: a folder if
    /// there is an output for each input.
    #[arg(long, value_name = "PATH")]
    removed: Option<PathBuf>,
    /// Write spans of spam here in the layout of Dolma, a row a document; without -o the cleaned documents are not written (JSON Lines only).
    #[arg(long, value_name = "DIR")]
    attributes: Option<PathBuf>,
    /// Remove nothing; add a field or column "despam" to each record, with the spans of spam and the quality of each line (not for texts).
    #[arg(long, conflicts_with = "max_removed")]
    mark: bool,
    /// What to do with documents of which more than SHARE of the words would go: SHARE=keep leaves them as they are, SHARE=drop leaves them out, SHARE=flag cleans them and adds a field or column "despam" (not for texts).
    #[arg(long, value_name = "SHARE=ACTION", value_parser = parse_max_removed)]
    max_removed: Option<MaxRemoved>,
    /// Write a report here: what was removed, by label, host and input; the most frequent removed lines; samples around the threshold with what decided. A page if PATH ends in .html; JSON, which `despam report` merges, if in .json; else it is a folder and gets such JSON for each input, as --resume needs it.
    #[arg(long, value_name = "PATH", value_parser = report::parse_place)]
    report: Option<PathBuf>,
    /// What to do with JSON records without a text: reject them, or pass them on as they are. Rows of Parquet files always pass.
    #[arg(long, value_name = "ACTION", default_value = "reject")]
    on_missing: OnMissing,
    /// Reject texts that are not UTF-8, and Parquet files with such a text; without it invalid bytes are judged as U+FFFD. Texts of more than 64 MiB cannot be read so.
    #[arg(long)]
    strict: bool,
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
enum OnMissing {
    Reject,
    Pass,
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

fn parse_max_removed(text: &str) -> Result<MaxRemoved, String> {
    text.parse()
}

/// What the names of attributes start with: the last part of the folder's name, as
/// Dolma would write it.
fn attribute_prefix(folder: &Path) -> anyhow::Result<String> {
    let name = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        bail!(
            "{}: attributes are named after their folder, so its name must start with a letter",
            folder.display()
        );
    }
    Ok(name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let classifier = args.model.classifier(args.input.unit)?;
    let attributes = args.attributes.as_deref().map(attribute_prefix).transpose()?;
    let filter = Filter {
        drop: args.drop,
        audit: args.removed.is_some(),
        pass_missing: args.on_missing == OnMissing::Pass,
        strict: args.strict,
        mark: args.mark,
        attributes,
        max_removed: args.max_removed,
        statistics: args.report.is_some(),
    };
    let (force, mut report, mut targets) = (args.output.force, None, args.output.targets());
    if let Some(path) = args.report {
        let settings = Settings::new(&classifier, &filter, args.model.any_language)?;
        match Form::of_path(&path) {
            Some(_) if targets.resume => bail!(
                "{} would lack the inputs that are done already: name a folder with --report, \
                 and merge what is in it with `despam report`",
                path.display()
            ),
            Some(form) => {
                report = Some((Planned::new(&path, form, force)?, settings));
                targets.report = Some(path);
            }
            None => targets.reports = Some(Reports { folder: path, settings }),
        }
    }
    targets.removed = args.removed;
    targets.attributes = args.attributes;
    targets.documents = true;
    targets.mark = args.mark;
    if args.in_place {
        targets.main = Main::InPlace;
    } else if targets.main == Main::Unnamed && targets.attributes.is_some() {
        targets.main = Main::Nothing;
    }
    let mut summary = run_job(&classifier, &Job::Filter(filter), &args.input, &targets)?;
    if let Some((planned, settings)) = report {
        let statistics = std::mem::take(&mut summary.statistics);
        let (counts, failed) = (summary.counts.clone(), summary.failed_inputs);
        planned.write(&Report::new(settings, counts, failed, statistics, &classifier))?;
    }
    match args.stats {
        _ if args.quiet => {}
        _ if args.json => print_json(&summary)?,
        Stats::Text => print_text(&summary, args.max_removed),
        Stats::Json => print_json(&summary)?,
        Stats::None => {}
    }
    finish(&summary)
}

/// The outcome of a run that may have rejected records or failed on inputs.
pub fn finish(summary: &Summary) -> anyhow::Result<Outcome> {
    match summary {
        Summary { failed_inputs: 1.., .. } => {
            anyhow::bail!("{} input(s) could not be done", summary.failed_inputs)
        }
        Summary { counts, .. } if counts.rejected > 0 => Ok(Outcome::Found),
        _ => Ok(Outcome::Done),
    }
}

fn print_json(summary: &Summary) -> anyhow::Result<()> {
    say(&serde_json::to_string(summary)?);
    Ok(())
}

fn print_text(summary: &Summary, max_removed: Option<MaxRemoved>) {
    let counts = &summary.counts;
    if summary.skipped_inputs > 0 {
        say(&format!("{} inputs passed over: their output is there", summary.skipped_inputs));
    }
    let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    let written = counts.records - counts.rejected - counts.dropped;
    say(&format!(
        "{} documents in, {written} out, {} rejected, {} dropped, {} emptied",
        counts.records, counts.rejected, counts.dropped, counts.emptied
    ));
    if counts.other_records > 0 {
        say(&format!("{} WARC records of other types passed over", counts.other_records));
    }
    if counts.passed > 0 {
        say(&format!("{} documents without a text passed on as they are", counts.passed));
    }
    if counts.long_lines > 0 {
        say(&format!("{} lines too long to be judged kept as they are", counts.long_lines));
    }
    if let Some(MaxRemoved { share, action }) = max_removed {
        let done = match action {
            Excess::Keep => "kept as they are",
            Excess::Drop => "dropped",
            Excess::Flag => "flagged",
        };
        let over = counts.over_max_removed;
        say(&format!("{over} documents that would lose more than {share} of their words {done}"));
    }
    say(&format!(
        "{} paragraphs, {} removed ({} ad, {} chrome found), {:.2} % of the words",
        counts.paragraphs,
        counts.removed,
        counts.ad,
        counts.chrome,
        share(counts.removed_words, counts.words)
    ));
    say_guarded(&counts.guarded);
    let unknown = |guard: Guard| counts.guarded.get(&guard).copied().unwrap_or(0);
    let unknown = unknown(Guard::Script) + unknown(Guard::Language);
    if unknown > 0 {
        warn(&format!(
            "{unknown} paragraphs are in a language or script that the model has not learned and \
             were kept: `--any-language` judges them too, `despam train` learns a language"
        ));
    }
    let megabytes = counts.bytes as f64 / 1e6;
    say(&format!(
        "{megabytes:.2} MB in {:.2} s, {:.1} MB/s",
        summary.seconds,
        megabytes / summary.seconds.max(1e-9)
    ));
}
