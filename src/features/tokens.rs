//! The tokens of one chunk, as hashes: what the `tokenizers` pipeline would make of it,
//! without the pipeline.

use super::hash::TokenHash;
use super::tokenizer::{Action, Tokenizer, is_look_alike, tokens_by_steps};

/// Gives all tokens of `chunk`, which has no white space in it, to `put`, in order.
pub(super) fn each_token(tokenizer: &Tokenizer, chunk: &str, mut put: impl FnMut(TokenHash)) {
    let put = |token: TokenHash| {
        if !token.is_empty() {
            put(token);
        }
    };
    if chunk.is_ascii() {
        scan_ascii(chunk.as_bytes(), put);
    } else if is_plain(tokenizer, chunk) {
        scan_chars(tokenizer, chunk, put);
    } else {
        tokens_by_steps(chunk).iter().map(|token| TokenHash::of(token)).for_each(put);
    }
}

fn scan_ascii(chunk: &[u8], put: impl FnMut(TokenHash)) {
    let runs = chunk.chunk_by(|a, b| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric());
    let token = |run: &[u8]| match run {
        [mark] if !mark.is_ascii_alphanumeric() => TokenHash::of_mark(*mark),
        word => TokenHash::of_word(word, word.len()),
    };
    runs.map(token).for_each(put);
}

/// Whether each character of a chunk can be taken by itself. Some act on others, and
/// letters that look like Latin ones do so among Latin ones.
fn is_plain(tokenizer: &Tokenizer, chunk: &str) -> bool {
    let (mut latin, mut look_alike) = (false, false);
    let mut see = |c: char| {
        latin |= c.is_ascii_lowercase();
        look_alike |= is_look_alike(c);
    };
    for c in chunk.chars() {
        match tokenizer.action(c) {
            Action::Drop | Action::Single(_) => {}
            Action::Word(form) => see(*form),
            Action::Expand(forms) => {
                forms.iter().filter(|(_, single)| !single).for_each(|(form, _)| see(*form));
            }
            Action::Ask => return false,
        }
    }
    !(latin && look_alike)
}

/// Scans by what the tokenizer makes of each character.
fn scan_chars(tokenizer: &Tokenizer, chunk: &str, mut put: impl FnMut(TokenHash)) {
    let mut word = TokenHash::default();
    let mut add = |form: char, single: bool| {
        if single {
            put(std::mem::take(&mut word));
        }
        word.push_char(form);
        if single {
            put(std::mem::take(&mut word));
        }
    };
    for c in chunk.chars() {
        match tokenizer.action(c) {
            Action::Word(form) => add(*form, false),
            Action::Single(form) => add(*form, true),
            Action::Expand(forms) => forms.iter().for_each(|(form, single)| add(*form, *single)),
            Action::Drop | Action::Ask => {}
        }
    }
    put(word);
}
