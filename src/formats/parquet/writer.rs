//! Writing row groups: what nobody touched is copied, the rest is encoded anew.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Encoding, LogicalType, Repetition, Type};
use parquet::bloom_filter::Sbbf;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::ParquetError as CrateError;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{
    SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter,
};
use parquet::schema::types::{ColumnPath, Type as Node, TypePtr};

use super::group::RowGroup;
use super::reader::{Opened, Reader, STEP, place, step};
use super::{ParquetError, caught, unreadable, unwritable};

/// Keys of metadata that repeat the schema. With a column more they would contradict
/// it, and readers that go by them would fail (Arrow) or not see the column (Spark).
const SCHEMA_COPIES: [&str; 2] = ["ARROW:schema", "org.apache.spark.sql.parquet.row.metadata"];

/// Encodings that a writer chooses on purpose; the others are what all writers do.
const SPECIAL: [Encoding; 4] = [
    Encoding::DELTA_BINARY_PACKED,
    Encoding::DELTA_LENGTH_BYTE_ARRAY,
    Encoding::DELTA_BYTE_ARRAY,
    Encoding::BYTE_STREAM_SPLIT,
];

/// Writes row groups into a file like the one they came from.
pub struct Writer<W: Write + Send> {
    /// `None` once something went wrong, as the file cannot be finished any more.
    file: Option<SerializedFileWriter<W>>,
    adds: bool,
}

impl<W: Write + Send> Writer<W> {
    /// Starts a file like that of `like`: schema, metadata and codecs are the same.
    ///
    /// `added` names a column to be added at the end, of strings that may be null, packed
    /// as the text is. The metadata then lose copies of the schema, which would contradict
    /// it: types that only Arrow has (large strings, dictionaries, time zones, durations)
    /// appear as the Parquet types that they are stored as.
    ///
    /// # Errors
    ///
    /// If the output cannot be written, or there is a column of that name.
    pub fn new(output: W, like: &Reader, added: Option<&str>) -> Result<Self, ParquetError> {
        caught(|| {
            let metadata = like.opened.metadata.file_metadata();
            let mut schema = metadata.schema_descr().root_schema_ptr();
            if let Some(name) = added {
                schema = with_column(&schema, name)?;
            }
            let properties = Arc::new(properties(&like.opened, added));
            let file = SerializedFileWriter::new(output, schema, properties);
            Ok(Writer { file: Some(file.map_err(unwritable)?), adds: added.is_some() })
        })
    }

    /// Writes a row group as exactly one. It must be from the file that the writer is
    /// like. One that lost all its rows is left out; one that never had any is written.
    ///
    /// # Errors
    ///
    /// If the output cannot be written, or the input cannot be read or is damaged there.
    /// Nothing can be written after that.
    pub fn write(&mut self, group: &RowGroup) -> Result<(), ParquetError> {
        if group.rows() > 0 && !group.kept.contains(&true) {
            return Ok(());
        }
        let mut file = self.file.take().ok_or_else(broken)?;
        caught(|| {
            let mut output = file.next_row_group().map_err(unwritable)?;
            let whole = group.is_whole();
            for column in 0..group.opened.metadata.row_group(group.group).num_columns() {
                if column == group.opened.columns.text && (group.changed || !whole) {
                    write_values(&mut output, &group.kept, &group.levels, &group.texts)?;
                } else if whole {
                    group.copy_chunk(column, &mut output)?;
                } else {
                    group.copy_rows(column, &mut output)?;
                }
            }
            if self.adds {
                group.write_added(&mut output)?;
            }
            output.close().map_err(unwritable).map(drop)
        })?;
        self.file = Some(file);
        Ok(())
    }

    /// Writes the footer and gives the output back.
    ///
    /// # Errors
    ///
    /// If the output cannot be written, or a row group before could not.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        let file = self.file.take().ok_or_else(broken)?;
        caught(|| file.into_inner().map_err(unwritable))
    }
}

fn broken() -> ParquetError {
    ParquetError::Unwritable("a row group before failed".to_owned())
}

