//! Inputs and outputs: lists, shards, folders, faults of files and of the machine.
//!
//! Which case of bad input is tested where:
//!
//! | case | test |
//! |---|---|
//! | empty, blank, no final newline | `texts_without_words_come_back_as_they_were` |
//! | UTF-16 | `other_encodings_and_archives_are_refused_and_leave_no_output` |
//! | gzip or zstd cut off or damaged | `a_cut_off_input_leaves_no_output_or_a_partial_one`, and in `formats` |
//! | a name that tells another packing than the bytes | `the_bytes_say_how_a_file_is_packed` |
//! | archives, programs | `other_encodings_and_archives_are_refused_and_leave_no_output` |
//! | disk full | `a_full_disk_leaves_the_old_file` |
//! | killed, then resumed | `killed_and_resumed_runs_end_in_the_same_bytes` |
//! | SIGTERM, SIGINT | `a_signal_removes_temporary_files` |
//! | output exists, is the input, a link, a FIFO, a device | `outputs_that_are_there_are_safe` |
//! | closed pipe | `commands::a_closed_pipe_ends_quietly` |
//! | input grows while it is read, is gone | `an_input_that_grows_is_read_to_its_old_end`, `what_cannot_be_read_is_told_and_the_rest_is_done` |
//! | links in a loop, odd names | `what_cannot_be_read_is_told_and_the_rest_is_done` |
//! | many files, no files | `many_files_need_few_open_ones`, `no_files_are_an_error_unless_allowed` |
//! | little memory, many threads | `little_memory_and_many_threads_change_nothing` |
//! | a line that does not fit into memory | `endless_lines_need_little_memory` |
//! | two runs at once | `two_runs_at_once_do_not_clash` |
//! | no home, no temporary folder, locale | `the_surroundings_do_not_matter` |

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::prelude::*;
use despam::formats::compression::{Compression, Packer};

#[cfg(feature = "parquet")]
use super::tables::file;

const PAGE: &str = "Home | News | Contact | Login\n\
    The council voted on Tuesday to raise the wall, after a long debate in the hall.\n\
    Share on Facebook\n\
    Work is to begin in May, and the road stays open in one direction until then.\n";

/// A temporary folder to run in.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Self {
        Room(tempfile::tempdir().expect("a temporary folder"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(path, bytes).expect("the file can be written");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("despam").expect("the program is built");
        command.current_dir(self.0.path()).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program runs")
    }

    /// Runs it in a shell, after `setup`.
    fn run_after(&self, setup: &str, args: &[&str]) -> Output {
        let program = assert_cmd::cargo::cargo_bin("despam");
        let mut command = Command::new("sh");
        command.current_dir(self.0.path());
        command.args(["-c", &format!("{setup}; exec \"$@\""), "sh"]).arg(program).args(args);
        command.output().expect("the shell runs")
    }

    /// All files below a folder with their bytes, temporary ones included.
    fn tree(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.at(name)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap_or_default();
                    let below = path.strip_prefix(self.at(name)).expect("it is below");
                    files.insert(below.to_owned(), bytes);
                }
            }
        }
        files
    }

    fn temporary_files(&self) -> usize {
        let is_temporary = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".despam-"))
        };
        self.tree(".").keys().filter(is_temporary).count()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn assert_status(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}", told(output));
}

#[track_caller]
fn assert_told(output: &Output, words: &str) {
    assert!(told(output).contains(words), "{words:?} is not in:\n{}", told(output));
}

/// What `filter` makes of the page.
fn clean_page() -> Vec<u8> {
    let room = Room::new();
    room.write("page.txt", PAGE);
    let output = room.run(&["filter", "-q", "page.txt"]);
    assert_status(&output, 0);
    assert!(!output.stdout.is_empty() && output.stdout.len() < PAGE.len());
    output.stdout
}

/// A record with the page.
fn record(id: usize) -> String {
    format!("{}\n", serde_json::json!({"id": id, "text": PAGE}))
}

/// What Parquet files are called; a build that cannot read them has texts instead.
const TABLE: &str = if cfg!(feature = "parquet") { "parquet" } else { "txt" };

/// A Parquet file with the page in some rows of two row groups.
#[cfg(feature = "parquet")]
fn table(i: usize) -> Vec<u8> {
    let rows = |count: usize| (0..count).map(|n| (n % 5 > 0).then(|| PAGE.repeat(n % 3).into()));
    file(&[rows(1 + i).collect(), rows(3 * i).collect()])
}

