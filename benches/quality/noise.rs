//! Disguises that spammers use, put on the ads of labelled documents.

use std::collections::BTreeMap;

use despam::Label;
use despam::train::dataset::LabelledDocument;

/// A way to disguise an ad.
#[derive(Clone, Copy, Debug)]
pub enum Noise {
    /// A zero-width space after every third letter.
    ZeroWidth,
    /// Cyrillic letters for the Latin ones that look the same, in every second word.
    Homoglyph,
    /// A space after every letter, two between words.
    LetterSpaced,
    /// All capitals.
    UpperCase,
    /// Fifty single words of genuine text behind it.
    GoodWords,
}

impl Noise {
    pub const ALL: [Noise; 5] = [
        Noise::ZeroWidth,
        Noise::Homoglyph,
        Noise::LetterSpaced,
        Noise::UpperCase,
        Noise::GoodWords,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Noise::ZeroWidth => "zero-width",
            Noise::Homoglyph => "homoglyph",
            Noise::LetterSpaced => "letter-spaced",
            Noise::UpperCase => "upper-case",
            Noise::GoodWords => "50 good words added",
        }
    }

    fn apply(self, text: &str, good: &str) -> String {
        match self {
            Noise::ZeroWidth => {
                let mut letters = 0;
                let mut out = String::new();
                for c in text.chars() {
                    out.push(c);
                    letters += u32::from(c.is_alphanumeric());
                    if c.is_alphanumeric() && letters % 3 == 0 {
                        out.push('\u{200b}');
                    }
                }
                out
            }
            Noise::Homoglyph => {
                let word = |(i, word): (usize, &str)| match i % 2 {
                    0 => word.chars().map(look_alike).collect(),
                    _ => word.to_owned(),
                };
                text.split(' ').enumerate().map(word).collect::<Vec<String>>().join(" ")
            }
            Noise::LetterSpaced => {
                text.chars().flat_map(|c| [c, ' ']).collect::<String>().trim_end().to_owned()
            }
            Noise::UpperCase => text.to_uppercase(),
            Noise::GoodWords => format!("{text} {good}"),
        }
    }
}

fn look_alike(c: char) -> char {
    let pairs = "aаcсeеoоpрxхyуAАBВCСEЕHНKКMМOОPРTТXХ";
    let mut letters = pairs.chars();
    while let (Some(latin), Some(cyrillic)) = (letters.next(), letters.next()) {
        if latin == c {
            return cyrillic;
        }
    }
    c
}

/// The documents that hold ads, with every ad in them disguised. Good words are every
/// 97th word of the genuine paragraphs of all documents, in turn.
pub fn disguised(documents: &[LabelledDocument], noise: Noise) -> Vec<LabelledDocument> {
    let paragraphs = || documents.iter().flat_map(|document| &document.paragraphs);
    let genuine = paragraphs().filter(|paragraph| paragraph.label == Some(Label::Content));
    let words = genuine.flat_map(|paragraph| paragraph.text.split_whitespace());
    let good: Vec<&str> = words.step_by(97).collect();
    let good: Vec<String> = good.chunks(50).map(|fifty| fifty.join(" ")).collect();
    let mut good = good.iter().cycle();
    let mut disguised = with_ads(documents);
    for paragraph in disguised.iter_mut().flat_map(|document| &mut document.paragraphs) {
        if paragraph.label == Some(Label::Ad) {
            paragraph.text = noise.apply(&paragraph.text, good.next().map_or("", String::as_str));
        }
    }
    disguised
}

/// The documents of the sets that are about ads: those with more ads than chrome.
pub fn with_ads(documents: &[LabelledDocument]) -> Vec<LabelledDocument> {
    let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
    for document in documents {
        let sum = balance.entry(&document.source).or_default();
        for paragraph in &document.paragraphs {
            match paragraph.label {
                Some(Label::Ad) => *sum += 1,
                Some(Label::Chrome) => *sum -= 1,
                _ => {}
            }
        }
    }
    let about_ads = |document: &&LabelledDocument| balance[document.source.as_str()] > 0;
    documents.iter().filter(about_ads).cloned().collect()
}
