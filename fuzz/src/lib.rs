//! What several fuzz targets need: a run of the pipeline in memory, and its undoing.

use std::io;

use despam::formats::Format;
use despam::formats::jsonl::Fields;
use despam::pipeline::{Counts, Filter, Input, InputError, Job, Part, Sink, run};
use despam::restore::{AuditEnd, RestoreError, restore};
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
    let (mut written, job) = (Written::default(), Job::Filter(Filter { audit: true, ..filter }));
    let inputs = std::iter::once(Input::new("in", format, bytes));
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

/// Lines that LF ends, and what is left at the end.
pub fn lines(bytes: &[u8]) -> u64 {
    bytes.split_inclusive(|byte| *byte == b'\n').count() as u64
}
