//! What must be true of any input.

use std::io::{self, Cursor};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use despam::Bound;
use despam::formats::Format;
use despam::formats::jsonl::Fields;
use despam::formats::wet::{Item, items};
use despam::pipeline::{
    Counts, Excess, Filter, Input, InputError, Job, MaxRemoved, Part, Sink, run,
};
use despam::restore::{AuditEnd, restore};
use despam::{Classifier, Model, Unit};
use proptest::prelude::*;

impl Sink for Written {
    fn begin(&mut self, _: &str, _: Format) -> io::Result<()> {
        Ok(())
    }

    fn part(&mut self, part: &Part) -> io::Result<()> {
        self.main.extend(&part.main);
        self.removed.extend(&part.removed);
        self.attributes.extend(&part.attributes);
        part.rejects.iter().for_each(|reject| self.rejects.extend(&reject.row));
        Ok(())
    }

    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()> {
        self.counts = result.expect("memory can be read").clone();
        Ok(())
    }
}

/// All that a run writes.
#[derive(Debug, Default, PartialEq)]
pub struct Written {
    pub main: Vec<u8>,
    pub removed: Vec<u8>,
    pub attributes: Vec<u8>,
    pub rejects: Vec<u8>,
    pub counts: Counts,
}

pub fn classifier(threshold: f64) -> Classifier<'static> {
    Classifier::new(Model::default_model()).with_bound(Bound::Threshold(threshold))
}

pub fn written(
    classifier: &Classifier<'_>,
    job: &Job,
    format: Format,
    bytes: &[u8],
    threads: usize,
) -> Written {
    let input = Input::new("in", format, Cursor::new(bytes.to_vec()));
    written_of(classifier, job, format, input, threads)
}

pub fn written_of(
    classifier: &Classifier<'_>,
    job: &Job,
    format: Format,
    input: Input<'_>,
    threads: usize,
) -> Written {
    let mut written = Written::default();
    let inputs = std::iter::once(input);
    run(classifier, job, &Fields::default(), inputs, &mut written, threads)
        .expect("memory can be read and written");
    let end = AuditEnd::new("in", format, &written.counts);
    written.removed.extend(serde_json::to_vec(&end).expect("the row is JSON"));
    written
}

pub fn filter() -> Job {
    Job::Filter(Filter { audit: true, ..Filter::default() })
}

/// Filtering with every bound on how much of a document may go.
fn bounded(share: f64, action: Excess) -> Job {
    let max_removed = Some(MaxRemoved { share, action });
    Job::Filter(Filter { audit: true, max_removed, ..Filter::default() })
}

/// Ways to filter of which every one can be undone.
pub fn filters() -> impl Strategy<Value = Filter> {
    let actions = vec![Excess::Keep, Excess::Drop, Excess::Flag];
    let bound = (0.01..=1.0f64, prop::sample::select(actions))
        .prop_map(|(share, action)| MaxRemoved { share, action });
    (prop::option::of(bound), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(max_removed, pass_missing, mark, attributes)| Filter {
            audit: true,
            pass_missing,
            mark: mark && max_removed.is_none(),
            attributes: attributes.then(|| "own".to_owned()),
            max_removed,
            ..Filter::default()
        },
    )
}

fn keep_all() -> Job {
    Job::Filter(Filter { drop: Vec::new(), audit: true, ..Filter::default() })
}

/// The JSON in lines.
pub fn values(lines: &[u8]) -> Vec<serde_json::Value> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a line is JSON")).collect()
}

pub fn restored(written: &Written) -> Vec<u8> {
    let mut out = Vec::new();
    restore(
        &mut written.main.as_slice(),
        &mut written.removed.as_slice(),
        Some(&mut written.rejects.as_slice()),
        None,
        &mut out,
    )
    .expect("what was removed can be put back");
    out
}

