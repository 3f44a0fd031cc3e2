//! Chunks: runs of characters without white space, and what each looks like.
//!
//! Each chunk has one [`ChunkClass`] (part number, price, date, all capitals, ...),
//! judged on its raw characters, and counts of them.

use std::borrow::Cow;
use std::ops::{AddAssign, Index, IndexMut};

use unicode_normalization::UnicodeNormalization;

use super::kind::{CharCounts, Edge, Kind, edge};
use super::known::Known;
use super::script::Script;
use super::short::ShortChunk;
use super::tokenizer::is_invisible;

/// What a chunk looks like, its outer punctuation aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum ChunkClass {
    Lower,
    Title,
    Upper,
    Mixed,
    SingleLetter,
    Number,
    Decimal,
    Year,
    Percent,
    Price,
    Date,
    Time,
    Phone,
    Ordinal,
    PartNumber,
    Hyphenated,
    Url,
    Email,
    Handle,
    CompanySuffix,
    Separator,
    Bullet,
    #[default]
    Punctuation,
    OtherScript,
    MixedScript,
}

impl ChunkClass {
    /// How many classes there are.
    pub(super) const COUNT: usize = ChunkClass::MixedScript as usize + 1;

    pub(super) fn name(self) -> &'static str {
        use ChunkClass::*;
        match self {
            Lower => "lower-case",
            Title => "title-case",
            Upper => "all-capitals",
            Mixed => "mixed-case",
            SingleLetter => "single-letter",
            Number => "number",
            Decimal => "decimal",
            Year => "year",
            Percent => "percent",
            Price => "price",
            Date => "date",
            Time => "time",
            Phone => "phone",
            Ordinal => "number-with-letters",
            PartNumber => "part-number",
            Hyphenated => "hyphenated",
            Url => "url",
            Email => "e-mail",
            Handle => "handle-or-hashtag",
            CompanySuffix => "company-suffix",
            Separator => "separator",
            Bullet => "bullet",
            Punctuation => "punctuation",
            OtherScript => "other-script",
            MixedScript => "mixed-scripts",
        }
    }
}

/// Counts over the characters of one chunk, and its class.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunk {
    pub class: ChunkClass,
    pub chars: u32,
    pub letters: u32,
    upper: u32,
    digits: u32,
    marks: u32,
    beyond_ascii: u32,
    commas: u32,
    quotes: u32,
    brackets: u32,
    separators: u32,
    exclamations: u32,
    code_marks: u32,
    pub first: Edge,
    pub last: Edge,
    ends_sentence: bool,
    /// Whether it has marks that a slot may start with, or a colon.
    may_be_slot: bool,
    has_colon: bool,
    /// Whether it names a value, as `Hits:218` and `Source:` do.
    is_key: bool,
    /// Whether it has a place for a value that was not filled in.
    is_slot: bool,
    /// Whether it has Latin letters.
    is_latin: bool,
    /// Letters beyond ASCII by script.
    pub scripts: [u32; Script::ALL.len()],
}

/// What is counted over the chunks and words of a paragraph.
#[derive(Clone, Copy)]
pub(super) enum Count {
    Chars,
    Letters,
    Digits,
    Marks,
    BeyondAscii,
    Commas,
    Quotes,
    Brackets,
    Separators,
    Exclamations,
    Sentences,
    Capitalised,
    AllCapitals,
    Companies,
    FunctionWords,
    WeAndYou,
    KeyValues,
    CodeMarks,
    Slots,
}

/// A number for each [`Count`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts<T>(pub [T; COUNTS]);

/// Places for counts, a multiple of eight.
const COUNTS: usize = 24;
const _: () = assert!((Count::Slots as usize) < COUNTS);

impl<T> Index<Count> for Counts<T> {
    type Output = T;

    fn index(&self, count: Count) -> &T {
        &self.0[count as usize]
    }
}

impl<T> IndexMut<Count> for Counts<T> {
    fn index_mut(&mut self, count: Count) -> &mut T {
        &mut self.0[count as usize]
    }
}

impl<T: From<bool> + AddAssign> Counts<T> {
    /// Adds what is known of a word.
    pub(super) fn add_known(&mut self, known: Known) {
        self[Count::FunctionWords] += known.is(Known::FUNCTION).into();
        self[Count::WeAndYou] += known.is(Known::WE_OR_YOU).into();
        self[Count::Slots] += known.is(Known::UNFILLED).into();
    }
}

