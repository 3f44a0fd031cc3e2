//! Text in HTML. Every string that is not written here goes through [`text`].

use std::fmt::{self, Display, Formatter, Write};

use crate::pipeline::printable;

/// Text of any kind, fit for an element or a quoted attribute: control characters and
/// those that turn the direction are spelt out, and what means something in HTML is
/// escaped.
pub(super) fn text(text: &str) -> impl Display + use<> {
    Escaped(printable(text))
}

struct Escaped(String);

impl Display for Escaped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => f.write_char(c),
        })
    }
}

/// A number with its thousands divided: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// A share in per cent; nothing of nothing is none.
pub(super) fn per_cent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.2} %", share(part, whole))
}

/// A share in per cent, from 0 to 100.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    (100.0 * part as f64 / whole.max(1) as f64).min(100.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_divided_and_shares_are_of_something() {
        for (number, written) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), written);
        }
        assert_eq!((per_cent(1, 3).as_str(), per_cent(0, 0).as_str()), ("33.33 %", "–"));
    }

    #[test]
    fn what_cannot_be_seen_is_spelt_out() {
        let hostile = "a\u{0}b\u{1b}[31m\u{202e}<b>\n";
        assert_eq!(text(hostile).to_string(), "a\\u{0}b\\u{1b}[31m\\u{202e}&lt;b&gt; ");
    }

    proptest! {
        #[test]
        fn no_text_is_markup(hostile in "(?s).*") {
            let escaped = text(&hostile).to_string();
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.chars().any(char::is_control));
        }
    }
}
