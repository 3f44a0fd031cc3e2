//! The form of a paragraph: shape numbers, whatever the words.
//!
//! A paragraph's [`Shape`] collects about thirty numbers over its chunks; each is cut
//! into bins, and a few pairs of them into crossed bins, so that a linear model can
//! give any form to each.

use wide::f32x4;

use super::bins::{Measure, name, offsets};
use super::chunk::{Chunk, ChunkClass, Count, Counts, PLAIN_COUNT, Sight};
use super::kind::{EDGE_NAMES, Edge};
use super::known::Known;
use super::readable::Markup;
use super::script::Script;
use super::word::Plain;

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
const WE_AND_YOU: usize = 22;
const KEY_VALUES: usize = 30;

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
    measure("key-values", &[1., 2., 3., 5.]),
    measure("share-of-code-marks", &[0.001, 0.02, 0.05, 0.1, 0.2, 0.35]),
    measure("links-read-through", &[1., 2., 4., 8.]),
    measure("template-slots", &[1., 2.]),
];

/// How many shape numbers there are.
pub const SHAPE_COUNT: usize = 34;

/// Pairs of shape numbers whose bins are crossed.
const CROSSES: [(usize, usize); 7] = [
    (WORDS, LAST),
    (WORDS, FUNCTION_WORDS),
    (WORDS, TITLE),
    (FIRST, LAST),
    (WORDS, FIRST),
    (WORDS, SENTENCES),
    (WORDS, KEY_VALUES),
];

/// Numbers side by side, four in each.
const GROUPS: usize = SHAPE_COUNT.div_ceil(4);

/// The edges of all measures side by side: the lowest ones of all, and so on. Infinite
/// where a measure has no more.
const EDGES: [[f32x4; GROUPS]; 8] = side_by_side(0);

/// The edges above those, which only some of the first twelve measures have.
const HIGH_EDGES: [[f32x4; 3]; 8] = side_by_side(EDGES.len());

/// Row `i` has edge `skip + i` of each measure. All edges there are must fit.
const fn side_by_side<const GROUPS: usize>(skip: usize) -> [[f32x4; GROUPS]; 8] {
    let mut rows = [[f32x4::new([f32::INFINITY; 4]); GROUPS]; 8];
    let mut i = 0;
    while i < rows.len() {
        let mut edges = [[f32::INFINITY; 4]; GROUPS];
        let mut measure = 0;
        while measure < SHAPE_COUNT {
            if skip + i < MEASURES[measure].edges.len() {
                edges[measure / 4][measure % 4] = MEASURES[measure].edges[skip + i];
            }
            measure += 1;
        }
        let mut group = 0;
        while group < GROUPS {
            rows[i][group] = f32x4::new(edges[group]);
            group += 1;
        }
        i += 1;
    }
    rows
}

const OFFSETS: [usize; SHAPE_COUNT + CROSSES.len() + 1] = offsets(&MEASURES, &CROSSES);

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
    name(bin, &OFFSETS, &MEASURES, &CROSSES, range_name)
}

fn range_name(measure: usize, bin: usize) -> String {
    if measure == FIRST || measure == LAST {
        return format!("{} {}", MEASURES[measure].name, EDGE_NAMES[bin]);
    }
    let (low, high) = MEASURES[measure].edges_of(bin);
    MEASURES[measure].range(low, high)
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

    /// Share of words that address the reader or speak for the writer: we, you and the like.
    pub fn we_and_you(&self) -> f32 {
        self.values[WE_AND_YOU]
    }

    /// Appends the ids of the bins that the numbers fall into, one a measure and
    /// one a crossed pair, each below [`BIN_COUNT`].
    pub(super) fn push_bins(&self, out: &mut Vec<u32>) {
        // Edges one by one, numbers side by side: so that nothing is left to guess.
        let mut values = [f32x4::ZERO; GROUPS];
        for (group, values_of_group) in values.iter_mut().zip(self.values.chunks(4)) {
            let mut four = [0.0; 4];
            four[..values_of_group.len()].copy_from_slice(values_of_group);
            *group = f32x4::new(four);
        }
        let mut reached = [f32x4::ZERO; GROUPS];
        EDGES.iter().for_each(|edges| count_reached(&mut reached, &values, edges));
        HIGH_EDGES.iter().for_each(|edges| count_reached(&mut reached, &values, edges));
        let mut bin = [0; 4 * GROUPS];
        for (bins, reached) in bin.as_chunks_mut().0.iter_mut().zip(reached) {
            *bins = reached.fast_trunc_int().to_array().map(|reached| reached as usize);
        }
        let mut all = [0u32; BINS_PER_SHAPE];
        for ((id, offset), bin) in all.iter_mut().zip(OFFSETS).zip(bin) {
            *id = (offset + bin) as u32;
        }
        let crossed = all[SHAPE_COUNT..].iter_mut().zip(&OFFSETS[SHAPE_COUNT..]);
        for ((id, offset), (a, b)) in crossed.zip(CROSSES) {
            *id = (offset + bin[a] * MEASURES[b].bins() + bin[b]) as u32;
        }
        out.extend_from_slice(&all);
    }
}

