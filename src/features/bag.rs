//! The bag: ids of hashed words, word pairs and token classes.
//!
//! With `t1 .. tn` the tokens of a paragraph and `c1 .. cm` the classes of its
//! chunks, the bag holds the id of every token, of every pair of adjacent tokens,
//! and of every pair and triple of adjacent classes, all with a boundary mark
//! before the first and after the last. In paragraphs of up to
//! [`SHORT`] chunks every token has a second id for its length class, since a
//! word that is a whole line says other things than the same word in a sentence;
//! and up to [`WHOLE`] tokens the paragraph as a whole has an id.
//!
//! Ids are 32-bit hashes; a model with 2^b weights uses the upper b bits.

use super::chunk::{
    COMPANY_SUFFIXES, Chunk, ChunkClass, Count, Counts, PLAIN_COUNT, PLAIN_TOKENS, Sight, visible,
};
use super::script::Script;
use super::shape::{Shape, ShapeSums};
use super::tokenizer::{Action, Tokenizer, is_look_alike, tokens_by_steps};

/// Paragraphs of up to so many chunks have ids of words in short lines, in
/// three classes of length.
const SHORT: u32 = 12;
/// Paragraphs of up to so many tokens have an id of the whole.
const WHOLE: usize = 10;

/// Takes in the ids of a paragraph, repeated as often as they occur; their order means
/// nothing.
pub trait Bag {
    /// Takes in the id of a token, of a pair of tokens, or of a whole line.
    fn add(&mut self, id: u32);

    /// Takes in two ids: of three neighbouring classes, and of the last two of them.
    fn add_classes(&mut self, classes: Classes) {
        classes.ids().into_iter().for_each(|id| self.add(id));
    }
}

impl Bag for Vec<u32> {
    fn add(&mut self, id: u32) {
        self.push(id);
    }
}

/// Three neighbouring classes of chunks, or of the boundaries of a paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Classes(u32);

/// Classes of chunks, and the boundary.
const CLASS_COUNT: u32 = ChunkClass::MixedScript as u32 + 2;

impl Classes {
    /// How many there are.
    pub const COUNT: usize = (CLASS_COUNT * CLASS_COUNT * CLASS_COUNT) as usize;

    /// All of them, by number.
    pub fn all() -> impl Iterator<Item = Classes> {
        (0..Classes::COUNT as u32).map(Classes)
    }

    /// The number, below [`Classes::COUNT`].
    #[inline]
    pub fn number(self) -> usize {
        self.0 as usize
    }

    /// The ids of all three, and of the last two.
    pub fn ids(self) -> [u32; 2] {
        let hash = |class: u32| BOUNDARY + u64::from(class);
        let before = hash(self.0 / (CLASS_COUNT * CLASS_COUNT));
        let previous = hash(self.0 / CLASS_COUNT % CLASS_COUNT);
        let last = hash(self.0 % CLASS_COUNT);
        let two = pair(before, previous);
        [id(CLASSES, pair(two, last)), id(CLASSES, pair(previous, last))]
    }

    /// With one more class: 0 is the boundary, and 1 more than its number a class.
    #[inline]
    fn then(self, class: u32) -> Self {
        Classes(self.0 % (CLASS_COUNT * CLASS_COUNT) * CLASS_COUNT + class)
    }
}

/// What the model sees of one paragraph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Hashed ids, repeated as often as they occur; their order means nothing.
    pub bag: Vec<u32>,
    /// Ids of the bins that the shape falls into, each below [`super::BIN_COUNT`].
    pub bins: Vec<u32>,
    /// The shape numbers themselves.
    pub shape: Shape,
    /// The script of most of its letters.
    pub script: Script,
    /// Hash of all tokens in order, equal for paragraphs of the same words.
    pub words_hash: u64,
    /// Hashes of the words that carry its topic: four bytes or more, digits not
    /// counted, and no function words.
    pub topic: Vec<u32>,
}

/// The 64-bit hash of a token's UTF-8 bytes, taken eight at a time.
#[derive(Clone, Copy, Default)]
struct TokenHash {
    hash: u64,
    word: u64,
    length: u32,
    letters: u32,
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl TokenHash {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * (self.length & 7));
        self.length += 1;
        self.letters += u32::from(byte != b'0');
        if self.length & 7 == 0 {
            self.fold();
        }
    }

    fn push_char(&mut self, c: char) {
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            self.push(byte);
        }
    }

    #[inline]
    fn fold(&mut self) {
        self.hash = (self.hash.rotate_left(23) ^ self.word).wrapping_mul(MULTIPLIER);
        self.word = 0;
    }

    #[inline]
    fn finish(mut self) -> u64 {
        if self.length & 7 != 0 {
            self.fold();
        }
        let hash = (self.hash ^ u64::from(self.length)).wrapping_mul(MULTIPLIER);
        hash ^ (hash >> 29)
    }
}

