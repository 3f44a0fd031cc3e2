//! A paragraph's surroundings as cells: what stands around it, each number cut into bins.
//!
//! Every row of `MEASURES` is a number of a paragraph in its document: its own value by
//! text, those of its neighbours, its rank, its place, the genuine text before and after it,
//! what it has in common with the rest. Each falls into one bin. `CROSSES` pairs
//! measures, with a bin for every combination, so that two of them can act together. The
//! bins of both are the *cells* that the last stage has weights for.

use super::facts::ParagraphFacts;
use crate::features::bins::{Measure, name, offsets};

/// Value of what is not there, such as the paragraph before the first one.
const ABSENT: f32 = f32::NEG_INFINITY;
/// The edge between what is absent and what is there.
const PRESENT: f32 = -1e30;

macro_rules! measures {
    ($($id:ident $name:literal [$($edge:expr),*] |$s:ident, $i:ident| $formula:expr;)*) => {
        /// The measures by name.
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Id { $($id),* }

        const MEASURES: &[Measure] = &[$(Measure { name: $name, edges: &[$($edge),*] }),*];

        /// The bin of every measure for paragraph `i`.
        #[inline(always)]
        fn bins(s: &Surroundings<'_>, i: usize) -> [u16; MEASURES.len()] {
            let mut bins = [0; MEASURES.len()];
            $({
                let ($s, $i) = (s, i);
                let value: f32 = $formula;
                bins[Id::$id as usize] = bin(value, &[$($edge),*]);
            })*
            bins
        }
    };
}

/// How many edges a value has reached.
#[inline(always)]
fn bin<const N: usize>(value: f32, edges: &[f32; N]) -> u16 {
    edges.iter().map(|edge| u16::from(value >= *edge)).sum()
}

