//! Bad and odd inputs: bytes and encodings, size and shape, model and configuration.
//!
//! | input | test |
//! |---|---|
//! | empty | `an_empty_input_gives_an_empty_output`, `filter_empty_input.toml` |
//! | blank, no last line break, other line ends, BOM | `what_is_not_flagged_leaves_as_it_came`, `paragraph` |
//! | invalid UTF-8 | `invalid_bytes_are_judged_as_their_view_and_leave_as_they_came`, `strictly_invalid_bytes_are_rejected_with_their_place` |
//! | invalid UTF-8 where a read ends | `how_bytes_arrive_makes_no_difference` |
//! | other encodings | `another_encoding_is_named_or_warned_of` |
//! | NUL, control characters | `controls_are_characters_and_reach_no_terminal` |
//! | invisible characters | `invisible_characters_change_no_score` |
//! | look-alikes | `look_alikes_score_like_what_they_look_like` |
//! | NFC and NFD | `composed_and_decomposed_text_score_alike` |
//! | mojibake | `mojibake_is_kept` |
//! | other scripts, noncharacters, private use | `other_scripts_and_odd_characters_are_kept` |
//! | lines over the limit | `shape::a_line_over_the_limit_stays_in_its_text` and those beside it, `files::endless_lines_need_little_memory` |
//! | many lines, paragraphs or marks, long tokens, distinct words, repetitions | `shape::time_is_linear_in_the_size` |
//! | words that are all new, or made to meet in a table | `shape::distinct_words_take_hardly_longer_than_others`, `shape::chunks_that_meet_in_one_place_take_no_longer_than_new_ones` |
//! | hardly any paragraphs, or odd ones | `shape::any_few_paragraphs_have_sound_scores` |
//! | offsets beyond 32 bits | in `formats::reader` and `pipeline::worker` |
//! | nothing but spam | `promises`, `filter_everything_keeps_the_record.toml` |
//! | no model, another version, damage | `shipped`, `model::files_of_other_programs_are_no_models` |
//! | sizes that cannot be | `model::sizes_that_cannot_be_are_refused` |
//! | weights and thresholds out of range | `model::numbers_out_of_range_are_refused_and_odd_ones_judge` |
//! | a model file that changes while it is used | `model::a_model_is_read_once` |
//! | options and recipes | `options_are_given_once`, `keep_and_threshold_contradict.toml`, `train::recipe` |

mod model;
mod shape;

use std::io::{self, Read, Write};
use std::process::{Command, Output, Stdio};

use assert_cmd::prelude::*;
use despam::formats::Format;
use despam::formats::jsonl::Fields;
use despam::pipeline::{Counts, Filter, Input, Job, run};
use despam::{Classifier, Guard, Label, Model, Unit, Verdict};

use super::promises::{Written, classifier, filter, restored, values, written};

const AD: &str = "Buy cheap casino bonus codes online, free shipping on every order today!";
const PROSE: &str = "The council met on Monday evening and voted to repair the old bridge.";

fn judge(text: &[u8]) -> Vec<Verdict> {
    classifier(0.5).with_unit(Unit::Line).with_any_language(true).judge(text)
}

/// Spam probability of a text of one line.
fn spam(line: &str) -> f64 {
    let verdicts = judge(line.as_bytes());
    assert_eq!(verdicts.len(), 1, "{line:?}");
    verdicts[0].spam().get()
}

fn is_close(one: f64, other: f64, most: f64) -> bool {
    (one - other).abs() <= most + 1e-6
}

fn text(bytes: &[u8], threshold: f64) -> Written {
    written(&classifier(threshold), &filter(), Format::Text, bytes, 1)
}

