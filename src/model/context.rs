//! The context stage: what a paragraph's place says about it.
//!
//! Logistic regression over numbers drawn from the text stage's values of the
//! whole document: the paragraph's own value, its neighbours', its rank, the mass
//! of genuine text before and after it, its overlap of words with the rest,
//! repetition, position and form. Every number is relative or multiplied with the
//! document's junk share, so that one model serves raw page text and extractor
//! output.
//!
//! The decision value is linear in the paragraph's own text value, given its
//! surroundings: `decision = own_factor * text value + sum of the other numbers`.
//! So what a word adds can be told exactly.

use std::sync::LazyLock;

use crate::features::Shape;
use crate::model::text::{TextValue, sigmoid};

/// What the context stage sees of one paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The text stage's value.
    pub value: TextValue,
    /// Its log odds of spam: [`TextValue::spam`].
    spam: f64,
    /// Its spam probability.
    probability: f64,
    /// Its [`TextValue::ad_share`].
    ad_share: f64,
    /// The paragraph's form.
    pub shape: Shape,
    /// `ln(1 + words)`.
    log_words: f32,
    /// Share of its topic words that genuine paragraphs elsewhere in the document
    /// have, in [0, 1]; `None` without topic words or without other paragraphs.
    pub overlap: Option<f32>,
    /// How many other paragraphs of the document have the same words.
    pub repeats: u32,
}

impl Seen {
    /// A paragraph by itself; [`Relations::relate`] adds what it has in common with others.
    pub fn new(value: TextValue, shape: Shape) -> Self {
        let spam = value.spam();
        Seen {
            value,
            spam,
            probability: sigmoid(spam),
            ad_share: value.ad_share(),
            shape,
            log_words: ln_1p_of_count(shape.words() as usize),
            overlap: None,
            repeats: 0,
        }
    }

    /// Log odds of spam by text: [`TextValue::spam`].
    pub fn spam(&self) -> f64 {
        self.spam
    }

    /// Probability of ad given that the paragraph is spam: [`TextValue::ad_share`].
    pub fn ad_share(&self) -> f64 {
        self.ad_share
    }
}

/// Finds what the paragraphs of one document have in common, reusing its table.
pub struct Relations {
    mass: Box<[f32; 1 << TOPIC_BITS]>,
    /// Hashes of all words with the paragraph's number, sorted.
    sorted: Vec<(u64, u32)>,
}

/// Slots of the table of topic words; words that share one count as the same.
const TOPIC_BITS: u32 = 14;

impl Default for Relations {
    fn default() -> Self {
        Relations { mass: Box::new([0.0; 1 << TOPIC_BITS]), sorted: Vec::new() }
    }
}

impl Relations {
    /// Fills in overlap and repeats of all of a document's paragraphs, from their
    /// topic words and the hash of all their words.
    pub fn relate<'f>(
        &mut self,
        seen: &mut [Seen],
        topic: impl Fn(usize) -> &'f [u32],
        words_hash: impl Fn(usize) -> u64,
    ) {
        let slot = |word: &u32| (word >> (32 - TOPIC_BITS)) as usize;
        self.sorted.clear();
        self.sorted.extend((0..seen.len()).map(|i| (words_hash(i), i as u32)));
        self.sorted.sort_unstable();
        for same in self.sorted.chunk_by(|(a, _), (b, _)| a == b) {
            same.iter().for_each(|(_, i)| seen[*i as usize].repeats = same.len() as u32 - 1);
        }
        for (i, seen) in seen.iter().enumerate() {
            let genuine = 1.0 - seen.probability as f32;
            topic(i).iter().for_each(|word| self.mass[slot(word)] += genuine);
        }
        let alone = seen.len() < 2;
        for (i, seen) in seen.iter_mut().enumerate() {
            let genuine = 1.0 - seen.probability as f32;
            let words = topic(i);
            // What is left of a word's mass without this paragraph; rounding may
            // leave a crumb of it.
            words.iter().for_each(|word| self.mass[slot(word)] -= genuine);
            let share = |word: &u32| match self.mass[slot(word)] {
                crumb if crumb < 1e-3 => 0.0,
                mass => mass.min(1.0),
            };
            seen.overlap = (!alone && !words.is_empty())
                .then(|| words.iter().map(share).sum::<f32>() / words.len() as f32);
            words.iter().for_each(|word| self.mass[slot(word)] += genuine);
        }
        for i in 0..seen.len() {
            topic(i).iter().for_each(|word| self.mass[slot(word)] = 0.0);
        }
    }
}