/// Text as pages have it, with all kinds of line ends and stray bytes.
pub fn page() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("Home | News | Contact | Login".as_bytes().to_vec()),
        Just(
            "The council voted on Tuesday to raise the wall, after a long debate."
                .as_bytes()
                .to_vec()
        ),
        Just("Share on Facebook".as_bytes().to_vec()),
        Just(
            "We are a professional manufacturer of tower fans, welcome to contact us!"
                .as_bytes()
                .to_vec()
        ),
        Just("IGBT FF200R12KE3, SKM150GB128D in stock".as_bytes().to_vec()),
        Just("Größe \u{fffd} 中文 \u{200b} \u{2028} é".as_bytes().to_vec()),
        Just(b"bad \xff\xfe\xc3 bytes \xed\xa0\x80".to_vec()),
        Just(Vec::new()),
        Just(b"  \t ".to_vec()),
        "[ -~]{0,60}".prop_map(String::into_bytes),
    ];
    let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("\n\n")];
    (prop::collection::vec((line, ending), 0..25), any::<bool>(), any::<bool>()).prop_map(
        |(lines, bom, cut)| {
            let mut page = if bom { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
            for (line, ending) in lines {
                page.extend(line);
                page.extend(ending.as_bytes());
            }
            if cut {
                page.pop();
            }
            page
        },
    )
}

/// JSON Lines of such pages, some of them broken.
pub fn records() -> impl Strategy<Value = Vec<u8>> {
    let record = (page(), any::<bool>(), 0..12u8).prop_map(|(page, ascii, kind)| {
        let text =
            serde_json::to_string(&String::from_utf8_lossy(&page)).expect("a string is JSON");
        let text = match ascii {
            true => text.replace('é', "\\u00e9").replace('中', "\\u4e2d"),
            false => text,
        };
        match kind {
            0 => "{\"text\": nonsense".to_owned(),
            1 => String::new(),
            2 => format!("{{\"text\":{text},\"text\":{text}}}"),
            3 => "{\"body\":\"no text\"}".to_owned(),
            4 => "{\"id\":5,\"text\":[1]}".to_owned(),
            5 => format!("{{\"text\":{text},\"despam\":0}}"),
            6 => format!(" {{ \"n\" : 1e400 , \"text\":{text}, \"id\":17 }} "),
            _ => format!("{{\"id\":\"a\",\"text\":{text},\"x\":{{\"text\":null}}}}"),
        }
    });
    (prop::collection::vec(record, 0..8), any::<bool>()).prop_map(|(records, ending)| {
        let mut bytes = records.join("\n").into_bytes();
        if ending && !bytes.is_empty() {
            bytes.push(b'\n');
        }
        bytes
    })
}

