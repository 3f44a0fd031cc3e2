//! A chunk of up to sixteen ASCII bytes, looked at as a whole: which of its bytes are
//! letters, digits or a certain mark are bits of one number.

use wide::u8x16;

use super::chunk::{PLAIN_COUNT, Text};
use super::hash::TokenHash;

/// A chunk of ASCII characters, up to [`PLAIN_COUNT`] of them.
pub(super) struct ShortChunk<'c> {
    text: &'c str,
    bytes: u8x16,
    /// The same, the first byte lowest, zeros behind.
    number: u128,
    letters: u32,
    upper: u32,
    digits: u32,
}

impl<'c> ShortChunk<'c> {
    /// Of a text with its bytes as two words, zeros behind; `None` if it is not all ASCII.
    pub(super) fn of(text: &'c str, [low, high]: [u64; 2]) -> Option<Self> {
        const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
        if (low | high) & HIGH_BITS != 0 {
            return None;
        }
        let number = u128::from(high) << 64 | u128::from(low);
        let bytes = u8x16::new(number.to_le_bytes());
        let all = u8x16::splat;
        let small = bytes | all(0x20);
        let between = |bytes: u8x16, first: u8, last: u8| {
            (bytes - all(first)).simd_le(all(last - first)).to_bitmask()
        };
        Some(ShortChunk {
            text,
            bytes,
            number,
            letters: between(small, b'a', b'z'),
            upper: between(bytes, b'A', b'Z'),
            digits: between(bytes, b'0', b'9'),
        })
    }

    /// The part from one byte to another.
    pub(super) fn part(&self, start: usize, end: usize) -> Part<'_> {
        Part { chunk: self, start, end }
    }

    pub(super) fn as_str(&self) -> &'c str {
        self.text
    }

    pub(super) fn letters(&self) -> u32 {
        self.letters.count_ones()
    }

    pub(super) fn upper(&self) -> u32 {
        self.upper.count_ones()
    }

    pub(super) fn digits(&self) -> u32 {
        self.digits.count_ones()
    }

    /// All bytes that are neither letters nor digits.
    pub(super) fn marks(&self) -> impl Iterator<Item = u8> {
        let mut left = bits(0, self.text.len()) & !(self.letters | self.digits);
        std::iter::from_fn(move || {
            let at = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            self.text.as_bytes().get(at).copied()
        })
    }

    /// All tokens, in order.
    pub(super) fn tokens(&self) -> impl Iterator<Item = TokenHash> {
        let words = self.letters | self.digits;
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = *self.text.as_bytes().get(start)?;
            let length = (words >> start).trailing_ones() as usize;
            let token = match length {
                0 => TokenHash::of_mark(first),
                _ => TokenHash::of_short_word(self.number >> (8 * start), length),
            };
            start += length.max(1);
            Some(token)
        })
    }
}

/// So many ones from a bit up to another.
fn bits(start: usize, end: usize) -> u32 {
    (1 << end) - (1 << start)
}

/// A part of a [`ShortChunk`].
#[derive(Clone, Copy)]
pub(super) struct Part<'c> {
    chunk: &'c ShortChunk<'c>,
    start: usize,
    end: usize,
}

impl Part<'_> {
    fn where_is(&self, mark: char) -> u32 {
        let Ok(mark) = u8::try_from(mark) else { return 0 };
        self.chunk.bytes.simd_eq(u8x16::splat(mark)).to_bitmask() & bits(self.start, self.end)
    }
}

impl Text for Part<'_> {
    fn as_str(&self) -> &str {
        &self.chunk.text[self.start..self.end]
    }

    fn has(&self, mark: char) -> bool {
        self.where_is(mark) != 0
    }

    fn count(&self, mark: char) -> usize {
        self.where_is(mark).count_ones() as usize
    }

    fn has_currency(&self) -> bool {
        self.has('$')
    }

    fn is_digits_and(&self, marks: &str) -> bool {
        let known =
            marks.chars().fold(self.chunk.digits, |known, mark| known | self.where_is(mark));
        bits(self.start, self.end) & !known == 0
    }
}

const _: () = assert!(PLAIN_COUNT == 16);
