//! Fitting a model: labelled documents in, a [`Model`] and a [`Report`] out.
//!
//! In order: documents become rows (`corpus`); one text stage a fold and one for
//! all (`fit`); out-of-fold text values of every paragraph; context numbers from
//! them and the context stage (`context`); out-of-fold decision values; calibration
//! and operating points (`calibrate`); out-of-fold figures. Nothing that is
//! reported or promised was computed with a model that had seen the site.

pub mod calibrate;
pub mod context;
pub mod corpus;
pub mod dataset;
pub mod evaluate;
pub mod fit;
mod noise;
pub mod recipe;
pub mod report;
mod weights;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::classifier::Classifier;
use crate::features::{Script, Tokenizer};
use crate::label::Label;
use crate::metrics::{Evaluation, Judged, evaluate};
use crate::model::card::{Card, Source};
use crate::model::context::{ContextModel, Relations, Surroundings, names};
use crate::model::format::hex;
use crate::model::text::{TextModel, TextValue, sigmoid};
use crate::model::{
    DEFAULT_KEEP, LEAST_SPAM, Model, ModelError, ModelParts, OperatingPoint, SelfTest, against,
};
use crate::paragraph::Unit;
use crate::verdict::{Guard, Line, guard_lone_lines};
use calibrate::{Calibration, Genuine, Point, calibrate, find_point, normal_quantile};
use context::{ContextFit, ContextRows};
use corpus::{Corpus, RowDocument, View};
use dataset::LabelledDocument;
use fit::{FitError, Softmax, SoftmaxParams, SplitMix, Target};
use recipe::{ContextRecipe, Recipe, TextRecipe};
use report::{Report, ReportPoint};
use weights::{class_weights, quantise, row_value};

/// What training says of itself while it goes on: the step, how much of it is
/// done and how much there is.
pub type Progress<'p> = &'p (dyn Fn(&str, usize, usize) + Sync);

/// A fit that cannot be done, or whose result cannot be a model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data do not allow it.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Fewer groups than folds.
    #[error(
        "the labelled data have {groups} group(s), but out-of-fold values need at least {folds}: \
         name the site of each document in \"group\", or give more data"
    )]
    Groups {
        /// Groups there are.
        groups: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// Nothing to fit the context stage to.
    #[error(
        "the context stage has no documents to learn from: set `documents = true` in the recipe for \
         a set whose paragraphs stand in the order of a page (a set named as one of the recipe is \
         taken for it), or start from a model with --base"
    )]
    Documents,
    /// The base model has other features.
    #[error("the base model has {found} bits a bag id, the recipe asks for {wanted}")]
    Base {
        /// Bits of the base model.
        found: u32,
        /// Bits of the recipe.
        wanted: u32,
    },
    /// What came out is no model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A fitted model with what is known about it.
pub struct Trained {
    /// The model.
    pub model: Model,
    /// How the fit went and how good it is.
    pub report: Report,
    /// The spam probability of every paragraph of every document, from models
    /// that were fitted without the document's group.
    pub out_of_fold: Vec<Vec<f64>>,
}

/// Fits a model to `documents` by `recipe`, starting from and pulled towards
/// `base` if there is one.
///
/// The result is the same for any number of `threads`.
pub fn train(
    documents: &[LabelledDocument],
    recipe: &Recipe,
    base: Option<&Model>,
    threads: usize,
    progress: Progress<'_>,
) -> Result<Trained, TrainError> {
    let trainer = Trainer::new(documents, recipe, base, threads, progress)?;
    let text = trainer.fit_text()?;
    let context = trainer.fit_context(&text.values)?;
    trainer.assemble(documents, text, context)
}

struct Trainer<'t> {
    recipe: &'t Recipe,
    base: Option<&'t Model>,
    threads: usize,
    progress: Progress<'t>,
    tokenizer_json: String,
    corpus: Corpus,
    made: Vec<RowDocument>,
    scripts: Vec<Script>,
    languages: Vec<String>,
}

struct TextFit {
    model: TextModel,
    /// Out-of-fold value of every row.
    values: Vec<TextValue>,
    all: Softmax,
}

