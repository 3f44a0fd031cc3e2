//! Text as a reader sees it: without the marks of Markdown and HTML.
//!
//! `[Contact us](/contact)` and `Contact us` say the same, so they have the same features.
//! Code, paths and maths are full of the same characters and must stay as they are: what is
//! not plainly a mark is text.
//!
//! Every scan that looks ahead ends where the next one like it starts, or after a fixed
//! number of bytes, so that the time is linear in the text.

use std::borrow::Cow;

use wide::i8x16;

use super::chunk::visible;
use super::mojibake::{BEYOND_LATIN_1, mended};

/// A paragraph as its reader sees it.
pub(super) struct Seen<'t> {
    pub text: Cow<'t, str>,
    /// What was left out, if marks were.
    pub markup: Option<Markup>,
}

/// Facts about a text with marks that its reader does not see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Markup {
    /// Links, images and tags that are left out.
    pub links: u32,
    /// Characters that show, with the marks.
    pub chars: u32,
    /// Those of them that code is full of.
    pub code_marks: u32,
}

/// Mends a text that was encoded twice, then reads through its marks.
#[inline]
pub(super) fn seen_by_reader(text: &str) -> Seen<'_> {
    let text = mended(text).map_or(Cow::Borrowed(text), Cow::Owned);
    match read_through(&text) {
        None => Seen { text, markup: None },
        Some((readable, links)) => {
            let markup = Some(Markup::of(&text, links));
            Seen { text: Cow::Owned(readable), markup }
        }
    }
}

impl Markup {
    /// Of a text with so many links.
    fn of(text: &str, links: u32) -> Self {
        let mut markup = Markup { links, ..Markup::default() };
        for chunk in text.split_whitespace() {
            let chunk = visible(chunk);
            markup.chars += chunk.chars().count() as u32;
            markup.code_marks += chunk.chars().filter(|c| is_code_mark(*c)).count() as u32;
        }
        markup
    }
}

/// Whether code and markup are full of a character, and prose is not.
pub(super) fn is_code_mark(c: char) -> bool {
    matches!(
        c,
        '{' | '}'
            | '['
            | ']'
            | '('
            | ')'
            | '<'
            | '>'
            | '='
            | ';'
            | '$'
            | '%'
            | '_'
            | '|'
            | '\\'
            | '@'
            | '#'
            | '&'
            | '*'
    )
}

/// The text without its marks; nothing if it has none, or has nothing else to show.
///
/// A second time may find more: what an inline code span or an escape holds is text, and
/// looks like a mark when its own marks are gone.
#[cfg(test)]
pub(super) fn readable(text: &str) -> Option<String> {
    read_through(text).map(|(readable, _)| readable)
}

/// The same with the number of links, images and tags that are left out.
#[inline]
fn read_through(text: &str) -> Option<(String, u32)> {
    if may_have_marks(text.as_bytes()) { read_marks(text) } else { None }
}

#[cold]
fn read_marks(text: &str) -> Option<(String, u32)> {
    let mut reader = Reader::new(text);
    reader.read();
    let readable = reader.written()?;
    let shows = |c: char| !c.is_whitespace() && !visible(c.encode_utf8(&mut [0; 4])).is_empty();
    let is_mark = |c: char| "|*-_#>~=:`+\\".contains(c);
    readable.chars().any(|c| shows(c) && !is_mark(c)).then_some((readable, reader.links))
}

/// Places of bytes that may be a part of a mark: ``[\]_{|}~`<&*``, line ends, and a few
/// others that are rare.
struct Places<'t> {
    bytes: &'t [u8],
    /// Where the next sixteen bytes start.
    next: usize,
    /// Which of the sixteen bytes before are such, the first one lowest.
    found: u32,
}

impl<'t> Places<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        Places { bytes, next: 0, found: 0 }
    }

    /// Each byte that is one of them becomes -1, any other 0.
    #[inline(always)]
    fn found(bytes: &[u8; 16]) -> i8x16 {
        let bytes = i8x16::new(bytes.map(|byte| byte as i8));
        let all = |byte: u8| i8x16::splat(byte as i8);
        // Sets one bit, so that `[\]^_` join `{|}~` and a line end joins `*`. Bytes beyond
        // ASCII are negative.
        let joined = bytes | all(0x20);
        joined.simd_gt(all(b'z'))
            | joined.simd_eq(all(b'*'))
            | bytes.simd_eq(all(b'`'))
            | bytes.simd_eq(all(b'<'))
            | bytes.simd_eq(all(b'&'))
    }

    /// Whether there is any, which is nearly always answered with no.
    #[inline]
    fn are_in(bytes: &[u8]) -> bool {
        let (blocks, rest) = bytes.as_chunks();
        let mut found = i8x16::splat(0);
        for block in blocks {
            found |= Places::found(block);
        }
        if !rest.is_empty() {
            // Together with some that were looked at before.
            found |= match bytes.last_chunk() {
                Some(last) => Places::found(last),
                None => Places::found(&padded(bytes)),
            };
        }
        found.to_bitmask() != 0
    }
}

/// Fewer than sixteen bytes, spaces behind.
#[inline]
fn padded(bytes: &[u8]) -> [u8; 16] {
    let mut padded = [b' '; 16];
    padded[..bytes.len()].copy_from_slice(bytes);
    padded
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            let rest = self.bytes.get(self.next..).filter(|rest| !rest.is_empty())?;
            let found = match rest.first_chunk() {
                Some(block) => Places::found(block),
                None => Places::found(&padded(rest)),
            };
            self.found = found.to_bitmask();
            self.next += 16;
        }
        let place = self.next - 16 + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(place)
    }
}

