//! The three labels a paragraph can have. Spam is `ad` or `chrome`, always the
//! positive side.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a paragraph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// The page's own text.
    Content,
    /// Text that sells or promotes something and is not the page's subject.
    Ad,
    /// Text of the page's frame: menus, forms, counters, notices, teasers.
    Chrome,
}

impl Label {
    /// All labels in the order of their class numbers.
    pub const ALL: [Label; 3] = [Label::Content, Label::Ad, Label::Chrome];

    /// The class number: 0 content, 1 ad, 2 chrome.
    pub fn class(self) -> usize {
        self as usize
    }

    /// Whether the label is one of the two kinds of spam.
    pub fn is_spam(self) -> bool {
        self != Label::Content
    }

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Label::Content => "content",
            Label::Ad => "ad",
            Label::Chrome => "chrome",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a label: expected content, ad or chrome")]
pub struct UnknownLabel(pub String);

impl FromStr for Label {
    type Err = UnknownLabel;

    fn from_str(name: &str) -> Result<Self, UnknownLabel> {
        Label::ALL
            .into_iter()
            .find(|label| label.name() == name)
            .ok_or_else(|| UnknownLabel(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_class_numbers_follow_the_order() {
        for (class, label) in Label::ALL.into_iter().enumerate() {
            assert_eq!(label.class(), class);
            assert_eq!(label.name().parse(), Ok(label));
        }
        assert!("spam".parse::<Label>().is_err());
    }
}
