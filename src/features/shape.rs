//! The form of a paragraph: shape numbers, whatever the words.
//!
//! A paragraph's [`Shape`] collects about thirty numbers over its chunks; each is cut
//! into bins, and a few pairs of them into crossed bins, so that a linear model can
//! give any form to each.

use super::chunk::{Chunk, Count, Counts, EDGE_NAMES, Edge, PLAIN_COUNT, Sight, edge};
use super::script::Script;

/// A shape number: its name and the lower edges of its bins but the first.
struct Measure {
    name: &'static str,
    edges: &'static [f32],
}

const fn measure(name: &'static str, edges: &'static [f32]) -> Measure {
    Measure { name, edges }
}

const EDGE_BINS: &[f32] = &[1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.];
const COUNTS: &[f32] = &[1., 2., 3., 5., 8.];
const SHARES: &[f32] = &[0.001, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9];

const WORDS: usize = 0;
const FUNCTION_WORDS: usize = 1;
const FIRST: usize = 2;
const LAST: usize = 3;
const TITLE: usize = 4;
const SENTENCES: usize = 7;

const MEASURES: [Measure; SHAPE_COUNT] = [
    measure("words", &[2., 3., 4., 5., 6., 8., 10., 13., 17., 23., 30., 40., 60., 90., 150., 300.]),
    measure("share-of-function-words", &[0.001, 0.08, 0.15, 0.22, 0.3, 0.38, 0.46, 0.55]),
    measure("first-character", EDGE_BINS),
    measure("last-character", EDGE_BINS),
    measure("share-of-capitalised-words", SHARES),
    measure("share-of-all-capitals", SHARES),
    measure("share-of-digits", SHARES),
    measure("sentence-ends", &[1., 2., 3., 4., 6., 10., 20.]),
    measure("words-per-sentence", &[4., 8., 12., 16., 20., 26., 35., 60.]),
    measure("mean-chunk-length", &[2., 3., 3.8, 4.4, 5., 5.6, 6.4, 8., 12.]),
    measure("longest-chunk", &[4., 7., 10., 13., 16., 20., 30., 60.]),
    measure("share-of-marks", SHARES),
    measure("share-beyond-ascii", SHARES),
    measure("commas-per-word", &[0.001, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4]),
    measure("separators", COUNTS),
    measure("links", COUNTS),
    measure("prices", COUNTS),
    measure("part-numbers", COUNTS),
    measure("dates-and-times", COUNTS),
    measure("phones", &[1., 2.]),
    measure("numbers", COUNTS),
    measure("share-of-distinct-words", &[0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97]),
    measure("share-of-we-and-you", &[0.001, 0.03, 0.06, 0.1, 0.15]),
    measure("exclamations", &[1., 2., 3.]),
    measure("quotes", &[1., 2., 3., 5.]),
    measure("brackets", &[1., 2., 3., 5.]),
    measure("longest-capitalised-run", &[1., 2., 3., 4., 5., 6., 8., 12.]),
    measure("company-suffixes", &[1., 2.]),
    measure("mixed-script-words", &[1., 2.]),
    measure("tokens-per-word", &[1.05, 1.15, 1.3, 1.5, 2., 3.]),
];

/// How many shape numbers there are.
pub const SHAPE_COUNT: usize = 30;

/// Pairs of shape numbers whose bins are crossed.
const CROSSES: [(usize, usize); 6] = [
    (WORDS, LAST),
    (WORDS, FUNCTION_WORDS),
    (WORDS, TITLE),
    (FIRST, LAST),
    (WORDS, FIRST),
    (WORDS, SENTENCES),
];

const fn bins(measure: usize) -> usize {
    MEASURES[measure].edges.len() + 1
}

