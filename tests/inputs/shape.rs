//! Sizes and shapes: long lines, many paragraphs, hardly any, and the time they take.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use despam::Unit;
use despam::formats::Format;
use despam::formats::reader::{ChunkReader, Kind, MAX_LINE};
use despam::pipeline::{Filter, Job};

use crate::promises::{Written, classifier, filter, restored, values, wet_record, written};

/// A line over the limit without its end, of characters of one to four bytes.
fn long_line() -> String {
    "xé中😀 ".repeat(MAX_LINE / 11 + 1)
}

/// All bytes that the rejects have of record `record`, which start at `offset`.
fn rejected(written: &Written, record: u64, offset: usize) -> Vec<u8> {
    let mut raw: Vec<u8> = Vec::new();
    for row in values(&written.rejects) {
        if row["record"] != record {
            continue;
        }
        assert_eq!(row["offset"].as_u64(), Some((offset + raw.len()) as u64));
        match row["raw"].as_str() {
            Some(text) => raw.extend(text.bytes()),
            None => {
                let text = row["raw_base64"].as_str().expect("there are bytes");
                raw.extend(BASE64_STANDARD.decode(text).expect("it is base64"));
            }
        }
    }
    raw
}

#[test]
fn a_record_over_the_limit_is_rejected_in_parts_and_the_rest_is_done() {
    let (first, last) = ("{\"id\":1,\"text\":\"Home\"}\n", "{\"id\":3,\"text\":\"Login\"}\n");
    let long = format!("{{\"id\":2,\"text\":\"{}\"}}\n", long_line());
    let all = [first, &long, last].concat();
    let attributes = Some("own".to_owned());
    let job = Job::Filter(Filter { audit: true, attributes, ..Filter::default() });
    let written = written(&classifier(0.0), &job, Format::JsonLines, all.as_bytes(), 2);
    assert_eq!(written.main, b"{\"id\":1,\"text\":\"\"}\n{\"id\":3,\"text\":\"\"}\n");
    assert_eq!((written.counts.records, written.counts.rejected), (3, 1));
    assert!(rejected(&written, 2, first.len()) == long.as_bytes());
    assert!(!String::from_utf8_lossy(&written.rejects).contains("base64"), "characters are whole");
    let rows = values(&written.attributes);
    assert_eq!((rows.len(), &rows[1]["id"]), (3, &serde_json::Value::Null));
    assert!(restored(&written) == all.as_bytes());
}

#[test]
fn a_wet_record_over_the_limit_is_rejected_in_parts_and_the_rest_is_done() {
    let page = |text: &str| wet_record("conversion", "", text.len(), text.as_bytes());
    let (first, long, last) = (page("It rained."), page(&long_line()), page("The wall is dry."));
    let all = [first.as_slice(), &long, &last].concat();
    let written = written(&classifier(1.0), &filter(), Format::Wet, &all, 2);
    let texts = "{\"text\":\"It rained.\"}\n{\"text\":\"The wall is dry.\"}\n";
    assert_eq!(written.main, texts.as_bytes());
    assert_eq!((written.counts.records, written.counts.rejected), (4, 2));
    let parts = [2, 3].into_iter().scan(first.len(), |offset, record| {
        let raw = rejected(&written, record, *offset);
        *offset += raw.len();
        Some(raw)
    });
    assert!(parts.collect::<Vec<_>>().concat() == long);
}

#[test]
fn a_line_over_the_limit_stays_in_its_text() {
    let (first, long, last) = ("Home\n", long_line() + "\r\n", "\nLogin\n");
    let all = [first, &long, last].concat();
    let run = |job: &Job| written(&classifier(0.0), job, Format::Text, all.as_bytes(), 2);
    let filtered = run(&filter());
    assert!(filtered.main == long.as_bytes());
    let counts = &filtered.counts;
    assert_eq!((counts.records, counts.rejected, counts.long_lines), (1, 0, 1));
    assert_eq!((counts.paragraphs, counts.removed, counts.emptied), (2, 2, 0));
    assert!(restored(&filtered) == all.as_bytes());
    // Where the others stand is told as if it had been judged.
    let second = &values(&run(&Job::Score).main)[1];
    let start = (all.len() - "Login\n".len()) as u64;
    assert_eq!((second["paragraph"].as_u64(), second["start"].as_u64()), (Some(2), Some(start)));
    let found = String::from_utf8(run(&Job::Check).main).expect("it is UTF-8");
    assert!(found.lines().nth(1).is_some_and(|line| line.starts_with("in:4:")), "{found}");
}

