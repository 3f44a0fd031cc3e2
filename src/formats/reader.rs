//! Reading a stream in chunks cut at line ends, or where records end.
//!
//! A chunk is what one thread works on at a time. Where it ends depends on the
//! bytes alone, never on how they arrive. For JSON Lines and WET a chunk is some whole
//! records. A text of up to [`CHUNK`] bytes and [`CHUNK_LINES`] lines is one chunk; a
//! longer one is judged in sections of that size, each for itself. A line of more than
//! [`MAX_LINE`] bytes comes in parts of that size, which nobody has to hold together.

use std::io::{self, Read};

use super::Format;
use super::foreign::{LOOKED_AT, foreign, json_over_lines};
use super::wet::{self, Item};
use crate::paragraph::{Unit, is_hard_wrapped, paragraphs};

/// Bytes a chunk has; more only if it is one line that is longer, or has a longer record.
pub const CHUNK: usize = 1 << 20;
/// Lines that a chunk of a text has at most: what is judged together needs some 350 bytes
/// a paragraph, however short it is.
pub const CHUNK_LINES: usize = 1 << 15;
/// Bytes that a line may have, line break included; a longer one comes in parts. A WET
/// file has no item as long as that.
pub const MAX_LINE: usize = 64 << 20;

/// What the bytes of a chunk are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Whole lines or records.
    #[default]
    Whole,
    /// The first part of a line of more than [`MAX_LINE`] bytes.
    LongStart,
    /// A further part of it.
    LongRest,
}

/// Some whole lines or records of a stream, or a part of a line over the limit.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The bytes; never none.
    pub bytes: Vec<u8>,
    /// What they are.
    pub kind: Kind,
    /// Bytes of the stream before them.
    pub offset: u64,
    /// Lines of the stream before them, counted by LF.
    pub lines: u64,
    /// Of WET: documents and bad records before them.
    pub records: u64,
    /// Of a text: paragraphs before them, a line over the limit being one.
    pub paragraphs: u64,
    /// Of a text: how its paragraphs are told apart.
    pub unit: Unit,
    /// Of a text: whether nothing comes before.
    pub first: bool,
    /// Whether nothing comes after.
    pub last: bool,
}

/// Cuts a stream into chunks.
pub struct ChunkReader<R> {
    input: R,
    format: Format,
    unit: Unit,
    strict: bool,
    /// Bytes that a chunk has, and those that a line may have.
    chunk: usize,
    max_line: usize,
    /// Lines that a chunk of a text may have.
    max_lines: usize,
    /// Bytes that were read. Those from `taken` on are in no chunk yet.
    buffer: Vec<u8>,
    taken: usize,
    ended: bool,
    failure: Option<io::Error>,
    /// Whether the next bytes belong to a line over the limit that began before.
    in_long_line: bool,
    started: bool,
    done: bool,
    offset: u64,
    lines: u64,
    records: u64,
    paragraphs: u64,
}

