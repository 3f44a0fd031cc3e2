//! Options that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use despam::Bound;
use despam::formats::Format;
use despam::formats::jsonl::Fields;
use despam::model::{DEFAULT_KEEP, OperatingPoint};
use despam::{Classifier, Model, Unit};

use super::files::Existing;
use super::inputs::Shard;
use super::places::{Main, Targets};

/// What to read.
#[derive(Args)]
pub struct InputArgs {
    /// Files and folders to read; `-` or none is standard input.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read the names of files and folders from this file, each ended by a NUL; `-` is standard
    /// input. In an output folder each has the path that the list has.
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub files0_from: Option<PathBuf>,
    /// Take only every N-th of the inputs, sorted by path, from the I-th on; I is from 1 to N.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Let folders and lists without any file pass.
    #[arg(long)]
    pub allow_empty: bool,
    /// The form of the input: auto, txt, jsonl, wet or parquet.
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = parse_format)]
    pub format: AutoFormat,
    /// JSON field or Parquet column with the text; `a.b` is `b` within `a`.
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub text_field: String,
    /// JSON field or Parquet column with the id.
    #[arg(long, value_name = "NAME", default_value = "id")]
    pub id_field: String,
    /// What a paragraph is: auto (blocks where the text is hard-wrapped, else lines), line or block.
    #[arg(long, value_name = "UNIT", default_value = "auto", value_parser = parse_unit)]
    pub unit: Unit,
    /// Threads to work on [default: one a core].
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// A format, or to be found out.
#[derive(Clone, Copy)]
pub struct AutoFormat(pub Option<Format>);

fn parse_format(name: &str) -> Result<AutoFormat, String> {
    match name {
        "auto" => Ok(AutoFormat(None)),
        name => name.parse().map(|format| AutoFormat(Some(format))),
    }
}

fn parse_unit(name: &str) -> Result<Unit, String> {
    name.parse()
}

impl InputArgs {
    /// Threads to use.
    pub fn threads(&self) -> usize {
        threads(self.threads)
    }

    /// Fields of JSON records.
    pub fn fields(&self) -> Fields {
        Fields { text: self.text_field.clone(), id: self.id_field.clone(), url: None }
    }
}

/// Where to write.
#[derive(Args)]
pub struct OutputArgs {
    /// File to write, or folder for several inputs [default: standard output].
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Write records that could not be judged here, byte for byte, with the reason: a folder if
    /// there is an output for each input.
    #[arg(long, value_name = "PATH")]
    pub rejects: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub force: bool,
    /// Pass over inputs whose output exists: go on with a run that was stopped.
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Keep what was done of an input that breaks off, under the output's name with `.partial`.
    #[arg(long)]
    pub keep_partial: bool,
}

impl OutputArgs {
    /// The files to write.
    pub fn targets(self) -> Targets {
        Targets {
            main: Main::of(self.output),
            rejects: self.rejects,
            existing: if self.force { Existing::Replace } else { Existing::Refuse },
            resume: self.resume,
            keep_partial: self.keep_partial,
            ..Targets::default()
        }
    }
}

/// The number asked for, or one a core.
pub fn threads(asked: Option<NonZeroUsize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.map_or_else(cores, NonZeroUsize::get)
}

/// What to judge by.
#[derive(Args)]
pub struct ModelArgs {
    /// Model file [default: the one built in].
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Operating point: the share of genuine text to keep, in per cent [default: 99.5].
    #[arg(long, value_name = "PERCENT", conflicts_with = "threshold")]
    pub keep: Option<f64>,
    /// Spam probability from which on a paragraph is spam, however long it is, in place of an
    /// operating point.
    #[arg(long, value_name = "P", value_parser = parse_probability)]
    pub threshold: Option<f64>,
    /// Judge text in languages and scripts that the model has not learned too, which is kept otherwise.
    #[arg(long)]
    pub any_language: bool,
}

fn parse_probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if (0.0..=1.0).contains(&p) => Ok(p),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

impl ModelArgs {
    /// A classifier with the model and at the operating point asked for.
    pub fn classifier(&self, unit: Unit) -> anyhow::Result<Classifier<'static>> {
        let model = load_model(self.model.as_deref())?;
        let bound = match (self.threshold, self.keep) {
            (Some(threshold), _) => Bound::Threshold(threshold),
            (None, keep) => Bound::Point(self.point(model, keep.unwrap_or(DEFAULT_KEEP))?),
        };
        Ok(Classifier::new(model)
            .with_unit(unit)
            .with_bound(bound)
            .with_any_language(self.any_language))
    }

    fn point(&self, model: &Model, keep: f64) -> anyhow::Result<OperatingPoint> {
        if let Some(point) = model.point(keep) {
            return Ok(point);
        }
        let known: Vec<String> =
            model.points().iter().map(|point| point.keep.to_string()).collect();
        bail!("the model has no operating point {keep}: it has {}", known.join(", "))
    }
}

/// The model in a file, or the one built in.
pub fn load_model(path: Option<&std::path::Path>) -> anyhow::Result<&'static Model> {
    match path {
        None => Ok(Model::default_model()),
        Some(path) => {
            let model = Model::load(path).with_context(|| path.display().to_string())?;
            Ok(Box::leak(Box::new(model)))
        }
    }
}