#[test]
fn a_record_of_too_many_paragraphs_is_rejected_and_the_rest_is_done() {
    let many = "x\n".repeat((1 << 20) + 1);
    let line = |text: &str| format!("{}\n", serde_json::json!({ "text": text }));
    let page = |text: &str| wet_record("conversion", "", text.len(), text.as_bytes());
    for (format, long, last) in [
        (Format::JsonLines, line(&many).into_bytes(), line("It rained.").into_bytes()),
        (Format::Wet, page(&many), page("It rained.")),
    ] {
        let all = [long.as_slice(), &last].concat();
        let written = written(&classifier(1.0), &filter(), format, &all, 1);
        assert_eq!(written.main, b"{\"text\":\"It rained.\"}\n");
        assert_eq!((written.counts.records, written.counts.rejected), (2, 1));
        let reason = &values(&written.rejects)[0]["reason"];
        assert_eq!(reason, "the text has more than 1048576 paragraphs");
        assert!(rejected(&written, 1, 0) == long);
    }
}

#[test]
fn an_endless_line_is_read_in_bounded_memory() {
    let endless = io::repeat(b'x').take(u64::MAX);
    let mut reader = ChunkReader::new(endless, Format::JsonLines, Unit::Auto);
    for i in 0..200 {
        let chunk = reader.next_chunk().expect("it can be read").expect("it does not end");
        assert!(chunk.bytes.len() < MAX_LINE / 32 && !chunk.last);
        assert_eq!(chunk.kind, if i == 0 { Kind::LongStart } else { Kind::LongRest });
    }
}

#[test]
fn any_few_paragraphs_have_sound_scores() {
    for page in [
        "",
        "\n",
        "a",
        "a\nb",
        "a\n\nb",
        ".",
        "...\n---\n***",
        "1",
        "12 34\n56.7 %\n-8",
        "😀\n🎉🎉",
        "!",
        "\"\n'\n(",
        "x\nx",
        "0\n0\n0\n0",
    ] {
        for unit in [Unit::Auto, Unit::Line, Unit::Block] {
            let judge = || classifier(0.5).with_unit(unit).judge(page.as_bytes());
            let verdicts = judge();
            assert_eq!(verdicts, judge());
            for (verdict, explanation) in classifier(0.5).with_unit(unit).explain(page.as_bytes()) {
                assert!((0.0..=1.0).contains(&verdict.spam().get()));
                assert!(explanation.decision.is_finite(), "{page:?}");
            }
        }
    }
}

/// Time that this thread worked. What other programs do is not in it, if the system
/// tells.
fn worked(started: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_deref().and_then(|told| told.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| started.elapsed(), Duration::from_nanos)
}

/// Time to judge `page`.
fn time(page: &[u8]) -> Duration {
    let (classifier, started) = (classifier(0.5), Instant::now());
    let before = worked(started);
    classifier.judge(page);
    worked(started) - before
}

/// Short enough for a fast test, and long for the steps in which systems count.
const LEAST: Duration = Duration::from_millis(20);

