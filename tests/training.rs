//! Small fits on text made for them.

use despam::Bound;
use despam::train::dataset::{LabelledDocument, LabelledParagraph};
use despam::train::evaluate::judge;
use despam::train::recipe::{DEFAULT_RECIPE, Recipe};
use despam::train::{Trained, train};
use despam::{Classifier, Label, Model};

fn recipe() -> Recipe {
    Recipe::from_toml(DEFAULT_RECIPE).expect("the shipped recipe is sound")
}

fn document(group: usize, paragraphs: Vec<(String, Label)>) -> LabelledDocument {
    LabelledDocument {
        id: format!("d{group}"),
        source: "made".to_owned(),
        group: format!("g{group}"),
        extractor: None,
        language: None,
        paragraphs: paragraphs
            .into_iter()
            .map(|(text, label)| LabelledParagraph { text, label: Some(label) })
            .collect(),
    }
}

/// Notes of an amateur radio log and, as a new kind of spam that the shipped model
/// cannot know, sentences of a weather service that were printed between them.
fn radio_log(groups: std::ops::Range<usize>) -> Vec<LabelledDocument> {
    let bands =
        ["forty metres", "twenty metres", "the two metre band", "eighty metres", "six metres"];
    let remarks = [
        "weak but steady, some fading towards the end",
        "strong signal, he was using a wire over the garden",
        "lost him in the noise after two minutes",
        "a pleasant chat about aerials and the price of copper",
        "heard well, though the beam was pointing the wrong way",
    ];
    let stations = ["fenwick", "marrow point", "oddly", "south cape", "ullaby"];
    groups
        .map(|group| {
            let paragraph = |i: usize| {
                let n = group * 31 + i * 7;
                if i.is_multiple_of(2) {
                    let text =
                        format!("Worked a station on {}, {}.", bands[n % 5], remarks[(n / 5) % 5]);
                    (text, Label::Content)
                } else {
                    let text = format!(
                        "The wind off {} was {} knots that morning, and the glass stood at {} and fell.",
                        stations[n % 5],
                        n % 40,
                        980 + n % 50
                    );
                    (text, Label::Chrome)
                }
            };
            document(group, (0..4).map(paragraph).collect())
        })
        .collect()
}

fn fit(documents: &[LabelledDocument], base: Option<&Model>, threads: usize) -> Trained {
    train(documents, &recipe(), base, threads, &|_, _, _| ()).expect("the data can be fitted")
}

/// Share of paragraphs that a model tells right at probability one half.
fn right(model: &Model, documents: &[LabelledDocument]) -> f64 {
    let classifier = Classifier::new(model).with_bound(Bound::Threshold(0.5));
    let rows: Vec<_> = judge(&classifier, documents).0.into_values().flatten().collect();
    let right = rows.iter().filter(|row| row.truth.is_spam() == row.verdict.is_spam()).count();
    right as f64 / rows.len() as f64
}

#[test]
fn two_hundred_paragraphs_and_a_base_beat_the_base_and_a_fit_from_scratch() {
    let learnt = radio_log(0..50);
    let unseen = radio_log(100..140);
    let base = Model::default_model();
    let scratch = right(&fit(&learnt, None, 2).model, &unseen);
    let pulled = right(&fit(&learnt, Some(base), 2).model, &unseen);
    let before = right(base, &unseen);
    assert!(
        pulled > before && pulled >= scratch,
        "base {before}, scratch {scratch}, pulled {pulled}"
    );
    assert!(pulled > 0.95, "{pulled}");
}

#[test]
fn a_language_is_learnt_from_documents_of_one_short_line() {
    let who = ["Der Gemeinderat", "Die Feuerwehr", "Ein Sprecher der Bahn", "Die Schule am Markt"];
    let what = ["tagt am", "schließt ab dem", "äußert sich nicht vor dem", "lädt ein zum"];
    let goods = ["Treppenlift", "Kaffeemaschine", "Matratze", "Gartenhaus"];
    let line = |i: usize| {
        if i.is_multiple_of(3) {
            let text = format!("Nur heute: {} für {},99 Euro frei Haus!", goods[i % 4], i + 20);
            (text, Label::Ad)
        } else {
            let text = format!("{} {} {}. Mai.", who[i % 4], what[i / 4 % 4], i % 28 + 1);
            (text, Label::Content)
        }
    };
    let documents: Vec<_> = (0..120).map(|i| document(i, vec![line(i)])).collect();
    let model = fit(&documents, Some(Model::default_model()), 1).model;
    assert_eq!(model.card().languages, ["deu", "eng"]);
    // More lines in a language that the base knows take nothing away.
    let more = (0..400).map(|i| {
        document(
            1000 + i,
            vec![(
                format!("The council met on day {i} and voted to repair the old bridge."),
                Label::Content,
            )],
        )
    });
    let model = fit(
        &documents.into_iter().chain(more).collect::<Vec<_>>(),
        Some(Model::default_model()),
        1,
    )
    .model;
    assert_eq!(model.card().languages, ["deu", "eng"]);
}

#[test]
fn the_same_data_give_the_same_bytes_on_any_number_of_threads() {
    let documents = radio_log(0..30);
    let one = fit(&documents, None, 1).model.to_bytes().expect("the model can be written");
    let three = fit(&documents, None, 3).model.to_bytes().expect("the model can be written");
    assert!(one == three);
    let read = Model::from_bytes(&one).expect("what was written can be read");
    assert!(read.to_bytes().expect("it can be written again") == one);
}

#[test]
fn a_model_keeps_what_its_operating_points_promise() {
    let model = fit(&radio_log(0..60), None, 2).model;
    let rows = judge(&Classifier::new(&model), &radio_log(200..260)).0;
    let genuine = rows.into_values().flatten().filter(|row| row.truth == Label::Content);
    assert_eq!(genuine.filter(|row| row.verdict.is_spam()).count(), 0);
}

#[test]
fn data_that_cannot_be_fitted_are_refused_with_a_reason() {
    let reason = |documents: &[LabelledDocument]| {
        train(documents, &recipe(), None, 1, &|_, _, _| ())
            .map(|_| ())
            .expect_err("it cannot be fitted")
            .to_string()
    };
    let genuine =
        |n: usize| vec![(format!("A genuine line number {n} of the report."), Label::Content)];
    let one_kind: Vec<_> = (0..20).map(|n| document(n, genuine(n))).collect();
    assert!(reason(&one_kind).contains("only paragraphs of one kind"));
    assert!(reason(&radio_log(0..2)).contains("at least 5"));
    assert!(reason(&[]).contains("0 group"));
}
