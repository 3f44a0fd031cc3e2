//! Putting removed paragraphs back: cleaned text plus audit rows give the original
//! bytes. Of WET they give the JSON Lines that were written, with nothing removed: the
//! headers of WARC records are in no output.

mod tables;

use std::io::{self, BufRead, Read, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::formats::Format;
use crate::formats::compression::Checksum;
use crate::formats::parquet::ParquetError;
use crate::pipeline::Counts;
pub use tables::restore_parquet;

/// The last audit row of a source: how much of it there was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEnd {
    /// The source's name.
    pub source: String,
    /// Its form: `txt`, `jsonl`, `wet` or `parquet`.
    pub format: String,
    /// Records read.
    pub records: u64,
    /// Records rejected: they are in the rejects file only.
    pub rejected: u64,
    /// Bytes to restore: those read, unpacked, those of the JSON Lines made of WET, or
    /// those of all texts of a Parquet file.
    pub bytes: u64,
    /// CRC-32 of these bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<u32>,
}

/// Why an original cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A row is not what `filter` writes.
    #[error("audit row {row}: {cause}")]
    Row {
        /// The row, counted from 1.
        row: usize,
        /// What is wrong.
        cause: String,
    },
    /// The rows are of several sources.
    #[error(
        "the audit rows are of several sources ({first:?}, {second:?}, ...): name one with --source"
    )]
    Sources {
        /// One source.
        first: String,
        /// Another one.
        second: String,
    },
    /// There is no end row.
    #[error(
        "the audit rows of this source have no end row: the run that wrote them did not finish"
    )]
    NoEnd,
    /// Records were rejected, and nothing says what they were.
    #[error("{0} record(s) of the original were rejected: give the rejects file with --rejects")]
    NoRejects(u64),
    /// Rows of a Parquet file went, and with them their other columns.
    #[error(
        "{0} row(s) of the original were left out, and their other columns with them: \
             they cannot be restored"
    )]
    DroppedRows(usize),
    /// The cleaned Parquet file cannot be read, or the restored one not written.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// The rows do not belong to the cleaned text.
    #[error("the cleaned text does not belong to these audit rows: {0}")]
    Mismatch(String),
}

#[derive(Deserialize)]
struct Row {
    source: String,
    record: Option<u64>,
    at: Option<u64>,
    cut: Option<String>,
    cut_base64: Option<String>,
    #[serde(default)]
    dropped: bool,
    added: Option<String>,
    raw: Option<String>,
    raw_base64: Option<String>,
    format: Option<String>,
    records: Option<u64>,
    rejected: Option<u64>,
    bytes: Option<u64>,
    crc32: Option<u32>,
}

/// What was done to a record (from 1) at a byte of the original.
struct Change {
    record: u64,
    at: u64,
    kind: Kind,
}

enum Kind {
    /// These bytes were cut.
    Cut(Vec<u8>),
    /// These bytes are the whole record, or a section of a text, which was left out.
    Dropped(Vec<u8>),
    /// These bytes were added.
    Added(Vec<u8>),
}

/// A record that was rejected, or a part of one.
struct Rejected {
    record: u64,
    bytes: Vec<u8>,
}

/// Writes the original of `cleaned` to `out`; for WET, all its documents as JSON Lines.
///
/// `removed` are the audit rows, `rejects` the rejected records if there were any,
/// `source` which source of the rows it is if they are of several.
pub fn restore(
    cleaned: &mut dyn BufRead,
    removed: &mut dyn BufRead,
    rejects: Option<&mut dyn BufRead>,
    source: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), RestoreError> {
    let (end, changes) = read_removed(removed, source)?;
    if end.format == Format::Parquet.name() {
        return Err(RestoreError::Mismatch("they are of a Parquet file".to_owned()));
    }
    let mut out = Counted { out, bytes: 0, checksum: Checksum::default() };
    if end.format == "txt" && end.rejected == 0 {
        restore_record(cleaned, &changes, &mut out)?;
    } else {
        let rejected = read_rejects(rejects, &end)?;
        restore_records(cleaned, &changes, rejected, &end, &mut out)?;
    }
    check_bytes(out.bytes, &out.checksum, &end)
}

fn check_bytes(bytes: u64, checksum: &Checksum, end: &AuditEnd) -> Result<(), RestoreError> {
    let mismatch = |cause| Err(RestoreError::Mismatch(cause));
    match end.crc32 {
        _ if bytes != end.bytes => mismatch(format!("{bytes} bytes instead of {}", end.bytes)),
        Some(crc32) if crc32 != checksum.value() => mismatch(
            "what comes out is not the original: were records changed or moved?".to_owned(),
        ),
        _ => Ok(()),
    }
}

/// Counts what goes through.
struct Counted<'o> {
    out: &'o mut dyn Write,
    bytes: u64,
    checksum: Checksum,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.bytes += count as u64;
        self.checksum.add(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn restore_records<'r>(
    cleaned: &mut dyn BufRead,
    mut changes: &[Change],
    rejected: impl Iterator<Item = Result<Rejected, RestoreError>> + 'r,
    end: &AuditEnd,
    out: &mut dyn Write,
) -> Result<(), RestoreError> {
    let mut rejected = rejected.peekable();
    for record in 1..=end.records {
        let is_this = |row: &Result<Rejected, _>| match row {
            Ok(rejected) => rejected.record == record,
            Err(_) => true,
        };
        let mut is_rejected = false;
        // A record over the limit has several rows.
        while let Some(row) = rejected.next_if(is_this) {
            is_rejected = true;
            let bytes = row?.bytes;
            // A bad record of a WET file was never a line of JSON.
            if end.format != Format::Wet.name() {
                out.write_all(&bytes)?;
            }
        }
        if is_rejected {
            continue;
        }
        let count = changes.iter().take_while(|change| change.record == record).count();
        let (these, others) = changes.split_at(count);
        let dropped = matches!(these, [Change { kind: Kind::Dropped(_), .. }]);
        let mut line = Vec::new();
        if !dropped && cleaned.read_until(b'\n', &mut line)? == 0 {
            return Err(RestoreError::Mismatch(format!("it ends before record {record}")));
        }
        restore_record(&mut line.as_slice(), these, out)?;
        changes = others;
    }
    if !changes.is_empty() || !cleaned.fill_buf()?.is_empty() {
        return Err(RestoreError::Mismatch(format!("it goes on after record {}", end.records)));
    }
    Ok(())
}