/// Four times the size must take less than eight times as long: a quadratic part would
/// make it sixteen.
#[test]
fn time_is_linear_in_the_size() {
    type Make = Box<dyn Fn(usize) -> Vec<u8>>;
    let same = |unit: &'static str| -> Make {
        Box::new(move |size| unit.repeat(size / unit.len()).into_bytes())
    };
    let numbered = |form: fn(usize) -> String| -> Make {
        Box::new(move |size| (0..size / 8).map(form).collect::<String>().into_bytes())
    };
    let marks = |size| ("a".to_owned() + &"\u{301}".repeat(size / 2)).into_bytes();
    let cases: Vec<(&str, Make)> = vec![
        ("letters", same("a")),
        ("capitals", same("A")),
        ("digits", same("7")),
        ("brackets", same("((((")),
        ("links", same("http://")),
        ("addresses", same("a@a.")),
        ("decimals", same("1.")),
        ("dashes", same("a-")),
        ("NUL", same("\0")),
        ("invisible", same("\u{200b}a")),
        ("mixed scripts", same("a\u{430}")),
        ("combining marks", Box::new(marks)),
        ("invalid", Box::new(|size| b"\xe2\x82".repeat(size / 2))),
        ("distinct words", numbered(|i| format!("w{i:x} "))),
        ("lines", same("x\n")),
        ("distinct lines", numbered(|i| format!("l{i:x}\n"))),
        ("line ends", same("\r\n\r")),
        ("paragraphs", same("Home\n\nIt rained.\n\n")),
    ];
    for (name, make) in cases {
        let ratio = || {
            let (mut size, mut one) = (1 << 13, Duration::ZERO);
            while one < LEAST && size < 1 << 24 {
                size *= 2;
                one = time(&make(size));
            }
            time(&make(4 * size)).as_secs_f64() / one.as_secs_f64().max(1e-6)
        };
        assert!((0..3).any(|_| ratio() < 8.0), "{name}");
    }
}

/// How many times as long as `other` the time of `page` is, a byte; the best of three.
fn times_as_long(page: &[u8], other: &[u8]) -> f64 {
    let a_byte = |page: &[u8]| time(page).as_secs_f64() / page.len() as f64;
    (0..3).map(|_| a_byte(page) / a_byte(other)).fold(f64::INFINITY, f64::min)
}

/// A word of five letters, another for each number below 26^5.
fn word(number: usize) -> String {
    (0..5).map(|i| char::from(b'a' + (number / 26_usize.pow(i) % 26) as u8)).collect()
}

/// A million words in one paragraph. If no two are alike, their weights are all over the
/// table, and that is all the difference. The release build needs a tenth more time for
/// them (`benches/extremes.py`); the bound leaves room for busy machines.
#[test]
fn distinct_words_take_hardly_longer_than_others() {
    let paragraph = |number: fn(usize) -> usize| {
        let words = (0..1_000_000).map(|i| word(number(i)) + " ");
        words.collect::<String>().into_bytes()
    };
    let distinct = paragraph(|i| i * 7919 % 26_usize.pow(5));
    let others = paragraph(|i| i * i % 2003 * 7919 % 26_usize.pow(5));
    let times = times_as_long(&distinct, &others);
    assert!(times < 2.0, "{times}");
}

/// Chunks, each once, that `features::extractor` would remember in a place of which `wanted`
/// says that it is right. The hash is public, so anyone can make such chunks.
fn chunks_in_place(wanted: fn(u64) -> bool, count: usize) -> Vec<u8> {
    let place = |chunk: &str| {
        let mut key = [0; 8];
        key[..chunk.len()].copy_from_slice(chunk.as_bytes());
        u64::from_le_bytes(key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53
    };
    let chunks = (0..).map(|i| format!("-{i:x}-")).filter(|chunk| wanted(place(chunk)));
    chunks.take(count).collect::<Vec<_>>().join(" ").into_bytes()
}

/// Nothing is searched for among chunks of the same hash: there are two places to look,
/// and a chunk that is in neither is worked out anew. So chunks that drive each other out
/// cost what chunks cost that were never seen. Weights that several words share cost less
/// than others; topic words have a table of one size, and repetitions are found by sorting.
#[test]
fn chunks_that_meet_in_one_place_take_no_longer_than_new_ones() {
    let meeting = chunks_in_place(|place| place == 0, 2000).repeat(20);
    let new = chunks_in_place(|_| true, 40_000);
    let times = times_as_long(&meeting, &new);
    assert!(times < 2.0, "{times}");
}
