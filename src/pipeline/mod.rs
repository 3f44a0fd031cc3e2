//! A stream of documents through the classifier, on all cores, in order.
//!
//! Threads take chunks from the input under one lock, work on them in parallel,
//! and write under another lock in the order they were read. So the output depends
//! on the input, the model and the options alone, and at most one chunk a thread is
//! in memory.

mod rows;
mod worker;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::classifier::Classifier;
use crate::formats::Format;
use crate::formats::jsonl::Fields;
use crate::formats::reader::{ChunkReader, ReadError};
use crate::label::Label;
use worker::{Done, Worker};

/// What to do with the documents.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// Write them without the paragraphs of these labels.
    Filter {
        /// Labels to remove.
        drop: Vec<Label>,
        /// Whether to write an audit row for every removed paragraph.
        audit: bool,
    },
    /// Write a row of probabilities for every paragraph.
    Score,
    /// Write the spam paragraphs, with where they are.
    Check,
    /// Write what decided.
    Explain {
        /// How many parts to name; the others are summed.
        top: usize,
        /// Genuine paragraphs too.
        all: bool,
        /// JSON rows rather than text to read.
        json: bool,
    },
}

/// A stream of documents and what is known of it.
pub struct Input<'i> {
    /// What the stream is called: its path, or `-`.
    pub name: &'i str,
    /// Its form.
    pub format: Format,
    /// The bytes, unpacked.
    pub reader: Box<dyn Read + Send + 'i>,
}

/// Where results go.
pub struct Outputs<'o> {
    /// Documents or rows.
    pub main: &'o mut (dyn Write + Send),
    /// Audit rows of removed paragraphs.
    pub removed: Option<&'o mut (dyn Write + Send)>,
    /// Records that could not be judged.
    pub rejects: Option<&'o mut (dyn Write + Send)>,
    /// Hears of each rejected record: record, counted from 1, and reason.
    pub on_reject: &'o mut (dyn FnMut(u64, &str) + Send),
}

/// What a run counted. `documents = documents read - rejected`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Records read, a text being one.
    pub records: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Paragraphs judged.
    pub paragraphs: u64,
    /// Paragraphs judged to be ads.
    pub ad: u64,
    /// Paragraphs judged to be chrome.
    pub chrome: u64,
    /// Paragraphs removed.
    pub removed: u64,
    /// Documents that became empty.
    pub emptied: u64,
    /// Words judged.
    pub words: u64,
    /// Words removed.
    pub removed_words: u64,
    /// Bytes read, unpacked.
    pub bytes: u64,
    /// Bytes that are not valid UTF-8 and were judged as U+FFFD.
    pub invalid_bytes: u64,
    /// Paragraphs that a guard kept, by guard.
    pub guarded: BTreeMap<&'static str, u64>,
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        self.records += other.records;
        self.rejected += other.rejected;
        self.paragraphs += other.paragraphs;
        self.ad += other.ad;
        self.chrome += other.chrome;
        self.removed += other.removed;
        self.emptied += other.emptied;
        self.words += other.words;
        self.removed_words += other.removed_words;
        self.bytes += other.bytes;
        self.invalid_bytes += other.invalid_bytes;
        for (guard, count) in &other.guarded {
            *self.guarded.entry(guard).or_default() += count;
        }
    }
}

/// What stops a run.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The input cannot be read on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A fault of despam itself.
    #[error(
        "despam failed on the chunk at byte {0}: please report this; nothing of it was written"
    )]
    Fault(u64),
    /// The output cannot be written.
    #[error("cannot write: {0}")]
    Write(io::Error),
}

