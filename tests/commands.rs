//! The command-line cases of `tests/cmd`, and what files cannot say.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use assert_cmd::prelude::*;
use despam::formats::compression::{Compression, Packer, open};

fn despam() -> Command {
    Command::cargo_bin("despam").expect("the program is built")
}

#[test]
fn cases_behave_as_their_files_say() {
    trycmd::TestCases::new().case("tests/cmd/*.toml").case("tests/cmd/*.md");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("long.txt");
    std::fs::write(&path, "Share on Facebook\n".repeat(200_000)).expect("the file can be written");
    let mut child = despam()
        .args(["score", "--unit", "line"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
}

#[test]
fn packed_files_folders_and_restoring_work_together() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("in/deep")).expect("folders can be made");
    let text = std::fs::read("tests/samples/news.txt").expect("the sample is there");
    std::fs::write(at("in/news.txt"), &text).expect("the file can be written");
    let record = serde_json::json!({"id": "n1", "text": String::from_utf8_lossy(&text), "n": 1});
    std::fs::write(at("in/deep/news.jsonl"), format!("{record}\nnot json\n{record}\n"))
        .expect("it can be written");
    let out = despam()
        .args(["filter", "--json", "--keep", "98"])
        .arg(at("in"))
        .arg("-o")
        .arg(at("out"))
        .arg("--removed")
        .arg(at("removed"))
        .arg("--rejects")
        .arg(at("rejects"))
        .output()
        .expect("the program runs");
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    let stderr = String::from_utf8_lossy(&out.stderr);
    let summary: serde_json::Value =
        serde_json::from_str(stderr.lines().last().unwrap_or_default())
            .expect("the summary is JSON");
    assert_eq!((summary["records"].as_u64(), summary["rejected"].as_u64()), (Some(4), Some(1)));
    assert!(summary["removed"].as_u64() > Some(3));
    for name in ["news.txt", "deep/news.jsonl"] {
        // Each output with its side files stands alone.
        let restored = despam()
            .arg("restore")
            .arg(at("out").join(name))
            .arg(at("removed").join(format!("{name}.jsonl")))
            .arg("--rejects")
            .arg(at("rejects").join(format!("{name}.jsonl")))
            .output()
            .expect("the program runs");
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        assert_eq!(
            restored.stdout,
            std::fs::read(at("in").join(name)).expect("the source is there"),
            "{name}"
        );
    }
    // What exists is not replaced unasked.
    let again =
        despam().arg("filter").arg(at("in")).arg("-o").arg(at("out")).output().expect("it runs");
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
}

#[test]
fn attributes_stand_where_dolma_looks_for_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("documents/a")).expect("folders can be made");
    let records = "{\"id\":\"x\",\"text\":\"Größe\\nHome\"}\n{\"id\":2,\"title\":\"\"}\nnot json\n";
    std::fs::write(at("documents/a/b.jsonl"), records).expect("the file can be written");
    let filter = |attributes: &str, more: &[&str]| {
        despam()
            .args(["filter", "-q", "--format", "jsonl", "--threshold", "0"])
            .arg(at("documents/a/b.jsonl"))
            .arg("--attributes")
            .arg(at(attributes))
            .args(more)
            .output()
            .expect("the program runs")
    };
    let out = filter("attributes/run-1", &[]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stdout.is_empty());
    let rows = std::fs::read_to_string(at("attributes/run-1/a/b.jsonl")).expect("it was written");
    let rows: Vec<serde_json::Value> =
        rows.lines().map(|row| serde_json::from_str(row).expect("a row is JSON")).collect();
    let attributes = &rows[0]["attributes"];
    let spans = |kind: &str| {
        attributes[format!("run_1__despam__{kind}")].as_array().expect("spans").clone()
    };
    assert_eq!((rows.len(), &rows[0]["id"]), (3, &"x".into()));
    assert_eq!(spans("ad").len() + spans("chrome").len(), 2);
    assert_eq!(spans("document"), [serde_json::json!([0, 10, 1.0])]);
    assert_eq!(rows[1], serde_json::json!({"id": 2, "attributes": {}}));
    assert_eq!(rows[2], serde_json::json!({"id": null, "attributes": {}}));
    // Cleaned documents are written if they are asked for, and nothing is replaced unasked.
    let again = filter("attributes/run-1", &[]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert!(!filter("attributes/run-2", &["-o", "-"]).stdout.is_empty());
    // Rows must not take the place of their documents.
    let same = filter("documents", &["--force"]);
    assert_eq!(same.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&same.stderr).contains("both input and output"));
    let unnamed = filter("attributes/1", &[]);
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("must start with a letter"));
}

