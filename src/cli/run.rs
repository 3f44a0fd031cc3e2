//! Running a job over all inputs, with a progress bar and a summary.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use despam::Classifier;
use despam::formats::Format;
use despam::pipeline::{Counts, Input, Job, Outputs, run};
use despam::restore::AuditEnd;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::args::InputArgs;
use super::files::{Opened, Output, Source, open, output, sources};
use super::warn;

/// Where everything goes.
#[derive(Default)]
pub struct Targets {
    /// A file, or a folder for several inputs; standard output if `None`.
    pub output: Option<PathBuf>,
    /// File of audit rows.
    pub removed: Option<PathBuf>,
    /// File of rejected records.
    pub rejects: Option<PathBuf>,
    /// Whether existing files may be replaced.
    pub force: bool,
}

/// What came of all inputs.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Everything counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// Inputs that could not be read to their end.
    pub failed_inputs: u64,
    /// Wall time.
    pub seconds: f64,
}

/// Shares of invalid bytes from which on a file looks like another encoding.
const OTHER_ENCODING: f64 = 0.005;
/// Rejected records that are told of one by one.
const TOLD_REJECTS: u64 = 5;

/// Runs `job` over the inputs. Inputs that cannot be read are told of and passed
/// over; the others are done.
pub fn run_job(
    classifier: &Classifier<'_>,
    job: &Job,
    input: &InputArgs,
    targets: &Targets,
) -> anyhow::Result<Summary> {
    let started = Instant::now();
    let sources = sources(&input.files)?;
    if sources.is_empty() {
        bail!("no files to read in {}", input.files[0].display());
    }
    check_targets(&sources, targets)?;
    let folder = targets.output.as_deref().filter(|path| is_folder(path, &sources, &input.files));
    if folder.is_some() {
        check_mirrored(&sources)?;
    }
    let mut shared = match (folder, &targets.output) {
        (Some(_), _) => None,
        (None, path) => Some(output(path.as_deref(), targets.force)?),
    };
    let side = |path: &Option<PathBuf>| {
        path.as_deref().map(|path| Output::file(path, targets.force)).transpose()
    };
    let (mut removed, mut rejects) = (side(&targets.removed)?, side(&targets.rejects)?);
    let mut summary = Summary::default();
    let bar = Bar::new(&sources);
    let mut run_all = || -> anyhow::Result<()> {
        for source in &sources {
            let mut own = match folder {
                Some(folder) => Some(mirrored(folder, source, targets.force)?),
                None => None,
            };
            let main = own.as_mut().or(shared.as_mut()).context("an output is open")?;
            let mut one = One { classifier, job, input, source, told: 0 };
            match one.run(main, removed.as_mut(), rejects.as_mut(), &bar.read) {
                Ok(counts) => {
                    summary.counts += &counts;
                    own.map_or(Ok(()), Output::finish)?;
                }
                Err(error) if is_write_error(&error) => return Err(error),
                Err(error) => {
                    summary.failed_inputs += 1;
                    bar.bar.suspend(|| warn(&format!("{}: {error:#}", source.name())));
                }
            }
        }
        Ok(())
    };
    let result = run_all();
    bar.bar.finish_and_clear();
    // What was removed from outputs that are in place must be restorable, even
    // when a later input stopped the run.
    for side in [removed, rejects].into_iter().flatten() {
        side.finish()?;
    }
    result?;
    match shared {
        // A file that lacks an input is no complete output: the old one stays.
        Some(Output::File { path, .. }) if summary.failed_inputs > 0 => {
            warn(&format!("{} was not written", path.display()));
        }
        shared => shared.map_or(Ok(()), Output::finish)?,
    }
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

fn is_write_error(error: &anyhow::Error) -> bool {
    use despam::pipeline::PipelineError;
    matches!(error.downcast_ref::<PipelineError>(), Some(PipelineError::Write(_)))
}

/// Outputs must not be inputs, nor each other.
fn check_targets(sources: &[Source], targets: &Targets) -> anyhow::Result<()> {
    let outputs: Vec<&PathBuf> =
        [&targets.output, &targets.removed, &targets.rejects].into_iter().flatten().collect();
    for (i, output) in outputs.iter().enumerate() {
        if outputs[..i].contains(output) {
            bail!("{} is named as two outputs", output.display());
        }
        let Ok(full) = output.canonicalize() else { continue };
        let same = |source: &&Source| {
            source.path.as_ref().and_then(|path| path.canonicalize().ok()) == Some(full.clone())
        };
        if full.is_file() && sources.iter().any(|source| same(&source)) {
            bail!("{} is both input and output", output.display());
        }
    }
    Ok(())
}

/// Two inputs must not have the same place in the output folder.
fn check_mirrored(sources: &[Source]) -> anyhow::Result<()> {
    let mut places = std::collections::BTreeMap::new();
    for source in sources {
        if let Some(other) = places.insert(&source.relative, source) {
            bail!(
                "{} and {} would both be written to the same file: name the folder above them",
                other.name(),
                source.name()
            );
        }
    }
    Ok(())
}

fn is_folder(path: &Path, sources: &[Source], arguments: &[PathBuf]) -> bool {
    path.is_dir() || sources.len() > 1 || arguments.iter().any(|argument| argument.is_dir())
}

/// The output for one of several inputs: the same path within the folder.
fn mirrored(folder: &Path, source: &Source, force: bool) -> anyhow::Result<Output> {
    let path = folder.join(&source.relative);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    Output::file(&path, force)
}

/// One input on its way.
struct One<'o> {
    classifier: &'o Classifier<'o>,
    job: &'o Job,
    input: &'o InputArgs,
    source: &'o Source,
    told: u64,
}

