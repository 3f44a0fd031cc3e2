//! Any bytes are unpacked, or are an error: the same however they arrive, in bounded
//! memory (give `-malloc_limit_mb`). What was packed comes back.
//!
//! How much of a damaged frame is given before the error does depend on how it arrives:
//! zstd gives a frame that it has whole only after its checksum.

#![no_main]

use std::io::{self, Cursor, Read, Write};

use despam::formats::compression::{Compression, Packer, unpack};
use libfuzzer_sys::fuzz_target;

/// Unpacked bytes that are looked at.
const MOST: u64 = 1 << 20;

/// Gives a few bytes at a time.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(out.len());
        self.0.read(&mut out[..count])
    }
}

/// What is read before the end or an error, and whether it is an error.
fn read(bytes: &[u8], step: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let input = unpack(Trickle(Cursor::new(bytes.to_vec()), step));
    let result = input.and_then(|input| input.take(MOST).read_to_end(&mut out));
    (out, result.is_err())
}

fn pack(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut packer = Packer::new(Vec::new(), compression).expect("a packer opens");
    packer.write_all(bytes).expect("memory is written");
    packer.finish().expect("memory is written")
}

fuzz_target!(|data: &[u8]| {
    let whole = read(data, usize::MAX);
    for step in [1, 7, 4096] {
        let other = read(data, step);
        assert_eq!(other.1, whole.1);
        assert!(other.0.starts_with(&whole.0) || whole.0.starts_with(&other.0));
        assert!(whole.1 || other.0.len() == whole.0.len());
    }
    if Compression::of_bytes(data) == Compression::Plain {
        assert_eq!(whole, (data.to_vec(), false));
    }
    let cut = usize::from(data.first().copied().unwrap_or_default());
    for compression in [Compression::Gzip, Compression::Zstd] {
        let packed = pack(data, compression);
        assert_eq!(read(&packed, 3), (data.to_vec(), false));
        assert_eq!(read(&[&packed[..], &packed].concat(), 5), (data.repeat(2), false));
        // Cut off it is an error, not a shorter text.
        let end = packed.len().saturating_sub(1 + cut % 8);
        let (start, failed) = read(&packed[..end], usize::MAX);
        assert!(failed && data.starts_with(&start));
    }
});