/// Copies a record, undoing what was done to it.
fn restore_record(
    cleaned: &mut dyn BufRead,
    changes: &[Change],
    out: &mut dyn Write,
) -> Result<(), RestoreError> {
    let mut written = 0;
    for change in changes {
        let missing = change.at.checked_sub(written);
        let missing =
            missing.ok_or_else(|| RestoreError::Mismatch("rows out of order".to_owned()))?;
        let copied = io::copy(&mut Read::take(&mut *cleaned, missing), out)?;
        if copied < missing {
            return Err(RestoreError::Mismatch(format!(
                "it ends before byte {} of the original",
                change.at
            )));
        }
        written = change.at;
        match &change.kind {
            Kind::Cut(bytes) | Kind::Dropped(bytes) => {
                out.write_all(bytes)?;
                written += bytes.len() as u64;
            }
            Kind::Added(bytes) => skip(cleaned, bytes)?,
        }
    }
    io::copy(cleaned, out)?;
    Ok(())
}

/// Passes over what was added.
fn skip(cleaned: &mut dyn BufRead, added: &[u8]) -> Result<(), RestoreError> {
    let mut found = Vec::new();
    Read::take(cleaned, added.len() as u64).read_to_end(&mut found)?;
    match found == added {
        true => Ok(()),
        false => Err(RestoreError::Mismatch("it lacks a field that was added".to_owned())),
    }
}

fn read_rows(input: &mut dyn BufRead) -> impl Iterator<Item = Result<(usize, Row), RestoreError>> {
    input.lines().enumerate().map(|(i, line)| {
        let bad = |cause: String| RestoreError::Row { row: i + 1, cause };
        let row = serde_json::from_str(&line?).map_err(|error| bad(error.to_string()))?;
        Ok((i + 1, row))
    })
}

fn bytes(
    text: Option<String>,
    base64: Option<String>,
    row: usize,
) -> Result<Vec<u8>, RestoreError> {
    match (text, base64) {
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => BASE64_STANDARD
            .decode(base64)
            .map_err(|error| RestoreError::Row { row, cause: error.to_string() }),
        _ => Err(RestoreError::Row { row, cause: "expected the bytes that were cut".to_owned() }),
    }
}

fn read_removed(
    input: &mut dyn BufRead,
    source: Option<&str>,
) -> Result<(AuditEnd, Vec<Change>), RestoreError> {
    let (mut changes, mut end, mut seen) = (Vec::new(), None, None::<String>);
    for row in read_rows(input) {
        let (number, row) = row?;
        if source.is_some_and(|source| source != row.source) {
            continue;
        }
        if let Some(first) = seen.as_ref().filter(|first| **first != row.source) {
            return Err(RestoreError::Sources { first: first.clone(), second: row.source });
        }
        seen = Some(row.source.clone());
        if let (Some(records), Some(rejected)) = (row.records, row.rejected) {
            let format = row.format.unwrap_or_default();
            let bytes = row.bytes.unwrap_or_default();
            let (source, crc32) = (row.source, row.crc32);
            end = Some(AuditEnd { source, format, records, rejected, bytes, crc32 });
            continue;
        }
        let place = row.record.zip(row.at);
        let (record, at) = place.ok_or_else(|| RestoreError::Row {
            row: number,
            cause: "expected \"record\" and \"at\"".to_owned(),
        })?;
        let kind = match row.added {
            Some(added) => Kind::Added(added.into_bytes()),
            None if row.dropped => Kind::Dropped(bytes(row.cut, row.cut_base64, number)?),
            None => Kind::Cut(bytes(row.cut, row.cut_base64, number)?),
        };
        changes.push(Change { record, at, kind });
    }
    end.map(|end| (end, changes)).ok_or(RestoreError::NoEnd)
}

/// The rejected records of a source, if it has any, one by one.
fn read_rejects<'r>(
    input: Option<&'r mut dyn BufRead>,
    end: &AuditEnd,
) -> Result<impl Iterator<Item = Result<Rejected, RestoreError>> + 'r, RestoreError> {
    if input.is_none() && end.rejected > 0 {
        return Err(RestoreError::NoRejects(end.rejected));
    }
    let source = end.source.clone();
    let rows = input.into_iter().flat_map(read_rows);
    Ok(rows.filter_map(move |row| match row {
        Ok((_, row)) if row.source != source => None,
        row => Some(row.and_then(|(number, row)| {
            let record = row.record.unwrap_or_default();
            Ok(Rejected { record, bytes: bytes(row.raw, row.raw_base64, number)? })
        })),
    }))
}

impl AuditEnd {
    /// The row that closes a source of which this was counted.
    pub fn new(source: &str, format: Format, counts: &Counts) -> Self {
        AuditEnd {
            source: source.to_owned(),
            format: format.name().to_owned(),
            records: counts.records,
            rejected: counts.rejected,
            bytes: counts.restorable_bytes,
            crc32: counts.restorable_crc32,
        }
    }
}
