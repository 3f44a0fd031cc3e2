//! Words that are known beforehand: English function words, company forms.

use super::chunk::COMPANY_SUFFIXES;
use super::hash::token_hash;

/// English words that carry grammar; lower case.
const FUNCTION_WORDS: &str = "the of and to in a is that for it as was with be by on not he his \
    but at are this have had from they which or an were been their has would there what will all \
    if can said who more when him her its then than some could them other into our my only do any \
    up about two out so no such may these after also most we you your she i me us how where very \
    because while before through over between under against during without within though although \
    since until upon whether both each few many much own same just too now did does being am those";

const WE_AND_YOU: [&str; 8] = ["we", "our", "us", "ours", "you", "your", "yours", "ourselves"];

/// What stands where a value was to be filled in.
const UNFILLED: [&str; 1] = ["undefined"];

/// What is known of a word beforehand, a bit each.
#[derive(Clone, Copy, Default)]
pub(super) struct Known(pub u8);

impl Known {
    pub(super) const FUNCTION: u8 = 1;
    pub(super) const WE_OR_YOU: u8 = 2;
    pub(super) const COMPANY_SUFFIX: u8 = 4;
    pub(super) const UNFILLED: u8 = 8;
    /// How many combinations there are.
    pub(super) const COMBINATIONS: usize = 16;

    #[inline]
    pub(super) const fn is(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// The words above by hash: a slot holds lower bits of a word's hash and below
/// them its [`Known`]. A text's words are known and unknown in turns, so that looking one
/// up must not branch.
pub(super) struct KnownWords([u32; KnownWords::SLOTS]);

impl KnownWords {
    const SLOTS: usize = 1024;
    /// Found by trial, so that every word has a slot of its own.
    const SPREAD: u64 = 0xa8ef_eaa8_a25d_3f27;

    fn new() -> Self {
        let mut words = KnownWords([0; Self::SLOTS]);
        FUNCTION_WORDS.split_whitespace().for_each(|word| words.add(word, Known::FUNCTION));
        WE_AND_YOU.iter().for_each(|word| words.add(word, Known::WE_OR_YOU));
        COMPANY_SUFFIXES.concat().iter().for_each(|word| words.add(word, Known::COMPANY_SUFFIX));
        UNFILLED.iter().for_each(|word| words.add(word, Known::UNFILLED));
        words
    }

    fn add(&mut self, word: &str, bit: u8) {
        let hash = token_hash(word);
        let known = self.get(hash).0 | bit;
        // A test sees to it that no two words have the same slot.
        self.0[Self::slot(hash)] = Self::tag(hash) | u32::from(known);
    }

    #[inline]
    fn slot(hash: u64) -> usize {
        (hash.wrapping_mul(Self::SPREAD) >> (64 - Self::SLOTS.ilog2())) as usize
    }

    #[inline]
    fn tag(hash: u64) -> u32 {
        hash as u32 & !(Known::COMBINATIONS as u32 - 1)
    }

    #[inline]
    pub(super) fn get(&self, hash: u64) -> Known {
        let known = self.0[Self::slot(hash)] ^ Self::tag(hash);
        Known(known as u8 * u8::from(known < Known::COMBINATIONS as u32))
    }
}

pub(super) fn known_words() -> &'static KnownWords {
    static WORDS: std::sync::OnceLock<KnownWords> = std::sync::OnceLock::new();
    WORDS.get_or_init(KnownWords::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_word_has_a_slot() {
        let words = known_words();
        for word in FUNCTION_WORDS.split_whitespace() {
            assert!(words.get(token_hash(word)).is(Known::FUNCTION), "{word}");
        }
        for word in WE_AND_YOU {
            assert!(words.get(token_hash(word)).is(Known::WE_OR_YOU), "{word}");
        }
        for word in COMPANY_SUFFIXES.concat() {
            assert!(words.get(token_hash(word)).is(Known::COMPANY_SUFFIX), "{word}");
        }
        for word in UNFILLED {
            assert!(words.get(token_hash(word)).is(Known::UNFILLED), "{word}");
        }
        assert_eq!(words.get(token_hash("bridge")).0, 0);
    }
}
