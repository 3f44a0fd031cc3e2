//! Reports of whole runs: the same for any number of threads, and merged ones the same
//! as one of everything.

use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::prelude::*;

fn despam(folder: &Path, arguments: &[&str]) -> Output {
    let mut despam = Command::cargo_bin("despam").expect("the program is built");
    despam.current_dir(folder).args(arguments).output().expect("the program runs")
}

fn done(folder: &Path, arguments: &[&str]) {
    let out = despam(folder, arguments);
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Shards of some hundred records, and a text.
fn shards(folder: &Path) {
    let news = std::fs::read_to_string("tests/samples/news.txt").expect("the sample is there");
    let lines: Vec<&str> = news.lines().collect();
    for shard in 0..2 {
        let record = |i: usize| {
            let page: Vec<&str> = lines.iter().cycle().skip(i).take(5 + i % 9).copied().collect();
            let text = page.join("\n") + &format!("\nRead more ({i})\n<b>Log in & buy #{}", i % 7);
            let url = format!("https://h{}.example/{i}", i % 5);
            serde_json::json!({"id": format!("{shard}-{i}"), "url": url, "text": text}).to_string()
        };
        let records: Vec<String> = (shard..shard + 300).map(record).collect();
        let path = folder.join(format!("{shard}.jsonl"));
        std::fs::write(path, records.join("\n")).expect("it can be written");
    }
    // More than one chunk.
    let text = news.repeat((3 << 20) / news.len());
    std::fs::write(folder.join("long.txt"), text).expect("it can be written");
}

#[test]
fn reports_are_the_same_for_any_threads_and_merged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    shards(at);
    let read = |name: &str| std::fs::read_to_string(at.join(name)).expect("it was written");
    let all = ["0.jsonl", "1.jsonl", "long.txt"];
    for (threads, report) in [("1", "one.json"), ("2", "two.json")] {
        let arguments = ["filter", "-q", "-o", "out", "--force", "-j", threads, "--report", report];
        done(at, &[&arguments[..], &all].concat());
    }
    assert_eq!(read("one.json"), read("two.json"));
    for (i, shard) in all.iter().enumerate() {
        done(
            at,
            &["filter", "-q", "-o", "part", "--force", "--report", &format!("r{i}.json"), shard],
        );
    }
    done(at, &["report", "r2.json", "r0.json", "r1.json", "-o", "merged.json"]);
    assert_eq!(read("merged.json"), read("one.json"));

    let report: serde_json::Value = serde_json::from_str(&read("one.json")).expect("it is JSON");
    let sum = |field: &str| -> Option<u64> {
        let labels = report["labels"].as_object()?.values();
        labels.map(|tally| tally[field].as_u64()).sum()
    };
    for field in ["paragraphs", "words", "removed", "removed_words"] {
        assert_eq!(sum(field), report["counts"][field].as_u64(), "{field}");
    }
    assert_eq!(report["hosts"]["kept"].as_object().map(serde_json::Map::len), Some(5));
    assert_eq!(report["without_host"]["documents"].as_u64(), Some(1));
    assert_eq!(report["sources"]["kept"]["0.jsonl"]["documents"].as_u64(), Some(300));

    // A page comes from a run or from its JSON, and is the same.
    done(
        at,
        &["filter", "-q", "-o", "out", "--force", "--report", "run.html", all[0], all[1], all[2]],
    );
    done(at, &["report", "one.json", "-o", "json.html"]);
    assert_eq!(read("run.html"), read("json.html"));
    assert!(read("run.html").contains("&lt;b&gt;Log in &amp; buy"));
    assert!(!read("run.html").contains("<b>Log in"));
}

#[test]
fn reports_of_each_input_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    std::fs::create_dir_all(at.join("in/b")).expect("a folder can be made");
    shards(&at.join("in"));
    std::fs::rename(at.join("in/1.jsonl"), at.join("in/b/1.jsonl")).expect("it can be moved");
    let read = |name: &str| std::fs::read_to_string(at.join(name)).expect("it was written");
    let names = ["0.jsonl.json", "b/1.jsonl.json", "long.txt.json"];
    let all = || names.map(|name| read(&format!("reports/{name}")));
    done(at, &["filter", "-q", "in", "-o", "whole", "--report", "whole.json"]);
    done(at, &["filter", "-q", "in", "-o", "out", "--report", "reports"]);
    let whole = all();

    // As a killed run leaves it: an output that is missing, with its report or without.
    for name in ["out/0.jsonl", "out/b/1.jsonl", "reports/b/1.jsonl.json"] {
        std::fs::remove_file(at.join(name)).expect("it was written");
    }
    std::fs::write(at.join("reports/0.jsonl.json"), "of a run before").expect("it is a file");
    let untouched = std::fs::metadata(at.join("reports/long.txt.json"));
    done(at, &["filter", "-q", "in", "-o", "out", "--report", "reports", "--resume"]);
    assert_eq!(all(), whole);
    let now = std::fs::metadata(at.join("reports/long.txt.json"));
    let modified = |meta: std::io::Result<std::fs::Metadata>| meta.and_then(|meta| meta.modified());
    assert_eq!(modified(now).expect("a time"), modified(untouched).expect("a time"));
    done(at, &["report", "reports", "-o", "merged.json"]);
    assert_eq!(read("merged.json"), read("whole.json"));
}

#[test]
fn reports_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    std::fs::write(at.join("a.txt"), "Share on Facebook\n").expect("it can be written");
    done(at, &["filter", "-q", "a.txt", "--report", "a.json"]);
    done(at, &["filter", "-q", "a.txt", "--report", "b.json", "--keep", "98"]);
    let refused = |arguments: &[&str], cause: &str| {
        let out = despam(at, arguments);
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(cause), "{stderr}");
    };
    refused(
        &["report", "a.json", "b.json", "-o", "c.html"],
        "b.json: the setting \"keep\" is 98.0, but 99.5 in the reports before",
    );
    assert!(!at.join("c.html").exists());
    refused(&["report", "a.txt"], "a.txt: not a despam report");
    refused(&["report", "a.json", "-o", "a.json", "--force"], "both input and output");
    refused(&["filter", "a.txt", "--report", "a.json"], "use --force");
    refused(&["filter", "a.txt", "--report", "x.json", "--removed", "x.json"], "two outputs");
    let resumed = ["filter", "a.txt", "-o", "out", "--report", "x.json", "--resume"];
    refused(&resumed, "x.json would lack the inputs that are done already: name a folder");
    refused(&["filter", "a.txt", "-o", "out", "--report", "x"], "needs an output for each input");
    std::fs::create_dir(at.join("x")).expect("a folder can be made");
    refused(&["report", "a.json", "x"], "x: no .json files in it");
}
