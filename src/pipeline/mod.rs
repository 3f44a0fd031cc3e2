//! Streams of documents through the classifier, on all cores, in order.
//!
//! Threads take chunks from the inputs under one lock, work on them in parallel,
//! and hand them to a sink under another lock in the order they were read; where
//! one input ends and the next begins makes no difference to that. So the output
//! depends on the inputs, the model and the options alone, and at most one chunk a
//! thread is in memory.
//!
//! Parquet files are taken row group by row group, and threads share the rows of one:
//! at most two row groups, or one small one a thread, are in memory.

mod filter;
mod rows;
mod tables;
mod worker;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::classifier::Classifier;
use crate::formats::Format;
use crate::formats::compression::Checksum;
use crate::formats::jsonl::Fields;
use crate::formats::parquet::{ParquetError, Reader};
use crate::formats::reader::{Chunk, ChunkReader, ReadError};
use crate::paragraph::Unit;
use crate::statistics::Statistics;
use crate::verdict::Guard;
pub use filter::{Excess, Filter, MaxRemoved};
pub(crate) use rows::printable;
use tables::{Change, Rows, Slices, Table};
use worker::Worker;

/// What to do with the documents.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// Write them without their spam.
    Filter(Filter),
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

impl Job {
    fn refuses(&self, format: Format) -> bool {
        matches!(self, Job::Filter(filter) if filter.refuses(format))
    }

    fn is_strict(&self) -> bool {
        matches!(self, Job::Filter(filter) if filter.strict)
    }

    /// How to filter, if that is what to do.
    fn filter(&self) -> Option<&Filter> {
        match self {
            Job::Filter(filter) => Some(filter),
            _ => None,
        }
    }
}

/// An input, opened when its turn comes.
pub struct Input<'i> {
    /// What it is called: its path, or `-`.
    pub name: String,
    /// Opens it.
    pub open: Box<dyn FnOnce() -> Result<Opened<'i>, InputError> + Send + 'i>,
}

/// An opened input.
pub enum Opened<'i> {
    /// A stream.
    Stream {
        /// Its form, which is not Parquet: that cannot be read from first to last.
        format: Format,
        /// The bytes, unpacked.
        reader: Box<dyn Read + Send + 'i>,
    },
    /// A Parquet file with its columns found.
    Parquet(Reader),
}

impl<'i> Input<'i> {
    /// A stream that is open already.
    pub fn new(name: &str, format: Format, reader: impl Read + Send + 'i) -> Self {
        Self::opened(name, Opened::Stream { format, reader: Box::new(reader) })
    }

    /// An input that is open already.
    pub fn opened(name: &str, opened: Opened<'i>) -> Self {
        Input { name: name.to_owned(), open: Box::new(|| Ok(opened)) }
    }
}

/// Takes results in the order of the inputs, one call at a time.
pub trait Sink: Send {
    /// An input begins.
    fn begin(&mut self, name: &str, format: Format) -> io::Result<()>;
    /// A part of it is done.
    fn part(&mut self, part: &Part) -> io::Result<()>;
    /// It ended, or could not be read to its end: then its parts are not all of it.
    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()>;
}

/// A sink that writes documents or rows and passes over everything else.
impl<W: Write + Send> Sink for W {
    fn begin(&mut self, _: &str, _: Format) -> io::Result<()> {
        Ok(())
    }

