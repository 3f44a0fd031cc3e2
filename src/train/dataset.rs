//! Labelled data: reading every form of it into one.
//!
//! Forms, told apart by the file's ending (before `.gz` or `.zst`):
//! - JSON Lines, a document a line: `{"id","group","lang","paragraphs":[{"text","label"}]}`,
//!   label `content`, `ad`, `chrome` or `unsure`;
//! - JSON Lines, a paragraph a line: `{"text","label"}` (optional `group`);
//! - fastText: `__label__ad the text`;
//! - CSV and TSV with a header naming the columns `text` and `label`
//!   (optional `group`).
//!
//! Paragraphs without a group are a group each: nothing says they belong together. Those in
//! which nothing is visible are left out, since judging knows none.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::formats::compression;
use crate::label::Label;

/// A paragraph with its label, `None` for `unsure`: it is context, and neither
/// trained on nor counted.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledParagraph {
    /// The paragraph's text.
    pub text: String,
    /// What it is, if known.
    pub label: Option<Label>,
}

impl LabelledParagraph {
    /// Whether it has more than white space, and byte order marks.
    pub fn is_visible(&self) -> bool {
        self.text.contains(|c: char| !c.is_whitespace() && c != '\u{feff}')
    }
}

/// A document with a label a paragraph.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledDocument {
    /// The document's id, or a made-up one from file name and row.
    pub id: String,
    /// Where it comes from, for reports; the file's name unless the data say more.
    pub source: String,
    /// What must not be split between training and testing: the site.
    pub group: String,
    /// The extractor that made the text, if any: the *extracted* view.
    pub extractor: Option<String>,
    /// The language that the data say it is in, as they spell it.
    pub language: Option<String>,
    /// The paragraphs in reading order.
    pub paragraphs: Vec<LabelledParagraph>,
}

/// Labelled data that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file cannot be opened or read.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A row is not labelled data.
    #[error("{path}: row {row}: {cause}")]
    Row {
        /// The file.
        path: PathBuf,
        /// The row, counted from 1.
        row: usize,
        /// What is wrong and what was expected.
        cause: String,
    },
    /// The file's ending names no known form.
    #[error(
        "{path}: not a known form of labelled data: expected .jsonl, .txt (fastText), .csv or .tsv, \
         with or without .gz or .zst"
    )]
    Form {
        /// The file.
        path: PathBuf,
    },
}

/// Reads all documents of `paths`; a folder stands for the files in it, by name.
pub fn read(paths: &[PathBuf]) -> Result<Vec<LabelledDocument>, DatasetError> {
    let mut documents = Vec::new();
    for path in expand(paths)? {
        read_file(&path, &mut documents)?;
    }
    for document in &mut documents {
        document.paragraphs.retain(LabelledParagraph::is_visible);
    }
    Ok(documents)
}

/// Corrects labels by a patch: a TSV file with the columns `set`, `document`,
/// `paragraph` (counted from 0), `from` and `to`. Returns how many it corrected.
///
/// # Errors
/// If a row names a paragraph that is not there or not labelled as it says: then
/// the patch belongs to other data. Documents that were not read are passed over.
pub fn apply_patch(documents: &mut [LabelledDocument], path: &Path) -> Result<usize, DatasetError> {
    let io_error = |cause| DatasetError::Io { path: path.to_owned(), cause };
    let text = std::fs::read_to_string(path).map_err(io_error)?;
    let key = |set: &str, id: &str| format!("{set}\t{id}");
    let numbers: HashMap<String, usize> = documents
        .iter()
        .enumerate()
        .map(|(i, document)| (key(&document.source, &document.id), i))
        .collect();
    let mut patched = 0;
    for (row, line) in text.lines().enumerate().skip(1) {
        let bad = |cause: String| DatasetError::Row { path: path.to_owned(), row: row + 1, cause };
        let [set, id, paragraph, from, to] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(
                bad("expected five columns: set, document, paragraph, from, to".to_owned()),
            );
        };
        let Some(document) = numbers.get(&key(set, id)) else { continue };
        let from = parse_label(from).map_err(bad)?;
        let to = parse_label(to).map_err(bad)?;
        let found =
            paragraph.parse().ok().and_then(|i: usize| documents[*document].paragraphs.get_mut(i));
        match found {
            Some(found) if found.label == from => found.label = to,
            _ => return Err(bad(format!("{id} has no paragraph {paragraph} labelled so"))),
        }
        patched += 1;
    }
    Ok(patched)
}

fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, DatasetError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|cause| DatasetError::Io { path: path.clone(), cause })?;
        inside.retain(|file| form(file).is_some() || file.is_dir());
        inside.sort();
        files.extend(expand(&inside)?);
    }
    Ok(files)
}

#[derive(Clone, Copy)]
enum Form {
    JsonLines,
    FastText,
    Separated(char),
}

fn form(path: &Path) -> Option<Form> {
    let name = path.file_name()?.to_str()?;
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.')?.1 {
        "jsonl" | "ndjson" => Some(Form::JsonLines),
        "txt" | "fasttext" => Some(Form::FastText),
        "csv" => Some(Form::Separated(',')),
        "tsv" => Some(Form::Separated('\t')),
        _ => None,
    }
}

fn read_file(path: &Path, out: &mut Vec<LabelledDocument>) -> Result<(), DatasetError> {
    let io_error = |cause| DatasetError::Io { path: path.to_owned(), cause };
    let row_error = |row: usize, cause: String| DatasetError::Row {
        path: path.to_owned(),
        row: row + 1,
        cause,
    };
    let form = form(path).ok_or_else(|| DatasetError::Form { path: path.to_owned() })?;
    let name = source_name(path);
    let mut input = compression::open(path).map_err(io_error)?;
    if let Form::Separated(by) = form {
        let mut text = String::new();
        io::Read::read_to_string(&mut input, &mut text).map_err(io_error)?;
        let rows = separated_rows(&text, by).map_err(|(row, cause)| row_error(row, cause))?;
        return table_documents(&rows, &name, out).map_err(|(row, cause)| row_error(row, cause));
    }
    let mut line = String::new();
    for row in 0.. {
        line.clear();
        if input.read_line(&mut line).map_err(io_error)? == 0 {
            break;
        }
        let line = line.trim_start_matches('\u{feff}');
        if line.trim().is_empty() {
            continue;
        }
        let document = match form {
            Form::JsonLines => json_document(line, &name, row),
            _ => fasttext_document(line, &name, row),
        };
        out.push(document.map_err(|cause| row_error(row, cause))?);
    }
    Ok(())
}

/// The file's name without endings: what reports call the data.
fn source_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
struct JsonRow {
    id: Option<Name>,
    group: Option<Name>,
    extractor: Option<String>,
    lang: Option<String>,
    paragraphs: Option<Vec<JsonParagraph>>,
    text: Option<String>,
    label: Option<String>,
}

/// A name, which may be a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Number(serde_json::Number),
}

impl Name {
    /// The name, unless it is empty.
    fn given(self) -> Option<String> {
        let name = match self {
            Name::Text(name) => name,
            Name::Number(number) => number.to_string(),
        };
        Some(name).filter(|name| !name.is_empty())
    }
}

#[derive(Deserialize)]
struct JsonParagraph {
    text: String,
    label: String,
}

fn json_document(line: &str, source: &str, row: usize) -> Result<LabelledDocument, String> {
    let parsed: JsonRow = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let paragraphs = match (parsed.paragraphs, parsed.text, parsed.label) {
        (Some(paragraphs), None, None) => paragraphs
            .into_iter()
            .map(|paragraph| labelled(paragraph.text, &paragraph.label))
            .collect::<Result<Vec<_>, _>>()?,
        (None, Some(text), Some(label)) => vec![labelled(text, &label)?],
        _ => return Err("expected either \"paragraphs\" or \"text\" and \"label\"".to_owned()),
    };
    let id = parsed.id.and_then(Name::given).unwrap_or_else(|| format!("{source}:{}", row + 1));
    Ok(LabelledDocument {
        group: parsed.group.and_then(Name::given).unwrap_or_else(|| id.clone()),
        id,
        source: source.to_owned(),
        extractor: parsed.extractor,
        language: parsed.lang,
        paragraphs,
    })
}

