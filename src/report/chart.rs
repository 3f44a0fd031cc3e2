//! The chart of spam probabilities, as SVG.

use std::fmt::Write;

use super::text::count;
use crate::statistics::{Amount, PROBABILITY_BINS};

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 10.0;

/// Two bars a bin, what was kept and what was removed, with heights by their logarithms.
/// `of` takes the whole and the removed part of a bin.
pub(super) fn histogram(bins: &[Amount], unit: &str, of: impl Fn(&Amount) -> (u64, u64)) -> String {
    let most = bins.iter().map(|bin| of(bin).0).max().unwrap_or(0).max(1);
    // Powers of ten up to the one above the largest number; 1 has a height too.
    let decades = most.ilog10() + 1;
    let top = f64::from(decades) + 0.3;
    let plot = HEIGHT - BOTTOM - TOP;
    let height = |number: u64| match number {
        0 => 0.0,
        _ => ((number as f64).log10() + 0.3) / top * plot,
    };
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{unit} by spam probability\">"
    );
    for decade in 0..=decades {
        let y = HEIGHT - BOTTOM - height(10_u64.saturating_pow(decade));
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + 4.0,
            short(decade)
        );
    }
    let step = (WIDTH - LEFT) / PROBABILITY_BINS as f64;
    for (i, bin) in bins.iter().enumerate() {
        let (all, removed) = of(bin);
        let kept = all.saturating_sub(removed);
        let from = i as f64 / PROBABILITY_BINS as f64;
        let to = (i + 1) as f64 / PROBABILITY_BINS as f64;
        let _ = write!(
            svg,
            "<g><title>{from:.2} to {to:.2}: {} {unit} kept, {} removed</title>",
            count(kept),
            count(removed)
        );
        for (class, number, at) in [("kept", kept, 1.0), ("gone", removed, step / 2.0)] {
            let height = height(number);
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
                LEFT + i as f64 * step + at,
                HEIGHT - BOTTOM - height,
                step / 2.0 - 1.0,
            );
        }
        svg.push_str("</g>");
    }
    for tick in 0..=10 {
        let x = LEFT + f64::from(tick) / 10.0 * (WIDTH - LEFT);
        let anchor = if tick == 10 { "end" } else { "middle" };
        let _ = write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{:.1}</text>",
            HEIGHT - 12.0,
            f64::from(tick) / 10.0
        );
    }
    svg + "</svg>"
}

/// A power of ten, in few characters.
fn short(decade: u32) -> String {
    let number = |decade: u32| 10_u64.saturating_pow(decade).to_string();
    match decade {
        0..3 => number(decade),
        3..6 => number(decade - 3) + "k",
        6..9 => number(decade - 6) + "M",
        _ => number(decade - 9) + "G",
    }
}
