//! A document's text and the spans of it that are judged.
//!
//! A document's text is bytes, not `str`: pages with a stray invalid byte are
//! common and must come back byte for byte. Paragraphs are scored through a
//! lossy view; spans always count the original bytes.

use std::borrow::Cow;
use std::ops::Range;

/// A half-open byte range in a document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end);
        Span { start, end }
    }

    /// The span as a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The bytes of `text` that the span covers.
    pub fn of(self, text: &[u8]) -> &[u8] {
        &text[self.range()]
    }

    /// The characters that the span covers, invalid UTF-8 replaced by U+FFFD.
    pub fn lossy(self, text: &[u8]) -> Cow<'_, str> {
        String::from_utf8_lossy(self.of(text))
    }
}
