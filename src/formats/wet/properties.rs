//! What must be true of WET files whatever their bytes: items tile them, parts are
//! read as the whole is, time and memory are bounded.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::reader::MAX_LINE;
use super::*;

type Found<'w> = Vec<(Range<usize>, Item<'w>)>;

/// Items of a file, which tile it and are not too long.
pub(super) fn found(file: &[u8]) -> Found<'_> {
    let found: Found<'_> = items(file).collect();
    let mut end = 0;
    for (range, _) in &found {
        assert!(range.start == end && (1..=MAX_ITEM).contains(&range.len()), "{range:?}");
        end = range.end;
    }
    assert_eq!(end, file.len(), "items reach the end");
    found
}

/// Items of a stream that is read as a reader does: `chunk` bytes are looked at, and
/// twice as many as long as they hold no item.
fn found_in_parts(file: &[u8], chunk: usize) -> Found<'_> {
    let (mut start, mut wanted, mut parts) = (0, chunk, Vec::new());
    while start < file.len() {
        let rest = &file[start..];
        let cut = match rest.get(..wanted) {
            Some(seen) => whole_items(seen),
            None => Some(rest.len()),
        };
        let Some(cut) = cut else {
            assert!(wanted < MAX_LINE, "the reader would give up");
            wanted *= 2;
            continue;
        };
        let shift = |range: Range<usize>| range.start + start..range.end + start;
        parts.extend(items(&rest[..cut]).map(|(range, item)| (shift(range), item)));
        (start, wanted) = (start + cut, chunk);
    }
    parts
}