/// Whether a look at the bytes beside each place leaves a mark possible.
// Within its caller, it would take registers from the loop over chunks.
#[inline(never)]
fn may_have_marks(bytes: &[u8]) -> bool {
    may_start_with_mark(bytes)
        || (Places::are_in(bytes) && Places::new(bytes).any(|place| may_be_mark(bytes, place)))
}

/// Whether a line may start with a mark of its own.
fn may_start_with_mark(line: &[u8]) -> bool {
    let start = line.iter().take_while(|byte| is_blank(**byte)).count();
    match line.get(start) {
        Some(b'#' | b'|') => true,
        Some(b'>' | b'-' | b'*' | b'+') => line.get(start + 1) == Some(&b' '),
        _ => false,
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn may_be_mark(bytes: &[u8], place: usize) -> bool {
    let before = place.checked_sub(1).map_or(b' ', |before| bytes[before]);
    let rest = &bytes[place + 1..];
    let next = rest.first().copied().unwrap_or(b' ');
    match bytes[place] {
        b'\n' => may_start_with_mark(rest),
        b'&' => entity(rest).is_some(),
        b'<' => next.is_ascii_alphabetic() || matches!(next, b'/' | b'!'),
        b']' => matches!(next, b'(' | b'['),
        b'*' | b'_' => {
            let within_word = before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
            let alone = before == b' ' && next == b' ';
            !within_word && !alone
        }
        b'~' => next == b'~',
        b'`' | b'\\' => true,
        _ => false,
    }
}

/// A part of the text that may be written in another way.
struct Edit {
    start: usize,
    end: usize,
    with: With,
}

/// What is written in the place of a part.
enum With {
    /// The part itself: an opening mark without a closing one is text.
    Itself,
    Nothing,
    Char(char),
    /// Another part, with spaces around it.
    Part(usize, usize),
}

/// An opening mark that waits for its closing one.
#[derive(Clone, Copy)]
struct Opener {
    /// Its place in the list of edits.
    edit: usize,
    /// The opener of the same kind before it.
    previous: Option<usize>,
}

/// Kinds of emphasis: `*`, `**`, `***`, `_`, `__`, `___` and `~~`.
const EMPHASES: usize = 7;
/// Bytes of a link's text, or of emphasised text, that are looked at.
const LOOK: usize = 200;

/// Reads a text from its start to its end, and finds what its reader does not see.
struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// What stands before this place is done.
    at: usize,
    /// In order, and apart from each other.
    edits: Vec<Edit>,
    /// Openers of emphasis, and the last one of each kind.
    openers: Vec<Opener>,
    last: [Option<usize>; EMPHASES],
    /// Edits of opening brackets.
    brackets: Vec<usize>,
    /// Where the pipe at the end of a table's row is.
    row_end: Option<usize>,
    /// Where the bracket closes that an escaped one opened.
    escaped_end: Option<usize>,
    /// Backslashes before this place belong to code or to a path.
    literal: usize,
    /// Whether the end of a comment was looked for and is not there.
    no_comment_end: bool,
    links: u32,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            edits: Vec::new(),
            openers: Vec::new(),
            last: [None; EMPHASES],
            brackets: Vec::new(),
            row_end: None,
            escaped_end: None,
            literal: 0,
            no_comment_end: false,
            links: 0,
        }
    }

    fn read(&mut self) {
        self.start_line(0);
        for place in Places::new(self.bytes) {
            if place < self.at {
                continue;
            }
            match self.bytes[place] {
                b'\n' => self.start_line(place + 1),
                b'&' => self.read_entity(place),
                b'<' => self.read_tag(place),
                b'[' => self.open_bracket(place),
                b']' => self.close_bracket(place),
                b'*' | b'_' | b'~' => self.read_emphasis(place),
                b'`' => self.read_code(place),
                b'\\' => self.read_escape(place),
                b'|' if self.row_end == Some(place) => self.leave_out(place, place + 1),
                _ => {}
            }
        }
    }

    /// The text with its edits; nothing if there are none.
    fn written(&self) -> Option<String> {
        if self.edits.iter().all(|edit| matches!(edit.with, With::Itself)) {
            return None;
        }
        let mut out = String::with_capacity(self.text.len());
        let mut done = 0;
        for Edit { start, end, with } in &self.edits {
            out.push_str(&self.text[done..*start]);
            match with {
                With::Itself => out.push_str(&self.text[*start..*end]),
                With::Nothing => {}
                With::Char(c) => out.push(*c),
                With::Part(start, end) => {
                    out.push(' ');
                    out.push_str(&self.text[*start..*end]);
                    out.push(' ');
                }
            }
            done = *end;
        }
        out.push_str(&self.text[done..]);
        Some(out)
    }

    fn edit(&mut self, start: usize, end: usize, with: With) {
        self.edits.push(Edit { start, end, with });
        self.at = end;
    }

    fn leave_out(&mut self, start: usize, end: usize) {
        self.edit(start, end, With::Nothing);
    }

    fn byte(&self, place: usize) -> Option<u8> {
        self.bytes.get(place).copied()
    }

    fn char_before(&self, place: usize) -> Option<char> {
        self.text[..place].chars().next_back()
    }

    fn char_at(&self, place: usize) -> Option<char> {
        self.text[place..].chars().next()
    }

    fn starts_with(&self, place: usize, start: &str) -> bool {
        self.bytes[place..].starts_with(start.as_bytes())
    }

    /// The first place from `place` on whose byte is not as `skip` says.
    fn skip(&self, place: usize, skip: impl Fn(u8) -> bool) -> usize {
        let skipped = self.bytes[place..].iter().take_while(|byte| skip(**byte)).count();
        place + skipped
    }

    fn skip_spaces(&self, place: usize) -> usize {
        self.skip(place, |byte| byte.is_ascii_whitespace())
    }

    /// Reads what stands before the text of a line: quotes, a bullet, a heading's mark.
    fn start_line(&mut self, start: usize) {
        let mut place = self.skip(start, is_blank);
        if self.byte(place) == Some(b'|') {
            return self.start_row(place);
        }
        while self.starts_with(place, "> ") {
            self.leave_out(place, place + 2);
            place = self.skip(place + 2, is_blank);
        }
        if let Some(bullet @ (b'*' | b'-' | b'+')) = self.byte(place)
            && self.byte(place + 1) == Some(b' ')
        {
            let end = self.skip(place, |byte| byte == bullet || is_blank(byte));
            // `* * *` is a rule.
            if self.byte(end).is_some_and(|byte| byte != b'\n') {
                self.leave_out(place, place + 2);
                place = self.skip(place + 2, is_blank);
            }
        }
        let end = self.skip(place, |byte| byte == b'#');
        if (1..=6).contains(&(end - place)) && self.byte(end) == Some(b' ') {
            self.leave_out(place, end + 1);
        }
    }

    /// Leaves the pipes at both ends of a table's row out, if it has both.
    fn start_row(&mut self, start: usize) {
        let line = &self.bytes[start..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let end = start + line.trim_ascii_end().len() - 1;
        if end > start + 1 && self.byte(end) == Some(b'|') && self.byte(end - 1) != Some(b'\\') {
            self.leave_out(start, start + 1);
            self.row_end = Some(end);
        }
    }

    fn read_entity(&mut self, place: usize) {
        match entity(&self.bytes[place + 1..]) {
            Some((Some(c), length)) => self.edit(place, place + 1 + length, With::Char(c)),
            Some((None, length)) => self.leave_out(place, place + 1 + length),
            None => {}
        }
    }

    fn read_tag(&mut self, start: usize) {
        if self.starts_with(start, "<!--") {
            return self.read_comment(start);
        }
        let Some(tag) = Tag::of(self.bytes, start) else {
            return self.skip_address(start);
        };
        // Two links side by side are two words.
        let is_next = tag.name.eq_ignore_ascii_case(b"a")
            && [b"</a>", b"</A>"].iter().any(|end| self.bytes[..start].ends_with(*end));
        let with = match tag.alt {
            Some((start, end)) => With::Part(start, end),
            None if is_next || !is_inline(tag.name) => With::Char(' '),
            None => With::Nothing,
        };
        self.links += u32::from(!tag.closes);
        self.edit(start, tag.end, with);
    }

    fn read_comment(&mut self, start: usize) {
        if self.no_comment_end {
            return;
        }
        let text = start + "<!--".len();
        match memchr::memmem::find(&self.bytes[text..], b"-->") {
            Some(length) => self.leave_out(start, text + length + "-->".len()),
            None => self.no_comment_end = true,
        }
    }

    /// Goes past `<https://...>`, which stays.
    fn skip_address(&mut self, start: usize) {
        let end = self.skip(start + 1, |byte| !matches!(byte, b'<' | b'>' | b'\\' | 0..=b' '));
        let address = &self.bytes[start..end];
        if self.byte(end) == Some(b'>') && memchr::memmem::find(address, b"://").is_some() {
            self.at = end + 1;
        }
    }

    fn open_bracket(&mut self, place: usize) {
        let is_image = place > self.at && self.byte(place - 1) == Some(b'!');
        self.brackets.push(self.edits.len());
        self.edit(place - usize::from(is_image), place + 1, With::Itself);
    }

    fn close_bracket(&mut self, place: usize) {
        let Some(opener) = self.brackets.pop() else { return };
        let end = match self.byte(place + 1) {
            Some(b'(') => self.end_of_link(opener, place),
            Some(b'[') => self.end_of_reference(opener, place),
            _ => None,
        };
        let Some(end) = end else { return };
        self.edits[opener].with = With::Nothing;
        self.links += 1;
        let is_next = self.starts_with(end, "[") || self.starts_with(end, "![");
        self.edit(place, end, if is_next { With::Char(' ') } else { With::Nothing });
    }

    /// Whether a bracket stands behind a word, as an index does.
    fn is_index(&self, opener: usize) -> bool {
        let start = self.edits[opener].start;
        let before = start.checked_sub(1).and_then(|place| self.byte(place));
        let is_behind_mark = opener > 0 && self.edits[opener - 1].end == start;
        !is_behind_mark
            && before.is_some_and(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b')' | b']' | b'}' | b'$')
            })
    }

    /// Whether the text between two brackets looks like words.
    fn has_words(&self, opener: usize, end: usize) -> bool {
        let text = &self.bytes[self.edits[opener].end..end];
        let letters = text.iter().take(LOOK).filter(|byte| is_letter(**byte));
        letters.take(2).count() == 2
    }

    /// The end of `](target "title")`, if that ends a link.
    fn end_of_link(&self, opener: usize, place: usize) -> Option<usize> {
        let start = self.skip_spaces(place + 2);
        let (target, mut end) = match self.byte(start)? {
            b'<' => {
                let end = self.skip(start + 1, |byte| !matches!(byte, b'<' | b'>' | b'\n'));
                (start + 1..end, end + usize::from(self.byte(end)? == b'>'))
            }
            _ => {
                let end = self.end_of_target(start)?;
                (start..end, end)
            }
        };
        let target = &self.bytes[target];
        let is_link = is_address(target)
            || (!self.is_index(opener)
                && self.has_words(opener, place)
                && target.iter().any(|byte| is_letter(*byte)));
        if !is_link {
            return None;
        }
        let title = self.skip_spaces(end);
        if let Some(quote @ (b'"' | b'\'')) = self.byte(title)
            && title > end
        {
            end = title + 1;
            while self.byte(end)? != quote {
                end += 1 + usize::from(self.byte(end)? == b'\\');
            }
            end += 1;
        }
        end = self.skip_spaces(end);
        (self.byte(end)? == b')').then_some(end + 1)
    }

    /// The end of a link's target, which may have a few brackets in it.
    fn end_of_target(&self, start: usize) -> Option<usize> {
        let mut depth = 0;
        let mut end = start;
        loop {
            match self.byte(end)? {
                b'(' if depth == 3 => return None,
                b'(' => depth += 1,
                b')' if depth == 0 => return Some(end),
                b')' => depth -= 1,
                b'\\' => end += 1,
                0..=b' ' => return Some(end),
                _ => {}
            }
            end += 1;
        }
    }

    /// The end of `][name]`, if that ends a link.
    fn end_of_reference(&self, opener: usize, place: usize) -> Option<usize> {
        let end = self.skip(place + 2, |byte| !matches!(byte, b'[' | b']' | b'\n'));
        let is_link = self.byte(end)? == b']'
            && !matches!(self.byte(end + 1), Some(b'[' | b'('))
            && !self.is_index(opener)
            && self.has_words(opener, place);
        is_link.then_some(end + 1)
    }

    fn read_emphasis(&mut self, start: usize) {
        let mark = self.bytes[start];
        let end = self.skip(start, |byte| byte == mark);
        let kind = match (mark, end - start) {
            (b'*', length @ 1..=3) => length - 1,
            (b'_', length @ 1..=3) => length + 2,
            (b'~', 2) => 6,
            _ => return self.at = end,
        };
        let (before, next) = (self.char_before(start), self.char_at(end));
        if let Some(last) = self.last[kind]
            && self.may_close(mark, before, next, end)
        {
            let opener = self.openers[last];
            self.last[kind] = opener.previous;
            if self.is_emphasised(kind, self.edits[opener.edit].end, start) {
                self.edits[opener.edit].with = With::Nothing;
                self.leave_out(start, end);
                return;
            }
        }
        if self.may_open(kind, start, next) {
            self.openers.push(Opener { edit: self.edits.len(), previous: self.last[kind] });
            self.last[kind] = Some(self.openers.len() - 1);
            self.edit(start, end, With::Itself);
        }
        self.at = end;
    }

    /// Whether a mark may start emphasis.
    fn may_open(&self, kind: usize, start: usize, next: Option<char>) -> bool {
        let is_at_word =
            next.is_some_and(|c| c.is_alphanumeric() || "\"'“‘«¿¡([<&$#@!`*_~".contains(c));
        let is_behind_word = match self.char_before(start) {
            None => false,
            // Scripts without spaces have bold words in the middle of others.
            Some(c) if !c.is_ascii() => c.is_alphanumeric() && kind != 1,
            // Not in a call, `f(*a)`, or in an address.
            Some('(' | '[' | '{' | '"' | '\'') => {
                let before = start.checked_sub(2).and_then(|place| self.byte(place));
                before
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_/=?&.:".contains(&byte))
            }
            Some(c) => !c.is_whitespace() && !"*_~>|".contains(c),
        };
        is_at_word && !is_behind_word
    }

    /// Whether a mark with these neighbours may end emphasis.
    fn may_close(&self, mark: u8, before: Option<char>, next: Option<char>, end: usize) -> bool {
        let behind_text = before.is_some_and(|c| !c.is_whitespace());
        let at_end_of_word = match next {
            // Of a name in code: `__init__.py`, `_(`.
            Some('.') if mark == b'_' => {
                !self.bytes[end + 1..].first().is_some_and(|b| is_letter(*b))
            }
            Some('(') if mark == b'_' => false,
            Some('/' | '\\') => false,
            Some(c) => !c.is_ascii_alphanumeric() && (mark != b'_' || !c.is_alphanumeric()),
            None => true,
        };
        behind_text && at_end_of_word
    }

    /// Whether what stands between two marks of a kind looks like words, not like code.
    fn is_emphasised(&self, kind: usize, start: usize, end: usize) -> bool {
        let text = &self.bytes[start..end.min(start + LOOK)];
        let mut looked_at = text.iter();
        let is_code = |byte: &u8| matches!(byte, b'=' | b';' | b'{' | b'}' | b'+');
        match kind {
            0 => !looked_at.any(|byte| is_code(byte) || *byte == b'*'),
            3 => !looked_at.any(|byte| is_code(byte) || *byte == b'_'),
            // `__init__` and `__LINE__` are names.
            4 => {
                let is_word = looked_at.all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                !is_word
                    || (text.iter().any(u8::is_ascii_uppercase)
                        && text.iter().any(u8::is_ascii_lowercase))
            }
            _ => true,
        }
    }

    /// Reads inline code: what it holds is text, whatever it looks like.
    fn read_code(&mut self, start: usize) {
        let is_tick = |byte| byte == b'`';
        let end = self.skip(start, is_tick);
        self.at = end;
        let before = self.char_before(start);
        let Some(length) = memchr::memchr(b'`', &self.bytes[end..]) else { return };
        let close = end + length;
        let close_end = self.skip(close, is_tick);
        let next = self.char_at(close_end);
        let is_code = close_end - close == end - start
            && !before.is_some_and(|c| c.is_ascii_alphanumeric())
            && !next.is_some_and(|c| c.is_ascii_alphanumeric());
        if is_code {
            self.leave_out(start, end);
            self.leave_out(close, close_end);
        }
    }

    fn read_escape(&mut self, place: usize) {
        let Some(next) = self.byte(place + 1) else { return };
        if place < self.literal {
            return;
        }
        let before = place.checked_sub(1).and_then(|before| self.byte(before));
        // A path, or a letter of a pattern: the rest of the chunk is code.
        if is_letter(next) || next.is_ascii_digit() || next == b'\\' || before == Some(b':') {
            self.literal = self.skip(place, |byte| byte > b' ');
            return;
        }
        let is_escape = match next {
            b'*' | b'_' | b'#' | b'`' | b'!' => true,
            // At the start of a line, where they would be a list.
            b'-' | b'+' => before.is_none_or(|byte| byte == b'\n'),
            b'.' => before.is_some_and(|byte| byte.is_ascii_digit()),
            b'[' => {
                self.escaped_end = self.end_of_escaped(place + 2);
                self.escaped_end.is_some()
            }
            b']' => self.escaped_end == Some(place),
            _ => false,
        };
        if is_escape {
            self.leave_out(place, place + 1);
            self.at = place + 2;
        }
    }

    /// The place of the backslash behind words in escaped brackets, `\[1\]`; a formula in
    /// such brackets stays.
    fn end_of_escaped(&self, start: usize) -> Option<usize> {
        let is_text = |byte| !matches!(byte, b'\\' | b'=' | b'^' | b'_' | b'{' | b'}' | b'+');
        let end = self.skip(start, is_text);
        let is_words = end > start && self.byte(start) != Some(b' ');
        (is_words && self.starts_with(end, "\\]")).then_some(end)
    }
}

