//! The verdict on a paragraph, and the guards that keep what a model cannot judge.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::Span;
use crate::label::Label;

/// A probability in millionths: what is printed is what was decided on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probability(u32);

impl Probability {
    /// The highest spam probability there is: nothing is certain, so at a threshold of 1
    /// nothing goes.
    pub const HIGHEST: Probability = Probability(999_999);

    /// The probability nearest to `p`; 0 for what is no number.
    pub fn nearest(p: f64) -> Self {
        Probability((p.clamp(0.0, 1.0) * 1e6).round() as u32)
    }

    /// The probability, but 0 where a guard keeps the paragraph: what a threshold acts on.
    pub fn unless(self, guard: Option<Guard>) -> Self {
        if guard.is_some() { Probability::default() } else { self }
    }

    /// The probability as a number in [0, 1].
    pub fn get(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// The probability in millionths.
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// The probability of the contrary: 1 minus this, exactly.
    pub fn complement(self) -> Self {
        Probability(1_000_000_u32.saturating_sub(self.0))
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What was decided on one paragraph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Where the paragraph is, in bytes of the document's text.
    pub span: Span,
    /// Its words, as white space separates them.
    pub words: u32,
    /// Probability of ad.
    pub ad: Probability,
    /// Probability of chrome.
    pub chrome: Probability,
    /// The decision at the operating point in force.
    pub label: Label,
    /// The guard that keeps the paragraph whatever the model says.
    pub guard: Option<Guard>,
    /// The spam probability from which on it would have been spam.
    pub threshold: Probability,
}

impl Verdict {
    /// Probability of spam: of ad plus of chrome, exactly.
    pub fn spam(&self) -> Probability {
        Probability(self.ad.0 + self.chrome.0)
    }

    /// The same, but 0 where a guard keeps the paragraph.
    pub fn spam_unless_guarded(&self) -> Probability {
        self.spam().unless(self.guard)
    }
}

/// Why a paragraph is kept whatever its spam probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Most of its letters are of a script that the model has not learned.
    Script,
    /// Its document is plainly in a language that the model has not learned.
    Language,
    /// It is so long, or so much of its document, that it may hold everything.
    Long,
}

impl Guard {
    /// All guards.
    pub const ALL: [Guard; 3] = [Guard::Script, Guard::Language, Guard::Long];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Guard::Script => "script",
            Guard::Language => "language",
            Guard::Long => "long",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_printed_with_six_digits() {
        for (p, printed) in
            [(0.0, "0.000000"), (1.0, "1.000000"), (0.1234564, "0.123456"), (f64::NAN, "0.000000")]
        {
            assert_eq!(Probability::nearest(p).to_string(), printed);
        }
    }
}
