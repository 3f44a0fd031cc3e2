//! Any bytes are judged and filtered: what stays is a part of the text, what goes comes
//! back, and nothing flagged is nothing changed.
//!
//! The first two bytes choose the threshold and the options.

#![no_main]

use despam::clean::{cuts, kept};
use despam::formats::Format;
use despam::pipeline::{Excess, Filter, MaxRemoved};
use despam::{Label, Span, Unit};
use despam_fuzz::{classifier, filter, restored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [threshold, options, text @ ..] = data else { return };
    let unit = [Unit::Auto, Unit::Line, Unit::Block][usize::from(options % 3)];
    let any_language = options & 0x80 != 0;
    let classifier = classifier(*threshold).with_unit(unit).with_any_language(any_language);

    let verdicts = classifier.judge(text);
    for verdict in &verdicts {
        let (ad, chrome, spam) = (verdict.ad.get(), verdict.chrome.get(), verdict.spam());
        assert!((0.0..=1.0).contains(&spam.get()));
        assert!((ad + chrome - spam.get()).abs() < 1e-9);
        let is_spam = verdict.guard.is_none() && spam >= verdict.threshold;
        assert_eq!(verdict.label.is_spam(), is_spam);
    }

    let spans: Vec<Span> = verdicts.iter().map(|verdict| verdict.span).collect();
    let drop =
        [vec![Label::Ad, Label::Chrome], vec![Label::Ad]][usize::from(options >> 6 & 1)].clone();
    let removed = |i: usize| drop.contains(&verdicts[i].label);
    let cuts = cuts(text, &spans, removed);
    let parts: Vec<_> = kept(text.len(), &cuts).collect();
    let mut all: Vec<_> = cuts.iter().map(|cut| cut.range.clone()).chain(parts.clone()).collect();
    all.sort_by_key(|range| range.start);
    assert!(all.windows(2).all(|two| two[0].end == two[1].start));
    assert_eq!(all.iter().map(ExactSizeIterator::len).sum::<usize>(), text.len());
    for (i, span) in spans.iter().enumerate() {
        let holds =
            |range: &std::ops::Range<usize>| range.start <= span.start && span.end <= range.end;
        assert_eq!(parts.iter().filter(|range| holds(range)).count(), usize::from(!removed(i)));
        assert_eq!(cuts.iter().filter(|cut| cut.paragraph == i).count(), usize::from(removed(i)));
    }

    let max_removed = (options & 0x20 != 0).then(|| MaxRemoved {
        share: f64::from(options >> 2 & 7).max(0.5) / 8.0,
        action: if options & 0x10 != 0 { Excess::Keep } else { Excess::Drop },
    });
    let strict = options & 0x08 != 0;
    let asked = Filter { drop, max_removed, strict, ..Filter::default() };
    let written = filter(&classifier, asked, Format::Text, text);
    if written.failed {
        // Another encoding.
        assert!(text.len() > 1 && written.main.is_empty());
        return;
    }
    assert_eq!(restored(&written).expect("it can be put back"), text);
    let counts = &written.counts;
    let kept: Vec<u8> = parts.into_iter().flat_map(|range| text[range].to_vec()).collect();
    let rejected = strict && std::str::from_utf8(text).is_err();
    assert_eq!(counts.rejected, u64::from(rejected));
    match () {
        () if rejected || counts.dropped > 0 => assert!(written.main.is_empty()),
        () if counts.over_max_removed > 0 => assert_eq!(written.main, text),
        () => assert_eq!(written.main, kept),
    }
});