/// Runs the program on `stdin`.
pub fn despam(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::cargo_bin("despam")
        .expect("the program is built")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // A program that refuses its options does not read.
    let _ = child.stdin.take().expect("there is a pipe").write_all(stdin);
    child.wait_with_output().expect("the program ends")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_empty_input_gives_an_empty_output() {
    for format in [Format::Text, Format::JsonLines, Format::Wet] {
        for job in [filter(), Job::Score, Job::Check] {
            let written = written(&classifier(0.0), &job, format, b"", 2);
            assert!(written.main.is_empty() && written.rejects.is_empty());
            let restorable_crc32 = written.counts.restorable_crc32.filter(|crc32| *crc32 == 0);
            assert_eq!(written.counts, Counts { restorable_crc32, ..Counts::default() });
            assert_eq!(restored(&written), b"");
        }
    }
    for format in ["auto", "txt", "jsonl", "wet"] {
        let output = despam(&["filter", "--format", format], b"");
        assert!(output.status.success() && output.stdout.is_empty(), "{format}");
    }
}

#[test]
fn what_is_not_flagged_leaves_as_it_came() {
    let texts = [
        "\n",
        "\n\n\r\n\r",
        " ",
        "  \t \u{a0}\n \u{3000}",
        "no line break",
        "a\r\n\nb\rc\u{2028}d",
        "\u{feff}",
        "\u{feff}a\n",
        "a\u{feff}b\n\u{feff}c",
        "\u{85}a\u{2029}b\u{b}\u{c}",
    ];
    for page in texts {
        let kept = text(page.as_bytes(), 1.0);
        assert_eq!(kept.main, page.as_bytes(), "{page:?}");
        assert_eq!(kept.counts.removed, 0);
        // The line ends of what stays are those it had.
        let beside = format!("\u{feff}{PROSE}\r\nHome | Login\r{page}");
        let cleaned = text(beside.as_bytes(), 0.0);
        assert_eq!(restored(&cleaned), beside.as_bytes(), "{page:?}");
    }
    assert_eq!(spam(&format!("\u{feff}{AD}")), spam(AD));
}

/// Sequences that are no UTF-8: lone, cut off, overlong, surrogates, beyond U+10FFFF.
const INVALID: [&[u8]; 15] = [
    b"\x80",
    b"\xbf\xbf",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xfe",
    b"\xff",
    b"\xc3\x28",
    b"\xf0\x80\x80\x80",
];

#[test]
fn invalid_bytes_are_judged_as_their_view_and_leave_as_they_came() {
    for bad in INVALID {
        for page in [
            [AD.as_bytes(), bad].concat(),
            [b"Buy ".as_slice(), bad, b" now\n", PROSE.as_bytes(), bad, b"\n"].concat(),
            [bad, b"\r\n", bad, b"\n\n", bad].concat(),
        ] {
            let view = String::from_utf8_lossy(&page);
            let scores = |bytes: &[u8]| -> Vec<_> {
                judge(bytes).iter().map(|verdict| (verdict.ad, verdict.chrome)).collect()
            };
            assert_eq!(scores(&page), scores(view.as_bytes()), "{bad:?}");
            let kept = text(&page, 1.0);
            assert_eq!(kept.main, page);
            let valid: usize = page.utf8_chunks().map(|chunk| chunk.valid().len()).sum();
            assert_eq!(kept.counts.invalid_bytes as usize, page.len() - valid);
            assert_eq!(restored(&text(&page, 0.0)), page);
        }
    }
}

#[test]
fn strictly_invalid_bytes_are_rejected_with_their_place() {
    for bad in INVALID {
        let page = [b"Home\n".as_slice(), bad, b"\nThe end."].concat();
        let job = Job::Filter(Filter { strict: true, audit: true, ..Filter::default() });
        let strict = written(&classifier(0.5), &job, Format::Text, &page, 1);
        assert!(strict.main.is_empty() && strict.counts.rejected == 1);
        assert_eq!(values(&strict.rejects)[0]["reason"], "invalid UTF-8 at byte 5");
        let line = [b"{\"text\":\"", bad, b"\"}\n".as_slice()].concat();
        let record = written(&classifier(0.5), &filter(), Format::JsonLines, &line, 1);
        assert_eq!(values(&record.rejects)[0]["reason"], "invalid UTF-8 at byte 9 of the record");
    }
}

/// Gives bytes up to the next of some places in one read, and is interrupted there.
pub struct Pieces<'b> {
    bytes: &'b [u8],
    at: usize,
    ends: Vec<usize>,
    interrupted: bool,
}

