//! The language of a document, where it is plain.

use whatlang::Lang;

use super::chunk::visible;
use super::readable::seen_by_reader;
use super::shape::Shape;

/// Bytes of a document that are looked at.
const SAMPLE: usize = 4096;
/// Words that a document must have for its language to be told.
const WORDS: f32 = 20.0;
/// A document with this share of English function words is English.
const ENGLISH: f32 = 0.12;

/// The ISO 639-3 code of the language that a document is plainly in; short texts and
/// names are of none. `shapes` and `paragraphs` are those of the whole document.
pub fn language_of<'s>(
    shapes: impl Iterator<Item = &'s Shape>,
    paragraphs: impl Iterator<Item = impl AsRef<str>>,
) -> Option<&'static str> {
    let (mut words, mut function_words) = (0.0, 0.0);
    for shape in shapes {
        words += shape.words();
        function_words += shape.function_words() * shape.words();
    }
    if words < WORDS {
        return None;
    }
    language(function_words / words, paragraphs)
}

/// The same by the share of English function words, in [0, 1], and else by the letters
/// of the first paragraphs (`whatlang`, a trigram method: Cavnar and Trenkle, "N-gram-based
/// text categorization", 1994).
fn language(
    function_words: f32,
    paragraphs: impl Iterator<Item = impl AsRef<str>>,
) -> Option<&'static str> {
    if function_words >= ENGLISH {
        return Some(Lang::Eng.code());
    }
    let mut sample = String::new();
    for paragraph in paragraphs {
        let left = SAMPLE.saturating_sub(sample.len());
        let seen = seen_by_reader(paragraph.as_ref());
        let start: String = seen.text.chars().take(left).collect();
        sample.push_str(&visible(&start));
        sample.push('\n');
        if sample.len() >= SAMPLE {
            break;
        }
    }
    let found = whatlang::detect(&sample)?;
    found.is_reliable().then(|| found.lang().code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_languages_are_told_and_lists_are_not() {
        let german = "Der Gemeinderat hat am Dienstag beschlossen, die alte Brücke bis zum \
                      Frühjahr instand zu setzen und den Uferweg so lange zu sperren.";
        assert_eq!(language(0.0, [german].iter()), Some("deu"));
        assert_eq!(language(0.3, [german].iter()), Some("eng"));
        let twice = german.replace("ü", "Ã¼");
        assert_eq!(language(0.0, [twice].iter()), Some("deu"));
        assert_eq!(language(0.0, ["IGBT FF200R12KE3", "SKM150GB128D"].iter()), None);
        assert_eq!(language(0.0, [""].iter()), None);
    }
}