/// One number of the context stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// What is measured.
    pub what: &'static str,
    /// Of which paragraph: 0 this one, -1 the one before, and so on.
    pub at: i8,
    /// Whether it is multiplied with the document's junk share.
    pub by_junk: bool,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what)?;
        if self.at != 0 {
            write!(f, " at {:+}", self.at)?;
        }
        if self.by_junk {
            f.write_str(" * junk share")?;
        }
        Ok(())
    }
}

/// A number of the context stage: what multiplies the paragraph's own text value,
/// or a number on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A factor of the own text value.
    OwnFactor(f32),
    /// A number by itself.
    Plain(f32),
}

/// Text values are divided by this to be of the size of the other numbers.
const OWN_SCALE: f64 = 4.0;
/// Distances count up to so many paragraphs.
const FARTHEST: usize = 60;
/// Words of a paragraph that can anchor genuine text.
const ANCHOR_WORDS: f32 = 15.0;
/// Paragraphs of up to so many words form runs of short lines.
const SHORT_WORDS: f32 = 6.0;

/// Junk share that a document is taken to have before it is read.
const USUAL_JUNK: f64 = 0.25;
/// How many paragraphs that presumption counts for.
const USUAL_WEIGHT: f64 = 10.0;

/// A document prepared for [`Surroundings::visit`].
pub struct Surroundings<'d> {
    seen: &'d [Seen],
    /// Running sums, one longer than the document.
    balance_sums: Vec<f64>,
    ad_sums: Vec<f64>,
    genuine_words: Vec<f64>,
    rank: Vec<f32>,
    anchor_before: Vec<u16>,
    anchor_after: Vec<u16>,
    runs: Vec<Run>,
    junk: f64,
    junk_words: f64,
    mean_overlap: f32,
}

impl<'d> Surroundings<'d> {
    /// Takes in a whole document; time and memory are linear in its paragraphs
    /// (a logarithm aside, for the ranks).
    pub fn new(seen: &'d [Seen]) -> Self {
        let spam = |i: usize| seen[i].probability;
        let words = |i: usize| f64::from(seen[i].shape.words());
        let count = seen.len().max(1) as f64;
        let all_words: f64 = (0..seen.len()).map(words).sum();
        let junk_words: f64 = (0..seen.len()).map(|i| spam(i) * words(i)).sum();
        let overlaps = || seen.iter().filter_map(|seen| seen.overlap);
        Surroundings {
            seen,
            balance_sums: running(seen.iter().map(|seen| 2.0 * seen.probability - 1.0)),
            ad_sums: running(seen.iter().map(|seen| seen.ad_share * seen.probability)),
            genuine_words: running((0..seen.len()).map(|i| words(i) * (1.0 - spam(i)))),
            rank: ranks(seen),
            anchor_before: distances(seen.iter().map(is_anchor)),
            anchor_after: {
                let mut after = distances(seen.iter().rev().map(is_anchor));
                after.reverse();
                after
            },
            runs: short_runs(seen),
            junk: (0..seen.len()).map(spam).sum::<f64>() / count,
            junk_words: junk_words / all_words.max(1.0),
            mean_overlap: overlaps().sum::<f32>() / overlaps().count().max(1) as f32,
        }
    }

    /// The share of paragraphs that are spam by the text stage, drawn towards
    /// that of usual documents in short ones; in (0, 1).
    pub fn junk_share(&self) -> f64 {
        let spam: f64 = self.seen.iter().map(|seen| seen.probability).sum();
        (spam + USUAL_JUNK * USUAL_WEIGHT) / (self.seen.len() as f64 + USUAL_WEIGHT)
    }

    /// Calls `put` with every number of paragraph `i`, always the same names in
    /// the same order.
    #[inline(always)]
    pub fn visit(&self, i: usize, mut put: impl FnMut(Name, Number)) {
        self.visit_own(i, &mut put);
        self.visit_neighbours(i, &mut put);
        self.visit_place(i, &mut put);
        self.visit_form(i, &mut put);
    }

