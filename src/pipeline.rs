//! A stream of documents through the classifier, on all cores, in order.
//!
//! Threads take chunks from the input under one lock, work on them in parallel,
//! and write under another lock in the order they were read. So the output depends
//! on the input, the model and the options alone, and at most one chunk a thread is
//! in memory.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::ops::AddAssign;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::classifier::{Classifier, Scratch};
use crate::clean::{Cut, cuts, kept};
use crate::document::Span;
use crate::explain::Explanation;
use crate::formats::Format;
use crate::formats::jsonl::{Fields, Record};
use crate::formats::reader::{Chunk, ChunkReader, ReadError};
use crate::label::Label;
use crate::verdict::{Guard, Verdict};

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
    let order = Order { state: Mutex::new((0, State::new(outputs))), turned: Condvar::new() };
    let work = || {
        let mut worker =
            Worker { classifier, job, fields, name, format, scratch: classifier.scratch() };
        loop {
            let (turn, chunk) = {
                let mut reader = lock(&reader);
                let turn = reader.1;
                reader.1 += 1;
                let chunk = if order.stopped() { Ok(None) } else { reader.0.next_chunk() };
                (turn, chunk)
            };
            let result = match chunk {
                Ok(None) => break,
                Ok(Some(chunk)) => Ok(worker.work(&chunk)),
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
    fn stopped(&self) -> bool {
        lock(&self.state).1.error.is_some()
    }

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

/// What became of one chunk.
#[derive(Default)]
struct Done {
    main: Vec<u8>,
    removed: Vec<u8>,
    rejects: Vec<Reject>,
    counts: Counts,
}

struct Reject {
    record: u64,
    reason: String,
    row: Vec<u8>,
}

struct Worker<'w, 'm> {
    classifier: &'w Classifier<'m>,
    job: &'w Job,
    fields: &'w Fields,
    name: &'w str,
    format: Format,
    scratch: Scratch<'m>,
}

/// Where a document stands in its stream.
struct Place<'p> {
    /// The id, as JSON.
    id: &'p str,
    /// Number of the record, from 0.
    record: u64,
    /// What to add to paragraph numbers and to offsets: a long text comes in sections.
    paragraphs: u64,
    offset: u64,
    /// Number of the line it starts at, from 0.
    line: u64,
}

impl Worker<'_, '_> {
    fn work(&mut self, chunk: &Chunk) -> Done {
        let mut done = Done::default();
        done.counts.bytes = chunk.bytes.len() as u64;
        match self.format {
            Format::Text => self.work_text(chunk, &mut done),
            Format::JsonLines => self.work_records(chunk, &mut done),
        }
        done
    }

    fn work_text(&mut self, chunk: &Chunk, done: &mut Done) {
        let id = json_string(self.name);
        let place = Place {
            id: &id,
            record: 0,
            paragraphs: chunk.paragraphs,
            offset: chunk.offset,
            line: chunk.lines,
        };
        done.counts.records = u64::from(chunk.first);
        let cuts = self.judge(&chunk.bytes, chunk.unit, &place, None, done);
        if let Job::Filter { .. } = self.job {
            for range in kept(chunk.bytes.len(), &cuts) {
                done.main.extend_from_slice(&chunk.bytes[range]);
            }
        }
    }

    fn work_records(&mut self, chunk: &Chunk, done: &mut Done) {
        let mut offset = 0;
        for (number, line) in chunk.bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let number = chunk.lines + number as u64;
            let start = chunk.offset + offset as u64;
            offset += line.len();
            done.counts.records += 1;
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
            match Record::parse(bare, self.fields) {
                Ok(record) => self.work_record(&record, line, number, done),
                Err(error) => self.reject(line, number, start, error.to_string(), done),
            }
        }
    }

    fn work_record(&mut self, record: &Record<'_>, line: &[u8], number: u64, done: &mut Done) {
        let made_up;
        let id = match record.id {
            Some(id) => id,
            None => {
                made_up = json_string(&format!("{}:{}", self.name, number + 1));
                &made_up
            }
        };
        let place = Place { id, record: number, paragraphs: 0, offset: 0, line: number };
        let unit = self.classifier.unit();
        let cuts = self.judge(record.text.as_bytes(), unit, &place, Some((record, line)), done);
        if let Job::Filter { .. } = self.job {
            let raw = raw_cuts(record, &cuts);
            for range in kept(line.len(), &raw) {
                done.main.extend_from_slice(&line[range]);
            }
        }
    }

    fn reject(&self, line: &[u8], number: u64, offset: u64, reason: String, done: &mut Done) {
        done.counts.rejected += 1;
        let mut row = format!(
            "{{\"source\":{},\"record\":{},\"offset\":{offset},\"reason\":{},",
            json_string(self.name),
            number + 1,
            json_string(&reason),
        )
        .into_bytes();
        push_bytes(&mut row, "raw", line);
        row.extend_from_slice(b"}\n");
        done.rejects.push(Reject { record: number + 1, reason, row });
    }

    /// Judges a document and writes what the job asks for; what to cut, if filtering.
    fn judge(
        &mut self,
        text: &[u8],
        unit: crate::paragraph::Unit,
        place: &Place<'_>,
        record: Option<(&Record<'_>, &[u8])>,
        done: &mut Done,
    ) -> Vec<Cut> {
        let classifier = self.classifier.with_unit(unit);
        if let Job::Explain { top, all, json } = self.job {
            let explained = classifier.explain(text);
            for (number, (verdict, explanation)) in explained.iter().enumerate() {
                done.counts.add(verdict);
                if *all || verdict.label.is_spam() {
                    let row = Row { place, number, verdict, text };
                    if *json {
                        row.push_explanation_json(explanation, *top, &mut done.main);
                    } else {
                        row.push_explanation(explanation, *top, self.name, &mut done.main);
                    }
                }
            }
            return Vec::new();
        }
        let verdicts = classifier.judge_with(text, &mut self.scratch);
        verdicts.iter().for_each(|verdict| done.counts.add(verdict));
        done.counts.invalid_bytes += invalid_bytes(text);
        match self.job {
            Job::Filter { drop, audit } => {
                self.filter(text, &verdicts, drop, *audit, place, record, done)
            }
            Job::Score => {
                for (number, verdict) in verdicts.iter().enumerate() {
                    Row { place, number, verdict, text }.push_score(&mut done.main);
                }
                Vec::new()
            }
            Job::Check => {
                self.check(text, &verdicts, place, done);
                Vec::new()
            }
            Job::Explain { .. } => Vec::new(),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn filter(
        &self,
        text: &[u8],
        verdicts: &[Verdict],
        drop: &[Label],
        audit: bool,
        place: &Place<'_>,
        record: Option<(&Record<'_>, &[u8])>,
        done: &mut Done,
    ) -> Vec<Cut> {
        let spans: Vec<Span> = verdicts.iter().map(|verdict| verdict.span).collect();
        let cuts = cuts(text, &spans, |i| drop.contains(&verdicts[i].label));
        done.counts.removed += cuts.len() as u64;
        done.counts.removed_words +=
            cuts.iter().map(|cut| u64::from(verdicts[cut.paragraph].words)).sum::<u64>();
        done.counts.emptied += u64::from(!cuts.is_empty() && cuts.len() == verdicts.len());
        if audit {
            let (whole, raw) = match record {
                Some((record, line)) => (line, raw_cuts(record, &cuts)),
                None => (text, cuts.clone()),
            };
            for (cut, raw) in cuts.iter().zip(&raw) {
                let row =
                    Row { place, number: cut.paragraph, verdict: &verdicts[cut.paragraph], text };
                row.push_audit(
                    self.name,
                    &whole[raw.range.clone()],
                    raw.range.start,
                    &mut done.removed,
                );
            }
        }
        cuts
    }

    fn check(&self, text: &[u8], verdicts: &[Verdict], place: &Place<'_>, done: &mut Done) {
        let (mut line, mut at) = (place.line, 0);
        for (number, verdict) in verdicts.iter().enumerate() {
            if self.format == Format::Text {
                line += memchr::memchr_iter(b'\n', &text[at..verdict.span.start]).count() as u64;
                at = verdict.span.start;
            }
            if verdict.label.is_spam() {
                let paragraph = match self.format {
                    Format::Text => String::new(),
                    Format::JsonLines => format!("{}:", number as u64 + place.paragraphs),
                };
                let shown = printable(&verdict.span.lossy(text));
                let (name, spam) = (printable(self.name), verdict.spam());
                let row =
                    format!("{name}:{}:{paragraph}{}:{spam}:{shown}\n", line + 1, verdict.label);
                done.main.extend_from_slice(row.as_bytes());
            }
        }
    }
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.paragraphs += 1;
        self.words += u64::from(verdict.words);
        self.ad += u64::from(verdict.label == Label::Ad);
        self.chrome += u64::from(verdict.label == Label::Chrome);
        if let Some(guard) = verdict.guard {
            *self.guarded.entry(Guard::name(guard)).or_default() += 1;
        }
    }
}

/// Cuts of a record's text as cuts of its line.
fn raw_cuts(record: &Record<'_>, cuts: &[Cut]) -> Vec<Cut> {
    let ranges = record.raw_ranges(cuts.iter().map(|cut| cut.range.clone()));
    cuts.iter().zip(ranges).map(|(cut, range)| Cut { range, ..cut.clone() }).collect()
}

fn invalid_bytes(text: &[u8]) -> u64 {
    text.utf8_chunks().map(|chunk| chunk.invalid().len() as u64).sum()
}

/// What is written of one paragraph.
struct Row<'r> {
    place: &'r Place<'r>,
    number: usize,
    verdict: &'r Verdict,
    text: &'r [u8],
}

impl Row<'_> {
    fn push_score(&self, out: &mut Vec<u8>) {
        self.push_common(out);
        out.extend_from_slice(b"}\n");
    }

    /// The fields of `despam score`, without the closing brace.
    fn push_common(&self, out: &mut Vec<u8>) {
        let Verdict { span, ad, chrome, label, .. } = self.verdict;
        let offset = self.place.offset;
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            "{{\"id\":{},\"paragraph\":{},\"start\":{},\"end\":{},\"spam\":{},\"ad\":{ad},\"chrome\":{chrome},\"label\":\"{label}\"",
            self.place.id,
            self.number as u64 + self.place.paragraphs,
            span.start as u64 + offset,
            span.end as u64 + offset,
            self.verdict.spam(),
        );
    }

    /// An audit row: what is needed to look at a removal and to take it back.
    fn push_audit(&self, source: &str, cut: &[u8], at: usize, out: &mut Vec<u8>) {
        self.push_common(out);
        let _ = write!(
            out,
            ",\"text\":{},\"source\":{},\"record\":{},\"at\":{},",
            json_string(&self.verdict.span.lossy(self.text)),
            json_string(source),
            self.place.record + 1,
            at as u64 + self.place.offset,
        );
        push_bytes(out, "cut", cut);
        out.extend_from_slice(b"}\n");
    }

    fn push_explanation_json(&self, explanation: &Explanation, top: usize, out: &mut Vec<u8>) {
        self.push_common(out);
        let guard = self.verdict.guard.map_or("null".to_owned(), |guard| json_string(guard.name()));
        let _ = write!(
            out,
            ",\"threshold\":{},\"guard\":{guard},\"decision\":{},\"contributions\":[",
            self.verdict.threshold,
            json_number(explanation.decision)
        );
        for (i, part) in shown(explanation, top).iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let (stage, what) = (json_string(part.0), json_string(&part.1));
            let _ = write!(
                out,
                "{comma}{{\"stage\":{stage},\"what\":{what},\"value\":{}}}",
                json_number(part.2)
            );
        }
        out.extend_from_slice(b"]}\n");
    }

    fn push_explanation(
        &self,
        explanation: &Explanation,
        top: usize,
        source: &str,
        out: &mut Vec<u8>,
    ) {
        let Verdict { label, guard, span, .. } = self.verdict;
        let number = self.number as u64 + self.place.paragraphs;
        let _ = writeln!(
            out,
            "{}:{}: paragraph {number}: {label} (spam {}, threshold {})",
            printable(source),
            self.place.record + 1,
            self.verdict.spam(),
            self.verdict.threshold,
        );
        let _ = writeln!(out, "  {}", printable(&span.lossy(self.text)));
        if let Some(guard) = guard {
            let _ = writeln!(out, "  kept by the guard \"{}\"", guard.name());
        }
        for (stage, what, value) in shown(explanation, top) {
            let _ = writeln!(out, "  {value:+9.4}  {stage:7}  {}", printable(&what));
        }
        let _ = writeln!(out, "  {:+9.4}  decision value\n", explanation.decision);
    }
}