#[cfg(not(feature = "parquet"))]
fn table(i: usize) -> Vec<u8> {
    PAGE.repeat(i).into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = Packer::new(Vec::new(), Compression::Gzip).expect("it packs into memory");
    packer.write_all(bytes).and_then(|()| packer.finish()).expect("it packs into memory")
}

#[test]
fn texts_without_words_come_back_as_they_were() {
    let room = Room::new();
    for text in ["", "\n\n\n", "  \n \t\r\n", "no end", "\u{feff}", "\0\0\0\n"] {
        room.write("in.txt", text);
        assert_status(&room.run(&["filter", "-q", "in.txt", "-o", "out.txt", "--force"]), 0);
        assert_eq!(room.read("out.txt"), text.as_bytes(), "{text:?}");
        let input = fs::File::open(room.at("in.txt")).expect("it is there");
        let output = room.command(&["filter", "-q"]).stdin(input).output().expect("it runs");
        assert_eq!(output.stdout, text.as_bytes(), "{text:?}");
    }
}

#[test]
fn other_encodings_and_archives_are_refused_and_leave_no_output() {
    let room = Room::new();
    let mut tar = vec![b'a'; 257];
    tar.extend(b"ustar\x0000");
    room.write("page.txt", PAGE);
    let packed = gzip(&gzip(PAGE.as_bytes()));
    for (bytes, words) in [
        (&b"\xff\xfeH\0o\0"[..], "UTF-16LE"),
        (b"\xfe\xff\0H", "UTF-16BE"),
        (b"PK\x03\x04rest", "zip archive: extract it first"),
        (&tar, "tar archive: extract it first"),
        (b"\x7fELF rest", "a program"),
        (b"%PDF-1.7\n", "PDF"),
        (&packed, "more than once"),
    ] {
        room.write("odd", bytes);
        let output = room.run(&["filter", "odd", "page.txt", "-o", "out", "--force"]);
        assert_status(&output, 2);
        assert_told(&output, words);
        assert!(!room.at("out/odd").exists() && room.at("out/page.txt").exists(), "{words}");
        assert_eq!(room.temporary_files(), 0);
    }
}

#[test]
fn a_cut_off_input_leaves_no_output_or_a_partial_one() {
    let room = Room::new();
    let records: String = (0..20_000).map(record).collect();
    let whole = gzip(records.as_bytes());
    for cut in [3, 9, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        room.write("a.jsonl.gz", &whole[..cut]);
        let args = ["filter", "a.jsonl.gz", "-o", "b.jsonl.gz", "--removed", "r.jsonl"];
        let output = room.run(&args);
        assert_status(&output, 2);
        assert_told(&output, "b.jsonl.gz was not written");
        assert!(!room.at("b.jsonl.gz").exists() && !room.at("r.jsonl").exists(), "{cut}");
    }
    room.write("a.jsonl.gz", &whole[..whole.len() - 9]);
    let args = ["filter", "a.jsonl.gz", "-o", "b.jsonl.gz", "--keep-partial", "--json"];
    let output = room.run(&args);
    assert_status(&output, 2);
    assert_told(&output, "b.jsonl.gz.partial");
    assert!(!room.at("b.jsonl.gz").exists());
    let kept = room.run(&["filter", "--threshold", "1", "--json", "b.jsonl.gz.partial"]);
    let lines = String::from_utf8_lossy(&kept.stdout).lines().count();
    assert!((15_000..=20_000).contains(&lines), "{lines}");
    // The same in folders, with another input that is whole; then damaged, not cut.
    let mut flipped = whole.clone();
    let middle = whole.len() - 6;
    flipped[middle] ^= 1;
    room.write("in/a.jsonl.gz", flipped);
    room.write("in/b.txt", PAGE);
    let output = room.run(&["filter", "in", "-o", "out", "--removed", "rem", "--keep-partial"]);
    assert_status(&output, 2);
    let names = |name: &str| -> Vec<String> {
        room.tree(name).keys().map(|path| path.display().to_string()).collect()
    };
    assert_eq!(names("out"), ["a.jsonl.gz.partial", "b.txt"]);
    assert_eq!(names("rem"), ["a.jsonl.gz.jsonl.gz.partial", "b.txt.jsonl"]);
}