/// Bytes that a chunk may have to be a [`Sight`]; none of its counts is larger.
pub(super) const PLAIN_COUNT: usize = 16;
/// Tokens that a chunk may have to be a [`Sight`].
pub(super) const PLAIN_TOKENS: usize = 4;

/// All that a short chunk adds to its paragraph, worth remembering.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    pub counts: Counts<u8>,
    pub class: ChunkClass,
    pub first: Edge,
    pub last: Edge,
    /// The script of its letters beyond ASCII, and their number.
    pub script: Script,
    pub script_letters: u8,
    /// Whether the token carries the topic, a bit for each.
    pub topic: u8,
    pub token_count: u8,
    /// Hashes of its tokens.
    pub tokens: [u64; PLAIN_TOKENS],
}

impl Sight {
    pub(super) const NONE: Sight = Sight {
        counts: Counts([0; COUNTS]),
        class: ChunkClass::Punctuation,
        first: Edge::Other,
        last: Edge::Other,
        script: Script::Latin,
        script_letters: 0,
        topic: 0,
        token_count: 0,
        tokens: [0; PLAIN_TOKENS],
    };
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '£' | '¥' | '€' | '₹' | '₽' | '₩' | '￥' | '₺' | '฿')
}

/// Company forms, lower case, without final punctuation; by their length in bytes.
pub(super) const COMPANY_SUFFIXES: [&[&str]; 13] = [
    &[],
    &[],
    &["co", "bv"],
    &["ltd", "inc", "llc", "plc", "s.a", "srl", "pvt", "pty", "b.v", "llp"],
    &["gmbh", "corp"],
    &["s.r.l"],
    &["co.ltd"],
    &["co.,ltd", "limited"],
    &[],
    &[],
    &[],
    &[],
    &["有限公司"],
];

/// The chunk as it shows: invisible characters left out, accents joined to their
/// letters, the letters of a Hangul syllable to each other. Empty if nothing shows.
pub(super) fn visible(chunk: &str) -> Cow<'_, str> {
    if chunk.is_ascii() || chunk.chars().all(|c| Kind::of(c).shows) {
        return Cow::Borrowed(chunk);
    }
    Cow::Owned(chunk.chars().filter(|c| !is_invisible(*c)).nfc().collect())
}

/// A text as the rules ask about it.
pub(super) trait Text: Copy {
    fn as_str(&self) -> &str;
    fn has(&self, mark: char) -> bool;
    fn count(&self, mark: char) -> usize;
    fn has_currency(&self) -> bool;
    /// Whether all of its characters are digits or among the marks.
    fn is_digits_and(&self, marks: &str) -> bool;
}

impl Text for &str {
    fn as_str(&self) -> &str {
        self
    }

    fn has(&self, mark: char) -> bool {
        self.contains(mark)
    }

    fn count(&self, mark: char) -> usize {
        self.matches(mark).count()
    }

    fn has_currency(&self) -> bool {
        self.chars().any(is_currency)
    }

    fn is_digits_and(&self, marks: &str) -> bool {
        self.chars().all(|c| c.is_numeric() || marks.contains(c))
    }
}

impl Chunk {
    /// Looks at what is [`visible`] of a chunk; `None` if nothing is.
    pub(super) fn of(chunk: &str) -> Option<Self> {
        if chunk.is_empty() {
            return None;
        }
        let mut this = match chunk.len() {
            0..=CharCounts::MOST if chunk.is_ascii() => {
                Chunk::of_ascii(chunk.as_bytes(), Kind::of_bytes())
            }
            _ => Chunk::of_chars(chunk),
        };
        this.see_edges(chunk, chunk.chars().map(edge));
        this.class = this.classify(chunk, core(chunk));
        this.see_form(chunk);
        Some(this)
    }

    /// The same of a short one, which is not empty.
    pub(super) fn of_short(chunk: &ShortChunk<'_>) -> Self {
        let (text, kinds) = (chunk.text, ShortChunk::kinds());
        let mut this = Chunk::of_ascii(text.as_bytes(), kinds);
        this.beyond_ascii = chunk.stand_ins;
        let edges = text.bytes().map(|byte| kinds[usize::from(byte)].edge);
        this.see_edges(text, edges.clone());
        let start = edges.clone().position(|edge| !edge.encloses()).unwrap_or(text.len());
        let end = edges.clone().rposition(|edge| !edge.closes()).map_or(start, |at| at + 1);
        this.class = this.classify(chunk.part(0, text.len()), chunk.part(start, end));
        this.see_form(text);
        this
    }

