//! What must be true of Parquet files.

use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use assert_cmd::prelude::*;
use despam::clean::{cuts, kept};
use despam::formats::Format;
use despam::formats::jsonl::Fields;
use despam::formats::parquet::Reader;
use despam::pipeline::{Counts, Excess, Filter, Input, Job, MaxRemoved, Opened};
use despam::restore::{AuditEnd, RestoreError, restore_parquet};
use despam::{Classifier, Span};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::promises::{Written, classifier, filters, page, written_of};

/// The text of a row, perhaps null.
pub type Text = Option<Vec<u8>>;

/// Rows from number `first` on, with these texts.
fn batch(first: usize, texts: &[Text]) -> RecordBatch {
    let numbers = || first..first + texts.len();
    let id: StringArray = numbers().map(|n| (n % 5 > 0).then(|| format!("row {n}"))).collect();
    let text: BinaryArray = texts.iter().map(Option::as_deref).collect();
    let number: Int64Array = numbers().map(|n| (n % 3 > 0).then_some(n as i64)).collect();
    let mut list = ListBuilder::new(Int32Builder::new());
    for n in numbers() {
        list.values().append_slice(&vec![n as i32; n % 4]);
        list.append(n % 7 > 0);
    }
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("id", Arc::new(id), true),
        ("text", Arc::new(text), true),
        ("number", Arc::new(number), true),
        ("list", Arc::new(list.finish()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are as long")
}

/// A file with a row group for each of `groups` that has rows.
pub fn file(groups: &[Vec<Text>]) -> Vec<u8> {
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch(0, &[]).schema(), None).expect("the schema fits");
    let mut first = 0;
    for texts in groups {
        writer.write(&batch(first, texts)).expect("memory can be written");
        writer.flush().expect("memory can be written");
        first += texts.len();
    }
    writer.into_inner().expect("memory can be written")
}

/// The row groups of a file, as Arrow reads them.
fn groups(bytes: &[u8]) -> Vec<RecordBatch> {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let builder =
        || ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).expect("Arrow can open it");
    let read = |group| {
        let builder = builder().with_row_groups(vec![group]).with_batch_size(1 << 20);
        let mut batches = builder.build().expect("Arrow can read it");
        batches.next().expect("there is a batch").expect("Arrow can decode it")
    };
    (0..builder().metadata().num_row_groups()).map(read).collect()
}

/// All texts of a file.
fn texts(bytes: &[u8]) -> Vec<Text> {
    let texts_of = |group: &RecordBatch| {
        let column = group.column_by_name("text").expect("there is a text").as_binary::<i32>();
        column.iter().map(|text| text.map(<[u8]>::to_vec)).collect::<Vec<_>>()
    };
    groups(bytes).iter().flat_map(texts_of).collect()
}

/// The row groups of a file without their texts.
fn others(bytes: &[u8]) -> Vec<RecordBatch> {
    let without = |group: &RecordBatch| group.project(&[0, 2, 3]).expect("there are columns");
    groups(bytes).iter().map(without).collect()
}

fn open(bytes: &[u8]) -> Reader {
    Reader::open(Cursor::new(bytes.to_vec()), &Fields::default()).expect("it is Parquet")
}

fn written(classifier: &Classifier<'_>, job: &Job, bytes: &[u8], threads: usize) -> Written {
    let input = Input::opened("in", Opened::Parquet(open(bytes)));
    written_of(classifier, job, Format::Parquet, input, threads)
}

fn restored(written: &Written) -> Result<Vec<u8>, RestoreError> {
    let mut out = Vec::new();
    let cleaned = open(&written.main);
    restore_parquet(&cleaned, &mut written.removed.as_slice(), None, &mut out).map(|()| out)
}

/// What stays of a text.
fn cleaned(classifier: &Classifier<'_>, text: &[u8]) -> Vec<u8> {
    let verdicts = classifier.judge(text);
    let spans: Vec<Span> = verdicts.iter().map(|verdict| verdict.span).collect();
    let cuts = cuts(text, &spans, |i| verdicts[i].label.is_spam());
    kept(text.len(), &cuts).flat_map(|range| &text[range]).copied().collect()
}

fn plain() -> Job {
    Job::Filter(Filter { audit: true, ..Filter::default() })
}

