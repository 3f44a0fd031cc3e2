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
//! Ids are 32-bit hashes, the upper half of them those of words; a model with 2^b weights
//! uses the upper b bits.

use std::iter::once;
use std::ops::Deref;

use super::chunk::{Chunk, ChunkClass, visible};
use super::hash::{MULTIPLIER, token_hash};
use super::readable::seen_by_reader;
use super::script::Script;
use super::shape::Shape;
use super::tokenizer::Tokenizer;

/// Paragraphs of up to so many chunks have ids of words in short lines, in
/// three classes of length.
const SHORT: usize = 12;
/// Paragraphs of up to so many tokens have an id of the whole.
const WHOLE: usize = 10;

/// Takes in the ids of a paragraph, repeated as often as they occur; their order means
/// nothing.
pub trait Bag {
    /// Takes in ids of tokens, of pairs of tokens, or of a whole line.
    fn add<const N: usize>(&mut self, ids: impl Iterator<Item = [u32; N]>);

    /// Takes in two ids each: of three neighbouring classes, and of the last two of them.
    fn add_classes(&mut self, classes: impl Iterator<Item = Classes>) {
        self.add(classes.map(Classes::ids));
    }
}

impl Bag for Vec<u32> {
    fn add<const N: usize>(&mut self, ids: impl Iterator<Item = [u32; N]>) {
        self.extend(ids.flatten());
    }
}

/// Three neighbouring classes of chunks, or of the boundaries of a paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Classes(u32);

/// Bits of one class in [`Classes`]: 0 is the boundary, and 1 more than its number a class.
const CLASS_BITS: u32 = 5;
const _: () = assert!(ChunkClass::MixedScript as u32 + 1 < 1 << CLASS_BITS);

impl Classes {
    /// Numbers are below this.
    pub const COUNT: usize = 1 << (3 * CLASS_BITS);

    /// One for each number; some stand for classes that there are not.
    pub fn all() -> impl Iterator<Item = Classes> {
        (0..Classes::COUNT as u32).map(Classes)
    }

    /// The number, below [`Classes::COUNT`].
    #[inline]
    pub fn number(self) -> usize {
        self.0 as usize % Classes::COUNT
    }

    /// The ids of all three, and of the last two.
    pub fn ids(self) -> [u32; 2] {
        let hash = |back: u32| {
            let class = self.0 >> (back * CLASS_BITS) & ((1 << CLASS_BITS) - 1);
            BOUNDARY + u64::from(class)
        };
        let (before, previous, last) = (hash(2), hash(1), hash(0));
        [id(CLASSES, pair(pair(before, previous), last)), id(CLASSES, pair(previous, last))]
    }

