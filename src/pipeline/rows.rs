//! What is written of one paragraph: score rows, audit rows, explanations.

use std::io::Write;

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;

use super::filter::removed_share;
use super::worker::Place;
use crate::explain::Explanation;
use crate::verdict::Verdict;

/// What is written of one paragraph.
pub(super) struct Row<'r> {
    pub place: &'r Place<'r>,
    pub number: usize,
    pub verdict: &'r Verdict,
    pub text: &'r [u8],
}

impl Row<'_> {
    pub fn push_score(&self, out: &mut Vec<u8>) {
        self.push_common(out);
        if let Some(guard) = self.verdict.guard {
            let _ = write!(out, ",\"guard\":\"{}\"", guard.name());
        }
        out.extend_from_slice(b"}\n");
    }

    /// The fields of `despam score`, without the closing brace.
    fn push_common(&self, out: &mut Vec<u8>) {
        let Verdict { span, ad, chrome, label, .. } = self.verdict;
        let offset = self.place.offset;
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            "{{\"id\":{},\"paragraph\":{},\"start\":{},\"end\":{},\"spam\":{},\"ad\":{ad},\"chrome\":{chrome},\"label\":\"{label}\"",
            self.place.id,
            self.number as u64 + self.place.paragraphs,
            span.start as u64 + offset,
            span.end as u64 + offset,
            self.verdict.spam(),
        );
    }

    /// An audit row: what is needed to look at a removal and to take it back.
    pub fn push_audit(&self, cut: &[u8], at: usize, out: &mut Vec<u8>) {
        self.push_common(out);
        let _ = write!(
            out,
            ",\"text\":{},\"source\":{},\"record\":{},\"at\":{},",
            json_string(&self.verdict.span.lossy(self.text)),
            json_string(&self.place.head.name),
            self.place.record + 1,
            at as u64 + self.place.offset,
        );
        push_bytes(out, "cut", cut);
        out.extend_from_slice(b"}\n");
    }

    pub fn push_explanation_json(&self, explanation: &Explanation, top: usize, out: &mut Vec<u8>) {
        self.push_common(out);
        let guard = self.verdict.guard.map_or("null".to_owned(), |guard| json_string(guard.name()));
        let _ = write!(
            out,
            ",\"threshold\":{},\"guard\":{guard},\"decision\":{},\"contributions\":[",
            self.verdict.threshold,
            json_number(explanation.decision)
        );
        for (i, part) in shown(explanation, top).iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let (stage, what) = (json_string(part.0), json_string(&part.1));
            let _ = write!(
                out,
                "{comma}{{\"stage\":{stage},\"what\":{what},\"value\":{}}}",
                json_number(part.2)
            );
        }
        out.extend_from_slice(b"]}\n");
    }

    pub fn push_explanation(&self, explanation: &Explanation, top: usize, out: &mut Vec<u8>) {
        let Verdict { label, guard, span, .. } = self.verdict;
        let number = self.number as u64 + self.place.paragraphs;
        let _ = writeln!(
            out,
            "{}:{}: paragraph {number}: {label} (spam {}, threshold {})",
            printable(&self.place.head.name),
            self.place.record + 1,
            self.verdict.spam(),
            self.verdict.threshold,
        );
        let _ = writeln!(out, "  {}", printable(&span.lossy(self.text)));
        if let Some(guard) = guard {
            let _ = writeln!(out, "  kept by the guard \"{}\"", guard.name());
        }
        for (stage, what, value) in shown(explanation, top) {
            let _ = writeln!(out, "  {value:+9.4}  {stage:7}  {}", printable(&what));
        }
        let _ = writeln!(out, "  {:+9.4}  decision value\n", explanation.decision);
    }
}

/// An audit row of a document that was left out, or of a section of a long text.
pub(super) fn push_dropped(place: &Place<'_>, share: f64, bytes: &[u8], out: &mut Vec<u8>) {
    let _ = write!(
        out,
        "{{\"id\":{},\"dropped\":true,{},\"source\":{},\"record\":{},\"at\":{},",
        place.id,
        removed_share(share),
        json_string(&place.head.name),
        place.record + 1,
        place.offset,
    );
    push_bytes(out, "cut", bytes);
    out.extend_from_slice(b"}\n");
}

/// An audit row of a field that was added: the bytes at `at` were not in the original.
pub(super) fn push_added(place: &Place<'_>, at: usize, added: &str, out: &mut Vec<u8>) {
    let _ = writeln!(
        out,
        "{{\"id\":{},\"source\":{},\"record\":{},\"at\":{at},\"added\":{}}}",
        place.id,
        json_string(&place.head.name),
        place.record + 1,
        json_string(added),
    );
}

/// The strongest parts, and the others summed.
fn shown(explanation: &Explanation, top: usize) -> Vec<(&'static str, String, f64)> {
    let parts = &explanation.contributions;
    let (first, others) = parts.split_at(top.min(parts.len()));
    let mut shown: Vec<(&'static str, String, f64)> =
        first.iter().map(|part| (part.stage, part.what.clone(), part.value)).collect();
    if !others.is_empty() {
        let sum = others.iter().map(|part| part.value).sum();
        shown.push(("all", format!("{} others together", others.len()), sum));
    }
    shown
}

/// A JSON string.
pub(super) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json_number(number: f64) -> String {
    serde_json::Value::from(number).to_string()
}

/// Adds a JSON field with bytes: as a string if they are UTF-8, else in base64. They may be
/// many, so there is no copy on the way.
pub(super) fn push_bytes(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    // Writing to memory cannot fail.
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let _ = write!(out, "\"{name}\":");
            let _ = serde_json::to_writer(out, text);
        }
        Err(_) => {
            let base64 = Base64Display::new(bytes, &BASE64_STANDARD);
            let _ = write!(out, "\"{name}_base64\":\"{base64}\"");
        }
    }
}

/// The text on one line, with control characters escaped, fit for a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => shown.push(' '),
            _ if c.is_control() || is_direction(c) => shown.extend(c.escape_default()),
            _ => shown.push(c),
        }
    }
    shown
}

/// Characters that turn the direction of what a terminal shows.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}