/// Row groups of pages, some null.
fn tables() -> impl Strategy<Value = Vec<Vec<Text>>> {
    let text = prop::option::weighted(0.8, page());
    prop::collection::vec(prop::collection::vec(text, 0..6), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn each_row_is_cleaned_as_its_text_is(table in tables(), threshold in 0.0..1.0f64) {
        let classifier = classifier(threshold);
        let before = file(&table);
        let after = written(&classifier, &plain(), &before, 2);
        let all: Vec<Text> = table.concat();
        let expected: Vec<Text> =
            all.iter().map(|text| text.as_ref().map(|text| cleaned(&classifier, text))).collect();
        prop_assert_eq!(texts(&after.main), expected);
        prop_assert_eq!(others(&after.main), others(&before));
        let Counts { records, passed, rejected, bytes, .. } = after.counts;
        prop_assert_eq!((records, rejected), (all.len() as u64, 0));
        prop_assert_eq!(passed, all.iter().filter(|text| text.is_none()).count() as u64);
        prop_assert_eq!(bytes, all.iter().flatten().map(|text| text.len() as u64).sum::<u64>());
    }

    #[test]
    fn filtering_a_table_in_any_way_can_be_undone(
        table in tables(), filter in filters(), threshold in 0.0..1.0f64
    ) {
        let job = Job::Filter(Filter { attributes: None, ..filter.clone() });
        let classifier = classifier(threshold);
        let before = file(&table);
        let [one, two] = [1, 2].map(|threads| written(&classifier, &job, &before, threads));
        prop_assert_eq!(&one, &two);
        let rows: u64 = groups(&one.main).iter().map(|group| group.num_rows() as u64).sum();
        prop_assert_eq!(rows, one.counts.records - one.counts.dropped);
        match restored(&one) {
            Err(error) => {
                let lost = matches!(error, RestoreError::DroppedRows(rows) if rows as u64 == one.counts.dropped);
                prop_assert!(lost && one.counts.dropped > 0, "{}", error);
            }
            Ok(again) => {
                prop_assert_eq!(texts(&again), texts(&before));
                prop_assert_eq!(others(&again), others(&before));
            }
        }
        let adds = filter.mark || filter.max_removed.is_some_and(|max| max.action == Excess::Flag);
        if one.counts.removed == 0 && one.counts.dropped == 0 && !adds {
            prop_assert_eq!(groups(&one.main), groups(&before));
        }
    }
}

#[test]
fn large_row_groups_are_shared_between_threads() {
    let page = "Home | News | Contact | Login\nThe council voted on Tuesday to raise the wall.\n";
    let text = |n: usize| (!n.is_multiple_of(9)).then(|| page.repeat(n % 50).into_bytes());
    let table: Vec<Vec<Text>> =
        [0..1500, 1500..1501, 1501..2500].map(|rows| rows.map(text).collect()).into();
    let before = file(&table);
    let total: usize = table.iter().flatten().flatten().map(Vec::len).sum();
    assert!(total > 4 << 20);
    for job in [plain(), Job::Score, Job::Check] {
        let [one, two, five] =
            [1, 2, 5].map(|threads| written(&classifier(0.5), &job, &before, threads));
        assert!(one == two && two == five);
        if job == plain() {
            assert!(one.counts.removed > 0);
            assert_eq!(texts(&restored(&one).expect("it can be undone")), table.concat());
        }
    }
}

#[test]
fn rows_are_marked_flagged_and_dropped() {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let before = file(&[vec![None, text("Home | News | Login\n")], vec![text(""), text("\n")]]);
    let run = |filter: Filter| written(&classifier(0.0), &Job::Filter(filter), &before, 2);
    let column = |written: &Written| -> Vec<Option<String>> {
        let of = |group: &RecordBatch| {
            let column = group.column_by_name("despam").expect("it was added").as_string::<i32>();
            column.iter().map(|value| value.map(str::to_owned)).collect::<Vec<_>>()
        };
        groups(&written.main).iter().flat_map(of).collect()
    };

    let marked = run(Filter { mark: true, ..Filter::default() });
    assert_eq!(texts(&marked.main), texts(&before));
    let values = column(&marked);
    assert_eq!(values[0], None);
    let mark = values[1].as_deref().expect("a mark");
    assert!(mark.starts_with(r#"{"model":"default","threshold":0,"removed_share":1.000000,"#));
    assert!(values[2].is_some() && values[3].is_some());

    let max = |action| Some(MaxRemoved { share: 0.5, action });
    let flagged = run(Filter { max_removed: max(Excess::Flag), ..Filter::default() });
    let flag = Some(r#"{"removed_share":1.000000}"#.to_owned());
    assert_eq!(column(&flagged), [None, flag, None, None]);
    assert_eq!(texts(&flagged.main), [None, text(""), text(""), text("\n")]);

    let dropped = run(Filter { max_removed: max(Excess::Drop), ..Filter::default() });
    assert_eq!(texts(&dropped.main), [None, text(""), text("\n")]);
    assert_eq!((dropped.counts.dropped, dropped.counts.removed), (1, 1));
}

#[test]
fn audit_rows_of_something_else_are_refused() {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let before = file(&[vec![text("Home | News | Login\nThe wall."), text("Home | Log in\n")]]);
    let done = written(&classifier(0.0), &plain(), &before, 1);
    assert_eq!(texts(&restored(&done).expect("it can be undone")), texts(&before));
    let other = file(&[vec![text("")]]);
    let other = Written { main: other, removed: done.removed.clone(), ..Written::default() };
    let error = restored(&other).map(drop).expect_err("a row is missing").to_string();
    assert!(error.contains("1 rows instead of 2"), "{error}");
    let end = AuditEnd::new("in", Format::Text, &done.counts);
    let removed = serde_json::to_vec(&end).expect("the row is JSON");
    let error = restored(&Written { removed, ..done }).map(drop);
    assert!(matches!(error, Err(RestoreError::Mismatch(_))));
}

fn despam(arguments: &[&str], folder: &Path, stdin: &[u8]) -> Output {
    let mut child = Command::cargo_bin("despam")
        .expect("the program is built")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut input = child.stdin.take().expect("there is a pipe");
    // The program may not read it.
    let _ = input.write_all(stdin);
    drop(input);
    child.wait_with_output().expect("the program ends")
}

#[test]
fn files_folders_and_streams_of_parquet_work() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let news = std::fs::read("tests/samples/news.txt").expect("the sample is there");
    let before = file(&[vec![Some(news.clone()), None], vec![Some(b"\xff".to_vec()), Some(news)]]);
    let put = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).expect("the file can be written");
    };
    let get = |name: &str| std::fs::read(folder.join(name)).expect("the file was written");
    let run = |arguments: &[&str], stdin: &[u8], status: i32| {
        let output = despam(arguments, folder, stdin);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        (output.stdout, said)
    };
    std::fs::create_dir(folder.join("in")).expect("a folder can be made");
    put("in/a.parquet", &before);
    put("in/cut.parquet", &before[..before.len() - 9]);
    put("in/magic.parquet", b"PAR1");

    // A damaged file gives no output, and the others are done.
    let (_, said) = run(&["filter", "in", "-o", "out", "--removed", "audit"], b"", 2);
    assert!(said.contains("in/cut.parquet: unreadable as Parquet: "), "{said}");
    assert!(said.contains("4 documents in, 4 out, 0 rejected"), "{said}");
    assert!(said.contains("1 documents without a text passed on as they are"), "{said}");
    assert!(!folder.join("out/cut.parquet").exists() && !folder.join("out/magic.parquet").exists());
    let after = get("out/a.parquet");
    assert_eq!(others(&after), others(&before));
    assert!(texts(&after)[0].as_ref().is_some_and(|text| text.starts_with(b"Flood wall")));
    run(&["restore", "out/a.parquet", "audit/a.parquet.jsonl", "-o", "again"], b"", 0);
    assert_eq!(groups(&get("again")), groups(&before));

    // The same through pipes, packed or not, and one row group after another.
    let (piped, _) = run(&["filter", "-q"], &before, 0);
    assert!(piped == after);
    run(&["filter", "-q", "--removed", "audit-2", "-o", "c.parquet.gz"], &zstd_of(&before), 0);
    let (again, _) = run(&["restore", "c.parquet.gz", "audit-2"], b"", 0);
    assert_eq!(groups(&again), groups(&before));
    let (rows, _) = run(&["score", "in/a.parquet"], b"", 0);
    assert!(rows.starts_with(br#"{"id":"in/a.parquet:1","paragraph":0,"#));
    let (rows, _) = run(&["check"], &before, 1);
    assert!(rows.starts_with(b"-:1:0:chrome:"));

    // What cannot be done is said.
    for (arguments, cause) in [
        (
            &["filter", "--text-field", "body", "in/a.parquet"][..],
            "no column \"body\": the file has id, text, number, list.",
        ),
        (&["filter", "--text-field", "number", "in/a.parquet"], "column \"number\" is INT64"),
        (&["filter", "--strict", "in/a.parquet"], "row 3: invalid UTF-8 at byte 0 of the text"),
        (&["filter", "--attributes", "b", "in/a.parquet"], "the form of the input is parquet"),
        (&["filter", "in/a.parquet", "in/a.parquet"], "cannot be joined to others"),
    ] {
        let (_, said) = run(arguments, b"", 2);
        assert!(said.contains(cause), "{arguments:?}: {said}");
    }
    run(&["filter", "-q", "--mark", "in/a.parquet", "-o", "marked.parquet"], b"", 0);
    let (_, said) = run(&["filter", "-q", "--mark", "marked.parquet"], b"", 2);
    assert!(said.contains("there is a column \"despam\" already"), "{said}");
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    use despam::formats::compression::{Compression, Packer};
    let mut packer = Packer::new(Vec::new(), Compression::Zstd).expect("a packer opens");
    packer.write_all(bytes).expect("memory can be written");
    packer.finish().expect("memory can be written")
}
