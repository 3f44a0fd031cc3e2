//! The decision: from the facts of a document's paragraphs to probabilities, guards and
//! labels. Serving, training and evaluation all decide here.

use crate::features::Script;
use crate::label::Label;
use crate::model::context::Calibration;
use crate::model::facts::ParagraphFacts;
use crate::model::text::{TextValue, sigmoid};
use crate::model::{DocumentClass, OperatingPoint};
use crate::verdict::{Guard, Probability};

/// What makes a paragraph spam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// An operating point: its threshold depends on the document's class.
    Point(OperatingPoint),
    /// One threshold on the spam probability, in [0, 1], for every document.
    Threshold(f64),
}

impl Bound {
    /// The threshold for a document whose class `class` tells, if it is asked.
    fn threshold_for(self, class: impl FnOnce() -> DocumentClass) -> Probability {
        Probability::nearest(match self {
            Bound::Point(point) => point.threshold_for(class()),
            Bound::Threshold(threshold) => threshold,
        })
    }
}

/// What is decided by, beside the facts of a document.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'p> {
    /// The threshold.
    pub bound: Bound,
    /// Scripts that are judged.
    pub scripts: &'p [Script],
    /// Whether the document is plainly in a language that is not judged.
    pub unknown_language: bool,
}

/// What is decided on one paragraph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Spam probability.
    pub spam: Probability,
    /// Probability of ad.
    pub ad: Probability,
    /// The decision.
    pub label: Label,
    /// The guard that keeps the paragraph whatever its probability.
    pub guard: Option<Guard>,
    /// The spam probability from which on it is spam, unless a guard keeps it.
    pub threshold: Probability,
}

/// Decides on all paragraphs of a document, given their log odds by the last stage.
pub fn decide<'d>(
    facts: &'d [ParagraphFacts],
    values: &'d [TextValue],
    calibration: Calibration,
    policy: Policy<'d>,
) -> impl Iterator<Item = Judgement> + 'd {
    let document_words: f32 = facts.iter().map(|facts| facts.shape.words()).sum();
    let spam = spam_probabilities(values, calibration);
    let threshold = policy.bound.threshold_for(|| class_of(&spam));
    facts.iter().zip(values).zip(spam).map(move |((facts, value), spam)| {
        let guard = guard(facts, document_words, &policy);
        let spam = Probability::nearest(spam).min(Probability::HIGHEST);
        let ad = Probability::nearest(spam.get() * value.ad_share());
        let label = match () {
            () if guard.is_some() || spam < threshold => Label::Content,
            () if value.ad > value.chrome => Label::Ad,
            () => Label::Chrome,
        };
        Judgement { spam, ad, label, guard, threshold }
    })
}

/// The class of a document, given the log odds of its paragraphs by the last stage.
pub fn document_class(values: &[TextValue], calibration: Calibration) -> DocumentClass {
    class_of(&spam_probabilities(values, calibration))
}

fn spam_probabilities(values: &[TextValue], calibration: Calibration) -> Vec<f64> {
    values.iter().map(|value| sigmoid(calibration.decision(value.spam()))).collect()
}

fn class_of(spam: &[f64]) -> DocumentClass {
    let junk = spam.iter().sum::<f64>() / spam.len().max(1) as f64;
    DocumentClass::of(spam.len(), junk)
}

/// Paragraphs of so many words are kept: some extractors print a page as one line.
const VERY_LONG: f32 = 400.0;
/// Paragraphs of so many words are kept if they are a third of their document.
const SUBSTANTIAL: f32 = 80.0;

/// The guard that holds for a paragraph, if any. One that asks for a threshold of its own
/// knows what it does with long paragraphs.
fn guard(facts: &ParagraphFacts, document_words: f32, policy: &Policy<'_>) -> Option<Guard> {
    if !policy.scripts.contains(&facts.script) {
        return Some(Guard::Script);
    }
    if policy.unknown_language {
        return Some(Guard::Language);
    }
    let words = facts.shape.words();
    let long = words >= VERY_LONG || (words >= SUBSTANTIAL && words * 3.0 >= document_words);
    (long && matches!(policy.bound, Bound::Point(_))).then_some(Guard::Long)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Extractor, Features, Tokenizer};

    /// Facts of paragraphs of so many words each, of a script.
    fn facts(words: &[usize], script: Script) -> Vec<ParagraphFacts> {
        let tokenizer = Tokenizer::default();
        let mut features = Features::default();
        let mut shape = |words: &usize| {
            Extractor::new(&tokenizer).extract(&"word ".repeat(*words), &mut features);
            features.shape
        };
        let value = TextValue { ad: 2.0, chrome: 3.0 };
        words.iter().map(|words| ParagraphFacts::new(value, shape(words), script)).collect()
    }

    fn judged(words: &[usize], script: Script, bound: Bound, unknown_language: bool) -> Judgement {
        let facts = facts(words, script);
        let values: Vec<TextValue> = facts.iter().map(|facts| facts.value).collect();
        let policy = Policy { bound, scripts: &[Script::Latin], unknown_language };
        let first = decide(&facts, &values, Calibration::IDENTITY, policy).next();
        first.expect("there is a paragraph")
    }

    #[test]
    fn guards_hold_at_their_bounds() {
        let point = OperatingPoint { keep: 99.5, thresholds: [0.5; DocumentClass::COUNT] };
        let (point, threshold) = (Bound::Point(point), Bound::Threshold(0.5));
        for (words, script, bound, unknown, guard) in [
            (&[79][..], Script::Latin, point, false, None),
            (&[80, 160], Script::Latin, point, false, Some(Guard::Long)),
            (&[80, 161], Script::Latin, point, false, None),
            (&[399, 9000], Script::Latin, point, false, None),
            (&[400, 9000], Script::Latin, point, false, Some(Guard::Long)),
            (&[400, 9000], Script::Latin, threshold, false, None),
            (&[3, 9000], Script::Han, point, false, Some(Guard::Script)),
            (&[3, 9000], Script::Han, threshold, false, Some(Guard::Script)),
            (&[3, 9000], Script::Latin, threshold, true, Some(Guard::Language)),
        ] {
            let judgement = judged(words, script, bound, unknown);
            assert_eq!(judgement.guard, guard, "{words:?}");
            let label = if guard.is_some() { Label::Content } else { Label::Chrome };
            assert_eq!(judgement.label, label, "{words:?}");
            // A guard hides no probability.
            assert!(judgement.spam > Probability::nearest(0.9));
        }
    }

    #[test]
    fn a_probability_at_the_threshold_is_spam() {
        let spam = judged(&[5], Script::Latin, Bound::Threshold(0.0), false).spam;
        let at = |threshold: f64| judged(&[5], Script::Latin, Bound::Threshold(threshold), false);
        assert!(at(spam.get()).label.is_spam());
        assert!(!at(spam.get() + 1e-6).label.is_spam());
    }

    #[test]
    fn the_parts_of_a_probability_sum_to_it() {
        let judgement = judged(&[5], Script::Latin, Bound::Threshold(0.5), false);
        let share = judgement.ad.get() / judgement.spam.get();
        assert!((share - 1.0 / (1.0 + 1f64.exp())).abs() < 1e-5);
    }
}
