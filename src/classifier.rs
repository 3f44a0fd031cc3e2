//! Judging one document: paragraphs, features, both stages, verdicts.

use crate::document::Span;
use crate::explain::Explanation;
use crate::features::{Extractor, Features, Script, language_of};
use crate::label::Label;
use crate::model::context::{Relations, Seen, Surroundings};
use crate::model::text::sigmoid;
use crate::model::{DEFAULT_KEEP, Model, OperatingPoint};
use crate::paragraph::{Unit, paragraphs};
use crate::verdict::{Guard, Line, Probability, Verdict, guard_lone_lines};

/// Judges documents with a model at one operating point.
///
/// ```
/// use despam::{Classifier, Label, Model};
///
/// let classifier = Classifier::new(Model::default_model());
/// let text = b"The council met on Monday and voted to repair the old bridge by spring.\n\
///     Share on Facebook | Share on Twitter | Print this page | E-mail\n";
/// let verdicts = classifier.judge(text);
/// assert_eq!(verdicts.len(), 2);
/// assert_eq!(verdicts[0].label, Label::Content);
/// assert!(verdicts[1].spam() > verdicts[0].spam());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Classifier<'m> {
    model: &'m Model,
    unit: Unit,
    bound: Bound,
    any_language: bool,
}

/// What makes a paragraph spam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// An operating point: its threshold rises with the document's junk share.
    Point(OperatingPoint),
    /// One threshold on the spam probability, in [0, 1], for every document.
    Threshold(f64),
}

impl Bound {
    /// The threshold for a document of which the share `junk` is spam.
    pub fn threshold_for(self, junk: f64) -> f64 {
        match self {
            Bound::Point(point) => point.threshold_for(junk),
            Bound::Threshold(threshold) => threshold,
        }
    }
}

/// Buffers for judging, to be kept from one document to the next. One a thread.
pub struct Scratch<'m> {
    extractor: Extractor<'m>,
    features: Features,
    spans: Vec<Span>,
    seen: Vec<Seen>,
    scripts: Vec<Script>,
    hashes: Vec<u64>,
    guards: Vec<Option<Guard>>,
    lines: Vec<Line>,
    topic: Vec<u32>,
    topic_ends: Vec<usize>,
    relations: Relations,
}

impl<'m> Classifier<'m> {
    /// A classifier at the default operating point, splitting as [`Unit::Auto`] does.
    pub fn new(model: &'m Model) -> Self {
        let point = model.point(DEFAULT_KEEP).unwrap_or(model.points()[0]);
        Classifier { model, unit: Unit::Auto, bound: Bound::Point(point), any_language: false }
    }

    /// Splits documents by `unit`.
    pub fn with_unit(self, unit: Unit) -> Self {
        Classifier { unit, ..self }
    }

    /// Takes for spam what `bound` says.
    pub fn with_bound(self, bound: Bound) -> Self {
        Classifier { bound, ..self }
    }

    /// Judges text in languages and scripts that the model has not learnt too, which
    /// is kept otherwise.
    pub fn with_any_language(self, any_language: bool) -> Self {
        Classifier { any_language, ..self }
    }