impl TokenHash {
    fn of(token: &str) -> Self {
        let mut hash = TokenHash::default();
        token.bytes().for_each(|byte| hash.push(byte));
        hash
    }

    /// The hash of the ASCII word that `text` starts with, `length` bytes long; small
    /// letters for capitals and `0` for digits.
    ///
    /// Eight bytes at a time: a letter has bit 6 set, a digit has bit 4 and not 6.
    #[inline]
    fn of_word(text: &[u8], length: usize) -> Self {
        const BIT_6: u64 = 0x4040_4040_4040_4040;
        const BIT_4: u64 = 0x1010_1010_1010_1010;
        let mut hash = TokenHash::default();
        let mut at = 0;
        while at < length {
            let taken = (length - at).min(8);
            let bytes = first_eight(&text[at..]) & (u64::MAX >> (64 - 8 * taken));
            let digits = (bytes & BIT_4) << 2 & !bytes & BIT_6;
            hash.word = (bytes | (bytes & BIT_6) >> 1) & !((digits >> 6) * 0x0f);
            hash.length += taken as u32;
            hash.letters += taken as u32 - digits.count_ones();
            if taken == 8 {
                hash.fold();
            }
            at += taken;
        }
        hash
    }

    /// The hash of a token that is one ASCII mark.
    #[inline]
    fn of_mark(mark: u8) -> Self {
        TokenHash { hash: 0, word: u64::from(mark), length: 1, letters: 1 }
    }

    /// Whether the token is long enough, in bytes, to say what a text is about.
    #[inline]
    fn is_topic(&self) -> bool {
        self.letters >= TOPIC_LENGTH
    }
}

