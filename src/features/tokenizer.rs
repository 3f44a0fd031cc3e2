//! Tokens, as a Hugging Face `tokenizers` pipeline defines them, and a table
//! that gives the same tokens without running it.
//!
//! The pipeline (normaliser and pre-tokeniser, no vocabulary) is data: it
//! travels in the model file, and loading the same JSON in Python gives the
//! same tokens. It runs at a few MB/s and takes a tenth of a second to set up.
//! [`Tokenizer::action`] says what the pipeline makes of a single character, so that
//! a scanner can do without it wherever characters do not act on each other, and
//! [`tokens_by_steps`] what it makes of a chunk where they do. Both use the Unicode
//! tables that the pipeline itself uses; tests ask the pipeline about every character
//! and about random text.
//!
//! This file is the only one that names the `tokenizers` crate.

use std::sync::{LazyLock, OnceLock};

use regex_syntax::hir::{ClassUnicode, HirKind};
use tokenizers::normalizer::NormalizedString;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::tokenizer::pre_tokenizer::PreTokenizedString;
use tokenizers::{Normalizer, PreTokenizer};
use tokenizers::{NormalizerWrapper, OffsetReferential, OffsetType};
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};
use unicode_normalization::{IsNormalized, is_nfc_quick};
use unicode_normalization_alignments::UnicodeNormalization;

/// Characters that show nothing: zero-width, direction marks, soft hyphen,
/// variation selectors, tags.
const INVISIBLE: &str = "[\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}-\u{180f}\
    \u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{3164}\u{fe00}-\u{fe0f}\u{feff}\
    \u{ffa0}\u{fff9}-\u{fffb}\u{e0000}-\u{e0fff}]";

/// Whether `c` is one of [`INVISIBLE`].
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Letters of other scripts that pass for a Latin one, lower case.
const LOOK_ALIKES: [(char, char); 31] = [
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('к', 'k'),
    ('м', 'm'),
    ('т', 't'),
    ('н', 'h'),
    ('в', 'b'),
    ('α', 'a'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('ν', 'v'),
    ('υ', 'u'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('ε', 'e'),
    ('τ', 't'),
    ('χ', 'x'),
    ('η', 'n'),
    ('γ', 'y'),
];

/// One token each: whatever is no letter, mark or number, and the letters of
/// scripts that put no space between words.
const SINGLE: &str =
    r"[^\p{L}\p{M}\p{N}]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]";

/// What the pipeline makes of one character, where neighbours do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing is left of it.
    Drop,
    /// It goes on with, or starts, a word, in this form.
    Word(char),
    /// It is a token of its own, in this form.
    Single(char),
    /// It becomes several characters (`…`, `½`, `™`), each a part of a word or
    /// (`true`) a token of its own.
    Expand(Box<[(char, bool)]>),
    /// What becomes of it depends on its neighbours: take the steps of the pipeline.
    Ask,
}

const PAGE: usize = 256;
const PAGES: usize = 0x11_0000 / PAGE;

/// Digits, which all become `0`.
const DIGIT: &str = r"\p{Nd}";

/// The tokenizer of a model.
pub struct Tokenizer {
    pipeline: OnceLock<Option<Pipeline>>,
    pages: Box<[OnceLock<Box<[Action]>>]>,
}

struct Pipeline {
    normalizer: NormalizerWrapper,
    pre_tokenizer: PreTokenizerWrapper,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer").finish_non_exhaustive()
    }
}

impl Default for Tokenizer {
    fn default() -> Self {
        Tokenizer {
            pipeline: OnceLock::new(),
            pages: (0..PAGES).map(|_| OnceLock::new()).collect(),
        }
    }
}

impl Tokenizer {
    /// The description of despam's own pipeline, in the `tokenizer.json` form.
    ///
    /// Invisible characters go, then NFKC, lower case, look-alike letters within
    /// Latin words become Latin, digits become `0`; split at white space, with
    /// every mark and sign, and every letter of a script without spaces, a token of
    /// its own.
    pub fn standard_json() -> String {
        let mut steps = vec![
            serde_json::json!({"type": "Replace", "pattern": {"Regex": INVISIBLE}, "content": ""}),
            serde_json::json!({"type": "NFKC"}),
            serde_json::json!({"type": "Lowercase"}),
        ];
        for (alike, latin) in LOOK_ALIKES {
            let pattern = format!(
                r"(?<=[a-z]|[a-z]\p{{L}}|[a-z]\p{{L}}\p{{L}}){alike}|{alike}(?=\p{{L}}{{0,2}}[a-z])"
            );
            steps.push(
                serde_json::json!({"type": "Replace", "pattern": {"Regex": pattern}, "content": latin}),
            );
        }
        steps.push(
            serde_json::json!({"type": "Replace", "pattern": {"Regex": DIGIT}, "content": "0"}),
        );
        serde_json::json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [],
            "normalizer": {"type": "Sequence", "normalizers": steps},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "WhitespaceSplit"},
                {"type": "Split", "pattern": {"Regex": SINGLE}, "behavior": "Isolated", "invert": false},
            ]},
            "post_processor": null,
            "decoder": null,
            "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"},
        })
        .to_string()
    }

    /// The tokens of `text`, by the pipeline itself.
    pub fn tokens(&self, text: &str) -> Vec<String> {
        // Nothing here can fail: the description is sound, the patterns have bounded
        // look-around and the steps are total. A failure would mean no tokens, and the
        // equality test would show it.
        let pipeline = self.pipeline.get_or_init(|| Pipeline::load(&Tokenizer::standard_json()));
        let Some(Pipeline { normalizer, pre_tokenizer }) = pipeline else { return Vec::new() };
        let mut normalized = NormalizedString::from(text);
        if normalizer.normalize(&mut normalized).is_err() {
            return Vec::new();
        }
        let mut pieces = PreTokenizedString::from(normalized.get());
        if pre_tokenizer.pre_tokenize(&mut pieces).is_err() {
            return Vec::new();
        }
        pieces
            .get_splits(OffsetReferential::Normalized, OffsetType::Byte)
            .into_iter()
            .filter(|(token, _, _)| !token.is_empty())
            .map(|(token, _, _)| token.to_owned())
            .collect()
    }

    /// What the pipeline makes of `c`.
    pub(super) fn action(&self, c: char) -> &Action {
        let code = c as usize;
        let page = self.pages[code / PAGE].get_or_init(|| learn_page(code / PAGE));
        &page[code % PAGE]
    }
}

