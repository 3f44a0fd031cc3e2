//! What a thread does with one chunk, or with some rows of a row group.

use super::filter::{Judged, push_no_attributes};
use super::rows::{Row, json_string, printable, push_bytes};
use super::tables::Rows;
use super::{Counts, Filter, Head, InputError, Job, Part, Reject};
use crate::classifier::{Classifier, Scratch};
use crate::formats::Format;
use crate::formats::jsonl::{self, Fields, Record, RecordError};
use crate::formats::reader::{Chunk, Kind, MAX_LINE};
use crate::formats::wet::{self, Item};
use crate::label::Label;
use crate::paragraph::{Unit, paragraphs};
use crate::verdict::Verdict;

/// Paragraphs that a record or a row may have: each takes some 350 bytes while they are
/// judged together. A section of a text has fewer.
const MAX_PARAGRAPHS: usize = 1 << 20;

pub(super) struct Worker<'w, 'm> {
    pub classifier: &'w Classifier<'m>,
    pub job: &'w Job,
    pub fields: &'w Fields,
    pub scratch: Scratch<'m>,
}

/// What a document is a part of.
enum Within<'r> {
    Text,
    /// A record, with its line.
    Record(&'r Record<'r>, &'r [u8]),
    /// A row of a row group, with its URL.
    Row(usize, Option<&'r str>),
}

/// Where a document stands in its stream.
pub(super) struct Place<'p> {
    /// The stream.
    pub head: &'p Head,
    /// The id, as JSON: its own or one made up.
    pub id: &'p str,
    /// The id that the document itself has, as JSON.
    pub own_id: Option<&'p str>,
    /// Number of the record, from 0.
    pub record: u64,
    /// What to add to paragraph numbers and to offsets: a long text comes in sections.
    pub paragraphs: u64,
    pub offset: u64,
    /// Number of the line it starts at, from 0.
    pub line: u64,
    /// Whether this is all of it, not a section.
    pub whole: bool,
}

impl Worker<'_, '_> {
    pub fn work(&mut self, head: &Head, chunk: &Chunk) -> Part {
        let mut done = Part::default();
        done.counts.bytes = chunk.bytes.len() as u64;
        if let Job::Filter(_) = self.job {
            done.main.reserve_exact(chunk.bytes.len());
        }
        match head.format {
            _ if chunk.kind != Kind::Whole => self.work_long_line(head, chunk, &mut done),
            Format::Text => self.work_text(head, chunk, &mut done),
            Format::JsonLines => self.work_records(head, chunk, &mut done),
            Format::Wet => self.work_wet(head, chunk, &mut done),
            // It comes in rows.
            Format::Parquet => {}
        }
        if head.format != Format::Wet {
            done.counts.restorable_bytes = done.counts.bytes;
            self.sum_up(&chunk.bytes, &mut done);
        }
        done
    }

    pub fn work_rows(&mut self, head: &Head, rows: &Rows) -> Result<Part, InputError> {
        let mut done = Part::default();
        for row in rows.range.clone() {
            let number = rows.number(row);
            done.counts.records += 1;
            let Some(text) = rows.group.text(row) else {
                done.counts.passed += 1;
                continue;
            };
            self.check_text(text).map_err(|cause| InputError::Row { row: number, cause })?;
            done.counts.bytes += text.len() as u64;
            done.counts.invalid_bytes += invalid_bytes(text);
            self.sum_up(text, &mut done);
            let (id, within) = (rows.group.id(row), Within::Row(row, rows.group.url(row)));
            self.judge_whole(head, id, number - 1, text, &within, &mut done);
        }
        done.counts.restorable_bytes = done.counts.bytes;
        Ok(done)
    }

    /// Says why the text of a row cannot be judged. The row cannot be rejected: it would
    /// leave the file with all its other columns.
    fn check_text(&self, text: &[u8]) -> Result<(), String> {
        if text.len() > MAX_LINE {
            return Err(format!("the text is longer than {MAX_LINE} bytes"));
        }
        check_paragraphs(text).map_err(|error| error.to_string())?;
        match std::str::from_utf8(text) {
            Err(error) if self.job.is_strict() => {
                Err(format!("invalid UTF-8 at byte {} of the text", error.valid_up_to()))
            }
            _ => Ok(()),
        }
    }

