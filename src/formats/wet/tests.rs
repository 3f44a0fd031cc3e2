//! What is read of records, good and bad.

use super::*;

/// A record as Common Crawl writes it, but for the length.
fn sized(length: usize, text: &str) -> String {
    format!("WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {length}\r\n\r\n{text}\r\n\r\n")
}

fn page(text: &str) -> String {
    sized(text.len(), text)
}

/// What stands in a file: texts, reasons, or "other".
fn read(file: &str) -> Vec<String> {
    let shown = |item| match item {
        Item::Document(record) => String::from_utf8_lossy(record.text).into_owned(),
        Item::Other => "other".to_owned(),
        Item::Bad(reason) => reason.to_string(),
    };
    properties::found(file.as_bytes()).into_iter().map(|(_, item)| shown(item)).collect()
}

#[test]
fn records_are_read_with_lf_or_crlf() {
    let [one, two] = ["one", "two"].map(page);
    let info = "WARC/1.1\r\nwarc-type: warcinfo\r\ncontent-length: 4\r\n\r\na: b\r\n\r\n";
    let response = "WARC/1.0\nWARC-Type: response\nContent-Length: 2\n\nHI\n\n";
    for (file, found) in [
        (String::new(), vec![]),
        (format!("{info}{one}{response}{two}"), vec!["other", "one", "other", "two"]),
        (format!("{one}{two}").replace("\r\n", "\n"), vec!["one", "two"]),
        (format!("\r\n{one}\n\r\n{two}\n"), vec!["other", "one", "other", "two", "other"]),
        (page(""), vec![""]),
        ("\n\r\n\n".to_owned(), vec!["other"]),
    ] {
        assert_eq!(read(&file), found, "{file:?}");
    }
}

#[test]
fn fields_are_found_in_any_case_and_order() {
    let file = b"WARC/1.0\r\nwarc-date:2024-05-18T01:58:10Z\r\nContent-Length: 4\r\n\
        X: \xff\n more of x: y\nWARC-TARGET-URI: <http://a.example/?q=a:b>\r\n\
        WARC-Identified-Content-Language: eng,deu \r\nWARC-Type : Conversion\r\n\
        WARC-Record-ID: <urn:uuid:1>\nWARC-Record-ID: <urn:uuid:2>\r\n\r\nNo\xed\xff\r\n\r\n";
    let record = Record {
        id: Some("<urn:uuid:1>"),
        url: Some("http://a.example/?q=a:b"),
        date: Some("2024-05-18T01:58:10Z"),
        languages: Some("eng,deu"),
        text: b"No\xed\xff",
    };
    assert_eq!(properties::found(file), [(0..file.len(), Item::Document(record))]);

    let file = b"WARC/1.0\nWARC-Type: conversion\nWARC-Date:\nWARC-Record-ID: \xff\n\
        Content-Length: 0\n\n\n\n";
    let record = Record { id: None, url: None, date: None, languages: None, text: b"" };
    assert_eq!(properties::found(file), [(0..file.len(), Item::Document(record))]);
}

#[test]
fn each_fault_of_a_header_has_its_reason() {
    let lines = format!("Content-Length: 0\n{}", "X: y\n".repeat(MAX_HEADER / 5));
    let line = format!("X: {}\n", "y".repeat(MAX_HEADER));
    for (fields, reason) in [
        ("WARC-Type: x\n", RecordError::Missing(LENGTH)),
        ("Content-Length: 5\n", RecordError::Missing(TYPE)),
        ("WARC-Type: x\nContent-Length:\n", RecordError::Length),
        ("WARC-Type: x\nContent-Length: -5\n", RecordError::Length),
        ("WARC-Type: x\nContent-Length: 5 bytes\n", RecordError::Length),
        ("WARC-Type: x\nContent-Length: 33554433\n", RecordError::Length),
        ("WARC-Type: x\nContent-Length: 18446744073709551616\n", RecordError::Length),
        ("WARC-Type: x\nContent-Length: 33554432\n", RecordError::End(MAX_BLOCK)),
        ("WARC-Type: x\nContent-Length: 5\nno field\n", RecordError::Header),
        (&lines, RecordError::Header),
        (&line, RecordError::Header),
    ] {
        let bad = format!("WARC/1.0\n{fields}\nHello\n\n");
        let file = bad.clone() + &page("next");
        let found = properties::found(file.as_bytes());
        assert_eq!(found[0], (0..bad.len(), Item::Bad(reason)), "{fields:.40}");
        assert!(matches!(found[1..], [(_, Item::Document(_))]));
    }
}

#[test]
fn after_garbage_the_next_version_line_counts() {
    let [one, two] = ["one", "two"].map(page);
    let none = RecordError::NoRecord.to_string();
    for garbage in
        ["noise\r\n", "\0\n\nWARC/1.0 is a version.\n", "WARC/0.18\r\n\r\n", "warc/1.0\n"]
    {
        assert_eq!(read(&format!("{one}{garbage}{two}")), ["one", none.as_str(), "two"]);
    }
    // No line starts there.
    assert_eq!(read(&format!("{one}noise{two}")), ["one", &none]);
}

#[test]
fn a_record_that_is_cut_off_is_bad_and_the_next_one_is_not() {
    let (cut, next) = (page("A text of some length."), page("next"));
    for at in 1..cut.len() {
        let found = properties::found(&cut.as_bytes()[..at]);
        assert!(matches!(found[..], [(_, Item::Bad(_))]), "{at}");
        let found = read(&format!("{}\n{next}", &cut[..at]));
        let line_breaks_are_whole = at == cut.len() - 1;
        assert_eq!(found[0] == "A text of some length.", line_breaks_are_whole, "{at}");
        assert_eq!(found[1..], ["next"], "{at}");
    }
}

#[test]
fn a_wrong_length_is_noticed_and_the_next_record_is_read() {
    let [two, three] = ["two", "three"].map(page);
    let text = "a\nbc";
    // There, after the lines of a header or a block, are two line breaks.
    let rest = format!("{text}\r\n\r\n{two}{three}");
    for length in (0..rest.len()).filter(|at| !rest[*at..].starts_with("\r\n\r\n")) {
        let found = read(&format!("{}{two}{three}", sized(length, text)));
        assert!(found[0].starts_with(&format!("Content-Length is {length}, but")));
        assert_eq!(found[1..], ["two", "three"], "{length}");
    }
}

#[test]
fn a_page_that_shows_records_is_one_document() {
    let text = format!("How WARC looks:\n{}{}", page("one"), page("two"));
    assert_eq!(read(&format!("{}{}noise", page(&text), page("next")))[..2], [&text, "next"]);
}

#[test]
fn a_stream_is_known_by_its_first_line() {
    for (start, is) in [
        ("WARC/1.0\r\nWARC-Ty", true),
        ("WARC/1.1\n", true),
        ("WARC/1.0 is a version\n", false),
        ("WARC/1.", false),
        ("\nWARC/1.0\n", false),
        ("", false),
    ] {
        assert_eq!(is_warc(start.as_bytes()), is, "{start:?}");
    }
}
