//! The text stage's fit: multinomial logistic regression on sparse rows.
//!
//! With rows `x_i` of class `y_i` and weight `c_i`, and weights `w_k` a class,
//!
//! ```text
//! minimise  1/2 sum_k |w_k - b_k|^2 + sum_i c_i * (ln sum_k exp(w_k . x_i) - w_{y_i} . x_i)
//! ```
//!
//! where `b` is zero, or the model to start from and be pulled towards. A row may have a
//! fixed offset a class, which is added to its margins `w_k . x_i`, and a few dense
//! features beside the sparse ones. Solved in
//! the dual by coordinate descent, a block of three variables a row at a time
//! (Yu, Huang and Lin, "Dual coordinate descent methods for logistic regression
//! and maximum entropy models", Machine Learning 85, 2011). The intercept is the
//! weight of a feature that every row has, and is penalised like any other.
//!
//! One fit runs on one thread and visits rows in an order drawn from a fixed
//! seed, so its result does not depend on how many fits run beside it.

use std::hint::black_box;

use linfa::dataset::{DatasetBase, Records};
use linfa::traits::Fit;

use crate::label::Label;

/// Number of classes.
pub const CLASSES: usize = Label::ALL.len();

/// Weights of a feature, one a class.
pub type ClassWeights = [f64; CLASSES];

/// Sparse rows: each a list of features of value 1 and a list of features of one
/// common value. A feature that is listed twice counts twice.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    columns: usize,
    ids: Vec<u32>,
    /// Per row: where its unit features start, where its scaled ones do.
    starts: Vec<[usize; 2]>,
    scales: Vec<f64>,
    squares: Vec<f64>,
    offsets: Vec<ClassWeights>,
}

impl Rows {
    /// No rows yet, over features `0 .. columns`.
    pub fn new(columns: usize) -> Self {
        Rows { columns, ..Rows::default() }
    }

    /// Adds a row: features `units` of value 1, features `scaled` of value `scale`.
    ///
    /// # Panics
    /// If an id is not below the number of columns.
    pub fn push(
        &mut self,
        units: impl IntoIterator<Item = u32>,
        scaled: impl IntoIterator<Item = u32>,
        scale: f64,
    ) {
        let start = self.ids.len();
        self.ids.extend(units);
        let middle = self.ids.len();
        self.ids.extend(scaled);
        assert!(self.ids[start..].iter().all(|id| (*id as usize) < self.columns));
        self.ids[start..middle].sort_unstable();
        self.ids[middle..].sort_unstable();
        let square = |ids: &[u32], value: f64| {
            let runs = ids.chunk_by(|a, b| a == b);
            runs.map(|run| (run.len() as f64 * value).powi(2)).sum::<f64>()
        };
        self.squares
            .push(square(&self.ids[start..middle], 1.0) + square(&self.ids[middle..], scale));
        self.starts.push([start, middle]);
        self.scales.push(scale);
        self.offsets.push([0.0; CLASSES]);
    }

    /// Adds a row of features of value 1 with a fixed `offset` a class.
    ///
    /// # Panics
    /// If an id is not below the number of columns.
    pub fn push_with_offset(&mut self, units: impl IntoIterator<Item = u32>, offset: ClassWeights) {
        self.push(units, [], 0.0);
        if let Some(last) = self.offsets.last_mut() {
            *last = offset;
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Number of feature entries over all rows.
    pub fn entries(&self) -> usize {
        self.ids.len()
    }

    /// The unit and the scaled features of a row, and their scale.
    pub fn row(&self, i: usize) -> (&[u32], &[u32], f64) {
        let [start, middle] = self.starts[i];
        let end = self.starts.get(i + 1).map_or(self.ids.len(), |next| next[0]);
        (&self.ids[start..middle], &self.ids[middle..end], self.scales[i])
    }
}

impl Records for Rows {
    type Elem = f64;

    fn nsamples(&self) -> usize {
        self.len()
    }

    fn nfeatures(&self) -> usize {
        self.columns
    }
}

/// Dense features of all rows, beside their sparse ones.
#[derive(Clone, Debug, Default)]
pub struct Dense {
    width: usize,
    values: Vec<f32>,
}

impl Dense {
    /// Values of rows of `width` features, row by row.
    ///
    /// # Panics
    /// If the values are no whole rows.
    pub fn new(width: usize, values: Vec<f32>) -> Self {
        assert!(values.len().is_multiple_of(width.max(1)), "rows are {width} values wide");
        Dense { width, values }
    }

    fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..(i + 1) * self.width]
    }
}