    fn part(&mut self, part: &Part) -> io::Result<()> {
        self.write_all(&part.main)
    }

    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()> {
        result.map(|_| ()).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// What became of some records of an input.
#[derive(Debug, Default)]
pub struct Part {
    /// Documents or rows.
    pub main: Vec<u8>,
    /// Audit rows of removed paragraphs.
    pub removed: Vec<u8>,
    /// Rows of attributes, one a record.
    pub attributes: Vec<u8>,
    /// Records that could not be judged.
    pub rejects: Vec<Reject>,
    /// What was counted.
    pub counts: Counts,
    /// Of the bytes that restoring gives, if there are audit rows.
    checksum: Checksum,
    /// Of Parquet: what is to be done to rows of the row group.
    changes: Vec<Change>,
    /// What a report tells, if one is asked for.
    pub statistics: Option<Box<Statistics>>,
}

/// A record that could not be judged.
#[derive(Clone, Debug)]
pub struct Reject {
    /// The record, counted from 1.
    pub record: u64,
    /// Why.
    pub reason: String,
    /// A JSON row with both and the record's bytes.
    pub row: Vec<u8>,
    /// Whether the row has only a further part of a record that was too long for one.
    pub further: bool,
}

/// What a run counted. Documents that go out are `records - rejected - dropped`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Records read, a text being one. An empty input has none.
    pub records: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Records of a WET file that hold no text of a page, such as `warcinfo`. They are
    /// not among `records` and not written.
    pub other_records: u64,
    /// Documents left out because too much of them would go.
    pub dropped: u64,
    /// Records without a text that go out as they are.
    pub passed: u64,
    /// Lines of texts that were too long to be judged and go out as they are.
    pub long_lines: u64,
    /// Documents, or sections of long texts, of which more than the bound would go.
    pub over_max_removed: u64,
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
    /// Bytes read, unpacked; of Parquet those of the texts.
    pub bytes: u64,
    /// Bytes that restoring gives: those read, or those of the JSON Lines made of a WET file.
    #[serde(skip)]
    pub restorable_bytes: u64,
    /// CRC-32 of these bytes, of one input that was read to its end, if there are audit rows.
    #[serde(skip)]
    pub restorable_crc32: Option<u32>,
    /// Bytes that are not valid UTF-8 and were judged as U+FFFD.
    pub invalid_bytes: u64,
    /// Paragraphs that a guard kept, by guard.
    pub guarded: BTreeMap<Guard, u64>,
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        self.records += other.records;
        self.rejected += other.rejected;
        self.other_records += other.other_records;
        self.dropped += other.dropped;
        self.passed += other.passed;
        self.long_lines += other.long_lines;
        self.over_max_removed += other.over_max_removed;
        self.paragraphs += other.paragraphs;
        self.ad += other.ad;
        self.chrome += other.chrome;
        self.removed += other.removed;
        self.emptied += other.emptied;
        self.words += other.words;
        self.removed_words += other.removed_words;
        self.bytes += other.bytes;
        self.restorable_bytes += other.restorable_bytes;
        self.restorable_crc32 = match (self.restorable_crc32, other.restorable_crc32) {
            (one, None) | (None, one) => one,
            _ => None,
        };
        self.invalid_bytes += other.invalid_bytes;
        for (guard, count) in &other.guarded {
            *self.guarded.entry(*guard).or_default() += count;
        }
    }
}

/// Why an input was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be opened or read on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A Parquet file that cannot be read or filtered.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// A Parquet file whose text cannot be judged.
    #[error("row {row}: {cause}")]
    Row {
        /// The row, counted from 1.
        row: u64,
        /// Why not.
        cause: String,
    },
    /// Parquet as a stream.
    #[error("Parquet cannot be read as a stream")]
    Stream,
    /// A form that cannot be filtered as is asked.
    #[error(
        "the form of the input is {0}: attributes need jsonl, \
         marks and flags need jsonl, wet or parquet"
    )]
    Form(&'static str),
    /// A fault of despam itself, and where.
    #[error("despam failed on {0}: please report this")]
    Fault(String),
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error).into()
    }
}

/// Threads that are made for each core, however many are asked for.
const MOST_THREADS_A_CORE: usize = 4;

