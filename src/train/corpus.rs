//! The training data as numbers: equal paragraphs once, documents as lists of them.
//!
//! Extractors repeat the same paragraphs over and over. A *row* is a paragraph's
//! text within one fold; its features are computed once, and its labels are
//! counted. Documents, made ones too, are lists of rows of their own fold. A text
//! that sites of several folds have, such as "Read more", is a row in each: that is
//! how it will be on an unseen site.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::dataset::LabelledDocument;
use super::fit::{Rows, SplitMix};
use super::recipe::{AugmentRecipe, Recipe};
use crate::features::{
    BIN_COUNT, Extractor, Features, Script, Shape, Tokenizer, is_word, language_of,
};
use crate::label::Label;
use crate::model::facts::{ParagraphFacts, Relations};
use crate::model::text::{TextValue, bag_scale};

/// A paragraph as its row and its label, if that is known.
pub type LabelledRow = (u32, Option<Label>);

/// A document as rows.
#[derive(Clone, Debug)]
pub struct RowDocument {
    /// Number of its set in [`Corpus::sources`].
    pub source: u32,
    /// Number of its group.
    pub group: u32,
    /// The fold it is tested in.
    pub fold: u8,
    /// Number of its extractor in [`Corpus::extractors`], if any.
    pub extractor: Option<u32>,
    /// The language it is plainly in, if any.
    pub language: Option<&'static str>,
    /// Its paragraphs.
    pub paragraphs: Vec<LabelledRow>,
}

/// All of the training data.
pub struct Corpus {
    /// Features of the rows: column 0 is the intercept, then the bins, then the bag.
    pub rows: Rows,
    /// Form of each row.
    pub shapes: Vec<Shape>,
    /// Script of each row.
    pub scripts: Vec<Script>,
    /// Fold of each row.
    pub folds: Vec<u8>,
    hashes: Vec<u64>,
    topic: Vec<u32>,
    topic_ends: Vec<usize>,
    /// Slots of all words of the rows, in their order.
    words: Vec<u32>,
    word_ends: Vec<usize>,
    /// The documents read, in their order.
    pub documents: Vec<RowDocument>,
    /// Disguised copies, for the text stage only.
    disguised: Vec<RowDocument>,
    /// Names of the sets.
    pub sources: Vec<String>,
    /// Names of the extractors.
    pub extractors: Vec<String>,
    /// Number of groups.
    pub groups: usize,
    /// How many labelled paragraphs are plainly in a language.
    pub languages: BTreeMap<&'static str, usize>,
}

/// Paragraphs of documents in no plain language that are looked at together.
const TOGETHER: usize = 20;

/// Column of a bin.
pub const FIRST_BIN: u32 = 1;
/// Column of bag slot 0.
pub const FIRST_BAG: u32 = FIRST_BIN + BIN_COUNT as u32;

/// The fold of a group, the same in every run.
pub fn fold_of(group: &str, seed: u64, folds: usize) -> u8 {
    let hash = group.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    SplitMix(hash).below(folds) as u8
}

