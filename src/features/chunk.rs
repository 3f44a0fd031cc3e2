//! Chunks: runs of characters without white space, and what each looks like.
//!
//! Each chunk has one [`ChunkClass`] (part number, price, date, all capitals, ...),
//! judged on its raw characters, and counts of them.

use std::borrow::Cow;
use std::ops::{Index, IndexMut};
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::script::Script;
use super::tokenizer::is_invisible;

/// What a chunk looks like, its outer punctuation aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    Punctuation,
    OtherScript,
    MixedScript,
}

impl ChunkClass {
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chunk {
    pub class: ChunkClass,
    pub chars: u32,
    pub letters: u32,
    pub digits: u32,
    pub marks: u32,
    pub beyond_ascii: u32,
    pub commas: u32,
    pub quotes: u32,
    pub brackets: u32,
    pub separators: u32,
    pub exclamations: u32,
    pub first: Edge,
    pub last: Edge,
    pub ends_sentence: bool,
    /// Letters beyond ASCII by script.
    pub scripts: [u32; Script::ALL.len()],
}

/// What is counted over the chunks and tokens of a paragraph.
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
    Links,
    Prices,
    PartNumbers,
    Dates,
    Phones,
    Numbers,
    Companies,
    Mixed,
    Tokens,
    FunctionWords,
    WeAndYou,
}

/// A number for each [`Count`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts<T>(pub [T; Count::WeAndYou as usize + 1]);

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

/// Bytes that a chunk may have to be a [`Sight`]; none of its counts is larger.
pub(super) const PLAIN_COUNT: usize = 16;
/// Tokens that a chunk may have to be a [`Sight`].
pub(super) const PLAIN_TOKENS: usize = 4;

/// All that a short chunk adds to its paragraph, worth remembering.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    pub counts: Counts<u16>,
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
        counts: Counts([0; Count::WeAndYou as usize + 1]),
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

/// The kind of a paragraph's first or last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Edge {
    #[default]
    Other,
    Upper,
    Lower,
    Digit,
    Stop,
    Exclamation,
    Question,
    Colon,
    Comma,
    Quote,
    Bracket,
    Ellipsis,
    Separator,
}

pub(super) const EDGE_NAMES: [&str; 13] = [
    "other",
    "upper-case",
    "lower-case",
    "digit",
    "full-stop",
    "exclamation",
    "question",
    "colon",
    "comma",
    "quote",
    "bracket",
    "ellipsis",
    "separator",
];

#[inline]
pub(super) fn edge(c: char) -> Edge {
    static ASCII: LazyLock<[Edge; 128]> =
        LazyLock::new(|| std::array::from_fn(|c| find_edge(char::from(c as u8))));
    ASCII.get(c as usize).copied().unwrap_or_else(|| find_edge(c))
}

fn find_edge(c: char) -> Edge {
    match c {
        'a'..='z' => Edge::Lower,
        'A'..='Z' => Edge::Upper,
        '0'..='9' => Edge::Digit,
        '.' | '。' | '．' | '।' | '۔' => Edge::Stop,
        '!' | '！' => Edge::Exclamation,
        '?' | '？' | '؟' => Edge::Question,
        ':' | '：' => Edge::Colon,
        ',' | ';' | '，' | '、' | '；' => Edge::Comma,
        '"' | '\'' | '“' | '”' | '‘' | '’' | '„' | '«' | '»' | '「' | '」' | '『' | '』' => {
            Edge::Quote
        }
        '(' | ')' | '[' | ']' | '{' | '}' | '（' | '）' | '【' | '】' => Edge::Bracket,
        '…' => Edge::Ellipsis,
        _ if is_separator(c) => Edge::Separator,
        _ if c.is_ascii() => Edge::Other,
        _ if c.is_uppercase() => Edge::Upper,
        _ if c.is_alphabetic() => Edge::Lower,
        _ if c.is_numeric() => Edge::Digit,
        _ => Edge::Other,
    }
}

fn is_separator(c: char) -> bool {
    matches!(
        c,
        '|' | '/'
            | '\\'
            | '>'
            | '<'
            | '~'
            | '*'
            | '_'
            | '+'
            | '='
            | '-'
            | '–'
            | '—'
            | '•'
            | '·'
            | '●'
            | '▪'
            | '■'
            | '□'
            | '◆'
            | '★'
            | '☆'
            | '›'
            | '‹'
            | '→'
            | '←'
            | '↑'
            | '↓'
            | '▶'
            | '►'
            | '▲'
            | '▼'
            | '×'
            | '✓'
            | '✔'
            | '｜'
            | '／'
            | '※'
            | '○'
            | '◎'
            | '♥'
    )
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '£' | '¥' | '€' | '₹' | '₽' | '₩' | '￥' | '₺' | '฿')
}

