//! Opening a Parquet file and decoding the columns that are looked at.
//!
//! Decoding goes in small steps, because a few bytes of a damaged page can stand for any
//! amount of text.

use std::io::{Read, Seek};
use std::sync::Arc;

use parquet::basic::Type;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{AsBytes, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::Length;

use super::columns::{Columns, is_unsigned};
use super::group::RowGroup;
use super::pages::{self, Pages};
use super::source::Source;
use super::{ParquetError, caught, unreadable};
use crate::formats::jsonl::Fields;

/// Rows that a row group may have, as many as pyarrow puts into one at most.
const MAX_ROWS: i64 = 1 << 26;
/// Bytes that a column of a row group may have, unpacked.
pub(super) const MAX_COLUMN: u64 = 2 << 30;
/// Rows that are decoded at once at most.
pub(super) const STEP: usize = 1024;

/// A Parquet file, opened. Clones share it, and threads may read from it at once.
#[derive(Clone)]
pub struct Reader {
    pub(super) opened: Arc<Opened>,
}

/// What a reader and its row groups share.
pub(super) struct Opened {
    pub(super) source: Source,
    pub(super) metadata: ParquetMetaData,
    pub(super) columns: Columns,
}

impl Reader {
    /// Reads the footer of a Parquet file and finds its columns: the text, and an id and
    /// an address (`url`) if there are any. The text must be strings or bytes, of any
    /// Arrow type, at the top or in a struct (`a.b`); an id may be a string or an
    /// integer.
    ///
    /// # Errors
    ///
    /// If the input cannot be read from any place (a pipe cannot), is no Parquet file,
    /// is damaged or encrypted, claims more than fits into memory (more than 2^26 rows
    /// or 2 GiB of text in a row group), has its columns in other files, or has no such
    /// text column.
    ///
    /// ```
    /// # use despam::formats::{jsonl::Fields, parquet::{ParquetError, Reader}};
    /// let error = Reader::open(std::io::Cursor::new("PAR1"), &Fields::default());
    /// assert!(matches!(error, Err(ParquetError::Unreadable(_))));
    /// ```
    pub fn open<R: Read + Seek + Send + 'static>(
        input: R,
        fields: &Fields,
    ) -> Result<Self, ParquetError> {
        let source = Source::new(input)?;
        caught(|| {
            let metadata = pages::check_footer(&source)
                .and_then(|()| ParquetMetaDataReader::new().parse_and_finish(&source))
                .map_err(|error| unreadable("footer", error))?;
            let columns = Columns::find(metadata.file_metadata().schema_descr(), fields)?;
            let opened = Opened { source, metadata, columns };
            opened.check()?;
            Ok(Reader { opened: Arc::new(opened) })
        })
    }

    /// How many row groups there are.
    pub fn row_groups(&self) -> usize {
        self.opened.metadata.num_row_groups()
    }

    /// Decodes the text, the ids and the addresses of a row group, numbered from 0.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is damaged there, or there is no such row group.
    pub fn read(&self, group: usize) -> Result<RowGroup, ParquetError> {
        caught(|| {
            let opened = &self.opened;
            if group >= self.row_groups() {
                return Err(ParquetError::Unreadable(format!("no row group {group}")));
            }
            let Columns { text, id, url } = opened.columns;
            let (levels, texts) = opened.decode::<ByteArrayType>(group, text)?;
            let ids = id.map_or(Ok(Vec::new()), |id| opened.ids(group, id))?;
            let urls = url.map(|url| opened.decode::<ByteArrayType>(group, url)).transpose()?;
            Ok(RowGroup {
                opened: Arc::clone(opened),
                group,
                kept: vec![true; texts.len()],
                changed: false,
                levels,
                texts,
                ids,
                urls: urls.map(|(_, urls)| urls).unwrap_or_default(),
                added: Vec::new(),
            })
        })
    }
}

impl Opened {
    /// Holds what the footer claims against the length of the file and the bounds.
    fn check(&self) -> Result<(), ParquetError> {
        let mut bytes = 0_u64;
        for (number, group) in self.metadata.row_groups().iter().enumerate() {
            if group.num_rows() > MAX_ROWS {
                let rows = group.num_rows();
                let message = format!("row group {number} has {rows} rows, more than {MAX_ROWS}");
                return Err(ParquetError::TooLarge(message));
            }
            for column in group.columns() {
                let held = check_place(column, group, self.source.len());
                let claimed = held.map_err(|cause| {
                    let place = place(number, column);
                    ParquetError::Unreadable(format!("{place}: {cause}"))
                })?;
                bytes = bytes.saturating_add(claimed);
            }
            let Columns { text, id, url } = self.columns;
            for column in [Some(text), id, url].into_iter().flatten() {
                check_size(number, group.column(column))?;
            }
        }
        if bytes > self.source.len() {
            return Err(ParquetError::Unreadable("the columns overlap".to_owned()));
        }
        Ok(())
    }

    /// The pages of a column of a row group, its bytes read.
    pub(super) fn pages(&self, group: usize, column: usize) -> Result<Box<Pages>, ParquetError> {
        let metadata = self.metadata.row_group(group);
        let rows = usize::try_from(metadata.num_rows()).unwrap_or_default();
        let column = metadata.column(column);
        check_size(group, column)?;
        pages::read(&self.source, column, rows)
            .map(Box::new)
            .map_err(|error| unreadable(place(group, column), error))
    }

