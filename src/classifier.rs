//! Judging one document: paragraphs, features, both stages, verdicts.

use crate::document::Span;
use crate::explain::Explanation;
use crate::features::{Extractor, Features, Script, language_of};
use crate::judgement::{Bound, Judgement, Policy, decide};
use crate::model::facts::{ParagraphFacts, Relations};
use crate::model::surroundings::Surroundings;
use crate::model::{DEFAULT_KEEP, Model};
use crate::paragraph::{Unit, paragraphs};
use crate::verdict::{Probability, Verdict};

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

/// Buffers for judging, to be kept from one document to the next. One a thread.
pub struct Scratch<'m> {
    extractor: Extractor<'m>,
    features: Features,
    spans: Vec<Span>,
    facts: Vec<ParagraphFacts>,
    hashes: Vec<u64>,
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

    /// Judges text in languages and scripts that the model has not learned too, which
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
            facts: Vec::new(),
            hashes: Vec::new(),
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
        scratch.collect_facts(self.model, text);
        let values = self.model.context().values(&scratch.facts);
        let scripts: &[Script] =
            if self.any_language { &Script::ALL } else { &self.model.card().scripts };
        let unknown_language =
            !self.any_language && scratch.is_in_unknown_language(self.model, text);
        let policy = Policy { bound: self.bound, scripts, unknown_language };
        let calibration = self.model.context().calibration();
        let judgements = decide(&scratch.facts, &values, calibration, policy);
        scratch.spans.iter().zip(&scratch.facts).zip(judgements).map(verdict).collect()
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
        let surroundings = Surroundings::new(&scratch.facts);
        let mut features = Features::default();
        let mut explain = |(i, verdict): (usize, Verdict)| {
            let paragraph = verdict.span.lossy(text);
            scratch.extractor.extract(&paragraph, &mut features);
            let cells = surroundings.cells(i);
            (verdict, Explanation::of(self.model, &paragraph, &features, &cells))
        };
        verdicts.into_iter().enumerate().filter(|(i, _)| wanted(*i)).map(&mut explain).collect()
    }
}

fn verdict(((span, facts), judgement): ((&Span, &ParagraphFacts), Judgement)) -> Verdict {
    let Judgement { spam, ad, label, guard, threshold } = judgement;
    let chrome = Probability::nearest(spam.get() - ad.get());
    let words = facts.shape.words() as u32;
    Verdict { span: *span, words, ad, chrome, label, guard, threshold }
}

impl Scratch<'_> {
    /// Collects the facts of every paragraph in `spans`.
    fn collect_facts(&mut self, model: &Model, text: &[u8]) {
        self.facts.clear();
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
            let Features { shape, script, .. } = self.features;
            self.facts.push(ParagraphFacts::new(value, shape, script));
            self.hashes.push(self.features.words_hash);
            self.topic.extend(&self.features.topic);
            self.topic_ends.push(self.topic.len());
        }
        let topic = |i: usize| &self.topic[self.topic_ends[i]..self.topic_ends[i + 1]];
        self.relations.relate(&mut self.facts, topic, |i| self.hashes[i]);
    }

    /// Whether the document is plainly in a language that the model has not learned.
    fn is_in_unknown_language(&self, model: &Model, text: &[u8]) -> bool {
        let known = &model.card().languages;
        if known.is_empty() {
            return false;
        }
        let paragraphs = self.spans.iter().map(|span| span.lossy(text));
        let found = language_of(self.facts.iter().map(|facts| &facts.shape), paragraphs);
        found.is_some_and(|found| !known.iter().any(|known| known == found))
    }
}