const OFFSETS: [usize; SHAPE_COUNT + CROSSES.len() + 1] = {
    let mut offsets = [0; SHAPE_COUNT + CROSSES.len() + 1];
    let mut i = 0;
    while i < SHAPE_COUNT {
        offsets[i + 1] = offsets[i] + bins(i);
        i += 1;
    }
    while i < SHAPE_COUNT + CROSSES.len() {
        let (a, b) = CROSSES[i - SHAPE_COUNT];
        offsets[i + 1] = offsets[i] + bins(a) * bins(b);
        i += 1;
    }
    offsets
};

/// How many bins there are, crossed ones included; bin ids are below it.
pub const BIN_COUNT: usize = OFFSETS[SHAPE_COUNT + CROSSES.len()];

/// How many bins one paragraph falls into.
const BINS_PER_SHAPE: usize = SHAPE_COUNT + CROSSES.len();

/// The name of a shape number, `index` below [`SHAPE_COUNT`].
pub fn shape_name(index: usize) -> &'static str {
    MEASURES[index].name
}

/// What a bin stands for, such as `words 3 to 4` or `last-character full-stop`.
pub fn bin_name(bin: usize) -> String {
    let row = OFFSETS.partition_point(|offset| *offset <= bin) - 1;
    let inside = bin - OFFSETS[row];
    match row.checked_sub(SHAPE_COUNT) {
        None => range_name(row, inside),
        Some(cross) => {
            let (a, b) = CROSSES[cross];
            let (bin_a, bin_b) = (inside / bins(b), inside % bins(b));
            format!("{} & {}", range_name(a, bin_a), range_name(b, bin_b))
        }
    }
}

fn range_name(measure: usize, bin: usize) -> String {
    let Measure { name, edges } = MEASURES[measure];
    if measure == FIRST || measure == LAST {
        return format!("{name} {}", EDGE_NAMES[bin]);
    }
    match (bin.checked_sub(1).map(|low| edges[low]), edges.get(bin)) {
        (None, Some(high)) => format!("{name} < {high}"),
        (Some(low), Some(high)) => format!("{name} {low}..{high}"),
        (Some(low), None) => format!("{name} >= {low}"),
        (None, None) => name.to_owned(),
    }
}

/// The shape numbers of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    values: [f32; SHAPE_COUNT],
}

impl Default for Shape {
    fn default() -> Self {
        Shape { values: [0.0; SHAPE_COUNT] }
    }
}

impl Shape {
    /// The numbers, named by [`shape_name`]; all finite, none negative.
    pub fn values(&self) -> &[f32; SHAPE_COUNT] {
        &self.values
    }

    /// Number of chunks, the paragraph's words as white space separates them.
    pub fn words(&self) -> f32 {
        self.values[WORDS]
    }

    /// Share of words that carry grammar rather than meaning.
    pub fn function_words(&self) -> f32 {
        self.values[FUNCTION_WORDS]
    }

    /// Whether the last character ends a sentence.
    pub fn ends_like_prose(&self) -> bool {
        [Edge::Stop, Edge::Exclamation, Edge::Question, Edge::Quote]
            .iter()
            .any(|edge| *edge as u8 as f32 == self.values[LAST])
    }

    /// Whether the first character is a lower-case letter.
    pub fn starts_lower(&self) -> bool {
        self.values[FIRST] == Edge::Lower as u8 as f32
    }

    /// Share of words that start with a capital.
    pub fn capitalised(&self) -> f32 {
        self.values[TITLE]
    }

    /// Share of digits among the characters.
    pub fn digits(&self) -> f32 {
        self.values[6]
    }

    /// Appends the ids of the bins that the numbers fall into, one a measure and
    /// one a crossed pair, each below [`BIN_COUNT`].
    pub(super) fn push_bins(&self, out: &mut Vec<u32>) {
        let mut bin = [0usize; SHAPE_COUNT];
        for (Measure { edges, .. }, (value, slot)) in
            MEASURES.iter().zip(self.values.iter().zip(&mut bin))
        {
            // Most numbers are in one of the first bins.
            *slot = edges.iter().position(|edge| *edge > *value).unwrap_or(edges.len());
        }
        let mut all = [0u32; BINS_PER_SHAPE];
        for ((id, offset), bin) in all.iter_mut().zip(OFFSETS).zip(bin) {
            *id = (offset + bin) as u32;
        }
        let crossed = all[SHAPE_COUNT..].iter_mut().zip(&OFFSETS[SHAPE_COUNT..]);
        for ((id, offset), (a, b)) in crossed.zip(CROSSES) {
            *id = (offset + bin[a] * bins(b) + bin[b]) as u32;
        }
        out.extend_from_slice(&all);
    }
}

