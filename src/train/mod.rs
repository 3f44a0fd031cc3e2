//! Fitting a model: labelled documents in, a [`Model`] and a [`Report`] out.
//!
//! In order: documents become rows (`corpus`); one text stage a fold and one for
//! all (`fit`); out-of-fold text values of every paragraph; context numbers from
//! them and the last stage (`context`); out-of-fold decision values; calibration
//! and operating points (`calibrate`); out-of-fold figures. Nothing that is
//! reported or promised was computed with a model that had seen the site.

pub mod calibrate;
mod card;
pub mod context;
pub mod corpus;
pub mod dataset;
pub mod evaluate;
pub mod fit;
mod folds;
mod known;
mod noise;
mod points;
pub mod recipe;
pub mod report;
mod vectors;
mod weights;

use std::collections::BTreeMap;

use crate::features::{Script, Tokenizer};
use crate::judgement::{Bound, Judgement, Policy, decide, document_class};
use crate::label::Label;
use crate::metrics::{Evaluation, Judged, evaluate};
use crate::model::context::{Calibration, ContextModel};
use crate::model::facts::{ParagraphFacts, Relations};
use crate::model::text::{TextModel, TextValue};
use crate::model::{DEFAULT_KEEP, DocumentClass, Model, ModelError, ModelParts, OperatingPoint};
use calibrate::{Genuine, calibrate};
use card::{SELF_TEST, card, self_test};
use context::ContextRows;
use corpus::{Corpus, FIRST_BAG, RowDocument};
use dataset::LabelledDocument;
use fit::{ClassWeights, Dense, FitError, Softmax, SoftmaxParams, SplitMix, Target};
use folds::for_folds;
use known::{known_languages, known_scripts};
use points::Pools;
use recipe::{ContextRecipe, Recipe, TextRecipe};
use report::{ContextSummary, Report, ReportPoint};
use vectors::WordVectors;
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
    /// Nothing to fit the last stage to.
    #[error(
        "the last stage has no documents to learn from: set `documents = true` in the recipe for \
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
    /// The documents that the recipe chose.
    pub documents: Vec<LabelledDocument>,
    /// The spam probability of every paragraph of these, from models that were fitted
    /// without the document's group.
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
    let documents = recipe.chosen(documents);
    let trainer = Trainer::new(&documents, recipe, base, threads, progress)?;
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
    /// The model of all data, then one for each fold, fitted without it.
    models: Vec<ContextModel>,
    fit: ContextSummary,
    /// Every document read, as models see it that never saw its group.
    documents: Vec<OutOfFold>,
}

/// A document with its log odds out of fold, not calibrated.
struct OutOfFold {
    facts: Vec<ParagraphFacts>,
    values: Vec<TextValue>,
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

    fn for_folds<T: Send>(
        &self,
        step: &str,
        job: impl Fn(Option<u8>) -> Result<T, FitError> + Sync,
    ) -> Result<Vec<T>, FitError> {
        for_folds(step, self.recipe.folds, self.threads, self.progress, job)
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
        let fits = self.for_folds("text stage", |fold| {
            let targets = self.targets(&labels, fold);
            let vectors = self.word_vectors(fold);
            let dense = vectors.as_ref().map(|vectors| self.dense(vectors)).unwrap_or_default();
            let mut fit = params.solve_dense(&self.corpus.rows, &dense, &targets)?;
            if let Some(vectors) = &vectors {
                self.fold_in(vectors, &mut fit.weights);
            }
            Ok((quantise(&fit.weights, &targets, self.base.is_some()), fit))
        })?;
        let values = (0..self.corpus.rows.len())
            .map(|row| row_value(&self.corpus, row, &fits[1 + self.corpus.folds[row] as usize].0))
            .collect();
        let (model, all) = fits.into_iter().next().ok_or(FitError::Empty)?;
        Ok(TextFit { model, values, all })
    }