struct ContextFits {
    model: ContextModel,
    rows: usize,
    gradient: f64,
    converged: bool,
    /// Out-of-fold spam probabilities of every document read, calibrated and guarded.
    spam: Vec<Vec<f64>>,
    /// Out-of-fold junk share of every document read.
    junk: Vec<f64>,
}

impl<'t> Trainer<'t> {
    fn new(
        documents: &[LabelledDocument],
        recipe: &'t Recipe,
        base: Option<&'t Model>,
        threads: usize,
        progress: Progress<'t>,
    ) -> Result<Self, TrainError> {
        if let Some(base) = base.filter(|base| base.text().bits() != recipe.text.bits) {
            return Err(TrainError::Base { found: base.text().bits(), wanted: recipe.text.bits });
        }
        let tokenizer_json =
            base.map_or_else(Tokenizer::standard_json, |base| base.tokenizer_json().to_owned());
        let tokenizer = Tokenizer::default();
        let counted = |done, all| progress("features", done, all);
        let disguised = noise::disguised(documents, recipe);
        let corpus = Corpus::new(documents, &disguised, &tokenizer, recipe, threads, &counted);
        if corpus.groups < recipe.folds {
            return Err(TrainError::Groups { groups: corpus.groups, folds: recipe.folds });
        }
        let made = corpus.make_documents(recipe);
        let scripts = known_scripts(&corpus, base);
        let languages = known_languages(&corpus, base);
        Ok(Trainer {
            recipe,
            base,
            threads,
            progress,
            tokenizer_json,
            corpus,
            made,
            scripts,
            languages,
        })
    }