    #[inline(always)]
    fn visit_own(&self, i: usize, put: &mut impl FnMut(Name, Number)) {
        let seen = &self.seen[i];
        let mut own = |what, factor: f64| {
            put(
                Name { what, at: 0, by_junk: false },
                Number::OwnFactor((factor / OWN_SCALE) as f32),
            );
        };
        own("own text", 1.0);
        own("own text * junk share", self.junk);
        own("own text * junk share of words", self.junk_words);
        own("own text * spam within 3", self.mean(&self.balance_sums, i, 3));
        own("own text * rank", f64::from(self.rank[i]));
        own("own text in a short line", f64::from(seen.shape.words() <= SHORT_WORDS));
        let log_words = f64::from(seen.log_words) / 5.0;
        own("own text * log of words", log_words);
        let ad_share = seen.ad_share;
        own("own text * likeness to an ad", ad_share);
        own("own text * likeness to an ad * junk share", ad_share * self.junk);
        own("own text * likeness to an ad * log of words", ad_share * log_words);
        let mut plain = plain(put, self.junk);
        let value = seen.spam as f32;
        plain("text strongly spam", ((value - 2.0) / 4.0).clamp(0.0, 2.0), 0, false);
        plain("text strongly genuine", ((-value - 2.0) / 4.0).clamp(0.0, 2.0), 0, false);
        plain("probability by text", seen.probability as f32, 0, true);
        plain("share of ad", (ad_share * seen.probability) as f32, 0, true);
        let ad_share = ad_share as f32;
        plain("likeness to an ad", ad_share, 0, true);
        plain("likeness to an ad * log of words", ad_share * log_words as f32, 0, true);
        let relative = seen.overlap.map_or(0.0, |overlap| overlap - self.mean_overlap);
        plain("likeness to an ad * words in common above the mean", ad_share * relative, 0, true);
    }

    #[inline(always)]
    fn visit_neighbours(&self, i: usize, put: &mut impl FnMut(Name, Number)) {
        // One by one, so that the compiler knows the place of every number.
        self.visit_neighbour::<-4>(i, put);
        self.visit_neighbour::<-3>(i, put);
        self.visit_neighbour::<-2>(i, put);
        self.visit_neighbour::<-1>(i, put);
        self.visit_neighbour::<1>(i, put);
        self.visit_neighbour::<2>(i, put);
        self.visit_neighbour::<3>(i, put);
        self.visit_neighbour::<4>(i, put);
        let mut plain = plain(put, self.junk);
        let mean = |width| self.mean(&self.balance_sums, i, width) as f32;
        plain("mean spam within 3", mean(3), 0, true);
        plain("mean spam within 8", mean(8), 0, true);
        plain("mean spam within 25", mean(25), 0, true);
        plain("mean of ads within 3", self.mean(&self.ad_sums, i, 3) as f32, 0, false);
        let sides = [self.neighbour(i, -1), self.neighbour(i, 1)];
        let around = || sides.iter().flatten().map(|j| self.seen[*j].probability as f32);
        plain("least spam beside", around().fold(1.0, f32::min), 0, true);
        plain("most spam beside", around().fold(0.0, f32::max), 0, true);
    }

    /// Of the paragraph `AT` places away.
    #[inline(always)]
    fn visit_neighbour<const AT: isize>(&self, i: usize, put: &mut impl FnMut(Name, Number)) {
        let mut plain = plain(put, self.junk);
        let (at, near) = (AT as i8, AT.abs() <= 2);
        let other = self.neighbour(i, AT).map(|j| &self.seen[j]);
        let balance = other.map_or(0.0, |other| 2.0 * other.probability as f32 - 1.0);
        plain("spam", balance, at, near);
        if near {
            let value = other.map_or(0.0, |other| other.spam as f32);
            plain("text value", (value / 4.0).clamp(-2.0, 2.0), at, false);
            plain("absent", f32::from(other.is_none()), at, false);
            let log_words = other.map_or(0.0, |other| other.log_words / 5.0);
            plain("log of words", log_words, at, near);
            let prose = other.is_some_and(|other| other.shape.ends_like_prose());
            plain("ends like prose", f32::from(prose), at, false);
            let alike = other.map_or(0.0, |other| (other.log_words - self.seen[i].log_words).abs());
            plain("difference of log of words", alike.min(3.0), at, false);
        }
    }

