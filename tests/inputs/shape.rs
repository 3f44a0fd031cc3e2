//! Sizes and shapes: long lines, many paragraphs, hardly any, and the time they take.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use despam::Unit;
use despam::formats::Format;
use despam::formats::reader::{ChunkReader, MAX_LINE, ReadError};

use crate::promises::classifier;

#[test]
fn a_line_over_the_limit_is_an_error_in_bounded_memory() {
    let mut endless = io::repeat(b'x').take(u64::MAX);
    let mut reader = ChunkReader::new(&mut endless, Format::JsonLines, Unit::Auto);
    assert!(matches!(reader.next_chunk(), Err(ReadError::LongLine)));
    let read = u64::MAX - endless.limit();
    assert!(read <= MAX_LINE as u64 + 1, "{read}");
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