/// What a row is to be told as. A row may have none, one or several targets; the
/// weight includes the penalty constant C.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The row's number.
    pub row: u32,
    /// The row's class.
    pub label: Label,
    /// How much the row counts against the penalty, above 0.
    pub weight: f64,
}

/// How to fit.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftmaxParams {
    /// Stop when the duality gap is below this share of the objective.
    pub tolerance: f64,
    /// Stop after so many passes over the rows all the same.
    pub max_epochs: usize,
    /// Seed of the order of visits.
    pub seed: u64,
    /// Weights to start from and to be pulled towards, one entry a feature.
    pub base: Option<Vec<ClassWeights>>,
}

/// A fitted softmax regression.
#[derive(Clone, Debug)]
pub struct Softmax {
    /// A weight a feature and class: of the sparse features, then of the dense ones.
    pub weights: Vec<ClassWeights>,
    /// Value of the objective at the weights.
    pub objective: f64,
    /// Duality gap, an upper bound on how far the objective is from its optimum.
    pub gap: f64,
    /// Passes over the rows.
    pub epochs: usize,
    /// Whether the gap met the tolerance.
    pub converged: bool,
}

/// A fit that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// There is nothing to tell apart.
    #[error("only paragraphs of one kind {0}: a model needs content and at least one kind of spam")]
    OneClass(&'static str),
    /// There is nothing at all.
    #[error("no labelled paragraphs")]
    Empty,
    /// Targets that do not fit the rows, or weights that are no positive numbers.
    #[error("targets do not fit the rows: {0}")]
    Targets(String),
    /// linfa's own complaint.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
    /// linfa-logistic's complaint.
    #[error("the calibration cannot be fitted: {0}")]
    Logistic(String),
}

impl Fit<Rows, Vec<Target>, FitError> for SoftmaxParams {
    type Object = Softmax;

    fn fit(&self, dataset: &DatasetBase<Rows, Vec<Target>>) -> Result<Softmax, FitError> {
        self.solve(&dataset.records, &dataset.targets)
    }
}

impl SoftmaxParams {
    /// Fits `rows` to `targets`.
    pub fn solve(&self, rows: &Rows, targets: &[Target]) -> Result<Softmax, FitError> {
        self.solve_dense(rows, &Dense::default(), targets)
    }

    /// The same with dense features, which are pulled towards no base.
    pub fn solve_dense(
        &self,
        rows: &Rows,
        dense: &Dense,
        targets: &[Target],
    ) -> Result<Softmax, FitError> {
        check(rows, targets, self.base.as_deref())?;
        if dense.values.len() != dense.width * rows.len() {
            return Err(FitError::Targets("dense features of other rows".to_owned()));
        }
        let mut solver = Solver::new(rows, dense, targets, self.base.as_deref());
        let mut order: Vec<u32> = (0..targets.len() as u32).collect();
        let mut random = SplitMix(self.seed);
        let (mut epochs, mut reached) = (0, None);
        while epochs < self.max_epochs && reached.is_none() {
            random.shuffle(&mut order);
            for ahead in order.chunks(AHEAD) {
                solver.touch(ahead);
                ahead.iter().for_each(|i| solver.visit(*i as usize));
            }
            epochs += 1;
            if epochs < 4 || epochs % 3 == 0 || epochs == self.max_epochs {
                reached = solver.objective_and_gap(self.tolerance);
            }
        }
        let converged = reached.is_some();
        let reached = reached.or_else(|| solver.objective_and_gap(f64::INFINITY));
        let (objective, gap) = reached.unwrap_or((0.0, f64::INFINITY));
        Ok(Softmax { weights: solver.weights(), objective, gap, epochs, converged })
    }
}

