//! Turning a paragraph into features, in one pass over its text.

use std::borrow::Cow;

use super::bag::{Bag, Block, Features, Ids};
use super::chunk::{Chunk, ChunkClass, Counts, PLAIN_COUNT, PLAIN_TOKENS, Sight, visible};
use super::hash::{MULTIPLIER, TOPIC_LENGTH, TokenHash};
use super::known::{Known, KnownWords, known_words};
use super::readable::seen_by_reader;
use super::script::Script;
use super::shape::ShapeSums;
use super::short::ShortChunk;
use super::tokenizer::Tokenizer;
use super::tokens::each_token;
use super::word::{Plain, Start};

/// A chunk that was seen before.
#[derive(Clone, Copy)]
struct Remembered {
    /// Its bytes, none of them 0, with zeros behind.
    key: [u64; 2],
    sight: Sight,
}

impl Remembered {
    const NOTHING: Remembered = Remembered { key: [0; 2], sight: Sight::NONE };
}

/// Places for chunks, two in each, the last used one first; a power of two. With less,
/// more is worked out anew; with more, the table and the model's weights do not fit
/// into the second-level cache together.
const PLACES: usize = 2048;

/// Where a chunk is remembered.
#[inline]
fn place(key: [u64; 2]) -> usize {
    let hash = (key[0] ^ key[1].rotate_left(29)).wrapping_mul(MULTIPLIER);
    (hash >> (64 - PLACES.ilog2())) as usize
}

const _: () = assert!(Block::CHUNKS <= ShapeSums::MOST_CHUNKS);
const _: () = assert!(PLAIN_TOKENS <= Block::TOKENS_A_CHUNK);

/// Turns paragraphs into features, reusing its buffers. One a thread.
///
/// Most chunks are plain words, for which there is a short way. What another short
/// chunk adds is remembered, so that it is worked out once and then looked up. Tokens
/// and classes are collected in blocks, and ids made of a block at once: a loop that
/// does one thing is fast, its look-ups do not wait for each other, and a paragraph of
/// any length takes little memory.
pub struct Extractor<'t> {
    tokenizer: &'t Tokenizer,
    words: &'static KnownWords,
    memory: Box<[[Remembered; 2]]>,
    sums: ShapeSums,
    block: Block,
    topic: Vec<u32>,
}

impl<'t> Extractor<'t> {
    /// An extractor for the tokens that `tokenizer` defines.
    pub fn new(tokenizer: &'t Tokenizer) -> Self {
        Extractor {
            tokenizer,
            words: known_words(),
            memory: vec![[Remembered::NOTHING; 2]; PLACES].into_boxed_slice(),
            sums: ShapeSums::default(),
            block: Block::new(),
            topic: Vec::new(),
        }
    }

    /// Writes the features of `text` into `out`, replacing what was there.
    pub fn extract(&mut self, text: &str, out: &mut Features) {
        let mut bag = std::mem::take(&mut out.bag);
        bag.clear();
        self.scan(text, text.len(), out, &mut bag);
        out.bag = bag;
    }

    /// Gives every id of a paragraph to `bag`, and writes all other features into `out`.
    /// Returns the number of ids.
    ///
    /// The paragraph is the first `length` bytes of `text`. Where `text` goes on behind it,
    /// it must do so with ASCII white space, as after a line.
    pub fn scan(
        &mut self,
        text: &str,
        length: usize,
        out: &mut Features,
        bag: &mut impl Bag,
    ) -> usize {
        let seen = seen_by_reader(&text[..length]);
        let (text, length) = match &seen.text {
            Cow::Borrowed(_) => (text, length),
            Cow::Owned(text) => (text.as_str(), text.len()),
        };
        let mut ids = Ids::new(bag);
        self.sums = ShapeSums::default();
        self.sums.set_markup(seen.markup);
        self.topic.clear();
        self.take_in(text, length, &mut |block| ids.take(block));
        let in_one_block = ids.chunks == 0 && ids.tokens == 0;
        self.pass_on(&mut |block| ids.take(block));
        ids.end();
        out.words_hash = ids.words_hash;
        out.shape = self.sums.shape(ids.chunks, ids.tokens);
        out.script = self.sums.script();
        out.bins.clear();
        out.shape.push_bins(&mut out.bins);
        std::mem::swap(&mut out.topic, &mut self.topic);
        // Only at the end is it known whether the paragraph is short.
        if let Some(kind) = ids.short() {
            if !in_one_block {
                self.take_in(text, length, &mut |block| ids.take_short(kind, block));
            }
            ids.take_short(kind, &self.block);
        }
        ids.count()
    }

