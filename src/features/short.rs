//! A chunk of up to sixteen bytes, all ASCII but for a few marks, looked at as a whole:
//! which of its characters are letters, digits or a certain mark are bits of one number.

use std::sync::OnceLock;

use wide::u8x16;

use super::chunk::{PLAIN_COUNT, Text};
use super::hash::TokenHash;
use super::kind::Kind;

/// Marks beyond ASCII that English is full of. A byte below the space stands for each:
/// no chunk has such a byte in it.
const MARKS: [char; 7] = ['’', '‘', '“', '”', '–', '—', '•'];

/// Room for a chunk with stand-ins.
pub(super) type Room = [u8; PLAIN_COUNT];

/// A short chunk, with a stand-in for each of [`MARKS`], so that a byte is a character.
pub(super) struct ShortChunk<'c> {
    pub text: &'c str,
    bytes: u8x16,
    /// The same, the first byte lowest, zeros behind.
    number: u128,
    /// Which characters are letters, a bit each, the first one lowest; and digits.
    letters: u32,
    digits: u32,
    /// How many stand-ins there are.
    pub stand_ins: u32,
}

impl<'c> ShortChunk<'c> {
    /// Of a text of up to [`PLAIN_COUNT`] bytes, with its bytes as two words, zeros behind;
    /// `None` if there are other characters in it. No byte may be below the space.
    pub(super) fn of(text: &'c str, [low, high]: [u64; 2], room: &'c mut Room) -> Option<Self> {
        const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
        if (low | high) & HIGH_BITS == 0 {
            return Some(ShortChunk::of_bytes(text, u128::from(high) << 64 | u128::from(low)));
        }
        let (mut count, mut stand_ins) = (0, 0);
        *room = [0; PLAIN_COUNT];
        for (c, byte) in text.chars().zip(&mut *room) {
            *byte = match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => byte,
                _ => {
                    stand_ins += 1;
                    MARKS.iter().position(|mark| *mark == c)? as u8 + 1
                }
            };
            count += 1;
        }
        let number = u128::from_le_bytes(*room);
        let text = std::str::from_utf8(&room[..count]).ok()?;
        Some(ShortChunk { stand_ins, ..ShortChunk::of_bytes(text, number) })
    }

    /// Of an ASCII text with its bytes as a number.
    fn of_bytes(text: &'c str, number: u128) -> Self {
        let bytes = u8x16::new(number.to_le_bytes());
        let all = u8x16::splat;
        let small = bytes | all(0x20);
        let between = |bytes: u8x16, first: u8, last: u8| {
            (bytes - all(first)).simd_le(all(last - first)).to_bitmask()
        };
        ShortChunk {
            text,
            bytes,
            number,
            letters: between(small, b'a', b'z'),
            digits: between(bytes, b'0', b'9'),
            stand_ins: 0,
        }
    }

    /// The kinds of characters by their bytes, or by the bytes that stand for them.
    pub(super) fn kinds() -> &'static [Kind; 256] {
        static KINDS: OnceLock<[Kind; 256]> = OnceLock::new();
        KINDS.get_or_init(|| {
            let mut kinds = *Kind::of_bytes();
            kinds[1..].iter_mut().zip(MARKS).for_each(|(kind, mark)| *kind = *Kind::of(mark));
            kinds
        })
    }

    /// The part from one character to another.
    pub(super) fn part(&self, start: usize, end: usize) -> Part<'_> {
        Part { chunk: self, start, end }
    }

    /// All tokens, in order.
    pub(super) fn tokens(&self) -> impl Iterator<Item = TokenHash> {
        let words = self.letters | self.digits;
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = *self.text.as_bytes().get(start)?;
            let length = (words >> start).trailing_ones() as usize;
            let token = match length {
                0 => match MARKS.get(usize::from(first).wrapping_sub(1)) {
                    Some(mark) => TokenHash::of(mark.encode_utf8(&mut [0; 4])),
                    None => TokenHash::of_mark(first),
                },
                _ => TokenHash::of_short_word(self.number >> (8 * start), length),
            };
            start += length.max(1);
            Some(token)
        })
    }
}

/// Ones from bit `start` up to bit `end`, which is not one of them.
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

#[cfg(test)]
mod tests {
    use super::super::tokenizer::{Action, Tokenizer};
    use super::*;

    #[test]
    fn every_mark_is_a_token_by_itself() {
        let tokenizer = Tokenizer::default();
        for mark in MARKS {
            assert_eq!(tokenizer.action(mark), &Action::Single(mark));
        }
    }
}