    fn filter(&self) -> Option<&Filter> {
        self.job.filter()
    }

    /// Takes bytes that restoring gives into their checksum, if they can be restored.
    fn sum_up(&self, bytes: &[u8], done: &mut Part) {
        if self.filter().is_some_and(|filter| filter.audit) {
            done.checksum.add(bytes);
        }
    }

    fn writes_attributes(&self) -> bool {
        self.filter().is_some_and(|filter| filter.attributes.is_some())
    }

    fn work_text(&mut self, head: &Head, chunk: &Chunk, done: &mut Part) {
        done.counts.records = u64::from(chunk.first);
        if self.job.is_strict() {
            // The reader brings a text that is not UTF-8 in one chunk.
            if let Err(error) = std::str::from_utf8(&chunk.bytes) {
                let reason = format!("invalid UTF-8 at byte {}", error.valid_up_to());
                return reject(head, &chunk.bytes, 0, chunk.offset, reason, done);
            }
        }
        let id = json_string(&head.name);
        let place = Place {
            head,
            id: &id,
            own_id: None,
            record: 0,
            paragraphs: chunk.paragraphs,
            offset: chunk.offset,
            line: chunk.lines,
            whole: chunk.first && chunk.last,
        };
        // A record is UTF-8, or it was rejected; only a text can have other bytes.
        done.counts.invalid_bytes = invalid_bytes(&chunk.bytes);
        self.judge(&chunk.bytes, chunk.unit, &place, &Within::Text, done);
    }

    /// Takes a part of a line over the limit: a text keeps it, a record is rejected.
    fn work_long_line(&self, head: &Head, chunk: &Chunk, done: &mut Part) {
        let starts = chunk.kind == Kind::LongStart;
        if head.format == Format::Text {
            done.counts.records = u64::from(chunk.first);
            done.counts.long_lines = u64::from(starts);
            if self.filter().is_some() {
                done.main.extend_from_slice(&chunk.bytes);
            }
            return;
        }
        done.counts.records = u64::from(starts);
        done.counts.rejected = u64::from(starts);
        if starts && self.writes_attributes() {
            push_no_attributes(None, &mut done.attributes);
        }
        let reason = format!("the line is longer than {MAX_LINE} bytes");
        let reject = Reject::new(head, &chunk.bytes, chunk.lines, chunk.offset, reason);
        done.rejects.push(Reject { further: !starts, ..reject });
    }