impl Corpus {
    /// Turns documents, and disguised copies that only the text stage learns from, into
    /// rows, on `threads` threads; the result does not depend on their number.
    /// `progress` hears of rows done and rows in all.
    pub fn new(
        documents: &[LabelledDocument],
        disguised: &[LabelledDocument],
        tokenizer: &Tokenizer,
        recipe: &Recipe,
        threads: usize,
        progress: &dyn Fn(usize, usize),
    ) -> Self {
        let columns = FIRST_BAG as usize + (1 << recipe.text.bits);
        let mut corpus = Corpus {
            rows: Rows::new(columns),
            shapes: Vec::new(),
            scripts: Vec::new(),
            folds: Vec::new(),
            hashes: Vec::new(),
            topic: Vec::new(),
            topic_ends: vec![0],
            words: Vec::new(),
            word_ends: vec![0],
            documents: Vec::new(),
            disguised: Vec::new(),
            sources: Vec::new(),
            extractors: Vec::new(),
            groups: 0,
            languages: BTreeMap::new(),
        };
        let texts = corpus.intern(documents, disguised, recipe);
        let bits = recipe.text.bits;
        for (done, block) in texts.chunks(BLOCK).enumerate() {
            progress(done * BLOCK, texts.len());
            let part = block.len().div_ceil(threads.max(1)).max(1);
            let parts: Vec<Vec<Features>> = std::thread::scope(|scope| {
                let workers: Vec<_> = block
                    .chunks(part)
                    .map(|texts| scope.spawn(move || extract(tokenizer, texts)))
                    .collect();
                workers.into_iter().map(|worker| worker.join().unwrap_or_default()).collect()
            });
            parts.iter().flatten().for_each(|features| corpus.push(features, bits));
        }
        assert_eq!(corpus.rows.len(), texts.len(), "a feature worker stopped");
        corpus.tell_languages(&texts);
        corpus
    }

