//! Tables of what is most frequent: removed lines, hosts, inputs.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;

use super::text::{count, per_cent, share, text};
use crate::statistics::{Amount, Frequent, Kept, LineTally, MOST_LINES, MOST_NAMES, Tally};

/// Removed lines of a label that are shown.
const SHOWN_LINES: usize = 30;
/// Hosts that are shown, and inputs.
const SHOWN_NAMES: usize = 30;

/// The lines that were removed most often.
pub(super) fn removed_lines(lines: &Frequent<LineTally, MOST_LINES>, page: &mut String) {
    if lines.kept.is_empty() {
        page.push_str("<p class=\"dim\">None.</p>\n");
        return;
    }
    page.push_str("<div class=\"panel\"><table>\n<tr><th>Line</th><th>Times</th></tr>\n");
    for (line, kept) in largest(&lines.kept, SHOWN_LINES, |tally| tally.count) {
        put!(
            page,
            "<tr><td class=\"long\" dir=\"auto\">{}</td><td>{}</td></tr>\n",
            text(line),
            count(kept.count)
        );
    }
    page.push_str("</table></div>\n");
    let known: u64 = lines.kept.values().map(|kept| kept.numbers.count).sum();
    if lines.error > 0 {
        put!(
            page,
            "<p class=\"note\">Each number may be up to {} too low. Of all {} removals, {} were of lines that \
             could not be told apart here.</p>\n",
            count(lines.error),
            count(known + lines.other.count),
            count(lines.other.count)
        );
    } else {
        put!(
            page,
            "<p class=\"note\">{} different lines, removed {} times.</p>\n",
            count(lines.kept.len() as u64),
            count(known)
        );
    }
}

/// The names of which most words were removed.
pub(super) fn names(
    names: &Frequent<Tally, MOST_NAMES>,
    title: &str,
    column: &str,
    page: &mut String,
) {
    put!(page, "<h3>{title}</h3>\n");
    if names.kept.is_empty() {
        page.push_str("<p class=\"dim\">None.</p>\n");
        return;
    }
    put!(
        page,
        "<div class=\"panel names\"><table>\n<tr><th>{column}</th><th>Documents</th><th>Paragraphs</th><th>Ads</th>\
         <th>Chrome</th><th>Words</th><th>Words removed</th><th>Share</th><th></th></tr>\n"
    );
    for (name, tally) in largest(&names.kept, SHOWN_NAMES, |tally| tally.amount.removed_words) {
        row(&text(name).to_string(), &tally, page);
    }
    let mut hidden = names.other;
    let shown = largest(&names.kept, usize::MAX, |tally| tally.amount.removed_words);
    shown.skip(SHOWN_NAMES).for_each(|(_, tally)| hidden += &tally);
    if hidden.amount.paragraphs > 0 {
        row("<i>all others</i>", &hidden, page);
    }
    page.push_str("</table></div>\n");
    if names.error > 0 {
        put!(
            page,
            "<p class=\"note\">There are too many to tell all apart: a row may lack up to {} paragraphs, which then \
             count among the others.</p>\n",
            count(names.error)
        );
    } else {
        let number = names.kept.len() as u64;
        put!(
            page,
            "<p class=\"note\">{} in all; shown are those of which most was removed.</p>\n",
            count(number)
        );
    }
}

/// A row of a host or an input, whose name is HTML.
fn row(name: &str, tally: &Tally, page: &mut String) {
    let Amount { paragraphs, words, removed_words, .. } = tally.amount;
    put!(
        page,
        "<tr><td class=\"long\" dir=\"auto\">{name}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td class=\"bar\"><i class=\"f-gone\" style=\"width:{:.2}%\"></i></td></tr>\n",
        count(tally.documents),
        count(paragraphs),
        count(tally.ad),
        count(tally.chrome),
        count(words),
        count(removed_words),
        per_cent(removed_words, words),
        share(removed_words, words)
    );
}

/// The names with the largest numbers, then by name.
fn largest<N: Copy>(
    kept: &HashMap<String, Kept<N>>,
    most: usize,
    number: impl Fn(&N) -> u64,
) -> impl Iterator<Item = (&str, N)> {
    let mut names: Vec<(&str, N)> =
        kept.iter().map(|(name, kept)| (name.as_str(), kept.numbers)).collect();
    names.sort_unstable_by_key(|(name, numbers)| (Reverse(number(numbers)), *name));
    names.into_iter().take(most)
}