/// Runs a job over inputs on `threads` threads and returns what was counted in those
/// that could be read. An input that cannot be is told to the sink, and the others
/// are done all the same.
///
/// # Errors
/// What the sink says stops the run.
///
/// ```
/// use despam::formats::Format;
/// use despam::formats::jsonl::Fields;
/// use despam::pipeline::{Input, Job, run};
/// use despam::{Classifier, Model};
///
/// let text = "Share this article on Facebook\n";
/// let input = Input::new("a.txt", Format::Text, text.as_bytes());
/// let mut rows = Vec::new();
/// let classifier = Classifier::new(Model::default_model());
/// let inputs = std::iter::once(input);
/// let counts = run(&classifier, &Job::Score, &Fields::default(), inputs, &mut rows, 2)?;
/// assert_eq!(counts.paragraphs, 1);
/// assert!(rows.starts_with(br#"{"id":"a.txt","paragraph":0,"start":0,"end":30,"#));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn run<'i>(
    classifier: &Classifier<'_>,
    job: &Job,
    fields: &Fields,
    inputs: impl Iterator<Item = Input<'i>> + Send,
    sink: &mut dyn Sink,
    threads: usize,
) -> io::Result<Counts> {
    let unit = classifier.unit();
    let feed = Mutex::new(Feed { inputs, unit, job, open: None, turn: 0 });
    let order = Order {
        state: Mutex::new(State {
            turn: 0,
            sink: Arc::new(Mutex::new(sink)),
            filter: job.filter(),
            table: None,
            counts: Counts::default(),
            checksum: Checksum::default(),
            fault: None,
            total: Counts::default(),
            error: None,
        }),
        turned: Condvar::new(),
        stopped: AtomicBool::new(false),
    };
    let work = || {
        let mut worker = Worker { classifier, job, fields, scratch: classifier.scratch() };
        while !order.stopped.load(Ordering::Relaxed) {
            let Some((turn, step)) = lock(&feed).next() else { break };
            let done = match step {
                Step::Begin(head, table) => Done::Begin(head, table),
                Step::End(result) => Done::End(result),
                // A panic must not leave the other threads waiting for this turn.
                Step::Chunk(head, chunk) => {
                    catch_unwind(AssertUnwindSafe(|| worker.work(&head, &chunk)))
                        .map_or_else(|_| Done::Fault(fault_in(&chunk)), Done::part)
                }
                Step::Rows(head, rows) => {
                    catch_unwind(AssertUnwindSafe(|| worker.work_rows(&head, &rows)))
                        .unwrap_or_else(|_| Err(rows.fault()))
                        .map_or_else(Done::Fault, |part| Done::rows(part, rows))
                }
            };
            order.take(turn, done);
        }
    };
    // More threads than these only take memory from each other.
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 1..threads.min(MOST_THREADS_A_CORE * cores) {
            // A system that is out of threads or memory gets along with fewer.
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    order.into_result()
}

fn fault_in(chunk: &Chunk) -> InputError {
    InputError::Fault(format!("the chunk at byte {}", chunk.offset))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an input is called and its form.
struct Head {
    name: String,
    format: Format,
}

/// What is to be done next, in the order of the inputs.
enum Step {
    Begin(Arc<Head>, Option<Reader>),
    Chunk(Arc<Head>, Chunk),
    Rows(Arc<Head>, Rows),
    End(Result<(), InputError>),
}

/// What was done.
enum Done {
    Begin(Arc<Head>, Option<Reader>),
    /// With the rows it was made of, if they are the last of their row group.
    Part(Box<Part>, Option<Rows>),
    Fault(InputError),
    End(Result<(), InputError>),
}

impl Done {
    fn part(part: Part) -> Self {
        Done::Part(Box::new(part), None)
    }

    fn rows(part: Part, rows: Rows) -> Self {
        Done::Part(Box::new(part), Some(rows).filter(Rows::are_last))
    }
}

/// Reads the inputs one after another.
struct Feed<'i, 'j, I> {
    inputs: I,
    unit: Unit,
    job: &'j Job,
    /// The input that is being read, or why it could not be opened.
    open: Option<(Arc<Head>, Result<Reading<'i>, InputError>)>,
    turn: u64,
}

/// An input that is being read.
enum Reading<'i> {
    Chunks(ChunkReader<Box<dyn Read + Send + 'i>>),
    Rows(Slices),
}

impl Reading<'_> {
    /// What is to be done with the next piece; `None` at the end.
    fn next(&mut self, head: &Arc<Head>) -> Result<Option<Step>, InputError> {
        let head = Arc::clone(head);
        Ok(match self {
            Reading::Chunks(reader) => reader.next_chunk()?.map(|chunk| Step::Chunk(head, chunk)),
            Reading::Rows(slices) => slices.next_rows()?.map(|rows| Step::Rows(head, rows)),
        })
    }
}

impl<'i, I: Iterator<Item = Input<'i>>> Feed<'i, '_, I> {
    fn next(&mut self) -> Option<(u64, Step)> {
        let step = match self.open.take() {
            None => self.begin()?,
            Some((_, Err(error))) => Step::End(Err(error)),
            Some((head, Ok(mut reading))) => match reading.next(&head) {
                Err(error) => Step::End(Err(error)),
                Ok(None) => Step::End(Ok(())),
                Ok(Some(step)) => {
                    self.open = Some((head, Ok(reading)));
                    step
                }
            },
        };
        self.turn += 1;
        Some((self.turn - 1, step))
    }

    fn begin(&mut self) -> Option<Step> {
        let Input { name, open } = self.inputs.next()?;
        let (mut format, mut table) = (Format::Text, None);
        let mut reading = match open() {
            Ok(Opened::Stream { format: Format::Parquet, .. }) => Err(InputError::Stream),
            Ok(Opened::Stream { format: found, reader }) => {
                format = found;
                let reader = ChunkReader::new(reader, format, self.unit);
                Ok(Reading::Chunks(reader.with_strict(self.job.is_strict())))
            }
            Ok(Opened::Parquet(reader)) => {
                format = Format::Parquet;
                table = Some(reader.clone());
                Ok(Reading::Rows(Slices::new(reader)))
            }
            Err(error) => Err(error),
        };
        if self.job.refuses(format) {
            (reading, table) = (Err(InputError::Form(format.name())), None);
        }
        let head = Arc::new(Head { name, format });
        self.open = Some((Arc::clone(&head), reading));
        Some(Step::Begin(head, table))
    }
}

/// Takes what was done in the order of its turns.
struct Order<'s> {
    state: Mutex<State<'s>>,
    turned: Condvar,
    stopped: AtomicBool,
}

struct State<'s> {
    turn: u64,
    sink: SharedSink<'s>,
    filter: Option<&'s Filter>,
    /// The Parquet file that is being written.
    table: Option<Table<'s>>,
    /// Of the input that is being done: its counts, the checksum of what restoring gives,
    /// and what failed.
    counts: Counts,
    checksum: Checksum,
    fault: Option<InputError>,
    /// Of all inputs that were read to their end.
    total: Counts,
    error: Option<io::Error>,
}

