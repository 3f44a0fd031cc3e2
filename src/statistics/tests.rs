use proptest::prelude::*;

use super::*;
use crate::clean::cuts;
use crate::paragraph::paragraphs;

/// A text of a line each, with the spam probability of each in per cent; what is above 50
/// is an ad.
struct Page {
    text: String,
    verdicts: Vec<Verdict>,
}

impl Page {
    fn new(lines: &[(&str, u32)]) -> Self {
        let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
        let spans = paragraphs(text.as_bytes(), Unit::Line);
        let verdict = |(span, (line, spam)): (Span, &(&str, u32))| Verdict {
            span,
            words: line.split(' ').count() as u32,
            ad: Probability::nearest(f64::from(*spam) / 100.0),
            chrome: Probability::default(),
            label: if *spam > 50 { Label::Ad } else { Label::Content },
            guard: None,
            threshold: Probability::nearest(0.51),
        };
        let verdicts = spans.zip(lines).map(verdict).collect();
        Page { text, verdicts }
    }

    /// The statistics of a document of it.
    fn statistics(&self, record: u64, url: &str) -> Statistics {
        let spans: Vec<Span> = self.verdicts.iter().map(|verdict| verdict.span).collect();
        let cuts = cuts(self.text.as_bytes(), &spans, |i| self.verdicts[i].label == Label::Ad);
        let mut statistics = Statistics::default();
        statistics.add(&Document {
            source: "in",
            id: &format!("\"d{record}\""),
            url: Some(url),
            record,
            paragraphs: 0,
            offset: 0,
            text: self.text.as_bytes(),
            unit: Unit::Line,
            verdicts: &self.verdicts,
            cuts: &cuts,
            left_out: false,
        });
        statistics
    }
}

#[test]
fn hosts_are_what_stands_before_port_and_path() {
    for (url, expected) in [
        ("https://www.Shop.example/a?b#c", Some("www.shop.example")),
        ("http://user:secret@a.example:8080", Some("a.example")),
        ("//a.example/", None),
        ("http://a.example.?q=x@y.example", Some("a.example")),
        ("http://[::1]:80/", Some("[::1]")),
        ("http://[2001:db8::1]/", Some("[2001:db8::1]")),
        ("a.example/path", None),
        ("http:///path", None),
        ("", None),
    ] {
        assert_eq!(host(url).as_deref(), expected, "{url}");
    }
    assert_eq!(host(&format!("http://{}/", "a".repeat(254))), None);
}

#[test]
fn a_document_is_counted_everywhere() {
    let page = Page::new(&[("a long and true story", 10), ("buy now", 99), ("buy more", 52)]);
    let found = page.statistics(1, "http://a.example/1");
    let amount = Amount { paragraphs: 2, words: 4, removed: 2, removed_words: 4 };
    assert_eq!(found.labels[&Label::Ad], LabelTally { documents: 1, amount });
    assert_eq!(found.labels[&Label::Chrome], LabelTally::default());
    assert_eq!(found.spam_probability[49].removed, 1);
    assert_eq!(found.spam_probability[26].removed, 1);
    // 4 of 9 words: between 40 and 50 per cent.
    assert_eq!(found.removed_share[5], 1);
    let tally = found.hosts.kept["a.example"].numbers;
    assert_eq!((tally.documents, tally.ad, tally.amount.words), (1, 2, 9));
    assert_eq!(found.sources.kept["in"].numbers, tally);
    assert_eq!(found.removed_lines[&Label::Ad].kept["buy now"].numbers.count, 1);
    let [sample] = &found.samples.above[..] else { panic!("one is near: {:?}", found.samples) };
    assert_eq!((sample.text.as_str(), sample.document.as_str()), ("buy more", "d1"));
    assert_eq!((sample.before.as_deref(), sample.after.as_deref()), (Some("buy now"), None));
}

#[test]
fn shares_have_their_bins() {
    for (removed, removed_words, expected) in
        [(0, 0, 0), (1, 0, 1), (1, 10, 1), (1, 11, 2), (1, 90, 9), (1, 100, 10), (3, 100, 11)]
    {
        let amount = Amount { paragraphs: 3, words: 100, removed, removed_words };
        assert_eq!(share_bin(&amount), expected, "{removed_words}");
    }
}

#[test]
fn long_lines_are_known_by_their_start() {
    let (one, other) = ("é".repeat(200) + "one", "é".repeat(200) + "other");
    let found = Page::new(&[(&one, 99), (&other, 99)]).statistics(1, "");
    let lines = &found.removed_lines[&Label::Ad].kept;
    assert_eq!(lines["é".repeat(200).as_str()].numbers.count, 2);
    assert_eq!(found.without_host.documents, 1);
}

/// Documents of a few lines out of a hundred, whose probability goes with the line.
fn documents() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0u32..100, 0..30), 0..12)
}

proptest! {
    /// The bounds on names are not reached, but that on samples is.
    #[test]
    fn merging_in_any_order_gives_the_same(documents in documents(), turn in 0usize..12) {
        let found: Vec<Statistics> = documents
            .iter()
            .zip(1..)
            .map(|(lines, record)| {
                let lines: Vec<(String, u32)> = lines
                    .iter()
                    .map(|line| (format!("line {line}"), 40 + line % 20))
                    .collect();
                let lines: Vec<(&str, u32)> =
                    lines.iter().map(|(line, spam)| (line.as_str(), *spam)).collect();
                Page::new(&lines).statistics(record, &format!("http://h{}.example", record % 3))
            })
            .collect();
        let merged = |order: &mut dyn Iterator<Item = &Statistics>| {
            let mut sum = Statistics::default();
            order.for_each(|one| sum.merge(one));
            sum
        };
        let all = merged(&mut found.iter());
        prop_assert!(all.samples.above.len() <= 40 && all.samples.below.len() <= 40);
        prop_assert_eq!(&all, &merged(&mut found.iter().rev()));
        let (left, right) = found.split_at(turn.min(found.len()));
        let (left, right) = (merged(&mut left.iter()), merged(&mut right.iter()));
        prop_assert_eq!(all, merged(&mut [&right, &left].into_iter()));
    }
}