#[test]
fn the_bytes_say_how_a_file_is_packed() {
    let room = Room::new();
    let packed = gzip(PAGE.as_bytes());
    room.write("plain.txt.gz", PAGE);
    room.write("packed.txt", packed);
    for (name, words) in [
        ("plain.txt.gz", "not packed, but named as if packed with gzip"),
        ("packed.txt", "packed with gzip, but named as if not packed"),
    ] {
        let output = room.run(&["filter", name]);
        assert_status(&output, 0);
        assert_told(&output, words);
        assert_eq!(output.stdout, clean_page());
    }
}

#[test]
fn lists_of_names_are_read_and_mirrored_by_path() {
    let room = Room::new();
    room.write("a/x.txt", PAGE);
    room.write("b/x.txt", PAGE);
    room.write("list", "a/x.txt\0./b\0");
    assert_status(&room.run(&["filter", "-q", "--files0-from", "list", "-o", "out"]), 0);
    assert_eq!(room.tree("out").len(), 2);
    assert_eq!(room.read("out/b/x.txt"), clean_page());
    let list = fs::File::open(room.at("list")).expect("it is there");
    let output = room.command(&["filter", "-q", "--files0-from", "-"]).stdin(list).output();
    assert_eq!(output.expect("it runs").stdout, clean_page().repeat(2));
    for (list, words) in [
        ("a/x.txt\0\0b/x.txt\0", "name 2 is empty"),
        ("a/../a/x.txt", "no place for a path with `..`"),
    ] {
        room.write("bad", list);
        let output = room.run(&["filter", "--files0-from", "bad", "-o", "bad_out"]);
        assert_status(&output, 2);
        assert_told(&output, words);
    }
    let output = room.run(&["filter", "--files0-from", "list", "a/x.txt"]);
    assert_status(&output, 2);
    assert_told(&output, "cannot be used with");
}

#[test]
fn shards_together_are_all_inputs() {
    let room = Room::new();
    for i in 0..4 {
        room.write(&format!("in/{i}.txt"), format!("{PAGE}Page {i} of the report.\n"));
    }
    for i in 4..7 {
        room.write(&format!("in/{i}.{TABLE}"), table(i));
    }
    assert_status(&room.run(&["filter", "-q", "in", "-o", "whole"]), 0);
    for i in 1..=3 {
        let shard = format!("{i}/3");
        assert_status(&room.run(&["filter", "-q", "in", "-o", "parts", "--shard", &shard]), 0);
        assert_eq!(room.tree("parts").len(), [3, 5, 7][i - 1]);
    }
    assert_eq!(room.tree("whole"), room.tree("parts"));
    let output = room.run(&["filter", "in", "-o", "none", "--shard", "8/9"]);
    assert_status(&output, 0);
    assert_told(&output, "shard 8/9 of 7 input(s) has none");
    for shard in ["0/3", "4/3", "x"] {
        let output = room.run(&["filter", "in", "--shard", shard]);
        assert_status(&output, 2);
        assert_told(&output, "I from 1 to N");
    }
}

#[test]
fn no_files_are_an_error_unless_allowed() {
    let room = Room::new();
    fs::create_dir(room.at("empty")).expect("it can be made");
    room.write("list", "");
    for input in [&["empty"][..], &["--files0-from", "list"]] {
        let output = room.run(&[&["filter"], input].concat());
        assert_status(&output, 2);
        assert_told(&output, "no files to read");
        let output = room.run(&[&["filter", "-q", "--allow-empty", "-o", "out"], input].concat());
        assert_status(&output, 0);
    }
}