    /// Runs `job` for every fold and for none, on the threads there are; results in
    /// order, the one for none first.
    fn for_folds<T: Send>(
        &self,
        step: &str,
        job: impl Fn(Option<u8>) -> Result<T, FitError> + Sync,
    ) -> Result<Vec<T>, FitError> {
        let folds: Vec<Option<u8>> =
            std::iter::once(None).chain((0..self.recipe.folds as u8).map(Some)).collect();
        let mut results: Vec<Option<Result<T, FitError>>> = folds.iter().map(|_| None).collect();
        let next = std::sync::Mutex::new(0);
        let done = std::sync::atomic::AtomicUsize::new(0);
        let slots: Vec<std::sync::Mutex<&mut Option<Result<T, FitError>>>> =
            results.iter_mut().map(std::sync::Mutex::new).collect();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.clamp(1, folds.len()) {
                scope.spawn(|| {
                    loop {
                        let i = {
                            let mut next = lock(&next);
                            *next += 1;
                            *next - 1
                        };
                        let Some(fold) = folds.get(i) else { break };
                        let result = job(*fold);
                        **lock(&slots[i]) = Some(result);
                        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        (self.progress)(step, done + 1, folds.len());
                    }
                });
            }
        });
        drop(slots);
        results.into_iter().map(|result| result.unwrap_or(Err(FitError::Empty))).collect()
    }

    fn fit_text(&self) -> Result<TextFit, TrainError> {
        let labels = self.corpus.label_weights(self.recipe);
        let base = self.base.map(|base| class_weights(base.text()));
        let params = SoftmaxParams {
            tolerance: self.recipe.text.tolerance,
            max_epochs: self.recipe.text.max_epochs,
            seed: self.recipe.seed,
            base,
        };
        (self.progress)("text stage", 0, self.recipe.folds + 1);
        let fits = self.for_folds("text stage", |fold| {
            let targets = self.targets(&labels, fold);
            params
                .solve(&self.corpus.rows, &targets)
                .map(|fit| (quantise(&fit.weights, &targets, self.base.is_some()), fit))
        })?;
        let values = (0..self.corpus.rows.len())
            .map(|row| row_value(&self.corpus, row, &fits[1 + self.corpus.folds[row] as usize].0))
            .collect();
        let (model, all) = fits.into_iter().next().ok_or(FitError::Empty)?;
        Ok(TextFit { model, values, all })
    }

    /// Targets of all rows but those of fold `without`.
    fn targets(&self, labels: &[[f64; 3]], without: Option<u8>) -> Vec<Target> {
        let TextRecipe { c, repeat_power, .. } = self.recipe.text;
        let mut targets = Vec::new();
        for (row, weights) in labels.iter().enumerate() {
            if without == Some(self.corpus.folds[row]) {
                continue;
            }
            let sum: f64 = weights.iter().sum();
            for (label, weight) in
                Label::ALL.into_iter().zip(weights).filter(|(_, weight)| **weight > 0.0)
            {
                let weight = c * weight * sum.powf(repeat_power - 1.0);
                targets.push(Target { row: row as u32, label, weight });
            }
        }
        targets
    }

    fn fit_context(&self, values: &[TextValue]) -> Result<ContextFits, TrainError> {
        if let Some(base) = self.base {
            return self.adjust_context(base, values);
        }
        let rows = self.context_rows(values);
        if rows.is_empty() {
            return Err(TrainError::Documents);
        }
        let ContextRecipe { alpha, max_iterations: iterations, .. } = self.recipe.context;
        (self.progress)("context stage", 0, self.recipe.folds + 1);
        let fits: Vec<ContextFit> =
            self.for_folds("context stage", |fold| rows.fit(fold, alpha, iterations))?;
        let models: Vec<&ContextModel> = fits.iter().map(|fit| &fit.model).collect();
        let calibration = self.calibration(&models, values)?;
        let spam = self.probabilities(&models, values, calibration);
        let model = fits[0].model.reweighed(calibration.slope, 0.0, calibration.offset);
        Ok(ContextFits {
            model,
            rows: rows.len(),
            gradient: fits[0].gradient,
            converged: fits.iter().all(|fit| fit.converged),
            spam,
            junk: self.junk_shares(values),
        })
    }

    /// The base's context stage, with how much it and the text count set anew: a few
    /// hundred labels say little of how paragraphs stand in documents. Three numbers
    /// are fitted: `decision = a * base decision + b * text value + c`.
    fn adjust_context(
        &self,
        base: &Model,
        values: &[TextValue],
    ) -> Result<ContextFits, TrainError> {
        let models = vec![base.context(); 1 + self.recipe.folds];
        let mut relations = Relations::default();
        let (mut rows, mut spam, mut folds) = (Vec::new(), Vec::new(), Vec::new());
        for document in &self.corpus.documents {
            let decisions = self.decisions(document, &models, values, &mut relations);
            let guards = self.guards(document);
            for (((row, label), decision), guard) in
                document.paragraphs.iter().zip(decisions).zip(guards)
            {
                if let (Some(label), None) = (label, guard) {
                    rows.push([decision, values[*row as usize].spam()]);
                    spam.push(label.is_spam());
                    folds.push(document.fold);
                }
            }
        }
        let adjusted = self.for_folds("context stage", |fold| {
            context::adjust(base.context(), &rows, &spam, |i| fold != Some(folds[i]))
        })?;
        let models: Vec<&ContextModel> = adjusted.iter().collect();
        let spam = self.probabilities(&models, values, Calibration { slope: 1.0, offset: 0.0 });
        let model = adjusted[0].clone();
        let junk = self.junk_shares(values);
        Ok(ContextFits { model, rows: rows.len(), gradient: 0.0, converged: true, spam, junk })
    }

    /// Documents that the context stage is fitted to: those drawn of each set, and
    /// the made ones.
    fn context_documents(&self) -> Vec<&RowDocument> {
        let mut random = SplitMix(self.recipe.seed ^ 0xbb67_ae85_84ca_a73b);
        let mut chosen: Vec<&RowDocument> = Vec::new();
        for document in &self.corpus.documents {
            let source = self.recipe.source(&self.corpus.sources[document.source as usize]);
            let draw = random.next() as f64 / u64::MAX as f64;
            if source.documents && draw < source.context_share {
                chosen.push(document);
            }
        }
        chosen.extend(&self.made);
        let total: usize = chosen.iter().map(|document| document.paragraphs.len()).sum();
        let share = self.recipe.context.max_rows as f64 / total.max(1) as f64;
        chosen.retain(|_| random.next() as f64 / (u64::MAX as f64) < share);
        chosen
    }

    fn context_rows(&self, values: &[TextValue]) -> ContextRows {
        let mut rows = ContextRows::new(names().len());
        let mut relations = Relations::default();
        for document in self.context_documents() {
            let seen = self.corpus.see(document, values, &mut relations);
            if seen.is_empty() {
                continue;
            }
            let surroundings = Surroundings::new(&seen);
            for (i, guard) in self.guards(document).into_iter().enumerate() {
                if let (Some(label), None) = (document.paragraphs[i].1, guard) {
                    rows.push(
                        &surroundings,
                        i,
                        seen[i].value.spam(),
                        label.is_spam(),
                        document.fold,
                    );
                }
            }
        }
        rows
    }

    /// The guards that hold by script, language and length.
    fn guards(&self, document: &RowDocument) -> Vec<Option<Guard>> {
        let all: f32 = document.paragraphs.iter().map(|(row, _)| self.words(*row)).sum();
        let foreign = document
            .language
            .is_some_and(|language| !self.languages.iter().any(|known| known == language));
        let guard = |row: u32| {
            Guard::of(self.corpus.scripts[row as usize], self.words(row), all, &self.scripts)
                .or_else(|| foreign.then_some(Guard::Language))
        };
        document.paragraphs.iter().map(|(row, _)| guard(*row)).collect()
    }

    fn words(&self, row: u32) -> f32 {
        self.corpus.shapes[row as usize].words()
    }

    /// The out-of-fold decision value of every paragraph of `document`.
    fn decisions(
        &self,
        document: &RowDocument,
        models: &[&ContextModel],
        values: &[TextValue],
        relations: &mut Relations,
    ) -> Vec<f64> {
        let seen = self.corpus.see(document, values, relations);
        let surroundings = Surroundings::new(&seen);
        let model = models[1 + document.fold as usize];
        (0..seen.len()).map(|i| model.value(&surroundings, i).decision(seen[i].spam())).collect()
    }

    /// The junk share of every document read, from out-of-fold text values.
    fn junk_shares(&self, values: &[TextValue]) -> Vec<f64> {
        let mut relations = Relations::default();
        let mut share = |document| {
            Surroundings::new(&self.corpus.see(document, values, &mut relations)).junk_share()
        };
        self.corpus.documents.iter().map(&mut share).collect()
    }

    fn calibration(
        &self,
        models: &[&ContextModel],
        values: &[TextValue],
    ) -> Result<Calibration, TrainError> {
        let mut relations = Relations::default();
        let (mut decisions, mut spam) = (Vec::new(), Vec::new());
        for document in
            self.context_documents().into_iter().filter(|document| document.view != View::Made)
        {
            let found = self.decisions(document, models, values, &mut relations);
            let guards = self.guards(document);
            for (i, decision) in found.into_iter().enumerate() {
                if let (Some(label), None) = (document.paragraphs[i].1, guards[i]) {
                    decisions.push(decision);
                    spam.push(label.is_spam());
                }
            }
        }
        Ok(calibrate(&decisions, &spam)?)
    }

    fn probabilities(
        &self,
        models: &[&ContextModel],
        values: &[TextValue],
        calibration: Calibration,
    ) -> Vec<Vec<f64>> {
        let mut relations = Relations::default();
        let mut probabilities = |document: &RowDocument| -> Vec<f64> {
            let decisions = self.decisions(document, models, values, &mut relations);
            let mut guards = self.guards(document);
            let line = |(i, decision): (usize, f64)| {
                let row = document.paragraphs[i].0;
                let spam = match guards[i] {
                    Some(_) => 0.0,
                    None => sigmoid(decision * calibration.slope + calibration.offset),
                };
                let like_an_ad = values[row as usize].ad_share() > 0.5;
                Line { words: self.words(row), spam, like_an_ad }
            };
            let lines: Vec<Line> = decisions.into_iter().enumerate().map(line).collect();
            guard_lone_lines(&lines, &mut guards);
            let spam = |(line, guard): (&Line, &Option<Guard>)| match guard {
                Some(_) => 0.0,
                None => line.spam,
            };
            lines.iter().zip(&guards).map(spam).collect()
        };
        self.corpus.documents.iter().map(&mut probabilities).collect()
    }

    fn find_points(&self, fits: &ContextFits) -> Vec<ReportPoint> {
        // The sets that the recipe lets decide; all of them if it names none of these.
        let named = |source: &String| self.recipe.source(source).decides;
        let some_decide = self.corpus.sources.iter().any(named);
        let decides = |document: &&RowDocument| {
            !some_decide || named(&self.corpus.sources[document.source as usize])
        };
        let mut views: BTreeMap<View, Vec<Genuine>> = BTreeMap::new();
        let pairs = self.corpus.documents.iter().zip(fits.spam.iter().zip(&fits.junk));
        for (document, (spam, junk)) in pairs.filter(|(document, _)| decides(document)) {
            let genuine = views.entry(document.view).or_default();
            for ((row, label), spam) in document.paragraphs.iter().zip(spam) {
                if *label == Some(Label::Content) {
                    let words = self.corpus.shapes[*row as usize].words();
                    genuine.push(Genuine {
                        group: document.group,
                        words,
                        spam: if *spam < LEAST_SPAM {
                            0.0
                        } else {
                            against(*spam, *junk, self.recipe.junk_power)
                        },
                    });
                }
            }
        }
        let views: Vec<Vec<Genuine>> = views.into_values().collect();
        let z = normal_quantile(self.recipe.confidence);
        let point = |keep: f64| {
            let point = find_point(&views, self.corpus.groups, 1.0 - keep / 100.0, z);
            let Point { threshold, lost, bound, kept } = point;
            let junk_power = self.recipe.junk_power;
            let point = OperatingPoint { keep, threshold, junk_power };
            ReportPoint { point, lost: kept.then_some((lost, bound)) }
        };
        self.recipe.keep.iter().map(|keep| point(*keep)).collect()
    }

    fn assemble(
        &self,
        documents: &[LabelledDocument],
        text: TextFit,
        context: ContextFits,
    ) -> Result<Trained, TrainError> {
        (self.progress)("report", 0, 1);
        let mut points = self.find_points(&context);
        if let Some(base) = self.base {
            // A few hundred labels cannot prove what is kept on the open web.
            points = base
                .points()
                .iter()
                .map(|point| ReportPoint { point: *point, lost: None })
                .collect();
        }
        let is_default = |point: &&ReportPoint| point.point.keep == DEFAULT_KEEP;
        let default = points.iter().find(is_default).unwrap_or(&points[0]).point;
        let report = Report {
            documents: documents.len(),
            rows: self.corpus.rows.len(),
            text: (text.all.epochs, text.all.gap / text.all.objective, text.all.converged),
            context: (context.rows, context.gradient, context.converged),
            points: points.clone(),
            sets: self.evaluate(&text.values, &context, default),
        };
        let parts = ModelParts {
            tokenizer_json: self.tokenizer_json.clone(),
            text: text.model,
            context: context.model.clone(),
            points: points.iter().map(|point| point.point).collect(),
            self_test: Vec::new(),
            card: self.card(documents),
        };
        let mut model = Model::from_parts(parts.clone())?;
        let self_test = SELF_TEST.iter().map(|document| self_test(&model, document)).collect();
        model = Model::from_parts(ModelParts { self_test, ..parts })?;
        (self.progress)("report", 1, 1);
        Ok(Trained { model, report, out_of_fold: context.spam })
    }

    fn evaluate(
        &self,
        values: &[TextValue],
        fits: &ContextFits,
        point: OperatingPoint,
    ) -> BTreeMap<String, Evaluation> {
        let mut sets: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
        for (number, document) in self.corpus.documents.iter().enumerate() {
            let threshold = point.threshold_for(fits.junk[number]);
            let name = self.corpus.sources[document.source as usize].clone();
            let mut rows = Vec::new();
            for ((row, label), spam) in document.paragraphs.iter().zip(&fits.spam[number]) {
                let Some(truth) = *label else { continue };
                let share = values[*row as usize].ad_share();
                let verdict = match () {
                    () if *spam < threshold => Label::Content,
                    () if share > 0.5 => Label::Ad,
                    () => Label::Chrome,
                };
                let words = self.corpus.shapes[*row as usize].words() as u32;
                rows.push(Judged {
                    document: number as u32,
                    cluster: document.group,
                    words,
                    truth,
                    spam: *spam,
                    verdict,
                });
            }
            if let Some(extractor) = document.extractor {
                let name = format!("{name}/{}", self.corpus.extractors[extractor as usize]);
                sets.entry(name).or_default().extend(&rows);
            }
            sets.entry(name).or_default().extend(rows);
        }
        sets.into_iter().map(|(name, rows)| (name, evaluate(&rows))).collect()
    }

    fn card(&self, documents: &[LabelledDocument]) -> Card {
        let mut hash = Sha256::new();
        let mut sources: BTreeMap<&str, Source> = BTreeMap::new();
        for document in documents {
            let source = sources.entry(&document.source).or_insert_with(|| Source {
                name: document.source.clone(),
                credit: self.recipe.source(&document.source).credit,
                ..Source::default()
            });
            source.documents += 1;
            hash.update(&document.group);
            for paragraph in &document.paragraphs {
                hash.update([0]);
                hash.update(&paragraph.text);
                hash.update([paragraph.label.map_or(9, |label| label.class() as u8)]);
                if let Some(label) = paragraph.label {
                    source.paragraphs[label.class()] += 1;
                }
            }
        }
        Card {
            name: self.recipe.name.clone(),
            description: self.recipe.description.clone(),
            despam_version: env!("CARGO_PKG_VERSION").to_owned(),
            base: self.base.map(|base| base.card().name.clone()),
            recipe_sha256: self.recipe.sha256.clone(),
            data_sha256: hex(&hash.finalize()),
            scripts: self.scripts.clone(),
            languages: self.languages.clone(),
            sources: sources.into_values().collect(),
        }
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Labelled paragraphs of a script or language that make it known.
const KNOWN_FROM: usize = 10_000;
/// The share of labelled paragraphs that makes a language known, however few they are.
const KNOWN_SHARE: f64 = 0.05;

fn known_scripts(corpus: &Corpus, base: Option<&Model>) -> Vec<Script> {
    let mut counts: BTreeMap<Script, usize> = BTreeMap::new();
    for (row, label) in corpus.documents.iter().flat_map(|document| &document.paragraphs) {
        *counts.entry(corpus.scripts[*row as usize]).or_default() += usize::from(label.is_some());
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(script, _)| *script);
    let known = |script: &Script| {
        counts.get(script).is_some_and(|count| *count >= KNOWN_FROM)
            || base.is_some_and(|base| base.card().scripts.contains(script))
            || most == Some(*script)
    };
    Script::ALL.into_iter().filter(known).collect()
}

/// None if no text is plainly in a language.
fn known_languages(corpus: &Corpus, base: Option<&Model>) -> Vec<String> {
    let all: usize = corpus.languages.values().sum();
    let is_known = |count: usize| count >= KNOWN_FROM || count as f64 >= KNOWN_SHARE * all as f64;
    let learnt = corpus.languages.iter().filter(|(_, count)| is_known(**count));
    let mut known: Vec<String> = base.map_or_else(Vec::new, |base| base.card().languages.clone());
    known.extend(learnt.map(|(language, _)| (*language).to_owned()));
    known.sort();
    known.dedup();
    known
}

/// Short documents written for the self-test.
const SELF_TEST: [&[&str]; 2] = [
    &[
        "Home | News | Sport | Weather | Contact",
        "Flood barrier to be raised after third wet winter",
        "The town council voted on Tuesday to raise the flood barrier along the east bank by forty centimetres, after the river came over it three times in four years.",
        "Work starts in May and will close the riverside path until October, the engineer in charge said.",
        "Hangzhou Bright Wind Electric Co., Ltd. is a professional manufacturer of tower fans, OEM and ODM orders are welcome.",
        "IGBT FF200R12KE3, SKM150GB128D, CM300DY-24H in stock",
        "Share on Facebook  Share on Twitter  Print this page",
        "Copyright 2019 Example Media. All rights reserved.",
    ],
    &[
        "Step 3",
        "Turn off the water before you loosen the nut.",
        "Tools you need: a 14 mm spanner, a bucket, a cloth.",
    ],
];

fn self_test(model: &Model, paragraphs: &[&str]) -> SelfTest {
    let verdicts =
        Classifier::new(model).with_unit(Unit::Line).judge(paragraphs.join("\n").as_bytes());
    SelfTest {
        paragraphs: paragraphs.iter().map(|line| (*line).to_owned()).collect(),
        spam: verdicts.iter().map(|verdict| verdict.spam().get()).collect(),
    }
}