/// A WET record of type `kind` whose header says that its text has `length` bytes.
pub fn wet_record(kind: &str, fields: &str, length: usize, text: &[u8]) -> Vec<u8> {
    let head = format!("WARC/1.0\r\nWARC-Type: {kind}\r\n{fields}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), text, b"\r\n\r\n"].concat()
}

/// A WET file of such pages, with other records, wrong lengths and noise between them,
/// perhaps cut off.
pub fn wet() -> impl Strategy<Value = Vec<u8>> {
    let record = (page(), 0..12u8).prop_map(|(page, kind)| {
        let utf8 = String::from_utf8_lossy(&page);
        let fields = "WARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://a.example/\"b\r\n\
            WARC-Identified-Content-Language: eng,deu\r\n";
        match kind {
            0 => wet_record("warcinfo", "", page.len(), &page),
            1 => wet_record("conversion", fields, page.len() + 5, &page),
            2 => [b"noise ".as_slice(), &page, b"\n"].concat(),
            3 => b"\r\n\n".to_vec(),
            4 => wet_record("conversion", fields, page.len(), &page),
            5 => wet_record("conversion", "", utf8.len(), utf8.as_bytes()),
            _ => wet_record("conversion", fields, utf8.len(), utf8.as_bytes()),
        }
    });
    let records = prop::collection::vec(record, 0..10);
    (records, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(records, at, cut)| {
        let bytes = records.concat();
        let length = if cut { at.index(bytes.len() + 1) } else { bytes.len() };
        bytes[..length].to_vec()
    })
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.split_inclusive(|byte| *byte == b'\n').count() as u64
}

/// Whether `part` can be had from `whole` by leaving bytes out.
fn is_subsequence(part: &[u8], whole: &[u8]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|byte| rest.any(|other| other == byte))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_filtered_text_is_a_part_of_it_and_can_be_restored(page in page(), threshold in 0.0..1.0f64) {
        let written = written(&classifier(threshold), &filter(), Format::Text, &page, 1);
        prop_assert!(is_subsequence(&written.main, &page));
        prop_assert_eq!(restored(&written), page.clone());
        if written.counts.removed == 0 {
            prop_assert_eq!(&written.main, &page);
        }
    }

    #[test]
    fn filtered_records_can_be_restored_and_none_is_lost(records in records(), threshold in 0.0..1.0f64) {
        let written = written(&classifier(threshold), &filter(), Format::JsonLines, &records, 2);
        prop_assert_eq!(restored(&written), records.clone());
        prop_assert_eq!(lines(&records), written.counts.records);
        prop_assert_eq!(lines(&written.main) + lines(&written.rejects), written.counts.records);
        prop_assert_eq!(lines(&written.rejects), written.counts.rejected);
    }

    #[test]
    fn a_wet_file_becomes_lines_that_can_be_restored_and_nothing_is_lost(
        file in wet(), threshold in 0.0..1.0f64
    ) {
        let all = written(&classifier(0.5), &keep_all(), Format::Wet, &file, 1);
        let cleaned = written(&classifier(threshold), &filter(), Format::Wet, &file, 2);
        prop_assert_eq!(restored(&cleaned), all.main.clone());
        prop_assert_eq!(&cleaned.rejects, &all.rejects);
        let counts = &cleaned.counts;
        prop_assert_eq!(lines(&cleaned.main) + lines(&cleaned.rejects), counts.records);
        prop_assert_eq!(lines(&cleaned.rejects), counts.rejected);

        // What is in the file, in its order.
        let (mut written, mut rejects) = (Vec::new(), Vec::new());
        let (mut number, mut others) = (0, 0);
        for (range, item) in items(&file) {
            let bytes = &file[range.clone()];
            let text = match item {
                Item::Other => {
                    others += u64::from(!bytes.trim_ascii().is_empty());
                    continue;
                }
                Item::Document(record) => std::str::from_utf8(record.text).ok(),
                Item::Bad(_) => None,
            };
            number += 1;
            match text {
                Some(text) => written.push(text.to_owned()),
                None => rejects.push((number, range.start as u64, bytes.to_vec())),
            }
        }
        prop_assert_eq!((counts.records, counts.other_records), (number, others));
        let texts: Vec<String> =
            values(&all.main).iter().map(|line| line["text"].as_str().expect("a text").to_owned()).collect();
        prop_assert_eq!(texts, written);
        let rows: Vec<(u64, u64, Vec<u8>)> = values(&all.rejects).iter().map(|row| {
            let raw = row["raw"].as_str().map(|raw| raw.as_bytes().to_vec());
            let packed = || BASE64_STANDARD.decode(row["raw_base64"].as_str().expect("bytes"));
            let at = |key: &str| row[key].as_u64().expect("a number");
            (at("record"), at("offset"), raw.unwrap_or_else(|| packed().expect("base64")))
        }).collect();
        prop_assert_eq!(rows, rejects);
    }

    #[test]
    fn filtering_in_any_way_can_be_undone(records in records(), filter in filters(), threshold in 0.0..1.0f64) {
        let classifier = classifier(threshold);
        let [one, two] = [1, 2].map(|threads| {
            written(&classifier, &Job::Filter(filter.clone()), Format::JsonLines, &records, threads)
        });
        prop_assert_eq!(&one, &two);
        prop_assert_eq!(restored(&one), records.clone());
        let Counts { records: read, rejected, dropped, .. } = one.counts;
        prop_assert_eq!(lines(&records), read);
        prop_assert_eq!(lines(&one.main), read - rejected - dropped);
        prop_assert_eq!(lines(&one.rejects), rejected);
        prop_assert_eq!(lines(&one.attributes), if filter.attributes.is_some() { read } else { 0 });
        let untouched = one.counts.removed == 0 && rejected == 0 && dropped == 0;
        if untouched && !filter.mark {
            prop_assert_eq!(&one.main, &records);
        }
    }

    #[test]
    fn wet_filtered_in_any_way_can_be_undone(file in wet(), filter in filters(), threshold in 0.0..1.0f64) {
        let filter = Filter { attributes: None, ..filter };
        let all = written(&classifier(0.5), &keep_all(), Format::Wet, &file, 1);
        let written = written(&classifier(threshold), &Job::Filter(filter), Format::Wet, &file, 2);
        prop_assert_eq!(restored(&written), all.main);
        let Counts { records, rejected, dropped, .. } = written.counts;
        prop_assert_eq!(lines(&written.main), records - rejected - dropped);
    }

    #[test]
    fn a_bounded_text_can_be_restored(page in page(), share in 0.01..1.0f64, keep: bool, threshold in 0.0..1.0f64) {
        let action = if keep { Excess::Keep } else { Excess::Drop };
        let bounded = written(&classifier(threshold), &bounded(share, action), Format::Text, &page, 1);
        prop_assert_eq!(restored(&bounded), page.clone());
        let plain = written(&classifier(threshold), &filter(), Format::Text, &page, 1);
        let Counts { removed_words, words, .. } = plain.counts;
        let over = removed_words as f64 > share * words as f64;
        prop_assert_eq!(bounded.counts.over_max_removed, u64::from(over));
        prop_assert_eq!(bounded.counts.dropped, u64::from(over && !keep));
        let expected = match () {
            () if !over => plain.main,
            () if keep => page,
            () => Vec::new(),
        };
        prop_assert_eq!(bounded.main, expected);
    }

    #[test]
    fn a_marked_record_is_the_record_and_one_field(page in page(), threshold in 0.0..1.0f64, keep: bool) {
        let text = String::from_utf8_lossy(&page).into_owned();
        let line = format!("{{\"text\":{},\"n\":1e400}} \r\n", serde_json::Value::from(text.as_str()));
        let mark = Job::Filter(Filter { mark: true, ..Filter::default() });
        let classifier = if keep { Classifier::new(Model::default_model()) } else { classifier(threshold) };
        let main = written(&classifier, &mark, Format::JsonLines, line.as_bytes(), 1).main;
        let main = String::from_utf8(main).expect("it is UTF-8");
        let (start, rest) = main.split_once(",\"despam\":").expect("there is a field");
        let (value, end) = rest.rsplit_once('}').expect("the object ends");
        prop_assert_eq!(format!("{start}}}{end}"), line.clone());
        let value: serde_json::Value = serde_json::from_str(value).expect("it is JSON");
        prop_assert_eq!(value.get("keep").is_some(), keep);
        let verdicts = classifier.judge(text.as_bytes());
        let flagged: Vec<_> = verdicts.iter().filter(|verdict| verdict.label.is_spam()).collect();
        let points: Vec<char> = text.chars().collect();
        let spans = value["spans"].as_array().expect("spans");
        prop_assert_eq!(spans.len(), flagged.len());
        for (span, verdict) in spans.iter().zip(flagged) {
            let at = |i: usize| span[i].as_u64().expect("an offset") as usize;
            let marked: String = points[at(0)..at(1)].iter().collect();
            prop_assert_eq!(&marked, &text[verdict.span.range()]);
            prop_assert_eq!(span[2].as_str(), Some(verdict.label.name()));
            prop_assert_eq!(span[3].as_f64(), Some(verdict.spam().get()));
        }
        let quality = value["line_quality"].as_array().expect("numbers");
        prop_assert_eq!(quality.len(), text.split('\n').count());
        prop_assert!(quality.iter().all(|q| (0.0..=1.0).contains(&q.as_f64().unwrap_or(-1.0))));
    }

    #[test]
    fn spans_of_attributes_are_what_filtering_takes_out(page in page(), threshold in 0.0..1.0f64) {
        let text = String::from_utf8_lossy(&page).into_owned();
        let line = format!("{{\"id\":7,\"text\":{}}}\n", serde_json::Value::from(text.as_str()));
        let job = Job::Filter(Filter { attributes: Some("own".to_owned()), ..Filter::default() });
        let written = written(&classifier(threshold), &job, Format::JsonLines, line.as_bytes(), 1);
        let row: serde_json::Value =
            serde_json::from_slice(&written.attributes).expect("a row is JSON");
        let cleaned: serde_json::Value =
            serde_json::from_slice(&written.main).expect("a record is JSON");
        prop_assert_eq!(&row["id"], &cleaned["id"]);
        let spans = |kind: &str| {
            let spans = &row["attributes"][format!("own__despam__{kind}")];
            let numbers = |span: &serde_json::Value| {
                let at = |i: usize| span[i].as_u64().expect("an offset") as usize;
                at(0)..at(1)
            };
            spans.as_array().expect("spans").iter().map(numbers).collect::<Vec<_>>()
        };
        let removed: Vec<_> = spans("ad").into_iter().chain(spans("chrome")).collect();
        let points = text.chars().enumerate();
        let stays = |i: usize| !removed.iter().any(|span| span.contains(&i));
        let left: String = points.filter(|(i, _)| stays(*i)).map(|(_, c)| c).collect();
        prop_assert_eq!(Some(left.as_str()), cleaned["text"].as_str());
        let whole = 0..text.chars().count();
        prop_assert_eq!(spans("document").first().cloned(), Some(whole));
    }

    #[test]
    fn strictly_a_text_that_is_not_utf8_is_rejected_whole(page in page()) {
        let strict = Job::Filter(Filter { audit: true, strict: true, ..Filter::default() });
        let written = written(&classifier(0.5), &strict, Format::Text, &page, 1);
        prop_assert_eq!(restored(&written), page.clone());
        let bad = std::str::from_utf8(&page).err().map(|error| error.valid_up_to());
        prop_assert_eq!(written.counts.rejected, u64::from(bad.is_some()));
        if let Some(at) = bad {
            prop_assert!(written.main.is_empty() && written.counts.paragraphs == 0);
            let row: serde_json::Value =
                serde_json::from_slice(&written.rejects).expect("a row is JSON");
            prop_assert_eq!(&row["reason"], &format!("invalid UTF-8 at byte {at}"));
            prop_assert_eq!((&row["record"], &row["offset"]), (&1.into(), &0.into()));
        }
    }

    #[test]
    fn rows_are_one_for_every_visible_line_and_tell_the_bytes(page in page()) {
        let classifier = classifier(0.5).with_unit(Unit::Line);
        let rows = written(&classifier, &Job::Score, Format::Text, &page, 1).main;
        let rows = values(&rows);
        let start = if page.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let visible: Vec<&[u8]> = page[start..]
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .filter(|line| !String::from_utf8_lossy(line).trim().is_empty())
            .collect();
        prop_assert_eq!(rows.len(), visible.len());
        for (number, (row, line)) in rows.iter().zip(visible).enumerate() {
            let at = |key: &str| row[key].as_u64().expect("an offset") as usize;
            prop_assert_eq!(at("paragraph"), number);
            prop_assert_eq!(&page[at("start")..at("end")], line);
            let p = |key: &str| (row[key].as_f64().expect("a probability") * 1e6).round() as i64;
            prop_assert_eq!(p("spam"), p("ad") + p("chrome"));
            let guarded = row.get("guard").is_some();
            prop_assert_eq!(row["label"] != "content", p("spam") >= 500_000 && !guarded);
        }
    }

    #[test]
    fn explanations_sum_to_the_decision_value(page in page()) {
        for (verdict, explanation) in classifier(0.5).explain(&page) {
            let sum: f64 = explanation.contributions.iter().map(|part| part.value).sum();
            prop_assert!((sum - explanation.decision).abs() < 1e-9);
            if verdict.guard.is_none() {
                let p = 1.0 / (1.0 + (-explanation.decision).exp());
                prop_assert!((p - verdict.spam().get()).abs() < 1.1e-6);
            }
        }
    }

    #[test]
    fn any_bytes_are_judged(bytes: Vec<u8>) {
        for unit in [Unit::Auto, Unit::Line, Unit::Block] {
            for verdict in classifier(0.5).with_unit(unit).judge(&bytes) {
                prop_assert!((0.0..=1.0).contains(&verdict.spam().get()));
            }
        }
    }
}