fn labelled(text: String, label: &str) -> Result<LabelledParagraph, String> {
    Ok(LabelledParagraph { text, label: parse_label(label)? })
}

fn parse_label(name: &str) -> Result<Option<Label>, String> {
    match name {
        "unsure" => Ok(None),
        name => name.parse().map(Some).map_err(|error| format!("{error}, or unsure")),
    }
}

fn one_paragraph(
    source: &str,
    row: usize,
    group: Option<&str>,
    paragraph: LabelledParagraph,
) -> LabelledDocument {
    let id = format!("{source}:{}", row + 1);
    LabelledDocument {
        group: group.map_or_else(|| id.clone(), str::to_owned),
        id,
        source: source.to_owned(),
        extractor: None,
        language: None,
        paragraphs: vec![paragraph],
    }
}

fn fasttext_document(line: &str, source: &str, row: usize) -> Result<LabelledDocument, String> {
    let (label, text) = line
        .trim_end_matches(['\r', '\n'])
        .strip_prefix("__label__")
        .and_then(|rest| rest.split_once(' '))
        .ok_or("expected a line like \"__label__ad the text\"")?;
    Ok(one_paragraph(source, row, None, labelled(text.to_owned(), label)?))
}

type RowResult<T> = Result<T, (usize, String)>;

/// Rows of cells by RFC 4180: quotes may enclose a cell and are doubled inside. Text that is
/// not so is refused: a quotation mark too few would glue rows together.
fn separated_rows(text: &str, by: char) -> RowResult<Vec<Vec<String>>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Vec::new();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => {
                quoted = false;
                if chars.peek().is_some_and(|next| *next != by && !matches!(next, '\r' | '\n')) {
                    let cause = "text behind the closing quotation mark of a cell: put quotation \
                                 marks around the whole cell and double those within";
                    return Err((rows.len(), cause.to_owned()));
                }
            }
            _ if quoted => cell.push(c),
            '"' if cell.is_empty() => quoted = true,
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ if c == by => row.push(std::mem::take(&mut cell)),
            _ => cell.push(c),
        }
    }
    if quoted {
        return Err((rows.len(), "a quoted cell is not closed".to_owned()));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    Ok(rows)
}

