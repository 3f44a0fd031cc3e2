//! The verdict on a paragraph, and the guards that keep what a model cannot judge.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::Span;
use crate::features::Script;
use crate::label::Label;

/// A probability in millionths: what is printed is what was decided on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probability(u32);

impl Probability {
    /// The probability nearest to `p`; 0 for what is no number.
    pub fn nearest(p: f64) -> Self {
        Probability((p.clamp(0.0, 1.0) * 1e6).round() as u32)
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
    /// The guard that made the paragraph genuine whatever the model says.
    pub guard: Option<Guard>,
    /// The spam probability from which on it would have been spam.
    pub threshold: Probability,
}

impl Verdict {
    /// Probability of spam: of ad plus of chrome, exactly.
    pub fn spam(&self) -> Probability {
        Probability(self.ad.0 + self.chrome.0)
    }
}

/// Why a paragraph is kept without asking the model. Its spam probability is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// Most of its letters are of a script that the model has not learnt.
    Script,
    /// Its document is plainly in a language that the model has not learnt.
    Language,
    /// It is so long, or so much of its document, that it may hold everything.
    Long,
    /// It is a lone short line (a subhead, a caption) between genuine paragraphs,
    /// and, if spam, rather chrome than an ad, and not all but certainly spam.
    LoneLine,
}

impl Guard {
    /// All guards.
    pub const ALL: [Guard; 4] = [Guard::Script, Guard::Language, Guard::Long, Guard::LoneLine];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Guard::Script => "script",
            Guard::Language => "language",
            Guard::Long => "long",
            Guard::LoneLine => "lone-line",
        }
    }

    /// The guard that holds for a paragraph, if any: its script, its words, the
    /// words of its document, and the scripts that the model knows.
    pub fn of(script: Script, words: f32, document_words: f32, known: &[Script]) -> Option<Guard> {
        if !known.contains(&script) {
            return Some(Guard::Script);
        }
        let most = words >= SUBSTANTIAL && words * 3.0 >= document_words;
        (words >= VERY_LONG || most).then_some(Guard::Long)
    }
}

/// What the guard of lone lines looks at in a paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its words.
    pub words: f32,
    /// Its spam probability, 0 where a guard holds.
    pub spam: f64,
    /// Whether, if spam, it is rather an ad than chrome. Ads do stand alone.
    pub like_an_ad: bool,
}

/// Puts the guard of lone lines on those of a document's paragraphs that have none.
pub fn guard_lone_lines(lines: &[Line], guards: &mut [Option<Guard>]) {
    for (i, three) in lines.windows(3).enumerate() {
        let [before, line, after] = [three[0], three[1], three[2]];
        let genuine_beside = before.spam.max(after.spam) < MAYBE_JUNK;
        let doubtful = (MAYBE_JUNK..CERTAIN).contains(&line.spam) && !line.like_an_ad;
        let guard = &mut guards[i + 1];
        if guard.is_none() && line.words <= SHORT_LINE && genuine_beside && doubtful {
            *guard = Some(Guard::LoneLine);
        }
    }
}

/// Lines of up to so many words are short.
const SHORT_LINE: f32 = 6.0;
/// A paragraph of this spam probability or above may be junk; below, no guard is needed.
const MAYBE_JUNK: f64 = 0.4;
/// A lone line of this spam probability or above is not protected.
const CERTAIN: f64 = 0.9;

/// Paragraphs of so many words are kept: some extractors print a page as one line.
const VERY_LONG: f32 = 400.0;
/// Paragraphs of so many words are kept if they are a third of their document.
const SUBSTANTIAL: f32 = 80.0;

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

    #[test]
    fn lone_lines_are_short_between_genuine_ones_and_not_certain() {
        let words = [30.0, 3.0, 20.0, 3.0, 3.0, 20.0, 3.0, 40.0, 3.0, 20.0];
        let spam = [0.1, 0.8, 0.1, 0.8, 0.8, 0.1, 0.95, 0.1, 0.8, 0.1];
        let line =
            |(i, (words, spam)): (usize, (f32, f64))| Line { words, spam, like_an_ad: i == 8 };
        let lines: Vec<Line> = words.into_iter().zip(spam).enumerate().map(line).collect();
        let mut guards = [None; 10];
        guard_lone_lines(&lines, &mut guards);
        let guarded: Vec<usize> = (0..10).filter(|i| guards[*i].is_some()).collect();
        assert_eq!(guarded, [1]);
        guard_lone_lines(&[], &mut []);
    }

    #[test]
    fn guards_hold_at_their_bounds() {
        let known = [Script::Latin];
        for (script, words, document, guard) in [
            (Script::Latin, 79.0, 79.0, None),
            (Script::Latin, 80.0, 240.0, Some(Guard::Long)),
            (Script::Latin, 80.0, 241.0, None),
            (Script::Latin, 399.0, 9000.0, None),
            (Script::Latin, 400.0, 9000.0, Some(Guard::Long)),
            (Script::Han, 3.0, 9000.0, Some(Guard::Script)),
        ] {
            assert_eq!(Guard::of(script, words, document, &known), guard, "{words} of {document}");
        }
    }
}