    #[inline(always)]
    fn visit_place(&self, i: usize, put: &mut impl FnMut(Name, Number)) {
        let mut plain = plain(put, self.junk);
        let count = self.seen.len();
        plain("rank", self.rank[i], 0, true);
        let last = count - 1 - i;
        plain("log of paragraphs before", ln_1p_of_count(i) / 6.0, 0, true);
        plain("log of paragraphs after", ln_1p_of_count(last) / 6.0, 0, true);
        plain("position", i as f32 / count as f32, 0, true);
        let all = self.genuine_words[count];
        let before = self.genuine_words[i];
        let after = all - self.genuine_words[i + 1];
        plain("log of genuine words before", ln_1p(before as f32) / 8.0, 0, true);
        plain("log of genuine words after", ln_1p(after as f32) / 8.0, 0, true);
        let share_before = (before / all.max(1.0)) as f32;
        let share_after = (after / all.max(1.0)) as f32;
        plain("share of genuine words before", share_before, 0, true);
        plain("genuine words on both sides", share_before.min(share_after), 0, true);
        plain("no genuine words before", f32::from(before < 8.0), 0, false);
        plain("no genuine words after", f32::from(after < 8.0), 0, false);
        let far = |distance: u16| ln_1p_of_count(distance.into()) / 4.0;
        let (back, ahead) = (far(self.anchor_before[i]), far(self.anchor_after[i]));
        plain("distance to prose before", back, 0, true);
        plain("distance to prose after", ahead, 0, true);
        plain("distance to prose", back.min(ahead), 0, true);
        plain("distance to prose on both sides", back.max(ahead), 0, true);
    }

    #[inline(always)]
    fn visit_form(&self, i: usize, put: &mut impl FnMut(Name, Number)) {
        let mut plain = plain(put, self.junk);
        let Seen { shape, overlap, repeats, log_words, .. } = &self.seen[i];
        plain("log of words", log_words / 5.0, 0, true);
        plain("ends like prose", f32::from(shape.ends_like_prose()), 0, true);
        plain("starts in lower case", f32::from(shape.starts_lower()), 0, true);
        plain("share of capitalised words", shape.capitalised(), 0, true);
        plain("share of function words", shape.function_words(), 0, true);
        plain("share of digits", shape.digits(), 0, true);
        let run = self.runs[i];
        let log_length = ln_1p_of_count(run.length as usize) / 4.0;
        plain("log of run of short lines", log_length, 0, true);
        plain("lone short line", f32::from(run.length == 1), 0, true);
        plain("spam of the run of short lines", run.balance, 0, true);
        plain("spam of the run * log of its length", run.balance * log_length, 0, true);
        plain("strong spam in the run", run.strong, 0, true);
        plain("strong spam in the run * log of its length", run.strong * log_length, 0, true);
        plain("words in common with the rest", overlap.unwrap_or(self.mean_overlap), 0, true);
        let relative = overlap.map_or(0.0, |overlap| overlap - self.mean_overlap);
        plain("words in common above the mean", relative, 0, true);
        let weighed = relative * log_words / 5.0;
        plain("words in common above the mean * log of words", weighed, 0, false);
        plain("nothing in common", f32::from(*overlap == Some(0.0)), 0, true);
        plain("repeated", ln_1p_of_count(*repeats as usize).min(2.0), 0, true);
    }

    fn neighbour(&self, i: usize, at: isize) -> Option<usize> {
        i.checked_add_signed(at).filter(|j| *j < self.seen.len())
    }

    /// Mean over the paragraphs within `width` of `i`, itself left out; 0 if none.
    fn mean(&self, sums: &[f64], i: usize, width: usize) -> f64 {
        let (low, high) = (i.saturating_sub(width), (i + width + 1).min(self.seen.len()));
        let own = sums[i + 1] - sums[i];
        (sums[high] - sums[low] - own) / (high - low - 1).max(1) as f64
    }
}

/// Puts a plain number, and if asked its product with the junk share.
fn plain<P: FnMut(Name, Number)>(
    put: &mut P,
    junk: f64,
) -> impl FnMut(&'static str, f32, i8, bool) {
    let junk = junk as f32;
    #[inline(always)]
    move |what, value, at, by_junk| {
        put(Name { what, at, by_junk: false }, Number::Plain(value));
        if by_junk {
            put(Name { what, at, by_junk: true }, Number::Plain(value * junk));
        }
    }
}

fn running(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    sums.extend(values.map(|value| {
        sum += value;
        sum
    }));
    sums
}

/// Share of paragraphs with a lower text value, ties halved, less one half.
fn ranks(seen: &[Seen]) -> Vec<f32> {
    let mut order: Vec<(f64, u32)> = seen.iter().map(|seen| seen.spam).zip(0..).collect();
    order.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut ranks = vec![0.0; seen.len()];
    let mut below = 0;
    for run in order.chunk_by(|(a, _), (b, _)| a == b) {
        let rank = (below as f32 + run.len() as f32 / 2.0) / seen.len() as f32 - 0.5;
        run.iter().for_each(|(_, i)| ranks[*i as usize] = rank);
        below += run.len();
    }
    ranks
}

