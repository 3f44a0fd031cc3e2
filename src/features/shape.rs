//! The form of a paragraph: token classes and shape numbers, whatever the words.
//!
//! A *chunk* is a run of characters without white space. Each has one
//! [`ChunkClass`] (part number, price, date, all capitals, ...), judged on the
//! raw characters. A paragraph's [`Shape`] collects about thirty numbers over
//! its chunks; each is cut into bins, and a few pairs of them into crossed bins,
//! so that a linear model can give any form to each.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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

/// Writing systems, as far as the model tells them apart.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Script {
    /// Latin letters, or no letters at all.
    #[default]
    Latin,
    /// Greek letters.
    Greek,
    /// Cyrillic letters.
    Cyrillic,
    /// Hebrew letters.
    Hebrew,
    /// Arabic letters.
    Arabic,
    /// Devanagari letters.
    Devanagari,
    /// Chinese characters and Japanese kana.
    Han,
    /// Hangul syllables.
    Hangul,
    /// Any other script.
    Other,
}

impl Script {
    /// All scripts, in order.
    pub const ALL: [Script; 9] = [
        Script::Latin,
        Script::Greek,
        Script::Cyrillic,
        Script::Hebrew,
        Script::Arabic,
        Script::Devanagari,
        Script::Han,
        Script::Hangul,
        Script::Other,
    ];

    /// The script of a letter.
    fn of(letter: char) -> Self {
        match letter {
            _ if is_latin(letter) => Script::Latin,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
            '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' => Script::Cyrillic,
            '\u{590}'..='\u{5ff}' => Script::Hebrew,
            '\u{600}'..='\u{77f}'
            | '\u{8a0}'..='\u{8ff}'
            | '\u{fb50}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}' => Script::Arabic,
            '\u{900}'..='\u{97f}' => Script::Devanagari,
            '\u{3005}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{323af}' => Script::Han,
            '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}' => Script::Hangul,
            _ => Script::Other,
        }
    }
}

/// Counts over the characters of one chunk, and its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub class: ChunkClass,
    chars: u32,
    letters: u32,
    digits: u32,
    marks: u32,
    beyond_ascii: u32,
    commas: u32,
    quotes: u32,
    brackets: u32,
    separators: u32,
    exclamations: u32,
    first: Edge,
    last: Edge,
    ends_sentence: bool,
    /// Letters beyond ASCII by script.
    scripts: [u32; Script::ALL.len()],
}

