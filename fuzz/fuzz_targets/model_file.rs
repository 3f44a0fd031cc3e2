//! A model file is loaded whole or refused with a reason, and a model of any weights
//! judges.
//!
//! The input is a file by itself. Its checksum refuses nearly all of them, so it is also
//! taken for the numbers of a model.

#![no_main]

use despam::model::context::{Calibration, ContextModel};
use despam::model::text::TextModel;
use despam::model::{Model, ModelParts, OperatingPoint};
use despam::{Bound, Classifier};
use libfuzzer_sys::fuzz_target;

const TEXT: &[u8] = b"Home | News | Login\n\nThe council met on Monday, and it rained.\n\
    Buy cheap watches now 5 $\nHome | News | Login\n1\n";

/// The numbers of the default model with those of `data` written over them.
fn parts(data: &[u8]) -> Option<ModelParts> {
    let model = Model::default_model();
    let mut numbers = data.chunks_exact(4).map(|four| [four[0], four[1], four[2], four[3]]);
    let mut float = |old: f32| numbers.next().map_or(old, f32::from_le_bytes);
    let old = model.context().calibration();
    let calibration =
        Calibration { slope: float(old.slope as f32).into(), offset: float(old.offset as f32).into() };
    let points = model.points().iter().map(|point| OperatingPoint {
        keep: float(point.keep as f32).into(),
        thresholds: point.thresholds.map(|threshold| float(threshold as f32).into()),
    });
    let points = points.collect();
    let mut pair = |old: [i16; 2]| {
        numbers
            .next()
            .map_or(old, |[a, b, c, d]| [i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])])
    };
    let text = model.text();
    let text_intercept = pair(text.intercept());
    let bins = text.bins().iter().map(|old| pair(*old)).collect();
    // The fewest weights that a model may have: writing and hashing many is slow.
    let bag = text.bag()[..256].iter().map(|old| pair(*old)).collect();
    let cells = model.context().cells().iter().map(|old| pair(*old)).collect();
    Some(ModelParts {
        tokenizer_json: model.tokenizer_json().to_owned(),
        text: TextModel::new(text_intercept, bins, bag)?,
        context: ContextModel::new(cells, calibration)?,
        points,
        self_test: Vec::new(),
        card: model.card().clone(),
    })
}

fuzz_target!(|data: &[u8]| {
    if let Ok(model) = Model::from_bytes(data) {
        let bytes = model.to_bytes().expect("what was read can be written");
        assert_eq!(Model::from_bytes(&bytes).and_then(|model| model.to_bytes()).ok(), Some(bytes));
    }
    let Ok(model) = Model::from_parts(parts(data).expect("the sizes fit")) else { return };
    let bytes = model.to_bytes().expect("a model can be written");
    let again = Model::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(again.to_bytes().ok().as_ref(), Some(&bytes));
    let classifier = Classifier::new(&model);
    let verdicts = classifier.judge(TEXT);
    assert_eq!(verdicts, Classifier::new(&again).judge(TEXT));
    assert!(verdicts.iter().all(|verdict| (0.0..=1.0).contains(&verdict.spam().get())));
    let all = classifier.with_bound(Bound::Threshold(0.0)).judge(TEXT);
    assert!(all.iter().all(|verdict| verdict.label.is_spam() || verdict.guard.is_some()));
    // A bit that flips is found out.
    if let [at, .., bit] = data {
        let mut bad = bytes.clone();
        let at = usize::from(*at) * bytes.len() / 256;
        bad[at] ^= 1 << (bit % 8);
        assert!(Model::from_bytes(&bad).map_or(true, |model| model.to_bytes().ok() == Some(bytes)));
    }
});
