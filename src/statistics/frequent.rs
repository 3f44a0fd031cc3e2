//! The most frequent of many names, in bounded memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize, Serializer};

/// Numbers that can be told large from small.
pub trait Weigh {
    /// How much there is.
    fn weight(&self) -> u64;
}

/// Numbers by name, for at most `MOST` names: a Misra-Gries sketch that can be merged.
///
/// Up to `MOST` names everything is exact. When there are more, half of `MOST` stay: the
/// counter of each is lowered by the largest counter of those that go, which is added to
/// `error`; the numbers of those that go are added to `other`. So
///
/// - the numbers of all names and of `other` always sum to what was added;
/// - the numbers of a name are those since it last came in. Its true weight is at least
///   that of its numbers, and at most that of its counter plus `error`;
/// - `error` is at most the sum of all weights by `MOST / 2 + 1`. A name of a larger
///   weight than that is there for certain.
///
/// Where there are no more names than that, the order of additions makes no difference.
/// (Misra and Gries 1982; Agarwal et al., "Mergeable summaries", 2012.) A counter is the
/// weight of the numbers less what was `lowered`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frequent<N, const MOST: usize> {
    /// How much too low a counter can be.
    pub error: u64,
    /// Names that went.
    pub other: N,
    /// Names that are there.
    #[serde(serialize_with = "sorted")]
    pub kept: HashMap<String, Kept<N>>,
}

/// A name's numbers since it came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept<N> {
    /// The numbers.
    #[serde(flatten)]
    pub numbers: N,
    /// What the counter is below their weight.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lowered: u64,
}

fn sorted<N: Serialize, S: Serializer>(
    kept: &HashMap<String, Kept<N>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    kept.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<N: Weigh> Kept<N> {
    fn counter(&self) -> u64 {
        self.numbers.weight().saturating_sub(self.lowered)
    }
}

impl<N: Default, const MOST: usize> Default for Frequent<N, MOST> {
    fn default() -> Self {
        Frequent { error: 0, other: N::default(), kept: HashMap::new() }
    }
}

impl<N, const MOST: usize> Frequent<N, MOST>
where
    N: Clone + Default + Weigh + for<'n> AddAssign<&'n N>,
{
    /// Adds numbers to those of a name.
    pub fn add(&mut self, name: &str, numbers: &N) {
        match self.kept.get_mut(name) {
            Some(kept) => kept.numbers += numbers,
            None => {
                let kept = Kept { numbers: numbers.clone(), lowered: 0 };
                self.kept.insert(name.to_owned(), kept);
                self.bound();
            }
        }
    }

    /// Adds all that `other` has.
    pub fn merge(&mut self, other: &Self) {
        self.error += other.error;
        self.other += &other.other;
        for (name, theirs) in &other.kept {
            match self.kept.get_mut(name) {
                Some(kept) => {
                    kept.numbers += &theirs.numbers;
                    kept.lowered += theirs.lowered;
                }
                None => drop(self.kept.insert(name.clone(), theirs.clone())),
            }
        }
        self.bound();
    }

    /// Lets half of the names go if there are too many.
    fn bound(&mut self) {
        if self.kept.len() <= MOST {
            return;
        }
        // An order of what the names are and have, so it is the same everywhere.
        let mut order: Vec<(u64, u64, &String)> = self
            .kept
            .iter()
            .map(|(name, kept)| (kept.counter(), kept.numbers.weight(), name))
            .collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        let largest = order[MOST / 2].0;
        let gone: Vec<String> =
            order[MOST / 2..].iter().map(|(.., name)| (*name).clone()).collect();
        for name in gone {
            if let Some(kept) = self.kept.remove(&name) {
                self.other += &kept.numbers;
            }
        }
        for kept in self.kept.values_mut() {
            kept.lowered += largest.min(kept.counter());
        }
        self.error += largest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Times(u64);

    impl AddAssign<&Times> for Times {
        fn add_assign(&mut self, other: &Times) {
            self.0 += other.0;
        }
    }

    impl Weigh for Times {
        fn weight(&self) -> u64 {
            self.0
        }
    }

    type Sketch = Frequent<Times, 8>;

    fn sketch(names: &[u8]) -> Sketch {
        let mut sketch = Sketch::default();
        names.iter().for_each(|name| sketch.add(&name.to_string(), &Times(1)));
        sketch
    }

    #[test]
    fn a_frequent_name_stays_and_the_others_make_room() {
        // 0 five times, 1 to 9 once: ten names are two too many, four of eight stay. The
        // largest counter of those that go is 1.
        let found = sketch(&[0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((found.error, found.other.0, found.kept.len()), (1, 5, 4));
        assert_eq!(found.kept["0"], Kept { numbers: Times(5), lowered: 1 });
    }

    proptest! {
        #[test]
        fn true_weights_lie_within_the_bounds(
            parts in prop::collection::vec(prop::collection::vec(0u8..40, 0..60), 0..12),
        ) {
            let mut merged = Sketch::default();
            parts.iter().for_each(|part| merged.merge(&sketch(part)));
            let names: Vec<u8> = parts.concat();
            let total: u64 = merged.kept.values().map(|kept| kept.numbers.0).sum();
            prop_assert_eq!(total + merged.other.0, names.len() as u64);
            prop_assert!(merged.kept.len() <= 8);
            prop_assert!(merged.error <= names.len() as u64 / 5);
            for name in 0..40 {
                let truth = names.iter().filter(|other| **other == name).count() as u64;
                match merged.kept.get(&name.to_string()) {
                    Some(kept) => {
                        prop_assert!(kept.numbers.0 <= truth);
                        prop_assert!(truth <= kept.counter() + merged.error);
                    }
                    None => prop_assert!(truth <= merged.error),
                }
            }
        }

        #[test]
        fn up_to_the_bound_order_makes_no_difference(
            mut names in prop::collection::vec(0u8..8, 0..60), at in 0usize..60,
        ) {
            let all = sketch(&names);
            let (left, right) = names.split_at(at.min(names.len()));
            let mut merged = sketch(right);
            merged.merge(&sketch(left));
            prop_assert_eq!(&merged, &all);
            names.reverse();
            prop_assert_eq!(sketch(&names), all);
        }
    }
}
