//! JSON Lines: finding a record's text in its raw bytes.
//!
//! A record is never parsed into a tree and written again: the text's JSON string
//! is found, judged in its decoded form, and parts of the raw string are left out.
//! All other bytes of the record come back as they were.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// Why a record cannot be judged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecordError {
    /// The line is blank.
    #[error("blank line where a JSON record was expected")]
    Blank,
    /// The bytes are no UTF-8.
    #[error("invalid UTF-8 at byte {0} of the record")]
    Utf8(usize),
    /// Not a JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// There is no text.
    #[error("no field \"{0}\"")]
    MissingText(String),
    /// There are two texts.
    #[error("two fields \"{0}\": which is the text?")]
    DuplicateText(String),
    /// The text is something else.
    #[error("field \"{field}\" is {found}, not a string")]
    NotText {
        /// The field.
        field: String,
        /// What it is.
        found: &'static str,
    },
    /// The text has more paragraphs than this, the bound on what is judged together.
    #[error("the text has more than {0} paragraphs")]
    Paragraphs(usize),
    /// The field that is to be added is there.
    #[error("there is a field \"{ADDED}\" already")]
    Added,
}

impl RecordError {
    /// Whether the record is sound but for its text, which is missing or no string.
    pub fn is_missing_text(&self) -> bool {
        matches!(self, RecordError::MissingText(_) | RecordError::NotText { .. })
    }
}

/// The field that may be added to a record.
pub const ADDED: &str = "despam";

/// A record with its text found.
#[derive(Debug)]
pub struct Record<'r> {
    /// The raw JSON of the id field, if it is a string or a number.
    pub id: Option<&'r str>,
    /// The raw JSON of the URL field, if it was looked for and is a string.
    url: Option<&'r str>,
    /// Whether the record has a field [`ADDED`].
    pub has_added: bool,
    /// Offset in the record of the object's closing brace.
    pub close: usize,
    /// Offset in the record of the text's JSON string, quotes included.
    offset: usize,
    /// The text's JSON string, quotes included.
    raw: &'r str,
    /// The text.
    pub text: Cow<'r, str>,
}

/// Which fields of a record to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The field with the text; `a.b` stands for `b` within `a`.
    pub text: String,
    /// The field with the id.
    pub id: String,
    /// The field with the page's URL, if it is to be looked for.
    pub url: Option<String>,
}

impl Default for Fields {
    fn default() -> Self {
        Fields { text: "text".to_owned(), id: "id".to_owned(), url: None }
    }
}

impl<'r> Record<'r> {
    /// Finds the text of a record, a line without its line break.
    pub fn parse(line: &'r [u8], fields: &Fields) -> Result<Self, RecordError> {
        let line = simdutf8::compat::from_utf8(line)
            .map_err(|error| RecordError::Utf8(error.valid_up_to()))?;
        if line.trim().is_empty() {
            return Err(RecordError::Blank);
        }
        if line.starts_with('\u{feff}') {
            return Err(RecordError::Json("a byte order mark stands before it".to_owned()));
        }
        let (mut id, mut url, mut has_added) = (None, None, false);
        let mut object = line;
        let mut path = fields.text.split('.').peekable();
        while let Some(name) = path.next() {
            let found = find(object, name, (object.len() == line.len()).then_some(fields))?;
            (id, url) = (id.or(found.id), url.or(found.url));
            has_added |= found.has_added;
            object = found.value.ok_or_else(|| RecordError::MissingText(fields.text.clone()))?;
            if path.peek().is_some() && !object.starts_with('{') {
                return Err(RecordError::NotText { field: name.to_owned(), found: kind(object) });
            }
        }
        let not_text = || RecordError::NotText { field: fields.text.clone(), found: kind(object) };
        if !object.starts_with('"') {
            return Err(not_text());
        }
        Ok(Record {
            id: id.filter(is_plain_id),
            url: url.filter(|raw| raw.starts_with('"')),
            has_added,
            close: line.trim_end().len() - 1,
            offset: object.as_ptr() as usize - line.as_ptr() as usize,
            raw: object,
            text: decode(object)?,
        })
    }