    /// With one more class at the end, or with the boundary.
    #[inline]
    fn then(self, class: Option<ChunkClass>) -> Self {
        Classes(self.0 << CLASS_BITS | class.map_or(0, |class| class as u32 + 1))
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

/// Mixes the hash of a kind and of what is counted into an id.
#[inline]
fn id(kind: u64, hash: u64) -> u32 {
    let mixed = (hash ^ kind.wrapping_mul(0xd6e8_feb8_6659_fd93)).wrapping_mul(MULTIPLIER);
    (mixed >> 33) as u32 | if kind == WORD { WORD_BIT } else { 0 }
}

/// The bit that ids of words have and others have not: words share no weight with pairs.
const WORD_BIT: u32 = 1 << 31;

/// Whether an id is that of a word.
pub fn is_word(id: u32) -> bool {
    id & WORD_BIT != 0
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
fn length_class(chunks: usize) -> Option<u64> {
    match chunks {
        0..=2 => Some(0),
        3..=5 => Some(1),
        6..=SHORT => Some(2),
        _ => None,
    }
}

/// A part of a paragraph, in order.
pub(super) struct Block {
    /// Hashes of tokens.
    pub tokens: Row<u64, { Block::TOKENS }>,
    pub classes: Row<ChunkClass, { Block::CHUNKS }>,
    /// Hashes of topic words: see [`Features::topic`].
    pub topic: Row<u32, { Block::TOKENS }>,
}

impl Block {
    pub(super) const CHUNKS: usize = 512;
    /// There is room for so many tokens a chunk.
    pub(super) const TOKENS_A_CHUNK: usize = 4;
    pub(super) const TOKENS: usize = Block::TOKENS_A_CHUNK * Block::CHUNKS;

    pub(super) fn new() -> Self {
        Block { tokens: Row::new(0), classes: Row::new(ChunkClass::Lower), topic: Row::new(0) }
    }

    pub(super) fn clear(&mut self) {
        self.tokens.count = 0;
        self.classes.count = 0;
        self.topic.count = 0;
    }
}

/// A list of fewer than `N` items, or of `N` if none was given up; `N` is a power of two.
pub(super) struct Row<T, const N: usize> {
    items: [T; N],
    count: usize,
}

impl<T: Copy, const N: usize> Row<T, N> {
    fn new(item: T) -> Self {
        Row { items: [item; N], count: 0 }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Puts an item behind the others, to be given up for the next one if not to `keep`.
    /// There must be room.
    #[inline(always)]
    pub(super) fn put(&mut self, item: T, keep: bool) {
        debug_assert!(self.count < N, "the row is full");
        self.items[self.count % N] = item;
        self.count += usize::from(keep);
    }
}

impl<T, const N: usize> Deref for Row<T, N> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.items[..self.count]
    }
}

/// Makes the ids of a paragraph, block by block.
pub(super) struct Ids<'b, B> {
    bag: &'b mut B,
    pub tokens: usize,
    pub chunks: usize,
    token: u64,
    /// Of all tokens so far.
    pub words_hash: u64,
    classes: Classes,
}

impl<'b, B: Bag> Ids<'b, B> {
    pub(super) fn new(bag: &'b mut B) -> Self {
        let (token, words_hash) = (BOUNDARY, BOUNDARY);
        Ids { bag, tokens: 0, chunks: 0, token, words_hash, classes: Classes(0) }
    }

    /// Adds the ids of the next part.
    pub(super) fn take(&mut self, block: &Block) {
        self.bag.add(block.tokens.iter().map(|&token| {
            let ids = [id(WORD, token), id(PAIR, pair(self.token, token))];
            self.words_hash = pair(self.words_hash, token);
            self.token = token;
            ids
        }));
        self.bag.add_classes(block.classes.iter().map(|class| {
            self.classes = self.classes.then(Some(*class));
            self.classes
        }));
        self.tokens += block.tokens.len();
        self.chunks += block.classes.len();
    }

    /// Adds the ids that the paragraph has at its end and as a whole.
    pub(super) fn end(&mut self) {
        self.bag.add(once([id(PAIR, pair(self.token, BOUNDARY))]));
        self.bag.add_classes(once(self.classes.then(None)));
        if self.tokens <= WHOLE {
            self.bag.add(once([id(WHOLE_LINE, self.words_hash)]));
        }
    }

    /// The kind of the second ids that the tokens have in a short paragraph.
    pub(super) fn short(&self) -> Option<u64> {
        length_class(self.chunks).map(|length| SHORT_WORD + length)
    }

    /// Adds the second ids of tokens; `kind` is [`Ids::short`].
    pub(super) fn take_short(&mut self, kind: u64, block: &Block) {
        self.bag.add(block.tokens.iter().map(|token| [id(kind, *token)]));
    }

    /// How many ids there are in all.
    pub(super) fn count(&self) -> usize {
        let of_tokens = self.tokens * (2 + usize::from(self.short().is_some())) + 1;
        of_tokens + 2 * self.chunks + 2 + usize::from(self.tokens <= WHOLE)
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
/// pipeline itself: the definition that [`super::Extractor::extract`] must equal.
pub fn reference(tokenizer: &Tokenizer, text: &str) -> Vec<Named> {
    let seen = seen_by_reader(text);
    let text = &*seen.text;
    let tokens = tokenizer.tokens(text);
    let chunks = text.split_whitespace().filter_map(|chunk| Chunk::of(&visible(chunk)));
    let classes: Vec<ChunkClass> = chunks.map(|chunk| chunk.class).collect();
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
    if let Some(length) = length_class(classes.len()) {
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
