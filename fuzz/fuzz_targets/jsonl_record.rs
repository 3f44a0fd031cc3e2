//! Any lines go through as JSON Lines: each is written, rejected or dropped, all come
//! back, and nothing but the text and the field that was asked for changes.
//!
//! The first two bytes choose the threshold and the options.

#![no_main]

use std::collections::BTreeMap;

use despam::formats::Format;
use despam::formats::jsonl::{Fields, Record, id};
use despam::pipeline::{Excess, Filter, MaxRemoved};
use despam_fuzz::{classifier, filter, lines, restored};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// The fields of a record but those that may change, with their raw values.
fn others(line: &[u8]) -> Option<BTreeMap<String, String>> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(line).ok()?;
    let same = |name: &String| name != "text" && name != "despam";
    let fields = fields.into_iter().filter(|(name, _)| same(name));
    Some(fields.map(|(name, value)| (name, value.get().to_owned())).collect())
}

fn check_record(line: &[u8]) {
    let _ = id(line, &Fields { id: "a".to_owned(), ..Fields::default() });
    let nested = Fields { text: "a.b".to_owned(), ..Fields::default() };
    for fields in [Fields::default(), nested] {
        let Ok(record) = Record::parse(line, &fields) else { continue };
        assert_eq!(line[record.close], b'}');
        let bounds: Vec<usize> = record.text.char_indices().map(|(at, _)| at).collect();
        let bounds = || bounds.iter().copied().chain([record.text.len()]);
        let ranges: Vec<_> = bounds().zip(bounds().skip(1)).map(|(from, to)| from..to).collect();
        let raw = record.raw_ranges(ranges.iter().cloned());
        for (range, raw) in ranges.into_iter().zip(raw) {
            let quoted = [b"\"", &line[raw], b"\""].concat();
            let decoded: String = serde_json::from_slice(&quoted).expect("a part of a string");
            assert_eq!(decoded, record.text[range]);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let [threshold, options, bytes @ ..] = data else { return };
    bytes.split(|byte| *byte == b'\n').for_each(check_record);

    let on = |bit: u8| options >> bit & 1 == 1;
    let action = [Excess::Keep, Excess::Drop, Excess::Flag][usize::from(options % 3)];
    let asked = Filter {
        pass_missing: on(7),
        mark: on(6) && !on(5),
        attributes: on(4).then(|| "own".to_owned()),
        max_removed: on(5).then_some(MaxRemoved { share: 0.5, action }),
        ..Filter::default()
    };
    let adds = asked.mark || (on(5) && action == Excess::Flag);
    let written = filter(&classifier(*threshold), asked, Format::JsonLines, bytes);
    if written.failed {
        return;
    }
    let counts = &written.counts;
    assert_eq!(counts.records, lines(bytes));
    assert_eq!(lines(&written.main), counts.records - counts.rejected - counts.dropped);
    assert_eq!(lines(&written.rejects), counts.rejected);
    assert_eq!(lines(&written.attributes), if on(4) { counts.records } else { 0 });
    assert_eq!(restored(&written).expect("it can be put back"), bytes);
    if counts.removed + counts.rejected + counts.dropped == 0 && !adds {
        assert_eq!(written.main, bytes);
    }
    if counts.rejected + counts.dropped == 0 {
        let before = bytes.split(|byte| *byte == b'\n');
        let after = written.main.split(|byte| *byte == b'\n');
        assert!(before.zip(after).all(|(before, after)| others(before) == others(after)));
    }
});