    fn work_records(&mut self, head: &Head, chunk: &Chunk, done: &mut Part) {
        let (mut offset, mut number) = (0, chunk.lines);
        while offset < chunk.bytes.len() {
            let rest = &chunk.bytes[offset..];
            let line = &rest[..memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)];
            let start = chunk.offset + offset as u64;
            offset += line.len();
            done.counts.records += 1;
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
            match self.parse(bare) {
                Ok(record) => self.work_record(head, &record, line, number, done),
                Err(error) => {
                    if self.writes_attributes() {
                        push_no_attributes(jsonl::id(bare, self.fields), &mut done.attributes);
                    }
                    if self.passes(&error) {
                        done.counts.passed += 1;
                        done.main.extend_from_slice(line);
                    } else {
                        reject(head, line, number, start, error.to_string(), done);
                    }
                }
            }
            number += 1;
        }
    }

    fn work_wet(&mut self, head: &Head, chunk: &Chunk, done: &mut Part) {
        for (range, item) in wet::items(&chunk.bytes) {
            let (raw, start) = (&chunk.bytes[range.clone()], chunk.offset + range.start as u64);
            let made = match item {
                Item::Document(record) => check_paragraphs(record.text)
                    .map_err(|error| error.to_string())
                    .and_then(|()| record.to_json().map_err(|error| error.to_string())),
                Item::Bad(error) => Err(error.to_string()),
                // Blank lines between records are none.
                Item::Other => {
                    done.counts.other_records += u64::from(wet::is_warc(raw));
                    continue;
                }
            };
            let number = chunk.records + done.counts.records;
            done.counts.records += 1;
            match made {
                Ok(new) => {
                    let line = new.line().as_bytes();
                    done.counts.restorable_bytes += line.len() as u64;
                    self.sum_up(line, done);
                    self.work_record(head, &new.record(), line, number, done);
                }
                Err(reason) => reject(head, raw, number, start, reason, done),
            }
        }
    }

    fn parse<'r>(&self, line: &'r [u8]) -> Result<Record<'r>, RecordError> {
        let record = Record::parse(line, self.fields)?;
        check_paragraphs(record.text.as_bytes())?;
        match self.filter() {
            Some(filter) if filter.adds_field() && record.has_added => Err(RecordError::Added),
            _ => Ok(record),
        }
    }

    fn passes(&self, error: &RecordError) -> bool {
        self.filter().is_some_and(|filter| filter.pass_missing) && error.is_missing_text()
    }

    fn work_record(
        &mut self,
        head: &Head,
        record: &Record<'_>,
        line: &[u8],
        number: u64,
        done: &mut Part,
    ) {
        let text = record.text.as_bytes();
        self.judge_whole(head, record.id, number, text, &Within::Record(record, line), done);
    }

    /// Judges a document that is a record or a row.
    fn judge_whole(
        &mut self,
        head: &Head,
        own_id: Option<&str>,
        number: u64,
        text: &[u8],
        within: &Within<'_>,
        done: &mut Part,
    ) {
        let made_up;
        let id = match own_id {
            Some(id) => id,
            None => {
                made_up = json_string(&format!("{}:{}", head.name, number + 1));
                &made_up
            }
        };
        let place = Place {
            head,
            id,
            own_id,
            record: number,
            paragraphs: 0,
            offset: 0,
            line: number,
            whole: true,
        };
        self.judge(text, self.classifier.unit(), &place, within, done);
    }

    /// Judges a document and writes what the job asks for.
    fn judge(
        &mut self,
        text: &[u8],
        unit: Unit,
        place: &Place<'_>,
        within: &Within<'_>,
        done: &mut Part,
    ) {
        let classifier = self.classifier.with_unit(unit);
        if let Job::Explain { top, all, json } = self.job {
            let explained = classifier.explain(text);
            for (number, (verdict, explanation)) in explained.iter().enumerate() {
                done.counts.add(verdict);
                if *all || verdict.label.is_spam() {
                    let row = Row { place, number, verdict, text };
                    if *json {
                        row.push_explanation_json(explanation, *top, &mut done.main);
                    } else {
                        row.push_explanation(explanation, *top, &mut done.main);
                    }
                }
            }
            return;
        }
        let verdicts = classifier.judge_with(text, &mut self.scratch);
        verdicts.iter().for_each(|verdict| done.counts.add(verdict));
        let judged = Judged { place, text, unit, verdicts: &verdicts };
        match self.job {
            Job::Filter(filter) => match within {
                Within::Text => filter.text(&judged, done),
                Within::Record(record, line) => {
                    filter.record(&judged, record, line, &classifier, done);
                }
                Within::Row(row, url) => filter.row(&judged, (*row, *url), &classifier, done),
            },
            Job::Score => {
                for (number, verdict) in verdicts.iter().enumerate() {
                    Row { place, number, verdict, text }.push_score(&mut done.main);
                }
            }
            Job::Check => self.check(text, &verdicts, place, done),
            Job::Explain { .. } => {}
        }
    }

    fn check(&self, text: &[u8], verdicts: &[Verdict], place: &Place<'_>, done: &mut Part) {
        let (mut line, mut at) = (place.line, 0);
        for (number, verdict) in verdicts.iter().enumerate() {
            if place.head.format == Format::Text {
                line += memchr::memchr_iter(b'\n', &text[at..verdict.span.start]).count() as u64;
                at = verdict.span.start;
            }
            if verdict.label.is_spam() {
                let paragraph = match place.head.format {
                    Format::Text => String::new(),
                    _ => format!("{}:", number as u64 + place.paragraphs),
                };
                let shown = printable(&verdict.span.lossy(text));
                let (name, spam) = (printable(&place.head.name), verdict.spam());
                let row =
                    format!("{name}:{}:{paragraph}{}:{spam}:{shown}\n", line + 1, verdict.label);
                done.main.extend_from_slice(row.as_bytes());
            }
        }
    }
}