/// A stream of several chunks, so that threads have something to share.
fn long_stream() -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0..9000 {
        let text = format!(
            "Home | News | Contact\\nThe report number {i} was read to the committee on Monday.\\nShare on Facebook\\n\
             We are a professional manufacturer of fans, model FN-{i}, welcome to contact us!\\n"
        );
        bytes.extend(format!("{{\"id\":{i},\"text\":\"{}\"}}\n", text.repeat(2)).bytes());
    }
    bytes
}

/// The same as one text.
fn long_text() -> Vec<u8> {
    let text = |i: usize| {
        format!(
            "Home | News | Contact\nThe report number {i} was read to the committee on Monday, \
             and nobody spoke against it.\nShare on Facebook\n"
        )
    };
    (0..25_000).map(text).collect::<String>().into_bytes()
}

/// Such texts as a WET file, some with a wrong length, one of more than a chunk.
fn long_wet() -> Vec<u8> {
    let text = long_text();
    let mut bytes = wet_record("warcinfo", "", 5, b"a: b\n");
    bytes.extend(wet_record("conversion", "", text.len(), &text));
    for (i, text) in text.chunks(1500).enumerate() {
        let length = text.len() + usize::from(i % 100 == 7);
        bytes.extend(wet_record("conversion", "", length, text));
    }
    bytes
}