#[test]
fn files_are_replaced_in_place() {
    let room = Room::new();
    let packed = gzip(PAGE.as_bytes());
    room.write("in/page.txt", PAGE);
    room.write("in/packed.txt.gz", packed);
    room.write("in/good.txt", "The council voted on Tuesday to raise the wall by a metre.\n");
    room.write("in/.despam-left", "over");
    let before = fs::metadata(room.at("in/good.txt")).and_then(|meta| meta.modified());
    let output = room.run(&["filter", "-q", "in", "--in-place", "--removed", "rem"]);
    assert_status(&output, 0);
    assert_eq!(room.read("in/page.txt"), clean_page());
    assert!(room.read("in/packed.txt.gz").starts_with(&[0x1f, 0x8b]));
    assert_eq!(room.run(&["filter", "-q", "in/packed.txt.gz"]).stdout, clean_page());
    let after = fs::metadata(room.at("in/good.txt")).and_then(|meta| meta.modified());
    assert_eq!(before.expect("a time"), after.expect("a time"));
    assert_eq!(room.tree("in").len(), 3);
    let restored = room.run(&["restore", "in/page.txt", "rem/page.txt.jsonl"]);
    assert_eq!(restored.stdout, PAGE.as_bytes());
    // Rejected records would be nowhere.
    let records = format!("{}nonsense\n", record(1));
    room.write("a.jsonl", &records);
    let output = room.run(&["filter", "a.jsonl", "--in-place"]);
    assert_status(&output, 2);
    assert_told(&output, "--rejects");
    assert_eq!(room.read("a.jsonl"), records.as_bytes());
    assert_status(&room.run(&["filter", "a.jsonl", "--in-place", "--rejects", "bad.jsonl"]), 1);
    assert!(room.read("a.jsonl").len() < record(1).len());
    let output = room.run(&["filter", "--in-place"]);
    assert_status(&output, 2);
    assert_told(&output, "standard input cannot be replaced");
    assert_status(&room.run(&["filter", "a.jsonl", "--in-place", "-o", "b"]), 2);
    room.write("wet", "WARC/1.0\nWARC-Type: conversion\nContent-Length: 1\n\na\n\n");
    let output = room.run(&["filter", "wet", "--in-place"]);
    assert_status(&output, 2);
    assert_told(&output, "WET, which is only read");
    // Marks are a change though nothing is removed.
    room.write("m.jsonl", record(1));
    assert_status(&room.run(&["filter", "m.jsonl", "--in-place", "--mark"]), 0);
    assert!(String::from_utf8_lossy(&room.read("m.jsonl")).contains("line_quality"));
}

#[test]
fn attributes_alone_can_be_resumed() {
    let room = Room::new();
    for name in ["a", "b"] {
        room.write(&format!("documents/{name}.jsonl"), record(1));
    }
    let args = ["filter", "documents", "--attributes", "attributes/x", "--removed", "rem"];
    assert_status(&room.run(&args), 0);
    let whole = (room.tree("attributes"), room.tree("rem"));
    assert_eq!((whole.0.len(), whole.1.len()), (2, 2));
    fs::remove_file(room.at("attributes/x/b.jsonl")).expect("it is there");
    let output = room.run(&[&args[..], &["--resume"]].concat());
    assert_status(&output, 0);
    assert_told(&output, "1 inputs passed over");
    assert_eq!((room.tree("attributes"), room.tree("rem")), whole);
    let output = room.run(&["filter", "documents", "--resume"]);
    assert_status(&output, 2);
    assert_told(&output, "standard output cannot be resumed");
}

#[test]
fn the_surroundings_do_not_matter() {
    let room = Room::new();
    room.write("page.txt", PAGE);
    for (locale, folder) in [("C", "/none"), ("tr_TR.UTF-8", "/proc/none")] {
        let mut command = room.command(&["filter", "-q", "page.txt", "-o", "out", "--force"]);
        command.env_clear().env("LC_ALL", locale).env("HOME", folder).env("TMPDIR", folder);
        assert_status(&command.output().expect("it runs"), 0);
        assert_eq!(room.read("out"), clean_page());
    }
}

#[test]
fn two_runs_at_once_do_not_clash() {
    let room = Room::new();
    for i in 0..200 {
        room.write(&format!("in/{}/{i}.txt", i % 7), format!("{PAGE}Page {i}.\n"));
    }
    assert_status(&room.run(&["filter", "-q", "in", "-o", "whole"]), 0);
    let start = |out: &str, option: &[&str]| {
        let mut command = room.command(&["filter", "-q", "in", "-o", out]);
        command.args(option).stderr(Stdio::piped()).spawn().expect("it runs")
    };
    for (out, option) in [("plain", &[][..]), ("resumed", &["--resume"]), ("forced", &["--force"])]
    {
        let runs = [start(out, option), start(out, option)];
        let outputs = runs.map(|run| run.wait_with_output().expect("it ends"));
        let failed = outputs.iter().filter(|output| !output.status.success());
        let failed = failed.inspect(|output| assert_told(output, "exist")).count();
        assert!(failed <= 1 && (failed == 0 || option != ["--force"]), "{failed} {option:?}");
        // One of them may have stopped the other, and left the rest to it.
        assert_eq!(room.tree("whole"), room.tree(out), "{option:?}");
    }
}