impl RowGroup {
    /// Copies a column chunk byte for byte, with its Bloom filter.
    fn copy_chunk<W: Write + Send>(
        &self,
        column: usize,
        output: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        let Opened { source, metadata, .. } = &*self.opened;
        let group = metadata.row_group(self.group);
        let chunk = group.column(column);
        let bloom_filter = Sbbf::read_from_column_chunk(chunk, source)
            .map_err(|error| unreadable(place(self.group, chunk), error))?;
        let copied = ColumnCloseResult {
            bytes_written: chunk.compressed_size().unsigned_abs(),
            rows_written: group.num_rows().unsigned_abs(),
            metadata: chunk.clone(),
            bloom_filter,
            column_index: None,
            offset_index: None,
        };
        output.append_column(source, copied).map_err(unwritable)
    }

    /// Decodes a column and writes the rows that stay.
    fn copy_rows<W: Write + Send>(
        &self,
        column: usize,
        output: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        use ColumnReader as R;
        use ColumnWriter as C;
        let chunk = self.opened.metadata.row_group(self.group).column(column);
        let pages = self.opened.pages(self.group, column)?;
        let reader = get_column_reader(chunk.column_descr_ptr(), pages);
        let (kept, step) = (&self.kept, step(chunk));
        let mut writer = next_column(output)?;
        match (reader, writer.untyped()) {
            (R::BoolColumnReader(from), C::BoolColumnWriter(to)) => copy(from, to, kept, step),
            (R::Int32ColumnReader(from), C::Int32ColumnWriter(to)) => copy(from, to, kept, step),
            (R::Int64ColumnReader(from), C::Int64ColumnWriter(to)) => copy(from, to, kept, step),
            (R::Int96ColumnReader(from), C::Int96ColumnWriter(to)) => copy(from, to, kept, step),
            (R::FloatColumnReader(from), C::FloatColumnWriter(to)) => copy(from, to, kept, step),
            (R::DoubleColumnReader(from), C::DoubleColumnWriter(to)) => copy(from, to, kept, step),
            (R::ByteArrayColumnReader(from), C::ByteArrayColumnWriter(to)) => {
                copy(from, to, kept, step)
            }
            (R::FixedLenByteArrayColumnReader(from), C::FixedLenByteArrayColumnWriter(to)) => {
                copy(from, to, kept, step)
            }
            _ => Err(CrateError::General("the group is from another file".to_owned())),
        }
        .map_err(|error| unreadable(place(self.group, chunk), error))?;
        writer.close().map_err(unwritable)
    }

    fn write_added<W: Write + Send>(
        &self,
        output: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        let string = |row| self.added.get(row).and_then(Option::as_deref).map(ByteArray::from);
        let strings: Vec<Option<ByteArray>> = (0..self.rows()).map(string).collect();
        let levels: Vec<i16> = strings.iter().map(|string| i16::from(string.is_some())).collect();
        write_values(output, &self.kept, &levels, &strings)
    }
}

fn next_column<'o, W: Write + Send>(
    output: &'o mut SerializedRowGroupWriter<'_, W>,
) -> Result<SerializedColumnWriter<'o>, ParquetError> {
    let missing = || ParquetError::Unwritable("the group is from another file".to_owned());
    output.next_column().map_err(unwritable)?.ok_or_else(missing)
}

/// Writes the values of the rows that stay; without levels, none can be null.
fn write_values<W: Write + Send>(
    output: &mut SerializedRowGroupWriter<'_, W>,
    kept: &[bool],
    levels: &[i16],
    values: &[Option<ByteArray>],
) -> Result<(), ParquetError> {
    let mut writer = next_column(output)?;
    let column = writer.typed::<ByteArrayType>();
    let rows: Vec<usize> = (0..values.len()).filter(|row| kept[*row]).collect();
    for rows in rows.chunks(STEP) {
        let present: Vec<ByteArray> = rows.iter().filter_map(|row| values[*row].clone()).collect();
        let levels: Vec<i16> = rows.iter().filter_map(|row| levels.get(*row).copied()).collect();
        let levels = (!levels.is_empty()).then_some(&levels[..]);
        column.write_batch(&present, levels, None).map_err(unwritable)?;
    }
    writer.close().map_err(unwritable)
}

