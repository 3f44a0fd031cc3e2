//! Reading and writing that fail at any call, and ways of running that must not differ.

use std::io::{self, Cursor, Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use despam::formats::Format;
use despam::formats::compression::{Compression, Packer, unpack};
use despam::formats::jsonl::Fields;
use despam::pipeline::{Counts, Input, InputError, Job, Part, Sink, run};
use despam::restore::restore;
use despam::{Unit, Verdict};
use proptest::prelude::*;

use super::inputs::{Pieces, despam};
use super::promises::{
    Written, classifier, filter, page, records, restored, values, wet, wet_record, written,
};

/// Fails at one call, counted from 0, and at all that follow.
struct Failing<T> {
    inner: T,
    calls: usize,
    fails_at: usize,
}

impl<T> Failing<T> {
    fn new(inner: T, fails_at: usize) -> Self {
        Failing { inner, calls: 0, fails_at }
    }

    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.calls > self.fails_at {
            true => Err(io::Error::other("the disk is on fire")),
            false => Ok(()),
        }
    }
}

impl<R: Read> Read for Failing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        self.inner.read(out)
    }
}

impl<W: Write> Write for Failing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call()?;
        // Few bytes at a time: more calls that can fail.
        self.inner.write(&bytes[..bytes.len().min(100)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call()?;
        self.inner.flush()
    }
}

/// Notes how each input ended, and fails at one call.
#[derive(Default)]
struct Noted {
    main: Vec<u8>,
    ends: Vec<Result<u64, String>>,
}

impl Sink for Failing<Noted> {
    fn begin(&mut self, _: &str, _: Format) -> io::Result<()> {
        self.call()
    }

    fn part(&mut self, part: &Part) -> io::Result<()> {
        self.call()?;
        self.inner.main.extend(&part.main);
        Ok(())
    }

    fn end(&mut self, result: Result<&Counts, &InputError>) -> io::Result<()> {
        self.call()?;
        let end = result.map(|counts| counts.records).map_err(ToString::to_string);
        self.inner.ends.push(end);
        Ok(())
    }
}

/// Does something that must not hang.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(Duration::from_secs(60)).expect("it ends without a panic")
}

/// A stream of more than two chunks with little to judge.
fn sample(format: Format) -> Vec<u8> {
    let fill = "\n".repeat(400_000);
    let one = match format {
        Format::Text => format!("Home\nIt rained.\n{fill}").into_bytes(),
        Format::JsonLines => {
            format!("{{\"text\":\"Home\",\"x\":\"{}\"}}\n", "y".repeat(400_000)).into_bytes()
        }
        Format::Wet => {
            let other = wet_record("warcinfo", "", fill.len(), fill.as_bytes());
            [wet_record("conversion", "", 5, b"Home\n"), other].concat()
        }
        Format::Parquet => unreachable!("tables are no streams"),
    };
    one.repeat(4)
}

const FORMATS: [Format; 3] = [Format::Text, Format::JsonLines, Format::Wet];

#[test]
fn a_failing_read_ends_its_input_alone() {
    for format in FORMATS {
        let bytes = sample(format);
        for threads in [1, 2, 5] {
            let mut fails_at = 0;
            loop {
                let bytes = bytes.clone();
                let (noted, whole) = in_time(move || {
                    let reader = Failing::new(bytes.as_slice(), fails_at);
                    let broken = Input::new("broken", format, reader);
                    let inputs = [broken, Input::new("sound", format, &b""[..])].into_iter();
                    let mut sink = Failing::new(Noted::default(), usize::MAX);
                    let job = Job::Check;
                    let counts =
                        run(&classifier(0.0), &job, &Fields::default(), inputs, &mut sink, threads);
                    assert!(counts.is_ok());
                    let whole = sink.inner.ends[0].is_ok();
                    (sink.inner, whole)
                });
                assert!(noted.ends.len() == 2 && noted.ends[1].is_ok(), "{:?}", noted.ends);
                if whole {
                    break;
                }
                assert_eq!(noted.ends[0], Err("the disk is on fire".to_owned()));
                // Threads wait for each other on two as on five.
                fails_at += if threads == 2 { 1 } else { 4 };
            }
            assert!(fails_at > 5);
        }
    }
}