/// Runs a job over a stream on `threads` threads.
///
/// ```
/// use despam::formats::Format;
/// use despam::formats::jsonl::Fields;
/// use despam::pipeline::{Input, Job, Outputs, run};
/// use despam::{Classifier, Model};
///
/// let text = "Share this article on Facebook\n";
/// let input = Input { name: "a.txt", format: Format::Text, reader: Box::new(text.as_bytes()) };
/// let mut rows = Vec::new();
/// let outputs =
///     Outputs { main: &mut rows, removed: None, rejects: None, on_reject: &mut |_, _| () };
/// let classifier = Classifier::new(Model::default_model());
/// let counts = run(&classifier, &Job::Score, &Fields::default(), input, outputs, 2)?;
/// assert_eq!(counts.paragraphs, 1);
/// assert!(rows.starts_with(br#"{"id":"a.txt","paragraph":0,"start":0,"end":30,"#));
/// # Ok::<(), despam::pipeline::PipelineError>(())
/// ```
pub fn run(
    classifier: &Classifier<'_>,
    job: &Job,
    fields: &Fields,
    input: Input<'_>,
    outputs: Outputs<'_>,
    threads: usize,
) -> Result<Counts, PipelineError> {
    let Input { name, format, reader } = input;
    let reader = Mutex::new((ChunkReader::new(reader, format, classifier.unit()), 0u64));
    let order = Order {
        state: Mutex::new((0, State::new(outputs))),
        turned: Condvar::new(),
        stopped: AtomicBool::new(false),
    };
    let work = || {
        let mut worker =
            Worker { classifier, job, fields, name, format, scratch: classifier.scratch() };
        loop {
            let (turn, chunk) = {
                let mut reader = lock(&reader);
                let turn = reader.1;
                reader.1 += 1;
                let stopped = order.stopped.load(Ordering::Relaxed);
                let chunk = if stopped { Ok(None) } else { reader.0.next_chunk() };
                (turn, chunk)
            };
            let result = match chunk {
                Ok(None) => break,
                // A panic must not leave the other threads waiting for this turn.
                Ok(Some(chunk)) => catch_unwind(AssertUnwindSafe(|| worker.work(&chunk)))
                    .map_err(|_| PipelineError::Fault(chunk.offset)),
                Err(error) => Err(error.into()),
            };
            if !order.take(turn, result) {
                break;
            }
        }
    };
    if threads <= 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
    order.into_result()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes results in the order of their chunks.
struct Order<'o> {
    state: Mutex<(u64, State<'o>)>,
    turned: Condvar,
    stopped: AtomicBool,
}

struct State<'o> {
    outputs: Outputs<'o>,
    counts: Counts,
    error: Option<PipelineError>,
}

impl<'o> State<'o> {
    fn new(outputs: Outputs<'o>) -> Self {
        State { outputs, counts: Counts::default(), error: None }
    }

    fn write(&mut self, done: &Done) -> io::Result<()> {
        self.outputs.main.write_all(&done.main)?;
        if let Some(removed) = &mut self.outputs.removed {
            removed.write_all(&done.removed)?;
        }
        for reject in &done.rejects {
            (self.outputs.on_reject)(reject.record, &reject.reason);
            if let Some(rejects) = &mut self.outputs.rejects {
                rejects.write_all(&reject.row)?;
            }
        }
        self.counts += &done.counts;
        Ok(())
    }
}

impl Order<'_> {
    /// Waits for the turn, then writes; `false` when the run is over.
    fn take(&self, turn: u64, result: Result<Done, PipelineError>) -> bool {
        let mut state = lock(&self.state);
        while state.0 != turn {
            state = self.turned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.0 += 1;
        if state.1.error.is_none() {
            let written =
                result.and_then(|done| state.1.write(&done).map_err(PipelineError::Write));
            state.1.error = written.err();
        }
        let goes_on = state.1.error.is_none();
        self.stopped.store(!goes_on, Ordering::Relaxed);
        drop(state);
        self.turned.notify_all();
        goes_on
    }

    fn into_result(self) -> Result<Counts, PipelineError> {
        let (_, state) = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.error {
            Some(error) => Err(error),
            None => Ok(state.counts),
        }
    }
}