/// Sums over a paragraph's chunks and tokens, from which its [`Shape`] is made.
#[derive(Default)]
pub(super) struct ShapeSums {
    chunks: u32,
    counts: Counts<u32>,
    /// The same for the last chunks: see [`ShapeSums::add`].
    recent: Counts<u16>,
    recent_chunks: u32,
    longest: u32,
    capitalised_run: u32,
    longest_run: u32,
    first: Edge,
    last: Edge,
    seen: [u64; 16],
    scripts: [u32; Script::ALL.len()],
}

/// Chunks whose counts fit into 16 bits together.
const RECENT: u32 = u16::MAX as u32 / PLAIN_COUNT as u32;

impl ShapeSums {
    /// Adds a chunk with its tokens.
    ///
    /// Counts of [`PLAIN_COUNT`] at most are added as sixteen bits, eight at a time on
    /// most processors, and passed on before they overflow.
    #[inline]
    pub(super) fn add(&mut self, chunk: &Sight) {
        if self.recent_chunks == RECENT {
            self.pass_on();
        }
        for (sum, count) in self.recent.0.iter_mut().zip(&chunk.counts.0) {
            *sum += *count;
        }
        self.recent_chunks += 1;
        if chunk.script_letters > 0 {
            self.scripts[chunk.script as usize] += u32::from(chunk.script_letters);
        }
        let chars = u32::from(chunk.counts[Count::Chars]);
        let capitalised = chunk.counts[Count::Capitalised] > 0;
        self.add_place(chars, chunk.first, chunk.last, capitalised);
    }

    /// Adds a chunk that is no [`Sight`], without its tokens.
    pub(super) fn add_chunk(&mut self, chunk: &Chunk) {
        let counts = chunk.counts();
        for (sum, count) in self.counts.0.iter_mut().zip(&counts.0) {
            *sum += *count;
        }
        self.scripts.iter_mut().zip(chunk.scripts).for_each(|(sum, count)| *sum += count);
        let capitalised = counts[Count::Capitalised] > 0;
        self.add_place(chunk.chars, chunk.first, chunk.last, capitalised);
    }

    #[inline]
    fn add_place(&mut self, chars: u32, first: Edge, last: Edge, capitalised: bool) {
        if self.chunks == 0 {
            self.first = first;
        }
        self.last = last;
        self.chunks += 1;
        self.longest = self.longest.max(chars);
        self.capitalised_run = (self.capitalised_run + 1) * u32::from(capitalised);
        self.longest_run = self.longest_run.max(self.capitalised_run);
    }

    /// Adds a plain word, of ASCII letters, with the mark behind it or 0, and with their
    /// tokens. The word is in small letters but perhaps for the first one.
    #[inline(always)]
    pub(super) fn add_plain(&mut self, letters: u32, mark: u8, upper: bool) {
        let counts = &mut self.counts;
        counts[Count::Chars] += letters;
        counts[Count::Letters] += letters;
        counts[Count::Tokens] += 1;
        counts[Count::Capitalised] += u32::from(upper);
        let (mut chars, mut last) = (letters, Edge::Lower);
        if mark > 0 {
            chars += 1;
            counts[Count::Chars] += 1;
            counts[Count::Marks] += 1;
            counts[Count::Tokens] += 1;
            last = edge(char::from(mark));
            counts[Count::Commas] += u32::from(last == Edge::Comma);
            counts[Count::Exclamations] += u32::from(last == Edge::Exclamation);
            let ends = matches!(last, Edge::Stop | Edge::Exclamation | Edge::Question);
            counts[Count::Sentences] += u32::from(ends);
        } else if upper && letters == 1 {
            last = Edge::Upper;
        }
        self.add_place(chars, if upper { Edge::Upper } else { Edge::Lower }, last, upper);
    }

