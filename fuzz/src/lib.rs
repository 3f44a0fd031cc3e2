//! What several fuzz targets need: a run of the pipeline in memory, and its undoing.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::abort;
use std::sync::{Mutex, PoisonError};

use despam::formats::Format;
use despam::formats::jsonl::Fields;
use despam::formats::parquet::Reader;
use despam::pipeline::{Counts, Filter, Input, InputError, Job, Opened, Part, Sink, run};
use despam::restore::{AuditEnd, RestoreError, restore, restore_parquet};
use despam::{Bound, Classifier, Model};

/// All that filtering writes.
#[derive(Debug, Default, PartialEq)]
pub struct Written {
    pub main: Vec<u8>,
    pub removed: Vec<u8>,
    pub attributes: Vec<u8>,
    pub rejects: Vec<u8>,
    pub counts: Counts,
    pub failed: bool,
}

impl Sink for Written {
    fn begin(&mut self, _: &str, _: Format) -> io::Result<()> {
        Ok(())
    }

    fn part(&mut self, part: &Part) -> io::Result<()> {
        self.main.extend(&part.main);
        self.removed.extend(&part.removed);
        self.attributes.extend(&part.attributes);
        part.rejects.iter().for_each(|reject| self.rejects.extend(&reject.row));
        Ok(())
    }

    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()> {
        match result {
            Ok(counts) => self.counts = counts.clone(),
            Err(InputError::Fault(at)) => panic!("the chunk at {at} made despam panic"),
            Err(_) => self.failed = true,
        }
        Ok(())
    }
}

/// A classifier for which `byte` in 255 is the threshold.
pub fn classifier(byte: u8) -> Classifier<'static> {
    let threshold = Bound::Threshold(f64::from(byte) / 255.0);
    Classifier::new(Model::default_model()).with_bound(threshold)
}

/// Filters `bytes`, with audit rows.
pub fn filter(
    classifier: &Classifier<'_>,
    filter: Filter,
    format: Format,
    bytes: &[u8],
) -> Written {
    filter_input(classifier, filter, format, Input::new("in", format, bytes))
}

/// Filters a Parquet file, with audit rows.
pub fn filter_parquet(classifier: &Classifier<'_>, filter: Filter, file: Reader) -> Written {
    let input = Input::opened("in", Opened::Parquet(file));
    filter_input(classifier, filter, Format::Parquet, input)
}

fn filter_input(
    classifier: &Classifier<'_>,
    filter: Filter,
    format: Format,
    input: Input<'_>,
) -> Written {
    let (mut written, job) = (Written::default(), Job::Filter(Filter { audit: true, ..filter }));
    let inputs = std::iter::once(input);
    run(classifier, &job, &Fields::default(), inputs, &mut written, 1).expect("memory is written");
    let end = AuditEnd::new("in", format, &written.counts);
    written.removed.extend(serde_json::to_vec(&end).expect("the row is JSON"));
    written
}

/// Undoes what filtering did.
pub fn restored(written: &Written) -> Result<Vec<u8>, RestoreError> {
    let (mut main, mut removed) = (written.main.as_slice(), written.removed.as_slice());
    let (mut rejects, mut out) = (written.rejects.as_slice(), Vec::new());
    restore(&mut main, &mut removed, Some(&mut rejects), None, &mut out)?;
    Ok(out)
}

/// Undoes what filtering did to a Parquet file, of which `cleaned` is what was written.
pub fn restored_parquet(cleaned: &Reader, written: &Written) -> Result<Vec<u8>, RestoreError> {
    let mut out = Vec::new();
    restore_parquet(cleaned, &mut written.removed.as_slice(), None, &mut out)?;
    Ok(out)
}

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Lets panics be caught, which libFuzzer would not: it aborts where one begins.
pub fn allow_caught_panics() {
    set_hook(Box::new(|panic| {
        PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
    }));
}

/// Does `work`; a panic that it lets out is a finding.
pub fn no_panic_escapes(work: impl FnOnce()) {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        panics.iter().for_each(|panic| eprintln!("{panic}"));
        abort();
    }
}

/// Lines that LF ends, and what is left at the end.
pub fn lines(bytes: &[u8]) -> u64 {
    bytes.split_inclusive(|byte| *byte == b'\n').count() as u64
}
