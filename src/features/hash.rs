//! Hashes of tokens.

/// The 64-bit hash of a token's UTF-8 bytes, taken eight at a time.
#[derive(Clone, Copy, Default)]
pub(super) struct TokenHash {
    hash: u64,
    word: u64,
    length: u32,
    /// Its bytes, digits aside.
    pub letters: u32,
}

pub(super) const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl TokenHash {
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * (self.length & 7));
        self.length += 1;
        self.letters += u32::from(byte != b'0');
        if self.length & 7 == 0 {
            self.fold();
        }
    }

    pub(super) fn push_char(&mut self, c: char) {
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            self.push(byte);
        }
    }

    #[inline]
    const fn fold(&mut self) {
        self.hash = fold(self.hash, self.word);
        self.word = 0;
    }

    #[inline]
    pub(super) const fn finish(mut self) -> u64 {
        if self.length & 7 != 0 {
            self.fold();
        }
        mix(self.hash, self.length as u64)
    }
}

#[inline]
const fn fold(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER)
}

#[inline]
const fn mix(hash: u64, length: u64) -> u64 {
    let hash = (hash ^ length).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 29)
}

/// The hash of the token whose bytes, `length` of up to 16, these two words are.
#[inline]
pub(super) fn short_hash([low, high]: [u64; 2], length: usize) -> u64 {
    let low = fold(0, low);
    // Which of the two it is, is hard to guess.
    mix(if length > 8 { fold(low, high) } else { low }, length as u64)
}

impl TokenHash {
    pub(super) fn of(token: &str) -> Self {
        let mut hash = TokenHash::default();
        token.bytes().for_each(|byte| hash.push(byte));
        hash
    }

    /// The hash of the ASCII word that `text` starts with, `length` bytes long; small
    /// letters for capitals and `0` for digits.
    #[inline]
    pub(super) fn of_word(text: &[u8], length: usize) -> Self {
        let mut hash = TokenHash::default();
        let mut at = 0;
        while at < length {
            hash.push_eight(first_eight(&text[at..]), length - at);
            at += 8;
        }
        hash
    }

    /// The same of a word of up to 16 bytes, the first one lowest.
    #[inline]
    pub(super) fn of_short_word(bytes: u128, length: usize) -> Self {
        let mut hash = TokenHash::default();
        hash.push_eight(bytes as u64, length);
        if length > 8 {
            hash.push_eight((bytes >> 64) as u64, length - 8);
        }
        hash
    }

    /// Takes in the first eight bytes of what is left of an ASCII word, `left` long: a
    /// letter has bit 6 set, a digit has bit 4 and not 6.
    #[inline]
    fn push_eight(&mut self, bytes: u64, left: usize) {
        const BIT_6: u64 = 0x4040_4040_4040_4040;
        const BIT_4: u64 = 0x1010_1010_1010_1010;
        let taken = left.min(8);
        let bytes = bytes & (u64::MAX >> (64 - 8 * taken));
        let digits = (bytes & BIT_4) << 2 & !bytes & BIT_6;
        self.word = (bytes | (bytes & BIT_6) >> 1) & !((digits >> 6) * 0x0f);
        self.length += taken as u32;
        self.letters += taken as u32 - digits.count_ones();
        if taken == 8 {
            self.fold();
        }
    }

    /// The hash of a token that is one ASCII mark.
    #[inline]
    pub(super) const fn of_mark(mark: u8) -> Self {
        TokenHash { hash: 0, word: mark as u64, length: 1, letters: 1 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// The first eight bytes, the first one lowest; zeros where there are none.
#[inline]
pub(super) fn first_eight(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Fewest bytes, digits aside, of a word that can be a topic word.
pub(super) const TOPIC_LENGTH: u32 = 4;

pub(super) fn token_hash(token: &str) -> u64 {
    TokenHash::of(token).finish()
}
