//! What comes out, seen through Arrow as others would see it.

use std::io::{self, Cursor, Write};
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type as Int32Key;
use arrow_array::*;
use arrow_schema::{DataType, Field, Fields as ArrowFields};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::*;
use crate::formats::jsonl::Fields;

const TEXTS: [Option<&str>; 4] = [Some("one"), None, Some(""), Some("a\nb\nc")];

pub(super) fn open(bytes: &[u8], text: &str) -> Result<Reader, ParquetError> {
    let url = Some("url".to_owned());
    let fields = Fields { text: text.to_owned(), url, ..Fields::default() };
    Reader::open(Cursor::new(bytes.to_vec()), &fields)
}

/// A file with a row group for each batch.
pub(super) fn file(groups: &[RecordBatch], properties: WriterProperties) -> Vec<u8> {
    let schema = groups[0].schema();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), schema, Some(properties)).expect("the schema fits");
    for group in groups {
        writer.write(group).expect("memory can be written");
        writer.flush().expect("memory can be written");
    }
    writer.into_inner().expect("memory can be written")
}

pub(super) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are as long")
}

/// A file whose one column is `text`.
pub(super) fn text_file(text: ArrayRef) -> Vec<u8> {
    file(&[batch(vec![("text", text)])], WriterProperties::default())
}

/// Passes a file through, each row group changed by `change`.
pub(super) fn pass(
    bytes: &[u8],
    text: &str,
    added: Option<&str>,
    mut change: impl FnMut(&mut RowGroup),
) -> Result<Vec<u8>, ParquetError> {
    let reader = open(bytes, text)?;
    let mut writer = Writer::new(Vec::new(), &reader, added)?;
    for group in 0..reader.row_groups() {
        let mut group = reader.read(group)?;
        change(&mut group);
        writer.write(&group)?;
    }
    writer.finish()
}

/// The rows of a row group that Arrow reads, all or every third from the second on.
fn arrow(bytes: &[u8], group: usize, thirds: bool) -> RecordBatch {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Arrow can open it");
    let mut builder = builder.with_row_groups(vec![group]).with_batch_size(1 << 20);
    if thirds {
        let rows = builder.metadata().row_group(group).num_rows() as usize;
        let select = |row| match row % 3 {
            1 => RowSelector::select(1),
            _ => RowSelector::skip(1),
        };
        builder = builder.with_row_selection(RowSelection::from_iter((0..rows).map(select)));
    }
    let mut batches = builder.build().expect("Arrow can read it");
    batches.next().expect("there is a batch").expect("Arrow can decode it")
}

fn metadata(bytes: &[u8]) -> ParquetMetaData {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    ParquetMetaDataReader::new().parse_and_finish(&bytes).expect("there is a footer")
}

/// The texts of the first row group.
fn texts(bytes: &[u8], text: &str) -> Vec<Option<String>> {
    let group = open(bytes, text).and_then(|reader| reader.read(0)).expect("it reads");
    let text = |row| Some(String::from_utf8_lossy(group.text(row)?).into_owned());
    (0..group.rows()).map(text).collect()
}

/// Keeps the rows that [`arrow`] keeps.
fn keep_thirds(group: &mut RowGroup) {
    (0..group.rows()).filter(|row| row % 3 != 1).for_each(|row| group.drop_row(row));
}

#[test]
fn every_type_of_text_keeps_its_type() {
    let texts_of = TEXTS.to_vec();
    let bytes_of: Vec<_> = TEXTS.iter().map(|text| text.map(str::as_bytes)).collect();
    let keys: DictionaryArray<Int32Key> = TEXTS.into_iter().collect();
    let large: LargeStringArray = keys.values().as_string::<i32>().iter().collect();
    let arrays: [ArrayRef; 8] = [
        Arc::new(StringArray::from(texts_of.clone())),
        Arc::new(LargeStringArray::from(texts_of.clone())),
        Arc::new(StringViewArray::from(texts_of)),
        Arc::new(BinaryArray::from(bytes_of.clone())),
        Arc::new(LargeBinaryArray::from(bytes_of.clone())),
        Arc::new(BinaryViewArray::from(bytes_of)),
        Arc::new(DictionaryArray::new(keys.keys().clone(), Arc::new(large))),
        Arc::new(keys),
    ];
    for array in arrays {
        let before = text_file(array);
        let passed = pass(&before, "text", None, |group| {
            group.drop_row(2);
            group.set_text(1, b"a null stays".to_vec());
            group.set_text(3, b"b\nc".to_vec());
        });
        let passed = passed.expect("it passes");
        let expected = [Some("one"), None, Some("b\nc")].map(|text| text.map(str::to_owned));
        assert_eq!(texts(&passed, "text"), expected);
        assert_eq!(arrow(&passed, 0, false).schema(), arrow(&before, 0, false).schema());
        assert_eq!(arrow(&passed, 0, false).num_rows(), 3);
    }
}

