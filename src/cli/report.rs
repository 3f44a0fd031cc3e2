//! `despam report`: reports of several runs made one, or a report made a page.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use despam::report::Report;

use super::Outcome;
use super::files::{Output, output};

/// Merge reports that `despam filter --report` wrote as JSON, such as those of shards or of
/// each input, or make a page of one.
#[derive(clap::Args)]
pub struct Args {
    /// Reports as JSON, all of the same model and settings; a folder stands for all `.json` files
    /// in it.
    #[arg(required = true, value_name = "PATH")]
    reports: Vec<PathBuf>,
    /// File to write: a page if it ends in .html, JSON if in .json [default: JSON to standard output].
    #[arg(short, long, value_name = "FILE", value_parser = parse_path)]
    output: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
}

/// The form of a report.
#[derive(Clone, Copy)]
pub enum Form {
    Json,
    Html,
}

impl Form {
    /// The form that a path's ending names.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(Form::Json),
            "html" => Some(Form::Html),
            _ => None,
        }
    }
}

/// A path at which a report can be written.
pub fn parse_path(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    match Form::of_path(&path) {
        Some(_) => Ok(path),
        None => Err("a report is written as its name ends: .json or .html".to_owned()),
    }
}

/// A path at which a report can be written, or a folder for reports.
pub fn parse_place(path: &str) -> Result<PathBuf, String> {
    match PathBuf::from(path) {
        folder if folder.is_dir() || folder.extension().is_none() => Ok(folder),
        _ => parse_path(path),
    }
}

/// The reports that the arguments stand for.
fn reports(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        add_reports(path, &mut found).with_context(|| path.display().to_string())?;
        ensure!(found.len() > before, "{}: no .json files in it", path.display());
    }
    Ok(found)
}

fn add_reports(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() || path.extension().is_some_and(|ending| ending == "json") {
            add_reports(&path, found)?;
        }
    }
    Ok(())
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let reports = reports(&args.reports)?;
    if let Some(path) = args.output.as_ref().filter(|path| reports.contains(path)) {
        bail!("{} is both input and output", path.display());
    }
    let out = output(args.output.as_deref(), args.force)?;
    let mut merged: Option<Report> = None;
    for path in &reports {
        let name = || path.display().to_string();
        let json = std::fs::read(path).with_context(name)?;
        let report = Report::from_json(&json).with_context(name)?;
        match &mut merged {
            None => merged = Some(report),
            Some(merged) => merged.merge(&report).with_context(name)?,
        }
    }
    if let Some(report) = merged {
        let form = args.output.as_deref().and_then(Form::of_path);
        write(&report, form.unwrap_or(Form::Json), out)?;
    }
    Ok(Outcome::Done)
}

/// Writes a report and puts it in its place.
pub fn write(report: &Report, form: Form, mut out: Output) -> anyhow::Result<()> {
    match form {
        Form::Json => report.write_json(&mut out)?,
        Form::Html => report.write_html(&mut out)?,
    }
    out.flush()?;
    out.finish()
}

/// A report that is to be written at the end of a run.
pub struct Planned {
    out: Output,
    form: Form,
}

impl Planned {
    /// Makes ready to write a report at `path`.
    pub fn new(path: &Path, form: Form, force: bool) -> anyhow::Result<Self> {
        Ok(Planned { out: Output::file(path, force)?, form })
    }

    /// Writes it.
    pub fn write(self, report: &Report) -> anyhow::Result<()> {
        write(report, self.form, self.out)
    }
}
