//! Finding the thresholds of operating points in out-of-fold probabilities.

use std::collections::{BTreeMap, BTreeSet};

use super::calibrate::{Genuine, Point, find_point, normal_quantile};
use super::recipe::Recipe;
use super::report::{ReportPoint, Shown};
use crate::model::{DocumentClass, OperatingPoint};

/// Genuine paragraphs of documents of every class, by pool.
#[derive(Default)]
pub(super) struct Pools([BTreeMap<String, Vec<Genuine>>; DocumentClass::COUNT]);

/// A pool with text of fewer groups in a class of documents shows nothing there.
const FEWEST_GROUPS: usize = 100;

impl Pools {
    /// Adds the genuine paragraphs of a document.
    pub(super) fn add(
        &mut self,
        pool: &str,
        class: DocumentClass,
        genuine: impl Iterator<Item = Genuine>,
    ) {
        self.0[class.number()].entry(pool.to_owned()).or_default().extend(genuine);
    }

    /// The points of the recipe: for each class of documents the lowest threshold that
    /// loses no more than it may in any pool.
    pub(super) fn find_points(&self, groups: usize, recipe: &Recipe) -> Vec<ReportPoint> {
        let z = normal_quantile(recipe.confidence);
        let views: Vec<Vec<Vec<Genuine>>> = self.0.iter().map(views).collect();
        let mut points: Vec<ReportPoint> = Vec::new();
        for keep in &recipe.keep {
            let loss = 1.0 - keep / 100.0;
            let found: Vec<Point> =
                views.iter().map(|views| find_point(views, groups, loss, z)).collect();
            let mut thresholds = std::array::from_fn(|class| found[class].threshold);
            // A point that keeps more is never the looser one.
            if let Some(stricter) = points.last() {
                let pairs = thresholds.iter_mut().zip(stricter.point.thresholds);
                pairs.for_each(|(threshold, strict): (&mut f64, f64)| {
                    *threshold = threshold.min(strict);
                });
            }
            let shown = DocumentClass::all().zip(found).map(|(class, point)| Shown {
                documents: class.to_string(),
                lost: point.kept.then_some((point.lost, point.bound)),
            });
            let shown = shown.collect();
            points.push(ReportPoint { point: OperatingPoint { keep: *keep, thresholds }, shown });
        }
        points
    }
}

/// The pools with text of enough groups, or all together if none has enough.
fn views(pools: &BTreeMap<String, Vec<Genuine>>) -> Vec<Vec<Genuine>> {
    let groups =
        |genuine: &[Genuine]| genuine.iter().map(|one| one.group).collect::<BTreeSet<u32>>().len();
    let enough: Vec<Vec<Genuine>> =
        pools.values().filter(|genuine| groups(genuine) >= FEWEST_GROUPS).cloned().collect();
    match enough.is_empty() {
        true => vec![pools.values().flatten().copied().collect()],
        false => enough,
    }
}
