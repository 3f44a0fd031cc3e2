//! Tokens, as a Hugging Face `tokenizers` pipeline defines them, and a table
//! that gives the same tokens without running it.
//!
//! The pipeline (normaliser and pre-tokeniser, no vocabulary) is data: it
//! travels in the model file, and loading the same JSON in Python gives the
//! same tokens. It runs at a few MB/s. [`Tokenizer::action`] says what the
//! pipeline makes of a single character, learnt by asking it, so that a scanner
//! can do without it wherever characters do not act on each other.
//!
//! This file is the only one that names the `tokenizers` crate.

use std::sync::OnceLock;

use tokenizers::normalizer::NormalizedString;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::tokenizer::pre_tokenizer::PreTokenizedString;
use tokenizers::{Normalizer, PreTokenizer};
use tokenizers::{NormalizerWrapper, OffsetReferential, OffsetType};
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};
use unicode_normalization::{IsNormalized, is_nfc_quick};

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
    /// What becomes of it depends on its neighbours: ask the pipeline.
    Ask,
}

const PAGE: usize = 256;
const PAGES: usize = 0x11_0000 / PAGE;

/// The tokenizer of a model.
pub struct Tokenizer {
    normalizer: NormalizerWrapper,
    pre_tokenizer: PreTokenizerWrapper,
    pages: Box<[OnceLock<Box<[Action]>>]>,
}

/// A tokenizer description that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("unusable tokenizer: {0}")]
pub struct TokenizerError(String);

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer").finish_non_exhaustive()
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
            serde_json::json!({"type": "Replace", "pattern": {"Regex": r"\p{Nd}"}, "content": "0"}),
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

    /// A tokenizer from its `tokenizer.json` description.
    pub fn from_json(json: &str) -> Result<Self, TokenizerError> {
        let bad = |cause: &dyn std::fmt::Display| TokenizerError(cause.to_string());
        let mut parts: serde_json::Value = serde_json::from_str(json).map_err(|e| bad(&e))?;
        let normalizer = serde_json::from_value(parts["normalizer"].take()).map_err(|e| bad(&e))?;
        let pre_tokenizer =
            serde_json::from_value(parts["pre_tokenizer"].take()).map_err(|e| bad(&e))?;
        Ok(Tokenizer {
            normalizer,
            pre_tokenizer,
            pages: (0..PAGES).map(|_| OnceLock::new()).collect(),
        })
    }

    /// The tokens of `text`, by the pipeline itself.
    pub fn tokens(&self, text: &str) -> Vec<String> {
        // Neither step can fail: the patterns have bounded look-around and the
        // steps are total. A failure would mean no tokens, and the equality test
        // would show it.
        let mut normalized = NormalizedString::from(text);
        if self.normalizer.normalize(&mut normalized).is_err() {
            return Vec::new();
        }
        let mut pieces = PreTokenizedString::from(normalized.get());
        if self.pre_tokenizer.pre_tokenize(&mut pieces).is_err() {
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
        let page = self.pages[code / PAGE].get_or_init(|| self.learn_page(code / PAGE));
        &page[code % PAGE]
    }

    fn learn_page(&self, page: usize) -> Box<[Action]> {
        (0..PAGE)
            .map(|i| match char::from_u32((page * PAGE + i) as u32) {
                Some(c) => self.learn(c),
                None => Action::Ask,
            })
            .collect()
    }

    fn learn(&self, c: char) -> Action {
        if acts_on_neighbours(c) {
            return Action::Ask;
        }
        let mut normalized = NormalizedString::from(c.to_string());
        if self.normalizer.normalize(&mut normalized).is_err() {
            return Action::Ask;
        }
        let form: Vec<char> = normalized.get().chars().collect();
        if form.iter().any(|c| c.is_whitespace()) {
            return Action::Ask;
        }
        let pieces: Box<[(char, bool)]> =
            form.into_iter().map(|c| (c, self.stands_alone(c))).collect();
        match pieces[..] {
            [] => Action::Drop,
            [(c, false)] => Action::Word(c),
            [(c, true)] => Action::Single(c),
            _ => Action::Expand(pieces),
        }
    }

    /// Whether `c` splits off from a word around it.
    fn stands_alone(&self, c: char) -> bool {
        let mut pieces = PreTokenizedString::from(format!("a{c}"));
        self.pre_tokenizer.pre_tokenize(&mut pieces).is_err()
            || pieces.get_splits(OffsetReferential::Normalized, OffsetType::Byte).len() != 1
    }
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
