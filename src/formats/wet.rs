//! WET: the text records of Common Crawl, in the syntax of WARC 1.0 and 1.1.
//!
//! A record is a version line, `Name: value` lines, a blank line, a block of
//! `Content-Length` bytes and two line breaks. Line breaks are LF or CRLF. What is not
//! like that is bad up to the next version line, where reading goes on.
//!
//! A block is never searched: a page that shows WARC records is one document. A record
//! needs nothing of what comes after it, so a stream can be read in parts.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::jsonl::NewRecord;

/// Bytes that a header may have.
pub const MAX_HEADER: usize = 64 << 10;
/// Bytes that a block may have. The text of a page has a few MiB at most.
pub const MAX_BLOCK: usize = 32 << 20;
/// Bytes that an item may have. More bytes without a record are several items.
pub const MAX_ITEM: usize = MAX_HEADER + MAX_BLOCK + BREAKS[0].len();

const VERSIONS: [&[u8]; 4] = [b"WARC/1.0\r\n", b"WARC/1.1\r\n", b"WARC/1.0\n", b"WARC/1.1\n"];
/// Bytes of the longest version line.
const VERSION: usize = VERSIONS[0].len();
/// How a record ends; the longest first.
const BREAKS: [&[u8]; 2] = [b"\r\n\r\n", b"\n\n"];
const TYPE: &str = "WARC-Type";
const LENGTH: &str = "Content-Length";

// With that many bytes in memory, a reader sees at least one whole item.
const _: () = assert!(MAX_ITEM + VERSION <= super::reader::MAX_LINE);

/// What stands at one place of a WET file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'w> {
    /// A record of type `conversion`: the text of a page.
    Document(Record<'w>),
    /// A record of any other type, such as `warcinfo`, or blank lines between records.
    Other,
    /// Bytes that are no record, up to the next version line.
    Bad(RecordError),
}

/// A document and what its header says. A field is `None` if it is missing, empty or
/// not UTF-8. If it is there twice, the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'w> {
    /// `WARC-Record-ID`, as it stands: `<urn:uuid:...>`.
    pub id: Option<&'w str>,
    /// `WARC-Target-URI`, without the `<` and `>` that some writers put around it.
    pub url: Option<&'w str>,
    /// `WARC-Date`, as it stands: `2024-05-18T01:58:10Z`.
    pub date: Option<&'w str>,
    /// `WARC-Identified-Content-Language`, as it stands: `eng,deu`.
    pub languages: Option<&'w str>,
    /// The block. It need not be UTF-8.
    pub text: &'w [u8],
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// There is no version line.
    #[error("no record starts here: expected a line `WARC/1.0` or `WARC/1.1`")]
    NoRecord,
    /// The header is cut off, too long, or has a line without a name.
    #[error("expected lines `Name: value` and a blank line, {MAX_HEADER} bytes at most")]
    Header,
    /// The header lacks a field.
    #[error("no header field {0}")]
    Missing(&'static str),
    /// The length is no number, or too large.
    #[error("{LENGTH} is not a number up to {MAX_BLOCK}")]
    Length,
    /// The record is cut off, or its length is wrong.
    #[error("{LENGTH} is {0}, but the record does not end there with two line breaks")]
    End(usize),
    /// The text is not UTF-8.
    #[error("invalid UTF-8 at byte {0} of the text")]
    Utf8(usize),
}

impl<'w> Record<'w> {
    /// The record as a line of JSON, with the fields `id`, `url`, `date`, `language` and
    /// `text` as far as they are there.
    ///
    /// # Errors
    /// [`RecordError::Utf8`].
    pub fn to_json(&self) -> Result<NewRecord<'w>, RecordError> {
        let text = std::str::from_utf8(self.text)
            .map_err(|error| RecordError::Utf8(error.valid_up_to()))?;
        let fields = [("url", self.url), ("date", self.date), ("language", self.languages)];
        Ok(NewRecord::new(self.id, &fields, text))
    }
}

/// The items of `bytes`, each with its range. The ranges tile the bytes. The time is
/// linear in the number of bytes.
///
/// ```
/// use despam::formats::wet::{Item, items};
///
/// let file = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 6\r\n\r\nHello.\r\n\r\nNoise";
/// let found: Vec<_> = items(file).collect();
/// assert!(matches!(&found[0].1, Item::Document(record) if record.text == b"Hello."));
/// assert!(matches!(&found[1], (range, Item::Bad(_)) if &file[range.clone()] == b"Noise"));
/// ```
pub fn items(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Item<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &bytes[at..];
        if rest.is_empty() {
            return None;
        }
        let (length, item) = first(rest, &mut 0);
        let start = at;
        at += length;
        Some((start..at, item))
    })
}

