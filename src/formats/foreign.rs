//! Files that hold no text as they are, told by their first bytes.

/// Bytes to look at.
pub const LOOKED_AT: usize = 512;

/// Where the bytes stand, the bytes, what has them and what to do.
const FOREIGN: [(usize, &[u8], &str); 17] = [
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
    FOREIGN.iter().find(|(at, magic, _)| is(*at, magic)).map(|(_, _, what)| *what)
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
    }
}