/// Bytes out of what records are made of.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "WARC/1.0\r\n",
        "WARC/1.1\n",
        "\nWARC/1.0",
        "WARC-Type: conversion\r\n",
        "WARC-Type: warcinfo\n",
        "Content-Length: 33554432\n",
        "a: b\n",
        " folded\r\n",
        "text",
        "\r\n",
        "\r\n\r\n",
        "\n\n",
        "\r",
    ]);
    let lengths = (0..80usize).prop_map(|length| format!("Content-Length: {length}\r\n"));
    let records = ("[ab\n]{0,12}", 0..60usize, any::<bool>(), 0..4usize);
    let records = records.prop_map(|(text, wrong, right, breaks)| {
        let length = if right { text.len() } else { wrong };
        let end = ["", "\r\n", "\n\n", "\r\n\r\n"][breaks];
        let head = format!("WARC/1.0\r\nContent-Length: {length}\r\nWARC-Type: conversion");
        format!("{head}\r\n\r\n{text}{end}")
    });
    let piece = prop_oneof![
        4 => pieces.prop_map(|piece| piece.as_bytes().to_vec()),
        1 => lengths.prop_map(String::into_bytes),
        3 => records.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// The fields and the text of a record.
type Page = ([Option<String>; 4], Vec<u8>);

fn pages() -> impl Strategy<Value = Vec<Page>> {
    let field = || prop::option::of("[!-;=?-~\u{e0}-\u{17f}]([ -;=?-~]{0,20}[!-;=?-~])?");
    let text = prop_oneof![soup(), prop::collection::vec(any::<u8>(), 0..200)];
    prop::collection::vec(([field(), field(), field(), field()], text), 0..6)
}

fn written(pages: &[Page], line_end: &str) -> Vec<u8> {
    let names =
        ["WARC-Record-ID", "WARC-Target-URI", "WARC-Date", "WARC-Identified-Content-Language"];
    let mut file = Vec::new();
    for (fields, text) in pages {
        let mut header = format!("WARC/1.0{line_end}WARC-Type: conversion{line_end}");
        for (name, value) in names.iter().zip(fields) {
            if let Some(value) = value {
                header += &format!("{name}: {value}{line_end}");
            }
        }
        header += &format!("Content-Length: {}{line_end}{line_end}", text.len());
        file.extend([header.as_bytes(), text, line_end.repeat(2).as_bytes()].concat());
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_fall_into_items(bytes: Vec<u8>) {
        found(&bytes);
    }

    #[test]
    fn parts_are_read_as_the_whole_is(file in soup(), chunk in 1..200usize) {
        prop_assert_eq!(found_in_parts(&file, chunk), found(&file));
    }

    #[test]
    fn what_follows_changes_nothing_about_whole_items(
        file in soup(), seen: prop::sample::Index, more in soup()
    ) {
        let seen = &file[..seen.index(file.len() + 1)];
        if let Some(cut) = whole_items(seen) {
            let part = found(&file[..cut]);
            for rest in [&file[seen.len()..], &more] {
                let whole = [seen, rest].concat();
                prop_assert!(found(&whole).starts_with(&part));
            }
        }
    }

    #[test]
    fn written_records_come_back(pages in pages(), crlf: bool, chunk in 1..2_000usize) {
        let file = written(&pages, if crlf { "\r\n" } else { "\n" });
        let found = found(&file);
        prop_assert_eq!(&found_in_parts(&file, chunk), &found);
        prop_assert_eq!(found.len(), pages.len());
        for ((_, item), ([id, url, date, languages], text)) in found.iter().zip(&pages) {
            let [id, url, date, languages] = [id, url, date, languages].map(Option::as_deref);
            prop_assert_eq!(item, &Item::Document(Record { id, url, date, languages, text }));
        }
    }
}

#[test]
fn where_a_header_grows_too_long_parts_are_read_as_the_whole_is() {
    for length in MAX_HEADER - 20..MAX_HEADER + 20 {
        let mut file = fill("WARC/1.0\nWARC-Type: x\nContent-Length: 0\n", "X: y\n", length);
        file.extend(b"\n\n\n\nWARC/1.0\nWARC-Type: conversion\nContent-Length: 0\n\n\n\n");
        let found = found(&file);
        assert!(matches!(found[found.len() - 1].1, Item::Document(_)), "{length}");
        assert_eq!(found_in_parts(&file, 100), found, "{length}");
    }
}

#[test]
fn an_item_is_never_too_long_for_a_reader() {
    let garbage = fill("", "x", MAX_ITEM + VERSION);
    assert_eq!(whole_items(&garbage), Some(MAX_ITEM));
    assert_eq!(found(&garbage).len(), 2);
    assert_eq!(whole_items(&fill("", "\n", MAX_ITEM)), Some(MAX_ITEM));
    let page = written(&[([const { None }; 4], vec![b'x'; MAX_BLOCK])], "\r\n");
    assert_eq!(whole_items(&page), Some(page.len()));
    // A record that starts where an item has to end, and one byte later.
    for length in [MAX_ITEM - 1, MAX_ITEM] {
        let mut file = fill("", "x", length);
        file.extend(b"\nWARC/1.0\n");
        let found = found(&file);
        assert_eq!(found[found.len() - 1].0, length + 1..file.len());
        assert_eq!(whole_items(&file), Some(length + 1));
    }
}

/// What could make the reading slow: how a file starts, and what then comes many times.
fn baits() -> [(&'static str, String); 10] {
    [
        ("", "x".to_owned()),
        ("WARC/1.0\n", "x".to_owned()),
        ("", "\r\n".to_owned()),
        ("", "WARC/1.0\n".to_owned()),
        ("", "WARC/1.0\na: b\n".to_owned()),
        ("", "WARC/1.0\r:\n".to_owned()),
        ("", "\n\n\n\nWARC/1.0\n".to_owned()),
        // Lengths that are too large, or reach beyond the file or beyond some chunks.
        ("", head(MAX_BLOCK + 1)),
        ("", head(MAX_BLOCK)),
        ("", head(1_000)),
    ]
}

fn fill(start: &str, piece: &str, length: usize) -> Vec<u8> {
    start.bytes().chain(piece.bytes().cycle()).take(length).collect()
}

fn head(block: usize) -> String {
    format!("WARC/1.0\nWARC-Type: x\nContent-Length: {block}\n\n")
}

/// The shortest time of some runs: what else the machine does only adds.
fn shortest(work: impl Fn() -> usize) -> Duration {
    let run = || {
        let start = Instant::now();
        assert!(std::hint::black_box(work()) > 0);
        start.elapsed()
    };
    (0..5).map(|_| run()).min().unwrap_or_default().max(Duration::from_micros(20))
}

#[test]
fn time_is_linear() {
    // Were it quadratic, 16 times the bytes would take 256 times the time. They fit into
    // a header, so that its limit does not hide that.
    let length = MAX_HEADER / 16;
    for (start, piece) in baits() {
        let (short, long) = (fill(start, &piece, length), fill(start, &piece, 16 * length));
        let linear = |work: fn(&[u8]) -> usize| {
            (0..3).any(|_| shortest(|| work(&long)) < 80 * shortest(|| work(&short)))
        };
        assert!(linear(|file| items(file).count()), "{piece:?}");
        assert!(linear(|file| found_in_parts(file, 256).len()), "{piece:?}, in parts");
    }
}
