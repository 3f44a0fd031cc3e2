//! What a character looks like, looked up in a table that is made page by page.

use std::sync::OnceLock;

use unicode_normalization::char::is_combining_mark;

use super::readable::is_code_mark;
use super::script::Script;
use super::tokenizer::is_invisible;

/// What is counted over characters: eleven counts side by side, so that one addition adds
/// to all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CharCounts(u64);

impl CharCounts {
    /// So many may be added up.
    pub(super) const MOST: usize = (1 << CharCounts::BITS) - 1;
    /// Bits of each count.
    const BITS: u32 = 5;
    /// How many counts there are.
    const EACH: usize = 11;

    const NOTHING: Self = CharCounts(0);
    const LOWER: Self = CharCounts::one(0);
    const UPPER: Self = CharCounts::one(1);
    const DIGIT: Self = CharCounts::one(2);
    const COMMA: Self = CharCounts::one(3);
    const QUOTE: Self = CharCounts::one(4);
    const BRACKET: Self = CharCounts::one(5);
    const SEPARATOR: Self = CharCounts::one(6);
    const EXCLAMATION: Self = CharCounts::one(7);
    /// Marks that code is full of, and those that a slot of a template may start with.
    const CODE: Self = CharCounts::one(8);
    const SLOT: Self = CharCounts::one(9);
    const COLON: Self = CharCounts::one(10);

    const fn one(place: u32) -> Self {
        CharCounts(1 << (CharCounts::BITS * place))
    }

    #[inline]
    pub(super) fn add(&mut self, other: CharCounts) {
        self.0 += other.0;
    }

    /// The counts one by one, in the order above.
    pub(super) fn each(self) -> [u32; CharCounts::EACH] {
        std::array::from_fn(|i| {
            (self.0 >> (CharCounts::BITS * i as u32)) as u32 & CharCounts::MOST as u32
        })
    }
}

/// What a character looks like.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub counts: CharCounts,
    pub edge: Edge,
    /// The script of a letter beyond ASCII.
    pub script: Option<Script>,
    /// Whether it shows, by itself: it is neither invisible nor a part of the letter before
    /// it, as an accent is.
    pub shows: bool,
}

/// Whether it is a vowel or a final consonant of a Hangul syllable that is spelt out.
fn is_in_syllable(c: char) -> bool {
    matches!(c, '\u{1160}'..='\u{11ff}')
}

const PAGE: usize = 256;

impl Kind {
    #[inline]
    pub(super) fn of(c: char) -> &'static Kind {
        &Kind::page(c as usize / PAGE)[c as usize % PAGE]
    }

    /// The characters below 256.
    #[inline]
    pub(super) fn of_bytes() -> &'static [Kind; PAGE] {
        Kind::page(0)
    }

    #[inline]
    fn page(number: usize) -> &'static [Kind; PAGE] {
        static PAGES: [OnceLock<Box<[Kind; PAGE]>>; 0x11_0000 / PAGE] =
            [const { OnceLock::new() }; 0x11_0000 / PAGE];
        PAGES[number].get_or_init(|| {
            Box::new(std::array::from_fn(|i| {
                Kind::find(char::from_u32((number * PAGE + i) as u32).unwrap_or_default())
            }))
        })
    }

    fn find(c: char) -> Self {
        let edge = find_edge(c);
        let mut counts = match edge {
            _ if c.is_uppercase() => CharCounts::UPPER,
            _ if c.is_alphabetic() => CharCounts::LOWER,
            _ if c.is_numeric() => CharCounts::DIGIT,
            Edge::Comma => CharCounts::COMMA,
            Edge::Quote => CharCounts::QUOTE,
            Edge::Bracket => CharCounts::BRACKET,
            Edge::Separator => CharCounts::SEPARATOR,
            Edge::Exclamation => CharCounts::EXCLAMATION,
            _ => CharCounts::NOTHING,
        };
        let more = [
            (is_code_mark(c), CharCounts::CODE),
            (matches!(c, '{' | '[' | '<' | '%' | '$' | '@'), CharCounts::SLOT),
            (edge == Edge::Colon, CharCounts::COLON),
        ];
        more.iter().filter(|(is, _)| *is).for_each(|(_, count)| counts.add(*count));
        Kind {
            counts,
            edge,
            script: (!c.is_ascii() && c.is_alphabetic()).then(|| Script::of(c)),
            shows: !is_invisible(c) && !is_combining_mark(c) && !is_in_syllable(c),
        }
    }
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

impl Edge {
    /// Whether it opens or closes what stands within it.
    pub(super) fn encloses(self) -> bool {
        matches!(self, Edge::Quote | Edge::Bracket)
    }

    pub(super) fn ends_sentence(self) -> bool {
        matches!(self, Edge::Stop | Edge::Exclamation | Edge::Question | Edge::Ellipsis)
    }

    /// Whether it may stand behind what a chunk is about.
    pub(super) fn closes(self) -> bool {
        self.encloses() || self.ends_sentence() || matches!(self, Edge::Comma | Edge::Colon)
    }
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
    Kind::of(c).edge
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