#[test]
fn threads_do_not_change_the_output() {
    let marked_and_described =
        Job::Filter(Filter { mark: true, attributes: Some("own".to_owned()), ..Filter::default() });
    for (format, job, threshold) in [
        (Format::JsonLines, filter(), 0.5),
        (Format::JsonLines, Job::Score, 0.5),
        (Format::Text, filter(), 0.9999),
        (Format::Text, Job::Check, 0.0),
        (Format::Wet, filter(), 0.5),
        (Format::Wet, Job::Check, 0.5),
        (Format::Text, bounded(0.2, Excess::Drop), 0.5),
        (Format::JsonLines, bounded(0.2, Excess::Flag), 0.5),
        (Format::JsonLines, marked_and_described, 0.5),
    ] {
        let stream = match format {
            Format::Text => long_text(),
            Format::JsonLines => long_stream(),
            Format::Wet => long_wet(),
            Format::Parquet => Vec::new(),
        };
        let one = written(&classifier(threshold), &job, format, &stream, 1);
        assert!(!one.main.is_empty() || !one.removed.is_empty(), "{job:?}");
        for threads in [2, 5] {
            let more = written(&classifier(threshold), &job, format, &stream, threads);
            assert!(one == more, "{job:?} on {threads} threads");
        }
    }
}