    /// The URL, if it was looked for and is a string.
    pub fn url(&self) -> Option<Cow<'r, str>> {
        decode(self.url?).ok()
    }

    /// Where byte `at` of the text, on a character boundary, stands in the record;
    /// to be asked in rising order, `from` being the answer before (or the start).
    fn raw_offset(&self, at: usize, from: (usize, usize)) -> (usize, usize) {
        let (mut text, mut raw) = from;
        let bytes = self.raw.as_bytes();
        while text < at {
            // Up to the next escape a byte is a byte.
            let plain = memchr::memchr(b'\\', &bytes[raw..]).unwrap_or(at).min(at - text);
            (text, raw) = (text + plain, raw + plain);
            if text < at {
                let (text_length, raw_length) = escape(&bytes[raw..]);
                (text, raw) = (text + text_length, raw + raw_length);
            }
        }
        (text, raw)
    }

    /// Maps ranges of the text, rising and not overlapping, to ranges of the record.
    pub fn raw_ranges(&self, ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
        let has_escapes = self.raw.len() > self.text.len() + 2;
        if !has_escapes {
            let shift = self.offset + 1;
            return ranges.map(|range| range.start + shift..range.end + shift).collect();
        }
        let mut at = (0, 1);
        let mut raw = |offset: usize| {
            at = self.raw_offset(offset, at);
            at.1 + self.offset
        };
        ranges.map(|range| raw(range.start)..raw(range.end)).collect()
    }
}

/// The raw JSON of the id field of a record whose text may be missing, if the record
/// is a JSON object and the id a string or a number.
pub fn id<'r>(line: &'r [u8], fields: &Fields) -> Option<&'r str> {
    let line = std::str::from_utf8(line).ok()?;
    find(line, &fields.id, None).ok()?.value.filter(is_plain_id)
}

fn is_plain_id(raw: &&str) -> bool {
    raw.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
}

/// Length in the text and in the raw string of the escape that `raw` starts with.
fn escape(raw: &[u8]) -> (usize, usize) {
    match raw {
        [b'\\', b'u', hex @ ..] => {
            let unit = hex_unit(hex);
            match unit {
                0..0x80 => (1, 6),
                0x80..0x800 => (2, 6),
                // A pair of surrogates; lone ones are no text and were refused.
                0xd800..0xdc00 => (4, 12),
                _ => (3, 6),
            }
        }
        _ => (1, 2),
    }
}

fn hex_unit(hex: &[u8]) -> u32 {
    let digits = hex.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

fn decode(raw: &str) -> Result<Cow<'_, str>, RecordError> {
    let inner = &raw[1..raw.len() - 1];
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(raw)
        .map(Cow::Owned)
        .map_err(|error| RecordError::Json(error.to_string()))
}

/// A record that comes from another form: its line of JSON is made here.
pub struct NewRecord<'t> {
    line: String,
    /// Where the strings of the id, of the URL and of the text are in the line, quotes
    /// included.
    id: Option<Range<usize>>,
    url: Option<Range<usize>>,
    raw: Range<usize>,
    text: &'t str,
}

impl<'t> NewRecord<'t> {
    /// A record with an id, other fields, and the text as field `text`. What is `None`
    /// is left out.
    ///
    /// ```
    /// use despam::formats::jsonl::NewRecord;
    ///
    /// let record = NewRecord::new(None, &[("url", Some("http://a.example"))], "One\n");
    /// assert_eq!(record.line(), "{\"url\":\"http://a.example\",\"text\":\"One\\n\"}\n");
    /// ```
    pub fn new(id: Option<&str>, fields: &[(&str, Option<&str>)], text: &'t str) -> Self {
        let mut line = String::from("{");
        let id = id.map(|id| push_field(&mut line, "id", id));
        let mut url = None;
        for (name, value) in fields {
            let at = value.map(|value| push_field(&mut line, name, value));
            url = if *name == "url" { at } else { url };
        }
        let raw = push_field(&mut line, "text", text);
        line.push_str("}\n");
        NewRecord { line, id, url, raw, text }
    }