    /// Word vectors of the text of all rows but those of fold `without`. A model with a base
    /// has the base's words to start from instead.
    fn word_vectors(&self, without: Option<u8>) -> Option<WordVectors> {
        let recipe = self.recipe.text.vectors.as_ref().filter(|_| self.base.is_none())?;
        let lines = || -> Box<dyn Iterator<Item = &[u32]>> {
            let rows = (0..self.corpus.rows.len())
                .filter(move |row| without != Some(self.corpus.folds[*row]));
            Box::new(rows.map(|row| self.corpus.words(row)))
        };
        Some(WordVectors::learn(lines, recipe, self.recipe.seed))
    }

    fn vector_scale(&self) -> f64 {
        self.recipe.text.vectors.as_ref().map_or(0.0, |vectors| vectors.scale)
    }

    /// The sum of its words' vectors for every row, each word counting what it counts in
    /// the bag.
    fn dense(&self, vectors: &WordVectors) -> Dense {
        let width = vectors.dimensions();
        let mut values = vec![0.0f32; width * self.corpus.rows.len()];
        for (row, sums) in values.chunks_exact_mut(width.max(1)).enumerate() {
            let scale = (self.corpus.rows.row(row).2 * self.vector_scale()) as f32;
            for vector in self.corpus.words(row).iter().filter_map(|word| vectors.of(*word)) {
                sums.iter_mut().zip(vector).for_each(|(sum, value)| *sum += scale * value);
            }
        }
        Dense::new(width, values)
    }

    /// Adds what the vectors learned to the weights of the words: `w . v` is again one
    /// weight a word.
    fn fold_in(&self, vectors: &WordVectors, weights: &mut Vec<ClassWeights>) {
        let dense = weights.split_off(weights.len() - vectors.dimensions());
        for (word, vector) in vectors.iter() {
            let weight = &mut weights[(FIRST_BAG + word) as usize];
            for (value, dense) in vector.iter().zip(&dense) {
                let value = f64::from(*value) * self.vector_scale();
                weight.iter_mut().zip(dense).for_each(|(weight, dense)| *weight += value * dense);
            }
        }
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
        let (mut models, fit) = match self.base {
            // A few hundred labels say little of how paragraphs stand in documents.
            Some(base) => {
                let models = vec![base.context().clone(); 1 + self.recipe.folds];
                (models, ContextSummary { rows: 0, passes: 0, gap: 0.0, converged: true })
            }
            None => self.fit_cells(values)?,
        };
        let mut relations = Relations::default();
        let found = |document| self.out_of_fold(document, values, &models, &mut relations);
        let documents: Vec<OutOfFold> = self.corpus.documents.iter().map(found).collect();
        if self.base.is_none() {
            models[0] = models[0].with_calibration(self.calibration(&documents)?);
        }
        Ok(ContextFits { models, fit, documents })
    }

    /// The last stage fitted to all data, then without each fold.
    fn fit_cells(
        &self,
        values: &[TextValue],
    ) -> Result<(Vec<ContextModel>, ContextSummary), TrainError> {
        let mut rows = ContextRows::default();
        let mut relations = Relations::default();
        for document in self.context_documents() {
            if !self.is_in_unknown_language(document) {
                let facts = self.corpus.facts(document, values, &mut relations);
                let labels = document.paragraphs.iter().map(|(_, label)| *label);
                rows.push(&facts, labels, document.fold);
            }
        }
        if rows.is_empty() {
            return Err(TrainError::Documents);
        }
        let ContextRecipe { c, tolerance, max_epochs, .. } = self.recipe.context;
        let params = SoftmaxParams { tolerance, max_epochs, seed: self.recipe.seed, base: None };
        let fits = self.for_folds("last stage", |fold| rows.fit(fold, c, &params))?;
        let converged = fits.iter().all(|fit| fit.converged);
        let (passes, gap) = (fits[0].epochs, fits[0].gap);
        let fit = ContextSummary { rows: rows.len(), passes, gap, converged };
        Ok((fits.into_iter().map(|fit| fit.model).collect(), fit))
    }

