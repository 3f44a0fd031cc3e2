//! Parquet: one text column of a file, row group by row group.
//!
//! Only the text column is decoded, and the id and the address if there are any.
//! A row group that lost no row keeps every other column chunk byte for byte, and the
//! text's too if no text changed. If rows go, all columns are decoded and written
//! without them, as the Parquet types they have: nothing passes through Arrow.
//!
//! | of the file | what becomes of it |
//! |---|---|
//! | schema, types, nullability, field ids, order of columns | kept |
//! | name of the writer, key-value metadata (`pandas`, `huggingface`, ...) | kept |
//! | `ARROW:schema` and Spark's copy of the schema | kept unless a column is added |
//! | row groups | kept, but one that loses all its rows is left out |
//! | codec | kept; the level, which no file records, is the crate's default |
//! | encodings, pages, statistics, Bloom filters of copied columns | kept |
//! | encodings of written columns | as in the first row group; data pages are version 1 |
//! | statistics of written columns | computed anew, if the file has them |
//! | page index | left out: it is optional, and readers scan pages without it |
//! | of written columns: Bloom filters, key-value metadata, page checksums | left out |
//! | sort order of row groups | kept up to the text column, which may no longer be in order |
//!
//! Row groups are read, changed and written as a whole: one with 500 MB of text takes that
//! much memory and some 45 bytes a row, and while it is read its packed bytes too. A text
//! column of more than 2 GiB in a row group is refused, and so is any other column that
//! large if rows go.
//!
//! The `parquet` crate may panic on a damaged file. Here every fault is an error; a
//! program sees such a panic only if it has a panic hook, and the standard one prints.
//! The claims of a damaged file are checked before memory is reserved for them, but a
//! file made to do harm may still ask for a few GiB.

mod claims;
mod columns;
mod group;
mod pages;
mod reader;
mod source;
mod writer;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod made;
#[cfg(test)]
mod tests;

pub use group::RowGroup;
pub use reader::Reader;
pub use writer::Writer;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError as CrateError;

/// Why a Parquet file cannot be filtered.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// The system's complaint.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is damaged, no Parquet file, or of a kind that is not read.
    #[error("unreadable as Parquet: {0}")]
    Unreadable(String),
    /// What would not fit into memory.
    #[error("{0}: write the file with smaller row groups first")]
    TooLarge(String),
    /// There is no such column.
    #[error("no column {name:?}: the file has {there}")]
    NoColumn {
        /// The column.
        name: String,
        /// The columns that are there.
        there: String,
    },
    /// There are two such columns.
    #[error("two columns {0:?}: which is the text?")]
    TwoColumns(String),
    /// The column is no text.
    #[error("column {name:?} is {found}, not strings or bytes")]
    NotText {
        /// The column.
        name: String,
        /// What it is.
        found: String,
    },
    /// The name of the column to be added is that of another.
    #[error("there is a column {0:?} already")]
    NameTaken(String),
    /// The output cannot be written, though the system does not complain.
    #[error("the Parquet file cannot be written: {0}")]
    Unwritable(String),
}

/// A fault of the input; `place` says where.
fn unreadable(place: impl std::fmt::Display, error: CrateError) -> ParquetError {
    ParquetError::Unreadable(format!("{place}: {}", message(error)))
}

/// A fault while writing.
fn unwritable(error: CrateError) -> ParquetError {
    match error {
        CrateError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => ParquetError::Io(*cause),
            Err(cause) => ParquetError::Unwritable(cause.to_string()),
        },
        other => ParquetError::Unwritable(message(other)),
    }
}

fn message(error: CrateError) -> String {
    match error {
        CrateError::General(text) | CrateError::NYI(text) | CrateError::EOF(text) => text,
        CrateError::External(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// Does `work`; a panic of the crate becomes an error.
fn caught<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(ParquetError::Unreadable(format!("the file is damaged ({text})")))
    })
}