    /// Numbers everything; returns the text of each row.
    fn intern<'d>(
        &mut self,
        documents: &'d [LabelledDocument],
        disguised: &'d [LabelledDocument],
        recipe: &Recipe,
    ) -> Vec<&'d str> {
        let mut texts = Vec::new();
        let mut known: HashMap<(u64, u8), u32> = HashMap::new();
        let mut sources = Names::default();
        let mut extractors = Names::default();
        let mut groups = Names::default();
        for document in documents.iter().chain(disguised) {
            let fold = fold_of(&document.group, recipe.seed, recipe.folds);
            let paragraphs = document.paragraphs.iter().map(|paragraph| {
                let row = *known.entry((text_hash(&paragraph.text), fold)).or_insert_with(|| {
                    texts.push(paragraph.text.as_str());
                    self.folds.push(fold);
                    texts.len() as u32 - 1
                });
                (row, paragraph.label)
            });
            let paragraphs = paragraphs.collect();
            let extractor = document.extractor.as_deref().map(|name| extractors.number(name));
            self.documents.push(RowDocument {
                source: sources.number(&document.source),
                group: groups.number(&document.group),
                fold,
                extractor,
                language: None,
                paragraphs,
            });
        }
        self.disguised = self.documents.split_off(documents.len());
        self.sources = sources.names;
        self.extractors = extractors.names;
        self.groups = groups.names.len();
        texts
    }

    /// Tells the languages of documents. Those that are too short for it, as where each
    /// paragraph is one, are told together.
    fn tell_languages(&mut self, texts: &[&str]) {
        let language = |rows: &[LabelledRow]| {
            let shapes = rows.iter().map(|(row, _)| &self.shapes[*row as usize]);
            language_of(shapes, rows.iter().map(|(row, _)| texts[*row as usize]))
        };
        let (mut counts, mut together) = (BTreeMap::new(), Vec::new());
        let mut count = |rows: &[LabelledRow], language: Option<&'static str>| {
            let labelled = rows.iter().filter(|(_, label)| label.is_some()).count();
            if let Some(language) = language {
                *counts.entry(language).or_default() += labelled;
            }
        };
        let mut documents = self.documents.iter_mut().peekable();
        while let Some(document) = documents.next() {
            document.language = language(&document.paragraphs);
            count(&document.paragraphs, document.language);
            if document.language.is_none() {
                together.extend_from_slice(&document.paragraphs);
            }
            let goes_on = documents.peek().is_some_and(|next| next.source == document.source);
            if together.len() >= TOGETHER || !goes_on {
                count(&together, language(&together));
                together.clear();
            }
        }
        self.languages = counts;
    }

    fn push(&mut self, features: &Features, bits: u32) {
        let bins = features.bins.iter().map(|bin| FIRST_BIN + bin);
        let bag = features.bag.iter().map(|id| FIRST_BAG + (id >> (32 - bits)));
        self.rows.push([0].into_iter().chain(bins), bag, bag_scale(features.bag.len()));
        self.shapes.push(features.shape);
        self.scripts.push(features.script);
        self.hashes.push(features.words_hash);
        self.topic.extend(&features.topic);
        self.topic_ends.push(self.topic.len());
        let words = features.bag.iter().filter(|id| is_word(**id));
        self.words.extend(words.map(|id| id >> (32 - bits)));
        self.word_ends.push(self.words.len());
    }

    /// Slots of a row's words, in their order.
    pub fn words(&self, row: usize) -> &[u32] {
        &self.words[self.word_ends[row]..self.word_ends[row + 1]]
    }

    /// The facts of a document's paragraphs, given the text values of rows.
    pub fn facts(
        &self,
        document: &RowDocument,
        values: &[TextValue],
        relations: &mut Relations,
    ) -> Vec<ParagraphFacts> {
        let row = |i: usize| document.paragraphs[i].0 as usize;
        let facts = |i: usize| {
            ParagraphFacts::new(values[row(i)], self.shapes[row(i)], self.scripts[row(i)])
        };
        let mut facts: Vec<ParagraphFacts> = (0..document.paragraphs.len()).map(facts).collect();
        let topic = |i: usize| &self.topic[self.topic_ends[row(i)]..self.topic_ends[row(i) + 1]];
        relations.relate(&mut facts, topic, |i| self.hashes[row(i)]);
        facts
    }

    /// Labels of all documents, counted by row: content, ad, chrome, each weighted
    /// by what the recipe says of its set.
    pub fn label_weights(&self, recipe: &Recipe) -> Vec<[f64; 3]> {
        let weights: Vec<f64> =
            self.sources.iter().map(|name| recipe.source(name).weight).collect();
        let mut sums = vec![[0.0; 3]; self.rows.len()];
        for document in self.documents.iter().chain(&self.disguised) {
            for (row, label) in &document.paragraphs {
                if let Some(label) = label {
                    sums[*row as usize][label.class()] += weights[document.source as usize];
                }
            }
        }
        sums
    }

    /// Documents made of others: ads and chrome put into genuine documents of the
    /// same fold, and short pieces cut out of documents.
    pub fn make_documents(&self, recipe: &Recipe) -> Vec<RowDocument> {
        let mut random = SplitMix(recipe.seed ^ 0x6a09_e667_f3bc_c908);
        let mut made = Vec::new();
        let AugmentRecipe { injected, pieces, lists, .. } = recipe.augment;
        let whole = |document: &&RowDocument| {
            recipe.source(&self.sources[document.source as usize]).documents
        };
        let documents: Vec<&RowDocument> = self.documents.iter().filter(whole).collect();
        let clean: Vec<&RowDocument> = documents
            .iter()
            .filter(|document| {
                document.paragraphs.len() >= 2
                    && document.paragraphs.iter().all(|(_, label)| *label == Some(Label::Content))
            })
            .copied()
            .collect();
        let spam = self.spam_lists(recipe);
        if !clean.is_empty() {
            for _ in 0..injected {
                let whole = clean[random.below(clean.len())];
                // Every second one short: an ad beside a sentence or two.
                let short = (random.below(2) == 0).then(|| piece(whole, SHORT_PIECE, &mut random));
                made.extend(spam.inject(short.as_ref().unwrap_or(whole), &mut random));
            }
        }
        // Short texts that reach despam are rarely cut out of menus: pieces are of what
        // extractors leave and of written documents.
        let pages = |document: &&RowDocument| {
            document
                .paragraphs
                .iter()
                .filter(|(_, label)| label.is_some_and(Label::is_spam))
                .count()
                * 2
                > document.paragraphs.len()
        };
        let texts: Vec<&RowDocument> =
            documents.iter().copied().filter(|document| !pages(document)).collect();
        for i in 0..if texts.is_empty() { 0 } else { pieces } {
            let most = if i % 2 == 0 { SHORT_PIECE } else { LONG_PIECE };
            made.push(piece(texts[random.below(texts.len())], most, &mut random));
        }
        for i in 0..lists {
            made.extend(spam.list((i % recipe.folds) as u8, &mut random));
        }
        made
    }

    /// Pieces of genuine documents, `count` for each pool of the recipe, cut to show what
    /// short documents lose.
    pub fn proof_documents(&self, recipe: &Recipe, count: usize) -> Vec<RowDocument> {
        let mut random = SplitMix(recipe.seed ^ 0x1f83_d9ab_fb41_bd6b);
        let mut pools: BTreeMap<String, Vec<&RowDocument>> = BTreeMap::new();
        for document in &self.documents {
            let genuine = |(_, label): &LabelledRow| *label == Some(Label::Content);
            if let Some(pool) = recipe.source(&self.sources[document.source as usize]).pool
                && document.paragraphs.iter().all(genuine)
            {
                pools.entry(pool).or_default().push(document);
            }
        }
        let mut proof = Vec::new();
        for documents in pools.values() {
            for i in 0..count {
                let most = if i % 2 == 0 { 1 } else { SHORT_PIECE };
                proof.push(piece(documents[random.below(documents.len())], most, &mut random));
            }
        }
        proof
    }

    /// Spam of the sets that are bare lists, in runs as they were written, and what
    /// extractors left in documents that are mostly genuine.
    fn spam_lists(&self, recipe: &Recipe) -> SpamLists {
        let mut lists = SpamLists::default();
        for document in &self.documents {
            let source = recipe.source(&self.sources[document.source as usize]);
            if source.documents {
                if document.extractor.is_some() {
                    let runs = lists.left.entry(document.fold).or_default();
                    runs.extend(spam_left(document).map(<[_]>::to_vec));
                }
                continue;
            }
            for (label, by_fold) in
                [(Label::Ad, &mut lists.ads), (Label::Chrome, &mut lists.chrome)]
            {
                let these = document.paragraphs.iter().filter(|(_, own)| *own == Some(label));
                let rows: Vec<u32> = these.map(|(row, _)| *row).collect();
                if !rows.is_empty() {
                    let sets: &mut BTreeMap<u32, Set> = by_fold.entry(document.fold).or_default();
                    let set = sets.entry(document.source).or_default();
                    set.share = source.injected;
                    set.lists.push(rows);
                }
            }
        }
        lists
    }
}

