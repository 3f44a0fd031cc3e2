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

use super::chunk::{Chunk, ChunkClass, visible};
use super::script::Script;
use super::shape::{BINS_PER_SHAPE, Shape, ShapeSums};
use super::tokenizer::{Action, Tokenizer, is_look_alike};

/// Paragraphs of up to so many chunks have ids of words in short lines, in
/// three classes of length.
const SHORT: u32 = 12;
/// Paragraphs of up to so many tokens have an id of the whole.
const WHOLE: usize = 10;

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

/// What is known of a word beforehand.
#[derive(Clone, Copy, Default)]
struct Known {
    function: bool,
    we_or_you: bool,
}

/// The words above by hash: open addressing, a slot in four taken.
struct KnownWords {
    slots: [(u64, Known); 1024],
}

impl KnownWords {
    fn new() -> Self {
        let mut words = KnownWords { slots: [(0, Known::default()); 1024] };
        for word in FUNCTION_WORDS.split_whitespace() {
            words.slot(token_hash(word)).1.function = true;
        }
        for word in WE_AND_YOU {
            words.slot(token_hash(word)).1.we_or_you = true;
        }
        words
    }

    fn slot(&mut self, hash: u64) -> &mut (u64, Known) {
        let mut slot = (hash >> 54) as usize;
        while self.slots[slot].0 != 0 && self.slots[slot].0 != hash {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot].0 = hash;
        &mut self.slots[slot]
    }

    #[inline]
    fn get(&self, hash: u64) -> Known {
        let mut slot = (hash >> 54) as usize;
        loop {
            match self.slots[slot] {
                (0, _) => return Known::default(),
                (found, known) if found == hash => return known,
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }
}

fn known_words() -> &'static KnownWords {
    static WORDS: std::sync::OnceLock<KnownWords> = std::sync::OnceLock::new();
    WORDS.get_or_init(KnownWords::new)
}

/// ASCII white space as `char::is_whitespace` has it: vertical tab included.
fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Turns paragraphs into features, reusing its buffers. One a thread.
pub struct Extractor<'t> {
    tokenizer: &'t Tokenizer,
    words: &'static KnownWords,
    tokens: Vec<u64>,
    topic: Vec<u64>,
    classes: Vec<ChunkClass>,
}

impl<'t> Extractor<'t> {
    /// An extractor for the tokens that `tokenizer` defines.
    pub fn new(tokenizer: &'t Tokenizer) -> Self {
        Extractor {
            tokenizer,
            words: known_words(),
            tokens: Vec::new(),
            topic: Vec::new(),
            classes: Vec::new(),
        }
    }

    /// Writes the features of `text` into `out`, replacing what was there.
    pub fn extract(&mut self, text: &str, out: &mut Features) {
        let mut sums = ShapeSums::default();
        self.tokens.clear();
        self.topic.clear();
        self.classes.clear();
        // White space beyond ASCII is rare: look for it only in what is no plain word.
        let (bytes, mut start) = (text.as_bytes(), 0);
        while start < bytes.len() {
            let rest = &bytes[start..];
            let length = rest.iter().position(|byte| is_ascii_space(*byte)).unwrap_or(rest.len());
            if let Some(looks) = Chunk::plain(&rest[..length]) {
                sums.add_chunk(&looks);
                self.classes.push(looks.class);
                self.scan_plain(rest, length);
            } else {
                let piece = &text[start..start + length];
                piece.split_whitespace().for_each(|chunk| self.take_chunk(chunk, &mut sums));
            }
            start += length + 1;
        }
        let known = self.words;
        for &token in &self.tokens {
            let Known { function, we_or_you } = known.get(token);
            sums.add_token(token, function, we_or_you);
        }
        out.topic.clear();
        let topic = self.topic.iter().filter(|token| !known.get(**token).function);
        out.topic.extend(topic.map(|token| (token >> 32) as u32));
        out.shape = sums.shape();
        out.script = sums.script();
        out.words_hash = self.tokens.iter().fold(BOUNDARY, |all, token| pair(all, *token));
        out.bins.clear();
        out.bins.reserve(BINS_PER_SHAPE);
        out.shape.push_bins(&mut out.bins);
        self.fill_bag(&mut out.bag);
    }

    fn take_chunk(&mut self, chunk: &str, sums: &mut ShapeSums) {
        let shown = visible(chunk);
        if shown.is_empty() {
            return;
        }
        let looks = Chunk::of(&shown);
        sums.add_chunk(&looks);
        self.classes.push(looks.class);
        if chunk.is_ascii() {
            self.scan_ascii(chunk.as_bytes());
        } else if !self.scan_chars(chunk) {
            for token in self.tokenizer.tokens(chunk) {
                self.push(TokenHash::of(&token));
            }
        }
    }

    /// Scans the plain chunk that `text` starts with: a word, perhaps a mark.
    #[inline]
    fn scan_plain(&mut self, text: &[u8], length: usize) {
        let mark = text[length - 1];
        if mark.is_ascii_alphabetic() {
            self.push(TokenHash::of_word(text, length));
        } else {
            self.push(TokenHash::of_word(text, length - 1));
            self.push(TokenHash::of_mark(mark));
        }
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

    /// Takes a token in, if there is one.
    #[inline]
    fn push(&mut self, token: TokenHash) {
        if token.length > 0 {
            let hash = token.finish();
            self.tokens.push(hash);
            if token.is_topic() {
                self.topic.push(hash);
            }
        }
    }

    /// Scans by what the tokenizer makes of each character; `false`, with
    /// nothing added, when the characters act on each other.
    fn scan_chars(&mut self, chunk: &str) -> bool {
        let start = (self.tokens.len(), self.topic.len());
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
                Action::Ask => {
                    self.forget_since(start);
                    return false;
                }
            }
        }
        if scripts.latin && scripts.look_alike {
            self.forget_since(start);
            return false;
        }
        self.push(word);
        true
    }

    fn forget_since(&mut self, (tokens, topic): (usize, usize)) {
        self.tokens.truncate(tokens);
        self.topic.truncate(topic);
    }

    fn push_single(&mut self, word: &mut TokenHash, c: char) {
        self.push(std::mem::take(word));
        let mut single = TokenHash::default();
        single.push_char(c);
        self.push(single);
    }

    fn fill_bag(&self, bag: &mut Vec<u32>) {
        bag.clear();
        bag.reserve(3 * self.tokens.len() + 2 * self.classes.len() + 4);
        let mut previous = BOUNDARY;
        for &token in &self.tokens {
            bag.push(id(WORD, token));
            bag.push(id(PAIR, pair(previous, token)));
            previous = token;
        }
        bag.push(id(PAIR, pair(previous, BOUNDARY)));
        let (mut before, mut previous) = (BOUNDARY, BOUNDARY);
        let classes = self.classes.iter().map(|class| class_hash(*class));
        for class in classes.chain([BOUNDARY]) {
            bag.push(id(CLASSES, pair(previous, class)));
            bag.push(id(CLASSES, pair(pair(before, previous), class)));
            (before, previous) = (previous, class);
        }
        if let Some(length) = length_class(self.classes.len() as u32) {
            let short = |token: &u64| id(SHORT_WORD + length, *token);
            bag.extend(self.tokens.iter().map(short));
        }
        if self.tokens.len() <= WHOLE {
            let whole = self.tokens.iter().fold(BOUNDARY, |all, token| pair(all, *token));
            bag.push(id(WHOLE_LINE, whole));
        }
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
        TOKENIZER.get_or_init(|| {
            Tokenizer::from_json(&Tokenizer::standard_json()).expect("the standard tokenizer loads")
        })
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
