//! The forms that documents come in: from bytes to chunks and records, and back.
//! Nothing here knows the model.

pub mod compression;
pub mod foreign;
pub mod jsonl;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet.rs"]
pub mod parquet;
pub mod reader;
pub mod wet;

use std::str::FromStr;

use crate::paragraph::BOM;

/// The form of a file of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The file is one document of plain text.
    Text,
    /// A document a line, as a JSON object.
    JsonLines,
    /// A document a WARC record of type `conversion`, as Common Crawl has them. It is
    /// read only: what is written of it is JSON Lines.
    Wet,
    /// A document a row, one column being the text.
    Parquet,
}

impl Format {
    /// The name, as `--format` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::JsonLines => "jsonl",
            Format::Wet => "wet",
            Format::Parquet => "parquet",
        }
    }

    /// The form that a path's ending names, one of compression aside.
    pub fn of_path(path: &std::path::Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
        match name.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" | "json" => Some(Format::JsonLines),
            "txt" | "text" => Some(Format::Text),
            "wet" | "warc" => Some(Format::Wet),
            "parquet" => Some(Format::Parquet),
            _ => None,
        }
    }

    /// The form that the first bytes of a stream suggest. Parquet if they are its magic
    /// number. WET if the first line names a version of WARC. JSON Lines if half of the lines
    /// are JSON objects, one that is cut off counted, or if the first looks like other JSON,
    /// which [`reader::ChunkReader`] refuses. Blank lines and a byte order mark say nothing.
    pub fn of_bytes(start: &[u8]) -> Self {
        // No text has the byte that follows it.
        if start.starts_with(b"PAR1") && start.get(4).is_some_and(|byte| is_binary(*byte)) {
            return Format::Parquet;
        }
        let start = start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start();
        if wet::is_warc(start) {
            return Format::Wet;
        }
        let (mut lines, mut objects) = (0, 0);
        for line in start.split_inclusive(|byte| *byte == b'\n') {
            let json = line.trim_ascii();
            lines += usize::from(!json.is_empty());
            objects += usize::from(json.starts_with(b"{") && is_json(json, line == json));
        }
        if objects * 2 >= lines.max(1) || foreign::json_over_lines(start).is_some() {
            Format::JsonLines
        } else {
            Format::Text
        }
    }
}

/// Whether a line is JSON, or starts like it if it is `cut_off`.
fn is_json(line: &[u8], cut_off: bool) -> bool {
    match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
        Ok(_) => true,
        Err(error) => cut_off && error.is_eof(),
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let formats = [Format::Text, Format::JsonLines, Format::Wet, Format::Parquet];
        let named = formats.into_iter().find(|format| format.name() == name);
        named.ok_or_else(|| {
            format!("{name:?} is not a format: expected auto, txt, jsonl, wet or parquet")
        })
    }
}

fn is_binary(byte: u8) -> bool {
    byte.is_ascii_control() && !byte.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_the_forms_apart() {
        assert_eq!(Format::of_bytes(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n"), Format::Wet);
        assert_eq!(Format::of_bytes(b"WARC/1.0 is a version\n"), Format::Text);
        assert_eq!(Format::of_bytes(b"{\"text\":\"a\"}\nmore"), Format::JsonLines);
        assert_eq!(Format::of_bytes(b"{\"text\":\"a very long te"), Format::JsonLines);
        assert_eq!(Format::of_bytes(b"{braces} in prose\n"), Format::Text);
        assert_eq!(Format::of_bytes(b"17\n"), Format::Text);
        assert_eq!(Format::of_bytes(b"PAR1\x15\x04\x15"), Format::Parquet);
        assert_eq!(Format::of_bytes(b"PAR1 lamps, PAR1\n"), Format::Text);
        assert_eq!(Format::of_bytes(b""), Format::Text);
        // What stands before, or is broken, does not make a corpus one text.
        assert_eq!(Format::of_bytes(b"\xef\xbb\xbf{\"text\":\"a\"}\n"), Format::JsonLines);
        assert_eq!(Format::of_bytes(b"\n \n{\"text\":\"a\"}\n{\"text\":\"b"), Format::JsonLines);
        assert_eq!(Format::of_bytes(b"{bad\nnull\n{\"a\":1}\n{\"b\":2}\n"), Format::JsonLines);
        assert_eq!(Format::of_bytes(b"\r\nWARC/1.0\r\n"), Format::Wet);
        assert_eq!(Format::of_bytes(b"[\n  {\n"), Format::JsonLines);
        assert_eq!(Format::of_bytes(b"One\n{\"a\":1}\nTwo\n"), Format::Text);
        assert_eq!(Format::of_bytes(b"[Music]\n"), Format::Text);
    }

    #[test]
    fn endings_are_read_through_compression() {
        let of = |name: &str| Format::of_path(std::path::Path::new(name));
        assert_eq!(of("a/b.jsonl.gz"), Some(Format::JsonLines));
        assert_eq!(of("b.txt.zst"), Some(Format::Text));
        assert_eq!(of("CC-MAIN-1.warc.wet.gz"), Some(Format::Wet));
        assert_eq!(of("b.wet"), Some(Format::Wet));
        assert_eq!(of("b.warc.zst"), Some(Format::Wet));
        assert_eq!(of("train-00000-of-00004.parquet"), Some(Format::Parquet));
        assert_eq!(of("c4-train.00000-of-01024.json.gz"), Some(Format::JsonLines));
        assert_eq!(of("b.html"), None);
        assert_eq!(of("b"), None);
    }
}