/// An ASCII letter, or a byte of a character beyond ASCII.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// Whether the target of a link is plainly one.
fn is_address(target: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] =
        [b"/", b"#", b"?", b"./", b"../", b"www.", b"mailto:", b"tel:", b"javascript:"];
    STARTS.iter().any(|start| target.starts_with(start))
        || memchr::memmem::find(&target[..target.len().min(16)], b"://").is_some()
}

/// A tag of HTML.
struct Tag<'t> {
    name: &'t [u8],
    closes: bool,
    /// Where the text is that stands for an image.
    alt: Option<(usize, usize)>,
    end: usize,
}

impl<'t> Tag<'t> {
    /// The tag that starts here, if one does.
    fn of(bytes: &'t [u8], start: usize) -> Option<Self> {
        let closes = bytes.get(start + 1) == Some(&b'/');
        let name_start = start + 1 + usize::from(closes);
        let name = &bytes[name_start..];
        let length = name.iter().take(LONGEST_NAME + 1).take_while(|b| b.is_ascii_alphanumeric());
        let name = &name[..length.count()];
        if !is_element(name) {
            return None;
        }
        let attributes = name_start + name.len();
        let end = Tag::end(bytes, attributes)?;
        let inside = bytes[attributes..end - 1].trim_ascii();
        let inside = inside.strip_suffix(b"/").unwrap_or(inside);
        // `a<b and c>d` compares, and `List<T>` names a type.
        let is_behind_word = start > 0 && bytes[start - 1].is_ascii_alphanumeric();
        let is_type = is_behind_word && !closes && matches!(name, [b'A'..=b'Z']);
        let is_tag = match inside.first() {
            None => !is_type,
            Some(first) => {
                !closes
                    && !first.is_ascii_punctuation()
                    && bytes[attributes].is_ascii_whitespace()
                    && memchr::memchr(b'=', inside).is_some()
            }
        };
        if !is_tag {
            return None;
        }
        let is_image = name.eq_ignore_ascii_case(b"img");
        let alt = if is_image { Tag::alt(bytes, attributes, end) } else { None };
        Some(Tag { name, closes, alt, end })
    }

