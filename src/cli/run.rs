//! Running a job over all inputs, with a progress bar and a summary.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use despam::Classifier;
use despam::formats::Format;
use despam::pipeline::{Counts, Input, Job, run};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::args::InputArgs;
use super::files::{Source, attribute_path, open, sources};
use super::sink::Files;

/// Where everything goes.
#[derive(Default)]
pub struct Targets {
    /// A file, or a folder for several inputs; standard output if `None`.
    pub output: Option<PathBuf>,
    /// File of audit rows.
    pub removed: Option<PathBuf>,
    /// File of rejected records.
    pub rejects: Option<PathBuf>,
    /// Folder of attribute rows.
    pub attributes: Option<PathBuf>,
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
        let format = input.format.0;
        let place =
            |source: &Source| source.mirrored(source.format(format).unwrap_or(Format::Text));
        check_mirrored(&sources, place)?;
    }
    if let Some(attributes) = &targets.attributes {
        check_mirrored(&sources, |source| attribute_path(attributes, source))?;
        check_attributes(&sources, attributes)?;
    }
    let bar = Bar::new(&sources);
    let mut files = Files::new(&sources, targets, folder, bar.bar.clone())?;
    let (format, read) = (input.format.0, &bar.read);
    let inputs = sources.iter().map(|source| Input {
        name: source.name(),
        open: Box::new(move || open(source, format, read)),
    });
    let result = run(classifier, job, &input.fields(), inputs, &mut files, input.threads());
    bar.bar.finish_and_clear();
    let failed_inputs = files.failed;
    files.finish(&result)?;
    Ok(Summary { counts: result?, failed_inputs, seconds: started.elapsed().as_secs_f64() })
}

/// Outputs must not be inputs, nor each other.
fn check_targets(sources: &[Source], targets: &Targets) -> anyhow::Result<()> {
    let outputs: Vec<&PathBuf> =
        [&targets.output, &targets.removed, &targets.rejects, &targets.attributes]
            .into_iter()
            .flatten()
            .collect();
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

/// Two inputs must not have the same place in the output folder, as far as their names
/// tell.
fn check_mirrored(sources: &[Source], place: impl Fn(&Source) -> PathBuf) -> anyhow::Result<()> {
    let mut places = std::collections::BTreeMap::new();
    for source in sources {
        if let Some(other) = places.insert(place(source), source) {
            bail!(
                "{} and {} would both be written to the same file: name the folder above them",
                other.name(),
                source.name()
            );
        }
    }
    Ok(())
}

/// Rows of attributes must not take the place of their documents.
fn check_attributes(sources: &[Source], folder: &Path) -> anyhow::Result<()> {
    for source in sources {
        let full = attribute_path(folder, source).canonicalize().ok();
        if full.is_some() && full == source.path.as_ref().and_then(|path| path.canonicalize().ok())
        {
            bail!("{} is both input and output", source.name());
        }
    }
    Ok(())
}

fn is_folder(path: &Path, sources: &[Source], arguments: &[PathBuf]) -> bool {
    path.is_dir() || sources.len() > 1 || arguments.iter().any(|argument| argument.is_dir())
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
