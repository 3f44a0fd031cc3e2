//! Taking paragraphs out of a text.
//!
//! Deletion only: what stays is a byte-identical part of the text, in order, and
//! where nothing is removed nothing changes. A removed paragraph takes its line
//! break with it. Blank lines go with it as far as they would pile up: between two
//! paragraphs that stay, one of the blank stretches there were is left; at the
//! start and at the end of the text none is added. A text of which nothing stays
//! becomes empty.

use std::ops::Range;

use crate::document::Span;
use crate::paragraph::line_break;

/// What is taken out with one removed paragraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Number of the paragraph.
    pub paragraph: usize,
    /// The bytes that go: the paragraph's span, its line break and blank lines.
    pub range: Range<usize>,
}

/// The cuts for the paragraphs that `remove` names, in order, not overlapping.
///
/// `spans` are all paragraphs of `text`, as [`crate::paragraphs`] gives them.
pub fn cuts(text: &[u8], spans: &[Span], remove: impl Fn(usize) -> bool) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut i = 0;
    while i < spans.len() {
        let run = (i..spans.len()).take_while(|k| remove(*k)).count();
        if run > 0 {
            cut_run(text, spans, i..i + run, &mut cuts);
        }
        i += run.max(1);
    }
    cuts
}

/// Cuts a run of removed paragraphs that others, or the text's ends, surround.
fn cut_run(text: &[u8], spans: &[Span], run: Range<usize>, cuts: &mut Vec<Cut>) {
    let line_end = |k: usize| spans[k].end + line_break(&text[spans[k].end..]);
    let (first, last) = (run.start == 0, run.end == spans.len());
    let before = if first { 0 } else { line_end(run.start - 1) };
    let after = if last { text.len() } else { spans[run.end].start };
    let blank_before = before < spans[run.start].start;
    let blank_after = line_end(run.end - 1) < after;
    let (start, end) = match () {
        () if first && last => (0, text.len()),
        () if first => (spans[run.start].start, after),
        () if last => (before, line_end(run.end - 1)),
        () if blank_before => (spans[run.start].start, after),
        () => (spans[run.start].start, line_end(run.end - 1)),
    };
    let inner = (run.start..run.end - 1).find(|k| line_end(*k) < spans[k + 1].start);
    let kept_gap = inner.filter(|_| !first && !last && !blank_before && !blank_after);
    let mut from = start;
    for k in run.clone() {
        let to = match () {
            () if k + 1 == run.end => end,
            () if kept_gap == Some(k) => line_end(k),
            () => spans[k + 1].start,
        };
        cuts.push(Cut { paragraph: k, range: from..to });
        from = if kept_gap == Some(k) { spans[k + 1].start } else { to };
    }
}

/// The parts of a text of `length` bytes that stay, in order.
pub fn kept(length: usize, cuts: &[Cut]) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(cuts.iter().map(|cut| cut.range.end));
    let ends = cuts.iter().map(|cut| cut.range.start).chain([length]);
    starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paragraph::{Unit, paragraphs};
    use proptest::prelude::*;

    fn clean(text: &str) -> String {
        let spans: Vec<Span> = paragraphs(text.as_bytes(), Unit::Line).collect();
        let cuts = cuts(text.as_bytes(), &spans, |i| text[spans[i].range()].contains('X'));
        kept(text.len(), &cuts).map(|range| &text[range]).collect()
    }

    #[test]
    fn blank_lines_do_not_pile_up() {
        for (text, cleaned) in [
            ("a\nX\nb\n", "a\nb\n"),
            ("a\n\nX\n\nb\n", "a\n\nb\n"),
            ("a\n\nX\nb\n", "a\n\nb\n"),
            ("a\nX\n\nb\n", "a\n\nb\n"),
            ("a\nX1\n\nX2\nb\n", "a\n\nb\n"),
            ("a\n\nX1\n\nX2\n\nb", "a\n\nb"),
            ("X\n\na\n", "a\n"),
            ("a\n\nX\n", "a\n"),
            ("a\n\nX\n\n", "a\n\n"),
            ("a\nX", "a\n"),
            ("\n\nX\n\na", "\n\na"),
            ("\u{feff}X\r\na\r\n", "\u{feff}a\r\n"),
            ("\n X \n\nX\n", ""),
            ("a\r\rX\r\rb", "a\r\rb"),
            ("a\n\nb\n", "a\n\nb\n"),
            ("", ""),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn kept_and_cut_tile_the_text(text in "[aX \n\r]{0,40}") {
            let spans: Vec<Span> = paragraphs(text.as_bytes(), Unit::Line).collect();
            let removed = |i: usize| text[spans[i].range()].contains('X');
            let cuts = cuts(text.as_bytes(), &spans, removed);
            let mut all: Vec<(Range<usize>, bool)> = kept(text.len(), &cuts).map(|r| (r, true)).collect();
            all.extend(cuts.iter().map(|cut| (cut.range.clone(), false)));
            all.sort_by_key(|(range, _)| range.start);
            let mut end = 0;
            for (range, _) in &all {
                prop_assert_eq!(range.start, end);
                end = range.end;
            }
            prop_assert_eq!(end, text.len());
            for (i, span) in spans.iter().enumerate() {
                let cut = cuts.iter().find(|cut| cut.paragraph == i);
                prop_assert_eq!(cut.is_some(), removed(i));
                if let Some(cut) = cut {
                    prop_assert!(cut.range.start <= span.start && span.end <= cut.range.end);
                }
            }
        }
    }
}
