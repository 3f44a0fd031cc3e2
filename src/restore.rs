//! Putting removed paragraphs back: cleaned text plus audit rows give the original
//! bytes. Of WET they give the JSON Lines that were written, with nothing removed: the
//! headers of WARC records are in no output.

use std::io::{self, BufRead, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::formats::Format;
use crate::pipeline::Counts;

/// The last audit row of a source: how much of it there was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEnd {
    /// The source's name.
    pub source: String,
    /// Its form: `txt`, `jsonl` or `wet`.
    pub format: String,
    /// Records read.
    pub records: u64,
    /// Records rejected: they are in the rejects file only.
    pub rejected: u64,
    /// Bytes to restore: those read, unpacked, or those of the JSON Lines made of WET.
    pub bytes: u64,
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
    raw: Option<String>,
    raw_base64: Option<String>,
    format: Option<String>,
    records: Option<u64>,
    rejected: Option<u64>,
    bytes: Option<u64>,
}

/// Bytes to put back: into which record (from 1), at which byte of the original.
struct Insertion {
    record: u64,
    at: u64,
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
    let (end, cuts) = read_removed(removed, source)?;
    let mut out = Counted { out, bytes: 0 };
    match end.format.as_str() {
        "txt" => restore_record(cleaned, &cuts, &mut out)?,
        _ => restore_records(cleaned, &cuts, rejects, &end, &mut out)?,
    }
    match out.bytes == end.bytes {
        true => Ok(()),
        false => {
            Err(RestoreError::Mismatch(format!("{} bytes instead of {}", out.bytes, end.bytes)))
        }
    }
}

/// Counts what goes through.
struct Counted<'o> {
    out: &'o mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn restore_records(
    cleaned: &mut dyn BufRead,
    cuts: &[Insertion],
    rejects: Option<&mut dyn BufRead>,
    end: &AuditEnd,
    out: &mut dyn Write,
) -> Result<(), RestoreError> {
    let rejected = match rejects {
        Some(rejects) => read_rejects(rejects, &end.source)?,
        None if end.rejected > 0 => return Err(RestoreError::NoRejects(end.rejected)),
        None => Vec::new(),
    };
    let (mut cuts, mut rejected) = (cuts, rejected.as_slice());
    for record in 1..=end.records {
        if let Some((first, others)) =
            rejected.split_first().filter(|(first, _)| first.record == record)
        {
            // A bad record of a WET file was never a line of JSON.
            if end.format != Format::Wet.name() {
                out.write_all(&first.bytes)?;
            }
            rejected = others;
            continue;
        }
        let mut line = Vec::new();
        if cleaned.read_until(b'\n', &mut line)? == 0 {
            return Err(RestoreError::Mismatch(format!("it ends before record {record}")));
        }
        let count = cuts.iter().take_while(|cut| cut.record == record).count();
        let (these, others) = cuts.split_at(count);
        restore_record(&mut line.as_slice(), these, out)?;
        cuts = others;
    }
    if !cuts.is_empty() || !cleaned.fill_buf()?.is_empty() {
        return Err(RestoreError::Mismatch(format!("it goes on after record {}", end.records)));
    }
    Ok(())
}

/// Copies a record, putting bytes in where the original had them.
fn restore_record(
    cleaned: &mut dyn BufRead,
    cuts: &[Insertion],
    out: &mut dyn Write,
) -> Result<(), RestoreError> {
    let mut written = 0;
    for cut in cuts {
        let missing = cut.at.checked_sub(written);
        let missing =
            missing.ok_or_else(|| RestoreError::Mismatch("rows out of order".to_owned()))?;
        let copied = io::copy(&mut io::Read::take(&mut *cleaned, missing), out)?;
        if copied < missing {
            return Err(RestoreError::Mismatch(format!(
                "it ends before byte {} of the original",
                cut.at
            )));
        }
        out.write_all(&cut.bytes)?;
        written += copied + cut.bytes.len() as u64;
    }
    io::copy(cleaned, out)?;
    Ok(())
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
) -> Result<(AuditEnd, Vec<Insertion>), RestoreError> {
    let (mut cuts, mut end, mut seen) = (Vec::new(), None, None::<String>);
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
            end = Some(AuditEnd { source: row.source, format, records, rejected, bytes });
            continue;
        }
        let place = row.record.zip(row.at);
        let (record, at) = place.ok_or_else(|| RestoreError::Row {
            row: number,
            cause: "expected \"record\" and \"at\"".to_owned(),
        })?;
        cuts.push(Insertion { record, at, bytes: bytes(row.cut, row.cut_base64, number)? });
    }
    end.map(|end| (end, cuts)).ok_or(RestoreError::NoEnd)
}

fn read_rejects(input: &mut dyn BufRead, source: &str) -> Result<Vec<Insertion>, RestoreError> {
    let mut rejected = Vec::new();
    for row in read_rows(input) {
        let (number, row) = row?;
        if row.source == source {
            let record = row.record.unwrap_or_default();
            rejected.push(Insertion {
                record,
                at: 0,
                bytes: bytes(row.raw, row.raw_base64, number)?,
            });
        }
    }
    Ok(rejected)
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
        }
    }
}
