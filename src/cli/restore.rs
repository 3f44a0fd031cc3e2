//! `despam restore`: the original, from what was cleaned and what was removed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use despam::formats::compression;
use despam::formats::jsonl::Fields;
use despam::restore::{restore, restore_parquet};

use super::Outcome;
use super::files::output;
use super::inputs::open_parquet;

/// Put removed paragraphs back: the original, byte for byte (unpacked). Of a WET file,
/// all its documents as JSON Lines. Of a Parquet file, one with the same columns, whose
/// bytes may be others.
#[derive(clap::Args)]
pub struct Args {
    /// What `despam filter` wrote.
    cleaned: PathBuf,
    /// What it wrote with --removed.
    removed: PathBuf,
    /// What it wrote with --rejects, if records were rejected.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Which source to restore, if the rows are of several: its path as it was given.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Parquet column with the text.
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_field: String,
    /// File to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let open = |path: &Path| compression::open(path).with_context(|| path.display().to_string());
    let fields = Fields { text: args.text_field, ..Fields::default() };
    let table = open_parquet(&args.cleaned, &fields);
    let table = table.with_context(|| args.cleaned.display().to_string())?;
    let mut removed = open(&args.removed)?;
    let mut rejects = args.rejects.as_deref().map(open).transpose()?;
    let rejects = rejects.as_mut().map(|rejects| rejects as &mut dyn std::io::BufRead);
    let source = args.source.as_deref();
    let mut out = output(args.output.as_deref(), args.force)?;
    match table {
        Some(table) => restore_parquet(&table, &mut removed, source, &mut out)?,
        None => restore(&mut open(&args.cleaned)?, &mut removed, rejects, source, &mut out)?,
    }
    out.finish()?;
    Ok(Outcome::Done)
}
