//! Any bytes are split: spans are in order, do not overlap, and hold all that is visible.

#![no_main]

use despam::paragraph::BOM;
use despam::{Span, Unit, paragraphs};
use libfuzzer_sys::fuzz_target;

/// Characters that are not white space, each invalid byte one of them.
fn visible(bytes: &[u8]) -> usize {
    let chunks = bytes.utf8_chunks();
    chunks
        .map(|chunk| {
            let seen = chunk.valid().chars().filter(|c| !c.is_whitespace()).count();
            seen + chunk.invalid().len()
        })
        .sum()
}

fn is_break(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
}

fuzz_target!(|text: &[u8]| {
    let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let of = |unit| paragraphs(text, unit).collect::<Vec<Span>>();
    for unit in [Unit::Auto, Unit::Line, Unit::Block] {
        let (spans, mut end) = (of(unit), start);
        for span in &spans {
            let range = span.range();
            assert_eq!(visible(&text[end..range.start]), 0);
            assert!(visible(span.of(text)) > 0);
            assert!(range.start == start || is_break(text.get(range.start - 1)));
            assert!(is_break(text.get(range.end)));
            let has_break = span.of(text).iter().any(|byte| is_break(Some(byte)));
            assert!(unit != Unit::Line || !has_break);
            end = range.end;
        }
        assert_eq!(visible(&text[end..]), 0);
    }
    // Every line lies in one block, and `auto` is one of the two.
    let (lines, blocks) = (of(Unit::Line), of(Unit::Block));
    let holds = |block: &Span, line: &Span| block.start <= line.start && line.end <= block.end;
    assert!(lines.iter().all(|line| blocks.iter().filter(|block| holds(block, line)).count() == 1));
    assert!([&lines, &blocks].contains(&&of(Unit::Auto)));
});