    /// Takes in the chunks of a text. Gives all full blocks to `take`; what comes after
    /// them stays in `self.block`.
    fn take_in(&mut self, text: &str, length: usize, take: &mut impl FnMut(&Block)) {
        self.block.clear();
        let mut start = 0;
        while start < length {
            if self.block.classes.len() == Block::CHUNKS {
                self.next_block(take);
            }
            start += match Start::of(&text.as_bytes()[start..]) {
                Start::Space => 1,
                Start::Plain(word) => {
                    self.take_plain(&word);
                    word.length() + 1
                }
                Start::Short(length, key) => {
                    self.take_short(&text[start..start + length], key, take);
                    length + 1
                }
                Start::Long(length) => {
                    self.take_piece(&text[start..start + length], take);
                    length + 1
                }
            }
        }
    }

    /// Gives the block on and starts the next one.
    fn next_block(&mut self, take: &mut impl FnMut(&Block)) {
        self.pass_on(take);
        self.block.clear();
    }

    /// Gives the block on.
    fn pass_on(&mut self, take: &mut impl FnMut(&Block)) {
        take(&self.block);
        self.topic.extend_from_slice(&self.block.topic);
        self.sums.see(&self.block.tokens);
        self.sums.pass_on();
    }

    #[inline(always)]
    fn take_plain(&mut self, word: &Plain) {
        let hash = word.hash();
        let known = self.words.get(hash);
        self.block.tokens.put(hash, true);
        self.block.tokens.put(mark_hash(word.mark), word.mark > 0);
        self.block.topic.put(topic(hash), is_topic(word.letters as u32, known));
        let class = match word.letters {
            1 => ChunkClass::SingleLetter,
            _ if word.upper => ChunkClass::Title,
            _ => ChunkClass::Lower,
        };
        let company = known.is(Known::COMPANY_SUFFIX);
        self.block.classes.put(if company { ChunkClass::CompanySuffix } else { class }, true);
        self.sums.add_plain(word, known);
    }

    /// Takes in a chunk with its bytes as two words.
    fn take_short(&mut self, chunk: &str, key: [u64; 2], take: &mut impl FnMut(&Block)) {
        let memory = &self.memory[place(key)];
        let sight = match () {
            () if memory[0].key == key => memory[0].sight,
            () if memory[1].key == key => memory[1].sight,
            () => match self.work_out(chunk, key) {
                Some(sight) => {
                    let memory = &mut self.memory[place(key)];
                    *memory = [Remembered { key, sight }, memory[0]];
                    sight
                }
                None => return self.take_piece(chunk, take),
            },
        };
        self.sums.add(&sight);
        for (i, &token) in sight.tokens.iter().enumerate().take(sight.token_count.into()) {
            self.block.tokens.put(token, true);
            self.block.topic.put(topic(token), sight.topic >> i & 1 != 0);
        }
        self.block.classes.put(sight.class, true);
    }

    /// What a short piece adds, if that can be remembered: if it is one chunk of few
    /// tokens, with letters of one script.
    #[cold]
    fn work_out(&self, piece: &str, key: [u64; 2]) -> Option<Sight> {
        match ShortChunk::of(piece, key, &mut [0; PLAIN_COUNT]) {
            Some(chunk) => self.sight(&Chunk::of_short(&chunk), |put| chunk.tokens().for_each(put)),
            None if piece.contains(char::is_whitespace) => None,
            None => self.sight(&Chunk::of(&visible(piece))?, |put| {
                each_token(self.tokenizer, piece, put);
            }),
        }
    }

    /// What a chunk with these tokens adds, if that can be remembered.
    #[inline]
    fn sight(
        &self,
        chunk: &Chunk,
        each_token: impl FnOnce(&mut dyn FnMut(TokenHash)),
    ) -> Option<Sight> {
        let mut scripts = Script::ALL.iter().filter(|script| chunk.scripts[**script as usize] > 0);
        let script = scripts.next().copied().unwrap_or_default();
        let mut sight = Sight {
            counts: Counts(chunk.counts().0.map(|count| count as u8)),
            class: chunk.class,
            first: chunk.first,
            last: chunk.last,
            script,
            script_letters: chunk.scripts[script as usize] as u8,
            ..Sight::NONE
        };
        let mut count = 0;
        each_token(&mut |token| {
            if let Some(slot) = sight.tokens.get_mut(count) {
                *slot = token.finish();
                let known = self.words.get(*slot);
                sight.counts.add_known(known);
                sight.topic |= u8::from(is_topic(token.letters, known)) << count;
            }
            count += 1;
        });
        sight.token_count = count as u8;
        (count <= PLAIN_TOKENS && scripts.next().is_none()).then_some(sight)
    }

