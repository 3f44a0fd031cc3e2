//! The two ways to the features agree: the parts that `explain` names, which come of the
//! `tokenizers` pipeline, sum to the decision that the scanner comes to.

#![no_main]

use despam::verdict::Probability;
use despam_fuzz::classifier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    for (verdict, explanation) in classifier(128).explain(text) {
        let sum: f64 = explanation.contributions.iter().map(|part| part.value).sum();
        assert!((sum - explanation.decision).abs() < 1e-6);
        if verdict.guard.is_none() {
            let spam = 1.0 / (1.0 + (-explanation.decision).exp());
            assert!((Probability::nearest(spam).get() - verdict.spam().get()).abs() < 2.5e-6);
        }
    }
});