#[test]
fn a_failing_sink_ends_the_run() {
    for format in FORMATS {
        let bytes = sample(format);
        for threads in [1, 2, 5] {
            for fails_at in 0.. {
                let bytes = bytes.clone();
                let (result, calls) = in_time(move || {
                    let input = |name| Input::new(name, format, bytes.as_slice());
                    let inputs = [input("one"), input("two")].into_iter();
                    let mut sink = Failing::new(Noted::default(), fails_at);
                    let job = Job::Check;
                    let result =
                        run(&classifier(0.0), &job, &Fields::default(), inputs, &mut sink, threads);
                    (result, sink.calls)
                });
                match result {
                    Ok(_) => {
                        assert!(calls <= fails_at && fails_at > 6);
                        break;
                    }
                    Err(error) => {
                        assert_eq!(error.to_string(), "the disk is on fire");
                        assert_eq!(calls, fails_at + 1, "nothing is written after a failure");
                    }
                }
            }
        }
    }
}

#[test]
fn a_failing_write_is_told_and_what_was_written_is_a_start() {
    let text = "Home | News\nIt rained in May.\n".repeat(40);
    let whole = written(&classifier(1.0), &filter(), Format::Text, text.as_bytes(), 1).main;
    for fails_at in 0.. {
        let inputs = std::iter::once(Input::new("in", Format::Text, text.as_bytes()));
        let mut out = Failing::new(Vec::new(), fails_at);
        let result = run(&classifier(1.0), &filter(), &Fields::default(), inputs, &mut out, 2);
        assert!(whole.starts_with(&out.inner));
        if result.is_ok() {
            assert!(out.inner == whole && fails_at > 10);
            break;
        }
    }
}

#[test]
fn packing_and_unpacking_tell_of_failures() {
    let text: Vec<u8> =
        (0..60_000_u32).flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    for compression in [Compression::Plain, Compression::Gzip, Compression::Zstd] {
        let pack = |fails_at: usize| {
            let mut packer = Packer::new(Failing::new(Vec::new(), fails_at), compression)?;
            packer.write_all(&text)?;
            packer.finish().map(|out| (out.inner, out.calls))
        };
        let (packed, calls) = pack(usize::MAX).expect("memory can be written");
        assert!(calls > 20);
        for fails_at in (0..calls).step_by(calls / 20) {
            assert!(pack(fails_at).is_err(), "{compression:?} {fails_at} of {calls}");
        }
        assert!(pack(calls - 1).is_err() && pack(calls).is_ok());
        let read = |fails_at: usize| {
            let mut out = Vec::new();
            unpack(Failing::new(Cursor::new(packed.clone()), fails_at))
                .and_then(|mut input| input.read_to_end(&mut out))
                .map(|_| out)
        };
        let enough = (0..100).find(|fails_at| read(*fails_at).is_ok()).expect("it is read");
        assert!(enough > 1 && read(enough).is_ok_and(|out| out == text));
    }
}

#[test]
fn restoring_tells_of_failures() {
    let line = "The council met on Monday evening and voted to repair the old bridge.\n";
    let text = format!("Home | News\n\n{line}{line}{line}Login\n").repeat(20);
    let written = written(&classifier(0.5), &filter(), Format::Text, text.as_bytes(), 1);
    assert!(!written.main.is_empty() && written.counts.removed > 0);
    let restore = |fails: [usize; 3]| {
        let [main, removed, out] = fails;
        let small =
            |bytes, fails_at| io::BufReader::with_capacity(64, Failing::new(bytes, fails_at));
        let mut out = Failing::new(Vec::new(), out);
        let (mut main, mut removed) =
            (small(written.main.as_slice(), main), small(written.removed.as_slice(), removed));
        restore(&mut main, &mut removed, None, None, &mut out).map(|()| out.inner)
    };
    for which in 0..3 {
        let at = |fails_at: usize| {
            let mut fails = [usize::MAX; 3];
            fails[which] = fails_at;
            restore(fails)
        };
        let enough = (0..10_000).find(|fails_at| at(*fails_at).is_ok()).expect("it is restored");
        assert!(enough > 1 && at(enough).is_ok_and(|out| out == text.as_bytes()));
    }
}

#[test]
fn standard_input_and_a_file_give_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "\u{feff}Home | News | Login\r\n\nIt rained in May, and the road was closed.\rShare";
    let line = format!("{{\"text\":{}}}\nnot JSON\n", serde_json::Value::from(text));
    let page = wet_record("conversion", "", text.len(), text.as_bytes());
    for (name, bytes) in
        [("a.txt", text.as_bytes()), ("a.jsonl", line.as_bytes()), ("a.wet", page.as_slice())]
    {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file can be written");
        let path = path.to_str().expect("the path is UTF-8");
        let format = name.rsplit('.').next().expect("there is an ending");
        let form = ["filter", "-q", "--threshold", "0.5", "--format", format];
        let streamed = despam(&form, bytes);
        let guessed = despam(&form[..4], bytes);
        let stored = despam(&[&form[..4], &[path]].concat(), b"");
        assert!(!stored.stdout.is_empty());
        for output in [streamed, guessed] {
            assert_eq!(
                (output.stdout, output.status.code()),
                (stored.stdout.clone(), stored.status.code())
            );
        }
    }
}

