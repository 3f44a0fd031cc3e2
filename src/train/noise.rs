//! Disguised copies of ads, for the text stage to learn from.
//!
//! Spammers write their words in capitals, space their letters out, mix in letters of
//! other scripts that look alike, or add words of good text behind them (Lowd and Meek,
//! "Good word attacks on statistical spam filters", 2005). Invisible characters need no
//! copies: the tokenizer drops them.

use super::corpus::fold_of;
use super::dataset::{LabelledDocument, LabelledParagraph};
use super::fit::SplitMix;
use super::recipe::Recipe;
use crate::label::Label;

/// For documents that are bare lists, ones with disguised copies of some of their ads.
pub(super) fn disguised(documents: &[LabelledDocument], recipe: &Recipe) -> Vec<LabelledDocument> {
    let mut random = SplitMix(recipe.seed ^ 0x3c6e_f372_fe94_f82b);
    let good = GoodWords::new(documents, recipe);
    let mut copies = Vec::new();
    for document in documents {
        if recipe.source(&document.source).documents {
            continue;
        }
        let fold = fold_of(&document.group, recipe.seed, recipe.folds);
        let mut paragraphs = Vec::new();
        for paragraph in &document.paragraphs {
            let draw = random.unit();
            if paragraph.label != Some(Label::Ad) || draw >= recipe.augment.disguised {
                continue;
            }
            let text = &paragraph.text;
            let text = match random.below(6) {
                0 => letter_spaced(text, &mut random),
                1 => look_alike(text, &mut random),
                2 => text.to_uppercase(),
                _ => good.behind(text, fold, &mut random),
            };
            paragraphs.push(LabelledParagraph { text, label: paragraph.label });
        }
        if !paragraphs.is_empty() {
            copies.push(LabelledDocument { paragraphs, ..document.clone() });
        }
    }
    copies
}

/// A space, dot or hyphen after every letter.
fn letter_spaced(text: &str, random: &mut SplitMix) -> String {
    let between = [' ', ' ', ' ', '.', '-'][random.below(5)];
    text.chars().flat_map(|c| [c, between]).collect()
}

/// Latin letters and the Cyrillic or Greek ones that look like them.
const ALIKE: [(char, char); 19] = [
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('i', 'і'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('y', 'у'),
    ('o', 'ο'),
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('T', 'Т'),
];

/// Some of the letters exchanged for ones that look alike.
fn look_alike(text: &str, random: &mut SplitMix) -> String {
    let one_in = 1 + random.below(4);
    let exchange = |c: char| {
        let alike = ALIKE.iter().find(|(latin, _)| *latin == c).map(|(_, alike)| *alike);
        alike.filter(|_| random.below(one_in) == 0).unwrap_or(c)
    };
    text.chars().map(exchange).collect()
}

/// Words of genuine paragraphs, by fold, in the order of the text.
struct GoodWords<'d> {
    by_fold: Vec<Vec<&'d str>>,
}

impl<'d> GoodWords<'d> {
    fn new(documents: &'d [LabelledDocument], recipe: &Recipe) -> Self {
        let mut by_fold = vec![Vec::new(); recipe.folds];
        for document in documents {
            let fold = fold_of(&document.group, recipe.seed, recipe.folds) as usize;
            let genuine = document.paragraphs.iter().filter(|p| p.label == Some(Label::Content));
            by_fold[fold].extend(genuine.flat_map(|p| p.text.split_whitespace()));
        }
        GoodWords { by_fold }
    }

    /// The text with ten to sixty single words behind it, from all over the genuine text.
    fn behind(&self, text: &str, fold: u8, random: &mut SplitMix) -> String {
        let words = &self.by_fold[fold as usize];
        let count = if words.is_empty() { 0 } else { 10 + random.below(51) };
        let mut text = text.to_owned();
        for _ in 0..count {
            text.push(' ');
            text.push_str(words[random.below(words.len())]);
        }
        text
    }
}