/// Copies the records that stay, a list being one record. A record begins where the
/// repetition level is 0; a value stands where the definition level is the highest.
fn copy<T: DataType>(
    mut from: ColumnReaderImpl<T>,
    to: &mut ColumnWriterImpl<'_, T>,
    kept: &[bool],
    step: usize,
) -> Result<(), CrateError> {
    let descriptor = to.get_descriptor();
    let (most, nested) = (descriptor.max_def_level(), descriptor.max_rep_level() > 0);
    let mut rows = 0;
    loop {
        let (mut defs, mut reps, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (records, _, levels) =
            from.read_records(step, Some(&mut defs), Some(&mut reps), &mut values)?;
        if records == 0 {
            break;
        }
        if reps.first().is_some_and(|level| *level > 0) {
            return Err(CrateError::General("a list goes on that never began".to_owned()));
        }
        let keep = kept.get(rows..rows + records);
        let keep = keep.ok_or_else(|| CrateError::General("too many rows".to_owned()))?;
        rows += records;
        let mut record = 0;
        let staying: Vec<bool> = (0..levels)
            .map(|level| {
                record += usize::from(level > 0 && (!nested || reps[level] == 0));
                keep[record]
            })
            .collect();
        let present = |level: &usize| most == 0 || defs[*level] == most;
        let mut of_values = (0..levels).filter(present).map(|level| staying[level]);
        values.retain(|_| of_values.next().unwrap_or(false));
        for levels in [&mut defs, &mut reps] {
            let mut staying = staying.iter();
            levels.retain(|_| *staying.next().unwrap_or(&false));
        }
        to.write_batch(&values, (most > 0).then_some(&defs), nested.then_some(&reps))?;
    }
    if rows == kept.len() {
        Ok(())
    } else {
        Err(CrateError::General(format!("{rows} rows of {}", kept.len())))
    }
}

/// The schema with a column of strings at the end.
fn with_column(schema: &TypePtr, name: &str) -> Result<TypePtr, ParquetError> {
    let mut fields = schema.get_fields().to_vec();
    if fields.iter().any(|field| field.name() == name) {
        return Err(ParquetError::NameTaken(name.to_owned()));
    }
    let column = Node::primitive_type_builder(name, Type::BYTE_ARRAY)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::String))
        .build();
    fields.push(Arc::new(column.map_err(unwritable)?));
    let schema = Node::group_type_builder(schema.name()).with_fields(fields).build();
    Ok(Arc::new(schema.map_err(unwritable)?))
}

/// How the columns that are not copied are written: as in the first row group.
fn properties(opened: &Opened, added: Option<&str>) -> WriterProperties {
    let Opened { metadata, columns, .. } = opened;
    let file = metadata.file_metadata();
    let fits = |pair: &KeyValue| added.is_none() || !SCHEMA_COPIES.contains(&pair.key.as_str());
    let pairs = file.key_value_metadata();
    let pairs = pairs.map(|pairs| pairs.iter().filter(|pair| fits(pair)).cloned().collect());
    let mut builder = WriterProperties::builder()
        .set_key_value_metadata(pairs)
        .set_offset_index_disabled(true)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    // Readers know the faults of a writer by its name, and copied columns have them.
    if let Some(name) = file.created_by() {
        builder = builder.set_created_by(name.to_owned());
    }
    let Some(first) = metadata.row_groups().first() else { return builder.build() };
    for column in first.columns() {
        let path = column.column_path().clone();
        builder = like(builder, path, column);
    }
    if let Some(name) = added {
        let path = ColumnPath::from(name);
        builder = builder.set_column_compression(path, first.column(columns.text).compression());
    }
    let sorting = first.sorting_columns().map(|sorting| {
        let before = |column: &usize| *column != columns.text;
        let sorted = sorting.iter().take_while(|by| before(&(by.column_idx as usize)));
        sorted.cloned().collect::<Vec<_>>()
    });
    builder.set_sorting_columns(sorting.filter(|sorting| !sorting.is_empty())).build()
}

/// Lets a column be packed, encoded and described as it was.
fn like(
    builder: WriterPropertiesBuilder,
    path: ColumnPath,
    column: &ColumnChunkMetaData,
) -> WriterPropertiesBuilder {
    let described = column.statistics().is_some();
    let statistics = if described { EnabledStatistics::Chunk } else { EnabledStatistics::None };
    let dictionary = |e| matches!(e, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    let builder = match column.encodings().find(|encoding| SPECIAL.contains(encoding)) {
        Some(encoding) => builder.set_column_encoding(path.clone(), encoding),
        None => builder,
    };
    builder
        .set_column_compression(path.clone(), column.compression())
        .set_column_dictionary_enabled(path.clone(), column.encodings().any(dictionary))
        .set_column_statistics_enabled(path, statistics)
}
