//! Where the bytes of a Parquet file come from.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::{ParquetError as CrateError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// Bytes that are read at once when a column is copied.
const BUFFER: usize = 256 * 1024;

pub(super) trait Input: Read + Seek + Send {}

impl<R: Read + Seek + Send> Input for R {}

/// A file that threads share: each read says where.
#[derive(Clone)]
pub(super) struct Source {
    input: Arc<Mutex<Box<dyn Input>>>,
    length: u64,
}

impl Source {
    pub(super) fn new(mut input: impl Input + 'static) -> io::Result<Self> {
        let length = input.seek(SeekFrom::End(0))?;
        Ok(Source { input: Arc::new(Mutex::new(Box::new(input))), length })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Source {
    type T = BufReader<Section>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(BUFFER, Section { source: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(CrateError::EOF(format!("{length} bytes at {start} are not in the file")));
        }
        let mut bytes = vec![0; length];
        Section { source: self.clone(), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A file from some byte on.
pub(super) struct Section {
    source: Source,
    at: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut input = self.source.input.lock().unwrap_or_else(PoisonError::into_inner);
        input.seek(SeekFrom::Start(self.at))?;
        let read = input.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}
