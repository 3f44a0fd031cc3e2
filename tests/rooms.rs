//! The arrows between rooms, as ARCHITECTURE.md draws them, held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each room may import of ours.
const MAY_IMPORT: [(&str, &[&str]); 20] = [
    ("document", &[]),
    ("label", &[]),
    ("paragraph", &["document"]),
    ("metrics", &["label"]),
    ("features", &[]),
    ("model", &["features"]),
    ("verdict", &["document", "features", "label"]),
    ("clean", &["document", "paragraph"]),
    ("explain", &["features", "model"]),
    ("formats", &["paragraph"]),
    ("judgement", &["features", "label", "model", "verdict"]),
    (
        "classifier",
        &["document", "explain", "features", "judgement", "model", "paragraph", "verdict"],
    ),
    (
        "pipeline",
        &[
            "classifier",
            "clean",
            "document",
            "explain",
            "formats",
            "judgement",
            "label",
            "paragraph",
            "statistics",
            "verdict",
        ],
    ),
    (
        "report",
        &[
            "classifier",
            "explain",
            "judgement",
            "label",
            "model",
            "paragraph",
            "pipeline",
            "statistics",
        ],
    ),
    ("restore", &["formats", "pipeline"]),
    ("statistics", &["clean", "document", "label", "paragraph", "verdict"]),
    (
        "train",
        &[
            "classifier",
            "features",
            "formats",
            "judgement",
            "label",
            "metrics",
            "model",
            "paragraph",
            "verdict",
        ],
    ),
    ("cli", &[]),
    ("lib", &[]),
    ("main", &[]),
];

/// Crates that are named in one place only, and that place below `src`.
const DOORS: [(&str, &str); 16] = [
    ("tokenizers", "features/tokenizer.rs"),
    ("whatlang", "features/language.rs"),
    ("wide", "features"),
    ("safetensors", "model"),
    ("linfa", "train"),
    ("linfa_logistic", "train"),
    ("ndarray", "train"),
    ("zstd", "formats/compression.rs"),
    ("flate2", "formats/compression.rs"),
    ("parquet", "formats/parquet"),
    ("bytes", "formats/parquet"),
    ("clap", "cli"),
    ("anyhow", "cli"),
    ("indicatif", "cli"),
    ("tempfile", "cli"),
    ("signal_hook", "cli"),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source is there") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !is_test(&path) {
            found.push(path);
        }
    }
}

/// Whether a file holds nothing but the tests of another.
fn is_test(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| name == "tests" || name == "properties")
}

/// The room of a source file: the first part of its path below `src`.
fn room(path: &Path) -> String {
    let below = path.strip_prefix(source()).expect("the file is below src");
    let first = below.components().next().expect("the path has a part");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Lines of code without tests and documentation.
fn code(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.map(str::to_owned).collect()
}

#[test]
fn arrows_between_rooms_run_as_drawn() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_IMPORT.iter().map(|(room, others)| (*room, others.iter().copied().collect())).collect();
    let mut paths = Vec::new();
    files(&source(), &mut paths);
    assert!(paths.len() > 30);
    for path in paths {
        let room = room(&path);
        let known =
            allowed.get(room.as_str()).unwrap_or_else(|| panic!("room {room} is not in the table"));
        for line in code(&path) {
            for part in line.split("crate::").skip(1) {
                let other: String =
                    part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(
                    other == room || known.contains(other.as_str()),
                    "{}: {room} must not import {other}: {line}",
                    path.display()
                );
            }
        }
    }
}

/// Whether a line names a foreign crate, and not a module of ours with its name.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let is_start = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        is_start && (after.starts_with("::") || before == "use " && after.starts_with([';', ' ']))
    })
}

#[test]
fn a_crate_is_told_from_a_module_of_its_name() {
    for line in ["use parquet::basic::Type;", "use parquet;", "a(parquet::basic::Type::INT32)"] {
        assert!(names_crate(line, "parquet"), "{line}");
    }
    for line in ["use crate::formats::parquet::Reader;", "pub mod parquet;", "no_parquet::Reader"] {
        assert!(!names_crate(line, "parquet"), "{line}");
    }
}

#[test]
fn each_foreign_crate_has_its_door() {
    let mut paths = Vec::new();
    files(&source(), &mut paths);
    for path in paths {
        for line in code(&path) {
            for (name, door) in DOORS {
                let may_name = path.starts_with(source().join(door));
                assert!(may_name || !names_crate(&line, name), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn the_library_does_not_print() {
    let mut paths = Vec::new();
    files(&source(), &mut paths);
    for path in paths.iter().filter(|path| room(path) != "cli") {
        for line in code(path) {
            assert!(
                !line.contains("println!") && !line.contains("eprint"),
                "{}: {line}",
                path.display()
            );
        }
    }
}