/// How many of `bytes` are whole items if more bytes may follow: where to cut a stream.
/// `None` if not one whole item is there.
///
/// The [`items`] of the parts are the items of the whole stream. It is never `None` if
/// there are [`MAX_LINE`](super::reader::MAX_LINE) bytes. A reader starts with some
/// bytes and takes twice as many as long as it is `None`. At the end of the stream all
/// bytes that are left are the last part.
///
/// ```
/// use despam::formats::wet::whole_items;
///
/// let file = b"WARC/1.0\nWARC-Type: warcinfo\nContent-Length: 0\n\n\n\nWARC/1.0\nWARC-Ty";
/// assert_eq!(whole_items(file), Some(50));
/// assert_eq!(whole_items(&file[..49]), None);
/// ```
pub fn whole_items(bytes: &[u8]) -> Option<usize> {
    let mut whole = 0;
    while whole < bytes.len() {
        let mut needed = 0;
        let (length, _) = first(&bytes[whole..], &mut needed);
        if whole + needed > bytes.len() {
            break;
        }
        whole += length;
    }
    (whole > 0).then_some(whole)
}

/// Whether a stream starts like a WARC file: with a version line.
pub fn is_warc(start: &[u8]) -> bool {
    VERSIONS.iter().any(|line| start.starts_with(line))
}

/// Length of the item that `bytes` start with, and the item. If there are at least
/// `needed` bytes, what follows them changes nothing.
fn first<'w>(bytes: &'w [u8], needed: &mut usize) -> (usize, Item<'w>) {
    let window = &bytes[..bytes.len().min(MAX_ITEM)];
    let blank = window.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    if blank > 0 {
        *needed = MAX_ITEM.min(blank + 1);
        return (blank, Item::Other);
    }
    record(bytes, needed).unwrap_or_else(|reason| {
        let next = next_version(bytes);
        *needed = next.unwrap_or(MAX_ITEM + VERSION).max(*needed);
        (next.unwrap_or(window.len()), Item::Bad(reason))
    })
}

/// Where the next version line is, if an item can end there.
fn next_version(bytes: &[u8]) -> Option<usize> {
    let window = &bytes[..bytes.len().min(MAX_ITEM + VERSION)];
    let mut lines = memmem::find_iter(window, b"\nWARC/1.").map(|at| at + 1);
    lines.find(|at| *at <= MAX_ITEM && is_warc(&window[*at..]))
}

/// The record that `bytes` start with, and its length.
fn record<'w>(bytes: &'w [u8], needed: &mut usize) -> Result<(usize, Item<'w>), RecordError> {
    if !is_warc(bytes) {
        return Err(RecordError::NoRecord);
    }
    let header = Header::read(bytes)?;
    let kind = header.value(TYPE).ok_or(RecordError::Missing(TYPE))?;
    let length = header.block_length()?;
    let block = header.end..header.end + length;
    let rest = bytes.get(block.end..).unwrap_or_default();
    let Some(breaks) = BREAKS.iter().find(|breaks| rest.starts_with(breaks)) else {
        *needed = block.end + BREAKS[0].len();
        return Err(RecordError::End(length));
    };
    let end = block.end + breaks.len();
    if !kind.eq_ignore_ascii_case(b"conversion") {
        return Ok((end, Item::Other));
    }
    let url = header.text("WARC-Target-URI");
    let record = Record {
        id: header.text("WARC-Record-ID"),
        url: url.map(|url| url.trim_start_matches('<').trim_end_matches('>')),
        date: header.text("WARC-Date"),
        languages: header.text("WARC-Identified-Content-Language"),
        text: &bytes[block],
    };
    Ok((end, Item::Document(record)))
}

/// The header of a record.
struct Header<'w> {
    /// Names and values.
    fields: Vec<(&'w [u8], &'w [u8])>,
    /// Where the block starts.
    end: usize,
}

impl<'w> Header<'w> {
    /// Reads a header, version line included. The next version line is no field and ends
    /// the reading. So the time is linear, and what comes after that line is not needed.
    fn read(bytes: &'w [u8]) -> Result<Self, RecordError> {
        let window = &bytes[..bytes.len().min(MAX_HEADER)];
        let mut header = Header { fields: Vec::new(), end: 0 };
        for line in window.split_inclusive(|byte| *byte == b'\n') {
            let first = header.end == 0;
            header.end += line.len();
            match line {
                b"\n" | b"\r\n" => return Ok(header),
                [.., b'\n'] if first => {}
                // Goes on with the value before. Common Crawl writes no such lines.
                [b' ' | b'\t', .., b'\n'] => {}
                [.., b'\n'] => {
                    let colon = memchr(b':', line).ok_or(RecordError::Header)?;
                    let (name, value) = (&line[..colon], &line[colon + 1..]);
                    header.fields.push((name.trim_ascii(), value.trim_ascii()));
                }
                _ => break,
            }
        }
        Err(RecordError::Header)
    }

    /// The value of a field. Names are the same in any case.
    fn value(&self, name: &str) -> Option<&'w [u8]> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.0.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.1)
    }

    fn text(&self, name: &str) -> Option<&'w str> {
        let value = std::str::from_utf8(self.value(name)?).ok()?;
        (!value.is_empty()).then_some(value)
    }

    fn block_length(&self) -> Result<usize, RecordError> {
        let value = self.value(LENGTH).ok_or(RecordError::Missing(LENGTH))?;
        let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
        length.filter(|length| *length <= MAX_BLOCK).ok_or(RecordError::Length)
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