/// Company forms, lower case, without final punctuation.
pub(super) const COMPANY_SUFFIXES: [&str; 19] = [
    "co",
    "ltd",
    "inc",
    "llc",
    "gmbh",
    "corp",
    "plc",
    "s.a",
    "s.r.l",
    "srl",
    "pvt",
    "pty",
    "bv",
    "b.v",
    "llp",
    "co.,ltd",
    "co.ltd",
    "limited",
    "有限公司",
];

/// The chunk as it shows: invisible characters left out, accents joined to their
/// letters. Empty if nothing shows.
pub(super) fn visible(chunk: &str) -> Cow<'_, str> {
    let plain = |c: char| !is_invisible(c) && !is_combining_mark(c);
    if chunk.is_ascii() || chunk.chars().all(plain) {
        return Cow::Borrowed(chunk);
    }
    Cow::Owned(chunk.chars().filter(|c| !is_invisible(*c)).nfc().collect())
}

/// A chunk of nothing, to count from.
const EMPTY: Chunk = Chunk {
    class: ChunkClass::Punctuation,
    chars: 0,
    letters: 0,
    digits: 0,
    marks: 0,
    beyond_ascii: 0,
    commas: 0,
    quotes: 0,
    brackets: 0,
    separators: 0,
    exclamations: 0,
    first: Edge::Other,
    last: Edge::Other,
    ends_sentence: false,
    scripts: [0; Script::ALL.len()],
};

impl Chunk {
    /// Looks at a non-empty, [`visible`] chunk.
    pub(super) fn of(chunk: &str) -> Self {
        let core = core(chunk);
        let mut this = EMPTY;
        let mut cases = Cases::default();
        for c in chunk.chars() {
            this.count(c, &mut cases);
        }
        this.first = chunk.chars().next().map(edge).unwrap_or_default();
        this.last = chunk.chars().next_back().map(edge).unwrap_or_default();
        if chunk.ends_with("...") {
            this.last = Edge::Ellipsis;
        }
        let before_closing =
            chunk.trim_end_matches(|c| matches!(edge(c), Edge::Quote | Edge::Bracket));
        this.ends_sentence = before_closing.chars().next_back().is_some_and(|c| {
            matches!(edge(c), Edge::Stop | Edge::Exclamation | Edge::Question | Edge::Ellipsis)
        });
        this.class = this.classify(chunk, core, &cases);
        this
    }