impl<'b> Pieces<'b> {
    pub fn new(bytes: &'b [u8], ends: Vec<usize>) -> Self {
        Pieces { bytes, at: 0, ends, interrupted: false }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let next = self.ends.iter().copied().find(|end| *end > self.at);
        let end = next.unwrap_or(self.bytes.len()).min(self.bytes.len()).min(self.at + out.len());
        let count = end - self.at;
        out[..count].copy_from_slice(&self.bytes[self.at..end]);
        self.at = end;
        Ok(count)
    }
}

#[test]
fn how_bytes_arrive_makes_no_difference() {
    let edge = 64 << 10;
    let classifier = classifier(0.5);
    let filtered = |reader: Pieces<'_>| {
        let mut out = Vec::new();
        let inputs = std::iter::once(Input::new("in", Format::Text, reader));
        let counts = run(&classifier, &Job::Score, &Fields::default(), inputs, &mut out, 1);
        (out, counts.expect("memory can be read"))
    };
    // One paragraph before the edge, one across it. What arrives last is cut off in turn.
    for bad in
        [&b"\xf0\x9f\x98\x80"[..], b"\xf0\x9f\x98", b"\xe2\x82\xac", b"\xed\xa0\x80", b"\xff\xfe"]
    {
        let mut page = PROSE.repeat(edge / PROSE.len()).into_bytes();
        page.truncate(edge - 300);
        page.extend(b"\nHome | News | Login ");
        page.resize(edge - 2, b'x');
        page.extend(bad);
        page.extend(b" and more\r\nThe end.\n");
        let whole = filtered(Pieces::new(&page, vec![page.len()]));
        for shift in 0..=4 {
            for ends in
                [vec![edge - shift], vec![edge + shift], (edge - shift..page.len()).collect()]
            {
                assert!(filtered(Pieces::new(&page, ends)) == whole, "{bad:?} {shift}");
            }
        }
    }
}

#[test]
fn another_encoding_is_named_or_warned_of() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out.txt");
    let out = out.to_str().expect("the path is UTF-8");
    for (name, bytes) in [
        ("UTF-16LE", &b"\xff\xfeH\0i\0"[..]),
        ("UTF-16BE", b"\xfe\xff\0H\0i"),
        ("UTF-32LE", b"\xff\xfe\0\0H\0\0\0"),
        ("UTF-32BE", b"\0\0\xfe\xff\0\0\0H"),
    ] {
        let output = despam(&["filter", "-o", out], bytes);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(&format!("iconv -f {name}")), "{}", stderr(&output));
        assert!(!std::path::Path::new(out).exists() && output.stdout.is_empty());
    }
    // Latin-1, Windows-1252, Shift-JIS and GBK are bytes that come back.
    for bytes in [
        &b"Une caf\xe9 \xe0 la cr\xe8me\n"[..],
        b"\x93Quoted\x94 \x96 it said \x80 5\n",
        b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\n",
        b"\xc4\xe3\xba\xc3\xca\xc0\xbd\xe7\n",
    ] {
        let output = despam(&["filter", "--threshold", "1"], bytes);
        assert!(output.status.success() && output.stdout == bytes);
        assert!(stderr(&output).contains("% of the bytes are not UTF-8"), "{}", stderr(&output));
        assert!(stderr(&output).contains("iconv"));
    }
}

