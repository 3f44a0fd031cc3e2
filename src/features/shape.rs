//! The form of a paragraph: shape numbers, whatever the words.
//!
//! A paragraph's [`Shape`] collects about thirty numbers over its chunks; each is cut
//! into bins, and a few pairs of them into crossed bins, so that a linear model can
//! give any form to each.

use super::chunk::{Chunk, ChunkClass, EDGE_NAMES, Edge};
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
pub(super) const BINS_PER_SHAPE: usize = SHAPE_COUNT + CROSSES.len();

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
        for (measure, (value, slot)) in MEASURES.iter().zip(self.values.iter().zip(&mut bin)) {
            *slot = measure.edges.iter().map(|edge| usize::from(*edge <= *value)).sum();
        }
        for (offset, bin) in OFFSETS.iter().zip(bin) {
            out.push((offset + bin) as u32);
        }
        for (offset, (a, b)) in OFFSETS[SHAPE_COUNT..].iter().zip(CROSSES) {
            out.push((offset + bin[a] * bins(b) + bin[b]) as u32);
        }
    }
}

/// Sums over a paragraph's chunks and tokens, from which its [`Shape`] is made.
#[derive(Default)]
pub(super) struct ShapeSums {
    chunks: u32,
    chars: u32,
    letters: u32,
    digits: u32,
    marks: u32,
    beyond_ascii: u32,
    commas: u32,
    quotes: u32,
    brackets: u32,
    separators: u32,
    exclamations: u32,
    sentences: u32,
    longest: u32,
    capitalised: u32,
    all_capitals: u32,
    capitalised_run: u32,
    longest_run: u32,
    links: u32,
    prices: u32,
    part_numbers: u32,
    dates: u32,
    phones: u32,
    numbers: u32,
    companies: u32,
    mixed: u32,
    first: Edge,
    last: Edge,
    tokens: u32,
    function_words: u32,
    we_and_you: u32,
    seen: [u64; 16],
    scripts: [u32; Script::ALL.len()],
}

impl ShapeSums {
    pub(super) fn add_chunk(&mut self, chunk: &Chunk) {
        use ChunkClass::*;
        if self.chunks == 0 {
            self.first = chunk.first;
        }
        self.last = chunk.last;
        self.chunks += 1;
        self.chars += chunk.chars;
        self.letters += chunk.letters;
        self.digits += chunk.digits;
        self.marks += chunk.marks;
        self.beyond_ascii += chunk.beyond_ascii;
        self.commas += chunk.commas;
        self.quotes += chunk.quotes;
        self.brackets += chunk.brackets;
        self.separators += chunk.separators;
        self.exclamations += chunk.exclamations;
        self.sentences += u32::from(chunk.ends_sentence);
        self.longest = self.longest.max(chunk.chars);
        if chunk.beyond_ascii > 0 {
            self.scripts.iter_mut().zip(chunk.scripts).for_each(|(sum, count)| *sum += count);
        }
        let capitalised = matches!(chunk.class, Title | Upper) || chunk.first == Edge::Upper;
        self.capitalised += u32::from(capitalised);
        self.all_capitals += u32::from(chunk.class == Upper);
        self.capitalised_run = if capitalised { self.capitalised_run + 1 } else { 0 };
        self.longest_run = self.longest_run.max(self.capitalised_run);
        match chunk.class {
            Url | Email | Handle => self.links += 1,
            Price => self.prices += 1,
            PartNumber => self.part_numbers += 1,
            Date | Time | Year => self.dates += 1,
            Phone => self.phones += 1,
            Number | Decimal | Percent | Ordinal => self.numbers += 1,
            CompanySuffix => self.companies += 1,
            MixedScript => self.mixed += 1,
            _ => {}
        }
    }

    pub(super) fn add_token(&mut self, hash: u64, function_word: bool, we_or_you: bool) {
        self.tokens += 1;
        self.function_words += u32::from(function_word);
        self.we_and_you += u32::from(we_or_you);
        let bit = (hash >> 40) as usize % (64 * self.seen.len());
        self.seen[bit / 64] |= 1 << (bit % 64);
    }

    /// The script of more than half of the letters, Latin if there is none such.
    pub(super) fn script(&self) -> Script {
        let most = |script: &Script| self.scripts[*script as usize] * 2 > self.letters;
        Script::ALL.into_iter().find(most).unwrap_or_default()
    }

    pub(super) fn shape(&self) -> Shape {
        let share = |part: u32, whole: u32| part as f32 / whole.max(1) as f32;
        let distinct: u32 = self.seen.iter().map(|word| word.count_ones()).sum();
        // In the order of MEASURES.
        let values = [
            self.chunks as f32,
            share(self.function_words, self.chunks).min(1.0),
            self.first as u8 as f32,
            self.last as u8 as f32,
            share(self.capitalised, self.chunks),
            share(self.all_capitals, self.chunks),
            share(self.digits, self.chars),
            self.sentences as f32,
            share(self.chunks, self.sentences),
            share(self.chars, self.chunks),
            self.longest as f32,
            share(self.marks, self.chars),
            share(self.beyond_ascii, self.chars),
            share(self.commas, self.chunks),
            self.separators as f32,
            self.links as f32,
            self.prices as f32,
            self.part_numbers as f32,
            self.dates as f32,
            self.phones as f32,
            self.numbers as f32,
            share(distinct, self.tokens.min(400)).min(1.0),
            share(self.we_and_you, self.chunks),
            self.exclamations as f32,
            self.quotes as f32,
            self.brackets as f32,
            self.longest_run as f32,
            self.companies as f32,
            self.mixed as f32,
            share(self.tokens, self.chunks),
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