/// Sums over a paragraph's chunks and tokens, from which its [`Shape`] is made.
#[derive(Default)]
pub(super) struct ShapeSums {
    counts: Counts<u32>,
    /// The same for the last chunks, but for plain words.
    recent: Counts<u16>,
    /// The same for the last plain words, and for the marks behind them.
    plain: Packed,
    marks: Packed,
    longest: u32,
    capitalised_run: u32,
    longest_run: u32,
    first: Option<Edge>,
    last: Edge,
    seen: [u64; 16],
    scripts: [u32; Script::ALL.len()],
    /// Chunks that are no plain words, by class.
    classes: [u32; ChunkClass::COUNT],
    markup: Option<Markup>,
}

/// Six counts side by side in one number, so that one addition adds to all.
#[derive(Clone, Copy, Default)]
struct Packed(u64);

impl Packed {
    /// The lowest bit of each count, and the end.
    const STARTS: [u32; 7] = [0, 14, 24, 34, 44, 54, 64];

    const fn one(i: usize) -> u64 {
        1 << Packed::STARTS[i]
    }

    /// Adds all to `sums`, each to the one that is named.
    fn add_to(self, sums: &mut Counts<u32>, names: &[Count]) {
        for (name, range) in names.iter().zip(Packed::STARTS.windows(2)) {
            let above = 64 - range[1];
            sums[*name] += (self.0 << above >> (above + range[0])) as u32;
        }
    }
}

/// What [`ShapeSums`] packs of plain words: their letters, and what counts once a word.
const OF_WORDS: [Count; 6] = [
    Count::Letters,
    Count::Capitalised,
    Count::FunctionWords,
    Count::WeAndYou,
    Count::Companies,
    Count::Slots,
];

/// What is known of a word, as it is packed.
const OF_KNOWN: [u64; Known::COMBINATIONS] = {
    let mut sums = [0; Known::COMBINATIONS];
    let mut i = 0;
    while i < sums.len() {
        let known = Known(i as u8);
        sums[i] = Packed::one(2) * known.is(Known::FUNCTION) as u64
            + Packed::one(3) * known.is(Known::WE_OR_YOU) as u64
            + Packed::one(4) * known.is(Known::COMPANY_SUFFIX) as u64
            + Packed::one(5) * known.is(Known::UNFILLED) as u64;
        i += 1;
    }
    sums
};

/// What [`ShapeSums`] packs of the marks behind plain words.
const OF_MARKS: [Count; 6] = [
    Count::Marks,
    Count::Commas,
    Count::Exclamations,
    Count::Sentences,
    Count::KeyValues,
    Count::CodeMarks,
];

/// A mark behind a plain word: what it adds, and its kind. By its byte; 0 is no mark.
const MARKS: [(u64, Edge); 64] = {
    let [mark, comma, exclamation] = [Packed::one(0), Packed::one(1), Packed::one(2)];
    let [sentence, key, code_mark] = [Packed::one(3), Packed::one(4), Packed::one(5)];
    let mut marks = [(0, Edge::Lower); 64];
    marks[b',' as usize] = (mark + comma, Edge::Comma);
    marks[b';' as usize] = (mark + comma + code_mark, Edge::Comma);
    marks[b':' as usize] = (mark + key, Edge::Colon);
    marks[b'.' as usize] = (mark + sentence, Edge::Stop);
    marks[b'?' as usize] = (mark + sentence, Edge::Question);
    marks[b'!' as usize] = (mark + exclamation + sentence, Edge::Exclamation);
    marks
};

const _: () = assert!(ShapeSums::MOST_CHUNKS * PLAIN_COUNT < 1 << Packed::STARTS[1]);
const _: () = assert!(ShapeSums::MOST_CHUNKS < 1 << (Packed::STARTS[2] - Packed::STARTS[1]));

impl ShapeSums {
    /// Chunks that may be added before [`ShapeSums::pass_on`].
    pub(super) const MOST_CHUNKS: usize = (1 << 10) - 1;

    /// Adds a chunk with what is known of its words.
    ///
    /// Counts of [`PLAIN_COUNT`] at most are added as sixteen bits, eight at a time on
    /// most processors.
    #[inline]
    pub(super) fn add(&mut self, chunk: &Sight) {
        for (sum, count) in self.recent.0.iter_mut().zip(&chunk.counts.0) {
            *sum += u16::from(*count);
        }
        if chunk.script_letters > 0 {
            self.scripts[chunk.script as usize] += u32::from(chunk.script_letters);
        }
        self.classes[chunk.class as usize] += 1;
        let chars = u32::from(chunk.counts[Count::Chars]);
        let capitalised = chunk.counts[Count::Capitalised] > 0;
        self.add_place(chars, chunk.first, chunk.last, capitalised);
    }

    /// Adds a chunk that is no [`Sight`].
    pub(super) fn add_chunk(&mut self, chunk: &Chunk) {
        let counts = chunk.counts();
        for (sum, count) in self.counts.0.iter_mut().zip(&counts.0) {
            *sum += *count;
        }
        self.classes[chunk.class as usize] += 1;
        self.scripts.iter_mut().zip(chunk.scripts).for_each(|(sum, count)| *sum += count);
        let capitalised = counts[Count::Capitalised] > 0;
        self.add_place(chunk.chars, chunk.first, chunk.last, capitalised);
    }