/// What cannot be read as text.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system's complaint, or a damaged compressed stream.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another encoding than UTF-8.
    #[error("the text is {0}: convert it to UTF-8 first, for example with `iconv -f {0} -t UTF-8`")]
    Encoding(&'static str),
    /// Something that holds no text as it is.
    #[error("this is {0}")]
    Foreign(&'static str),
    /// A text that does not fit into memory, where all of it is to be checked first.
    #[error("the text is longer than {MAX_LINE} bytes: it cannot be read with --strict")]
    LongText,
}

impl<R: Read> ChunkReader<R> {
    /// A reader of `input`; `unit` is how to split texts.
    pub fn new(input: R, format: Format, unit: Unit) -> Self {
        ChunkReader {
            input,
            format,
            unit,
            strict: false,
            chunk: CHUNK,
            max_line: MAX_LINE,
            max_lines: CHUNK_LINES,
            buffer: Vec::new(),
            taken: 0,
            ended: false,
            failure: None,
            in_long_line: false,
            started: false,
            done: false,
            offset: 0,
            lines: 0,
            records: 0,
            paragraphs: 0,
        }
    }

    /// Brings a text that is not UTF-8 in one chunk, whatever its length, if `strict`
    /// is set. Then a text of more than [`MAX_LINE`] bytes is an error.
    pub fn with_strict(self, strict: bool) -> Self {
        ChunkReader { strict: strict && self.format == Format::Text, ..self }
    }

    /// The next chunk; an empty stream has none. Whole lines or records that came before a
    /// failure are given first.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        if self.done {
            return Ok(None);
        }
        if !self.started {
            self.read(LOOKED_AT);
            check_start(self.rest(), self.format)?;
            if self.strict {
                self.read_all()?;
            }
        }
        let (kind, mut length) = if self.in_long_line {
            (Kind::LongRest, self.fill_part())
        } else if let Some(length) = self.fill() {
            (Kind::Whole, length)
        } else {
            (Kind::LongStart, self.fill_part())
        };
        if length == self.rest().len()
            && let Some(failure) = self.failure.take()
        {
            length = self.whole();
            if length == 0 {
                self.done = true;
                return Err(failure.into());
            }
            self.buffer.truncate(self.taken + length);
            self.failure = Some(failure);
        }
        if length == 0 {
            self.done = true;
            return Ok(None);
        }
        let is_text = kind == Kind::Whole && self.format == Format::Text;
        if is_text {
            length = end_of_lines(&self.rest()[..length], self.max_lines);
        }
        let bytes = self.take(length);
        let last = self.ended && self.rest().is_empty() && self.failure.is_none();
        self.done = last;
        if is_text && self.unit == Unit::Auto {
            self.unit = if is_hard_wrapped(&bytes) { Unit::Block } else { Unit::Line };
        }
        let chunk = Chunk {
            kind,
            offset: self.offset,
            lines: self.lines,
            records: self.records,
            paragraphs: self.paragraphs,
            unit: self.unit,
            first: !self.started,
            last,
            bytes,
        };
        self.started = true;
        self.count(&chunk);
        Ok(Some(chunk))
    }

    /// Bytes that are in no chunk yet.
    fn rest(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// Takes the next `length` bytes. Copies them or what comes after them, whichever is
    /// less: many short chunks after a long one must not move its bytes again and again.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let end = self.taken + length;
        if length < self.buffer.len() - end {
            let bytes = self.buffer[self.taken..end].to_vec();
            self.taken = end;
            return bytes;
        }
        let after = self.buffer.split_off(end);
        let mut bytes = std::mem::replace(&mut self.buffer, after);
        bytes.drain(..std::mem::take(&mut self.taken));
        bytes
    }

    /// Reads a whole text, which is one chunk if it is not UTF-8.
    fn read_all(&mut self) -> Result<(), ReadError> {
        self.read(MAX_LINE + 1);
        if let Some(failure) = self.failure.take() {
            return Err(failure.into());
        }
        if self.rest().len() > MAX_LINE {
            return Err(ReadError::LongText);
        }
        if std::str::from_utf8(self.rest()).is_err() {
            (self.chunk, self.max_lines) = (MAX_LINE, usize::MAX);
        }
        Ok(())
    }

    /// Reads until a chunk is complete; its length. `None` before a line over the limit.
    fn fill(&mut self) -> Option<usize> {
        let mut wanted = self.chunk;
        loop {
            // One byte more than the chunk, to see whether a CR has its LF.
            self.read(wanted + 1);
            let rest = self.rest();
            if self.ended && rest.len() <= wanted {
                return Some(rest.len());
            }
            let cut = match self.format {
                Format::Wet => wet::whole_items(&rest[..wanted]),
                _ if wanted == self.chunk => last_line_end(&rest[..=wanted], self.format),
                // A longer line is alone: short ones with it would be more than a chunk has.
                _ => first_line_end(&rest[..=wanted], self.format, false)
                    .filter(|end| *end <= wanted),
            };
            if cut.is_some() || wanted >= self.max_line {
                return cut;
            }
            wanted *= 2;
        }
    }

    /// Reads the next part of a line over the limit; its length.
    fn fill_part(&mut self) -> usize {
        // One byte more, as above.
        self.read(self.chunk + 1);
        let rest = self.rest();
        let window = &rest[..rest.len().min(self.chunk + 1)];
        let all = self.ended && window.len() == rest.len();
        let end = match first_line_end(window, self.format, all) {
            None if all => Some(window.len()),
            end => end.filter(|end| all || *end <= self.chunk),
        };
        let length = end.unwrap_or_else(|| whole_characters(&window[..self.chunk]));
        self.in_long_line = end.is_none();
        length
    }

    /// Reads until `count` bytes are in no chunk yet, or the stream ends or fails.
    fn read(&mut self, count: usize) {
        let missing = count.saturating_sub(self.rest().len());
        if self.ended || missing == 0 {
            return;
        }
        self.buffer.drain(..std::mem::take(&mut self.taken));
        match (&mut self.input).take(missing as u64).read_to_end(&mut self.buffer) {
            Ok(read) => self.ended = read < missing,
            Err(error) => (self.ended, self.failure) = (true, Some(error)),
        }
    }

    /// The length of the whole lines or records that are in no chunk yet.
    fn whole(&self) -> usize {
        let rest = self.rest();
        let whole = match self.format {
            Format::Wet => wet::whole_items(rest),
            _ => memchr::memrchr(b'\n', rest).map(|at| at + 1),
        };
        whole.unwrap_or(0)
    }

    fn count(&mut self, chunk: &Chunk) {
        self.offset += chunk.bytes.len() as u64;
        if !chunk.last {
            self.lines += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
            match self.format {
                Format::Text if chunk.kind != Kind::Whole => {
                    self.paragraphs += u64::from(chunk.kind == Kind::LongStart);
                }
                Format::Text => {
                    self.paragraphs += paragraphs(&chunk.bytes, chunk.unit).count() as u64;
                }
                Format::Wet => {
                    let counts = |item: &Item<'_>| !matches!(item, Item::Other);
                    let items = wet::items(&chunk.bytes).filter(|(_, item)| counts(item));
                    self.records += items.count() as u64;
                }
                Format::JsonLines | Format::Parquet => {}
            }
        }
    }
}