    /// The counts, those of tokens left out.
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
        let capitalised = matches!(self.class, Title | Upper) || self.first == Edge::Upper;
        counts[Count::Capitalised] = u32::from(capitalised);
        counts[Count::AllCapitals] = u32::from(self.class == Upper);
        match self.class {
            Url | Email | Handle => counts[Count::Links] = 1,
            Price => counts[Count::Prices] = 1,
            PartNumber => counts[Count::PartNumbers] = 1,
            Date | Time | Year => counts[Count::Dates] = 1,
            Phone => counts[Count::Phones] = 1,
            Number | Decimal | Percent | Ordinal => counts[Count::Numbers] = 1,
            CompanySuffix => counts[Count::Companies] = 1,
            MixedScript => counts[Count::Mixed] = 1,
            _ => {}
        }
        counts
    }

    fn count(&mut self, c: char, cases: &mut Cases) {
        self.chars += 1;
        match c {
            'a'..='z' => {
                self.letters += 1;
                cases.lower += 1;
                cases.latin = true;
            }
            'A'..='Z' => {
                self.letters += 1;
                cases.upper += 1;
                cases.latin = true;
            }
            '0'..='9' => self.digits += 1,
            _ => {
                self.beyond_ascii += u32::from(!c.is_ascii());
                if c.is_alphabetic() {
                    self.letters += 1;
                    if c.is_uppercase() {
                        cases.upper += 1;
                    } else {
                        cases.lower += 1;
                    }
                    let script = Script::of(c);
                    cases.latin |= script == Script::Latin;
                    cases.other_script |= script != Script::Latin;
                    self.scripts[script as usize] += 1;
                } else if c.is_numeric() {
                    self.digits += 1;
                } else {
                    self.marks += 1;
                    match edge(c) {
                        Edge::Comma => self.commas += 1,
                        Edge::Quote => self.quotes += 1,
                        Edge::Bracket => self.brackets += 1,
                        Edge::Separator => self.separators += 1,
                        Edge::Exclamation => self.exclamations += 1,
                        _ => {}
                    }
                }
            }
        }
    }

    fn classify(&self, chunk: &str, core: &str, cases: &Cases) -> ChunkClass {
        use ChunkClass::*;
        if self.letters == 0 && self.digits == 0 {
            return match (self.chars, self.separators > 0) {
                (1, true) => Bullet,
                (_, true) => Separator,
                _ => Punctuation,
            };
        }
        if self.marks > 0 {
            let has_scheme = self.separators >= 2 && core.contains("://");
            if has_scheme || core.starts_with("www.") || core.starts_with("WWW.") {
                return Url;
            }
            if core.contains('@') {
                let mail = core
                    .split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
                return if mail { Email } else { Handle };
            }
            if chunk.starts_with('#') && self.letters > 0 {
                return Handle;
            }
            if self.digits > 0 && chunk.chars().any(is_currency) {
                return Price;
            }
        }
        if self.letters == 0 {
            return classify_digits(chunk, core, self.digits);
        }
        if is_company_suffix(core) {
            return CompanySuffix;
        }
        if cases.latin && cases.other_script {
            return MixedScript;
        }
        if cases.other_script {
            return OtherScript;
        }
        if self.digits > 0 {
            return self.classify_alphanumeric(core, cases);
        }
        if core.contains('-') {
            return Hyphenated;
        }
        if is_domain(core) {
            return Url;
        }
        match (self.letters, cases.upper, cases.lower) {
            (1, _, _) => SingleLetter,
            (_, 0, _) => Lower,
            (_, _, 0) => Upper,
            (_, 1, _) if core.starts_with(char::is_uppercase) => Title,
            _ => Mixed,
        }
    }

    fn classify_alphanumeric(&self, core: &str, cases: &Cases) -> ChunkClass {
        let letters_first = core.starts_with(|c: char| c.is_alphabetic());
        let small_tail = !letters_first && self.letters <= 3 && cases.upper <= 1;
        match () {
            () if is_domain(core) => ChunkClass::Url,
            () if small_tail => ChunkClass::Ordinal,
            () if cases.upper > 0 || self.digits >= 3 => ChunkClass::PartNumber,
            () => ChunkClass::Ordinal,
        }
    }
}

#[derive(Default)]
struct Cases {
    upper: u32,
    lower: u32,
    latin: bool,
    other_script: bool,
}

/// The chunk without opening marks before and closing marks after it.
fn core(chunk: &str) -> &str {
    let opened = chunk.trim_start_matches(|c| matches!(edge(c), Edge::Quote | Edge::Bracket));
    opened.trim_end_matches(|c| {
        matches!(
            edge(c),
            Edge::Quote
                | Edge::Bracket
                | Edge::Stop
                | Edge::Comma
                | Edge::Colon
                | Edge::Exclamation
                | Edge::Question
                | Edge::Ellipsis
        )
    })
}

fn is_company_suffix(core: &str) -> bool {
    let mut same_length = COMPANY_SUFFIXES.iter().filter(|suffix| suffix.len() == core.len());
    same_length.any(|suffix| core.eq_ignore_ascii_case(suffix))
}

/// `example.com`, `example.co.uk/path`.
fn is_domain(core: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "com", "org", "net", "info", "biz", "io", "cn", "uk", "de", "ru", "fr", "edu", "gov",
        "shop",
    ];
    let host = core.split('/').next().unwrap_or(core);
    host.rsplit_once('.').is_some_and(|(name, ending)| {
        name.len() >= 2 && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// A chunk with digits and no letters.
fn classify_digits(chunk: &str, core: &str, digits: u32) -> ChunkClass {
    use ChunkClass::*;
    if chunk.contains(['%', '％']) {
        return Percent;
    }
    let parts = |by: char| core.split(by).count();
    let only = |marks: &str| core.chars().all(|c| c.is_numeric() || marks.contains(c));
    if only("") {
        let year = core.len() == 4 && (core.starts_with("19") || core.starts_with("20"));
        return if year { Year } else { Number };
    }
    if core.contains(':') && only(":.") && digits <= 6 {
        return Time;
    }
    if digits <= 8
        && [('/', "/"), ('-', "-"), ('.', ".")]
            .iter()
            .any(|(by, marks)| parts(*by) == 3 && only(marks))
    {
        return Date;
    }
    if only(".,") {
        return Decimal;
    }
    if digits >= 6 && only("+-()./ ") {
        return Phone;
    }
    Number
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(Chunk::of(chunk).class, class, "{chunk}");
        }
    }
}
