//! What stands for [`parquet`](self) in a build without the feature `parquet`: nothing
//! can be opened, and says so.

use std::convert::Infallible;
use std::io::{Read, Seek, Write};
use std::marker::PhantomData;

use crate::formats::jsonl::Fields;

/// Why a Parquet file cannot be filtered.
#[derive(Debug, thiserror::Error)]
#[error("this build of despam lacks Parquet: build it with the Cargo feature `parquet`")]
pub struct ParquetError;

/// There is none.
#[derive(Clone)]
pub struct Reader(Infallible);

/// There is none.
pub struct RowGroup(Infallible);

/// There is none.
pub struct Writer<W>(Infallible, PhantomData<W>);

#[allow(missing_docs, reason = "none of these can be called but `open`")]
impl Reader {
    /// Fails.
    ///
    /// # Errors
    /// Always.
    pub fn open<R: Read + Seek + Send + 'static>(_: R, _: &Fields) -> Result<Self, ParquetError> {
        Err(ParquetError)
    }

    pub fn row_groups(&self) -> usize {
        match self.0 {}
    }

    pub fn read(&self, _: usize) -> Result<RowGroup, ParquetError> {
        match self.0 {}
    }
}

#[allow(missing_docs, reason = "none of these can be called")]
impl RowGroup {
    pub fn rows(&self) -> usize {
        match self.0 {}
    }

    pub fn text(&self, _: usize) -> Option<&[u8]> {
        match self.0 {}
    }

    pub fn id(&self, _: usize) -> Option<&str> {
        match self.0 {}
    }

    pub fn url(&self, _: usize) -> Option<&str> {
        match self.0 {}
    }

    pub fn set_text(&mut self, _: usize, _: Vec<u8>) {
        match self.0 {}
    }

    pub fn drop_row(&mut self, _: usize) {
        match self.0 {}
    }

    pub fn set_added(&mut self, _: Vec<Option<String>>) {
        match self.0 {}
    }
}

#[allow(missing_docs, reason = "none of these can be called")]
impl<W: Write + Send> Writer<W> {
    pub fn new(_: W, like: &Reader, _: Option<&str>) -> Result<Self, ParquetError> {
        match like.0 {}
    }

    pub fn write(&mut self, _: &RowGroup) -> Result<(), ParquetError> {
        match self.0 {}
    }

    pub fn finish(self) -> Result<W, ParquetError> {
        match self.0 {}
    }
}
