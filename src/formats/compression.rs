//! Reading and writing through gzip and zstd.
//!
//! What a file is, its first bytes say, not its name. All members of a gzip file
//! and all frames of a zstd file are read, as one stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BUFFER: usize = 256 * 1024;

impl Compression {
    /// What the first bytes of a stream say.
    pub fn of_bytes(start: &[u8]) -> Self {
        match start {
            _ if start.starts_with(GZIP_MAGIC) => Compression::Gzip,
            _ if start.starts_with(ZSTD_MAGIC) || is_skippable_frame(start) => Compression::Zstd,
            _ => Compression::Plain,
        }
    }

    /// What the ending of a path to be written asks for.
    pub fn of_path(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Compression::Gzip,
            Some("zst") => Compression::Zstd,
            _ => Compression::Plain,
        }
    }
}

fn is_skippable_frame(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Opens a file for reading, unpacked.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    unpack(File::open(path)?)
}

/// Unpacks a stream by what its first bytes say.
pub fn unpack(input: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let (start, input) = peek(input, ZSTD_MAGIC.len())?;
    let compression = Compression::of_bytes(&start);
    let input = BufReader::with_capacity(BUFFER, input);
    Ok(match compression {
        Compression::Plain => Box::new(input),
        Compression::Gzip => {
            Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(input)))
        }
        Compression::Zstd => Box::new(BufReader::with_capacity(
            BUFFER,
            zstd::stream::read::Decoder::with_buffer(input)?,
        )),
    })
}

/// The first `count` bytes of a stream, fewer if it ends before, and the stream with
/// them put back. How the bytes arrive makes no difference.
pub fn peek<R: Read>(mut input: R, count: usize) -> io::Result<(Vec<u8>, impl Read + use<R>)> {
    let mut start = Vec::with_capacity(count);
    (&mut input).take(count as u64).read_to_end(&mut start)?;
    Ok((start.clone(), io::Cursor::new(start).chain(input)))
}

/// A writer that packs; [`Packer::finish`] writes the end of the stream.
pub enum Packer<W: Write> {
    /// Writes as is.
    Plain(W),
    /// Writes one gzip member.
    Gzip(flate2::write::GzEncoder<W>),
    /// Writes one zstd frame with a checksum.
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Packer<W> {
    /// A packer in front of `output`.
    pub fn new(output: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::Plain => Packer::Plain(output),
            Compression::Gzip => {
                Packer::Gzip(flate2::write::GzEncoder::new(output, flate2::Compression::default()))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(output, 0)?;
                encoder.include_checksum(true)?;
                Packer::Zstd(encoder)
            }
        })
    }

    /// Writes what is left and gives the output back.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Packer::Plain(mut output) => {
                output.flush()?;
                Ok(output)
            }
            Packer::Gzip(encoder) => encoder.finish(),
            Packer::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packer::Plain(output) => output.write(bytes),
            Packer::Gzip(encoder) => encoder.write(bytes),
            Packer::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Packer::Plain(output) => output.flush(),
            Packer::Gzip(encoder) => encoder.flush(),
            Packer::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// The CRC-32 of bytes, as gzip has it (RFC 1952).
#[derive(Debug, Default)]
pub struct Checksum(flate2::Crc);

impl Checksum {
    /// Takes in the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes in the bytes that `next` is of, behind its own.
    pub fn append(&mut self, next: &Checksum) {
        self.0.combine(&next.0);
    }

    /// Of all bytes so far; 0 of none.
    pub fn value(&self) -> u32 {
        self.0.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(bytes: &[u8], compression: Compression) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new(), compression).expect("a packer in memory opens");
        packer.write_all(bytes).expect("writing to memory works");
        packer.finish().expect("finishing in memory works")
    }

    #[test]
    fn every_member_and_frame_is_read() {
        for compression in [Compression::Plain, Compression::Gzip, Compression::Zstd] {
            let mut twice = pack(b"one\n", compression);
            twice.extend(pack(b"two\n", compression));
            let mut read = String::new();
            unpack(io::Cursor::new(twice))
                .and_then(|mut input| input.read_to_string(&mut read))
                .expect("what was packed unpacks");
            assert_eq!(read, "one\ntwo\n", "{compression:?}");
        }
    }

    #[test]
    fn checksums_of_parts_make_that_of_the_whole() {
        let of = |bytes: &[u8]| {
            let mut checksum = Checksum::default();
            checksum.add(bytes);
            checksum
        };
        // The check value of CRC-32 (Williams, "A painless guide to CRC error detection").
        assert_eq!(of(b"123456789").value(), 0xcbf4_3926);
        let mut all = of(b"1234");
        all.append(&of(b""));
        all.append(&of(b"56789"));
        assert_eq!(all.value(), 0xcbf4_3926);
    }

    #[test]
    fn a_cut_stream_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let whole = pack(&b"some text ".repeat(100), compression);
            let cut = whole[..whole.len() - 3].to_vec();
            let mut read = Vec::new();
            let result =
                unpack(io::Cursor::new(cut)).and_then(|mut input| input.read_to_end(&mut read));
            assert!(result.is_err(), "{compression:?}");
        }
    }
    #[test]
    fn a_flipped_bit_is_an_error_or_changes_nothing() {
        let text = b"The committee read the report, and nobody spoke against it.\n".repeat(3);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let whole = pack(&text, compression);
            for bit in 0..whole.len() * 8 {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if Compression::of_bytes(&flipped) != compression {
                    continue;
                }
                let mut read = Vec::new();
                let result = unpack(io::Cursor::new(flipped))
                    .and_then(|mut input| input.read_to_end(&mut read));
                assert!(result.is_err() || read == text, "{compression:?}, bit {bit}");
            }
        }
    }
}