/// The text of the one record that was written.
fn record_text(written: &Written) -> String {
    values(&written.main)[0]["text"].as_str().expect("a text").to_owned()
}

/// What is said of each paragraph, where it stands aside.
fn said(verdicts: &[Verdict]) -> Vec<(f64, f64, bool)> {
    let of = |verdict: &Verdict| (verdict.ad.get(), verdict.chrome.get(), verdict.label.is_spam());
    verdicts.iter().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_document_is_cleaned_alike_in_any_form(page in page(), threshold in 0.0..1.0f64) {
        let text = String::from_utf8_lossy(&page).into_owned();
        let clean = |format, bytes: &[u8]| written(&classifier(threshold), &filter(), format, bytes, 1);
        let cleaned = clean(Format::Text, text.as_bytes()).main;
        let cleaned = String::from_utf8(cleaned).expect("it is UTF-8");
        let line = format!("{{\"text\":{}}}", serde_json::Value::from(text.as_str()));
        prop_assert_eq!(&record_text(&clean(Format::JsonLines, line.as_bytes())), &cleaned);
        let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let escaped = format!("{{\"text\":\"{units}\"}}");
        prop_assert_eq!(&record_text(&clean(Format::JsonLines, escaped.as_bytes())), &cleaned);
        let record = wet_record("conversion", "", text.len(), text.as_bytes());
        prop_assert_eq!(&record_text(&clean(Format::Wet, &record)), &cleaned);
    }

    #[test]
    fn records_after_records_are_as_by_themselves(one in records(), two in records(), threshold in 0.0..1.0f64) {
        let clean = |bytes: &[u8]| written(&classifier(threshold), &filter(), Format::JsonLines, bytes, 2);
        let one = if one.is_empty() { one } else { [one.trim_ascii_end(), b"\n"].concat() };
        let both = clean(&[one.clone(), two.clone()].concat());
        let (one, two) = (clean(&one), clean(&two));
        prop_assert_eq!(both.main, [one.main, two.main].concat());
        prop_assert_eq!(both.counts.rejected, one.counts.rejected + two.counts.rejected);
    }

    #[test]
    fn threads_and_pieces_make_no_difference(
        texts in prop::collection::vec(page(), 0..4), records in records(), wet in wet(), step in 1..400usize
    ) {
        let all = |threads: usize, step: usize| {
            let texts = texts.iter().map(|text| ("text", Format::Text, text));
            let others = [("lines", Format::JsonLines, &records), ("wet", Format::Wet, &wet)];
            let inputs = texts.chain(others).map(|(name, format, bytes)| {
                let ends = (0..bytes.len()).step_by(step).collect();
                Input::new(name, format, Pieces::new(bytes, ends))
            });
            let mut sink = Failing::new(Noted::default(), usize::MAX);
            let counts = run(&classifier(0.5), &filter(), &Fields::default(), inputs, &mut sink, threads);
            (counts.expect("memory can be read"), sink.inner.main, sink.inner.ends)
        };
        let one = all(1, usize::MAX);
        prop_assert_eq!(&all(2, step), &one);
        prop_assert_eq!(&all(5, step), &one);
    }

    #[test]
    fn buffers_remember_nothing(pages in prop::collection::vec(page(), 1..5)) {
        let classifier = classifier(0.5);
        let mut scratch = classifier.scratch();
        for page in pages {
            prop_assert_eq!(classifier.judge_with(&page, &mut scratch), classifier.judge(&page));
        }
    }

    #[test]
    fn units_differ_only_where_lines_stand_together(page in page()) {
        let of = |unit, page: &[u8]| classifier(0.5).with_unit(unit).judge(page);
        let (auto, lines, blocks) = (of(Unit::Auto, &page), of(Unit::Line, &page), of(Unit::Block, &page));
        prop_assert!(auto == lines || auto == blocks);
        // Blank lines between all lines make each a block, and change no score.
        let apart: Vec<u8> = lines.iter().flat_map(|line| [line.span.of(&page), b"\n\n"].concat()).collect();
        prop_assert_eq!(said(&of(Unit::Block, &apart)), said(&of(Unit::Line, &apart)));
        prop_assert_eq!(said(&of(Unit::Line, &apart)), said(&lines));
        for unit in [Unit::Line, Unit::Block] {
            let classifier = classifier(0.5).with_unit(unit);
            prop_assert_eq!(restored(&written(&classifier, &filter(), Format::Text, &page, 1)), page.clone());
        }
    }
}