/// The end of the last line that ends before the last of `bytes`.
fn last_line_end(bytes: &[u8], format: Format) -> Option<usize> {
    let (&next, bytes) = bytes.split_last()?;
    let lf = memchr::memrchr(b'\n', bytes).map(|at| at + 1);
    if format == Format::JsonLines {
        return lf;
    }
    // A CR that an LF follows ends nothing by itself.
    let lone = |at: usize| *bytes.get(at + 1).unwrap_or(&next) != b'\n';
    let cr = memchr::memrchr_iter(b'\r', bytes).find(|at| lone(*at)).map(|at| at + 1);
    lf.max(cr)
}

/// The end of the line that `bytes` are the first of; `all` says that none follow.
fn first_line_end(bytes: &[u8], format: Format, all: bool) -> Option<usize> {
    if format == Format::JsonLines {
        return memchr::memchr(b'\n', bytes).map(|at| at + 1);
    }
    let at = memchr::memchr2(b'\r', b'\n', bytes)?;
    match &bytes[at..] {
        [b'\r', b'\n', ..] => Some(at + 2),
        [b'\r'] if !all => None,
        _ => Some(at + 1),
    }
}

/// The length of the first so many of some whole lines, or of all if there are fewer.
fn end_of_lines(bytes: &[u8], lines: usize) -> usize {
    // To count is much faster than to look at each, and nearly all texts have fewer.
    let marks = |mark| memchr::memchr_iter(mark, bytes).count();
    if marks(b'\n') + marks(b'\r') < lines {
        return bytes.len();
    }
    let ends_line = |at: &usize| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
    let mut ends = memchr::memchr2_iter(b'\r', b'\n', bytes).filter(ends_line);
    ends.nth(lines - 1).map_or(bytes.len(), |at| at + 1)
}

/// The length of `bytes`, less that of a character that may go on after them.
fn whole_characters(bytes: &[u8]) -> usize {
    let end = bytes.len().saturating_sub(3);
    let starts = |byte: &u8| *byte >= 0xc0;
    bytes[end..].iter().rposition(starts).map_or(bytes.len(), |at| end + at)
}