    /// The line, line break included.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The line as a record, as [`Record::parse`] would find it.
    pub fn record(&self) -> Record<'_> {
        Record {
            id: self.id.clone().map(|id| &self.line[id]),
            url: self.url.clone().map(|url| &self.line[url]),
            has_added: false,
            close: self.line.len() - "}\n".len(),
            offset: self.raw.start,
            raw: &self.line[self.raw.clone()],
            text: Cow::Borrowed(self.text),
        }
    }
}

/// Adds a field; where its string is, quotes included.
fn push_field(line: &mut String, name: &str, value: &str) -> Range<usize> {
    let comma = if line.len() > 1 { "," } else { "" };
    let string = |text: &str| serde_json::Value::from(text).to_string();
    line.extend([comma, &string(name), ":"]);
    let start = line.len();
    line.push_str(&string(value));
    start..line.len()
}

fn kind(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "true or false",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b'"') => "a string",
        _ => "a number",
    }
}

#[derive(Default)]
struct Found<'r> {
    value: Option<&'r str>,
    id: Option<&'r str>,
    url: Option<&'r str>,
    twice: bool,
    has_added: bool,
}

fn find<'r>(object: &'r str, name: &str, top: Option<&Fields>) -> Result<Found<'r>, RecordError> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let bad = |error: serde_json::Error| RecordError::Json(error.to_string());
    let found = deserializer.deserialize_map(Finder { name, top }).map_err(bad)?;
    deserializer.end().map_err(bad)?;
    if found.twice {
        return Err(RecordError::DuplicateText(name.to_owned()));
    }
    Ok(found)
}

struct Finder<'n> {
    name: &'n str,
    /// The other fields to look for, in the record itself.
    top: Option<&'n Fields>,
}

impl<'r> Visitor<'r> for Finder<'_> {
    type Value = Found<'r>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<Found<'r>, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key::<Key<'r>>()? {
            let value = map.next_value::<&'r RawValue>()?.get();
            if key.0 == self.name {
                found.twice |= found.value.is_some();
                found.value = Some(value);
            }
            if let Some(top) = self.top {
                if key.0 == top.id {
                    found.id = Some(value);
                }
                if top.url.as_deref() == Some(&*key.0) {
                    found.url = Some(value);
                }
                found.has_added |= key.0 == ADDED;
            }
        }
        Ok(found)
    }
}