/// Paragraphs of short and of longer pieces, at most.
const SHORT_PIECE: usize = 5;
const LONG_PIECE: usize = 15;
/// Paragraphs of lists that are documents, at most.
const LONG_LIST: usize = 40;

/// Up to `most` paragraphs of a document, in their order.
fn piece(document: &RowDocument, most: usize, random: &mut SplitMix) -> RowDocument {
    let length = 1 + random.below(most);
    let start = random.below(document.paragraphs.len().max(1));
    let end = (start + length).min(document.paragraphs.len());
    let paragraphs = document.paragraphs[start..end].to_vec();
    RowDocument { paragraphs, ..document.clone() }
}

/// At most `length` neighbours of a list, from a random place on.
fn part<'l, T>(list: &'l [T], length: usize, random: &mut SplitMix) -> &'l [T] {
    let start = random.below(list.len());
    &list[start..(start + length).min(list.len())]
}

/// Runs of spam in a document that is mostly genuine; none of another.
fn spam_left(document: &RowDocument) -> impl Iterator<Item = &[LabelledRow]> {
    let is_spam = |(_, label): &LabelledRow| label.is_some_and(Label::is_spam);
    let spam = document.paragraphs.iter().filter(|paragraph| is_spam(paragraph)).count();
    let mostly_genuine = spam * 3 <= document.paragraphs.len();
    let runs = document.paragraphs.chunk_by(move |a, b| is_spam(a) == is_spam(b));
    runs.filter(move |run| mostly_genuine && is_spam(&run[0]))
}