#[test]
fn killed_and_resumed_runs_end_in_the_same_bytes() {
    const KILLS: usize = 20;
    let room = Room::new();
    for i in 0..150 {
        let records: String = (0..i % 40).map(record).collect();
        room.write(&format!("in/{}/{i}.jsonl", i % 5), format!("{records}no record {i}\n"));
        room.write(&format!("in/{i}.txt"), PAGE.repeat(i));
    }
    for i in 0..30 {
        room.write(&format!("in/table{i}.{TABLE}"), table(i));
    }
    let args = |out: &str, threads: usize| {
        let at = |side: &str| format!("{out}/{side}");
        let threads = format!("-j{threads}");
        let names = ["filter", "-q", &threads, "in", "--resume", "-o"].map(str::to_owned);
        let sides = [at("main"), "--removed".into(), at("rem"), "--rejects".into(), at("rej")];
        [&names[..], &sides].concat()
    };
    let start = |out: &str, threads: usize| {
        let args = args(out, threads);
        let mut command = room.command(&args.iter().map(String::as_str).collect::<Vec<_>>());
        command.stderr(Stdio::null()).spawn().expect("it runs")
    };
    let started = Instant::now();
    assert_eq!(start("whole", 2).wait().expect("it ends").code(), Some(1));
    let whole_time = started.elapsed();
    let whole = room.tree("whole");
    assert_eq!(whole.len(), 3 * 330);
    let (mut kills, mut seed, mut round) = (0, 17_u64, 0);
    while kills < KILLS {
        round += 1;
        let out = format!("out{round}");
        loop {
            let mut run = start(&out, 1 + (kills + round) % 2);
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let share = (seed >> 40) as f64 / (1 << 24) as f64;
            let until = Instant::now() + whole_time.mul_f64(0.8 * share);
            while kills < KILLS && Instant::now() < until {
                if run.try_wait().expect("it can be asked").is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            if kills < KILLS && run.try_wait().expect("it can be asked").is_none() {
                kills += 1;
                run.kill().expect("it can be killed");
                run.wait().expect("it ends");
                // A main file is there only with its side files.
                for path in room.tree(&format!("{out}/main")).keys() {
                    let name = format!("{}.jsonl", path.display());
                    let is_there = |side: &str| room.at(&out).join(side).join(&name).exists();
                    let temporary = name.contains(".despam-");
                    assert!(temporary || is_there("rem") && is_there("rej"), "{name}");
                }
                continue;
            }
            assert!(run.wait().expect("it ends").code() <= Some(1));
            break;
        }
        assert!(room.tree(&out) == whole, "round {round} differs");
    }
}

/// What only Unix has.
#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    fn fifo(room: &Room, name: &str) {
        let made = Command::new("mkfifo").arg(room.at(name)).status().expect("mkfifo runs");
        assert!(made.success());
    }

    #[test]
    fn outputs_that_are_there_are_safe() {
        let room = Room::new();
        for name in ["in/a.txt", "in/b.txt", "old.txt", "target.txt"] {
            room.write(name, PAGE);
        }
        fs::create_dir(room.at("out")).expect("it can be made");
        room.write("out/b.txt", "old");
        symlink("target.txt", room.at("link.txt")).expect("a link can be made");
        symlink("nowhere", room.at("dangling.txt")).expect("a link can be made");
        fifo(&room, "pipe");
        for (args, words) in [
            // Nothing is done before all is looked at.
            (&["in", "-o", "out"][..], "out/b.txt exists"),
            (&["in/a.txt", "-o", "old.txt"], "old.txt exists"),
            (&["in/a.txt", "-o", "in/a.txt", "--force"], "is both input and output"),
            (&["in", "-o", "in", "--force"], "lies in in, which is read"),
            (&["in/a.txt", "in/b.txt", "-o", "in", "--force"], "is both input and output"),
            (&["in/a.txt", "-o", "out/x", "--removed", "in/a.txt", "--force"], "is both input"),
            (&["in/a.txt", "-o", "new", "--removed", "new"], "is named as two outputs"),
            (
                &["in/a.txt", "-o", "new", "--removed", "./new", "--force"],
                "is named as two outputs",
            ),
            (
                &["in/a.txt", "-o", "new.json", "--report", "in/../new.json"],
                "is named as two outputs",
            ),
            (&["in/a.txt", "-o", "link.txt"], "link.txt exists"),
            (&["in/a.txt", "-o", "dangling.txt"], "dangling.txt exists"),
            (&["in/a.txt", "-o", "pipe", "--force"], "not a regular file"),
            (&["in/a.txt", "-o", "/dev/null", "--force"], "not a regular file"),
            (&["in/a.txt", "--removed", "out", "--force"], "out is a folder"),
            (&["in/a.txt", "-o", "no/folder/x"], "cannot write in no/folder"),
            (&["in", "-o", "old.txt"], "old.txt"),
        ] {
            let output = room.run(&[&["filter"], args].concat());
            assert_status(&output, 2);
            assert_told(&output, words);
        }
        assert_eq!(room.tree("out").len(), 1);
        assert_eq!(room.read("old.txt"), PAGE.as_bytes());
        // A link is replaced, not what it leads to; in place it is the other way round.
        assert_status(&room.run(&["filter", "in/a.txt", "-o", "link.txt", "--force"]), 0);
        assert_eq!(room.read("link.txt"), clean_page());
        assert_eq!(room.read("target.txt"), PAGE.as_bytes());
        fs::remove_file(room.at("link.txt")).expect("it is there");
        symlink("target.txt", room.at("link.txt")).expect("a link can be made");
        assert_status(&room.run(&["filter", "--in-place", "link.txt"]), 0);
        assert_eq!(room.read("target.txt"), clean_page());
        assert!(room.at("link.txt").is_symlink());
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_done() {
        let room = Room::new();
        room.write("in/good.txt", PAGE);
        room.write("in/two\nlines.txt", PAGE);
        room.write("in/-dash.txt", PAGE);
        let odd = room.at("in").join(std::ffi::OsStr::from_bytes(b"odd\xff.txt"));
        fs::write(&odd, PAGE).expect("the name is allowed");
        symlink("loop", room.at("in/loop")).expect("a link can be made");
        symlink("nowhere", room.at("in/dangling")).expect("a link can be made");
        symlink("..", room.at("in/up")).expect("a link can be made");
        fifo(&room, "in/pipe");
        room.write("in/two\nbad.jsonl", "nonsense\n");
        let output = room.run(&["filter", "in", "-o", "out", "--removed", "rem"]);
        assert_status(&output, 2);
        assert_eq!(room.tree("out").len(), 5);
        assert_eq!(
            fs::read(room.at("out").join(odd.file_name().expect("a name"))).ok(),
            Some(clean_page())
        );
        assert_told(&output, "in/up: a link to a folder is passed over");
        assert_told(&output, "in/pipe: passed over");
        assert_told(&output, "2 input(s) could not be done");
        assert_told(&output, "in/two\\nbad.jsonl: record 1 rejected");
        let rows: Vec<u8> = room.tree("rem").into_values().flatten().collect();
        assert!(String::from_utf8_lossy(&rows).contains(r#""source":"in/odd\\xff.txt""#));
        for missing in ["gone.txt", "in/loop", "/proc/self/mem"] {
            let output = room.run(&["check", missing, "in/good.txt"]);
            assert_status(&output, 2);
            assert_told(&output, missing);
            assert!(String::from_utf8_lossy(&output.stdout).contains("Share on Facebook"));
        }
    }

    #[test]
    fn a_fifo_can_be_read() {
        let room = Room::new();
        fifo(&room, "pipe");
        let run = room.command(&["filter", "-q", "pipe"]).stdout(Stdio::piped()).spawn();
        fs::write(room.at("pipe"), PAGE).expect("somebody reads");
        let output = run.and_then(std::process::Child::wait_with_output).expect("it ends");
        assert_eq!(output.stdout, clean_page());
    }

    #[test]
    fn an_input_that_grows_is_read_to_its_old_end() {
        let room = Room::new();
        room.write("a.txt", PAGE.repeat(30_000));
        let grown = fs::OpenOptions::new().append(true).open(room.at("a.txt"));
        let mut command = room.command(&["filter", "-q", "--threshold", "1", "a.txt"]);
        command.stdout(grown.expect("it is there"));
        assert_status(&command.output().expect("it runs"), 0);
        assert_eq!(room.read("a.txt"), PAGE.repeat(60_000).as_bytes());
    }

    #[test]
    fn a_full_disk_leaves_the_old_file() {
        let room = Room::new();
        room.write("a.txt", PAGE.repeat(2000));
        if Path::new("/dev/full").exists() {
            let full = fs::OpenOptions::new().write(true).open("/dev/full");
            let mut command = room.command(&["filter", "-q", "a.txt"]);
            let output = command.stdout(full.expect("it is there")).output().expect("it runs");
            assert_status(&output, 2);
            assert_told(&output, "standard output: No space left on device");
            // What nobody can be told of changes nothing else.
            room.write("bad.jsonl", format!("{{bad\n{}\n", serde_json::json!({"text": PAGE})));
            for arguments in [&["filter", "-j", "2"][..], &["score", "-j", "2"], &["filter", "-q"]]
            {
                let full =
                    fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
                let mut command = room.command(&[arguments, &["bad.jsonl"]].concat());
                let output = command.stderr(full).output().expect("it runs");
                assert_status(&output, 1);
                assert!(!output.stdout.is_empty());
            }
        }
        // A limit on the size of files fails at every point of writing, as a full disk does.
        for (name, limits) in [("b.txt", &[0, 1, 100, 200][..]), ("b.txt.zst", &[0])] {
            room.write(name, "old");
            for limit in limits {
                let setup = format!("trap '' XFSZ; ulimit -f {limit}");
                let output = room.run_after(&setup, &["filter", "a.txt", "-o", name, "--force"]);
                assert_status(&output, 2);
                assert_told(&output, name);
                assert_eq!(room.read(name), b"old");
                assert_eq!(room.temporary_files(), 0);
            }
        }
    }

    #[test]
    fn a_signal_removes_temporary_files() {
        for (signal, number) in [("TERM", 15), ("INT", 2)] {
            use std::os::unix::process::ExitStatusExt;
            let room = Room::new();
            // It waits for input that never comes.
            let mut run = room
                .command(&["filter", "-", "-o", "out.txt"])
                .stdin(Stdio::piped())
                .spawn()
                .expect("it runs");
            let until = Instant::now() + Duration::from_secs(120);
            while room.temporary_files() == 0 && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(room.temporary_files(), 1);
            // Waiting would close its input, and it might end before it sees the signal.
            let _input = run.stdin.take().expect("there is a pipe");
            let sent = Command::new("kill").args(["-s", signal, &run.id().to_string()]).status();
            assert!(sent.expect("kill runs").success());
            assert_eq!(run.wait().expect("it ends").signal(), Some(number));
            assert_eq!(room.tree(".").len(), 0);
        }
    }

    #[test]
    fn many_files_need_few_open_ones() {
        let room = Room::new();
        for i in 0..500 {
            room.write(&format!("in/{i}.txt"), PAGE);
        }
        let args = ["filter", "-q", "in", "-o", "out", "--removed", "rem", "--rejects", "rej"];
        assert_status(&room.run_after("ulimit -n 128", &args), 0);
        assert_eq!((room.tree("out").len(), room.tree("rej").len()), (500, 500));
        assert_eq!(room.read("out/499.txt"), clean_page());
    }

    #[test]
    fn little_memory_and_many_threads_change_nothing() {
        let room = Room::new();
        room.write("a.jsonl", (0..2000).map(record).collect::<String>());
        let one = room.run(&["filter", "-q", "-j1", "a.jsonl"]).stdout;
        for (setup, threads) in
            [(":", "-j256"), ("ulimit -v 400000", "-j1"), ("ulimit -v 400000", "-j256")]
        {
            let output = room.run_after(setup, &["filter", "-q", threads, "a.jsonl"]);
            assert_status(&output, 0);
            assert!(output.stdout == one, "{setup} {threads}");
        }
    }

    #[test]
    fn endless_lines_need_little_memory() {
        let room = Room::new();
        let sparse = fs::File::create(room.at("nul")).expect("a file can be made");
        sparse.set_len(450 << 20).expect("it takes no space");
        let setup = "ulimit -v 400000; exec >/dev/null";
        let output = room.run_after(setup, &["filter", "--format", "txt", "nul"]);
        assert_status(&output, 0);
        assert_told(&output, "nul: 1 line(s) of more than 67108864 bytes were not judged");
        let output = room.run_after(setup, &["filter", "--format", "jsonl", "nul"]);
        assert_status(&output, 1);
        assert_told(&output, "nul: record 1 rejected: the line is longer than 67108864 bytes\n");
        assert_told(&output, "1 documents in, 0 out, 1 rejected");
    }
}