#[test]
fn a_bad_wet_record_is_rejected_and_the_next_one_is_read() {
    let page = |text: &str| wet_record("conversion", "", text.len(), text.as_bytes());
    let (one, last) = (page("The wall is dry."), page("It rained in May."));
    let wrong = |length| wet_record("conversion", "", length, b"A text.");
    let head = "WARC/1.0\r\nWARC-Type: conversion\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\nWith\r\n0\r\n\r\n");
    for (bad, reason) in [
        (b"<html>no record</html>\n".to_vec(), "no record starts here"),
        (wrong(3), "Content-Length is 3, but"),
        (wrong(700), "Content-Length is 700, but"),
        (wrong(usize::MAX), "Content-Length is not a number up to"),
        (b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Len\n".to_vec(), "expected lines"),
        ([&page("A text that is cut")[..70], b"\n"].concat(), "Content-Length is 18, but"),
        (chunked.into_bytes(), "no header field Content-Length"),
        (wet_record("conversion", "", 6, b"No \xed\xa0\x80"), "invalid UTF-8 at byte 3"),
    ] {
        let written =
            written(&classifier(1.0), &filter(), Format::Wet, &[&one[..], &bad, &last].concat(), 1);
        let texts = "{\"text\":\"The wall is dry.\"}\n{\"text\":\"It rained in May.\"}\n";
        assert_eq!(String::from_utf8_lossy(&written.main), texts, "{reason}");
        assert_eq!((written.counts.records, written.counts.rejected), (3, 1), "{reason}");
        let row = &values(&written.rejects)[0];
        assert!(row["reason"].as_str().is_some_and(|why| why.starts_with(reason)), "{row}");
        assert_eq!(
            (row["record"].as_u64(), row["offset"].as_u64()),
            (Some(2), Some(one.len() as u64))
        );
    }
}