    /// Documents that the last stage is fitted to: those drawn of each set, and the made
    /// ones.
    fn context_documents(&self) -> Vec<&RowDocument> {
        let mut random = SplitMix(self.recipe.seed ^ 0xbb67_ae85_84ca_a73b);
        let mut chosen: Vec<&RowDocument> = Vec::new();
        for document in &self.corpus.documents {
            let source = self.recipe.source(&self.corpus.sources[document.source as usize]);
            let draw = random.unit();
            if source.documents && draw < source.context_share {
                chosen.push(document);
            }
        }
        chosen.extend(&self.made);
        let total: usize = chosen.iter().map(|document| document.paragraphs.len()).sum();
        let share = self.recipe.context.max_rows as f64 / total.max(1) as f64;
        chosen.retain(|_| random.unit() < share);
        chosen
    }

    /// Whether a document is plainly in a language that the model will not know.
    fn is_in_unknown_language(&self, document: &RowDocument) -> bool {
        let is_known = |language| self.languages.iter().any(|known| known == language);
        document.language.is_some_and(|language| !is_known(language))
    }

    /// What models that never saw the document's group make of it.
    fn out_of_fold(
        &self,
        document: &RowDocument,
        values: &[TextValue],
        models: &[ContextModel],
        relations: &mut Relations,
    ) -> OutOfFold {
        let facts = self.corpus.facts(document, values, relations);
        let values = models[1 + document.fold as usize].values(&facts);
        OutOfFold { facts, values }
    }

    /// The calibration of the decision values of documents that the last stage is fitted
    /// to, made ones aside.
    fn calibration(&self, documents: &[OutOfFold]) -> Result<Calibration, TrainError> {
        let (mut decisions, mut spam) = (Vec::new(), Vec::new());
        for (document, found) in self.corpus.documents.iter().zip(documents) {
            let source = self.recipe.source(&self.corpus.sources[document.source as usize]);
            if !source.documents || self.is_in_unknown_language(document) {
                continue;
            }
            for ((_, label), value) in document.paragraphs.iter().zip(&found.values) {
                if let Some(label) = label {
                    decisions.push(value.spam());
                    spam.push(label.is_spam());
                }
            }
        }
        Ok(calibrate(&decisions, &spam)?)
    }

