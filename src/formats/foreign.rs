//! Files that hold no text as they are, told by their first bytes.

use super::is_binary;
use crate::paragraph::BOM;

/// Bytes to look at.
pub const LOOKED_AT: usize = 512;

/// Where the bytes stand, the bytes, what has them and what to do.
const FOREIGN: [(usize, &[u8], &str); 19] = [
    (0, b"PK\x03\x04", "a zip archive: extract it first"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (257, b"ustar\0", "a tar archive: extract it first"),
    (257, b"ustar  \0", "a tar archive: extract it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: extract it first"),
    (0, b"Rar!\x1a\x07", "a RAR archive: extract it first"),
    (0, b"\xfd7zXZ\0", "packed with xz: unpack it first"),
    (0, b"\x04\x22\x4d\x18", "packed with lz4: unpack it first"),
    (0, b"\x1f\x8b\x08", "packed with gzip more than once: unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd more than once: unpack it first"),
    (0, b"%PDF-1.", "a PDF file: extract its text first"),
    (0, b"%PDF-2.", "a PDF file: extract its text first"),
    (0, b"\x7fELF", "a program, not text"),
    (0, b"\x89PNG\r\n\x1a\n", "an image, not text"),
    (0, b"\xff\xd8\xff", "an image, not text"),
    (0, b"SQLite format 3\0", "a database, not text"),
    (0, b"ARROW1\0\0", "an Arrow file: convert it to JSON Lines or Parquet first"),
    (0, b"\xff\xff\xff\xff", "an Arrow stream: convert it to JSON Lines or Parquet first"),
    (0, b"Obj\x01", "an Avro file: convert it to JSON Lines or Parquet first"),
];
const BZIP2: &[u8] = b"BZh";
const BZIP2_BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";

/// What a stream that starts like this is, and what to do with it, if it is something
/// that holds no text as it is. Two packings of one file count as such.
pub fn foreign(start: &[u8]) -> Option<&'static str> {
    let is = |at: usize, magic: &[u8]| start.get(at..).is_some_and(|part| part.starts_with(magic));
    // Text may well start with "BZh"; the block behind it tells.
    if is(0, BZIP2) && is(BZIP2.len() + 1, BZIP2_BLOCK) {
        return Some("packed with bzip2: unpack it first");
    }
    // So may "ORC"; the numbers behind it tell.
    if is(0, b"ORC") && start.iter().skip(3).take(3).any(|byte| is_binary(*byte)) {
        return Some("an ORC file: convert it to Parquet first");
    }
    FOREIGN.iter().find(|(at, magic, _)| is(*at, magic)).map(|(_, _, what)| *what)
}

/// What JSON is whose records are not one a line, if it starts so.
pub fn json_over_lines(start: &[u8]) -> Option<&'static str> {
    let start = start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start();
    let first = start.split(|byte| *byte == b'\n').next()?.trim_ascii_end();
    let bare: Vec<u8> = first.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    match &bare[..] {
        // The line after it tells an object from a brace in a text.
        b"{" if !start[first.len()..].trim_ascii_start().starts_with(b"\"") => None,
        b"{" => Some("JSON over several lines: write a record a line, as `jq -c .` does"),
        b"[" | b"[{" | [b'[', b'{', b'"', .., b','] => {
            Some("a JSON array: write a record a line, as `jq -c '.[]'` does")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_told_from_text() {
        let mut tar = vec![b'a'; 257];
        tar.extend(b"ustar\x0000");
        assert!(foreign(&tar).is_some_and(|what| what.contains("tar archive")));
        assert!(foreign(b"PK\x03\x04....").is_some_and(|what| what.contains("zip")));
        assert!(foreign(b"BZh91AY&SY...").is_some_and(|what| what.contains("bzip2")));
        for text in ["", "PK", "BZh is how it starts", "%PDF and other forms", "ustar"] {
            assert_eq!(foreign(text.as_bytes()), None, "{text}");
        }
        assert!(foreign(b"ORC\x0a\x06\x12\x04").is_some_and(|what| what.contains("ORC")));
        assert!(foreign(b"\xff\xff\xff\xff\x70\0\0\0").is_some_and(|what| what.contains("Arrow")));
        assert_eq!(foreign(b"ORC\nA tale of Mordor\n"), None);
    }

    #[test]
    fn json_that_has_no_record_a_line_is_told() {
        for array in ["[\n{\"a\":1},\n{\"a\":2}\n]\n", "\u{feff}[ {\r\n", "[{\"a\": 1},\n"] {
            assert!(json_over_lines(array.as_bytes()).is_some_and(|what| what.contains("array")));
        }
        assert!(json_over_lines(b"\n{\n  \"a\": 1\n}\n").is_some());
        for text in ["", "[", "{", "{\nint x;\n", "[Music]\n", "[{\"a\":1}]\n", "{\"a\":1},\n"] {
            let told = json_over_lines(text.as_bytes()).is_some();
            assert_eq!(told, text == "[", "{text}");
        }
    }
}