/// A key, borrowed unless it has escapes.
#[derive(serde::Deserialize)]
struct Key<'r>(#[serde(borrow)] Cow<'r, str>);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(line: &str) -> Result<Record<'_>, RecordError> {
        Record::parse(line.as_bytes(), &Fields::default())
    }

    #[test]
    fn text_and_id_are_found_whatever_stands_around_them() {
        let record = parse(r#" {"n":1e400, "id" : 17,"text":"a\nb","x":{"text":0}} "#)
            .expect("it is a record");
        assert_eq!((record.text.as_ref(), record.id), ("a\nb", Some("17")));
        let nested =
            Fields { text: "a.b".to_owned(), id: "key".to_owned(), url: Some("u".to_owned()) };
        let line = br#"{"key":"k","a":{"c":0,"b":"hello","u":0},"u":"http:\/\/a.example"}"#;
        let record = Record::parse(line, &nested).expect("it is a record");
        assert_eq!(record.url().as_deref(), Some("http://a.example"));
        assert_eq!((record.text.as_ref(), record.id), ("hello", Some("\"k\"")));
    }

    #[test]
    fn what_is_no_record_says_why() {
        for (line, cause) in [
            ("", "blank line"),
            ("[1]", "not a JSON object"),
            (r#"{"text":"a",}"#, "not a JSON object"),
            (r#"{"text":"a"} {"text":"b"}"#, "not a JSON object"),
            (r#"{"text":"a"#, "not a JSON object"),
            (r#"{"body":"a"}"#, "no field \"text\""),
            (r#"{"text":null}"#, "is null"),
            (r#"{"text":["a"]}"#, "is an array"),
            (r#"{"text":"a","text":"b"}"#, "two fields"),
            (r#"{"text":"\ud800"}"#, "not a JSON object"),
        ] {
            let error = parse(line).map(|_| ()).expect_err(line).to_string();
            assert!(error.contains(cause), "{line}: {error}");
        }
        assert_eq!(
            Record::parse(b"{\"text\":\"\xff\"}", &Fields::default()).map(|_| ()),
            Err(RecordError::Utf8(9))
        );
        let deep = format!("{{\"text\":\"a\",\"x\":{}}}", "[".repeat(20_000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn the_end_of_a_record_its_id_and_an_added_field_are_found() {
        let line = r#" {"id":"a","x":{"despam":1},"text":"}"} "#;
        let record = parse(line).expect("it is a record");
        assert_eq!((&line[record.close..], record.has_added), ("} ", false));
        let again = r#"{"text":"a","de\u0073pam":{}}"#;
        assert!(parse(again).expect("it is a record").has_added);
        let id = |line: &'static str| id(line.as_bytes(), &Fields::default());
        assert_eq!(id(r#"{"id":"a","text":null}"#), Some("\"a\""));
        assert_eq!(id(r#"{"x":{"id":1},"id":-2}"#), Some("-2"));
        assert_eq!(["{}", "[1]", r#"{"id":{}}"#, ""].map(id), [None; 4]);
    }

    #[test]
    fn ranges_of_escaped_text_map_to_the_raw_string() {
        let line = r#"{"text":"\u00e9t\u00e9\n\ud83d\ude00 b\tc"}"#;
        let record = parse(line).expect("it is a record");
        assert_eq!(record.text, "été\n😀 b\tc");
        let ranges = record.raw_ranges([0..6, 6..11].into_iter());
        assert_eq!(&line[ranges[0].clone()], r"\u00e9t\u00e9\n");
        assert_eq!(&line[ranges[1].clone()], r"\ud83d\ude00 ");
    }

    proptest! {
        #[test]
        fn a_new_record_is_what_its_line_says(id: Option<String>, url: Option<String>, text: String) {
            let fields = [("url", url.as_deref()), ("none", None)];
            let new = NewRecord::new(id.as_deref(), &fields, &text);
            let line = new.line().strip_suffix('\n').expect("a line break");
            let (record, parsed) = (new.record(), parse(line).expect("it is a record"));
            prop_assert_eq!(&record.text, &parsed.text);
            prop_assert_eq!(
                (record.id, record.offset, record.raw), (parsed.id, parsed.offset, parsed.raw)
            );
            prop_assert_eq!((record.has_added, record.close), (parsed.has_added, parsed.close));
            prop_assert_eq!(record.url(), url.as_deref().map(Cow::Borrowed));
            let all = || std::iter::once(0..text.len());
            prop_assert_eq!(record.raw_ranges(all()), parsed.raw_ranges(all()));
            let value: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            prop_assert_eq!(value["url"].as_str(), url.as_deref());
        }

        #[test]
        fn any_range_of_any_text_decodes_to_itself(text: String, ascii: bool, cut in any::<(prop::sample::Index, prop::sample::Index)>()) {
            let mut json = serde_json::to_string(&text).expect("a string is JSON");
            if ascii {
                json = json.chars().flat_map(|c| {
                    let mut units = [0; 2];
                    let escape = !c.is_ascii();
                    let units = c.encode_utf16(&mut units).to_vec();
                    if escape { units.iter().map(|u| format!("\\u{u:04x}")).collect::<String>().chars().collect() } else { vec![c] }
                }).collect();
            }
            let line = format!("{{\"id\":\"x\",\"text\":{json}}}");
            let record = parse(&line).expect("it is a record");
            prop_assert_eq!(record.text.as_ref(), text.as_str());
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let (a, b) = (bounds[cut.0.index(bounds.len())], bounds[cut.1.index(bounds.len())]);
            let (start, end) = (a.min(b), a.max(b));
            let raw = record.raw_ranges(std::iter::once(start..end));
            let decoded: String = serde_json::from_str(&format!("\"{}\"", &line[raw[0].clone()])).expect("a part of a JSON string");
            prop_assert_eq!(decoded.as_str(), &text[start..end]);
        }
    }
}