/// The first eight bytes, the first one lowest; zeros where there are none.
#[inline]
fn first_eight(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Fewest bytes, digits aside, of a word that can be a topic word.
const TOPIC_LENGTH: u32 = 4;

fn token_hash(token: &str) -> u64 {
    TokenHash::of(token).finish()
}

/// Mixes the hash of a kind and of what is counted into an id.
#[inline]
fn id(kind: u64, hash: u64) -> u32 {
    ((hash ^ kind.wrapping_mul(0xd6e8_feb8_6659_fd93)).wrapping_mul(MULTIPLIER) >> 32) as u32
}

const WORD: u64 = 1;
const PAIR: u64 = 2;
const CLASSES: u64 = 3;
const WHOLE_LINE: u64 = 4;
const SHORT_WORD: u64 = 5;
/// Stands for the place before the first and after the last token or class.
const BOUNDARY: u64 = 0x5bd1_e995;

#[inline]
fn pair(first: u64, second: u64) -> u64 {
    first.rotate_left(21).wrapping_mul(MULTIPLIER) ^ second
}

fn class_hash(class: ChunkClass) -> u64 {
    BOUNDARY + 1 + class as u64
}

/// Length class of a short paragraph, none when it is not short.
fn length_class(chunks: u32) -> Option<u64> {
    match chunks {
        0..=2 => Some(0),
        3..=5 => Some(1),
        6..=SHORT => Some(2),
        _ => None,
    }
}

/// English words that carry grammar; lower case.
const FUNCTION_WORDS: &str = "the of and to in a is that for it as was with be by on not he his \
    but at are this have had from they which or an were been their has would there what will all \
    if can said who more when him her its then than some could them other into our my only do any \
    up about two out so no such may these after also most we you your she i me us how where very \
    because while before through over between under against during without within though although \
    since until upon whether both each few many much own same just too now did does being am those";

const WE_AND_YOU: [&str; 8] = ["we", "our", "us", "ours", "you", "your", "yours", "ourselves"];

/// What is known of a word beforehand, a bit each.
#[derive(Clone, Copy, Default)]
struct Known(u8);

impl Known {
    const FUNCTION: u8 = 1;
    const WE_OR_YOU: u8 = 2;
    const COMPANY_SUFFIX: u8 = 4;

    #[inline]
    fn is(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// The words above by hash, each in one of two neighbouring slots. A text's words are
/// known and unknown in turns, so that looking one up must not branch.
struct KnownWords {
    hashes: [u64; KnownWords::SLOTS],
    known: [u8; KnownWords::SLOTS],
}

impl KnownWords {
    const SLOTS: usize = 2048;
    /// Chosen so that no three words fall into the same two slots.
    const SHIFT: u32 = 52;

    fn new() -> Self {
        let mut words = KnownWords { hashes: [0; Self::SLOTS], known: [0; Self::SLOTS] };
        FUNCTION_WORDS.split_whitespace().for_each(|word| words.add(word, Known::FUNCTION));
        WE_AND_YOU.iter().for_each(|word| words.add(word, Known::WE_OR_YOU));
        COMPANY_SUFFIXES.iter().for_each(|word| words.add(word, Known::COMPANY_SUFFIX));
        words
    }

    fn add(&mut self, word: &str, bit: u8) {
        let hash = token_hash(word);
        let free = |slot: &usize| self.hashes[*slot] == 0 || self.hashes[*slot] == hash;
        // A test sees to it that every word finds a slot.
        if let Some(slot) = Self::slots(hash).into_iter().find(free) {
            self.hashes[slot] = hash;
            self.known[slot] |= bit;
        }
    }

    #[inline]
    fn slots(hash: u64) -> [usize; 2] {
        let slot = (hash >> Self::SHIFT) as usize % Self::SLOTS;
        [slot, slot ^ 1]
    }

    #[inline]
    fn get(&self, hash: u64) -> Known {
        let [one, two] = Self::slots(hash);
        let of = |slot: usize| u8::from(self.hashes[slot] == hash) * self.known[slot];
        Known(of(one) | of(two))
    }
}

fn known_words() -> &'static KnownWords {
    static WORDS: std::sync::OnceLock<KnownWords> = std::sync::OnceLock::new();
    WORDS.get_or_init(KnownWords::new)
}

/// ASCII white space as `char::is_whitespace` has it: vertical tab included.
#[inline]
fn is_ascii_space(byte: u8) -> bool {
    const SPACES: u64 = 1 << b' ' | 0x1f << b'\t';
    byte < 64 && SPACES >> byte & 1 != 0
}

/// The chunk at the start of `text`: its length, 0 before white space, and its bytes
/// as two words, zeros behind. Both words are 0 for a chunk of more than
/// [`PLAIN_COUNT`] bytes, or with control characters in it, which must be looked for.
#[inline]
fn first_chunk(text: &[u8]) -> (usize, [u64; 2]) {
    let mut padded;
    let start = match text.first_chunk() {
        Some(start) => start,
        None => {
            padded = [b' '; PLAIN_COUNT + 1];
            padded[..text.len()].copy_from_slice(text);
            &padded
        }
    };
    let before = |length: usize, word: u64| word & !(u64::MAX << (8 * length));
    let low = first_eight(start);
    let in_low = below_33(low);
    if in_low < 8 {
        let ends = is_ascii_space((low >> (8 * in_low)) as u8);
        return (in_low, [if ends { before(in_low, low) } else { 0 }, 0]);
    }
    let high = first_eight(&start[8..]);
    let in_high = below_33(high);
    if in_high < 8 {
        let ends = is_ascii_space((high >> (8 * in_high)) as u8);
        return (8 + in_high, if ends { [low, before(in_high, high)] } else { [0; 2] });
    }
    (PLAIN_COUNT, if is_ascii_space(start[PLAIN_COUNT]) { [low, high] } else { [0; 2] })
}

fn long_chunk(text: &[u8]) -> usize {
    text.iter().position(|byte| is_ascii_space(*byte)).unwrap_or(text.len())
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// How many of the eight bytes come before the first one below 33, which all ASCII
/// white space is. (A borrow can only spoil bytes above the first one found.)
#[inline]
fn below_33(eight: u64) -> usize {
    let found = eight.wrapping_sub(ONES * 33) & !eight & (ONES << 7);
    found.trailing_zeros() as usize / 8
}

/// A plain word, as four in five chunks are: one letter, then small letters, then at
/// most one of `.,;:!?`.
#[derive(Clone, Copy)]
struct Plain {
    /// The word in small letters, without the mark; zeros behind.
    word: [u64; 2],
    length: usize,
    upper: bool,
    /// The mark, or 0.
    mark: u8,
}

impl Plain {
    /// The word that the chunk of these bytes, none of them 0, is, if it is plain.
    #[inline]
    fn of([mut low, mut high]: [u64; 2], length: usize) -> Option<Self> {
        let place = 8 * ((length - 1) % 8);
        let last = (if length > 8 { high } else { low }) >> place;
        let mark = if is_sentence_mark(last as u8) { last } else { 0 };
        if length > 8 {
            high ^= mark << place;
        } else {
            low ^= mark << place;
        }
        let upper = (low as u8).is_ascii_uppercase();
        low |= u64::from(upper) << 5;
        let plain = small_letters(low) == not_zero(low)
            && (high == 0 || small_letters(high) == not_zero(high));
        let length = length - usize::from(mark > 0);
        (plain && length > 0).then_some(Plain {
            word: [low, high],
            length,
            upper,
            mark: mark as u8,
        })
    }

    /// Its hash as a token.
    #[inline]
    fn hash(&self) -> u64 {
        let length = self.length as u32;
        let mut hash = TokenHash { hash: 0, word: self.word[0], length, letters: length };
        if length >= 8 {
            hash.fold();
            hash.word = self.word[1];
        }
        if length == 16 {
            hash.fold();
        }
        hash.finish()
    }
}

/// One of the marks that may stand behind a plain word.
#[inline]
fn is_sentence_mark(byte: u8) -> bool {
    const MARKS: u64 = 1 << b'.' | 1 << b',' | 1 << b';' | 1 << b':' | 1 << b'!' | 1 << b'?';
    byte < 64 && MARKS >> byte & 1 != 0
}

const HIGH_BITS: u64 = ONES << 7;

/// The highest bit of every byte that is not 0.
#[inline]
fn not_zero(eight: u64) -> u64 {
    (((eight & !HIGH_BITS) + !HIGH_BITS) | eight) & HIGH_BITS
}

/// The highest bit of every byte that is a small ASCII letter.
#[inline]
fn small_letters(eight: u64) -> u64 {
    let low = eight & !HIGH_BITS;
    let from_a = low + ONES * (0x80 - b'a' as u64);
    let beyond_z = low + ONES * (0x80 - b'z' as u64 - 1);
    from_a & !beyond_z & !eight & HIGH_BITS
}

/// A chunk that was seen before. `length` 0 is none.
#[derive(Clone, Copy)]
struct Remembered {
    key: [u64; 2],
    length: u8,
    sight: Sight,
}

impl Remembered {
    const NOTHING: Remembered = Remembered { key: [0; 2], length: 0, sight: Sight::NONE };

    #[inline]
    fn is(&self, key: [u64; 2], length: usize) -> bool {
        self.key == key && usize::from(self.length) == length
    }
}

/// Places for chunks, two in each, the last used one first; a power of two. With less,
/// more is worked out anew; with more, the table and the model's weights do not fit
/// into the second-level cache together.
const PLACES: usize = 1024;

/// Where a chunk is remembered.
#[inline]
fn place(key: [u64; 2]) -> usize {
    let hash = (key[0] ^ key[1].rotate_left(29)).wrapping_mul(MULTIPLIER);
    (hash >> (64 - PLACES.ilog2())) as usize
}

/// A token as it is found.
#[derive(Clone, Copy)]
struct Token {
    hash: u64,
    is_topic: bool,
}

/// Turns paragraphs into features, reusing its buffers. One a thread.
///
/// Most chunks are plain words, for which there is a short way. What another short
/// chunk adds is remembered, so that it is worked out once and then looked up.
pub struct Extractor<'t> {
    tokenizer: &'t Tokenizer,
    words: &'static KnownWords,
    memory: Box<[[Remembered; 2]]>,
    sums: ShapeSums,
    /// Tokens of the first [`SHORT`] chunks.
    first_tokens: Vec<u64>,
    /// The tokens of a chunk that is being worked out.
    found: Vec<Token>,
}

/// Makes the ids of the bag while tokens and chunks come.
struct Emitter<'b, B> {
    bag: &'b mut B,
    tokens: usize,
    chunks: u32,
    token: u64,
    /// All tokens so far.
    words: u64,
    classes: Classes,
}

impl<'b, B: Bag> Emitter<'b, B> {
    fn new(bag: &'b mut B) -> Self {
        let (token, words) = (BOUNDARY, BOUNDARY);
        Emitter { bag, tokens: 0, chunks: 0, token, words, classes: Classes(0) }
    }

    #[inline]
    fn token(&mut self, token: u64) {
        self.bag.add(id(WORD, token));
        self.bag.add(id(PAIR, pair(self.token, token)));
        self.words = pair(self.words, token);
        self.token = token;
        self.tokens += 1;
    }

    #[inline]
    fn chunk(&mut self, class: ChunkClass) {
        self.classes = self.classes.then(class as u32 + 1);
        self.bag.add_classes(self.classes);
        self.chunks += 1;
    }

    /// The ids that need the whole paragraph. Returns the number of all ids.
    fn end(&mut self, first_tokens: &[u64]) -> usize {
        self.bag.add(id(PAIR, pair(self.token, BOUNDARY)));
        self.bag.add_classes(self.classes.then(0));
        let mut count = 2 * self.tokens + 1 + 2 * self.chunks as usize + 2;
        if let Some(length) = length_class(self.chunks) {
            first_tokens.iter().for_each(|token| self.bag.add(id(SHORT_WORD + length, *token)));
            count += first_tokens.len();
        }
        if self.tokens <= WHOLE {
            self.bag.add(id(WHOLE_LINE, self.words));
            count += 1;
        }
        count
    }
}

impl<'t> Extractor<'t> {
    /// An extractor for the tokens that `tokenizer` defines.
    pub fn new(tokenizer: &'t Tokenizer) -> Self {
        Extractor {
            tokenizer,
            words: known_words(),
            memory: vec![[Remembered::NOTHING; 2]; PLACES].into_boxed_slice(),
            sums: ShapeSums::default(),
            first_tokens: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Writes the features of `text` into `out`, replacing what was there.
    pub fn extract(&mut self, text: &str, out: &mut Features) {
        let mut bag = std::mem::take(&mut out.bag);
        bag.clear();
        self.scan(text, out, &mut bag);
        out.bag = bag;
    }

    /// Gives every id of `text` to `bag`, and writes all other features into `out`.
    /// Returns the number of ids.
    pub fn scan(&mut self, text: &str, out: &mut Features, bag: &mut impl Bag) -> usize {
        let mut emitter = Emitter::new(bag);
        self.sums = ShapeSums::default();
        self.first_tokens.clear();
        out.topic.clear();
        self.take_in(text, &mut out.topic, &mut emitter);
        let count = emitter.end(&self.first_tokens);
        out.words_hash = emitter.words;
        out.shape = self.sums.shape();
        out.script = self.sums.script();
        out.bins.clear();
        out.shape.push_bins(&mut out.bins);
        count
    }

    fn take_in(&mut self, text: &str, topic: &mut Vec<u32>, emitter: &mut Emitter<'_, impl Bag>) {
        let (bytes, mut start) = (text.as_bytes(), 0);
        while start < bytes.len() {
            let (length, key) = first_chunk(&bytes[start..]);
            if length == 0 && is_ascii_space(bytes[start]) {
                start += 1;
                continue;
            }
            if key[0] == 0 {
                let length = long_chunk(&bytes[start..]);
                self.take_piece(&text[start..start + length], topic, emitter);
                start += length + 1;
                continue;
            }
            match Plain::of(key, length) {
                Some(word) => self.take_plain(&word, topic, emitter),
                None => self.take_short(&text[start..start + length], key, topic, emitter),
            }
            start += length + 1;
        }
    }

    #[inline(always)]
    fn token(&mut self, token: u64, emitter: &mut Emitter<'_, impl Bag>) {
        self.sums.see(token);
        if emitter.chunks < SHORT {
            self.first_tokens.push(token);
        }
        emitter.token(token);
    }

    #[inline]
    fn take_plain(
        &mut self,
        word: &Plain,
        topic: &mut Vec<u32>,
        emitter: &mut Emitter<'_, impl Bag>,
    ) {
        let hash = word.hash();
        let known = self.words.get(hash);
        let company_suffix = known.is(Known::COMPANY_SUFFIX);
        self.token(hash, emitter);
        let is_topic = word.length >= TOPIC_LENGTH as usize && !known.is(Known::FUNCTION);
        // Every other word is one: better taken back than guessed.
        topic.push((hash >> 32) as u32);
        topic.truncate(topic.len() - usize::from(!is_topic));
        if word.mark > 0 {
            self.token(TokenHash::of_mark(word.mark).finish(), emitter);
        }
        emitter.chunk(match () {
            () if company_suffix => ChunkClass::CompanySuffix,
            () if word.length == 1 => ChunkClass::SingleLetter,
            () if word.upper => ChunkClass::Title,
            () => ChunkClass::Lower,
        });
        self.sums.add_plain(word.length as u32, word.mark, word.upper);
        if company_suffix {
            self.sums.add_company();
        }
        self.sums.add_known(known.is(Known::FUNCTION), known.is(Known::WE_OR_YOU));
    }

    /// Takes in a chunk with its bytes as two words.
    fn take_short(
        &mut self,
        chunk: &str,
        key: [u64; 2],
        topic: &mut Vec<u32>,
        emitter: &mut Emitter<'_, impl Bag>,
    ) {
        let memory = &self.memory[place(key)];
        let sight = match () {
            () if memory[0].is(key, chunk.len()) => memory[0].sight,
            () if memory[1].is(key, chunk.len()) => memory[1].sight,
            () => match self.work_out(chunk) {
                Some(sight) => {
                    let memory = &mut self.memory[place(key)];
                    *memory = [Remembered { key, length: chunk.len() as u8, sight }, memory[0]];
                    sight
                }
                None => return self.take_piece(chunk, topic, emitter),
            },
        };
        self.sums.add(&sight);
        for (i, token) in sight.tokens.iter().enumerate().take(sight.token_count.into()) {
            self.token(*token, emitter);
            if sight.topic >> i & 1 != 0 {
                topic.push((token >> 32) as u32);
            }
        }
        emitter.chunk(sight.class);
    }

    /// What a short chunk adds, if that can be remembered.
    #[cold]
    fn work_out(&mut self, chunk: &str) -> Option<Sight> {
        if !chunk.is_ascii() && chunk.contains(char::is_whitespace) {
            return None;
        }
        let looks = self.look(chunk)?;
        self.sight(&looks)
    }

    /// Takes in what has no ASCII white space in it.
    fn take_piece(
        &mut self,
        piece: &str,
        topic: &mut Vec<u32>,
        emitter: &mut Emitter<'_, impl Bag>,
    ) {
        for chunk in piece.split_whitespace() {
            let Some(looks) = self.look(chunk) else { continue };
            self.sums.add_chunk(&looks);
            for i in 0..self.found.len() {
                let Token { hash, is_topic } = self.found[i];
                let known = self.words.get(hash);
                self.sums.add_token();
                self.sums.add_known(known.is(Known::FUNCTION), known.is(Known::WE_OR_YOU));
                self.token(hash, emitter);
                if is_topic && !known.is(Known::FUNCTION) {
                    topic.push((hash >> 32) as u32);
                }
            }
            emitter.chunk(looks.class);
        }
    }

    /// Looks at a chunk and finds its tokens; `None` if nothing of it shows.
    fn look(&mut self, chunk: &str) -> Option<Chunk> {
        self.found.clear();
        let shown = visible(chunk);
        if shown.is_empty() {
            return None;
        }
        if chunk.is_ascii() {
            self.scan_ascii(chunk.as_bytes());
        } else if !self.scan_chars(chunk) {
            self.found.clear();
            for token in tokens_by_steps(chunk) {
                self.push(TokenHash::of(&token));
            }
        }
        Some(Chunk::of(&shown))
    }

    /// The found tokens with the chunk they are of, if they are few and its letters of
    /// one script.
    fn sight(&self, chunk: &Chunk) -> Option<Sight> {
        let mut scripts = Script::ALL.iter().filter(|script| chunk.scripts[**script as usize] > 0);
        let script = scripts.next().copied().unwrap_or_default();
        if self.found.len() > PLAIN_TOKENS || scripts.next().is_some() {
            return None;
        }
        let mut counts = chunk.counts();
        counts[Count::Tokens] = self.found.len() as u32;
        let mut sight = Sight { class: chunk.class, script, ..Sight::NONE };
        for (i, token) in self.found.iter().enumerate() {
            let known = self.words.get(token.hash);
            let function = known.is(Known::FUNCTION);
            counts[Count::FunctionWords] += u32::from(function);
            counts[Count::WeAndYou] += u32::from(known.is(Known::WE_OR_YOU));
            sight.tokens[i] = token.hash;
            sight.topic |= u8::from(token.is_topic && !function) << i;
        }
        sight.token_count = self.found.len() as u8;
        sight.counts = Counts(counts.0.map(|count| count as u16));
        (sight.first, sight.last) = (chunk.first, chunk.last);
        sight.script_letters = chunk.scripts[script as usize] as u8;
        Some(sight)
    }

    fn scan_ascii(&mut self, chunk: &[u8]) {
        let runs = chunk.chunk_by(|a, b| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric());
        for run in runs {
            self.push(match run {
                [mark] if !mark.is_ascii_alphanumeric() => TokenHash::of_mark(*mark),
                word => TokenHash::of_word(word, word.len()),
            });
        }
    }

    /// Takes note of a token, if there is one.
    #[inline]
    fn push(&mut self, token: TokenHash) {
        if token.length > 0 {
            self.found.push(Token { hash: token.finish(), is_topic: token.is_topic() });
        }
    }

    /// Scans by what the tokenizer makes of each character; `false` when the
    /// characters act on each other.
    fn scan_chars(&mut self, chunk: &str) -> bool {
        let mut word = TokenHash::default();
        let mut scripts = Scripts::default();
        for c in chunk.chars() {
            match self.tokenizer.action(c) {
                Action::Drop => {}
                Action::Word(form) => {
                    scripts.add(*form);
                    word.push_char(*form);
                }
                Action::Single(form) => self.push_single(&mut word, *form),
                Action::Expand(forms) => {
                    for &(form, single) in forms {
                        if single {
                            self.push_single(&mut word, form);
                        } else {
                            scripts.add(form);
                            word.push_char(form);
                        }
                    }
                }
                Action::Ask => return false,
            }
        }
        if scripts.latin && scripts.look_alike {
            return false;
        }
        self.push(word);
        true
    }

    fn push_single(&mut self, word: &mut TokenHash, c: char) {
        self.push(std::mem::take(word));
        let mut single = TokenHash::default();
        single.push_char(c);
        self.push(single);
    }
}

/// Which letters a chunk has that can act on each other.
#[derive(Default)]
struct Scripts {
    latin: bool,
    look_alike: bool,
}

impl Scripts {
    fn add(&mut self, c: char) {
        self.latin |= c.is_ascii_lowercase();
        self.look_alike |= is_look_alike(c);
    }
}

/// A feature with the words it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The hashed id.
    pub id: u32,
    /// What was hashed, such as `word cookie` or `pair read more`.
    pub name: String,
}

/// The bag of `text` with names, every token taken from the `tokenizers`
/// pipeline itself: the definition that [`Extractor::extract`] must equal.
pub fn reference(tokenizer: &Tokenizer, text: &str) -> Vec<Named> {
    let tokens = tokenizer.tokens(text);
    let shown = text.split_whitespace().map(visible).filter(|chunk| !chunk.is_empty());
    let classes: Vec<ChunkClass> = shown.map(|chunk| Chunk::of(&chunk).class).collect();
    let hash = |i: Option<usize>| {
        i.and_then(|i| tokens.get(i)).map_or(BOUNDARY, |token| token_hash(token))
    };
    let word = |i: Option<usize>| i.and_then(|i| tokens.get(i)).map_or("|", String::as_str);
    let mut bag = Vec::new();
    for token in &tokens {
        bag.push(Named { id: id(WORD, token_hash(token)), name: format!("word {token}") });
    }
    for i in 0..=tokens.len() {
        let (first, second) = (i.checked_sub(1), Some(i));
        bag.push(Named {
            id: id(PAIR, pair(hash(first), hash(second))),
            name: format!("pair {} {}", word(first), word(second)),
        });
    }
    let class = |i: Option<usize>| i.and_then(|i| classes.get(i)).copied();
    let class_id = |i| class(i).map_or(BOUNDARY, class_hash);
    let class_name = |i| class(i).map_or("|", ChunkClass::name);
    for i in 0..=classes.len() {
        let (before, previous, this) = (i.checked_sub(2), i.checked_sub(1), Some(i));
        let two = pair(class_id(previous), class_id(this));
        let three = pair(pair(class_id(before), class_id(previous)), class_id(this));
        let name = format!("{} {}", class_name(previous), class_name(this));
        bag.push(Named {
            id: id(CLASSES, three),
            name: format!("classes {} {name}", class_name(before)),
        });
        bag.push(Named { id: id(CLASSES, two), name: format!("classes {name}") });
    }
    if let Some(length) = length_class(classes.len() as u32) {
        let limit = ["1-2", "3-5", "6-12"][length as usize];
        bag.extend(tokens.iter().map(|token| Named {
            id: id(SHORT_WORD + length, token_hash(token)),
            name: format!("word {token} in a line of {limit}"),
        }));
    }
    if tokens.len() <= WHOLE {
        let whole = tokens.iter().fold(BOUNDARY, |all, token| pair(all, token_hash(token)));
        bag.push(Named { id: id(WHOLE_LINE, whole), name: format!("line {}", tokens.join(" ")) });
    }
    bag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokenizer() -> &'static Tokenizer {
        static TOKENIZER: std::sync::OnceLock<Tokenizer> = std::sync::OnceLock::new();
        TOKENIZER.get_or_init(Tokenizer::default)
    }

    fn assert_equal_ways(text: &str) {
        let mut features = Features::default();
        Extractor::new(tokenizer()).extract(text, &mut features);
        let mut expected: Vec<u32> =
            reference(tokenizer(), text).into_iter().map(|named| named.id).collect();
        features.bag.sort_unstable();
        expected.sort_unstable();
        assert!(features.bag == expected, "the two ways differ on {text:?}");
    }

    #[test]
    fn tokens_are_lower_case_words_and_single_marks() {
        for (text, tokens) in [
            ("Buy NOW!! (3 pcs.)", &["buy", "now", "!", "!", "(", "0", "pcs", ".", ")"][..]),
            ("IGBT FF200R12KE3", &["igbt", "ff000r00ke0"]),
            ("ﬁve™ ½ …", &["fivetm", "0", "⁄", "0", ".", ".", "."]),
            ("zero\u{200b}width soft\u{ad}hyphen", &["zerowidth", "softhyphen"]),
            ("cаsinо казино", &["casino", "казино"]),
            ("中文 text", &["中", "文", "text"]),
            ("e\u{301}t\u{e9} Ⅷ", &["été", "viii"]),
            ("𝐅𝐫𝐞𝐞 ｆｕｌｌ", &["free", "full"]),
        ] {
            assert_eq!(tokenizer().tokens(text), tokens, "{text}");
        }
    }

    /// All features of a text that is taken in whole or in pieces.
    fn features(text: &str, in_pieces: bool) -> (Vec<u32>, Shape, Script, Vec<u32>) {
        let mut extractor = Extractor::new(tokenizer());
        let (mut bag, mut topic) = (Vec::new(), Vec::new());
        let mut emitter = Emitter::new(&mut bag);
        match in_pieces {
            true => extractor.take_piece(text, &mut topic, &mut emitter),
            false => extractor.take_in(text, &mut topic, &mut emitter),
        }
        emitter.end(&extractor.first_tokens);
        (bag, extractor.sums.shape(), extractor.sums.script(), topic)
    }

    #[test]
    fn every_known_word_has_a_slot() {
        let words = known_words();
        for word in FUNCTION_WORDS.split_whitespace() {
            assert!(words.get(token_hash(word)).is(Known::FUNCTION), "{word}");
        }
        for word in WE_AND_YOU {
            assert!(words.get(token_hash(word)).is(Known::WE_OR_YOU), "{word}");
        }
        for word in COMPANY_SUFFIXES {
            assert!(words.get(token_hash(word)).is(Known::COMPANY_SUFFIX), "{word}");
        }
        assert_eq!(words.get(token_hash("bridge")).0, 0);
    }

    #[test]
    fn invisible_characters_are_those_the_tokenizer_drops() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| !c.is_whitespace()) {
            let invisible = super::super::tokenizer::is_invisible(c);
            if tokenizer().action(c) == &Action::Drop {
                assert!(invisible, "{c:?}");
            }
            if invisible {
                assert_eq!(tokenizer().tokens(&format!("a{c}b")), ["ab"], "{c:?}");
            }
        }
    }

    #[test]
    fn both_ways_agree_on_every_character() {
        let mut text = String::new();
        for c in (0..=0x2_ffff_u32).filter_map(char::from_u32) {
            text.push('a');
            text.push(c);
            text.push_str("b ");
            if text.len() > 400 {
                assert_equal_ways(&text);
                text.clear();
            }
        }
        assert_equal_ways(&text);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn chunks_add_the_same_by_the_short_way(
            chunk in "[A-Za-c]?[a-z]{0,16}[.,;:!?]{0,2}|(co|ltd|Inc|LIMITED|we|The)[.,]?|[a-z0-9'é(.-]{1,9}",
            times in 1..4200_usize,
        ) {
            let text = format!("{chunk} ").repeat(times);
            prop_assert_eq!(features(&text, false), features(&text, true));
        }

        #[test]
        fn steps_make_the_tokens_of_the_pipeline(
            chunk in "[a-zA-Z0-9.éßİǅ´¨ﬁ½؛中ァ한каоерсухѕнмтвαορνυικετχηγΩЖцю\u{301}\u{200b}\u{345}\u{94d}]{1,9}",
        ) {
            prop_assert_eq!(tokens_by_steps(&chunk), tokenizer().tokens(&chunk));
        }

        #[test]
        fn both_ways_agree_on_any_text(text in any::<String>()) {
            assert_equal_ways(&text);
        }

        #[test]
        fn both_ways_agree_on_web_text(
            text in "([a-zA-Z0-9 .,:;!?@#$%&/()'’“”«»…™½é中日ァ한Кказиноρа\u{301}\u{200b}\u{ad}\u{a0}\u{3000}-]{0,12}[ \n]?){0,12}"
        ) {
            assert_equal_ways(&text);
        }
    }
}