    /// Counts the last chunk as the form of a company's name.
    pub(super) fn add_company(&mut self) {
        self.counts[Count::Companies] += 1;
    }

    /// Counts a token of a chunk that was added by [`ShapeSums::add_chunk`].
    pub(super) fn add_token(&mut self) {
        self.counts[Count::Tokens] += 1;
    }

    /// Counts what is known of a token beforehand.
    pub(super) fn add_known(&mut self, function_word: bool, we_or_you: bool) {
        self.counts[Count::FunctionWords] += u32::from(function_word);
        self.counts[Count::WeAndYou] += u32::from(we_or_you);
    }

    /// Takes note of a token's hash, to tell how many are distinct.
    #[inline]
    pub(super) fn see(&mut self, hash: u64) {
        let bit = (hash >> 40) as usize % (64 * self.seen.len());
        self.seen[bit / 64] |= 1 << (bit % 64);
    }

    fn pass_on(&mut self) {
        for (sum, count) in self.counts.0.iter_mut().zip(&mut self.recent.0) {
            *sum += u32::from(std::mem::take(count));
        }
        self.recent_chunks = 0;
    }

    /// The script of more than half of the letters, Latin if there is none such.
    pub(super) fn script(&self) -> Script {
        let letters = self.counts[Count::Letters];
        let most = |script: &Script| self.scripts[*script as usize] * 2 > letters;
        Script::ALL.into_iter().find(most).unwrap_or_default()
    }

    /// The shape of what was added.
    pub(super) fn shape(&mut self) -> Shape {
        use Count::*;
        self.pass_on();
        let count = |of: Count| self.counts[of];
        let share = |part: u32, whole: u32| part as f32 / whole.max(1) as f32;
        let distinct: u32 = self.seen.iter().map(|word| word.count_ones()).sum();
        let (chunks, chars, tokens) = (self.chunks, count(Chars), count(Tokens));
        // In the order of MEASURES.
        let values = [
            chunks as f32,
            share(count(FunctionWords), chunks).min(1.0),
            self.first as u8 as f32,
            self.last as u8 as f32,
            share(count(Capitalised), chunks),
            share(count(AllCapitals), chunks),
            share(count(Digits), chars),
            count(Sentences) as f32,
            share(chunks, count(Sentences)),
            share(chars, chunks),
            self.longest as f32,
            share(count(Marks), chars),
            share(count(BeyondAscii), chars),
            share(count(Commas), chunks),
            count(Separators) as f32,
            count(Links) as f32,
            count(Prices) as f32,
            count(PartNumbers) as f32,
            count(Dates) as f32,
            count(Phones) as f32,
            count(Numbers) as f32,
            share(distinct, tokens.min(400)).min(1.0),
            share(count(WeAndYou), chunks),
            count(Exclamations) as f32,
            count(Quotes) as f32,
            count(Brackets) as f32,
            self.longest_run as f32,
            count(Companies) as f32,
            count(Mixed) as f32,
            share(tokens, chunks),
        ];
        Shape { values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = (0..BIN_COUNT).map(bin_name).collect();
        assert_eq!(names.len(), BIN_COUNT);
    }

    #[test]
    fn edge_bins_name_every_edge() {
        assert_eq!(EDGE_NAMES.len(), Edge::Separator as usize + 1);
        assert_eq!(EDGE_BINS.len() + 1, EDGE_NAMES.len());
    }

    #[test]
    fn an_empty_paragraph_has_a_finite_shape() {
        let shape = ShapeSums::default().shape();
        assert!(shape.values().iter().all(|value| value.is_finite()));
    }
}