#[test]
fn controls_are_characters_and_reach_no_terminal() {
    let zeros = vec![0; 1 << 16];
    assert_eq!(judge(&zeros).len(), 1);
    assert_eq!(text(&zeros, 1.0).main, zeros);
    assert_eq!(judge(b"a\0b\n\0\n").len(), 2);

    let controls: String = ('\0'..='\u{9f}').filter(|c| c.is_control()).collect();
    let page = format!("{AD} \u{1b}[31mred \u{1b}]0;title\u{7} \u{202e}{controls}\u{2066}");
    assert_eq!(text(page.as_bytes(), 1.0).main, page.as_bytes());
    let explain = |json| Job::Explain { top: 100, all: true, json };
    for job in [Job::Check, Job::Score, explain(false), explain(true)] {
        let mut out = Vec::new();
        let input = Input::new("a\u{1b}[2J\u{9b}\u{202e}.txt", Format::Text, page.as_bytes());
        let inputs = std::iter::once(input);
        run(&classifier(0.0), &job, &Fields::default(), inputs, &mut out, 1).expect("it runs");
        let shown = String::from_utf8(out).expect("it is UTF-8");
        let raw = shown.chars().find(|c| c.is_control() && *c != '\n');
        let json = matches!(job, Job::Score | Job::Explain { json: true, .. });
        assert!(!shown.is_empty());
        // JSON need not escape DEL and C1.
        assert!(raw.is_none_or(|c| json && c >= '\u{7f}'), "{job:?}: {raw:?}");
        assert!(json || !shown.contains(['\u{202e}', '\u{2066}']), "{job:?}");
    }
}

#[test]
fn invisible_characters_change_no_score() {
    let invisible = ['\u{ad}', '\u{34f}', '\u{61c}', '\u{180e}', '\u{feff}']
        .into_iter()
        .chain('\u{200b}'..='\u{200f}')
        .chain('\u{202a}'..='\u{202e}')
        .chain('\u{2060}'..='\u{206f}')
        .chain('\u{fe00}'..='\u{fe0f}')
        .chain('\u{e0020}'..='\u{e007f}')
        .chain('\u{e0100}'..='\u{e01ef}');
    for c in invisible {
        for line in [AD, PROSE] {
            let within = line.replace("on", &format!("o{c}n"));
            assert_eq!(spam(&within), spam(line), "{c:?} in {line}");
            let around = format!("{c}{c}{line}{c}");
            assert_eq!(spam(&around), spam(line), "{c:?} around {line}");
        }
    }
}

/// `line` with each ASCII letter and digit `shift` made of it.
fn letters(line: &str, shift: impl Fn(char) -> char) -> String {
    line.chars().map(|c| if c.is_ascii_alphanumeric() { shift(c) } else { c }).collect()
}

fn moved(c: char, from: char, to: u32) -> char {
    char::from_u32(c as u32 - from as u32 + to).expect("it is a character")
}

#[test]
fn look_alikes_score_like_what_they_look_like() {
    let cyrillic = AD.replace("casino", "c\u{430}sin\u{43e}").replace("cheap", "ch\u{435}ap");
    let wide = letters(AD, |c| moved(c, '!', 0xff01));
    let bold = letters(AD, |c| match c {
        'a'..='z' => moved(c, 'a', 0x1d41a),
        'A'..='Z' => moved(c, 'A', 0x1d400),
        _ => c,
    });
    let circled = letters(AD, |c| match c {
        'a'..='z' => moved(c, 'a', 0x24d0),
        'A'..='Z' => moved(c, 'A', 0x24b6),
        _ => c,
    });
    for other in [cyrillic, wide, bold, circled] {
        let (one, two) = (spam(AD), spam(&other));
        assert!(is_close(one, two, 0.05), "{one} {two} {other}");
    }
}

