//! Speed of each stage and of the whole, in bytes a second.
//!
//! ```text
//! cargo bench --bench speed
//! ```
//!
//! Inputs are made here, from empty to a megabyte, in English, Russian and Chinese;
//! each bench asserts what it computed. Machines differ and are noisy: compare runs
//! side by side.

use despam::features::{Extractor, Features};
use despam::formats::Format;
use despam::formats::jsonl::{Fields, Record};
use despam::model::text::TextValue;
use despam::pipeline::{Filter, Input, Job, run};
use despam::{Classifier, Model, Unit, paragraphs};
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

const ENGLISH: &str = "The town council voted on Tuesday to raise the flood wall along the Marsh Road from 1.2 to 1.6 metres, after four wet winters in six years.\n\
    Work is to begin in May, the borough engineer told the meeting; the road will stay open in one direction.\n\
    Share on Facebook | Print this page\n";
const RUSSIAN: &str = "Городской совет во вторник решил поднять дамбу вдоль старой дороги на сорок сантиметров после четырёх дождливых зим.\n\
    Работы начнутся в мае, сообщил главный инженер.\nПоделиться | Распечатать\n";
const CHINESE: &str = "市议会星期二决定把沿河公路的防洪墙加高四十厘米，此前六年里有四个冬天雨水过多。\n工程师说，工程将于五月开始。\n分享 | 打印\n";

/// Texts by name, each of about the size.
fn text(name: &str) -> String {
    let (language, size) = name.split_once(' ').unwrap_or((name, "0"));
    let sample = match language {
        "english" => ENGLISH,
        "russian" => RUSSIAN,
        _ => CHINESE,
    };
    let size: usize = size.parse().unwrap_or(0);
    sample.repeat(size.div_ceil(sample.len()))
}

const TEXTS: [&str; 6] = [
    "english 0",
    "english 1000",
    "english 100000",
    "english 1000000",
    "russian 100000",
    "chinese 100000",
];

#[divan::bench(args = TEXTS)]
fn split(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let lines = text.lines().count();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        assert_eq!(paragraphs(text.as_bytes(), Unit::Line).count(), lines);
    });
}

#[divan::bench(args = TEXTS)]
fn tokenise_by_the_pipeline(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let text =
        &text[..text.char_indices().map(|(i, _)| i).find(|i| *i > 20_000).unwrap_or(text.len())];
    let tokenizer = Model::default_model().tokenizer();
    bencher.counter(BytesCount::of_str(text)).bench(|| {
        assert_eq!(tokenizer.tokens(text).is_empty(), text.is_empty());
    });
}

/// Stage one: features and the text stage's value of every paragraph.
#[divan::bench(args = TEXTS)]
fn text_stage(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let model = Model::default_model();
    let mut extractor = Extractor::new(model.tokenizer());
    let mut features = Features::default();
    let mut sum = |text: &str| {
        let mut sum = TextValue::default();
        for line in text.lines() {
            extractor.extract(line, &mut features);
            let value = model.text().value(&features);
            sum.ad += value.ad;
            sum.chrome += value.chrome;
        }
        sum
    };
    let expected = sum(&text);
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| assert_eq!(sum(&text), expected));
}

/// Both stages of a document.
#[divan::bench(args = TEXTS)]
fn judge(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let classifier = Classifier::new(Model::default_model());
    let mut scratch = classifier.scratch();
    let expected = classifier.judge(text.as_bytes());
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| assert_eq!(classifier.judge_with(text.as_bytes(), &mut scratch), expected));
}

#[divan::bench(args = TEXTS)]
fn find_the_text_of_a_record(bencher: Bencher<'_, '_>, name: &str) {
    let text = text(name);
    let record =
        serde_json::json!({"id": 1, "text": text, "url": "https://example.org/"}).to_string();
    let fields = Fields::default();
    bencher.counter(BytesCount::of_str(&record)).bench(|| {
        let found = Record::parse(record.as_bytes(), &fields).expect("it is a record");
        assert_eq!(found.text.len(), text.len());
    });
}

/// From bytes to cleaned bytes, on one thread and on two.
#[divan::bench(args = [1, 2])]
fn filter_json_lines(bencher: Bencher<'_, '_>, threads: usize) {
    let record = serde_json::json!({"id": 1, "text": text("english 4000")}).to_string() + "\n";
    filter(bencher, Format::JsonLines, record.repeat(2000).into_bytes(), threads);
}

#[divan::bench(args = [1, 2])]
fn filter_text(bencher: Bencher<'_, '_>, threads: usize) {
    filter(bencher, Format::Text, text("english 8000000").into_bytes(), threads);
}

fn filter(bencher: Bencher<'_, '_>, format: Format, bytes: Vec<u8>, threads: usize) {
    let classifier = Classifier::new(Model::default_model());
    let job = Job::Filter(Filter::default());
    let cleaned = || {
        let mut main = Vec::with_capacity(bytes.len());
        let inputs = std::iter::once(Input::new("-", format, bytes.as_slice()));
        let counts = run(&classifier, &job, &Fields::default(), inputs, &mut main, threads);
        (main.len(), counts.expect("memory can be read and written"))
    };
    let expected = cleaned();
    bencher.counter(BytesCount::new(bytes.len())).bench(|| assert_eq!(cleaned(), expected));
}

/// Loading a model, most of what starting up costs.
#[divan::bench]
fn start() {
    let bytes = include_bytes!("../models/default.safetensors");
    Model::from_bytes(bytes).expect("the built-in model loads");
}
