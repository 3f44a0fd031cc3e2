//! Damaged files: every fault is an error, none a panic.

use std::sync::Arc;

use arrow_array::StringArray;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::tests::{batch, file, many_properties, many_types, open, pass, text_file};
use super::*;

/// Files that differ in codec, encodings and version of the pages.
fn files() -> Vec<Vec<u8>> {
    let built = |encoding, codec| {
        let version = WriterVersion::PARQUET_2_0;
        WriterProperties::builder()
            .set_writer_version(version)
            .set_dictionary_enabled(false)
            .set_column_encoding("text".into(), encoding)
            .set_compression(codec)
            .build()
    };
    let lengths = built(Encoding::DELTA_LENGTH_BYTE_ARRAY, Compression::UNCOMPRESSED);
    let prefixes = built(Encoding::DELTA_BYTE_ARRAY, Compression::SNAPPY);
    let texts: StringArray = (0..300).map(|n| (n % 7 > 0).then(|| "text ".repeat(n % 5))).collect();
    vec![
        file(&[many_types(0), many_types(7)], many_properties()),
        file(&[many_types(0)], lengths.clone()),
        file(&[batch(vec![("text", Arc::new(texts))])], lengths),
        file(&[many_types(0)], prefixes),
    ]
}

/// Reads and rewrites all there is, in each way.
pub(super) fn exercise(bytes: &[u8]) -> Result<(), ParquetError> {
    let whole = pass(bytes, "text", None, |_| {});
    let changed = pass(bytes, "text", Some("why"), |group| {
        (0..group.rows()).for_each(|row| group.set_text(row, b"new".to_vec()));
    });
    let fewer = pass(bytes, "text", None, |group| {
        (0..group.rows()).step_by(2).for_each(|row| group.drop_row(row));
    });
    whole.and(changed).and(fewer).map(drop)
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % bound
    }
}

#[test]
fn a_truncated_file_is_an_error() {
    for file in files() {
        assert!(exercise(&file).is_ok());
        for length in (0..file.len()).step_by(file.len() / 100).chain(file.len() - 12..file.len()) {
            let error = open(&file[..length], "text").err();
            assert!(matches!(error, Some(ParquetError::Unreadable(_))), "{length}: {error:?}");
        }
    }
    for none in [&b""[..], b"PAR1", b"PAR1PAR1", b"PAR1\0\0\0\0PAR1", b"PAR1\xff\xff\xff\xffPAR1"] {
        assert!(matches!(open(none, "text"), Err(ParquetError::Unreadable(_))), "{none:?}");
    }
}

#[test]
fn wrong_bits_and_bytes_never_panic() {
    let mut numbers = Numbers(7);
    let mut errors = 0;
    for file in files() {
        for round in 0..500 {
            let mut damaged = file.clone();
            let at = numbers.below(damaged.len() - 16);
            match round % 4 {
                0 => damaged[at] ^= 1 << numbers.below(8),
                1 => damaged[at] = 0xff,
                2 => damaged[at..at + 16].fill_with(|| numbers.below(256) as u8),
                // As a large number, in the form of the footer and the page headers.
                _ => damaged[at..at + 5].copy_from_slice(b"\xfe\xff\xff\xff\x0f"),
            }
            errors += usize::from(exercise(&damaged).is_err());
        }
    }
    // Wrong bytes within values or statistics cannot be told from others.
    assert!(errors > 500, "{errors}");
}

#[test]
fn a_claim_is_not_believed() {
    let texts = StringArray::from(vec!["some text"; 100]);
    let plain = text_file(Arc::new(texts.slice(0, 100)));
    // The footer's list of row groups, which starts with a list of columns.
    let list = b"\x19\x1c\x19\x1c\x26";
    let at = plain.windows(5).rposition(|bytes| bytes == list).expect("there is a list");
    let claims = [&plain[..at], b"\x19\xfc\xff\xff\xff\xff\x07", &plain[at + 7..]].concat();
    let error = open(&claims, "text").err().expect("it is an error").to_string();
    assert_eq!(error, "unreadable as Parquet: footer: it is damaged");

    let delta = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_encoding("text".into(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
        .build();
    let delta = file(&[batch(vec![("text", Arc::new(texts))])], delta);
    // Blocks of 128 numbers in 4 parts, 100 lengths, the first is 9.
    let at = delta.windows(5).position(|bytes| bytes == [0x80, 1, 4, 100, 18]);
    let at = at.expect("there is a delta header") + 3;
    let claims = [&delta[..at], b"\xff\xff\xff\xff\xff\x07", &delta[at + 6..]].concat();
    let error = exercise(&claims).expect_err("it is an error").to_string();
    assert!(error.ends_with("a page has more values than its column or its bytes"), "{error}");
}
