//! Numbers cut into bins, alone and in pairs: how bins are numbered and named.

/// A number, with the lower edges of its bins but the first.
pub struct Measure {
    pub name: &'static str,
    pub edges: &'static [f32],
}

impl Measure {
    /// How many bins it has.
    pub const fn bins(&self) -> usize {
        self.edges.len() + 1
    }

    /// The name of a bin by its lower and upper edge, such as `words 3..4`.
    pub fn range(&self, low: Option<f32>, high: Option<f32>) -> String {
        let name = self.name;
        match (low, high) {
            (None, Some(high)) => format!("{name} < {high}"),
            (Some(low), Some(high)) => format!("{name} {low}..{high}"),
            (Some(low), None) => format!("{name} >= {low}"),
            (None, None) => name.to_owned(),
        }
    }

    /// The lower and the upper edge of a bin, where it has one.
    pub fn edges_of(&self, bin: usize) -> (Option<f32>, Option<f32>) {
        (bin.checked_sub(1).map(|low| self.edges[low]), self.edges.get(bin).copied())
    }
}

/// Where the bins of each measure start, then where those of each crossed pair do, and their
/// number. `N` is the number of measures and pairs, and one more.
pub const fn offsets<const N: usize>(
    measures: &[Measure],
    crosses: &[(usize, usize)],
) -> [usize; N] {
    let mut offsets = [0; N];
    let mut i = 0;
    while i + 1 < N {
        offsets[i + 1] = offsets[i]
            + if i < measures.len() {
                measures[i].bins()
            } else {
                let (a, b) = crosses[i - measures.len()];
                measures[a].bins() * measures[b].bins()
            };
        i += 1;
    }
    offsets
}

/// What a bin stands for, given the [`offsets`] and how a bin of a measure is called.
pub fn name(
    bin: usize,
    offsets: &[usize],
    measures: &[Measure],
    crosses: &[(usize, usize)],
    range_name: impl Fn(usize, usize) -> String,
) -> String {
    let row = offsets.partition_point(|offset| *offset <= bin) - 1;
    let inside = bin - offsets[row];
    match row.checked_sub(measures.len()) {
        None => range_name(row, inside),
        Some(cross) => {
            let (a, b) = crosses[cross];
            let bins = measures[b].bins();
            format!("{} & {}", range_name(a, inside / bins), range_name(b, inside % bins))
        }
    }
}
