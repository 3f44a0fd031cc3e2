//! Finding chunks, and plain words among them, sixteen bytes at a time.

use wide::u8x16;

use super::chunk::PLAIN_COUNT;
use super::hash::{first_eight, short_hash};

/// ASCII white space as `char::is_whitespace` has it: vertical tab included.
#[inline]
fn is_space(byte: u8) -> bool {
    const SPACES: [bool; 256] = {
        let mut spaces = [false; 256];
        let mut byte = b'\t';
        while byte <= b'\r' {
            spaces[byte as usize] = true;
            byte += 1;
        }
        spaces[b' ' as usize] = true;
        spaces
    };
    SPACES[usize::from(byte)]
}

/// What a text starts with.
pub(super) enum Start {
    /// ASCII white space.
    Space,
    /// A chunk that is a plain word.
    Plain(Plain),
    /// A chunk of so many bytes, up to [`PLAIN_COUNT`], with these bytes, zeros behind.
    Short(usize, [u64; 2]),
    /// A chunk of so many bytes that is longer, or has control characters in it.
    Long(usize),
}

/// A plain word, as four in five chunks are: one letter, then small letters, then at
/// most one of `.,;:!?`.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    /// The word in small letters, without the mark; zeros behind.
    word: [u64; 2],
    /// Letters in it, from 1 to [`PLAIN_COUNT`].
    pub letters: usize,
    pub upper: bool,
    /// The mark, or 0.
    pub mark: u8,
}

impl Plain {
    /// How many bytes the chunk has.
    #[inline]
    pub(super) fn length(&self) -> usize {
        self.letters + usize::from(self.mark > 0)
    }

    /// Its hash as a token.
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        short_hash(self.word, self.letters)
    }
}

impl Start {
    /// Looks at the start of a text, which is not empty.
    #[inline(always)]
    pub(super) fn of(text: &[u8]) -> Self {
        let mut padded;
        let start: &[u8; PLAIN_COUNT + 1] = match text.first_chunk() {
            Some(start) => start,
            None => {
                padded = [b' '; PLAIN_COUNT + 1];
                padded[..text.len()].copy_from_slice(text);
                &padded
            }
        };
        let bytes = [first_eight(start), first_eight(&start[8..])];
        let masks = Masks::of(std::array::from_fn(|i| start[i]));
        let length = masks.above_space.trailing_ones() as usize;
        if !is_space(start[length]) {
            return Start::Long(long_chunk(text));
        }
        // A capital may only come first.
        let upper = (bytes[0] as u8).is_ascii_uppercase();
        let letters = (masks.small | u32::from(upper)).trailing_ones() as usize;
        let mark = sentence_mark(start[letters]);
        if letters > 0 && letters + usize::from(mark > 0) == length {
            let [low, high] = first_bytes(bytes, letters);
            return Start::Plain(Plain { word: [low | 0x20, high], letters, upper, mark });
        }
        match length {
            0 => Start::Space,
            _ => Start::Short(length, first_bytes(bytes, length)),
        }
    }
}

fn long_chunk(text: &[u8]) -> usize {
    text.iter().position(|byte| is_space(*byte)).unwrap_or(text.len())
}

/// The first so many of sixteen bytes, zeros behind.
#[inline]
fn first_bytes([low, high]: [u64; 2], count: usize) -> [u64; 2] {
    const MASKS: [[u64; 2]; PLAIN_COUNT + 1] = {
        let mut masks = [[0; 2]; PLAIN_COUNT + 1];
        let mut count = 1;
        while count <= PLAIN_COUNT {
            let mask = u128::MAX >> (128 - 8 * count);
            masks[count] = [mask as u64, (mask >> 64) as u64];
            count += 1;
        }
        masks
    };
    [low & MASKS[count][0], high & MASKS[count][1]]
}

/// The byte if it is one of the marks that may stand behind a plain word, 0 otherwise.
#[inline]
fn sentence_mark(byte: u8) -> u8 {
    const MARKS: [u8; 256] = {
        let mut marks = [0; 256];
        let all = b".,;:!?";
        let mut i = 0;
        while i < all.len() {
            marks[all[i] as usize] = all[i];
            i += 1;
        }
        marks
    };
    MARKS[usize::from(byte)]
}

/// What each of sixteen bytes is: a bit each, the first one lowest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Masks {
    /// Above the space, as no white space of ASCII is.
    above_space: u32,
    /// A small ASCII letter.
    small: u32,
}

impl Masks {
    #[inline(always)]
    fn of(bytes: [u8; 16]) -> Self {
        let bytes = u8x16::new(bytes);
        let all = u8x16::splat;
        Masks {
            above_space: bytes.simd_gt(all(b' ')).to_bitmask(),
            small: (bytes - all(b'a')).simd_le(all(b'z' - b'a')).to_bitmask(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn masks_say_what_each_byte_is(bytes in any::<[u8; 16]>(), text in "[a-zA-Z .,@\\[`{/0é\u{1}]{16}") {
            let text: [u8; 16] = *text.as_bytes().first_chunk().expect("there are sixteen");
            for bytes in [bytes, text] {
                let bit = |is: &dyn Fn(u8) -> bool| {
                    (0..16).fold(0, |mask, i| mask | u32::from(is(bytes[i])) << i)
                };
                let expected = Masks {
                    above_space: bit(&|byte| byte > b' '),
                    small: bit(&|byte| byte.is_ascii_lowercase()),
                };
                prop_assert_eq!(Masks::of(bytes), expected);
            }
        }
    }
}