    /// Judges a document by what was found out of fold.
    fn judge<'d>(
        &'d self,
        document: &RowDocument,
        found: &'d OutOfFold,
        calibration: Calibration,
        bound: Bound,
    ) -> impl Iterator<Item = Judgement> + 'd {
        let unknown_language = self.is_in_unknown_language(document);
        let policy = Policy { bound, scripts: &self.scripts, unknown_language };
        decide(&found.facts, &found.values, calibration, policy)
    }

    fn find_points(&self, fits: &ContextFits, values: &[TextValue]) -> Vec<ReportPoint> {
        // The sets that the recipe puts into a pool; all of them if it names none of these.
        let pool = |document: &RowDocument| {
            self.recipe.source(&self.corpus.sources[document.source as usize]).pool
        };
        let some_decide = self.corpus.documents.iter().any(|document| pool(document).is_some());
        let pool = |document: &RowDocument| match some_decide {
            true => pool(document),
            false => Some("all".to_owned()),
        };
        let mut pools = Pools::default();
        let mut add = |document: &RowDocument, found: &OutOfFold| {
            let Some(pool) = pool(document) else { return };
            // A point is looked for among probabilities that no guard hides.
            let strictest = OperatingPoint { keep: 100.0, thresholds: [1.0; DocumentClass::COUNT] };
            let judged =
                self.judge(document, found, fits.models[0].calibration(), Bound::Point(strictest));
            let rows = document.paragraphs.iter().zip(&found.facts).zip(judged);
            let genuine = rows.filter(|(((_, label), _), _)| *label == Some(Label::Content));
            let genuine = genuine.map(|((_, facts), judgement)| Genuine {
                group: document.group,
                words: facts.shape.words(),
                spam: judgement.spam.unless(judgement.guard).get(),
            });
            let class = document_class(&found.values, fits.models[0].calibration());
            pools.add(&pool, class, genuine);
        };
        for (document, found) in self.corpus.documents.iter().zip(&fits.documents) {
            add(document, found);
        }
        let mut relations = Relations::default();
        for document in self.corpus.proof_documents(self.recipe, self.recipe.augment.proof) {
            add(&document, &self.out_of_fold(&document, values, &fits.models, &mut relations));
        }
        pools.find_points(self.corpus.groups, self.recipe)
    }

    fn assemble(
        &self,
        documents: Vec<LabelledDocument>,
        text: TextFit,
        context: ContextFits,
    ) -> Result<Trained, TrainError> {
        (self.progress)("report", 0, 1);
        let points = match self.base {
            // A few hundred labels cannot show what is kept on the open web.
            Some(base) => {
                let taken_over =
                    |point: &OperatingPoint| ReportPoint { point: *point, shown: Vec::new() };
                base.points().iter().map(taken_over).collect()
            }
            None => self.find_points(&context, &text.values),
        };
        let is_default = |point: &&ReportPoint| point.point.keep == DEFAULT_KEEP;
        let default = points.iter().find(is_default).unwrap_or(&points[0]).point;
        let report = Report {
            documents: documents.len(),
            rows: self.corpus.rows.len(),
            text: (text.all.epochs, text.all.gap / text.all.objective, text.all.converged),
            context: context.fit,
            points: points.clone(),
            sets: self.evaluate(&context, default),
        };
        let out_of_fold = self.corpus.documents.iter().zip(&context.documents);
        let calibration = context.models[0].calibration();
        let out_of_fold = out_of_fold.map(|(document, found)| {
            let judged = self.judge(document, found, calibration, Bound::Point(default));
            judged.map(|judgement| judgement.spam.get()).collect()
        });
        let out_of_fold = out_of_fold.collect();
        let parts = ModelParts {
            tokenizer_json: self.tokenizer_json.clone(),
            text: text.model,
            context: context.models[0].clone(),
            points: points.iter().map(|point| point.point).collect(),
            self_test: Vec::new(),
            card: card(
                &documents,
                self.recipe,
                self.base,
                self.scripts.clone(),
                self.languages.clone(),
            ),
        };
        let mut model = Model::from_parts(parts.clone())?;
        let self_test = SELF_TEST.iter().map(|document| self_test(&model, document)).collect();
        model = Model::from_parts(ModelParts { self_test, ..parts })?;
        (self.progress)("report", 1, 1);
        Ok(Trained { model, report, documents, out_of_fold })
    }

    fn evaluate(&self, fits: &ContextFits, point: OperatingPoint) -> BTreeMap<String, Evaluation> {
        let mut sets: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
        let calibration = fits.models[0].calibration();
        for (number, (document, found)) in
            self.corpus.documents.iter().zip(&fits.documents).enumerate()
        {
            let judged = self.judge(document, found, calibration, Bound::Point(point));
            let rows = document.paragraphs.iter().zip(&found.facts).zip(judged);
            let rows = rows.filter_map(|(((_, label), facts), judgement)| {
                Some(Judged {
                    document: number as u32,
                    cluster: document.group,
                    words: facts.shape.words() as u32,
                    truth: (*label)?,
                    spam: judgement.spam.unless(judgement.guard).get(),
                    verdict: judgement.label,
                })
            });
            let rows: Vec<Judged> = rows.collect();
            let name = self.corpus.sources[document.source as usize].clone();
            if let Some(extractor) = document.extractor {
                let name = format!("{name}/{}", self.corpus.extractors[extractor as usize]);
                sets.entry(name).or_default().extend(&rows);
            }
            sets.entry(name).or_default().extend(rows);
        }
        sets.into_iter().map(|(name, rows)| (name, evaluate(&rows))).collect()
    }
}