fn is_anchor(seen: &Seen) -> bool {
    seen.shape.words() >= ANCHOR_WORDS && seen.probability < 0.3
}

/// Distance to the nearest anchor before each paragraph, itself left out.
fn distances(anchors: impl Iterator<Item = bool>) -> Vec<u16> {
    let mut distance = FARTHEST;
    anchors
        .map(|anchor| {
            let this = distance;
            distance = if anchor { 1 } else { (distance + 1).min(FARTHEST) };
            this as u16
        })
        .collect()
}

/// A run of short lines: a menu, a table, a list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Run {
    /// Lines in it; 0 for a paragraph that is not short.
    length: u32,
    /// Mean of `2 p - 1` over its lines by text.
    balance: f32,
    /// Share of its lines that are strongly spam by text.
    strong: f32,
}

/// Text value from which on a line is strongly spam.
const STRONG: f64 = 3.0;

/// For each paragraph the run of short ones it is in.
fn short_runs(seen: &[Seen]) -> Vec<Run> {
    let short = |seen: &Seen| seen.shape.words() <= SHORT_WORDS;
    let runs = seen.chunk_by(|a, b| short(a) && short(b));
    runs.flat_map(|lines| {
        let count = lines.len() as f32;
        let balance: f64 = lines.iter().map(|seen| 2.0 * seen.probability - 1.0).sum();
        let strong = lines.iter().filter(|seen| seen.spam > STRONG).count();
        let run = match short(&lines[0]) {
            true => Run {
                length: lines.len() as u32,
                balance: balance as f32 / count,
                strong: strong as f32 / count,
            },
            false => Run::default(),
        };
        std::iter::repeat_n(run, lines.len())
    })
    .collect()
}

fn ln_1p(value: f32) -> f32 {
    libm::log1pf(value)
}

/// `ln(1 + count)`, from a table for the counts that most documents have.
fn ln_1p_of_count(count: usize) -> f32 {
    static LOGS: LazyLock<[f32; 512]> =
        LazyLock::new(|| std::array::from_fn(|count| ln_1p(count as f32)));
    LOGS.get(count).copied().unwrap_or_else(|| ln_1p(count as f32))
}

/// At least as many as there are factors of the own text value, and as there are other
/// numbers; multiples of four.
const MOST_OWN: usize = 12;
const MOST_PLAIN: usize = 160;

/// The names of all numbers, in their order.
pub fn names() -> Vec<Name> {
    let mut names = Vec::new();
    visit_one(|name, _| names.push(name));
    names
}

/// Of each number whether it is a factor of the own text value.
fn kinds() -> Vec<bool> {
    let mut kinds = Vec::new();
    visit_one(|_, number| kinds.push(matches!(number, Number::OwnFactor(_))));
    kinds
}

/// Visits the numbers of a document of one paragraph.
fn visit_one(put: impl FnMut(Name, Number)) {
    let seen = [Seen::new(TextValue::default(), Shape::default())];
    Surroundings::new(&seen).visit(0, put);
}

/// The weights of the context stage.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextModel {
    intercept: f32,
    weights: Vec<f32>,
    /// The weights once more, those of own factors and the others, zeros behind.
    own: [f64; MOST_OWN],
    plain: Box<[f64; MOST_PLAIN]>,
}

/// A decision value and the part of it that is proportional to the text value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ContextValue {
    /// What the own text value is multiplied with.
    pub own_factor: f64,
    /// All the rest.
    pub rest: f64,
}

impl ContextModel {
    /// A model from its weights, one a number in the order of [`names`]; `None` if
    /// there are not as many.
    pub fn new(intercept: f32, weights: Vec<f32>) -> Option<Self> {
        let kinds = kinds();
        if weights.len() != kinds.len() {
            return None;
        }
        let (mut own, mut plain) = ([0.0; MOST_OWN], Box::new([0.0; MOST_PLAIN]));
        let of =
            |wanted: bool| weights.iter().zip(&kinds).filter(move |(_, is_own)| **is_own == wanted);
        own.iter_mut().zip(of(true)).for_each(|(slot, (weight, _))| *slot = (*weight).into());
        plain.iter_mut().zip(of(false)).for_each(|(slot, (weight, _))| *slot = (*weight).into());
        Some(ContextModel { intercept, weights, own, plain })
    }