fn check(rows: &Rows, targets: &[Target], base: Option<&[ClassWeights]>) -> Result<(), FitError> {
    let Some(first) = targets.first() else {
        return Err(FitError::Empty);
    };
    if let Some(bad) = targets.iter().find(|target| target.row as usize >= rows.len()) {
        return Err(FitError::Targets(format!("row {} of {}", bad.row, rows.len())));
    }
    if let Some(bad) =
        targets.iter().find(|target| !(target.weight > 0.0 && target.weight.is_finite()))
    {
        return Err(FitError::Targets(format!("weight {} is not a positive number", bad.weight)));
    }
    if base.is_some_and(|base| base.len() != rows.columns) {
        return Err(FitError::Targets("the base model has other features".to_owned()));
    }
    if base.is_none() && targets.iter().all(|target| target.label == first.label) {
        return Err(FitError::OneClass(match first.label {
            Label::Content => "(content)",
            Label::Ad => "(ad)",
            Label::Chrome => "(chrome)",
        }));
    }
    Ok(())
}

/// How much of a row's dual mass starts on the other classes.
const START_SHARE: f64 = 1e-4;
/// The least share of dual mass, above 0 so that its logarithm is finite.
const TINY: f64 = 1e-35;
/// Margin of a class that cannot be.
const ABSENT: f64 = -1e4;
/// Targets whose rows are fetched together.
const AHEAD: usize = 32;
/// Ids that memory delivers at once.
const LINE: usize = 64 / size_of::<u32>();

/// Weights of a feature as differences to the first class. A step changes a feature's
/// weights by amounts that sum to nothing, so the differences and the base have it all.
type Differences = [f64; CLASSES - 1];

/// A target with all that a visit needs of its row.
#[derive(Clone, Copy)]
struct Block {
    /// Where the row's ids start, where its scaled ones do, where they end.
    ids: [usize; 3],
    /// The row's number, to find its dense features.
    row: u32,
    scale: f64,
    /// The row's square times the weight.
    curvature: f64,
    weight: f64,
    /// The dual variables as shares of the weight: in (0, 1), summing to 1.
    duals: ClassWeights,
    /// The row's offsets less that of its class, and minus a lot for classes without rows,
    /// which are left out of the softmax.
    offset: ClassWeights,
}

struct Solver<'r> {
    ids: &'r [u32],
    dense: &'r Dense,
    blocks: Vec<Block>,
    base: Option<&'r [ClassWeights]>,
    /// Of the sparse features.
    differences: Vec<Differences>,
    /// Of the dense features.
    dense_differences: Vec<Differences>,
}

impl<'r> Solver<'r> {
    fn new(
        rows: &'r Rows,
        dense: &'r Dense,
        targets: &[Target],
        base: Option<&'r [ClassWeights]>,
    ) -> Self {
        let differences = match base {
            Some(base) => base.iter().map(differences).collect(),
            None => vec![[0.0; CLASSES - 1]; rows.columns],
        };
        let absent: ClassWeights = Label::ALL.map(|label| {
            let present = base.is_some() || targets.iter().any(|target| target.label == label);
            if present { 0.0 } else { ABSENT }
        });
        let blocks = Vec::with_capacity(targets.len());
        let dense_differences = vec![[0.0; CLASSES - 1]; dense.width];
        let mut solver =
            Solver { ids: &rows.ids, dense, blocks, base, differences, dense_differences };
        for Target { row, label, weight } in targets {
            let row = *row as usize;
            let mut duals = absent.map(|absent| if absent < 0.0 { TINY } else { START_SHARE });
            duals[label.class()] = 1.0 - (duals.iter().sum::<f64>() - START_SHARE);
            let [start, middle] = rows.starts[row];
            let end = rows.starts.get(row + 1).map_or(rows.ids.len(), |next| next[0]);
            let block = Block {
                ids: [start, middle, end],
                row: row as u32,
                scale: rows.scales[row],
                curvature: (rows.squares[row] + square(dense.row(row))) * weight,
                weight: *weight,
                duals,
                offset: absent.map_with(rows.offsets[row], |absent, offset| {
                    absent + offset - rows.offsets[row][label.class()]
                }),
            };
            let step = indicator(*label).map_with(duals, |hit, share| weight * (hit - share));
            solver.add(&block, step);
            solver.blocks.push(block);
        }
        solver
    }