fn table_documents(
    rows: &[Vec<String>],
    source: &str,
    out: &mut Vec<LabelledDocument>,
) -> RowResult<()> {
    let Some((header, rows)) = rows.split_first() else {
        return Ok(());
    };
    let columns: BTreeMap<&str, usize> =
        header.iter().enumerate().map(|(i, name)| (name.trim(), i)).collect();
    let column = |name: &str| {
        columns
            .get(name)
            .copied()
            .ok_or((0, format!("the header has no column \"{name}\": expected text and label")))
    };
    let (text, label, group) = (column("text")?, column("label")?, columns.get("group"));
    for (i, cells) in rows.iter().enumerate() {
        let row = i + 1;
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let unlike_header = || {
            let cause = format!(
                "{} cells, but the header has {}: put quotation marks around a text that has the \
                 separator in it",
                cells.len(),
                header.len()
            );
            (row, cause)
        };
        if cells.len() > header.len() {
            return Err(unlike_header());
        }
        let cell = |at: usize| cells.get(at).ok_or_else(unlike_header);
        let paragraph =
            labelled(cell(text)?.clone(), cell(label)?.trim()).map_err(|cause| (row, cause))?;
        let group = group.map(|at| cell(*at)).transpose()?.map(|group| group.trim());
        out.push(one_paragraph(source, row, group.filter(|name| !name.is_empty()), paragraph));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_json_forms_are_read() {
        let whole = r#"{"id":"d1","group":"a.example","paragraphs":[{"text":"Menu","label":"chrome"},{"text":"?","label":"unsure"}]}"#;
        let document = json_document(whole, "set", 0).expect("the row is well-formed");
        assert_eq!((document.id.as_str(), document.group.as_str()), ("d1", "a.example"));
        assert_eq!(document.paragraphs[0].label, Some(Label::Chrome));
        assert_eq!(document.paragraphs[1].label, None);
        let single = json_document(r#"{"text":"Buy","label":"ad"}"#, "set", 4)
            .expect("the row is well-formed");
        assert_eq!((single.id.as_str(), single.group.as_str()), ("set:5", "set:5"));
    }

    #[test]
    fn bad_rows_say_what_was_expected() {
        for (row, part) in [
            (r#"{"text":"a","label":"spam"}"#, "expected content, ad or chrome, or unsure"),
            (r#"{"text":"a"}"#, "expected either"),
            ("{", "EOF"),
        ] {
            let cause = json_document(row, "set", 0).expect_err("the row is bad");
            assert!(cause.contains(part), "{cause}");
        }
        assert!(fasttext_document("ad text", "set", 0).is_err());
    }

    #[test]
    fn fasttext_and_tables_are_read() {
        let line = fasttext_document("__label__ad Buy now, cheap\n", "set", 0)
            .expect("the line is well-formed");
        assert_eq!(line.paragraphs[0].text, "Buy now, cheap");
        let rows = separated_rows(
            "label,text,group\r\nad,\"Buy \"\"now\"\",\nhere\",g1\ncontent,Hello,g2",
            ',',
        )
        .expect("the table is well-formed");
        let mut documents = Vec::new();
        table_documents(&rows, "set", &mut documents).expect("the columns are there");
        assert_eq!(documents[0].paragraphs[0].text, "Buy \"now\",\nhere");
        assert_eq!(documents[1].group, "g2");
        assert!(table_documents(&[vec!["text".into()]], "set", &mut documents).is_err());
    }

    #[test]
    fn tables_that_would_lose_text_are_refused() {
        let read = |text: &str, by| {
            let mut documents = Vec::new();
            let rows = separated_rows(text, by)?;
            table_documents(&rows, "set", &mut documents).map(|()| documents)
        };
        for (text, by, row, part) in [
            ("text\tlabel\n\"Hello,\" she said.\tcontent\n", '\t', 1, "behind the closing"),
            ("label,text\ncontent,Hello, there\n", ',', 1, "3 cells"),
            ("label,text\ncontent,Hello\nad\n", ',', 2, "1 cells"),
            ("label,text\nad,\"Buy\n", ',', 1, "not closed"),
        ] {
            let (at, cause) = read(text, by).expect_err(text);
            assert!(at == row && cause.contains(part), "{text}: {at} {cause}");
        }
        let documents =
            read("text,label,group\na,ad,\nb,ad, \nc,ad,g\n", ',').expect("it is sound");
        let groups: Vec<&str> = documents.iter().map(|document| &*document.group).collect();
        assert_eq!(groups, ["set:2", "set:3", "g"]);
    }

    #[test]
    fn what_is_not_visible_is_left_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.jsonl");
        let rows = "\u{feff}{\"id\":7,\"group\":\"\",\"paragraphs\":[{\"text\":\"\u{feff}\",\"label\":\"unsure\"},\
                    {\"text\":\"Menu\",\"label\":\"chrome\"},{\"text\":\" \\n\",\"label\":\"content\"}]}\n";
        std::fs::write(&path, rows).expect("the file can be written");
        let documents = read(&[path]).expect("it is sound");
        assert_eq!((&*documents[0].id, &*documents[0].group), ("7", "7"));
        let texts: Vec<&str> = documents[0].paragraphs.iter().map(|p| &*p.text).collect();
        assert_eq!(texts, ["Menu"]);
    }
}
