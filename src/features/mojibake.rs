//! Text whose UTF-8 was once taken for Windows-1252 and encoded again: `cafÃ©`, `itâ€™s`.
//!
//! It is genuine text that was damaged on its way, and the signs that it is full of say
//! nothing on its author. So its features are those of the text that it was.

/// The characters of bytes 0x80 to 0x9f. Five bytes have none and stand for control
/// characters (WHATWG Encoding Standard, index windows-1252).
pub(super) const BEYOND_LATIN_1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The byte that is shown as `c` in Windows-1252, or in ISO 8859-1.
fn byte(c: char) -> Option<u8> {
    u8::try_from(c).ok().or_else(|| {
        let place = BEYOND_LATIN_1.iter().position(|shown| *shown == c)?;
        Some(0x80 + place as u8)
    })
}

/// The text that `text` was before it was encoded twice; nothing if it was not.
///
/// It was if all of its characters are bytes of Windows-1252 and these bytes are UTF-8,
/// with a character beyond ASCII. By chance that is rare, since one accent or dash that
/// stands between letters or spaces is enough to tell: among 280,000 paragraphs of pages it
/// happened to a brand that ends in `É®`.
pub(super) fn mended(text: &str) -> Option<String> {
    // The first character beyond ASCII stands for the first byte of another, 0xc2 to 0xf4. It
    // is one of U+00C2 to U+00F4, whose UTF-8 starts with 0xc3. Nearly all text has no such
    // byte, or something else behind it.
    let first = memchr::memchr(0xc3, text.as_bytes())?;
    let mut beyond = text[first..].chars().map(byte);
    if !matches!(beyond.next()??, 0xc2..=0xf4) || !matches!(beyond.next()??, 0x80..=0xbf) {
        return None;
    }
    let bytes = text.chars().map(byte).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Extractor, Features, Tokenizer};
    use super::*;

    fn damaged(text: &str) -> String {
        let shown = |byte: u8| match byte {
            0x80..0xa0 => BEYOND_LATIN_1[usize::from(byte) - 0x80],
            _ => char::from(byte),
        };
        text.bytes().map(shown).collect()
    }

    #[test]
    fn text_that_was_encoded_twice_is_mended() {
        for (text, was) in [
            ("The cafÃ© wasnâ€™t open.", "The café wasn’t open."),
            ("â€œYes,â€\u{9d} he said", "“Yes,” he said"),
            ("20 Â°C", "20 °C"),
            ("voilÃ\u{a0} 5Â\u{a0}â‚¬", "voilà 5\u{a0}€"),
            ("Ð¡Ð¾Ð²ÐµÑ‚", "Совет"),
            ("å§”å‘˜ä¼š", "委员会"),
            ("ðŸ™‚", "🙂"),
            // Through ISO 8859-1.
            ("It\u{e2}\u{80}\u{99}s", "It’s"),
        ] {
            assert_eq!(mended(text).as_deref(), Some(was), "{text}");
        }
    }

    #[test]
    fn other_text_is_as_it_is() {
        for text in [
            "",
            "plain",
            "Ã",
            "SÃO PAULO",
            "„Das macht Spaß“, sagte sie.",
            "“CAFÉ”",
            "À “bientôt” – dit-il",
            "È così – forse",
            "cafÃ© et café",
            "cafÃ© 中",
            "Â £5",
            "\u{80}",
            "Ð",
        ] {
            assert_eq!(mended(text), None, "{text}");
        }
    }

    #[test]
    fn its_features_are_those_of_the_text() {
        let tokenizer = Tokenizer::default();
        let mut extractor = Extractor::new(&tokenizer);
        let mut features = |text: &str| {
            let mut features = Features::default();
            extractor.extract(text, &mut features);
            features
        };
        let text = "“On s’est trompé”, a dit l’élue – à Orléans.";
        assert_ne!(damaged(text), text);
        assert_eq!(features(&damaged(text)), features(text));
    }

    proptest! {
        #[test]
        fn any_damage_is_mended(text in any::<String>(), ascii in "[a-z ]{0,200}") {
            let text = ascii + &text;
            prop_assert_eq!(mended(&damaged(&text)), (!text.is_ascii()).then_some(text));
        }
    }
}