    /// Reads the targets and their rows to no end but that they be in the cache when
    /// they are visited: rows come in random order, and waiting for one after another
    /// takes longer than all arithmetic.
    fn touch(&self, targets: &[u32]) {
        for i in targets {
            black_box(self.blocks[*i as usize].weight);
        }
        for i in targets {
            let [start, _, end] = self.blocks[*i as usize].ids;
            self.ids[start..end].iter().step_by(LINE).for_each(|id| {
                black_box(*id);
            });
        }
    }

    /// Solves the dual for the variables of target `i`, the others as they are.
    fn visit(&mut self, i: usize) {
        let margins = self.margins(&self.blocks[i]);
        let block = &mut self.blocks[i];
        let new = solve_block(margins, block.duals, block.curvature);
        let step = block.duals.map_with(new, |old, new| block.weight * (old - new));
        if step.iter().any(|value| value.abs() > 1e-12 * block.weight) {
            block.duals = new;
            let block = *block;
            self.add(&block, step);
        }
    }

    /// Adds `step` times the row of `block` to the weights.
    fn add(&mut self, block: &Block, step: ClassWeights) {
        add(&mut self.differences, self.ids, block, step);
        let step = differences(&step);
        let values = self.dense.row(block.row as usize);
        for (weights, value) in self.dense_differences.iter_mut().zip(values) {
            (0..CLASSES - 1).for_each(|k| weights[k] += step[k] * f64::from(*value));
        }
    }

    /// `w . x_i` for every class, less that of the first.
    fn margins(&self, block: &Block) -> ClassWeights {
        let [start, middle, end] = block.ids;
        let units = sum(&self.differences, &self.ids[start..middle]);
        let scaled = sum(&self.differences, &self.ids[middle..end]);
        let mut dense = [0.0; CLASSES - 1];
        for (weights, value) in
            self.dense_differences.iter().zip(self.dense.row(block.row as usize))
        {
            (0..CLASSES - 1).for_each(|k| dense[k] += weights[k] * f64::from(*value));
        }
        let mut margins = block.offset;
        for (k, margin) in margins[1..].iter_mut().enumerate() {
            *margin += units[k] + scaled[k] * block.scale + dense[k];
        }
        margins
    }

    /// The weights that the differences stand for.
    fn weights(&self) -> Vec<ClassWeights> {
        (0..self.columns()).map(|id| self.weights_of(id)).collect()
    }

    /// Number of features, sparse and dense.
    fn columns(&self) -> usize {
        self.differences.len() + self.dense_differences.len()
    }

    fn base_of(&self, id: usize) -> ClassWeights {
        self.base.and_then(|base| base.get(id)).copied().unwrap_or_default()
    }

    fn weights_of(&self, id: usize) -> ClassWeights {
        let total: f64 = self.base_of(id).iter().sum();
        let others = match id.checked_sub(self.differences.len()) {
            None => self.differences[id],
            Some(dense) => self.dense_differences[dense],
        };
        let first = (total - others.iter().sum::<f64>()) / CLASSES as f64;
        std::array::from_fn(|k| if k == 0 { first } else { first + others[k - 1] })
    }

