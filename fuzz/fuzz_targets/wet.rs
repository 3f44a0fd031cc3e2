//! Any bytes are read as WET: items tile them, the items of parts are the items of the
//! whole, and the lines that are written of them can be restored.
//!
//! The first two bytes choose the threshold and where the stream is divided.

#![no_main]

use despam::formats::Format;
use despam::formats::wet::{Item, items, whole_items};
use despam::pipeline::Filter;
use despam_fuzz::{classifier, filter, lines, restored};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [threshold, at, file @ ..] = data else { return };
    let all: Vec<_> = items(file).collect();
    let mut end = 0;
    for (range, item) in &all {
        assert!(range.start == end && range.end > end);
        end = range.end;
        if let Item::Document(record) = item {
            let outer = file[range.clone()].as_ptr_range();
            let inner = record.text.as_ptr_range();
            assert!(outer.start <= inner.start && inner.end <= outer.end);
        }
    }
    assert_eq!(end, file.len());

    // Whole items of what has come so far are items of the file, whatever comes next.
    let come = (usize::from(*at) * (file.len() + 1)) / 256;
    if let Some(whole) = whole_items(&file[..come]) {
        assert!(whole > 0 && whole <= come);
        let mut parts: Vec<_> = items(&file[..whole]).collect();
        let rest = items(&file[whole..]);
        parts.extend(rest.map(|(range, item)| (range.start + whole..range.end + whole, item)));
        assert!(parts == all);
    }

    let none = filter(
        &classifier(255),
        Filter { drop: Vec::new(), ..Filter::default() },
        Format::Wet,
        file,
    );
    let written = filter(&classifier(*threshold), Filter::default(), Format::Wet, file);
    if written.failed {
        return;
    }
    let counts = &written.counts;
    let counted = all.iter().filter(|(_, item)| *item != Item::Other).count();
    assert_eq!(counts.records, counted as u64);
    assert_eq!(lines(&written.main), counts.records - counts.rejected);
    assert_eq!(lines(&written.rejects), counts.rejected);
    assert_eq!(written.rejects, none.rejects);
    assert_eq!(restored(&written).expect("it can be put back"), none.main);
});