    /// The model.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// How documents are split.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The bound in force.
    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// Buffers for [`Classifier::judge_with`].
    pub fn scratch(&self) -> Scratch<'m> {
        Scratch {
            extractor: Extractor::new(self.model.tokenizer()),
            features: Features::default(),
            spans: Vec::new(),
            seen: Vec::new(),
            scripts: Vec::new(),
            hashes: Vec::new(),
            guards: Vec::new(),
            lines: Vec::new(),
            topic: Vec::new(),
            topic_ends: Vec::new(),
            relations: Relations::default(),
        }
    }

    /// A verdict for every paragraph of `text`, in order.
    pub fn judge(&self, text: &[u8]) -> Vec<Verdict> {
        self.judge_with(text, &mut self.scratch())
    }

    /// The same, with buffers from [`Classifier::scratch`] reused.
    pub fn judge_with(&self, text: &[u8], scratch: &mut Scratch<'m>) -> Vec<Verdict> {
        scratch.spans.clear();
        scratch.spans.extend(paragraphs(text, self.unit));
        scratch.see(self.model, text);
        let surroundings = Surroundings::new(&scratch.seen);
        let document_words = scratch.document_words();
        let threshold = Probability::nearest(self.bound.threshold_for(surroundings.junk_share()));
        let known: &[Script] =
            if self.any_language { &Script::ALL } else { &self.model.card().scripts };
        let foreign = !self.any_language && scratch.is_foreign(self.model, text);
        scratch.guards.clear();
        scratch.lines.clear();
        for (i, seen) in scratch.seen.iter().enumerate() {
            let words = seen.shape.words();
            let guard = Guard::of(scratch.scripts[i], words, document_words, known)
                .or_else(|| foreign.then_some(Guard::Language));
            let decision = self.model.context().value(&surroundings, i).decision(seen.spam());
            let spam = if guard.is_some() { 0.0 } else { sigmoid(decision) };
            let like_an_ad = seen.ad_share() > 0.5;
            scratch.lines.push(Line { words, spam, like_an_ad });
            scratch.guards.push(guard);
        }
        guard_lone_lines(&scratch.lines, &mut scratch.guards);
        let verdict = |(i, span): (usize, &Span)| {
            let guard = scratch.guards[i];
            let spam = if guard.is_some() { 0.0 } else { scratch.lines[i].spam };
            decide(*span, &scratch.seen[i], spam, guard, threshold)
        };
        scratch.spans.iter().enumerate().map(verdict).collect()
    }

    /// A verdict and an explanation for every paragraph of `text`, in order.
    ///
    /// ```
    /// use despam::{Classifier, Model};
    ///
    /// let classifier = Classifier::new(Model::default_model());
    /// for (_, explanation) in classifier.explain(b"Home | About us | Contact | Privacy policy") {
    ///     let sum: f64 = explanation.contributions.iter().map(|part| part.value).sum();
    ///     assert!((sum - explanation.decision).abs() < 1e-9);
    /// }
    /// ```
    pub fn explain(&self, text: &[u8]) -> Vec<(Verdict, Explanation)> {
        self.explain_where(text, |_| true)
    }

    /// The same for those paragraphs that `wanted` names by their numbers. Explaining takes
    /// much longer than judging.
    pub fn explain_where(
        &self,
        text: &[u8],
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<(Verdict, Explanation)> {
        let mut scratch = self.scratch();
        let verdicts = self.judge_with(text, &mut scratch);
        let surroundings = Surroundings::new(&scratch.seen);
        let mut features = Features::default();
        let mut explain = |(i, verdict): (usize, Verdict)| {
            let paragraph = verdict.span.lossy(text);
            scratch.extractor.extract(&paragraph, &mut features);
            (verdict, Explanation::of(self.model, &paragraph, &features, &surroundings, i))
        };
        verdicts.into_iter().enumerate().filter(|(i, _)| wanted(*i)).map(&mut explain).collect()
    }
}

fn decide(
    span: Span,
    seen: &Seen,
    spam: f64,
    guard: Option<Guard>,
    threshold: Probability,
) -> Verdict {
    let spam = Probability::nearest(spam);
    let ad = Probability::nearest(spam.get() * seen.ad_share());
    let chrome = Probability::nearest(spam.get() - ad.get());
    let label = match () {
        () if guard.is_some() || spam < threshold => Label::Content,
        () if ad > chrome => Label::Ad,
        () => Label::Chrome,
    };
    Verdict { span, words: seen.shape.words() as u32, ad, chrome, label, guard, threshold }
}

impl Scratch<'_> {
    /// Takes in what the text stage sees of every paragraph in `spans`.
    fn see(&mut self, model: &Model, text: &[u8]) {
        self.seen.clear();
        self.scripts.clear();
        self.hashes.clear();
        self.topic.clear();
        self.topic_ends.clear();
        self.topic_ends.push(0);
        let valid = simdutf8::basic::from_utf8(text).ok();
        for span in &self.spans {
            let lossy;
            let (paragraph, length) = match valid.and_then(|text| text.get(span.start..)) {
                Some(rest) => (rest, span.end - span.start),
                None => {
                    lossy = span.lossy(text);
                    (&*lossy, lossy.len())
                }
            };
            let mut sum = model.text().sum();
            let count = self.extractor.scan(paragraph, length, &mut self.features, &mut sum);
            let value = model.text().value_with(&self.features, &sum, count);
            self.seen.push(Seen::new(value, self.features.shape));
            self.scripts.push(self.features.script);
            self.hashes.push(self.features.words_hash);
            self.topic.extend(&self.features.topic);
            self.topic_ends.push(self.topic.len());
        }
        let topic = |i: usize| &self.topic[self.topic_ends[i]..self.topic_ends[i + 1]];
        self.relations.relate(&mut self.seen, topic, |i| self.hashes[i]);
    }

    /// Whether the document is plainly in a language that the model has not learnt.
    fn is_foreign(&self, model: &Model, text: &[u8]) -> bool {
        let known = &model.card().languages;
        if known.is_empty() {
            return false;
        }
        let paragraphs = self.spans.iter().map(|span| span.lossy(text));
        let found = language_of(self.seen.iter().map(|seen| &seen.shape), paragraphs);
        found.is_some_and(|found| !known.iter().any(|known| known == found))
    }

    fn document_words(&self) -> f32 {
        self.seen.iter().map(|seen| seen.shape.words()).sum()
    }
}
