//! Running a job over all inputs, with a progress bar and a summary.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use despam::Classifier;
use despam::formats::jsonl::Fields;
use despam::pipeline::{Counts, Input, Job, run};
use despam::statistics::Statistics;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::args::InputArgs;
use super::inputs::{Listing, Source, open};
use super::places::{Targets, lay_out};
use super::sink::Files;
use super::warn;

/// The field of JSON records whose host a report tells.
const URL_FIELD: &str = "url";

/// What came of all inputs.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Everything counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// Inputs that could not be read to their end, or not be replaced.
    pub failed_inputs: u64,
    /// Inputs that were done by an earlier run.
    pub skipped_inputs: u64,
    /// Wall time.
    pub seconds: f64,
    /// What was found in inputs that were read to their end, if a report of all is asked for.
    #[serde(skip)]
    pub statistics: Statistics,
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
    let mut listing = Listing::new(input)?;
    let (places, skipped_inputs) = lay_out(&mut listing, targets, input.format.0)?;
    let sources = &listing.sources;
    let bar = Bar::new(sources);
    let mut files = Files::new(sources, &places, targets, bar.bar.clone(), classifier)?;
    let (format, read) = (input.format.0, &bar.read);
    let reports = targets.report.is_some() || targets.reports.is_some();
    let url = reports.then(|| URL_FIELD.to_owned());
    let fields = &Fields { url, ..input.fields() };
    let told = |text: &str| bar.bar.suspend(|| warn(text));
    let inputs = sources.iter().map(|source| Input {
        name: source.name(),
        open: Box::new(move || open(source, format, fields, read, told)),
    });
    let result = run(classifier, job, fields, inputs, &mut files, input.threads());
    bar.bar.finish_and_clear();
    let statistics = std::mem::take(&mut files.statistics);
    let failed_inputs = listing.failed + files.finish(&result)?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(Summary { counts: result?, failed_inputs, skipped_inputs, seconds, statistics })
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