measures! {
    Spam "spam by text" [-8., -6., -5., -4., -3.2, -2.5, -2., -1.5, -1., -0.5, 0., 0.5, 1., 1.5, 2., 2.5, 3.2, 4., 5., 6., 8.]
        |s, i| s.facts[i].spam;
    Level "spam by text, roughly" [-4., -2., -1., 0., 1., 2., 4.] |s, i| s.facts[i].spam;
    Ad "likeness to an ad" [0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95] |s, i| s.facts[i].ad_share;
    Words "words" [2., 3., 4., 5., 7., 10., 14., 20., 30., 50., 80., 150.] |s, i| s.words(i);
    Length "length" [3., 7., 14., 30., 80.] |s, i| s.words(i);
    Paragraphs "paragraphs" [2., 3., 4., 6., 9., 16., 31., 61., 151.] |s, _i| s.facts.len() as f32;
    Junk "junk among the others" [PRESENT, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
        |s, i| s.junk(i);
    JunkLevel "junk among the others, roughly" [PRESENT, 0.06, 0.15, 0.3, 0.5, 0.75] |s, i| s.junk(i);
    JunkWords "junk words among the others" [PRESENT, 0.01, 0.03, 0.06, 0.12, 0.25, 0.5, 0.75] |s, i| s.junk_words(i);
    Before4 "spam 4 before" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, -4);
    Before3 "spam 3 before" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, -3);
    Before2 "spam 2 before" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, -2);
    Before1 "spam before" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, -1);
    After1 "spam after" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, 1);
    After2 "spam 2 after" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, 2);
    After3 "spam 3 after" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, 3);
    After4 "spam 4 after" [PRESENT, -4., -2., -1., 0., 1., 2., 4.] |s, i| s.spam_at(i, 4);
    WordsBefore2 "words 2 before" [PRESENT, 3., 7., 14., 30., 80.] |s, i| s.words_at(i, -2);
    WordsBefore1 "words before" [PRESENT, 3., 7., 14., 30., 80.] |s, i| s.words_at(i, -1);
    WordsAfter1 "words after" [PRESENT, 3., 7., 14., 30., 80.] |s, i| s.words_at(i, 1);
    WordsAfter2 "words 2 after" [PRESENT, 3., 7., 14., 30., 80.] |s, i| s.words_at(i, 2);
    SentenceBefore "sentence end before" [PRESENT, 0.5] |s, i| s.sentence_at(i, -1);
    SentenceAfter "sentence end after" [PRESENT, 0.5] |s, i| s.sentence_at(i, 1);
    Within3 "junk within 3" [PRESENT, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95] |s, i| s.mean(&s.spam_sums, i, 3);
    Within8 "junk within 8" [PRESENT, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95] |s, i| s.mean(&s.spam_sums, i, 8);
    Within25 "junk within 25" [PRESENT, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95] |s, i| s.mean(&s.spam_sums, i, 25);
    AdsWithin3 "ads within 3" [PRESENT, 0.02, 0.1, 0.3, 0.6] |s, i| s.mean(&s.ad_sums, i, 3);
    Rank "rank by text" [-0.45, -0.35, -0.2, -0.05, 0.05, 0.2, 0.35, 0.45] |s, i| s.rank[i];
    Start "paragraphs before" [1., 2., 3., 4., 6., 10., 20., 50.] |_s, i| i as f32;
    End "paragraphs after" [1., 2., 3., 4., 6., 10., 20., 50.] |s, i| (s.facts.len() - 1 - i) as f32;
    GenuineBefore "genuine words before" [1., 8., 30., 100., 300., 1000.] |s, i| s.genuine_before(i);
    GenuineAfter "genuine words after" [1., 8., 30., 100., 300., 1000.] |s, i| s.genuine_after(i);
    ShareBefore "share of genuine words before" [0.001, 0.02, 0.1, 0.3, 0.7, 0.9, 0.98, 0.999] |s, i| s.share_before(i);
    ProseBefore "distance to prose before" [2., 3., 4., 6., 11., 30., 60.] |s, i| f32::from(s.prose_before[i]);
    ProseAfter "distance to prose after" [2., 3., 4., 6., 11., 30., 60.] |s, i| f32::from(s.prose_after[i]);
    Sentence "sentence end" [0.5] |s, i| f32::from(s.facts[i].shape.ends_like_prose());
    Lower "starts in lower case" [0.5] |s, i| f32::from(s.facts[i].shape.starts_lower());
    Capitalised "share of capitalised words" [0.001, 0.2, 0.5, 0.8, 0.99] |s, i| s.facts[i].shape.capitalised();
    Function "share of function words" [0.001, 0.15, 0.3, 0.45] |s, i| s.facts[i].shape.function_words();
    Digits "share of digits" [0.001, 0.05, 0.2, 0.5] |s, i| s.facts[i].shape.digits();
    Run "run of short lines" [1., 2., 3., 4., 7., 13., 30.] |s, i| s.runs[i].length as f32;
    RunJunk "junk in the run" [0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95] |s, i| s.runs[i].junk;
    RunStrong "strong spam in the run" [0.01, 0.2, 0.5, 0.9] |s, i| s.runs[i].strong;
    Common "words in common" [PRESENT, 0.001, 0.1, 0.2, 0.35, 0.5, 0.7] |s, i| s.facts[i].overlap.unwrap_or(ABSENT);
    CommonAbove "words in common above the mean" [PRESENT, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3]
        |s, i| s.facts[i].overlap.map_or(ABSENT, |overlap| overlap - s.mean_overlap);
    Repeats "repeated" [1., 2., 3., 6.] |s, i| s.facts[i].repeats as f32;
    SpamAbove "spam above the others" [PRESENT, -6., -4., -2., -1., 0., 1., 2., 3., 4., 6., 8.] |s, i| s.above(spam, s.spam_sum, i);
    AdAbove "ad above the others" [PRESENT, -4., -2., -1., 0., 1., 2., 3., 4., 6.] |s, i| s.above(ad, s.ad_sum, i);
    YouAbove "we and you above the others" [PRESENT, -0.03, -0.008, 0.008, 0.03, 0.06, 0.12] |s, i| s.above(address, s.address_sum, i);
}