/// The sink, which a Parquet file that is being written needs too.
type SharedSink<'s> = Arc<Mutex<&'s mut dyn Sink>>;

impl<'s> State<'s> {
    fn take(&mut self, done: Done) -> io::Result<()> {
        match done {
            Done::Begin(head, table) => {
                (self.counts, self.fault) = (Counts::default(), None);
                self.checksum = Checksum::default();
                lock(&self.sink).begin(&head.name, head.format)?;
                if let (Some(reader), Some(filter)) = (table, self.filter) {
                    let table = Table::begin(&self.sink, &reader, filter);
                    self.table = self.unless_fault(table)?;
                }
                Ok(())
            }
            Done::Part(..) if self.fault.is_some() => Ok(()),
            Done::Part(part, rows) => {
                self.counts += &part.counts;
                self.checksum.append(&part.checksum);
                lock(&self.sink).part(&part)?;
                if let Some(table) = &mut self.table {
                    let written = table.take(part.changes, rows);
                    self.unless_fault(written)?;
                }
                Ok(())
            }
            Done::Fault(fault) => {
                self.fault.get_or_insert(fault);
                Ok(())
            }
            Done::End(result) => {
                let table = self.table.take().filter(|_| self.fault.is_none() && result.is_ok());
                if let Some(table) = table {
                    let finished = table.finish();
                    self.unless_fault(finished)?;
                }
                match self.fault.take().map_or(result, Err) {
                    Ok(()) => {
                        let audit = self.filter.is_some_and(|filter| filter.audit);
                        self.counts.restorable_crc32 = audit.then(|| self.checksum.value());
                        self.total += &self.counts;
                        lock(&self.sink).end(Ok(&self.counts))
                    }
                    Err(error) => lock(&self.sink).end(Err(&error)),
                }
            }
        }
    }

    /// What a Parquet file gave, unless it failed. Then the input has a fault, or the
    /// run ends if it was the sink that failed.
    fn unless_fault<T>(&mut self, result: Result<T, tables::Failed>) -> io::Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(tables::Failed::Sink(error)) => Err(error),
            Err(tables::Failed::Input(error)) => {
                self.fault.get_or_insert(error);
                Ok(None)
            }
        }
    }
}

/// Wakes all who wait when it is dropped.
struct Notifies<'c>(&'c Condvar);

impl Drop for Notifies<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

impl Order<'_> {
    /// Waits for the turn, then passes on what was done.
    fn take(&self, turn: u64, done: Done) {
        // Whatever happens, a panic of the sink too, the others must not wait for ever.
        let _notified = Notifies(&self.turned);
        let mut state = lock(&self.state);
        while state.turn != turn {
            state = self.turned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.turn += 1;
        if state.error.is_none() {
            state.error = state.take(done).err();
            self.stopped.store(state.error.is_some(), Ordering::Relaxed);
        }
    }

    fn into_result(self) -> io::Result<Counts> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(state.total), Err)
    }
}