#[test]
fn a_rejected_text_can_be_restored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("a.txt"), b"Home\nna\xefve\n").expect("the file can be written");
    let side = |command: &mut Command| {
        command.arg(at("removed.jsonl")).arg("--rejects").arg(at("rejects.jsonl"));
        command.output().expect("the program runs")
    };
    let out = side(
        despam()
            .args(["filter", "-q", "--strict"])
            .arg(at("a.txt"))
            .arg("-o")
            .arg(at("out.txt"))
            .arg("--removed"),
    );
    assert_eq!(out.status.code(), Some(1));
    let reason = "record 1 rejected: invalid UTF-8 at byte 7";
    assert!(String::from_utf8_lossy(&out.stderr).contains(reason));
    let back = side(despam().arg("restore").arg(at("out.txt")));
    assert_eq!(back.stdout, b"Home\nna\xefve\n", "{}", String::from_utf8_lossy(&back.stderr));
}

#[test]
fn records_that_were_moved_are_not_taken_for_the_original() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let junk = "Share on Facebook | Tweet | Print this page";
    let record = |n: usize| {
        let text = format!("The bridge was closed on day {n}.\n{junk}\nIt will open in May.");
        serde_json::json!({"id": n, "text": text}).to_string() + "\n"
    };
    let original: String = (10..40).map(record).collect();
    std::fs::write(at("a.jsonl"), &original).expect("the file can be written");
    let out = despam()
        .args(["filter", "-q", "--threshold", "0.3", "--removed"])
        .arg(at("removed.jsonl"))
        .arg(at("a.jsonl"))
        .output()
        .expect("the program runs");
    let cleaned = String::from_utf8(out.stdout).expect("it is UTF-8");
    assert!(!cleaned.contains(junk));
    let mut moved: Vec<&str> = cleaned.split_inclusive('\n').collect();
    moved.swap(3, 4);
    for (cleaned, status) in [(cleaned.clone(), 0), (moved.concat(), 2)] {
        std::fs::write(at("cleaned.jsonl"), cleaned).expect("the file can be written");
        let mut command = despam();
        command.arg("restore").arg(at("cleaned.jsonl")).arg(at("removed.jsonl"));
        let output = command.arg("-o").arg(at("back.jsonl")).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert_eq!(at("back.jsonl").exists(), status == 0);
        if status == 0 {
            assert_eq!(std::fs::read_to_string(at("back.jsonl")).expect("it is there"), original);
            std::fs::remove_file(at("back.jsonl")).expect("it can be removed");
        } else {
            assert!(String::from_utf8_lossy(&output.stderr).contains("is not the original"));
        }
    }
}

#[test]
fn an_output_of_another_form_than_its_name_is_warned_of() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let filter = |output: &str| {
        let mut command = despam();
        command
            .args(["filter", "-q", "tests/samples/news.txt", "-o"])
            .arg(folder.path().join(output));
        let output = command.output().expect("the program runs");
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(
        filter("a.parquet").contains("named as if it were parquet, but what is written is txt")
    );
    assert_eq!(filter("a.txt.gz"), "");
    assert_eq!(filter("a"), "");
}

#[test]
fn json_that_has_no_record_a_line_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let record = serde_json::json!({"text": "Share on Facebook | Tweet | Print this page"});
    let records = [record.clone(), record];
    for (name, text, told) in [
        ("a", serde_json::to_string_pretty(&records), "a JSON array"),
        ("a.json", serde_json::to_string_pretty(&records), "a JSON array"),
        ("b.json", serde_json::to_string_pretty(&records[0]), "JSON over several lines"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text.expect("it is JSON")).expect("the file can be written");
        let out = despam().arg("filter").arg(&path).output().expect("the program runs");
        assert_eq!((out.status.code(), &out.stdout[..]), (Some(2), &b""[..]), "{name}");
        assert!(String::from_utf8_lossy(&out.stderr).contains(told), "{name}: {out:?}");
    }
}

#[test]
fn gzip_members_and_zstd_frames_are_read_to_the_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = folder.path().join("a.txt");
    std::fs::write(&plain, "Share on Facebook\n").expect("the file can be written");
    let mut rows = Vec::new();
    for ending in ["gz", "zst"] {
        let packed = folder.path().join(format!("a.txt.{ending}"));
        despam()
            .args(["filter", "-q", "--threshold", "1"])
            .arg(&plain)
            .arg("-o")
            .arg(&packed)
            .assert()
            .success();
        let twice = std::fs::read(&packed).expect("it was written").repeat(2);
        // The ending lies: the bytes decide.
        let lying = folder.path().join(format!("twice-{ending}.txt"));
        std::fs::write(&lying, twice).expect("the file can be written");
        let output = despam().args(["score"]).arg(&lying).output().expect("the program runs");
        rows.push(String::from_utf8_lossy(&output.stdout).lines().count());
    }
    assert_eq!(rows, [2, 2]);
}