    /// Adds what is known of a word of a chunk that is no [`Sight`].
    pub(super) fn add_known(&mut self, known: Known) {
        self.counts.add_known(known);
    }

    /// Adds a plain word with what is known of it.
    #[inline]
    pub(super) fn add_plain(&mut self, word: &Plain, known: Known) {
        let (of_mark, edge) = MARKS[usize::from(word.mark) % MARKS.len()];
        self.marks.0 += of_mark;
        self.plain.0 += word.letters as u64
            + Packed::one(1) * u64::from(word.upper)
            + OF_KNOWN[usize::from(known.0) % OF_KNOWN.len()];
        let first = if word.upper { Edge::Upper } else { Edge::Lower };
        let last = if word.length() == 1 { first } else { edge };
        self.add_place(word.length() as u32, first, last, word.upper);
    }

    #[inline]
    fn add_place(&mut self, chars: u32, first: Edge, last: Edge, capitalised: bool) {
        self.first.get_or_insert(first);
        self.last = last;
        self.longest = self.longest.max(chars);
        self.capitalised_run = (self.capitalised_run + 1) * u32::from(capitalised);
        self.longest_run = self.longest_run.max(self.capitalised_run);
    }

    /// Sets what the reader of the paragraph does not see.
    pub(super) fn set_markup(&mut self, markup: Option<Markup>) {
        self.markup = markup;
    }

    /// Takes note of hashes of tokens, to tell how many are distinct.
    pub(super) fn see(&mut self, hashes: &[u64]) {
        for hash in hashes {
            let bit = (hash >> 40) as usize % (64 * self.seen.len());
            self.seen[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Passes on what was summed up in few bits.
    pub(super) fn pass_on(&mut self) {
        for (sum, count) in self.counts.0.iter_mut().zip(&mut self.recent.0) {
            *sum += u32::from(std::mem::take(count));
        }
        let (plain, marks) = (std::mem::take(&mut self.plain), std::mem::take(&mut self.marks));
        plain.add_to(&mut self.counts, &OF_WORDS);
        marks.add_to(&mut self.counts, &OF_MARKS);
        plain.add_to(&mut self.counts, &[Count::Chars]);
        marks.add_to(&mut self.counts, &[Count::Chars]);
    }

    /// The script of more than half of the letters, Latin if there is none such.
    pub(super) fn script(&self) -> Script {
        let letters = self.counts[Count::Letters];
        let most = |script: &Script| self.scripts[*script as usize] * 2 > letters;
        Script::ALL.into_iter().find(most).unwrap_or_default()
    }

    /// The shape of what was added and passed on: so many chunks and tokens.
    pub(super) fn shape(&self, chunks: usize, tokens: usize) -> Shape {
        use ChunkClass::{
            Date, Decimal, Email, Handle, MixedScript, Number, Ordinal, PartNumber, Percent, Phone,
            Price, Time, Url, Year,
        };
        use Count::*;
        let count = |of: Count| self.counts[of];
        let share = |part: u32, whole: u32| part as f32 / whole.max(1) as f32;
        let distinct: u32 = self.seen.iter().map(|word| word.count_ones()).sum();
        let (chunks, chars, tokens) = (chunks as u32, count(Chars), tokens as u32);
        let markup =
            self.markup.unwrap_or(Markup { links: 0, chars, code_marks: count(CodeMarks) });
        let of = |classes: &[ChunkClass]| -> u32 {
            classes.iter().map(|class| self.classes[*class as usize]).sum()
        };
        // In the order of MEASURES.
        let values = [
            chunks as f32,
            share(count(FunctionWords), chunks).min(1.0),
            self.first.unwrap_or_default() as u8 as f32,
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
            of(&[Url, Email, Handle]) as f32,
            of(&[Price]) as f32,
            of(&[PartNumber]) as f32,
            of(&[Date, Time, Year]) as f32,
            of(&[Phone]) as f32,
            of(&[Number, Decimal, Percent, Ordinal]) as f32,
            share(distinct, tokens.min(400)).min(1.0),
            share(count(WeAndYou), chunks),
            count(Exclamations) as f32,
            count(Quotes) as f32,
            count(Brackets) as f32,
            self.longest_run as f32,
            count(Companies) as f32,
            of(&[MixedScript]) as f32,
            share(tokens, chunks),
            count(KeyValues) as f32,
            share(markup.code_marks, markup.chars),
            markup.links as f32,
            count(Slots) as f32,
        ];
        Shape { values }
    }
}

/// Adds 1 for each value that has reached its edge.
#[inline(always)]
fn count_reached(counts: &mut [f32x4], values: &[f32x4], edges: &[f32x4]) {
    for ((count, value), edge) in counts.iter_mut().zip(values).zip(edges) {
        *count += value.simd_ge(*edge) & f32x4::ONE;
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
        let shape = ShapeSums::default().shape(0, 0);
        assert!(shape.values().iter().all(|value| value.is_finite()));
    }
}