#[test]
fn bytes_need_not_be_valid_utf_8() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"\xff\xfe", b"\xff\nspam\xfe"]));
    let passed = pass(&text_file(bytes), "text", None, |group| {
        assert_eq!(group.text(1), Some(&b"\xff\nspam\xfe"[..]));
        group.set_text(1, b"\xff\n".to_vec());
    });
    let passed = arrow(&passed.expect("it passes"), 0, false);
    let expected: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"\xff\xfe", b"\xff\n"]));
    assert_eq!(passed.column(0), &expected);
}

/// Columns of many types, seven rows from `start` on.
pub(super) fn many_types(start: i32) -> RecordBatch {
    let n = || start..start + 7;
    let odd = |n: i32| (n % 3 != 1).then_some(n);
    let text = n().map(|n| odd(n).map(|n| format!("Paragraph {n}.\n{}", "Spam! ".repeat(9))));
    let mut list = ListBuilder::new(Int32Builder::new());
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for n in n() {
        list.append_option(odd(n).map(|n| (0..n % 4).map(odd)));
        for key in 0..n % 3 {
            map.keys().append_value(format!("k{key}"));
            map.values().append_option(odd(key));
        }
        map.append(true).expect("keys and values have the same length");
    }
    let inner: ArrayRef = Arc::new(n().map(odd).collect::<Int32Array>());
    let words: ArrayRef =
        Arc::new(n().map(|n| odd(n).map(|n| n.to_string())).collect::<StringArray>());
    let nested = StructArray::from(vec![
        (Arc::new(Field::new("inner", DataType::Int32, true)), inner.clone()),
        (Arc::new(Field::new("body", DataType::Utf8, true)), words.clone()),
    ]);
    let float = |n: i32| if n % 2 == 0 { f64::NAN } else { f64::from(n) / 3.0 };
    let instants: TimestampMicrosecondArray = n().map(|n| odd(n).map(i64::from)).collect();
    let decimals: Decimal128Array = n().map(|n| odd(n).map(i128::from)).collect();
    batch(vec![
        ("id", Arc::new(n().map(|n| u64::MAX - n as u64).collect::<UInt64Array>())),
        ("text", Arc::new(text.collect::<StringArray>())),
        (
            "url",
            Arc::new(
                n().map(|n| odd(n).map(|n| format!("https://a.org/{n}")))
                    .collect::<StringViewArray>(),
            ),
        ),
        ("int", inner),
        ("bool", Arc::new(n().map(|n| odd(n).map(|n| n > 3)).collect::<BooleanArray>())),
        ("float", Arc::new(n().map(|n| float(n) as f32).collect::<Float32Array>())),
        ("double", Arc::new(n().map(float).collect::<Float64Array>())),
        ("decimal", Arc::new(decimals.with_precision_and_scale(30, 4).expect("it fits"))),
        ("instant", Arc::new(instants.with_timezone("Europe/Berlin"))),
        ("day", Arc::new(n().map(odd).collect::<Date32Array>())),
        (
            "took",
            Arc::new(n().map(|n| odd(n).map(i64::from)).collect::<DurationMillisecondArray>()),
        ),
        ("list", Arc::new(list.finish())),
        ("map", Arc::new(map.finish())),
        ("struct", Arc::new(nested)),
        ("words", words),
        (
            "kind",
            Arc::new(
                n().map(|n| ["x", "y"][n as usize % 2]).collect::<DictionaryArray<Int32Key>>(),
            ),
        ),
        ("null", Arc::new(NullArray::new(7))),
        (
            "fixed",
            Arc::new(
                FixedSizeBinaryArray::try_from_iter(n().map(|n| n.to_le_bytes()))
                    .expect("four bytes each"),
            ),
        ),
    ])
}

pub(super) fn many_properties() -> WriterProperties {
    let pairs = [("pandas", Some("{\"index_columns\": []}")), ("empty", None)];
    let pairs = pairs.map(|(key, value)| KeyValue::new(key.to_owned(), value.map(str::to_owned)));
    let zstd = ZstdLevel::try_new(5).expect("a level");
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression("text".into(), Compression::ZSTD(zstd))
        .set_column_compression("int".into(), Compression::UNCOMPRESSED)
        .set_column_compression("words".into(), Compression::LZ4_RAW)
        .set_column_compression("double".into(), Compression::GZIP(GzipLevel::default()))
        .set_column_compression("url".into(), Compression::BROTLI(BrotliLevel::default()))
        .set_column_encoding("float".into(), Encoding::BYTE_STREAM_SPLIT)
        .set_column_dictionary_enabled("float".into(), false)
        .set_column_bloom_filter_enabled("words".into(), true)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: 0,
            descending: true,
            nulls_first: false,
        }]))
        .set_key_value_metadata(Some(pairs.to_vec()))
        .set_created_by("another writer version 1.2.3".to_owned())
        .build()
}