    /// Takes in how a chunk starts and ends, from the edges that its characters would be.
    fn see_edges(&mut self, chunk: &str, edges: impl DoubleEndedIterator<Item = Edge> + Clone) {
        let before_closing = edges.clone().rev().find(|edge| !edge.encloses());
        self.ends_sentence = before_closing.is_some_and(Edge::ends_sentence);
        self.first = edges.clone().next().unwrap_or_default();
        self.last = match edges.clone().next_back() {
            _ if chunk.ends_with("...") => Edge::Ellipsis,
            last => last.unwrap_or_default(),
        };
    }

    fn of_ascii(chunk: &[u8], kinds: &[Kind; 256]) -> Self {
        let mut counts = CharCounts::default();
        let mut this = Chunk::default();
        chunk.iter().for_each(|byte| counts.add(kinds[usize::from(*byte)].counts));
        this.add(counts, chunk.len());
        this.is_latin = this.letters > 0;
        this
    }

    fn of_chars(mut rest: &str) -> Self {
        let mut this = Chunk::default();
        while !rest.is_empty() {
            let mut counts = CharCounts::default();
            let mut chars = rest.chars();
            let mut taken = 0;
            for c in chars.by_ref().take(CharCounts::MOST) {
                let kind = Kind::of(c);
                counts.add(kind.counts);
                taken += 1;
                match kind.script {
                    Some(script) => this.scripts[script as usize] += 1,
                    None => this.is_latin |= c.is_ascii_alphabetic(),
                }
                this.beyond_ascii += u32::from(!c.is_ascii());
            }
            this.add(counts, taken);
            rest = chars.as_str();
        }
        this.is_latin |= this.scripts[Script::Latin as usize] > 0;
        this
    }

    /// Adds counts over so many characters.
    fn add(&mut self, counts: CharCounts, chars: usize) {
        let [lower, upper, digits, commas, quotes, brackets, separators, exclamations, rest @ ..] =
            counts.each();
        self.chars += chars as u32;
        self.letters += lower + upper;
        self.upper += upper;
        self.digits += digits;
        self.marks += chars as u32 - lower - upper - digits;
        self.commas += commas;
        self.quotes += quotes;
        self.brackets += brackets;
        self.separators += separators;
        self.exclamations += exclamations;
        let [code_marks, slot_marks, colons] = rest;
        self.code_marks += code_marks;
        self.may_be_slot |= slot_marks > 0;
        self.has_colon |= colons > 0;
    }

    /// Whether it has letters that are not Latin.
    fn has_other_scripts(&self) -> bool {
        Script::ALL
            .iter()
            .any(|script| *script != Script::Latin && self.scripts[*script as usize] > 0)
    }

    /// The counts, those of words left out.
    pub(super) fn counts(&self) -> Counts<u32> {
        use ChunkClass::*;
        let mut counts = Counts::default();
        counts[Count::Chars] = self.chars;
        counts[Count::Letters] = self.letters;
        counts[Count::Digits] = self.digits;
        counts[Count::Marks] = self.marks;
        counts[Count::BeyondAscii] = self.beyond_ascii;
        counts[Count::Commas] = self.commas;
        counts[Count::Quotes] = self.quotes;
        counts[Count::Brackets] = self.brackets;
        counts[Count::Separators] = self.separators;
        counts[Count::Exclamations] = self.exclamations;
        counts[Count::Sentences] = u32::from(self.ends_sentence);
        counts[Count::KeyValues] = u32::from(self.is_key);
        counts[Count::CodeMarks] = self.code_marks;
        counts[Count::Slots] = u32::from(self.is_slot);
        let capitalised = matches!(self.class, Title | Upper) || self.first == Edge::Upper;
        counts[Count::Capitalised] = u32::from(capitalised);
        counts[Count::AllCapitals] = u32::from(self.class == Upper);
        counts[Count::Companies] = u32::from(self.class == CompanySuffix);
        counts
    }

    /// Sees whether a chunk of this class is a key or a slot. Only letters, digits and ASCII
    /// marks count, and a full-width colon.
    #[inline]
    fn see_form(&mut self, chunk: &str) {
        let may_be_key = self.has_colon
            && self.letters > 0
            && !matches!(self.class, ChunkClass::Url | ChunkClass::Email | ChunkClass::Handle);
        self.is_key = may_be_key && is_key(chunk);
        self.is_slot = (self.may_be_slot && has_slot(chunk.as_bytes()))
            || (self.letters == 3 && self.upper == 2 && chunk.contains("NaN"));
    }

