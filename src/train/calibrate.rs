//! From out-of-fold decision values to probabilities and operating points.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use serde::Serialize;

use super::fit::FitError;
use crate::model::context::Calibration;

/// Fits a calibration to out-of-fold decision values and what was spam.
pub fn calibrate(decisions: &[f64], spam: &[bool]) -> Result<Calibration, FitError> {
    let column = Array2::from_shape_vec((decisions.len(), 1), decisions.to_vec())
        .map_err(|error| FitError::Logistic(error.to_string()))?;
    let fitted = LogisticRegression::default()
        .alpha(1e-3)
        .gradient_tolerance(decisions.len() as f64 * 1e-8)
        .max_iterations(200)
        .fit(&Dataset::new(column, Array1::from_vec(spam.to_vec())))
        .map_err(|error| FitError::Logistic(error.to_string()))?;
    // linfa-logistic takes the larger class for the positive one.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    Ok(Calibration { slope: sign * fitted.params()[0], offset: sign * fitted.intercept() })
}

/// A genuine paragraph with its out-of-fold spam probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Genuine {
    /// Number of its group; groups are what varies.
    pub group: u32,
    /// Its words.
    pub words: f32,
    /// Its spam probability, the odds of its document taken out.
    pub spam: f64,
}

/// A threshold and what it is known to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The threshold on the spam probability.
    pub threshold: f64,
    /// Shares of genuine words and paragraphs lost, in the view that loses more.
    pub lost: Loss,
    /// Upper 95 % confidence bounds of the same.
    pub bound: Loss,
    /// Whether the shares asked for are kept, as surely as was asked for.
    pub kept: bool,
}

/// Shares of the genuine text lost, in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// Of the words.
    pub words: f64,
    /// Of the paragraphs.
    pub paragraphs: f64,
}

/// Probabilities are cut to multiples of this to make thresholds.
const STEPS: u32 = 1_000_000;

