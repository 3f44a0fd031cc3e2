//! Files that are no models, and models with odd numbers.

use despam::model::context::{Calibration, ContextModel};
use despam::model::{DocumentClass, ModelError, ModelParts, OperatingPoint};
use despam::{Classifier, Model};

use super::{AD, PROSE};

fn refused(bytes: &[u8]) -> ModelError {
    Model::from_bytes(bytes).map(|_| ()).expect_err("it is no model")
}

#[test]
fn files_of_other_programs_are_no_models() {
    for (name, bytes) in [
        ("ONNX", &b"\x08\x07\x12\x07pytorch\x1a\x042.1.0:\x80\x01"[..]),
        ("joblib", b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x0fsklearn.pipeline"),
        ("joblib, packed", b"\x78\x9c\x6b\x60\x8e\x2d\x64\xd0"),
        ("torch", b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl"),
        ("HDF5", b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0"),
        ("GGUF", b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0"),
        ("JSON", b"{\"despam\":{\"format_version\":1}}"),
        ("text", "Lorem ipsum ".repeat(50).as_bytes()),
    ] {
        let message = refused(bytes).to_string();
        assert!(message.starts_with("not a despam model"), "{name}: {message}");
    }
}

/// A safetensors file with `header` and `length` bytes after it.
fn container(header: &str, length: usize) -> Vec<u8> {
    let start = (header.len() as u64).to_le_bytes();
    [&start[..], header.as_bytes(), &vec![0; length]].concat()
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let lengths =
        [1, 1 << 20, 100_000_000, u64::from(u32::MAX), i64::MAX as u64, u64::MAX - 7, u64::MAX];
    for length in lengths {
        for start in [length.to_le_bytes(), length.to_be_bytes()] {
            assert!(matches!(refused(&[&start[..], b"{}"].concat()), ModelError::Container(_)));
        }
    }
    for tensor in [
        r#"{"dtype":"I16","shape":[18446744073709551615,2],"data_offsets":[0,4]}"#,
        r#"{"dtype":"I16","shape":[4611686018427387904,2],"data_offsets":[0,0]}"#,
        r#"{"dtype":"I16","shape":[2],"data_offsets":[0,18446744073709551615]}"#,
        r#"{"dtype":"I16","shape":[2],"data_offsets":[4,0]}"#,
        r#"{"dtype":"I16","shape":[-2],"data_offsets":[0,4]}"#,
        r#"{"dtype":"I16","shape":[2],"data_offsets":[0,4],"data_offsets":[0,8]}"#,
    ] {
        let header = format!(r#"{{"__metadata__":{{"despam":"{{}}"}},"text.bag":{tensor}}}"#);
        for length in [0, 4, 8] {
            refused(&container(&header, length));
        }
    }
    assert!(matches!(refused(&container("{}", 0)), ModelError::NotDespam));
    let empty = r#"{"__metadata__":{"despam":"{}"}}"#;
    assert!(matches!(refused(&container(empty, 0)), ModelError::Metadata(_)));
}

/// The parts of the default model.
fn parts() -> ModelParts {
    let model = Model::default_model();
    ModelParts {
        tokenizer_json: model.tokenizer_json().to_owned(),
        text: model.text().clone(),
        context: model.context().clone(),
        points: model.points().to_vec(),
        self_test: model.self_test().to_vec(),
        card: model.card().clone(),
    }
}

#[test]
fn numbers_out_of_range_are_refused_and_odd_ones_judge() {
    let of = |slope: f64, offset: f64, weight: i16| {
        let mut cells = parts().context.cells().to_vec();
        cells.iter_mut().step_by(3).for_each(|old| *old = [weight; 2]);
        let context =
            ContextModel::new(cells, Calibration { slope, offset }).expect("the size fits");
        Model::from_parts(ModelParts { context, ..parts() })
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(of(bad, 0.0, 0), Err(ModelError::Content(_))), "{bad}");
        assert!(matches!(of(1.0, bad, 0), Err(ModelError::Content(_))), "{bad}");
    }
    for bad in [0.0, -1.0] {
        assert!(matches!(of(bad, 0.0, 0), Err(ModelError::Content(_))), "{bad}");
    }
    let page = format!("Home | Login\n{PROSE}\n{AD}\n\nHome | Login\n");
    for (odd, weight) in [(f64::MIN_POSITIVE, 1), (1e300, i16::MIN), (f64::MAX, i16::MAX)] {
        let model = of(odd, -odd, weight).expect("it is finite");
        let again = Model::from_bytes(&model.to_bytes().expect("it can be written"));
        let again = again.expect("what was written can be read");
        let verdicts = Classifier::new(&model).judge(page.as_bytes());
        assert_eq!(verdicts, Classifier::new(&again).judge(page.as_bytes()));
        assert!(verdicts.iter().all(|verdict| (0.0..=1.0).contains(&verdict.spam().get())));
    }
    let point = OperatingPoint { keep: 99.0, thresholds: [0.9; DocumentClass::COUNT] };
    let points = |point| Model::from_parts(ModelParts { points: vec![point], ..parts() });
    assert!(points(point).is_ok());
    for bad in [f64::NAN, f64::INFINITY, -0.1, 100.1] {
        for class in 0..DocumentClass::COUNT {
            let mut thresholds = point.thresholds;
            thresholds[class] = bad;
            assert!(points(OperatingPoint { thresholds, ..point }).is_err(), "{bad}");
        }
        assert!(points(OperatingPoint { keep: bad, ..point }).is_err(), "{bad}");
    }
    let tokenizer_json = parts().tokenizer_json.replacen("NFKC", "NFC", 1);
    let other = Model::from_parts(ModelParts { tokenizer_json, ..parts() });
    assert!(matches!(other, Err(ModelError::Tokenizer(_))));
    let none = Model::from_parts(ModelParts { points: Vec::new(), ..parts() });
    assert!(matches!(none, Err(ModelError::Content(_))));
}

#[test]
fn numbers_come_back_to_the_last_digit() {
    let point = |i| OperatingPoint {
        keep: 100.0 / f64::from(i),
        thresholds: [1.0 / f64::from(i); DocumentClass::COUNT],
    };
    let points: Vec<_> = (1..1000).map(point).collect();
    let model = Model::from_parts(ModelParts { points: points.clone(), ..parts() });
    let bytes = model.expect("the numbers are sound").to_bytes().expect("it can be written");
    let again = Model::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(again.points(), points);
}

#[test]
fn a_model_is_read_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.safetensors");
    let bytes = Model::default_model().to_bytes().expect("it can be written");
    std::fs::write(&path, bytes).expect("the file can be written");
    let model = Model::load(&path).expect("it is a model");
    std::fs::write(&path, b"").expect("the file can be written");
    let page = format!("Home | Login\n{PROSE}\n{AD}\n");
    let judge = |model: &Model| Classifier::new(model).judge(page.as_bytes());
    assert_eq!(judge(&model), judge(Model::default_model()));
    assert!(Model::load(&path).is_err());
}