/// Spam by fold.
#[derive(Default)]
struct SpamLists {
    ads: BTreeMap<u8, BTreeMap<u32, Set>>,
    chrome: BTreeMap<u8, BTreeMap<u32, Set>>,
    /// Runs that extractors left.
    left: BTreeMap<u8, Vec<Vec<LabelledRow>>>,
}

/// Spam of one set of data.
#[derive(Default)]
struct Set {
    /// How often it is drawn beside the others.
    share: f64,
    /// Rows, a list a document.
    lists: Vec<Vec<u32>>,
}

/// A list of one of the sets, drawn by their shares.
fn draw<'l>(sets: &'l BTreeMap<u32, Set>, random: &mut SplitMix) -> Option<&'l [u32]> {
    let all: f64 = sets.values().map(|set| set.share).sum();
    let mut place = random.unit() * all;
    let set = sets.values().find(|set| {
        place -= set.share;
        place <= 0.0
    })?;
    Some(&set.lists[random.below(set.lists.len())])
}

impl SpamLists {
    /// A document that is all ads or all chrome.
    fn list(&self, fold: u8, random: &mut SplitMix) -> Option<RowDocument> {
        let (sets, label) = match random.below(2) {
            0 => (&self.ads, Label::Ad),
            _ => (&self.chrome, Label::Chrome),
        };
        let most = [SHORT_PIECE, LONG_PIECE, LONG_LIST][random.below(3)];
        let rows = part(draw(sets.get(&fold)?, random)?, 1 + random.below(most), random);
        Some(RowDocument {
            source: 0,
            group: 0,
            fold,
            extractor: None,
            language: None,
            paragraphs: rows.iter().map(|row| (*row, Some(label))).collect(),
        })
    }

    /// One to three injections into a genuine document: half of them ads, a quarter
    /// written chrome, a quarter what extractors left on other sites. Most stand alone
    /// between paragraphs, some at the end, some run over a few paragraphs; chrome
    /// stands rather at the head and the foot.
    fn inject(&self, carrier: &RowDocument, random: &mut SplitMix) -> Option<RowDocument> {
        let mut paragraphs = carrier.paragraphs.clone();
        for _ in 0..1 + random.below(3) {
            let kind = random.below(4);
            let length = if random.below(3) == 0 { 1 + random.below(4) } else { 1 };
            let left = self.left.get(&carrier.fold).filter(|runs| kind == 0 && !runs.is_empty());
            if let Some(runs) = left {
                let run = part(&runs[random.below(runs.len())], length, random);
                let at = random.below(paragraphs.len() + 1);
                paragraphs.splice(at..at, run.iter().copied());
                continue;
            }
            let chrome = kind == 1;
            let lists = if chrome { &self.chrome } else { &self.ads };
            let run = part(draw(lists.get(&carrier.fold)?, random)?, length, random);
            let label = if chrome { Label::Chrome } else { Label::Ad };
            let at = match (chrome, random.below(4)) {
                (true, 0) => 0,
                (_, 1) | (true, 2) => paragraphs.len(),
                _ => random.below(paragraphs.len() + 1),
            };
            paragraphs.splice(at..at, run.iter().map(|row| (*row, Some(label))));
        }
        Some(RowDocument { paragraphs, ..carrier.clone() })
    }
}

/// Rows whose features are computed at a time.
const BLOCK: usize = 16_384;

fn extract(tokenizer: &Tokenizer, texts: &[&str]) -> Vec<Features> {
    let mut extractor = Extractor::new(tokenizer);
    let features = |text: &&str| {
        let mut features = Features::default();
        extractor.extract(text, &mut features);
        features
    };
    texts.iter().map(features).collect()
}

fn text_hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Names numbered in the order they come.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}