impl Pipeline {
    fn load(json: &str) -> Option<Self> {
        let mut parts: serde_json::Value = serde_json::from_str(json).ok()?;
        Some(Pipeline {
            normalizer: serde_json::from_value(parts["normalizer"].take()).ok()?,
            pre_tokenizer: serde_json::from_value(parts["pre_tokenizer"].take()).ok()?,
        })
    }
}

/// The tokens of a chunk, where its characters act on each other: the steps of the
/// pipeline by the tables it uses. Setting the pipeline itself up takes longer than
/// filtering many a file.
pub(super) fn tokens_by_steps(chunk: &str) -> Vec<String> {
    let shown = chunk.chars().filter(|c| !is_invisible(*c));
    let mut form: Vec<char> = shown.nfkc().flat_map(|(c, _)| c.to_lowercase()).collect();
    if form.iter().any(|c| is_look_alike(*c)) {
        LOOK_ALIKES.iter().for_each(|(alike, latin)| make_latin(&mut form, *alike, *latin));
    }
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in form {
        let c = if has(&DIGITS, c) { '0' } else { c };
        let single = has(&SINGLES, c);
        if (single || c.is_whitespace()) && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match c {
            _ if c.is_whitespace() => {}
            _ if single => tokens.push(c.to_string()),
            _ => word.push(c),
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

/// Turns a letter into the Latin one it looks like wherever an ASCII letter stands no
/// further than three letters from it.
fn make_latin(form: &mut [char], alike: char, latin: char) {
    let near = |letters: &mut dyn Iterator<Item = &char>| {
        for c in letters.take(3) {
            if c.is_ascii_lowercase() {
                return true;
            }
            if !has(&LETTERS, *c) {
                return false;
            }
        }
        false
    };
    let found = |i: &usize| {
        form[*i] == alike
            && (near(&mut form[..*i].iter().rev()) || near(&mut form[*i + 1..].iter()))
    };
    let places: Vec<usize> = (0..form.len()).filter(found).collect();
    places.into_iter().for_each(|i| form[i] = latin);
}

static DIGITS: LazyLock<ClassUnicode> = LazyLock::new(|| class(DIGIT));
static LETTERS: LazyLock<ClassUnicode> = LazyLock::new(|| class(r"\p{L}"));
static SINGLES: LazyLock<ClassUnicode> = LazyLock::new(|| class(SINGLE));

fn learn_page(page: usize) -> Box<[Action]> {
    (0..PAGE).map(|i| char::from_u32((page * PAGE + i) as u32).map_or(Action::Ask, learn)).collect()
}

fn learn(c: char) -> Action {
    if is_invisible(c) {
        return Action::Drop;
    }
    if acts_on_neighbours(c) {
        return Action::Ask;
    }
    let lower = std::iter::once(c).nfkc().flat_map(|(c, _)| c.to_lowercase());
    let form: Vec<char> = lower.map(|c| if has(&DIGITS, c) { '0' } else { c }).collect();
    if form.iter().any(|c| c.is_whitespace()) {
        return Action::Ask;
    }
    let pieces: Box<[(char, bool)]> = form.into_iter().map(|c| (c, has(&SINGLES, c))).collect();
    match pieces[..] {
        [] => Action::Drop,
        [(c, false)] => Action::Word(c),
        [(c, true)] => Action::Single(c),
        _ => Action::Expand(pieces),
    }
}

/// The characters that a pattern for one character matches, by the tables of the
/// regular expressions that the pipeline is made of.
fn class(pattern: &str) -> ClassUnicode {
    let parsed = regex_syntax::parse(pattern);
    match parsed.as_ref().map(|parsed| parsed.kind()) {
        Ok(HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => class.clone(),
        _ => ClassUnicode::empty(),
    }
}

fn has(class: &ClassUnicode, c: char) -> bool {
    let ranges = class.ranges();
    let next = ranges.partition_point(|range| range.end() < c);
    ranges.get(next).is_some_and(|range| range.start() <= c)
}

/// Whether normalising `c` can change, or be changed by, the characters around it.
fn acts_on_neighbours(c: char) -> bool {
    let mut acts = false;
    let mut first = true;
    decompose_compatible(c, |d| {
        let joins_previous = canonical_combining_class(d) != 0
            || is_nfc_quick(std::iter::once(d)) != IsNormalized::Yes;
        acts |= first && joins_previous;
        first = false;
    });
    acts
}

/// Whether `c`, in its normalised form, may be one of the letters that the
/// pipeline takes for a Latin one within a Latin word.
pub(super) fn is_look_alike(c: char) -> bool {
    // Every entry of LOOK_ALIKES lies in these blocks: Greek and Cyrillic.
    matches!(c, '\u{370}'..='\u{52f}')
}
