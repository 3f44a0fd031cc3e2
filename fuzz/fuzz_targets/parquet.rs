//! Any bytes are a Parquet file or an error, in bounded memory (give `-malloc_limit_mb`).
//! What is written of a file has its rows, and the texts can be put back.
//!
//! The first byte is the threshold, the second chooses what is done. Panics of the
//! `parquet` crate are allowed as long as none escapes from despam.

#![no_main]

use std::io::Cursor;

use despam::formats::jsonl::Fields;
use despam::formats::parquet::{ParquetError, Reader};
use despam::pipeline::{Excess, Filter, MaxRemoved};
use despam_fuzz::{
    allow_caught_panics, classifier, filter_parquet, no_panic_escapes, restored_parquet,
};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// What stands before the file.
const CHOICES: usize = 2;
/// The length of the footer and the magic number, after the footer.
const TAIL: usize = 8;

fn open(bytes: &[u8]) -> Result<Reader, ParquetError> {
    let fields = Fields { url: Some("url".to_owned()), ..Fields::default() };
    Reader::open(Cursor::new(bytes.to_vec()), &fields)
}

/// The texts of a file that was read before.
fn texts(file: &Reader) -> Vec<Option<Vec<u8>>> {
    let group = |group| {
        let group = file.read(group).expect("it was read before");
        (0..group.rows()).map(|row| group.text(row).map(<[u8]>::to_vec)).collect::<Vec<_>>()
    };
    (0..file.row_groups()).flat_map(group).collect()
}

fn way(choice: u8) -> Filter {
    let max_removed = |action| Some(MaxRemoved { share: 0.0, action });
    match choice % 5 {
        0 => Filter::default(),
        1 => Filter { mark: true, ..Filter::default() },
        2 => Filter { max_removed: max_removed(Excess::Drop), ..Filter::default() },
        3 => Filter { max_removed: max_removed(Excess::Flag), ..Filter::default() },
        _ => Filter { strict: true, ..Filter::default() },
    }
}

fn passes(threshold: u8, choice: u8, bytes: &[u8]) {
    let Ok(file) = open(bytes) else { return };
    let written = filter_parquet(&classifier(threshold), way(choice), file.clone());
    if written.failed {
        return;
    }
    let counts = &written.counts;
    let cleaned = open(&written.main).expect("what was written can be read");
    let (before, after) = (texts(&file), texts(&cleaned));
    assert_eq!(before.len() as u64, counts.records);
    assert_eq!(after.len() as u64, counts.records - counts.dropped);
    if counts.dropped == 0 {
        let again = restored_parquet(&cleaned, &written).expect("it can be put back");
        assert!(texts(&open(&again).expect("what was put back can be read")) == before);
    }
}

fuzz_target!(init: allow_caught_panics(), |data: &[u8]| {
    if let [threshold, choice, file @ ..] = data {
        no_panic_escapes(|| passes(*threshold, *choice, file));
    }
});

// Wrong bytes reach the code behind the footer only where its length stays right.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let tail = size.wrapping_sub(TAIL);
    let length = data[..size].get(tail..).and_then(|tail| tail.first_chunk());
    let length = length.map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let footer = match tail.checked_sub(length) {
        Some(start)
            if start >= CHOICES && length > 0 && size <= max_size && !seed.is_multiple_of(8) =>
        {
            start
        }
        _ => return fuzzer_mutate(data, size, max_size),
    };
    let (mut pages, mut footer) = (data[..footer].to_vec(), data[footer..tail].to_vec());
    let part = if seed.is_multiple_of(2) { &mut pages } else { &mut footer };
    let (old, most) = (part.len(), part.len() + max_size - size);
    part.resize(most, 0);
    let new = fuzzer_mutate(part, old, most);
    part.truncate(new);
    let length = u32::try_from(footer.len()).unwrap_or_default().to_le_bytes();
    let file = [&pages[..], &footer, &length, b"PAR1"].concat();
    data[..file.len()].copy_from_slice(&file);
    file.len()
});