impl One<'_> {
    fn run(
        &mut self,
        main: &mut Output,
        removed: Option<&mut Output>,
        rejects: Option<&mut Output>,
        read: &Arc<AtomicU64>,
    ) -> anyhow::Result<Counts> {
        let name = self.source.name();
        let Opened { format, reader } = open(self.source, self.input.format.0, read)?;
        let mut removed = removed;
        let told = &mut self.told;
        let mut on_reject = |record: u64, reason: &str| {
            *told += 1;
            if *told <= TOLD_REJECTS {
                warn(&format!("{name}: record {record} rejected: {reason}"));
            }
        };
        if format == Format::JsonLines {
            main.end_line()?;
        }
        let outputs = Outputs {
            main,
            removed: removed.as_mut().map(|output| *output as &mut (dyn Write + Send)),
            rejects: rejects.map(|output| output as &mut (dyn Write + Send)),
            on_reject: &mut on_reject,
        };
        let stream = Input { name: &name, format, reader };
        let counts = run(
            self.classifier,
            self.job,
            &self.input.fields(),
            stream,
            outputs,
            self.input.threads(),
        )?;
        if self.told > TOLD_REJECTS {
            warn(&format!("{name}: {} more records rejected", self.told - TOLD_REJECTS));
        }
        if counts.invalid_bytes as f64 > OTHER_ENCODING * counts.bytes as f64 {
            let share = 100.0 * counts.invalid_bytes as f64 / counts.bytes as f64;
            warn(&format!(
                "{name}: {share:.1} % of the bytes are not UTF-8; if it is another encoding, convert it with iconv"
            ));
        }
        if let Some(removed) = removed {
            let end = AuditEnd::new(&name, format, &counts);
            writeln!(removed, "{}", serde_json::to_string(&end)?)?;
        }
        Ok(counts)
    }
}

/// A progress bar on stderr if that is a terminal and there is much to read.
struct Bar {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
}

impl Bar {
    fn new(sources: &[Source]) -> Self {
        let read = Arc::new(AtomicU64::new(0));
        let length =
            |source: &Source| std::fs::metadata(source.path.as_ref()?).ok().map(|meta| meta.len());
        let total: Option<u64> = sources.iter().map(length).sum();
        let visible = std::io::stderr().is_terminal() && total.is_none_or(|total| total > 8 << 20);
        let bar = match total {
            _ if !visible => ProgressBar::hidden(),
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        };
        let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        if visible {
            let (bar, read) = (bar.clone(), Arc::clone(&read));
            std::thread::spawn(move || {
                while !bar.is_finished() {
                    bar.set_position(read.load(Ordering::Relaxed));
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
        }
        Bar { bar, read }
    }
}