/// The kind of a paragraph's first or last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
enum Edge {
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

const EDGE_NAMES: [&str; 13] = [
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

fn edge(c: char) -> Edge {
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
const COMPANY_SUFFIXES: [&str; 19] = [
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

impl Chunk {
    /// Looks at a non-empty, [`visible`] chunk.
    pub(super) fn of(chunk: &str) -> Self {
        let core = core(chunk);
        let mut this = Chunk {
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
            if core.contains("://") || core.starts_with("www.") || core.starts_with("WWW.") {
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
        if core.contains("-") {
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

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{aa}' | '\u{b5}' | '\u{ba}' | '\u{c0}'..='\u{24f}'
        | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
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
    core.len() <= 12 && COMPANY_SUFFIXES.iter().any(|suffix| core.eq_ignore_ascii_case(suffix))
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

/// A shape number: its name and the lower edges of its bins but the first.
struct Measure {
    name: &'static str,
    edges: &'static [f32],
}

const fn measure(name: &'static str, edges: &'static [f32]) -> Measure {
    Measure { name, edges }
}

const EDGE_BINS: &[f32] = &[1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.];
const COUNTS: &[f32] = &[1., 2., 3., 5., 8.];
const SHARES: &[f32] = &[0.001, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];

const WORDS: usize = 0;
const FUNCTION_WORDS: usize = 1;
const FIRST: usize = 2;
const LAST: usize = 3;
const TITLE: usize = 4;
const SENTENCES: usize = 7;

const MEASURES: [Measure; SHAPE_COUNT] = [
    measure("words", &[2., 3., 4., 5., 6., 8., 10., 13., 17., 23., 30., 40., 60., 90., 150., 300.]),
    measure("share-of-function-words", &[0.001, 0.08, 0.15, 0.22, 0.3, 0.38, 0.46, 0.55]),
    measure("first-character", EDGE_BINS),
    measure("last-character", EDGE_BINS),
    measure("share-of-capitalised-words", SHARES),
    measure("share-of-all-capitals", SHARES),
    measure("share-of-digits", SHARES),
    measure("sentence-ends", &[1., 2., 3., 4., 6., 10., 20.]),
    measure("words-per-sentence", &[4., 8., 12., 16., 20., 26., 35., 60.]),
    measure("mean-chunk-length", &[2., 3., 3.8, 4.4, 5., 5.6, 6.4, 8., 12.]),
    measure("longest-chunk", &[4., 7., 10., 13., 16., 20., 30., 60.]),
    measure("share-of-marks", SHARES),
    measure("share-beyond-ascii", SHARES),
    measure("commas-per-word", &[0.001, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4]),
    measure("separators", COUNTS),
    measure("links", COUNTS),
    measure("prices", COUNTS),
    measure("part-numbers", COUNTS),
    measure("dates-and-times", COUNTS),
    measure("phones", &[1., 2.]),
    measure("numbers", COUNTS),
    measure("share-of-distinct-words", &[0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97]),
    measure("share-of-we-and-you", &[0.001, 0.03, 0.06, 0.1, 0.15]),
    measure("exclamations", &[1., 2., 3.]),
    measure("quotes", &[1., 2., 3., 5.]),
    measure("brackets", &[1., 2., 3., 5.]),
    measure("longest-capitalised-run", &[1., 2., 3., 4., 5., 6., 8., 12.]),
    measure("company-suffixes", &[1., 2.]),
    measure("mixed-script-words", &[1., 2.]),
    measure("tokens-per-word", &[1.05, 1.15, 1.3, 1.5, 2., 3.]),
];

/// How many shape numbers there are.
pub const SHAPE_COUNT: usize = 30;

/// Pairs of shape numbers whose bins are crossed.
const CROSSES: [(usize, usize); 6] = [
    (WORDS, LAST),
    (WORDS, FUNCTION_WORDS),
    (WORDS, TITLE),
    (FIRST, LAST),
    (WORDS, FIRST),
    (WORDS, SENTENCES),
];

const fn bins(measure: usize) -> usize {
    MEASURES[measure].edges.len() + 1
}

const OFFSETS: [usize; SHAPE_COUNT + CROSSES.len() + 1] = {
    let mut offsets = [0; SHAPE_COUNT + CROSSES.len() + 1];
    let mut i = 0;
    while i < SHAPE_COUNT {
        offsets[i + 1] = offsets[i] + bins(i);
        i += 1;
    }
    while i < SHAPE_COUNT + CROSSES.len() {
        let (a, b) = CROSSES[i - SHAPE_COUNT];
        offsets[i + 1] = offsets[i] + bins(a) * bins(b);
        i += 1;
    }
    offsets
};

/// How many bins there are, crossed ones included; bin ids are below it.
pub const BIN_COUNT: usize = OFFSETS[SHAPE_COUNT + CROSSES.len()];

/// How many bins one paragraph falls into.
pub(super) const BINS_PER_SHAPE: usize = SHAPE_COUNT + CROSSES.len();

/// The name of a shape number, `index` below [`SHAPE_COUNT`].
pub fn shape_name(index: usize) -> &'static str {
    MEASURES[index].name
}

/// What a bin stands for, such as `words 3 to 4` or `last-character full-stop`.
pub fn bin_name(bin: usize) -> String {
    let row = OFFSETS.partition_point(|offset| *offset <= bin) - 1;
    let inside = bin - OFFSETS[row];
    match row.checked_sub(SHAPE_COUNT) {
        None => range_name(row, inside),
        Some(cross) => {
            let (a, b) = CROSSES[cross];
            let (bin_a, bin_b) = (inside / bins(b), inside % bins(b));
            format!("{} & {}", range_name(a, bin_a), range_name(b, bin_b))
        }
    }
}

fn range_name(measure: usize, bin: usize) -> String {
    let Measure { name, edges } = MEASURES[measure];
    if measure == FIRST || measure == LAST {
        return format!("{name} {}", EDGE_NAMES[bin]);
    }
    match (bin.checked_sub(1).map(|low| edges[low]), edges.get(bin)) {
        (None, Some(high)) => format!("{name} < {high}"),
        (Some(low), Some(high)) => format!("{name} {low}..{high}"),
        (Some(low), None) => format!("{name} >= {low}"),
        (None, None) => name.to_owned(),
    }
}

/// The shape numbers of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    values: [f32; SHAPE_COUNT],
}

impl Default for Shape {
    fn default() -> Self {
        Shape { values: [0.0; SHAPE_COUNT] }
    }
}

impl Shape {
    /// The numbers, named by [`shape_name`]; all finite, none negative.
    pub fn values(&self) -> &[f32; SHAPE_COUNT] {
        &self.values
    }

    /// Number of chunks, the paragraph's words as white space separates them.
    pub fn words(&self) -> f32 {
        self.values[WORDS]
    }

    /// Share of words that carry grammar rather than meaning.
    pub fn function_words(&self) -> f32 {
        self.values[FUNCTION_WORDS]
    }

    /// Whether the last character ends a sentence.
    pub fn ends_like_prose(&self) -> bool {
        [Edge::Stop, Edge::Exclamation, Edge::Question, Edge::Quote]
            .iter()
            .any(|edge| *edge as u8 as f32 == self.values[LAST])
    }

    /// Whether the first character is a lower-case letter.
    pub fn starts_lower(&self) -> bool {
        self.values[FIRST] == Edge::Lower as u8 as f32
    }

    /// Share of words that start with a capital.
    pub fn capitalised(&self) -> f32 {
        self.values[TITLE]
    }

    /// Share of digits among the characters.
    pub fn digits(&self) -> f32 {
        self.values[6]
    }

    /// Appends the ids of the bins that the numbers fall into, one a measure and
    /// one a crossed pair, each below [`BIN_COUNT`].
    pub(super) fn push_bins(&self, out: &mut Vec<u32>) {
        let mut bin = [0usize; SHAPE_COUNT];
        for (measure, (value, slot)) in MEASURES.iter().zip(self.values.iter().zip(&mut bin)) {
            *slot = measure.edges.iter().take_while(|edge| **edge <= *value).count();
        }
        for (offset, bin) in OFFSETS.iter().zip(bin) {
            out.push((offset + bin) as u32);
        }
        for (offset, (a, b)) in OFFSETS[SHAPE_COUNT..].iter().zip(CROSSES) {
            out.push((offset + bin[a] * bins(b) + bin[b]) as u32);
        }
    }
}

/// Sums over a paragraph's chunks and tokens, from which its [`Shape`] is made.
#[derive(Default)]
pub(super) struct ShapeSums {
    chunks: u32,
    chars: u32,
    letters: u32,
    digits: u32,
    marks: u32,
    beyond_ascii: u32,
    commas: u32,
    quotes: u32,
    brackets: u32,
    separators: u32,
    exclamations: u32,
    sentences: u32,
    longest: u32,
    capitalised: u32,
    all_capitals: u32,
    capitalised_run: u32,
    longest_run: u32,
    links: u32,
    prices: u32,
    part_numbers: u32,
    dates: u32,
    phones: u32,
    numbers: u32,
    companies: u32,
    mixed: u32,
    first: Edge,
    last: Edge,
    tokens: u32,
    function_words: u32,
    we_and_you: u32,
    seen: [u64; 16],
    scripts: [u32; Script::ALL.len()],
}

impl ShapeSums {
    pub(super) fn add_chunk(&mut self, chunk: &Chunk) {
        use ChunkClass::*;
        if self.chunks == 0 {
            self.first = chunk.first;
        }
        self.last = chunk.last;
        self.chunks += 1;
        self.chars += chunk.chars;
        self.letters += chunk.letters;
        self.digits += chunk.digits;
        self.marks += chunk.marks;
        self.beyond_ascii += chunk.beyond_ascii;
        self.commas += chunk.commas;
        self.quotes += chunk.quotes;
        self.brackets += chunk.brackets;
        self.separators += chunk.separators;
        self.exclamations += chunk.exclamations;
        self.sentences += u32::from(chunk.ends_sentence);
        self.longest = self.longest.max(chunk.chars);
        if chunk.beyond_ascii > 0 {
            self.scripts.iter_mut().zip(chunk.scripts).for_each(|(sum, count)| *sum += count);
        }
        let capitalised = matches!(chunk.class, Title | Upper) || chunk.first == Edge::Upper;
        self.capitalised += u32::from(capitalised);
        self.all_capitals += u32::from(chunk.class == Upper);
        self.capitalised_run = if capitalised { self.capitalised_run + 1 } else { 0 };
        self.longest_run = self.longest_run.max(self.capitalised_run);
        match chunk.class {
            Url | Email | Handle => self.links += 1,
            Price => self.prices += 1,
            PartNumber => self.part_numbers += 1,
            Date | Time | Year => self.dates += 1,
            Phone => self.phones += 1,
            Number | Decimal | Percent | Ordinal => self.numbers += 1,
            CompanySuffix => self.companies += 1,
            MixedScript => self.mixed += 1,
            _ => {}
        }
    }

    pub(super) fn add_token(&mut self, hash: u64, function_word: bool, we_or_you: bool) {
        self.tokens += 1;
        self.function_words += u32::from(function_word);
        self.we_and_you += u32::from(we_or_you);
        let bit = (hash >> 40) as usize % (64 * self.seen.len());
        self.seen[bit / 64] |= 1 << (bit % 64);
    }

    /// The script of more than half of the letters, Latin if there is none such.
    pub(super) fn script(&self) -> Script {
        let most = |script: &Script| self.scripts[*script as usize] * 2 > self.letters;
        Script::ALL.into_iter().find(most).unwrap_or_default()
    }

    pub(super) fn shape(&self) -> Shape {
        let share = |part: u32, whole: u32| part as f32 / whole.max(1) as f32;
        let distinct: u32 = self.seen.iter().map(|word| word.count_ones()).sum();
        // In the order of MEASURES.
        let values = [
            self.chunks as f32,
            share(self.function_words, self.chunks),
            self.first as u8 as f32,
            self.last as u8 as f32,
            share(self.capitalised, self.chunks),
            share(self.all_capitals, self.chunks),
            share(self.digits, self.chars),
            self.sentences as f32,
            share(self.chunks, self.sentences),
            share(self.chars, self.chunks),
            self.longest as f32,
            share(self.marks, self.chars),
            share(self.beyond_ascii, self.chars),
            share(self.commas, self.chunks),
            self.separators as f32,
            self.links as f32,
            self.prices as f32,
            self.part_numbers as f32,
            self.dates as f32,
            self.phones as f32,
            self.numbers as f32,
            share(distinct, self.tokens.min(400)).min(1.0),
            share(self.we_and_you, self.chunks),
            self.exclamations as f32,
            self.quotes as f32,
            self.brackets as f32,
            self.longest_run as f32,
            self.companies as f32,
            self.mixed as f32,
            share(self.tokens, self.chunks),
        ];
        Shape { values }
    }
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

    #[test]
    fn every_bin_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = (0..BIN_COUNT).map(bin_name).collect();
        assert_eq!(names.len(), BIN_COUNT);
    }

    #[test]
    fn edge_bins_name_every_edge() {
        assert_eq!(EDGE_NAMES.len(), Edge::Separator as usize + 1);
        assert_eq!(EDGE_BINS.len() + 1, EDGE_NAMES.len());
    }

    #[test]
    fn an_empty_paragraph_has_a_finite_shape() {
        let shape = ShapeSums::default().shape();
        assert!(shape.values().iter().all(|value| value.is_finite()));
    }
}