/// The strongest parts, and the others summed.
fn shown(explanation: &Explanation, top: usize) -> Vec<(&'static str, String, f64)> {
    let parts = &explanation.contributions;
    let (first, others) = parts.split_at(top.min(parts.len()));
    let mut shown: Vec<(&'static str, String, f64)> =
        first.iter().map(|part| (part.stage, part.what.clone(), part.value)).collect();
    if !others.is_empty() {
        let sum = others.iter().map(|part| part.value).sum();
        shown.push(("all", format!("{} others together", others.len()), sum));
    }
    shown
}

/// A JSON string.
pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json_number(number: f64) -> String {
    serde_json::Value::from(number).to_string()
}

/// Adds a JSON field with bytes: as a string if they are UTF-8, else in base64.
fn push_bytes(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    let field = match std::str::from_utf8(bytes) {
        Ok(text) => format!("\"{name}\":{}", json_string(text)),
        Err(_) => format!("\"{name}_base64\":\"{}\"", BASE64_STANDARD.encode(bytes)),
    };
    out.extend_from_slice(field.as_bytes());
}

/// The text on one line, with control characters escaped, fit for a terminal.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => shown.push(' '),
            _ if c.is_control() || is_direction(c) => shown.extend(c.escape_default()),
            _ => shown.push(c),
        }
    }
    shown
}

/// Characters that turn the direction of what a terminal shows.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}