/// What readers are told of a file, besides places and sizes.
fn told(metadata: &ParquetMetaData) -> impl PartialEq + std::fmt::Debug + use<> {
    let file = metadata.file_metadata();
    let groups = metadata.row_groups().iter().map(|group| {
        let columns = group.columns().iter().map(|column| {
            let encodings = column.encodings().collect::<Vec<_>>();
            (column.compression_codec(), encodings, column.statistics().is_some())
        });
        (columns.collect::<Vec<_>>(), group.sorting_columns().cloned())
    });
    (
        file.schema().clone(),
        file.key_value_metadata().cloned(),
        file.created_by().map(str::to_owned),
        groups.collect::<Vec<_>>(),
    )
}

#[test]
fn columns_that_nobody_touched_keep_every_byte() {
    let before = file(&[many_types(0), many_types(7)], many_properties());
    let passed = pass(&before, "text", None, |_| {}).expect("it passes");
    let changed = pass(&before, "text", None, |group| group.set_text(2, b"new".to_vec()));
    for (after, text_stays) in [(passed, true), (changed.expect("it passes"), false)] {
        let (old, new) = (metadata(&before), metadata(&after));
        assert_eq!(told(&new), told(&old));
        for (old, new) in old.row_groups().iter().zip(new.row_groups()) {
            for (old, new) in old.columns().iter().zip(new.columns()) {
                let bytes = |file: &[u8], (start, length): (u64, u64)| {
                    file[start as usize..][..length as usize].to_vec()
                };
                let same = bytes(&before, old.byte_range()) == bytes(&after, new.byte_range());
                let stays = text_stays || old.column_path().string() != "text";
                assert_eq!(same, stays, "{}", old.column_path());
                assert_eq!(new.bloom_filter_length(), old.bloom_filter_length());
                assert_eq!(new.statistics() == old.statistics(), stays);
            }
        }
    }
}

