//! Parquet files: rows for the threads, and row groups for the sink.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::{Filter, InputError, Part, SharedSink, lock};
use crate::formats::jsonl::ADDED;
use crate::formats::parquet::{ParquetError, Reader, RowGroup, Writer};
use crate::formats::reader::CHUNK;

/// Some rows of a row group, as one thread takes them.
pub(super) struct Rows {
    pub group: Arc<RowGroup>,
    pub range: Range<usize>,
    /// Rows of the file before those of the row group.
    before: u64,
}

impl Rows {
    /// The number of a row of the group in the file, from 1.
    pub fn number(&self, row: usize) -> u64 {
        self.before + row as u64 + 1
    }

    pub fn fault(&self) -> InputError {
        InputError::Fault(format!("the rows from {} on", self.number(self.range.start)))
    }

    /// Whether the row group has no more.
    pub fn are_last(&self) -> bool {
        self.range.end == self.group.rows()
    }
}

/// Reads a file row group by row group, and cuts these into rows that have about
/// [`CHUNK`] bytes of text together.
pub(super) struct Slices {
    reader: Reader,
    /// Row groups read.
    groups: usize,
    /// The row group of which rows are left, and the first of them.
    open: Option<(Arc<RowGroup>, usize)>,
    before: u64,
}

impl Slices {
    pub fn new(reader: Reader) -> Self {
        Slices { reader, groups: 0, open: None, before: 0 }
    }

    /// The next rows. A row group without rows has an empty range of them.
    pub fn next_rows(&mut self) -> Result<Option<Rows>, ParquetError> {
        let (group, start) = match self.open.take() {
            Some(open) => open,
            None if self.groups == self.reader.row_groups() => return Ok(None),
            None => {
                self.groups += 1;
                (Arc::new(self.reader.read(self.groups - 1)?), 0)
            }
        };
        let (mut end, mut bytes) = (start, 0);
        while end < group.rows() && bytes < CHUNK {
            bytes += group.text(end).map_or(0, <[u8]>::len) + 1;
            end += 1;
        }
        let rows = Rows { group: Arc::clone(&group), range: start..end, before: self.before };
        if rows.are_last() {
            self.before += group.rows() as u64;
        } else {
            self.open = Some((group, end));
        }
        Ok(Some(rows))
    }
}

/// What is to be done to a row of a row group.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub row: usize,
    /// Whether it goes.
    pub dropped: bool,
    /// Another text.
    pub text: Option<Vec<u8>>,
    /// The value of the column that is added.
    pub added: Option<String>,
}

/// A Parquet file that is being written to a sink.
pub(super) struct Table<'s> {
    writer: Writer<ToSink<'s>>,
    refusal: Refusal,
    /// Changes to the row group of which not all rows are done.
    changes: Vec<Change>,
}

/// Why a Parquet file is not written to its end.
pub(super) enum Failed {
    Sink(io::Error),
    Input(InputError),
}

impl<'s> Table<'s> {
    /// Begins a file like that of `reader`.
    pub fn begin(sink: &SharedSink<'s>, reader: &Reader, filter: &Filter) -> Result<Self, Failed> {
        let refusal = Refusal::default();
        let output = ToSink { sink: Arc::clone(sink), refusal: Arc::clone(&refusal) };
        let added = filter.adds_field().then_some(ADDED);
        let writer = Writer::new(output, reader, added).map_err(|error| failed(&refusal, error))?;
        Ok(Table { writer, refusal, changes: Vec::new() })
    }

    /// Takes what is to be done to some rows. If they are the `last` of their row group,
    /// it is changed and written.
    pub fn take(&mut self, changes: Vec<Change>, last: Option<Rows>) -> Result<(), Failed> {
        self.changes.extend(changes);
        let Some(mut last) = last else { return Ok(()) };
        let fault = last.fault();
        // The other rows of the group were done before, so nobody else has it any more.
        let group = Arc::get_mut(&mut last.group).ok_or(Failed::Input(fault))?;
        let mut added = Vec::new();
        for change in self.changes.drain(..) {
            if change.dropped {
                group.drop_row(change.row);
            }
            if let Some(text) = change.text {
                group.set_text(change.row, text);
            }
            if change.added.is_some() {
                added.resize(change.row, None);
                added.push(change.added);
            }
        }
        group.set_added(added);
        self.writer.write(group).map_err(|error| failed(&self.refusal, error))
    }

    /// Writes the end of the file.
    pub fn finish(self) -> Result<(), Failed> {
        let Table { writer, refusal, .. } = self;
        writer.finish().map(drop).map_err(|error| failed(&refusal, error))
    }
}

/// What the sink complained of, if it did.
type Refusal = Arc<Mutex<Option<io::Error>>>;

/// Tells a complaint of the sink from a fault of the input.
fn failed(refusal: &Refusal, error: ParquetError) -> Failed {
    match lock(refusal).take() {
        Some(error) => Failed::Sink(error),
        None => Failed::Input(error.into()),
    }
}

/// Hands the bytes of the file to the sink.
struct ToSink<'s> {
    sink: SharedSink<'s>,
    refusal: Refusal,
}

impl Write for ToSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = Part { main: bytes.to_vec(), ..Part::default() };
        lock(&self.sink).part(&part).map_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            *lock(&self.refusal) = Some(error);
            told
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