fn check_start(start: &[u8], format: Format) -> Result<(), ReadError> {
    let json = || json_over_lines(start).filter(|_| format == Format::JsonLines);
    if let Some(what) = foreign(start).or_else(json) {
        return Err(ReadError::Foreign(what));
    }
    let encoding = match start {
        [0xff, 0xfe, 0, 0, ..] => "UTF-32LE",
        [0, 0, 0xfe, 0xff, ..] => "UTF-32BE",
        [0xff, 0xfe, ..] => "UTF-16LE",
        [0xfe, 0xff, ..] => "UTF-16BE",
        _ => return Ok(()),
    };
    Err(ReadError::Encoding(encoding))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time, to show that arrival does not matter.
    struct Trickle<'b>(&'b [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn chunks(bytes: &[u8], format: Format, step: usize) -> Vec<Chunk> {
        let mut reader = ChunkReader::new(Trickle(bytes, step), format, Unit::Auto);
        std::iter::from_fn(|| reader.next_chunk().expect("memory can be read")).collect()
    }

    #[test]
    fn chunks_tile_the_stream_and_end_at_line_ends() {
        let line = b"A line of text that is repeated many times.\r\n";
        let bytes = line.repeat(60_000);
        for step in [usize::MAX, 8191] {
            let chunks = chunks(&bytes, Format::Text, step);
            assert!(chunks.len() > 1);
            assert_eq!(
                chunks.iter().flat_map(|chunk| chunk.bytes.clone()).collect::<Vec<u8>>(),
                bytes
            );
            assert!(chunks.iter().all(|chunk| chunk.bytes.ends_with(b"\r\n")));
            assert_eq!(chunks[1].lines, (chunks[0].bytes.len() / line.len()) as u64);
            assert_eq!(chunks[1].paragraphs, chunks[1].lines);
            assert!(chunks[0].first && !chunks[1].first && chunks[chunks.len() - 1].last);
        }
    }

    #[test]
    fn a_cr_at_the_edge_stays_with_its_lf() {
        for shift in 0..3 {
            let mut bytes = vec![b'x'; CHUNK - 1 - shift];
            bytes.extend(b"\r\n\r\nend");
            let chunks = chunks(&bytes, Format::Text, usize::MAX);
            let cut = chunks[0].bytes.len();
            assert!(!(bytes[cut - 1] == b'\r' && bytes.get(cut) == Some(&b'\n')), "shift {shift}");
        }
    }

    fn page(text: &[u8]) -> Vec<u8> {
        let head = format!("WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {}", text.len());
        [head.as_bytes(), b"\r\n\r\n", text, b"\r\n\r\n"].concat()
    }

    #[test]
    fn chunks_of_wet_are_whole_items_and_know_how_many_came_before() {
        let (short, long) = (page(&b"Some words.\n".repeat(90)), page(&vec![b'x'; 5 * CHUNK / 2]));
        let other = b"\n\nWARC/1.0\nWARC-Type: warcinfo\nContent-Length: 0\n\n\n\n";
        let (many, noise) = (short.repeat(1500), b"noise\n\n".repeat(300_000));
        let mut bytes =
            [other.as_slice(), &many, &long, &noise, &many, other, &long, &short].concat();
        bytes.extend(b"WARC/1.0\r\nWARC-Type: conv");
        let all: Vec<_> = wet::items(&bytes).collect();
        for step in [usize::MAX, 8191] {
            let chunks = chunks(&bytes, Format::Wet, step);
            assert!(chunks.len() > 4);
            let (mut items, mut offset, mut records) = (Vec::new(), 0, 0);
            for chunk in &chunks {
                assert_eq!((chunk.offset, chunk.records), (offset as u64, records));
                for (range, item) in wet::items(&chunk.bytes) {
                    records += u64::from(item != Item::Other);
                    items.push((range.start + offset..range.end + offset, item));
                }
                offset += chunk.bytes.len();
            }
            assert!(items == all);
            assert_eq!(records, 2 * 1500 + 2 + 1 + 1 + 1);
        }
    }

    #[test]
    fn long_lines_stay_whole_and_an_empty_stream_has_no_chunk() {
        let bytes = vec![b'x'; 3 * CHUNK];
        assert_eq!(chunks(&bytes, Format::Text, usize::MAX).len(), 1);
        let bytes = [&bytes[..3 * CHUNK / 2], b"\n", &b"y\n".repeat(CHUNK / 2)].concat();
        let chunks_of = |format| chunks(&bytes, format, usize::MAX).into_iter();
        let lengths = |format| chunks_of(format).map(|chunk| chunk.bytes.len()).collect::<Vec<_>>();
        assert_eq!(lengths(Format::JsonLines), [3 * CHUNK / 2 + 1, CHUNK]);
        let short = [2 * CHUNK_LINES; CHUNK / 2 / CHUNK_LINES];
        assert_eq!(lengths(Format::Text), [&[3 * CHUNK / 2 + 1], &short[..]].concat());
        for format in [Format::Text, Format::JsonLines, Format::Wet] {
            assert!(chunks(b"", format, 1).is_empty());
        }
    }

    #[test]
    fn a_chunk_of_a_text_has_so_many_lines_at_most() {
        for end in ["\n", "\r", "\r\n"] {
            let bytes = format!("a{end}").repeat(2 * CHUNK_LINES + 5).into_bytes();
            for step in [usize::MAX, 8191] {
                let chunks = chunks(&bytes, Format::Text, step);
                let sizes: Vec<usize> =
                    chunks.iter().map(|chunk| lines(&chunk.bytes, Format::Text).len()).collect();
                assert_eq!(sizes, [CHUNK_LINES, CHUNK_LINES, 5], "{end:?}");
                assert!(
                    chunks
                        .iter()
                        .map(|chunk| &chunk.bytes[..])
                        .eq(bytes.chunks(CHUNK_LINES * (1 + end.len())))
                );
                assert_eq!(chunks[1].paragraphs, CHUNK_LINES as u64);
                assert!(chunks[2].last && !chunks[1].last);
            }
        }
    }

    /// The lines of a stream, as the ends of its form say.
    fn lines(bytes: &[u8], format: Format) -> Vec<&[u8]> {
        let (mut lines, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let end = first_line_end(rest, format, true).unwrap_or(rest.len());
            lines.push(&rest[..end]);
            rest = &rest[end..];
        }
        lines
    }

    proptest! {
        #[test]
        fn lines_over_the_limit_come_in_parts(
            text in "([aé😀]{0,40}(\n|\r|\r\n)){0,8}[a中]{0,40}", records: bool, step in 1..50usize
        ) {
            let format = if records { Format::JsonLines } else { Format::Text };
            let mut reader =
                ChunkReader::new(Trickle(text.as_bytes(), step), format, Unit::Line);
            (reader.chunk, reader.max_line) = (8, 32);
            let mut all = Vec::new();
            let mut found: Vec<Vec<u8>> = Vec::new();
            let (mut before, mut paragraphs_before) = (0, 0);
            while let Some(chunk) = reader.next_chunk().expect("memory can be read") {
                prop_assert_eq!((chunk.offset, chunk.first), (all.len() as u64, all.is_empty()));
                prop_assert_eq!(chunk.lines, before);
                prop_assert!(!chunk.bytes.is_empty() && chunk.bytes.len() <= 32);
                before += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
                prop_assert_eq!(chunk.paragraphs, paragraphs_before);
                if chunk.kind == Kind::Whole {
                    found.extend(lines(&chunk.bytes, format).into_iter().map(<[u8]>::to_vec));
                    let here = paragraphs(&chunk.bytes, Unit::Line).count() as u64;
                    paragraphs_before += if records { 0 } else { here };
                } else {
                    prop_assert!(chunk.bytes.len() <= 9);
                    prop_assert!(std::str::from_utf8(&chunk.bytes).is_ok());
                    if chunk.kind == Kind::LongStart {
                        paragraphs_before += u64::from(!records);
                        found.push(Vec::new());
                    }
                    found.last_mut().expect("it began").extend(&chunk.bytes);
                }
                all.extend(chunk.bytes);
                prop_assert_eq!(chunk.last, all.len() == text.len());
            }
            prop_assert_eq!(&all, text.as_bytes());
            prop_assert_eq!(found, lines(text.as_bytes(), format));
        }
    }

    #[test]
    fn a_failure_within_a_long_line_comes_after_parts_of_it() {
        let mut reader =
            ChunkReader::new(b"a\nbbbbbbbbbbbbbbbbbbbb".chain(Broken), Format::Text, Unit::Line);
        (reader.chunk, reader.max_line) = (4, 8);
        let mut given = Vec::new();
        let failure = loop {
            match reader.next_chunk() {
                Ok(chunk) => given.extend(chunk.expect("it is not the end").bytes),
                Err(failure) => break failure,
            }
        };
        assert_eq!(failure.to_string(), "broken");
        assert_eq!(given, b"a\nbbbbbbbbbbbbbbbb");
        assert!(reader.next_chunk().is_ok_and(|chunk| chunk.is_none()));
    }

    #[test]
    fn strictly_a_text_is_whole_if_it_is_not_utf8() {
        let mut bytes = "Größe\n".repeat(2 * CHUNK / 8).into_bytes();
        let strict = |bytes: &[u8]| {
            let reader = ChunkReader::new(bytes, Format::Text, Unit::Auto);
            let mut reader = reader.with_strict(true);
            std::iter::from_fn(|| reader.next_chunk().expect("memory can be read"))
                .map(|chunk| chunk.bytes)
                .collect::<Vec<_>>()
        };
        let plain = |bytes: &[u8]| {
            chunks(bytes, Format::Text, usize::MAX).into_iter().map(|chunk| chunk.bytes)
        };
        assert!(strict(&bytes).len() > 1 && strict(&bytes).into_iter().eq(plain(&bytes)));
        bytes.push(0xff);
        assert!(strict(&bytes) == [bytes.clone()]);
        assert!(strict(b"").is_empty());
        let long = vec![b'\n'; MAX_LINE + 1];
        let mut reader =
            ChunkReader::new(long.as_slice(), Format::Text, Unit::Auto).with_strict(true);
        assert!(matches!(reader.next_chunk(), Err(ReadError::LongText)));
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn whole_lines_before_a_failure_are_given_first() {
        for (start, given) in [("one\ntwo\nthr", "one\ntwo\n"), ("one", ""), ("", "")] {
            let input = start.as_bytes().chain(Broken);
            let mut reader = ChunkReader::new(input, Format::JsonLines, Unit::Auto);
            if !given.is_empty() {
                let chunk = reader.next_chunk().expect("lines come first").expect("a chunk");
                assert_eq!(chunk.bytes, given.as_bytes());
                assert!(!chunk.last);
            }
            let failure = reader.next_chunk().expect_err("it is broken");
            assert_eq!(failure.to_string(), "broken");
            assert!(reader.next_chunk().is_ok_and(|chunk| chunk.is_none()));
        }
    }

    #[test]
    fn places_beyond_32_bits_are_counted() {
        let far = u64::from(u32::MAX);
        let bytes = b"A line of text of sixty-four bytes, as many as are needed here.\n";
        let bytes = bytes.repeat(3 * CHUNK / 64);
        let mut reader = ChunkReader::new(bytes.as_slice(), Format::Text, Unit::Line);
        (reader.offset, reader.lines, reader.paragraphs) = (far - 1, far - 2, far - 3);
        reader.next_chunk().expect("memory can be read");
        let chunk = reader.next_chunk().expect("memory can be read").expect("there is more");
        let lines = (CHUNK / 64) as u64;
        assert_eq!(chunk.offset, far - 1 + CHUNK as u64);
        assert_eq!((chunk.lines, chunk.paragraphs), (far - 2 + lines, far - 3 + lines));
    }

    #[test]
    fn other_encodings_are_named() {
        let read =
            |bytes: &'static [u8]| ChunkReader::new(bytes, Format::Text, Unit::Auto).next_chunk();
        assert!(read(b"\xff\xfea\0").is_err_and(|error| error.to_string().contains("UTF-16LE")));
        assert!(read(b"\0\0\xfe\xff").is_err_and(|error| error.to_string().contains("UTF-32BE")));
    }
}
