//! Splitting a document's text into paragraphs, the unit of decision.
//!
//! Lines end at LF, CRLF or a lone CR, and nowhere else: U+2028, U+2029,
//! U+0085, form feed and vertical tab are characters inside a paragraph, so that
//! rows can be matched with the lines any other tool sees. A byte order mark at
//! the very start belongs to no paragraph. Splitting works on bytes and never
//! fails; nothing here looks at what a paragraph says.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::document::Span;

/// What a paragraph is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Blocks where the text is hard-wrapped, lines elsewhere, decided per document.
    #[default]
    Auto,
    /// Every line with a character that is not white space.
    Line,
    /// Every run of such lines; blank lines separate.
    Block,
}

impl FromStr for Unit {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Unit::Auto),
            "line" => Ok(Unit::Line),
            "block" => Ok(Unit::Block),
            _ => Err(format!("{name:?} is not a unit: expected auto, line or block")),
        }
    }
}

/// The byte order mark, in UTF-8.
pub const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The paragraphs of `text` as spans, in order, line breaks excluded.
///
/// Spans do not overlap, and every character that is not white space (a leading
/// byte order mark aside) lies in exactly one of them.
///
/// ```
/// use despam::{Unit, paragraphs};
///
/// let text = b"First line.\r\n\n  Second line.";
/// let found: Vec<&[u8]> = paragraphs(text, Unit::Line).map(|span| span.of(text)).collect();
/// assert_eq!(found, [&b"First line."[..], b"  Second line."]);
/// ```
pub fn paragraphs(text: &[u8], unit: Unit) -> Paragraphs<'_> {
    let blocks = match unit {
        Unit::Line => false,
        Unit::Block => true,
        Unit::Auto => is_hard_wrapped(text),
    };
    Paragraphs { lines: lines(text), text, blocks }
}

/// Iterator over the paragraphs of a text; see [`paragraphs`].
#[derive(Clone, Debug)]
pub struct Paragraphs<'t> {
    lines: Lines<'t>,
    text: &'t [u8],
    blocks: bool,
}

impl Iterator for Paragraphs<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let text = self.text;
        let first = self.lines.find(|line| !is_blank(line.of(text)))?;
        if !self.blocks {
            return Some(first);
        }
        let last = self.lines.by_ref().take_while(|line| !is_blank(line.of(text))).last();
        Some(Span::new(first.start, last.unwrap_or(first).end))
    }
}

/// All lines of `text`, blank ones too, without their line breaks.
pub(crate) fn lines(text: &[u8]) -> Lines<'_> {
    let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
    Lines { text, start }
}

/// Iterator over lines; see [`lines`].
#[derive(Clone, Debug)]
pub(crate) struct Lines<'t> {
    text: &'t [u8],
    start: usize,
}

impl Iterator for Lines<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let rest = &self.text[self.start..];
        if rest.is_empty() {
            return None;
        }
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = Span::new(self.start, self.start + length);
        self.start = line.end + line_break(&rest[length..]);
        Some(line)
    }
}

/// Length in bytes of the line break that `rest` starts with, 0 if none.
pub(crate) fn line_break(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Whether a line has white space only. Bytes that are no UTF-8 are not blank.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    match line.iter().find(|byte| !is_ascii_blank(**byte)) {
        None => true,
        Some(byte) if byte.is_ascii() => false,
        Some(_) => std::str::from_utf8(line).is_ok_and(|line| line.trim().is_empty()),
    }
}

/// ASCII white space as `char::is_whitespace` has it: vertical tab included.
fn is_ascii_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Shortest and longest line, in bytes, that a wrapping editor leaves behind.
const WRAP_WIDTHS: std::ops::RangeInclusive<usize> = 40..=120;
/// Fewest breaks within a sentence that make a document wrapped.
const MIN_WRAPS: usize = 4;

/// Whether lines of even length are broken in mid-sentence.
///
/// A break between two adjacent lines counts as a wrap when the first is as long
/// as a wrapped line and does not end a sentence, and the second starts with a
/// lower-case letter. A document is wrapped when it has at least [`MIN_WRAPS`],
/// when they are a third of all breaks between adjacent lines, and when nine
/// lines in ten are no longer than a wrapped line.
pub(crate) fn is_hard_wrapped(text: &[u8]) -> bool {
    let (mut wraps, mut breaks, mut long, mut count) = (0usize, 0usize, 0usize, 0usize);
    let mut previous: &[u8] = b"";
    for line in lines(text).map(|line| line.of(text)) {
        if is_blank(line) {
            previous = b"";
            continue;
        }
        count += 1;
        long += usize::from(line.len() > *WRAP_WIDTHS.end());
        if !previous.is_empty() {
            breaks += 1;
            wraps += usize::from(is_wrap(previous, line));
        }
        previous = line;
    }
    wraps >= MIN_WRAPS && wraps * 3 >= breaks && long * 10 <= count
}

fn is_wrap(line: &[u8], next: &[u8]) -> bool {
    let goes_on = line
        .trim_ascii_end()
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b',' || !byte.is_ascii());
    WRAP_WIDTHS.contains(&line.len())
        && goes_on
        && next.trim_ascii_start().first().is_some_and(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, unit: Unit) -> Vec<&str> {
        paragraphs(text.as_bytes(), unit).map(|span| &text[span.range()]).collect()
    }

    #[test]
    fn lines_end_at_lf_crlf_and_lone_cr_only() {
        let text = "a\nb\r\nc\rd\u{2028}e\u{85}f\u{b}g\n\r\nh";
        assert_eq!(texts(text, Unit::Line), ["a", "b", "c", "d\u{2028}e\u{85}f\u{b}g", "h"]);
    }

    #[test]
    fn blank_lines_are_no_paragraphs_and_a_leading_bom_is_outside() {
        assert_eq!(texts("", Unit::Line), [""; 0]);
        assert_eq!(texts(" \n\t\r\n\u{a0}\u{3000}\n", Unit::Line), [""; 0]);
        assert_eq!(texts("\u{feff}a\n", Unit::Line), ["a"]);
        assert_eq!(texts("\u{feff}\n\n", Unit::Line), [""; 0]);
    }

    #[test]
    fn invalid_bytes_are_not_blank() {
        let spans: Vec<Span> = paragraphs(b" \n \xff \n\xc3", Unit::Line).collect();
        assert_eq!(spans, [Span::new(2, 5), Span::new(6, 7)]);
    }

    #[test]
    fn blocks_are_separated_by_blank_lines() {
        let text = "\n a\nb \n \nc\n\n";
        assert_eq!(texts(text, Unit::Block), [" a\nb ", "c"]);
    }

    #[test]
    fn auto_joins_hard_wrapped_text_and_leaves_lists_alone() {
        let wrapped = "The harbour office said on Friday that the ferry would stay in port until\n\
            the wind had dropped below the limit which the company itself had set after\n\
            the accident of last autumn, when two cars broke loose on the lower deck and\n\
            one of them damaged the ramp so badly that it could not be closed for hours\n\
            and the passengers had to be taken off by a lifeboat.\n\nA second paragraph.\n";
        assert_eq!(texts(wrapped, Unit::Auto).len(), 2);
        let list = "Home\nabout us\ncontact\nimprint\nprivacy\nterms\nhelp\n";
        assert_eq!(texts(list, Unit::Auto).len(), 7);
    }
}
