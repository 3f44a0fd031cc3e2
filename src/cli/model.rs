//! `despam model`: looking at a model file, and proving that it works here.

use std::path::PathBuf;

use anyhow::bail;
use despam::features::FEATURE_VERSION;
use despam::model::card::Card;
use despam::model::format::FORMAT_VERSION;
use despam::model::{DocumentClass, OperatingPoint};
use despam::{Classifier, Model, Unit};

use super::args::load_model;
use super::{Outcome, print};

/// Look at a model, or verify that it works here.
#[derive(clap::Subcommand)]
pub enum Action {
    /// Print what a model is: versions, operating points, what it learnt from.
    Info {
        /// Model file [default: the one built in].
        file: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a model file, and that it judges its own test documents as it did when it was made.
    Verify {
        /// Model file [default: the one built in].
        file: Option<PathBuf>,
    },
}

/// Runs the command.
pub fn run(action: Action) -> anyhow::Result<Outcome> {
    match action {
        Action::Info { file, json } => info(load_model(file.as_deref())?, json),
        Action::Verify { file } => verify(load_model(file.as_deref())?),
    }
}

fn info(model: &Model, json: bool) -> anyhow::Result<Outcome> {
    let card = model.card();
    if json {
        let value = serde_json::json!({
            "format_version": FORMAT_VERSION,
            "feature_version": FEATURE_VERSION,
            "bag_bits": model.text().bits(),
            "points": model.points(),
            "card": card,
        });
        print(&format!("{value:#}\n"))?;
        return Ok(Outcome::Done);
    }
    let mut text = format!(
        "{}: {}\nformat {FORMAT_VERSION}, features {FEATURE_VERSION}, fitted by despam {}\n",
        card.name, card.description, card.despam_version
    );
    if let Some(base) = &card.base {
        text += &format!("pulled towards the model {base:?}\n");
    }
    text += &format!("recipe {}\ndata   {}\n", card.recipe_sha256, card.data_sha256);
    text += &judged(card);
    for point in model.points() {
        text += &self::point(point);
    }
    for source in &card.sources {
        let [content, ad, chrome] = source.paragraphs;
        text += &format!(
            "{}: {} documents, {content} content, {ad} ad, {chrome} chrome; {}\n",
            source.name, source.documents, source.credit
        );
    }
    print(&text)?;
    Ok(Outcome::Done)
}

/// Lines on the thresholds of an operating point.
pub fn point(point: &OperatingPoint) -> String {
    let mut text = format!("keep {:>4} %, with a threshold for documents of\n", point.keep);
    for (class, threshold) in DocumentClass::all().zip(point.thresholds) {
        text += &format!("  {class}: {threshold:.6}\n");
    }
    text
}

/// A line on what text a model judges.
pub fn judged(card: &Card) -> String {
    let scripts: Vec<&str> = card.scripts.iter().map(|script| script.name()).collect();
    let languages = match &card.languages[..] {
        [] => "any language".to_owned(),
        languages => format!("language {}", languages.join(", ")),
    };
    format!("judges {languages} in script {}; other text is kept\n", scripts.join(", "))
}

/// Probabilities are printed to six digits; they must agree to the last.
const TOLERANCE: f64 = 0.5e-6;

fn verify(model: &'static Model) -> anyhow::Result<Outcome> {
    let classifier = Classifier::new(model).with_unit(Unit::Line);
    let mut count = 0;
    for test in model.self_test() {
        let verdicts = classifier.judge(test.paragraphs.join("\n").as_bytes());
        if verdicts.len() != test.spam.len() {
            bail!(
                "the self-test has {} paragraphs, {} were found",
                test.spam.len(),
                verdicts.len()
            );
        }
        for ((text, spam), verdict) in test.paragraphs.iter().zip(&test.spam).zip(verdicts) {
            if (verdict.spam().get() - spam).abs() > TOLERANCE {
                bail!(
                    "{text:?} has spam probability {}, not {spam} as the model says",
                    verdict.spam()
                );
            }
            count += 1;
        }
    }
    print(&format!(
        "{}: sound, {count} test paragraphs judged as when it was made\n",
        model.card().name
    ))?;
    Ok(Outcome::Done)
}
