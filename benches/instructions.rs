//! Instructions a byte, the measure of speed that does not move with the machine's
//! load, held against the record.
//!
//! ```text
//! cargo bench --bench instructions             # fails if a figure is 5 % above the record
//! cargo bench --bench instructions -- --record # writes the record anew
//! ```
//!
//! Needs valgrind. The input is the genuine text of `training/written`, and its short pages.
//! What starting takes is measured on an empty file and left out of the other figures.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/record/instructions.txt");
const WRITTEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/training/written");
/// A figure above the record by more than this is a failure.
const TOLERANCE: f64 = 1.05;

#[derive(Deserialize)]
struct Document {
    id: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let record = std::env::args().any(|argument| argument == "--record");
    let folder = tempfile::tempdir()?;
    let genuine = documents("genuine_")?;
    let mut pages = String::new();
    for Document { paragraphs, .. } in documents("/short_")? {
        for paragraph in paragraphs {
            writeln!(pages, "{}", paragraph.text.trim())?;
        }
    }
    let mut text = String::new();
    let mut json = String::new();
    for Document { id, paragraphs } in &genuine {
        let lines: Vec<&str> = paragraphs.iter().map(|paragraph| paragraph.text.trim()).collect();
        writeln!(text, "{}", lines.join("\n"))?;
        writeln!(json, "{}", serde_json::json!({"id": id, "text": lines.join("\n")}))?;
    }
    let start = count(&written(folder.path(), "empty.txt", "")?)?;
    let mut figures = vec![("start, millions".to_owned(), start as f64 / 1e6)];
    for (name, content) in [("text.txt", &text), ("pages.txt", &pages), ("records.jsonl", &json)] {
        let count = count(&written(folder.path(), name, content)?)?;
        let a_byte = count.saturating_sub(start) as f64 / content.len() as f64;
        figures.push((format!("{name}, a byte"), a_byte));
    }
    if record {
        let lines = figures.iter().map(|(name, figure)| format!("{name}: {figure:.1}\n"));
        std::fs::write(RECORD, lines.collect::<String>())?;
        return Ok(());
    }
    compare(&figures)
}

/// The documents that were written for the model in files of this kind.
fn documents(kind: &str) -> Result<Vec<Document>, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(WRITTEN)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().contains(kind))
        .collect();
    paths.sort();
    let mut documents = Vec::new();
    for path in paths {
        for line in std::fs::read_to_string(path)?.lines() {
            documents.push(serde_json::from_str(line)?);
        }
    }
    Ok(documents)
}

fn written(folder: &Path, name: &str, content: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = folder.join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}

/// Instructions of `despam filter` on one thread.
fn count(input: &Path) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env!("CARGO_BIN_EXE_despam"))
        .args(["filter", "--quiet", "--threads", "1"])
        .arg(input)
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    let collected = messages.lines().find_map(|line| line.split("Collected :").nth(1));
    match collected.and_then(|count| count.trim().parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind counted nothing: {messages}").into()),
    }
}

fn compare(figures: &[(String, f64)]) -> Result<(), Box<dyn Error>> {
    let record = std::fs::read_to_string(RECORD)?;
    let mut slower = Vec::new();
    for (name, figure) in figures {
        let line = record.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        let before: f64 = line.ok_or_else(|| format!("no \"{name}\" in {RECORD}"))?.parse()?;
        println!(
            "{name}: {figure:.1} (record {before:.1}, {:+.1} %)",
            100.0 * (figure / before - 1.0)
        );
        if *figure > before * TOLERANCE {
            slower.push(name.as_str());
        }
    }
    match slower.is_empty() {
        true => Ok(()),
        false => Err(format!("more instructions than on record: {}", slower.join("; ")).into()),
    }
}