#[test]
fn rows_go_from_all_columns() {
    let rows = [many_types(0), many_types(7), many_types(14)];
    let v2 = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(false)
        .set_column_encoding("text".into(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
        .set_max_row_group_row_count(None);
    for (properties, same) in [(many_properties(), true), (v2.build(), false)] {
        let before = file(&rows, properties);
        let passed = pass(&before, "text", None, keep_thirds).expect("it passes");
        // Version 2 encodes truth values otherwise.
        assert_eq!(told(&metadata(&passed)) == told(&metadata(&before)), same);
        for group in 0..rows.len() {
            assert_eq!(arrow(&passed, group, false), arrow(&before, group, true));
        }
    }
}

#[test]
fn a_group_without_rows_is_left_out_only_if_it_had_some() {
    let before = file(&[many_types(0), many_types(7)], many_properties());
    let mut group = 0;
    let passed = pass(&before, "text", None, |rows| {
        group += 1;
        (0..rows.rows()).filter(|_| group == 1).for_each(|row| rows.drop_row(row));
    });
    let passed = passed.expect("it passes");
    assert_eq!(metadata(&passed).num_row_groups(), 1);
    assert_eq!(arrow(&passed, 0, false), arrow(&before, 1, false));

    let none = file(&[many_types(0)], many_properties());
    let none = pass(&none, "text", None, |g| (0..7).for_each(|row| g.drop_row(row)));
    let none = none.expect("it passes");
    assert_eq!(metadata(&none).num_row_groups(), 0);
    let again = pass(&none, "text", None, keep_thirds).expect("it passes");
    assert_eq!(metadata(&again).file_metadata().schema(), metadata(&none).file_metadata().schema());
}

#[test]
fn texts_may_be_nested_all_null_or_never_null() {
    let before = file(&[many_types(0)], many_properties());
    let cut = pass(&before, "struct.body", None, |group| {
        group.drop_row(0);
        group.set_text(2, b"cut".to_vec());
    });
    let expected = [None, Some("cut"), Some("3"), None, Some("5"), Some("6")];
    let expected = expected.map(|text| text.map(str::to_owned));
    assert_eq!(texts(&cut.expect("it passes"), "struct.body"), expected);

    let nulls = text_file(Arc::new(StringArray::new_null(9)));
    let passed = pass(&nulls, "text", None, keep_thirds).expect("it passes");
    assert_eq!(texts(&passed, "text"), [const { None }; 3]);

    let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let full = RecordBatch::try_from_iter_with_nullable([("text", text, false)]);
    let full = file(&[full.expect("it fits")], WriterProperties::default());
    let passed = pass(&full, "text", None, |group| group.set_text(1, b"c".to_vec()));
    let passed = passed.expect("it passes");
    assert_eq!(texts(&passed, "text"), ["a", "c"].map(|text| Some(text.to_owned())));
    assert_eq!(arrow(&passed, 0, false).schema(), arrow(&full, 0, false).schema());
}

#[test]
fn ids_and_addresses_are_found() {
    let before = file(&[many_types(0)], many_properties());
    let group = open(&before, "text").and_then(|reader| reader.read(0)).expect("it reads");
    assert_eq!(group.id(0), Some("18446744073709551615"));
    assert_eq!((group.url(0), group.url(1)), (Some("https://a.org/0"), None));
    assert_eq!((group.id(7), group.url(7), group.text(7)), (None, None, None));
    let id_of = |id: &str| {
        let fields = Fields { id: id.to_owned(), ..Fields::default() };
        let reader = Reader::open(Cursor::new(before.clone()), &fields).expect("it opens");
        reader.read(0).expect("it reads").id(6).map(str::to_owned)
    };
    assert_eq!(id_of("struct.body").as_deref(), Some("\"6\""));
    assert_eq!(id_of("int").as_deref(), Some("6"));
    assert_eq!(["day", "list", "none", "double"].map(id_of), [const { None }; 4]);
}

#[test]
fn a_column_is_added_at_the_end() {
    let before = file(&[many_types(0), many_types(7)], many_properties());
    let passed = pass(&before, "text", Some("why"), |group| {
        group.set_added((0..group.rows()).map(|row| Some(format!("w{row}"))).collect());
        group.drop_row(0);
    });
    let passed = passed.expect("it passes");
    let added = arrow(&passed, 1, false);
    let column = added.columns().last().expect("there are columns");
    let expected = StringArray::from(vec!["w1", "w2", "w3", "w4", "w5", "w6"]);
    assert_eq!(column.as_string::<i32>(), &expected);
    let pairs = metadata(&passed).file_metadata().key_value_metadata().cloned();
    let keys: Vec<String> = pairs.into_iter().flatten().map(|pair| pair.key).collect();
    assert_eq!(keys, ["pandas", "empty"]);
    let taken = pass(&before, "text", Some("url"), |_| {});
    assert!(matches!(taken, Err(ParquetError::NameTaken(_))));
}

#[test]
fn a_column_that_is_no_text_is_named() {
    let before = file(&[many_types(0)], many_properties());
    let error = |text| open(&before, text).err().expect("it is no text").to_string();
    assert!(error("body").starts_with("no column \"body\": the file has id, text, url, int,"));
    assert_eq!(error("struct"), "column \"struct\" is a struct, not strings or bytes");
    assert_eq!(error("list"), "column \"list\" is a list, not strings or bytes");
    assert_eq!(error("map"), "column \"map\" is a map, not strings or bytes");
    assert_eq!(error("double"), "column \"double\" is DOUBLE, not strings or bytes");
    assert!(error("map.entries.keys").contains("is a list of BYTE_ARRAY (String)"));
    let twice = ArrowFields::from(vec![Field::new("text", DataType::Utf8, true); 2]);
    let array: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let twice = RecordBatch::from(StructArray::new(twice, vec![array.clone(), array], None));
    let twice = file(&[twice], WriterProperties::default());
    assert!(matches!(open(&twice, "text"), Err(ParquetError::TwoColumns(_))));
}

#[test]
fn an_output_that_fails_is_the_systems_complaint() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let before = file(&[many_types(0), many_types(7)], many_properties());
    let reader = open(&before, "text").expect("it opens");
    let group = reader.read(0).expect("it reads");
    let most = pass(&before, "text", None, |_| {}).expect("it passes").len();
    for room in (0..most - 500).step_by(500) {
        let result = Writer::new(Full(room), &reader, None).and_then(|mut writer| {
            writer.write(&group)?;
            writer.write(&reader.read(1)?)?;
            writer.finish().map(drop)
        });
        let error = result.expect_err("there is no room").to_string();
        assert!(error.contains("no storage space"), "{room}: {error}");
    }
}

#[test]
fn threads_may_share_what_they_need() {
    fn shared<T: Send + Sync>() {}
    shared::<Reader>();
    shared::<RowGroup>();
    fn sent<T: Send>() {}
    sent::<Writer<Vec<u8>>>();
}