    /// The primal objective and its distance from the dual one, or nothing if that is
    /// above `tolerance` as a share of the objective.
    ///
    /// The distance is a sum over the rows of what is never below 0, so that the first
    /// few rows are often enough to say no.
    fn objective_and_gap(&self, tolerance: f64) -> Option<(f64, f64)> {
        let mut dual = 0.0;
        for id in 0..self.columns() {
            for (w, base) in self.weights_of(id).into_iter().zip(self.base_of(id)) {
                // max over w of -1/2|w-b|^2 + w.u with u = w - b is 1/2|u|^2 + b.u.
                dual -= 0.5 * (w - base) * (w - base) + base * (w - base);
            }
        }
        let entropy = |block: &Block| -> f64 {
            -block.duals.iter().map(|share| share * share.ln()).sum::<f64>()
        };
        let fixed = |block: &Block| -> f64 {
            block.duals.iter().zip(block.offset).map(|(share, offset)| share * offset).sum()
        };
        let own = |block: &Block| block.weight * (entropy(block) + fixed(block));
        dual += self.blocks.iter().map(own).sum::<f64>();
        let mut gap = 0.0;
        for block in &self.blocks {
            let margins = self.margins(block);
            let mean: f64 = margins.iter().zip(block.duals).map(|(z, share)| z * share).sum();
            gap += block.weight * (log_sum_exp(margins) - mean - entropy(block));
            // The objective is the dual one and the gap.
            if gap * (1.0 - tolerance) > tolerance * dual {
                return None;
            }
        }
        Some((dual + gap, gap))
    }
}

fn square(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum()
}

fn differences(weights: &ClassWeights) -> Differences {
    std::array::from_fn(|k| weights[k + 1] - weights[0])
}

fn sum(weights: &[Differences], ids: &[u32]) -> Differences {
    let mut sum = [0.0; CLASSES - 1];
    for &id in ids {
        let w = weights[id as usize];
        (0..CLASSES - 1).for_each(|k| sum[k] += w[k]);
    }
    sum
}

/// Adds `step` times the row of `block`.
fn add(weights: &mut [Differences], ids: &[u32], block: &Block, step: ClassWeights) {
    let [start, middle, end] = block.ids;
    let step = differences(&step);
    for (ids, step) in
        [(&ids[start..middle], step), (&ids[middle..end], step.map(|value| value * block.scale))]
    {
        for &id in ids {
            let w = &mut weights[id as usize];
            (0..CLASSES - 1).for_each(|k| w[k] += step[k]);
        }
    }
}

/// Minimises `q/2 |a - old|^2 - z . a + sum a ln a` over the simplex.
///
/// At the optimum `ln a_k + q a_k = z_k + q old_k + nu` for one `nu`; Newton steps
/// in `u = ln a` and `nu` keep every `a_k` positive.
fn solve_block(margins: ClassWeights, old: ClassWeights, q: f64) -> ClassWeights {
    let target = margins.map_with(old, |z, a| z + q * a);
    let mut u = old.map(f64::ln);
    let mut a = old;
    let mut nu = (0..CLASSES).map(|k| a[k] * (u[k] + q * a[k] - target[k])).sum::<f64>();
    for _ in 0..40 {
        let slope = a.map(|a| a / (1.0 + q * a));
        let residual: ClassWeights = std::array::from_fn(|k| target[k] + nu - u[k] - q * a[k]);
        let excess = 1.0 - a.iter().sum::<f64>();
        let pull: f64 = (0..CLASSES).map(|k| slope[k] * residual[k]).sum();
        let step_nu = (excess - pull) / slope.iter().sum::<f64>();
        let mut largest = 0.0f64;
        for k in 0..CLASSES {
            let step = (residual[k] + step_nu) / (1.0 + q * a[k]);
            largest = largest.max(step.abs() * a[k]);
            u[k] = (u[k] + step).clamp(-80.0, 0.0);
            a[k] = u[k].exp();
        }
        nu += step_nu;
        if largest < 1e-10 {
            break;
        }
    }
    let sum: f64 = a.iter().sum();
    a.map(|a| (a / sum).max(TINY))
}