    /// Decodes a column that has at most one value a row: its definition levels (none
    /// if no value can be null) and its values.
    fn decode<T: DataType>(
        &self,
        group: usize,
        column: usize,
    ) -> Result<Decoded<T::T>, ParquetError> {
        let metadata = self.metadata.row_group(group);
        let (rows, chunk) = (metadata.num_rows(), metadata.column(column));
        let mut reader =
            ColumnReaderImpl::<T>::new(chunk.column_descr_ptr(), self.pages(group, column)?);
        let step = step(chunk);
        let (mut levels, mut values, mut read, mut bytes) = (Vec::new(), Vec::new(), 0, 0);
        loop {
            let known = values.len();
            let (records, ..) = reader
                .read_records(step, Some(&mut levels), None, &mut values)
                .map_err(|error| unreadable(place(group, chunk), error))?;
            read += records as i64;
            bytes += values[known..].iter().map(|value| value.as_bytes().len() as u64).sum::<u64>();
            if bytes > MAX_COLUMN {
                return Err(too_large(group, chunk, bytes));
            }
            if records == 0 || read > rows {
                break;
            }
        }
        if read != rows {
            let place = place(group, chunk);
            let cause = format!("{place}: other than the {rows} rows of its row group");
            return Err(ParquetError::Unreadable(cause));
        }
        let values = spread(&levels, chunk.column_descr().max_def_level(), values);
        Ok((levels, values))
    }

    /// The ids of a row group, as JSON.
    fn ids(&self, group: usize, column: usize) -> Result<Vec<Option<String>>, ParquetError> {
        let kind = self.metadata.file_metadata().schema_descr().column(column);
        let unsigned = is_unsigned(&kind);
        Ok(match kind.physical_type() {
            Type::INT32 => json(self.decode::<Int32Type>(group, column)?, |id| {
                Some(if unsigned { id.cast_unsigned().to_string() } else { id.to_string() })
            }),
            Type::INT64 => json(self.decode::<Int64Type>(group, column)?, |id| {
                Some(if unsigned { id.cast_unsigned().to_string() } else { id.to_string() })
            }),
            _ => json(self.decode::<ByteArrayType>(group, column)?, |id| {
                serde_json::to_string(std::str::from_utf8(id.data()).ok()?).ok()
            }),
        })
    }
}

/// How many rows may be decoded at once. No value is longer than its column, so that
/// they never have more than [`MAX_COLUMN`] bytes.
pub(super) fn step(column: &ColumnChunkMetaData) -> usize {
    let longest = column.uncompressed_size().unsigned_abs().max(1);
    usize::try_from(MAX_COLUMN / longest).unwrap_or(STEP).clamp(1, STEP)
}

fn json<V>((_, values): Decoded<V>, as_json: impl Fn(V) -> Option<String>) -> Vec<Option<String>> {
    values.into_iter().map(|value| as_json(value?)).collect()
}

/// Definition levels, and a value or null for each row.
type Decoded<V> = (Vec<i16>, Vec<Option<V>>);

/// Puts nulls where the definition level is below that of a value.
fn spread<V>(levels: &[i16], most: i16, values: Vec<V>) -> Vec<Option<V>> {
    if most == 0 {
        return values.into_iter().map(Some).collect();
    }
    let mut values = values.into_iter();
    levels.iter().map(|level| (*level == most).then(|| values.next()).flatten()).collect()
}

/// Whether a column lies within the file and has what its row group has; its bytes.
fn check_place(
    column: &ColumnChunkMetaData,
    group: &RowGroupMetaData,
    file: u64,
) -> Result<u64, &'static str> {
    if column.file_path().is_some() {
        return Err("it lies in another file");
    }
    if column.uncompressed_size() < 0 || column.num_values() < 0 || group.num_rows() < 0 {
        return Err("the footer has a negative size");
    }
    let flat = column.column_descr().max_rep_level() == 0;
    if flat && column.num_values() != group.num_rows() {
        return Err("other than the rows of its row group");
    }
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let bytes = u64::try_from(column.compressed_size()).map_err(|_| "a negative size")?;
    let start = u64::try_from(start).map_err(|_| "a negative offset")?;
    if bytes > 0 && start.checked_add(bytes).is_none_or(|end| end > file) {
        return Err("it ends beyond the file");
    }
    Ok(bytes)
}

fn check_size(group: usize, column: &ColumnChunkMetaData) -> Result<(), ParquetError> {
    let bytes = column.uncompressed_size().max(column.compressed_size()).unsigned_abs();
    if bytes > MAX_COLUMN { Err(too_large(group, column, bytes)) } else { Ok(()) }
}

fn too_large(group: usize, column: &ColumnChunkMetaData, bytes: u64) -> ParquetError {
    let place = place(group, column);
    ParquetError::TooLarge(format!("{place}: {bytes} bytes unpacked, more than {MAX_COLUMN}"))
}

/// A column of a row group, for messages.
pub(super) fn place(group: usize, column: &ColumnChunkMetaData) -> String {
    format!("row group {group}, column {:?}", column.column_path().string())
}
