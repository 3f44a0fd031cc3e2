//! Word vectors, learned from the training text without its labels.
//!
//! Words that stand near the same words have similar vectors: the leading eigenvectors of
//! the matrix of positive pointwise mutual information between words and the words around
//! them (Levy, Goldberg and Dagan, "Improving distributional similarity with lessons learned
//! from word embeddings", TACL 3, 2015). A paragraph's sum of vectors joins the text stage's
//! fit as dense features. What they learn is folded into the weights of the words, so a word
//! that was seen seldom borrows weight from its kind, and judging costs nothing more.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};

use super::fit::SplitMix;
use super::recipe::VectorRecipe;

/// A vector for each of the most frequent words.
pub struct WordVectors {
    /// Row of each word, by its slot.
    rows: BTreeMap<u32, u32>,
    values: Array2<f32>,
}

/// Words on either side that count as near.
const WINDOW: usize = 5;
/// A word that occurs less often has no vector.
const FEWEST: u32 = 20;
/// The power that the frequencies of context words are smoothed with.
const SMOOTHING: f64 = 0.75;
/// Rounds of subspace iteration.
const ROUNDS: usize = 8;

impl WordVectors {
    /// Learns vectors from lines of words; the same lines give the same vectors.
    pub fn learn<'l>(
        lines: impl Fn() -> Box<dyn Iterator<Item = &'l [u32]> + 'l>,
        recipe: &VectorRecipe,
        seed: u64,
    ) -> Self {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        lines().flatten().for_each(|word| *counts.entry(*word).or_default() += 1);
        let mut frequent: Vec<(u32, u32)> =
            counts.into_iter().filter(|(_, count)| *count >= FEWEST).collect();
        frequent.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
        frequent.truncate(recipe.words);
        let rows: BTreeMap<u32, u32> = frequent.iter().map(|(word, _)| *word).zip(0..).collect();
        let dimensions = recipe.dimensions.min(rows.len());
        let information = mutual_information(lines(), &rows);
        let values = eigenvectors(&information, dimensions, seed);
        WordVectors { rows, values }
    }

    /// Number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.values.ncols()
    }

    /// The vector of a word, if it has one.
    pub fn of(&self, word: u32) -> Option<&[f32]> {
        let row = *self.rows.get(&word)? as usize;
        self.values.row(row).to_slice()
    }

    /// All words with their vectors.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[f32])> {
        self.rows.keys().filter_map(|word| Some((*word, self.of(*word)?)))
    }
}

/// Positive pointwise mutual information of words and the words near them.
fn mutual_information<'l>(
    lines: impl Iterator<Item = &'l [u32]>,
    rows: &BTreeMap<u32, u32>,
) -> Array2<f32> {
    const NONE: u32 = u32::MAX;
    let highest = rows.keys().last().map_or(0, |word| *word as usize + 1);
    let mut row_of = vec![NONE; highest];
    rows.iter().for_each(|(word, row)| row_of[*word as usize] = *row);
    let mut near = Array2::<f32>::zeros((rows.len(), rows.len()));
    let mut line = Vec::new();
    for words in lines {
        line.clear();
        line.extend(words.iter().map(|word| row_of.get(*word as usize).copied().unwrap_or(NONE)));
        for (i, a) in line.iter().enumerate().filter(|(_, row)| **row != NONE) {
            let after = line[i + 1..].iter().take(WINDOW).filter(|row| **row != NONE);
            for b in after {
                near[[*a as usize, *b as usize]] += 1.0;
                near[[*b as usize, *a as usize]] += 1.0;
            }
        }
    }
    let sums: Vec<f64> =
        near.axis_iter(Axis(0)).map(|row| row.iter().map(|v| f64::from(*v)).sum()).collect();
    let smoothed: Vec<f64> = sums.iter().map(|sum| sum.powf(SMOOTHING)).collect();
    let all_smoothed: f64 = smoothed.iter().sum();
    for (a, mut row) in near.axis_iter_mut(Axis(0)).enumerate() {
        for (b, value) in row.iter_mut().enumerate().filter(|(_, value)| **value > 0.0) {
            // Smoothed on both sides, so that the matrix stays symmetric.
            let ratio = |one: usize, other: usize| {
                f64::from(*value) * all_smoothed / (sums[one] * smoothed[other])
            };
            let information = 0.5 * (ratio(a, b).ln() + ratio(b, a).ln());
            *value = information.max(0.0) as f32;
        }
    }
    near
}

/// The leading eigenvectors of a symmetric matrix, each times the root of its eigenvalue, by
/// subspace iteration; a row a word. The mean length of a row is 1.
fn eigenvectors(matrix: &Array2<f32>, dimensions: usize, seed: u64) -> Array2<f32> {
    let mut random = SplitMix(seed);
    let mut draw = || random.next() as f32 / u64::MAX as f32 - 0.5;
    let mut basis = Array2::from_shape_simple_fn((matrix.nrows(), dimensions), &mut draw);
    let mut eigenvalues = vec![0.0; dimensions];
    for _ in 0..ROUNDS {
        basis = matrix.dot(&basis);
        eigenvalues = orthonormalize(&mut basis);
    }
    for (mut column, eigenvalue) in basis.columns_mut().into_iter().zip(&eigenvalues) {
        column *= eigenvalue.sqrt();
    }
    let lengths = basis.rows().into_iter().map(|row| row.dot(&row).sqrt()).sum::<f32>();
    if lengths > 0.0 {
        basis *= basis.nrows() as f32 / lengths;
    }
    basis.as_standard_layout().into_owned()
}

/// Makes columns orthonormal (Gram and Schmidt) and returns the lengths that they had then.
fn orthonormalize(columns: &mut Array2<f32>) -> Vec<f32> {
    let mut lengths = Vec::new();
    for i in 0..columns.ncols() {
        let (done, mut rest) = columns.view_mut().split_at(Axis(1), i);
        let mut column = rest.column_mut(0);
        // Twice is enough (Kahan and Parlett).
        for _ in 0..2 {
            for other in done.columns() {
                let share = other.dot(&column);
                column.scaled_add(-share, &other);
            }
        }
        let length = column.dot(&column).sqrt();
        if length > 0.0 {
            column /= length;
        }
        lengths.push(length);
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_the_same_company_are_alike() {
        // 1 and 2 stand beside 10 to 14, 3 beside 20 to 24.
        let mut lines: Vec<Vec<u32>> = Vec::new();
        for i in 0..600 {
            let (word, company) = [(1, 10), (2, 10), (3, 20)][i % 3];
            lines.push(vec![company + i as u32 % 5, word, company + i as u32 / 5 % 5]);
        }
        let recipe = VectorRecipe { words: 100, dimensions: 4, scale: 1.0 };
        let learn = || WordVectors::learn(|| Box::new(lines.iter().map(Vec::as_slice)), &recipe, 1);
        let vectors = learn();
        let alike = |a: u32, b: u32| -> f32 {
            let (a, b) = (vectors.of(a).expect("frequent"), vectors.of(b).expect("frequent"));
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        assert!(alike(1, 2) > 0.9 && alike(1, 3) < 0.5, "{} {}", alike(1, 2), alike(1, 3));
        assert!(vectors.of(99).is_none());
        assert_eq!(learn().values, vectors.values);
    }
}