/// Pairs of measures whose bins are crossed.
const CROSSES: &[(Id, Id)] = &[
    (Id::Spam, Id::Length),
    (Id::Spam, Id::JunkLevel),
    (Id::Spam, Id::Ad),
    (Id::Level, Id::Before1),
    (Id::Level, Id::After1),
    (Id::Before1, Id::After1),
    (Id::Level, Id::Within3),
    (Id::Level, Id::Within8),
    (Id::Level, Id::Paragraphs),
    (Id::Level, Id::Start),
    (Id::Level, Id::End),
    (Id::Rank, Id::JunkLevel),
    (Id::GenuineBefore, Id::GenuineAfter),
    (Id::ProseBefore, Id::ProseAfter),
    (Id::Run, Id::RunJunk),
    (Id::Run, Id::Level),
    (Id::CommonAbove, Id::Length),
    (Id::CommonAbove, Id::Level),
    (Id::Ad, Id::Length),
    (Id::Ad, Id::JunkLevel),
    (Id::Ad, Id::CommonAbove),
    (Id::Ad, Id::AdsWithin3),
    (Id::Ad, Id::End),
    (Id::Sentence, Id::JunkLevel),
    (Id::Capitalised, Id::JunkLevel),
    (Id::Function, Id::JunkLevel),
    (Id::Digits, Id::JunkLevel),
    (Id::Words, Id::JunkLevel),
    (Id::Words, Id::Paragraphs),
    (Id::Start, Id::JunkLevel),
    (Id::End, Id::JunkLevel),
    (Id::Repeats, Id::Level),
    (Id::SpamAbove, Id::Ad),
    (Id::AdAbove, Id::Length),
    (Id::YouAbove, Id::Ad),
    (Id::WordsBefore1, Id::Length),
    (Id::WordsAfter1, Id::Length),
];

/// The same pairs by number.
const PAIRS: &[(usize, usize)] = &{
    let mut pairs = [(0, 0); CROSSES.len()];
    let mut i = 0;
    while i < pairs.len() {
        pairs[i] = (CROSSES[i].0 as usize, CROSSES[i].1 as usize);
        i += 1;
    }
    pairs
};

/// How many cells one paragraph is in.
pub const CELLS: usize = MEASURES.len() + CROSSES.len();

const OFFSETS: [usize; CELLS + 1] = offsets(MEASURES, PAIRS);

/// How many cells there are; ids of cells are below it.
pub const CELL_COUNT: usize = OFFSETS[CELLS];

/// The names and edges of all measures and the pairs that are crossed: what decides which
/// cell is which.
pub fn definition() -> String {
    let measures = MEASURES.iter().map(|Measure { name, edges }| format!("{name} {edges:?}\n"));
    let crosses =
        PAIRS.iter().map(|(a, b)| format!("{} & {}\n", MEASURES[*a].name, MEASURES[*b].name));
    measures.chain(crosses).collect()
}

/// What a cell stands for, such as `paragraphs before 2..3` or `words < 2 & paragraphs 3..4`.
pub fn cell_name(cell: usize) -> String {
    name(cell, &OFFSETS, MEASURES, PAIRS, range_name)
}

fn range_name(measure: usize, bin: usize) -> String {
    let measure = &MEASURES[measure];
    match measure.edges_of(bin) {
        (None, Some(PRESENT)) => format!("{}: none", measure.name),
        (low, high) => measure.range(low.filter(|low| *low != PRESENT), high),
    }
}

/// Distances count up to so many paragraphs.
const FARTHEST: u16 = 60;
/// Words of a paragraph that counts as prose.
const PROSE_WORDS: f32 = 15.0;
/// Paragraphs of up to so many words form runs of short lines.
const SHORT_WORDS: f32 = 6.0;

/// A document prepared for [`Surroundings::cells`].
pub struct Surroundings<'d> {
    facts: &'d [ParagraphFacts],
    /// Running sums, one longer than the document.
    spam_sums: Vec<f32>,
    ad_sums: Vec<f32>,
    junk_words: Vec<f32>,
    genuine_words: Vec<f32>,
    rank: Vec<f32>,
    prose_before: Vec<u16>,
    prose_after: Vec<u16>,
    runs: Vec<Run>,
    mean_overlap: f32,
    spam_sum: f32,
    ad_sum: f32,
    address_sum: f32,
}

/// Values of a paragraph that are held against the mean of the others.
fn spam(facts: &ParagraphFacts) -> f32 {
    facts.spam.clamp(-10.0, 10.0)
}

fn ad(facts: &ParagraphFacts) -> f32 {
    facts.value.ad.clamp(-10.0, 10.0) as f32
}

fn address(facts: &ParagraphFacts) -> f32 {
    facts.shape.we_and_you()
}