fn indicator(label: Label) -> ClassWeights {
    std::array::from_fn(|k| if k == label.class() { 1.0 } else { 0.0 })
}

trait MapWith {
    fn map_with(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self;
}

impl MapWith for ClassWeights {
    fn map_with(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        std::array::from_fn(|k| f(self[k], other[k]))
    }
}

fn log_sum_exp(values: ClassWeights) -> f64 {
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high + values.iter().map(|value| (value - high).exp()).sum::<f64>().ln()
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the seeded source of every random choice.
#[derive(Clone, Debug)]
pub(crate) struct SplitMix(pub u64);

impl SplitMix {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1].
    pub fn unit(&mut self) -> f64 {
        self.next() as f64 / u64::MAX as f64
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use linfa::Dataset;
    use linfa_logistic::{LogisticRegression, MultiLogisticRegression};
    use ndarray::{Array1, Array2};

    use super::*;

    const COLUMNS: usize = 7;

    /// Rows with an intercept in column 0, features drawn so that the classes
    /// overlap, and `counts` rows a class.
    fn sample(counts: [usize; CLASSES]) -> (Rows, Vec<Target>, Array2<f64>) {
        let mut random = SplitMix(7);
        let mut rows = Rows::new(COLUMNS);
        let mut targets = Vec::new();
        let mut dense = Vec::new();
        for label in Label::ALL {
            for _ in 0..counts[label.class()] {
                let drawn: Vec<u32> = (0..4)
                    .map(|_| match random.below(3) {
                        0 => 1 + 2 * label.class() as u32 % 6,
                        _ => 1 + random.below(COLUMNS - 1) as u32,
                    })
                    .collect();
                let mut row = [0.0; COLUMNS];
                row[0] = 1.0;
                drawn.iter().for_each(|id| row[*id as usize] += 0.5);
                dense.extend(row);
                rows.push([0], drawn, 0.5);
                targets.push(Target { row: targets.len() as u32, label, weight: 1.0 });
            }
        }
        let dense = Array2::from_shape_vec((targets.len(), COLUMNS), dense).expect("rows are even");
        (rows, targets, dense)
    }

    fn solve(rows: &Rows, targets: &[Target]) -> Softmax {
        let params = SoftmaxParams { tolerance: 1e-11, max_epochs: 3000, seed: 1, base: None };
        let dataset = DatasetBase::new(rows.clone(), targets.to_vec());
        let model = params.fit(&dataset).expect("the sample has all classes");
        assert!(model.converged, "gap {} after {}", model.gap, model.epochs);
        model
    }

    #[test]
    fn three_classes_reach_the_optimum_of_linfa_logistic() {
        for counts in [[30, 30, 30], [60, 20, 10], [10, 20, 60], [5, 70, 15]] {
            let (rows, targets, dense) = sample(counts);
            let ours = solve(&rows, &targets);
            let classes: Array1<usize> =
                targets.iter().map(|target| target.label.class()).collect();
            let theirs = MultiLogisticRegression::default()
                .alpha(1.0)
                .with_intercept(false)
                .gradient_tolerance(1e-9)
                .max_iterations(1000)
                .fit(&Dataset::new(dense, classes))
                .expect("linfa fits the sample");
            for column in 0..COLUMNS {
                for (k, class) in theirs.classes().iter().enumerate() {
                    let (a, b) = (ours.weights[column][*class], theirs.params()[[column, k]]);
                    assert!((a - b).abs() < 1e-5, "{counts:?} {column} {class}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn two_classes_reach_the_optimum_of_linfa_logistic() {
        for counts in [[40, 0, 40], [70, 0, 10], [10, 0, 70]] {
            let (rows, targets, dense) = sample(counts);
            let ours = solve(&rows, &targets);
            let spam: Array1<bool> = targets.iter().map(|target| target.label.is_spam()).collect();
            // |w0|^2/2 + |w2|^2/2 with w0 = -w2 is half of |w2 - w0|^2/2.
            let theirs = LogisticRegression::default()
                .alpha(0.5)
                .with_intercept(false)
                .gradient_tolerance(1e-9)
                .max_iterations(1000)
                .fit(&Dataset::new(dense, spam))
                .expect("linfa fits the sample");
            let sign = if theirs.labels().pos.class { 1.0 } else { -1.0 };
            for column in 0..COLUMNS {
                let difference = ours.weights[column][2] - ours.weights[column][0];
                let expected = sign * theirs.params()[column];
                assert!(
                    (difference - expected).abs() < 1e-5,
                    "{counts:?} {column}: {difference} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_strong_pull_keeps_the_base_and_a_weak_one_leaves_it() {
        let (rows, mut targets, _) = sample([30, 30, 30]);
        let free = solve(&rows, &targets);
        let base: Vec<ClassWeights> = (0..COLUMNS).map(|i| [i as f64 * 0.1, -0.2, 0.3]).collect();
        let mut distance = |weight: f64| {
            targets.iter_mut().for_each(|target| target.weight = weight);
            let params = SoftmaxParams {
                tolerance: 1e-9,
                max_epochs: 3000,
                seed: 1,
                base: Some(base.clone()),
            };
            let model = params.solve(&rows, &targets).expect("the sample has all classes");
            assert!(model.converged);
            let gaps = model.weights.iter().zip(&base).flat_map(|(w, b)| w.iter().zip(b));
            gaps.map(|(w, b)| (w - b).powi(2)).sum::<f64>().sqrt()
        };
        assert!(distance(1e-6) < 1e-3);
        assert!(distance(1.0) > 0.1);
        assert!(free.gap < 1e-6);
    }

    #[test]
    fn objective_and_gap_hold_whether_or_not_the_fit_is_done() {
        let (rows, targets, dense) = sample([30, 20, 10]);
        let optimum = solve(&rows, &targets).objective;
        for (max_epochs, tolerance) in [(1, 1e-6), (2, 1e-6), (300, 1e-2), (300, 1e-6)] {
            let params = SoftmaxParams { tolerance, max_epochs, seed: 1, base: None };
            let model = params.solve(&rows, &targets).expect("the sample has all classes");
            let penalty: f64 = model.weights.iter().flatten().map(|w| 0.5 * w * w).sum();
            let loss = |target: &Target| {
                let row = dense.row(target.row as usize);
                let margins: ClassWeights = std::array::from_fn(|k| {
                    row.iter().zip(&model.weights).map(|(x, w)| x * w[k]).sum()
                });
                target.weight * (log_sum_exp(margins) - margins[target.label.class()])
            };
            let objective = penalty + targets.iter().map(loss).sum::<f64>();
            assert!((model.objective - objective).abs() < 1e-9 * objective);
            assert!(model.objective - model.gap <= optimum * (1.0 + 1e-9));
            assert_eq!(model.converged, model.gap <= tolerance * model.objective);
            assert_eq!(model.converged, max_epochs == 300);
        }
    }

    #[test]
    fn impossible_fits_are_refused() {
        let params = SoftmaxParams { tolerance: 1e-3, max_epochs: 10, seed: 1, base: None };
        let (rows, targets, _) = sample([3, 0, 0]);
        assert!(matches!(params.solve(&rows, &targets), Err(FitError::OneClass("(content)"))));
        assert!(matches!(params.solve(&Rows::new(3), &[]), Err(FitError::Empty)));
        let (rows, mut targets, _) = sample([3, 3, 3]);
        targets[0].weight = f64::NAN;
        assert!(matches!(params.solve(&rows, &targets), Err(FitError::Targets(_))));
        targets[0] = Target { row: 9, label: Label::Ad, weight: 1.0 };
        assert!(matches!(params.solve(&rows, &targets), Err(FitError::Targets(_))));
    }
}