#[test]
fn composed_and_decomposed_text_score_alike() {
    for (composed, decomposed) in [
        (
            "Größe und Café: Prämie für Señor Åse",
            "Gro\u{308}ße und Cafe\u{301}: Pra\u{308}mie fu\u{308}r Sen\u{303}or A\u{30a}se",
        ),
        ("Việt Nam, Tiếng Việt", "Vie\u{323}\u{302}t Nam, Tie\u{302}\u{301}ng Vie\u{323}\u{302}t"),
        (
            "한국어 신문",
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165} \u{1109}\u{1175}\u{11ab}\u{1106}\u{116e}\u{11ab}",
        ),
    ] {
        assert_eq!(spam(composed), spam(decomposed), "{composed}");
    }
    // Of scripts that the model has not learned both are kept.
    let classifier = Classifier::new(Model::default_model());
    for hangul in ["한국어", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}"]
    {
        assert_eq!(classifier.judge(hangul.as_bytes())[0].guard, Some(Guard::Script));
    }
}

#[test]
fn mojibake_is_kept() {
    // UTF-8 that was read as Windows-1252 and written as UTF-8 again.
    for (line, was) in [
        (
            "The cafÃ© on the corner was closed, and the naÃ¯ve waiterâ€™s rÃ©sumÃ© lay on the table.",
            "The café on the corner was closed, and the naïve waiter’s résumé lay on the table.",
        ),
        (
            "â€œWeâ€™ll open again in May,â€\u{9d} said the owner, ZoÃ« MÃ¼ller, who has run it since 1998.",
            "“We’ll open again in May,” said the owner, Zoë Müller, who has run it since 1998.",
        ),
        (
            "Der BÃ¼rgermeister sagte, die StraÃŸe bleibe Ã¼ber den Winter gesperrt.",
            "Der Bürgermeister sagte, die Straße bleibe über den Winter gesperrt.",
        ),
    ] {
        let verdicts = Classifier::new(Model::default_model()).judge(line.as_bytes());
        assert!(verdicts[0].label == Label::Content, "{} {line}", verdicts[0].spam());
        assert_eq!(spam(line), spam(was), "{line}");
        assert_eq!(text(line.as_bytes(), 0.5).main, line.as_bytes());
    }
}

#[test]
fn other_scripts_and_odd_characters_are_kept() {
    let classifier = Classifier::new(Model::default_model());
    for line in [
        "המועצה התכנסה ביום שני בערב",
        "在星期一的会议上委员会决定修复旧桥",
        "สภาประชุมกันในวันจันทร์และลงมติให้ซ่อมสะพาน",
        "اجتمع المجلس يوم الاثنين",
        "月曜日に評議会は古い橋の修理を決めた",
    ] {
        let verdicts = classifier.judge(line.as_bytes());
        assert_eq!(verdicts[0].guard, Some(Guard::Script), "{line}");
        assert_eq!(text(line.as_bytes(), 0.5).main, line.as_bytes());
    }
    for line in [
        "😀😀 🎉",
        "\u{fffe}\u{ffff} \u{1fffe}",
        "\u{e000}\u{f8ff}",
        "\u{e0fff}\u{50000} \u{378}",
        "\u{10ffff}",
    ] {
        let verdicts = judge(line.as_bytes());
        assert!(verdicts.iter().all(|verdict| (0.0..=1.0).contains(&verdict.spam().get())));
        assert_eq!(restored(&text(line.as_bytes(), 0.0)), line.as_bytes());
        assert_eq!(text(line.as_bytes(), 1.0).main, line.as_bytes());
    }
}

#[test]
fn options_are_given_once() {
    for (arguments, told) in [
        (&["filter", "--keep", "99", "--keep", "98"][..], "--keep"),
        (&["filter", "--no-such-option"], "--no-such-option"),
        (&["filter", "--threshold", "NaN"], "expected a number from 0 to 1"),
        (&["filter", "--unit", "word"], "is not a unit"),
        (&["filter", "--format", "csv"], "is not a format"),
    ] {
        let output = despam(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}