impl<'d> Surroundings<'d> {
    /// Prepares a whole document; time and memory are linear in its paragraphs (a logarithm
    /// aside, for the ranks).
    pub fn new(facts: &'d [ParagraphFacts]) -> Self {
        let each = || facts.iter();
        let overlaps = || facts.iter().filter_map(|facts| facts.overlap);
        Surroundings {
            facts,
            spam_sums: running(each().map(|facts| facts.probability)),
            ad_sums: running(each().map(|facts| facts.ad_share * facts.probability)),
            junk_words: running(each().map(|facts| facts.shape.words() * facts.probability)),
            genuine_words: running(
                each().map(|facts| facts.shape.words() * (1.0 - facts.probability)),
            ),
            rank: ranks(facts),
            prose_before: distances(each().map(is_prose)),
            prose_after: {
                let mut after = distances(each().rev().map(is_prose));
                after.reverse();
                after
            },
            runs: short_runs(facts),
            mean_overlap: overlaps().sum::<f32>() / overlaps().count().max(1) as f32,
            spam_sum: each().map(spam).sum(),
            ad_sum: each().map(ad).sum(),
            address_sum: each().map(address).sum(),
        }
    }

    /// The cells that paragraph `i` is in, one a measure and one a cross, each below
    /// [`CELL_COUNT`].
    #[inline]
    pub fn cells(&self, i: usize) -> [u16; CELLS] {
        const { assert!(CELL_COUNT <= u16::MAX as usize) };
        let bins = bins(self, i);
        let mut cells = [0; CELLS];
        for (measure, bin) in bins.iter().enumerate() {
            cells[measure] = OFFSETS[measure] as u16 + bin;
        }
        for (cross, (a, b)) in PAIRS.iter().enumerate() {
            let row = MEASURES.len() + cross;
            let inside = bins[*a] * MEASURES[*b].bins() as u16 + bins[*b];
            cells[row] = OFFSETS[row] as u16 + inside;
        }
        cells
    }

    fn words(&self, i: usize) -> f32 {
        self.facts[i].shape.words()
    }

    fn neighbour(&self, i: usize, at: isize) -> Option<&ParagraphFacts> {
        self.facts.get(i.checked_add_signed(at)?)
    }

    fn spam_at(&self, i: usize, at: isize) -> f32 {
        self.neighbour(i, at).map_or(ABSENT, |facts| facts.spam)
    }

    fn words_at(&self, i: usize, at: isize) -> f32 {
        self.neighbour(i, at).map_or(ABSENT, |facts| facts.shape.words())
    }

    fn sentence_at(&self, i: usize, at: isize) -> f32 {
        self.neighbour(i, at).map_or(ABSENT, |facts| f32::from(facts.shape.ends_like_prose()))
    }

    /// Mean over the paragraphs within `width` of `i`, itself left out.
    fn mean(&self, sums: &[f32], i: usize, width: usize) -> f32 {
        let (low, high) = (i.saturating_sub(width), (i + width + 1).min(self.facts.len()));
        match high - low - 1 {
            0 => ABSENT,
            count => (sums[high] - sums[low] - (sums[i + 1] - sums[i])) / count as f32,
        }
    }

    /// Share of the other paragraphs that are spam by text.
    fn junk(&self, i: usize) -> f32 {
        self.mean(&self.spam_sums, i, self.facts.len())
    }

    /// Share of the other paragraphs' words that are spam by text.
    fn junk_words(&self, i: usize) -> f32 {
        let others = |sums: &[f32]| sums[self.facts.len()] - (sums[i + 1] - sums[i]);
        let (junk, genuine) = (others(&self.junk_words), others(&self.genuine_words));
        if self.facts.len() < 2 { ABSENT } else { junk / (junk + genuine).max(1.0) }
    }

    fn genuine_before(&self, i: usize) -> f32 {
        self.genuine_words[i]
    }

    fn genuine_after(&self, i: usize) -> f32 {
        self.genuine_words[self.facts.len()] - self.genuine_words[i + 1]
    }

    fn share_before(&self, i: usize) -> f32 {
        let (before, after) = (self.genuine_before(i), self.genuine_after(i));
        before / (before + after).max(1.0)
    }

    /// How far the value of `i` is above the mean of the others, given the sum of all.
    #[inline(always)]
    fn above(&self, value: impl Fn(&ParagraphFacts) -> f32, sum: f32, i: usize) -> f32 {
        let own = value(&self.facts[i]);
        match self.facts.len() - 1 {
            0 => ABSENT,
            others => own - (sum - own) / others as f32,
        }
    }
}