    /// The end of a tag, past its attributes. A `<` in it that is not quoted means that it
    /// is no tag: so of all tags that start at different places no more than three can go on
    /// past any place, each within other quotes.
    fn end(bytes: &[u8], start: usize) -> Option<usize> {
        let mut quote = None;
        for (place, byte) in bytes.iter().enumerate().skip(start) {
            match (quote, byte) {
                (None, b'>') => return Some(place + 1),
                (None, b'<') => return None,
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), byte) if open == byte => quote = None,
                _ => {}
            }
        }
        None
    }

    /// The value of an attribute `alt="..."`.
    fn alt(bytes: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
        let inside = &bytes[start..end];
        let name = memchr::memmem::find(inside, b"alt=")?;
        let quote = *inside.get(name + 4)?;
        if !matches!(quote, b'"' | b'\'') || !inside[..name].ends_with(b" ") {
            return None;
        }
        let start = start + name + 5;
        let length = memchr::memchr(quote, &bytes[start..end])?;
        Some((start, start + length))
    }
}

/// Bytes of the longest name of an element.
const LONGEST_NAME: usize = 10;

/// Elements that stand within a line of text.
const INLINE: [&str; 34] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "wbr", "ruby", "rt",
];

/// Elements that part what is before them from what is behind them.
const BLOCKS: [&str; 63] = [
    "address",
    "article",
    "aside",
    "audio",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "col",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "img",
    "input",
    "li",
    "link",
    "main",
    "meta",
    "nav",
    "noscript",
    "object",
    "ol",
    "option",
    "p",
    "param",
    "picture",
    "pre",
    "script",
    "section",
    "select",
    "source",
    "style",
    "table",
    "tbody",
    "td",
    "textarea",
    "th",
    "thead",
    "tr",
    "ul",
    "video",
];