/// Says if a text has too many paragraphs, whatever divides them.
fn check_paragraphs(text: &[u8]) -> Result<(), RecordError> {
    // Each has a character and a line break, so that few texts must be looked at.
    let many = text.len() >= 2 * MAX_PARAGRAPHS
        && paragraphs(text, Unit::Line).nth(MAX_PARAGRAPHS).is_some();
    if many { Err(RecordError::Paragraphs(MAX_PARAGRAPHS)) } else { Ok(()) }
}

fn reject(head: &Head, line: &[u8], number: u64, offset: u64, reason: String, done: &mut Part) {
    done.counts.rejected += 1;
    done.rejects.push(Reject::new(head, line, number, offset, reason));
}

impl Reject {
    /// The row of a record, which `number` tells from 0.
    fn new(head: &Head, line: &[u8], number: u64, offset: u64, reason: String) -> Self {
        let mut row = format!(
            "{{\"source\":{},\"record\":{},\"offset\":{offset},\"reason\":{},",
            json_string(&head.name),
            number + 1,
            json_string(&reason),
        )
        .into_bytes();
        push_bytes(&mut row, "raw", line);
        row.extend_from_slice(b"}\n");
        Reject { record: number + 1, reason, row, further: false }
    }
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.paragraphs += 1;
        self.words += u64::from(verdict.words);
        self.ad += u64::from(verdict.label == Label::Ad);
        self.chrome += u64::from(verdict.label == Label::Chrome);
        if let Some(guard) = verdict.guard {
            *self.guarded.entry(guard).or_default() += 1;
        }
    }
}

fn invalid_bytes(text: &[u8]) -> u64 {
    if simdutf8::basic::from_utf8(text).is_ok() {
        return 0;
    }
    text.utf8_chunks().map(|chunk| chunk.invalid().len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::Bound;
    use crate::model::Model;

    #[test]
    fn places_beyond_32_bits_are_told() {
        let far = 5_000_000_000;
        let classifier = Classifier::new(Model::default_model()).with_bound(Bound::Threshold(0.0));
        let work = |job: &Job, format, bytes: &[u8]| {
            let fields = &Fields::default();
            let scratch = classifier.scratch();
            let mut worker = Worker { classifier: &classifier, job, fields, scratch };
            let chunk = Chunk {
                bytes: bytes.to_vec(),
                offset: far,
                lines: far + 1,
                records: far + 2,
                paragraphs: far + 3,
                ..Chunk::default()
            };
            worker.work(&Head { name: "in".to_owned(), format }, &chunk)
        };
        let score = String::from_utf8(work(&Job::Score, Format::Text, b"\nHome\n").main);
        let place = "\"paragraph\":5000000003,\"start\":5000000001,\"end\":5000000005,";
        assert!(score.expect("it is UTF-8").contains(place));
        let check = String::from_utf8(work(&Job::Check, Format::Text, b"\nHome\n").main);
        assert!(check.expect("it is UTF-8").starts_with("in:5000000003:"));
        let filter = Job::Filter(Filter { audit: true, ..Filter::default() });
        let audit = String::from_utf8(work(&filter, Format::Text, b"\nHome\n").removed);
        assert!(audit.expect("it is UTF-8").contains("\"at\":5000000000,"));
        for (format, record) in [(Format::JsonLines, far + 2), (Format::Wet, far + 3)] {
            let rejects = work(&filter, format, b"neither\n").rejects;
            assert_eq!(rejects[0].record, record);
            let row = String::from_utf8_lossy(&rejects[0].row).into_owned();
            assert!(row.contains(&format!("\"record\":{record},\"offset\":5000000000,")));
        }
    }
}