fn running(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut sum = 0.0;
    let sums = values.map(|value| {
        sum += f64::from(value);
        sum as f32
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// Share of paragraphs with a lower text value, ties halved, less one half.
fn ranks(facts: &[ParagraphFacts]) -> Vec<f32> {
    let mut order: Vec<(f32, u32)> = facts.iter().map(|facts| facts.spam).zip(0..).collect();
    order.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut ranks = vec![0.0; facts.len()];
    let mut below = 0;
    for run in order.chunk_by(|(a, _), (b, _)| a == b) {
        let rank = (below as f32 + run.len() as f32 / 2.0) / facts.len() as f32 - 0.5;
        run.iter().for_each(|(_, i)| ranks[*i as usize] = rank);
        below += run.len();
    }
    ranks
}

fn is_prose(facts: &ParagraphFacts) -> bool {
    facts.shape.words() >= PROSE_WORDS && facts.probability < 0.3
}

/// Distance to the nearest prose before each paragraph, itself left out.
fn distances(prose: impl Iterator<Item = bool>) -> Vec<u16> {
    let mut distance = FARTHEST;
    prose
        .map(|prose| {
            let this = distance;
            distance = if prose { 1 } else { (distance + 1).min(FARTHEST) };
            this
        })
        .collect()
}

/// A run of short lines: a menu, a table, a list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Run {
    /// Lines in it; 0 for a paragraph that is not short.
    length: u32,
    /// Mean spam probability of its lines by text.
    junk: f32,
    /// Share of its lines that are strongly spam by text.
    strong: f32,
}

/// Log odds from which on a line is strongly spam.
const STRONG: f32 = 3.0;

/// For each paragraph the run of short ones it is in.
fn short_runs(facts: &[ParagraphFacts]) -> Vec<Run> {
    let short = |facts: &ParagraphFacts| facts.shape.words() <= SHORT_WORDS;
    let runs = facts.chunk_by(|a, b| short(a) && short(b));
    runs.flat_map(|lines| {
        let count = lines.len() as f32;
        let junk: f32 = lines.iter().map(|facts| facts.probability).sum();
        let strong = lines.iter().filter(|facts| facts.spam > STRONG).count();
        let run = match short(&lines[0]) {
            true => Run {
                length: lines.len() as u32,
                junk: junk / count,
                strong: strong as f32 / count,
            },
            false => Run::default(),
        };
        std::iter::repeat_n(run, lines.len())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Script, Shape};
    use crate::model::text::TextValue;

    fn document(values: &[f64]) -> Vec<ParagraphFacts> {
        let value = |spam: &f64| TextValue { ad: *spam - 2.0, chrome: *spam };
        values
            .iter()
            .map(|spam| ParagraphFacts::new(value(spam), Shape::default(), Script::default()))
            .collect()
    }

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = (0..CELL_COUNT).map(cell_name).collect();
        assert_eq!(names.len(), CELL_COUNT);
    }

    #[test]
    fn edges_rise() {
        for measure in MEASURES {
            assert!(measure.edges.is_sorted_by(|a, b| a < b), "{}", measure.name);
        }
    }

    #[test]
    fn a_paragraph_is_in_one_cell_a_measure_and_cross_whatever_the_values() {
        for values in [vec![0.0], vec![800.0, -800.0], vec![3.0; 300], vec![1.0, -3.0, 0.5]] {
            let facts = document(&values);
            let surroundings = Surroundings::new(&facts);
            for i in 0..facts.len() {
                let cells = surroundings.cells(i);
                for (row, cell) in cells.iter().enumerate() {
                    assert!((OFFSETS[row]..OFFSETS[row + 1]).contains(&usize::from(*cell)));
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_has_a_bin_of_its_own() {
        let facts = document(&[2.0, -50.0]);
        let surroundings = Surroundings::new(&facts);
        let names: Vec<String> =
            surroundings.cells(0).iter().map(|cell| cell_name((*cell).into())).collect();
        for name in
            ["spam before: none", "spam after < -4", "paragraphs 2..3", "words 2 after: none"]
        {
            assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
        }
    }

    #[test]
    fn ranks_halve_ties_and_centre_on_zero() {
        let ranks = ranks(&document(&[5.0, 1.0, 1.0, 9.0]));
        // Below: 2 of 4 plus half of itself; 0 plus half of two; 3 plus a half.
        assert_eq!(ranks, [0.125, -0.25, -0.25, 0.375]);
    }

    #[test]
    fn distances_count_paragraphs_back_to_prose() {
        let far = FARTHEST;
        assert_eq!(distances([false, true, false, false, true].into_iter()), [far, far, 1, 2, 3]);
    }
}