    /// Takes in what has no ASCII white space in it.
    fn take_piece(&mut self, piece: &str, take: &mut impl FnMut(&Block)) {
        for text in piece.split_whitespace() {
            let Some(chunk) = Chunk::of(&visible(text)) else { continue };
            self.sums.add_chunk(&chunk);
            each_token(self.tokenizer, text, |token| {
                let hash = token.finish();
                let known = self.words.get(hash);
                self.sums.add_known(known);
                self.block.tokens.put(hash, true);
                self.block.topic.put(topic(hash), is_topic(token.letters, known));
                if self.block.tokens.len() == Block::TOKENS {
                    self.next_block(take);
                }
            });
            self.block.classes.put(chunk.class, true);
            // A chunk may have had many tokens.
            let room = Block::TOKENS_A_CHUNK * self.block.classes.len();
            if self.block.tokens.len() > room || self.block.classes.len() == Block::CHUNKS {
                self.next_block(take);
            }
        }
    }
}

/// The hash of an ASCII mark as a token.
#[inline]
fn mark_hash(mark: u8) -> u64 {
    const HASHES: [u64; 64] = {
        let mut hashes = [0; 64];
        let mut mark = 0;
        while mark < hashes.len() {
            hashes[mark] = TokenHash::of_mark(mark as u8).finish();
            mark += 1;
        }
        hashes
    };
    HASHES[usize::from(mark) % HASHES.len()]
}

/// A word as it stands in [`Features::topic`].
#[inline]
fn topic(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Whether a word with so many bytes, digits aside, says what a text is about.
#[inline]
fn is_topic(letters: u32, known: Known) -> bool {
    letters >= TOPIC_LENGTH && !known.is(Known::FUNCTION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::super::bag::reference;
    use super::super::tokenizer::{Action, is_invisible, tokens_by_steps};
    use super::*;

    fn tokenizer() -> &'static Tokenizer {
        static TOKENIZER: std::sync::OnceLock<Tokenizer> = std::sync::OnceLock::new();
        TOKENIZER.get_or_init(Tokenizer::default)
    }

    fn assert_equal_ways(text: &str) {
        let features = features(text);
        let mut expected: Vec<u32> =
            reference(tokenizer(), text).into_iter().map(|named| named.id).collect();
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

    /// The features of a text, with its bag in order.
    fn features(text: &str) -> Features {
        let mut features = Features::default();
        Extractor::new(tokenizer()).extract(text, &mut features);
        features.bag.sort_unstable();
        features
    }

    #[test]
    fn invisible_characters_are_those_the_tokenizer_drops() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| !c.is_whitespace()) {
            let invisible = is_invisible(c);
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
            chunk in "[A-Za-c]?[a-z]{0,16}[.,;:!?]{0,2}|(co|ltd|Inc|LIMITED|we|The|undefined)[.,:]?\
                      |[a-z0-9'é’“”—•(.-]{1,9}|[A-Za-z0-9:{}%$@=;#)(’é]{1,9}|[(“]?(NaN|\\{[a-z]{1,3}\\})",
            times in 1..4200_usize,
        ) {
            // Other spaces than those of ASCII end no piece. The accents at both ends stand in no
            // text that was encoded twice, so nothing is mended, and no line starts with a mark.
            let text = |space: &str| format!("é{space}{0}é", format!("{chunk}{space}").repeat(times));
            let (plain, in_pieces) = (features(&text(" ")), features(&text("\u{2003}")));
            prop_assert!(plain == in_pieces, "{text} differs", text = text(" "));
        }

        #[test]
        fn steps_make_the_tokens_of_the_pipeline(
            chunk in "[a-zA-Z0-9.éßİǅ´¨ﬁ½؛中ァ한каоерсухѕнмтвαορνυικετχηγΩЖцю\u{301}\u{200b}\u{345}\u{94d}]{1,9}",
        ) {
            prop_assert_eq!(tokens_by_steps(&chunk), tokenizer().tokens(&chunk));
        }

        #[test]
        fn composed_and_decomposed_text_are_the_same(
            text in "([a-zA-ZäéñőûčÅßØвйЁёάΰअकक़ड़がパ각한국어힣\u{1112}\u{1161}.,0-9]{1,9} ){1,5}",
        ) {
            let (composed, decomposed) = (text.nfc().collect::<String>(), text.nfd().collect::<String>());
            prop_assert!(features(&composed) == features(&decomposed), "{composed} differs");
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
