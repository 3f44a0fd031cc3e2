//! What the last stage knows of the paragraphs of one document.

use crate::features::{Script, Shape};
use crate::model::text::{TextValue, sigmoid};

/// The facts of one paragraph.
#[derive(Clone, Copy, Debug)]
pub struct ParagraphFacts {
    /// The text stage's value.
    pub value: TextValue,
    /// Its log odds of spam: [`TextValue::spam`].
    pub spam: f32,
    /// Its spam probability by text alone, in [0, 1].
    pub probability: f32,
    /// Probability of ad by text, given that it is spam, in [0, 1].
    pub ad_share: f32,
    /// The paragraph's form.
    pub shape: Shape,
    /// The script of most of its letters.
    pub script: Script,
    /// Share of its topic words that genuine paragraphs elsewhere in the document have, in
    /// [0, 1]; `None` without topic words or without other paragraphs.
    pub overlap: Option<f32>,
    /// How many other paragraphs of the document have the same words.
    pub repeats: u32,
}

impl ParagraphFacts {
    /// The facts of a paragraph by itself; [`Relations::relate`] adds the rest.
    pub fn new(value: TextValue, shape: Shape, script: Script) -> Self {
        let spam = value.spam();
        ParagraphFacts {
            value,
            spam: spam as f32,
            probability: sigmoid(spam) as f32,
            ad_share: value.ad_share() as f32,
            shape,
            script,
            overlap: None,
            repeats: 0,
        }
    }
}

/// Finds what the paragraphs of a document have in common, reusing its buffers.
pub struct Relations {
    mass: Box<[f32; 1 << TOPIC_BITS]>,
    /// Hashes of all words with the paragraph's number, sorted.
    sorted: Vec<(u64, u32)>,
}

/// Slots of the table of topic words; words that share a slot count as the same.
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
        facts: &mut [ParagraphFacts],
        topic: impl Fn(usize) -> &'f [u32],
        words_hash: impl Fn(usize) -> u64,
    ) {
        let slot = |word: &u32| (word >> (32 - TOPIC_BITS)) as usize;
        self.sorted.clear();
        self.sorted.extend((0..facts.len()).map(|i| (words_hash(i), i as u32)));
        self.sorted.sort_unstable();
        for same in self.sorted.chunk_by(|(a, _), (b, _)| a == b) {
            same.iter().for_each(|(_, i)| facts[*i as usize].repeats = same.len() as u32 - 1);
        }
        for (i, facts) in facts.iter().enumerate() {
            let genuine = 1.0 - facts.probability;
            topic(i).iter().for_each(|word| self.mass[slot(word)] += genuine);
        }
        let alone = facts.len() < 2;
        for (i, facts) in facts.iter_mut().enumerate() {
            let genuine = 1.0 - facts.probability;
            let words = topic(i);
            // What is left of a word's mass without this paragraph; rounding may leave a
            // little of it.
            words.iter().for_each(|word| self.mass[slot(word)] -= genuine);
            let share = |word: &u32| match self.mass[slot(word)] {
                residue if residue < 1e-3 => 0.0,
                mass => mass.min(1.0),
            };
            facts.overlap = (!alone && !words.is_empty())
                .then(|| words.iter().map(share).sum::<f32>() / words.len() as f32);
            words.iter().for_each(|word| self.mass[slot(word)] += genuine);
        }
        for i in 0..facts.len() {
            topic(i).iter().for_each(|word| self.mass[slot(word)] = 0.0);
        }
    }
}