/// Common Crawl packs every record as a gzip member of its own.
#[test]
fn a_wet_file_of_2000_members_becomes_json_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let pack = |record: String| {
        let mut packer = Packer::new(Vec::new(), Compression::Gzip).expect("a packer opens");
        packer.write_all(record.as_bytes()).expect("memory can be written");
        packer.finish().expect("memory can be written")
    };
    let record = |i: usize| {
        let text =
            format!("The minutes of meeting {i} were read and approved.\nShare on Facebook\n");
        format!(
            "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:uuid:{i}>\r\n\
             Content-Length: {}\r\n\r\n{text}\r\n\r\n",
            text.len()
        )
    };
    let info = "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n".to_owned();
    let file: Vec<u8> = std::iter::once(info).chain((0..1999).map(record)).flat_map(pack).collect();
    std::fs::create_dir(at("in")).expect("a folder can be made");
    std::fs::write(at("in/a.warc.wet.gz"), file).expect("the file can be written");
    let filter = |out: &str, options: &[&str]| {
        let mut command = despam();
        command.arg("filter").arg(at("in")).arg("-o").arg(at(out)).args(options);
        command.output().expect("the program runs")
    };
    let removed = at("removed");
    let removed = removed.to_str().expect("the path is UTF-8");
    let output = filter("out", &["--threshold", "0.5", "--json", "--removed", removed]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let summary: serde_json::Value = serde_json::from_str(&stderr).expect("the summary is JSON");
    let count = |key: &str| summary[key].as_u64().expect("a count");
    assert_eq!((count("records"), count("other_records"), count("rejected")), (1999, 1, 0));
    assert_eq!(count("removed"), 1999);
    let unpacked = |path: &str| {
        let mut text = String::new();
        let mut input = open(&at(path)).expect("the output is there");
        input.read_to_string(&mut text).expect("the output is text");
        text
    };
    let cleaned = unpacked("out/a.jsonl.gz");
    for (i, line) in cleaned.lines().enumerate() {
        let text = format!("The minutes of meeting {i} were read and approved.\\n");
        assert_eq!(line, format!("{{\"id\":\"<urn:uuid:{i}>\",\"text\":\"{text}\"}}"));
    }
    assert!(filter("all", &["--threshold", "1"]).status.success());
    let restored = despam()
        .arg("restore")
        .arg(at("out/a.jsonl.gz"))
        .arg(at("removed/a.warc.wet.gz.jsonl.gz"))
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&restored.stdout), unpacked("all/a.jsonl.gz"));
    assert!(restored.stdout.len() > cleaned.len());
}

#[test]
fn outputs_of_two_inputs_never_have_one_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let record = "WARC/1.0\nWARC-Type: conversion\nContent-Length: 1\n\na\n\n";
    // The second name says nothing, its bytes do.
    for (name, told) in [("a.warc.wet", "name the folder above them"), ("a", "name the folder")] {
        let input = folder.path().join(format!("in-{name}"));
        std::fs::create_dir(&input).expect("a folder can be made");
        std::fs::write(input.join(name), record).expect("the file can be written");
        std::fs::write(input.join("a.jsonl"), "{\"text\":\"b\"}\n").expect("it can be written");
        let output = despam()
            .args(["filter", "--force", "-o"])
            .arg(folder.path().join(format!("out-{name}")))
            .arg(&input)
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(told));
    }
}

#[test]
fn training_and_evaluating_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let mut rows = String::from("text,label,group\n");
    for i in 0..60 {
        rows += &format!(
            "\"The committee read report {i}, and nobody spoke against it.\",content,g{i}\n"
        );
        rows += &format!("Subscribe to letter {i},chrome,g{i}\n");
        rows += &format!("\"Pump no. {i} on sale, factory price\",ad,g{i}\n");
    }
    std::fs::write(at("rows.csv"), rows).expect("the file can be written");
    let train = |model: &str, base: &[&str]| {
        despam()
            .arg("train")
            .arg(at("rows.csv"))
            .arg("-o")
            .arg(at(model))
            .args(base)
            .output()
            .expect("it runs")
    };
    let report = train("own.model", &[]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    assert!(String::from_utf8_lossy(&report.stdout).contains("Figures out of fold"));
    assert!(train("pulled.model", &["--base", "default"]).status.success());
    for model in ["own.model", "pulled.model"] {
        despam().args(["model", "verify"]).arg(at(model)).assert().success();
        let figures = despam()
            .args(["eval", "--json", "--threshold", "0.5", "--model"])
            .arg(at(model))
            .arg(at("rows.csv"))
            .output();
        let figures = figures.expect("the program runs");
        let figures: serde_json::Value =
            serde_json::from_slice(&figures.stdout).expect("the figures are JSON");
        assert!(figures["rows"]["figures"]["recall"]["value"].as_f64() > Some(0.8), "{figures}");
    }
}