    fn classify(&self, chunk: impl Text, core: impl Text) -> ChunkClass {
        use ChunkClass::*;
        if self.letters == 0 && self.digits == 0 {
            return match (self.chars, self.separators > 0) {
                (1, true) => Bullet,
                (_, true) => Separator,
                _ => Punctuation,
            };
        }
        if self.marks > 0 {
            let has_scheme = self.separators >= 2 && core.as_str().contains("://");
            if has_scheme || core.as_str().starts_with("www.") || core.as_str().starts_with("WWW.")
            {
                return Url;
            }
            if core.has('@')
                && let Some((name, host)) = core.as_str().split_once('@')
            {
                return if !name.is_empty() && host.contains('.') { Email } else { Handle };
            }
            if chunk.as_str().starts_with('#') && self.letters > 0 {
                return Handle;
            }
            if self.digits > 0 && chunk.has_currency() {
                return Price;
            }
        }
        if self.letters == 0 {
            return classify_digits(chunk, core, self.digits);
        }
        if is_company_suffix(core.as_str()) {
            return CompanySuffix;
        }
        if self.beyond_ascii > 0 && self.has_other_scripts() {
            return if self.is_latin { MixedScript } else { OtherScript };
        }
        if self.digits > 0 {
            return self.classify_alphanumeric(core);
        }
        if self.separators > 0 && core.has('-') {
            return Hyphenated;
        }
        if self.marks > 0 && is_domain(core) {
            return Url;
        }
        match (self.letters, self.upper) {
            (1, _) => SingleLetter,
            (_, 0) => Lower,
            (letters, upper) if letters == upper => Upper,
            (_, 1) if core.as_str().starts_with(char::is_uppercase) => Title,
            _ => Mixed,
        }
    }

    fn classify_alphanumeric(&self, core: impl Text) -> ChunkClass {
        let letters_first = core.as_str().starts_with(|c: char| c.is_alphabetic());
        let small_tail = !letters_first && self.letters <= 3 && self.upper <= 1;
        match () {
            () if self.marks > 0 && is_domain(core) => ChunkClass::Url,
            () if small_tail => ChunkClass::Ordinal,
            () if self.upper > 0 || self.digits >= 3 => ChunkClass::PartNumber,
            () => ChunkClass::Ordinal,
        }
    }
}

/// The chunk without opening marks before and closing marks after it.
fn core(chunk: &str) -> &str {
    let opened = chunk.trim_start_matches(|c| edge(c).encloses());
    opened.trim_end_matches(|c| edge(c).closes())
}

/// Whether a chunk with letters ends in a colon, or has one behind a letter: `Source:`,
/// `Time:2012`.
#[cold]
fn is_key(chunk: &str) -> bool {
    let is_colon = |c| matches!(c, ':' | '：');
    let Some((key, value)) = chunk.split_once(is_colon) else { return false };
    match value {
        "" => key.contains(char::is_alphabetic),
        // Of an address, or of a name in code.
        _ if value.starts_with("//") || value.starts_with(':') => false,
        _ => key.ends_with(|c: char| c.is_alphabetic() || c == ')'),
    }
}

/// Whether a chunk has a slot of a template: `{{x}}`, `{x}`, `${x}`, `[%x%]`, `[[x]]`, `<%=`,
/// `%s`, `@Model.X`.
#[cold]
fn has_slot(chunk: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    (0..chunk.len()).any(|place| {
        let rest = &chunk[place..];
        let behind_word = place > 0 && is_word(&chunk[place - 1]);
        match rest {
            [b'{', b'{', ..] | [b'$', b'{', ..] | [b'[' | b'<', b'%', ..] => true,
            [b'[', b'[', ..] => !behind_word,
            [b'{', rest @ ..] => {
                let behind_braces = place > 0 && matches!(chunk[place - 1], b'}' | b'^');
                let length = rest.iter().take_while(|b| is_word(b) || **b == b'.').count();
                length > 0 && rest.get(length) == Some(&b'}') && !behind_word && !behind_braces
            }
            [b'%', b's' | b'd', rest @ ..] => !behind_word && !rest.first().is_some_and(is_word),
            [b'%', b'1'..=b'9', b'$', b's' | b'd', ..] => true,
            _ => rest.starts_with(b"@Model.") && !behind_word,
        }
    })
}

fn is_company_suffix(core: &str) -> bool {
    let same_length = COMPANY_SUFFIXES.get(core.len()).copied().unwrap_or_default();
    same_length.iter().any(|suffix| core.eq_ignore_ascii_case(suffix))
}