#[test]
fn sections_of_a_long_text_are_bounded_each_for_itself_and_come_back() {
    let text = long_text();
    for (action, stays) in [(Excess::Keep, text.as_slice()), (Excess::Drop, b"")] {
        let written = written(&classifier(0.0), &bounded(0.9, action), Format::Text, &text, 2);
        assert!(written.counts.over_max_removed > 1 && written.counts.dropped == 0);
        assert!(written.main == stays);
        assert!(restored(&written) == text);
    }
}

#[test]
fn fields_are_not_asked_of_texts() {
    let needs_records = [
        Filter { mark: true, ..Filter::default() },
        Filter { attributes: Some("own".to_owned()), ..Filter::default() },
        Filter {
            max_removed: Some(MaxRemoved { share: 0.5, action: Excess::Flag }),
            ..Filter::default()
        },
    ];
    for filter in needs_records {
        let input = std::iter::once(Input::new("in", Format::Text, &b"Home\n"[..]));
        let (classifier, mut out) = (classifier(0.0), Vec::new());
        let job = Job::Filter(filter);
        let result = run(&classifier, &job, &Fields::default(), input, &mut out, 1);
        assert!(result.is_err_and(|error| error.to_string().contains("need jsonl")));
        assert!(out.is_empty());
    }
}

#[test]
fn a_document_of_spam_alone_becomes_empty_and_stays() {
    let record = b"{\"id\":\"a\",\"text\":\"Home\\n\\nLogin\\n\",\"n\":1}\n";
    let written = written(&classifier(0.0), &filter(), Format::JsonLines, record, 1);
    assert_eq!(written.main, b"{\"id\":\"a\",\"text\":\"\",\"n\":1}\n");
    assert_eq!((written.counts.emptied, written.counts.removed), (1, 2));
}

#[test]
fn equal_words_in_other_forms_have_equal_probabilities() {
    let spam = |text: &str| classifier(0.5).judge(text.as_bytes())[0].spam();
    for (one, other) in [
        ("Prix réduit: café", "Prix re\u{301}duit: cafe\u{301}"),
        ("free shipping", "fr\u{200b}ee ship\u{ad}ping"),
    ] {
        let (one, other) = (spam(one).get(), spam(other).get());
        assert!((one - other).abs() < 1e-6, "{one} {other}");
    }
}