fn is_among(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn is_inline(name: &[u8]) -> bool {
    is_among(name, &INLINE)
}

/// Whether a tag may have this name: that of an element, in small letters or in capitals.
/// `Button` is a type.
fn is_element(name: &[u8]) -> bool {
    let is_type =
        name.iter().any(u8::is_ascii_uppercase) && name.iter().any(u8::is_ascii_lowercase);
    !name.is_empty() && !is_type && (is_inline(name) || is_among(name, &BLOCKS))
}

/// The character that an entity stands for, and the length of what is behind its `&`;
/// `None` for the character if it shows nothing.
fn entity(text: &[u8]) -> Option<(Option<char>, usize)> {
    // `&amp;nbsp;` was encoded twice.
    let mut start = 0;
    while text[start..].starts_with(b"amp;") {
        start += 4;
    }
    let found = entity_once(&text[start..]).map(|(c, length)| (c, start + length));
    found.or_else(|| (start > 0).then_some((Some('&'), start)))
}

/// The same of one that was encoded once.
fn entity_once(text: &[u8]) -> Option<(Option<char>, usize)> {
    let near = &text[..text.len().min(9)];
    let length = memchr::memchr(b';', near)?;
    let name = std::str::from_utf8(&near[..length]).ok()?;
    let Some(number) = name.strip_prefix('#') else {
        return Some((named(name)?, length + 1));
    };
    if number.starts_with('+') {
        return None;
    }
    let code = match number.strip_prefix(['x', 'X']) {
        Some(number) if number.starts_with('+') => return None,
        Some(number) => u32::from_str_radix(number, 16).ok()?,
        None => number.parse().ok()?,
    };
    let c = match code {
        // Numbers that stand for bytes of Windows-1252, as browsers take them.
        0x80..=0x9f => BEYOND_LATIN_1[code as usize - 0x80],
        0xa0 => ' ',
        _ => char::from_u32(code)?,
    };
    let c = if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c };
    (!c.is_control()).then_some((Some(c), length + 1))
}