/// The lowest threshold at which the upper bounds, at `z` standard errors, of the
/// shares of genuine words and of genuine paragraphs lost are at most `loss`, in each
/// of the `views`. Where even the strictest threshold does not show it, the one that
/// loses nothing.
///
/// The bound is that of a ratio estimator over groups (Cochran, "Sampling
/// Techniques", 6.4): `r + z * sqrt(sum_g (lost_g - r all_g)^2 * G / (G - 1)) / all`. Where
/// nothing was lost it is `1 - (1 - confidence)^(1 / G)`, about 3 / G at 95 %.
pub fn find_point(views: &[Vec<Genuine>], groups: usize, loss: f64, z: f64) -> Point {
    let at = |step: u32, z: f64| {
        let threshold = f64::from(step) / f64::from(STEPS);
        let bound = |weight: fn(&Genuine) -> f64| {
            let bounds = views.iter().map(|view| upper_bound(view, groups, threshold, z, weight));
            bounds.reduce(f64::max).unwrap_or(1.0)
        };
        Loss { words: bound(|one| f64::from(one.words)), paragraphs: bound(|_| 1.0) }
    };
    let kept = |step: u32| {
        let bound = at(step, z);
        bound.words <= loss && bound.paragraphs <= loss
    };
    let (mut low, mut high) = (0, STEPS);
    while low < high {
        let middle = (low + high) / 2;
        if kept(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let kept = high < STEPS && kept(high);
    if !kept {
        let highest = views.iter().flatten().map(|one| one.spam).reduce(f64::max);
        high = highest.map_or(STEPS, |p| (p * f64::from(STEPS)).floor() as u32 + 1).min(STEPS);
    }
    let threshold = f64::from(high) / f64::from(STEPS);
    Point { threshold, lost: at(high, 0.0), bound: at(high, normal_quantile(0.95)), kept }
}

fn upper_bound(
    genuine: &[Genuine],
    groups: usize,
    threshold: f64,
    z: f64,
    weight: fn(&Genuine) -> f64,
) -> f64 {
    let mut sums = vec![(0.0, 0.0); groups];
    for one in genuine {
        let sum = &mut sums[one.group as usize];
        sum.1 += weight(one);
        if one.spam >= threshold {
            sum.0 += weight(one);
        }
    }
    sums.retain(|(_, all)| *all > 0.0);
    let lost: f64 = sums.iter().map(|sum| sum.0).sum();
    let all: f64 = sums.iter().map(|sum| sum.1).sum();
    let count = sums.len() as f64;
    if count < 2.0 {
        return 1.0;
    }
    if lost == 0.0 && z > 0.0 {
        // Groups in which nothing was lost vary in nothing: what share of groups may lose
        // something, and none of so many be seen (Hanley and Lippman-Hand, 1983).
        let doubt = 0.5 * libm::erfc(z / std::f64::consts::SQRT_2);
        return 1.0 - doubt.powf(1.0 / count);
    }
    let ratio = lost / all;
    let squares: f64 = sums.iter().map(|(lost, all)| (lost - ratio * all).powi(2)).sum();
    ratio + z * (squares * count / (count - 1.0)).sqrt() / all
}

/// The one-sided standard normal quantile of `confidence`, by bisection of the
/// complementary error function.
pub fn normal_quantile(confidence: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..80 {
        let middle: f64 = (low + high) / 2.0;
        if 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_recovers_a_known_slope_whichever_class_is_larger() {
        for (positive, negative) in [(3000, 1000), (1000, 3000)] {
            let mut decisions = Vec::new();
            let mut spam = Vec::new();
            for (count, is_spam) in [(positive, true), (negative, false)] {
                for i in 0..count {
                    // Two symmetric triangles around +1 and -1.
                    let u = (f64::from(i) + 0.5) / f64::from(count);
                    let spread =
                        if u < 0.5 { (2.0 * u).sqrt() - 1.0 } else { 1.0 - (2.0 - 2.0 * u).sqrt() };
                    decisions.push(spread * 2.0 + if is_spam { 1.0 } else { -1.0 });
                    spam.push(is_spam);
                }
            }
            let found = calibrate(&decisions, &spam).expect("both classes are there");
            assert!(found.slope > 0.5, "{found:?}");
            assert_eq!(found.offset > 0.0, positive > negative, "{found:?}");
        }
    }

    fn genuine(spam: impl Fn(u32) -> f64) -> Vec<Genuine> {
        (0..10_000).map(|i| Genuine { group: i % 100, words: 10.0, spam: spam(i) }).collect()
    }

    #[test]
    fn the_threshold_keeps_the_share_with_room_for_chance() {
        let even = genuine(|i| f64::from(i / 100) / 100.0);
        let point = find_point(std::slice::from_ref(&even), 100, 0.05, 1.645);
        // Every group has the same hundred values: no chance in it, 5 of 100 go.
        assert!(point.kept);
        assert!((point.threshold - 0.94).abs() < 0.0101, "{point:?}");
        let uneven = find_point(&[genuine(|i| f64::from(i) / 1e4)], 100, 0.05, 1.645);
        assert!(uneven.kept && uneven.lost.words < uneven.bound.words);
        assert!(uneven.bound.words <= 0.05);
        // A second view in which more is lost decides.
        let worse = genuine(|i| 0.5 + f64::from(i / 100) / 200.0);
        let both = find_point(&[even, worse], 100, 0.05, 1.645);
        assert!((both.threshold - 0.97).abs() < 0.0101, "{both:?}");
    }

    #[test]
    fn what_cannot_be_proven_loses_nothing() {
        assert_eq!(find_point(&[], 0, 0.005, 1.645).threshold, 1.0);
        let few = vec![
            Genuine { group: 0, words: 5.0, spam: 0.3 },
            Genuine { group: 0, words: 5.0, spam: 0.2 },
        ];
        let point = find_point(&[few], 1, 0.005, 1.645);
        assert!(!point.kept && point.threshold > 0.3 && point.threshold < 0.301);
    }

    #[test]
    fn quantiles_are_the_table_s() {
        assert!((normal_quantile(0.95) - 1.644_853_6).abs() < 1e-6);
        assert!(normal_quantile(0.5).abs() < 1e-9);
    }
}