    /// The model with decision values `factor * decision + own * text value + offset`.
    pub fn reweighed(&self, factor: f64, own: f64, offset: f64) -> Self {
        let scaled = |weight: f32| f64::from(weight) * factor;
        let mut weights: Vec<f32> =
            self.weights.iter().map(|weight| scaled(*weight) as f32).collect();
        // The first number is the own text value itself, over OWN_SCALE.
        weights[0] = (scaled(self.weights[0]) + own * OWN_SCALE) as f32;
        let intercept = (scaled(self.intercept) + offset) as f32;
        ContextModel::new(intercept, weights).unwrap_or_else(|| self.clone())
    }

    /// The weight that holds for every paragraph.
    pub fn intercept(&self) -> f32 {
        self.intercept
    }

    /// A weight a number, in the order of [`names`].
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The parts of paragraph `i`'s decision value.
    pub fn value(&self, surroundings: &Surroundings<'_>, i: usize) -> ContextValue {
        // First all numbers, then all products: both go several at a time.
        let (mut own, mut plain) = ([0.0; MOST_OWN], [0.0; MOST_PLAIN]);
        let (mut owns, mut plains) = (0, 0);
        surroundings.visit(i, |_, number| match number {
            Number::OwnFactor(factor) => {
                own[owns] = factor;
                owns += 1;
            }
            Number::Plain(value) => {
                plain[plains] = value;
                plains += 1;
            }
        });
        ContextValue {
            own_factor: dot(&self.own, &own),
            rest: f64::from(self.intercept) + dot(&self.plain, &plain),
        }
    }
}

/// The sum of the products of two rows of numbers, in four parts.
fn dot<const N: usize>(a: &[f64; N], b: &[f32; N]) -> f64 {
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * f64::from(*b);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

impl ContextValue {
    /// The decision value, log odds of spam, given those by text: [`TextValue::spam`].
    pub fn decision(self, by_text: f64) -> f64 {
        self.own_factor * by_text + self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(values: &[f64]) -> Vec<Seen> {
        let value = |spam: &f64| TextValue { ad: *spam - 2.0, chrome: *spam };
        values.iter().map(|spam| Seen::new(value(spam), Shape::default())).collect()
    }

    #[test]
    fn names_are_distinct_and_the_same_for_any_paragraph() {
        let names = names();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} twice");
        }
        let owns = kinds().iter().filter(|is_own| **is_own).count();
        assert!(owns <= MOST_OWN && names.len() - owns <= MOST_PLAIN);
        let seen = document(&[1.0, -3.0, 0.5, 2.0]);
        let surroundings = Surroundings::new(&seen);
        for i in 0..seen.len() {
            let mut here = Vec::new();
            surroundings.visit(i, |name, _| here.push(name));
            assert_eq!(here, names);
        }
    }

    #[test]
    fn numbers_are_finite_whatever_the_values() {
        for values in [vec![0.0], vec![800.0, -800.0], vec![3.0; 300]] {
            let seen = document(&values);
            let surroundings = Surroundings::new(&seen);
            for i in 0..seen.len() {
                surroundings.visit(i, |name, number| {
                    let (Number::OwnFactor(value) | Number::Plain(value)) = number;
                    assert!(value.is_finite() && value.abs() <= 4.0, "{name}: {value}");
                });
            }
        }
    }

    #[test]
    fn reweighing_does_what_it_says() {
        let seen = document(&[1.0, -3.0, 0.5, 2.0]);
        let surroundings = Surroundings::new(&seen);
        let weights = (0..names().len()).map(|i| (i as f32 * 0.7).sin()).collect();
        let model = ContextModel::new(-0.3, weights).expect("the width fits");
        let other = model.reweighed(0.5, 2.0, 1.0);
        for (i, seen) in seen.iter().enumerate() {
            let decision =
                |model: &ContextModel| model.value(&surroundings, i).decision(seen.spam());
            let expected = 0.5 * decision(&model) + 2.0 * seen.value.spam() + 1.0;
            assert!((decision(&other) - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn ranks_halve_ties_and_centre_on_zero() {
        let ranks = ranks(&document(&[5.0, 1.0, 1.0, 9.0]));
        // Below: 2 of 4 plus half of itself; 0 plus half of two; 3 plus a half.
        assert_eq!(ranks, [0.125, -0.25, -0.25, 0.375]);
    }

    #[test]
    fn distances_count_paragraphs_back_to_an_anchor() {
        let far = FARTHEST as u16;
        assert_eq!(distances([false, true, false, false, true].into_iter()), [far, far, 1, 2, 3]);
    }
}