/// What an entity's name stands for: HTML 4, and `apos`.
fn named(name: &str) -> Option<Option<char>> {
    // The letters of Latin-1 from À on, in order.
    const LETTERS: [&str; 64] = [
        "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave",
        "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
        "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc",
        "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring",
        "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
        "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash",
        "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
    ];
    let c = match name {
        "nbsp" | "NBSP" | "ensp" | "emsp" | "thinsp" => ' ',
        "shy" | "zwj" | "zwnj" | "lrm" | "rlm" => return Some(None),
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "lsquo" => '‘',
        "rsquo" => '’',
        "sbquo" => '‚',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "laquo" => '«',
        "raquo" => '»',
        "lsaquo" => '‹',
        "rsaquo" => '›',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "bull" => '•',
        "middot" => '·',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "cent" => '¢',
        "pound" => '£',
        "yen" => '¥',
        "euro" => '€',
        "curren" => '¤',
        "sect" => '§',
        "para" => '¶',
        "dagger" => '†',
        "Dagger" => '‡',
        "permil" => '‰',
        "deg" => '°',
        "plusmn" => '±',
        "minus" => '−',
        "micro" => 'µ',
        "sup1" => '¹',
        "sup2" => '²',
        "sup3" => '³',
        "frac14" => '¼',
        "frac12" => '½',
        "frac34" => '¾',
        "ordf" => 'ª',
        "ordm" => 'º',
        "iexcl" => '¡',
        "iquest" => '¿',
        "brvbar" => '¦',
        "not" => '¬',
        "macr" => '¯',
        "acute" => '´',
        "uml" => '¨',
        "cedil" => '¸',
        "circ" => 'ˆ',
        "tilde" => '˜',
        "OElig" => 'Œ',
        "oelig" => 'œ',
        "Scaron" => 'Š',
        "scaron" => 'š',
        "Yuml" => 'Ÿ',
        "fnof" => 'ƒ',
        "larr" => '←',
        "uarr" => '↑',
        "rarr" => '→',
        "darr" => '↓',
        "harr" => '↔',
        "ne" => '≠',
        "le" => '≤',
        "ge" => '≥',
        "asymp" => '≈',
        "infin" => '∞',
        "radic" => '√',
        "sum" => '∑',
        "prime" => '′',
        "Prime" => '″',
        "hearts" => '♥',
        _ => {
            let place = LETTERS.iter().position(|letter| *letter == name)?;
            char::from_u32(0xc0 + place as u32)?
        }
    };
    Some(Some(c))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::super::bag::reference;
    use super::super::{Extractor, Features, Tokenizer};
    use super::*;

    /// What has the features of the plain line beside it.
    const TWINS: &[(&str, &str)] = &[
        // Links and images.
        ("[Contact us](/contact) today", "Contact us today"),
        ("[Contact us](contact.html \"Write to us\")", "Contact us"),
        ("see [the report](https://a.example/b_(c)?d=e) for more", "see the report for more"),
        ("[Wide](<a b.html>) gap", "Wide gap"),
        ("see[this](http://a.example/)", "seethis"),
        ("[Read more][1] and [the docs][]", "Read more and the docs"),
        ("![A red pump](/pump.jpg)", "A red pump"),
        ("![](/spacer.gif) A pump", "A pump"),
        ("[![Home](/logo.png)](/) Our pumps", "Home Our pumps"),
        ("[Home](/)[About](about.html)![Map](/m.png)", "Home About Map"),
        ("[Home](/) | [**Shop**](/shop)", "Home | Shop"),
        ("a claim[[1]](#cite-1)", "a claim[1]"),
        // Emphasis and code.
        ("**Note:** the *old* valve", "Note: the old valve"),
        ("*Note* that __very old__ valves", "Note that very old valves"),
        ("_Note_ that ***all*** valves", "Note that all valves"),
        ("“*Nature*”, (**2019**) and \"_x y_\"", "“Nature”, (2019) and \"x y\""),
        ("**[Buy](/b)** *[Sell](/s)*", "Buy Sell"),
        ("**bold _and_ more**", "bold and more"),
        ("~~$20~~ $15", "$20 $15"),
        ("run `make` and ``a `` b", "run make and ``a `` b"),
        ("use `x` or ``y``", "use x or y"),
        ("这是**重要**的", "这是重要的"),
        // The start of a line.
        ("# Heading", "Heading"),
        ("###### A heading", "A heading"),
        ("> a quote", "a quote"),
        ("> > - ## deep", "deep"),
        ("* one\n- two\n+ three", "one\ntwo\nthree"),
        ("  * **one** and", "one and"),
        ("| Size | Price |", "Size | Price"),
        ("Table:\n|a|b|\n| c | d | ", "Table:\na|b\nc | d"),
        // Tags.
        ("<p>Our <b>best</b> pump</p>", "Our best pump"),
        ("one<br/>two<BR>three", "one two three"),
        ("<a href=\"/x?a>b\" class='c'>Home</a><a href=/y>Shop</a>", "Home Shop"),
        ("a <img src=a.png alt=\"red pump\" width=3> here", "a red pump here"),
        ("H<sub>2</sub>O", "H2O"),
        ("text <!-- a <b> comment --> goes on", "text goes on"),
        ("<div class=\"a\"><span style='b'>text</span></div>", "text"),
        // Entities.
        ("A&nbsp;&amp;&nbsp;B &raquo; &#39;x&#x27; &#8211; caf&eacute;", "A & B » 'x' – café"),
        ("it&amp;#39;s &amp;amp;nbsp;so&#146;", "it's so’"),
        ("in&shy;visible&#160;x", "invisible x"),
        ("5 &lt; 6", "5 < 6"),
        ("&Auml;pfel 3&times;4", "Äpfel 3×4"),
        // Escapes.
        (r"snake\_case \*not bold \#1", "snake_case *not bold #1"),
        (r"as shown \[1\]", "as shown [1]"),
        (r"1\. First", "1. First"),
        // Both.
        ("cafÃ© **noir**", "café noir"),
    ];

    /// What has nothing to read through.
    const SAME: &[&str] = &[
        "",
        "plain prose, with a dash - and (brackets) [1] & more; R&D too",
        "let y = a[i](x); m[key](value) f(x)[0](y)",
        "a[i][j] = b[1][2] and [1][2] and [3](4)",
        "[&](int x) { return x; }",
        "<https://a.example/*b*/c_d_> and https://a.example/(_a_)?b=1&copy=2&lt",
        "x < y && y > z or a<b && c>d",
        "if (a < b || c<s && d=e>f)",
        "2 * 3 * 4 = 24, 2*3*4, 2**3**4 and a ** b",
        "foo_bar_baz snake__case __init__ __FILE__ __main__.py __(x) _private_name_",
        "std::vector<T> Vec<String> Map<K, V> List<Button> Foo<U> <T> <Object> <a@b.example>",
        "int *p, *q; char **argv; f(*a, *b); *p++ = *q++;",
        "*dst = src* + 1; /* a comment */ f(x) /*a*/",
        "def f(*args, **kwargs): SELECT * FROM t; count(*) *.rs .*?",
        r"C:\_x\*y and \\server\_share and \d+\_\.\* and \alpha\_1",
        r"\(x_1\) and \[x^2 = y\] and \[ E \] \{a\} 100\%",
        "it`s and don`t",
        "``quoted'' words",
        "a ~ b ~c ~~ d",
        "-5 degrees, #hashtag, >quote, +1 and -- dashes",
        "| only one pipe",
        "one | two |",
        "AT&T &foo; &; &#; &#x; &#+5; &#1; & amp;",
        "name: ____ date: __ of __ f**k s***t ***",
        "5* hotel, *terms apply",
        "^_^ -_- T_T >_<",
        "[x] done [ ] open [a] (b) [a ](b",
        // Only marks: it keeps the features of its marks.
        "![](/spacer.gif)",
        "[](/x)",
        "| | |",
        "|---|:-:|",
        "***",
        "* * *",
        "</div>",
        "<br>",
        "&nbsp;",
        "&nbsp;&shy;",
        "<!-- x -->",
        "# ",
    ];

    fn features(text: &str) -> Features {
        static TOKENIZER: std::sync::OnceLock<Tokenizer> = std::sync::OnceLock::new();
        let mut features = Features::default();
        let tokenizer = TOKENIZER.get_or_init(Tokenizer::default);
        Extractor::new(tokenizer).extract(text, &mut features);
        features.bag.sort_unstable();
        let mut expected: Vec<u32> =
            reference(tokenizer, text).into_iter().map(|named| named.id).collect();
        expected.sort_unstable();
        assert!(features.bag == expected, "the two ways differ on {text:?}");
        features
    }

    #[test]
    fn marked_text_has_the_features_of_its_plain_twin() {
        for (marked, plain) in TWINS {
            let (marked_features, plain_features) = (features(marked), features(plain));
            assert_eq!(
                marked_features.bag,
                plain_features.bag,
                "{marked:?} reads {:?}",
                seen_by_reader(marked).text
            );
            assert_eq!(marked_features.words_hash, plain_features.words_hash, "{marked}");
        }
    }

    #[test]
    fn what_is_read_through_reads_the_same_again() {
        let holds_marks = |text: &str| text.contains("\\*") || text.contains("``");
        for (marked, _) in TWINS.iter().filter(|(marked, _)| !holds_marks(marked)) {
            let text = seen_by_reader(marked).text;
            assert_eq!(readable(&text), None, "{marked}");
        }
    }

    #[test]
    fn code_paths_and_maths_stay() {
        for text in SAME {
            assert_eq!(readable(text), None, "{text}");
        }
    }

    #[test]
    fn links_images_and_tags_are_counted() {
        for (text, links) in [
            ("[a b](/c) ![d](/e) <b>f</b> &amp; **g**", 3),
            ("**g** &amp;", 0),
            ("[![Home](/logo.png)](/) x", 2),
        ] {
            assert_eq!(read_through(text).map(|(_, links)| links), Some(links), "{text}");
        }
    }

    #[test]
    fn time_is_linear() {
        let units = [
            "[",
            "]",
            "[]",
            "](",
            "[a](",
            "[a](b",
            "[a](b ",
            "[a](b \"",
            "[a](<",
            "[a][",
            "[[a](b)",
            "<",
            "<a",
            "<a ",
            "<a \"",
            "<a \"'",
            "<a '\"x",
            "<!--",
            "</",
            "<b>",
            "<http://",
            "&",
            "&amp;",
            "&amp",
            "&#",
            "*",
            "* ",
            "*a",
            "*a ",
            "a* ",
            "**a ",
            "_a ",
            "a_ ",
            "~~a ",
            "`",
            "`a ",
            "``a` ",
            "\\",
            "\\[",
            "\\[a",
            "\\*",
            "\\a",
            "\n",
            "\n ",
            "\n|",
            "\n> ",
            "> ",
            "- ",
            "#",
            "|",
            "![",
            "é*",
            "\n| a |",
            "[a](\\",
            "[a](b 'c\\",
        ];
        let mut texts: Vec<String> =
            units.iter().map(|unit| unit.repeat(400_000 / unit.len())).collect();
        for (opening, closing) in [("[", "aa](b)"), ("*a ", "b* "), ("[1", "](/)"), ("<a \"", "'>")]
        {
            texts.push(opening.repeat(100_000) + &closing.repeat(100_000));
        }
        for text in texts {
            let start = Instant::now();
            let _ = readable(&text);
            assert!(start.elapsed() < Duration::from_secs(2), "{}", &text[..20]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn any_text_can_be_read(text in any::<String>()) {
            let _ = readable(&text);
            features(&text);
        }

        #[test]
        fn text_with_marks_has_the_same_features_both_ways(
            text in "([a-zé1 ]{0,4}|[\\[\\]()<>&;*_~`\\\\|#!\"'=/\n-]{1,3}|</?(b|br|a|img)|alt=\"|&amp;|nbsp;|https?://|\\]\\(/|\\*\\*| \u{a0}中){0,24}"
        ) {
            let _ = readable(&text);
            features(&text);
        }

        #[test]
        fn words_in_marks_are_words(
            words in "[a-z]{2,6}( [a-z]{2,6}){0,3}",
            mark in 0..10_usize,
        ) {
            let marked = match mark {
                0 => format!("[{words}](/x)"),
                1 => format!("![{words}](x.png \"y\")"),
                2 => format!("**{words}**"),
                3 => format!("*{words}*"),
                4 => format!("## {words}"),
                5 => format!("<p class=\"x\">{words}</p>"),
                6 => format!("`{words}`"),
                7 => format!("- [{words}][x]"),
                8 => format!("| {words} |"),
                _ => format!("> ~~{words}~~&nbsp;"),
            };
            let read = readable(&marked).unwrap_or_default();
            prop_assert_eq!(read.trim(), &words);
            prop_assert_eq!(readable(&read), None);
        }
    }
}