/// `example.com`, `example.co.uk/path`.
fn is_domain(core: impl Text) -> bool {
    const ENDINGS: [&str; 14] = [
        "com", "org", "net", "info", "biz", "io", "cn", "uk", "de", "ru", "fr", "edu", "gov",
        "shop",
    ];
    if !core.has('.') {
        return false;
    }
    let text = core.as_str();
    let host = text.split('/').next().unwrap_or(text);
    host.rsplit_once('.').is_some_and(|(name, ending)| {
        name.len() >= 2 && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// A chunk with digits and no letters.
fn classify_digits(chunk: impl Text, core: impl Text, digits: u32) -> ChunkClass {
    use ChunkClass::*;
    if chunk.has('%') || chunk.has('％') {
        return Percent;
    }
    if core.is_digits_and("") {
        let text = core.as_str();
        let year = text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
        return if year { Year } else { Number };
    }
    if core.has(':') && core.is_digits_and(":.") && digits <= 6 {
        return Time;
    }
    let in_three = |mark, marks| core.count(mark) == 2 && core.is_digits_and(marks);
    if digits <= 8 && (in_three('/', "/") || in_three('-', "-") || in_three('.', ".")) {
        return Date;
    }
    if core.is_digits_and(".,") {
        return Decimal;
    }
    if digits >= 6 && core.is_digits_and("+-()./ ") {
        return Phone;
    }
    Number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_end_in_a_colon_or_have_a_value_behind_it() {
        for key in ["Hits:218", "Source:", "Time:2012-03", "(Tel:", "来源：", "Price(USD):5", "M3:"]
        {
            assert!(Chunk::of(key).is_some_and(|chunk| chunk.is_key), "{key}");
        }
        for other in [
            "https://a.example",
            "10:45",
            "12:30pm",
            "3:16",
            "2:",
            ":-)",
            ":smile:",
            "::",
            "std::vec",
            "mailto:a@b.example",
            "a",
            "file:///x",
        ] {
            assert!(Chunk::of(other).is_some_and(|chunk| !chunk.is_key), "{other}");
        }
    }

    #[test]
    fn slots_are_what_a_template_left() {
        for slot in [
            "{{x}}",
            "{{",
            "{name},",
            "({0})",
            "[%title%]",
            "%s",
            "\"%d\"",
            "%1$s",
            "${x}",
            "<%=",
            "[[x]]",
            "@Model.Name",
            "NaN",
            "(NaN%)",
        ] {
            assert!(Chunk::of(slot).is_some_and(|chunk| chunk.is_slot), "{slot}");
        }
        for other in [
            "\\frac{a}{b}",
            "x^{2}",
            "a[[1]]",
            "100%",
            "50%s",
            "%",
            "{a:b}",
            "{}",
            "[1]",
            "$5",
            "BaNaNa",
            "me@Model.com",
            "%ds9",
        ] {
            assert!(Chunk::of(other).is_some_and(|chunk| !chunk.is_slot), "{other}");
        }
    }

    #[test]
    fn chunks_have_the_class_a_reader_would_give_them() {
        use ChunkClass::*;
        for (chunk, class) in [
            ("valve,", Lower),
            ("“Valve”", Title),
            ("NASA's", Mixed),
            ("NASA", Upper),
            ("iPhone", Mixed),
            ("a", SingleLetter),
            ("42", Number),
            ("1,299.50", Decimal),
            ("(2019)", Year),
            ("4.5%", Percent),
            ("$12.99", Price),
            ("€5", Price),
            ("2016-03-01", Date),
            ("3/1/16", Date),
            ("10:45", Time),
            ("0755-8321-4455", Phone),
            ("10mm", Ordinal),
            ("2nd", Ordinal),
            ("STM32F103C8T6", PartNumber),
            ("FF200R12KE3", PartNumber),
            ("6ES7315-2AH14", PartNumber),
            ("win-win", Hyphenated),
            ("https://a.example/b", Url),
            ("pumps-online.com", Hyphenated),
            ("pumps.com", Url),
            ("sales@pumps.example.", Email),
            ("@editor", Handle),
            ("#news", Handle),
            ("Co.,", CompanySuffix),
            ("Ltd.", CompanySuffix),
            ("GmbH", CompanySuffix),
            ("|", Bullet),
            ("::", Punctuation),
            (">>", Separator),
            ("...", Punctuation),
            ("казино", OtherScript),
            ("cаsino", MixedScript),
        ] {
            assert_eq!(Chunk::of(chunk).map(|chunk| chunk.class), Some(class), "{chunk}");
        }
    }
}
