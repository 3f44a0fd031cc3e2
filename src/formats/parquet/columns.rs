//! Finding the columns that are looked at, and naming what they are.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type as Node};

use super::ParquetError;
use crate::formats::jsonl::Fields;

/// Names that an error lists at most.
const LISTED: usize = 50;

/// Which leaves of the schema are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) text: usize,
    pub(super) id: Option<usize>,
    pub(super) url: Option<usize>,
}

impl Columns {
    pub(super) fn find(schema: &SchemaDescriptor, fields: &Fields) -> Result<Self, ParquetError> {
        let name = &fields.text;
        let mut named = with_path(schema, name);
        let text = named.next().ok_or_else(|| missing(schema, name))?;
        if named.next().is_some() {
            return Err(ParquetError::TwoColumns(name.clone()));
        }
        let column = schema.column(text);
        if !is_text(&column) {
            return Err(ParquetError::NotText { name: name.clone(), found: leaf_kind(&column) });
        }
        let id = with_path(schema, &fields.id).next();
        let id = id.filter(|id| is_text(&schema.column(*id)) || is_integer(&schema.column(*id)));
        let url = fields.url.as_ref().and_then(|url| with_path(schema, url).next());
        let url = url.filter(|url| is_text(&schema.column(*url)));
        Ok(Columns { text, id, url })
    }
}

/// The leaves with a path such as `text` or `a.b`.
fn with_path(schema: &SchemaDescriptor, name: &str) -> impl Iterator<Item = usize> {
    (0..schema.num_columns()).filter(move |leaf| schema.column(*leaf).path().string() == name)
}

/// Whether a column has strings or bytes, one a row. The Arrow types for that
/// (large, view, dictionary, ...) are all the same to Parquet.
pub(super) fn is_text(column: &ColumnDescriptor) -> bool {
    let plain = match column.logical_type_ref() {
        Some(kind) => *kind == LogicalType::String,
        None => matches!(column.converted_type(), ConvertedType::NONE | ConvertedType::UTF8),
    };
    plain && column.physical_type() == Type::BYTE_ARRAY && column.max_rep_level() == 0
}

/// Whether a column has integers, one a row.
fn is_integer(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    let plain = matches!(column.logical_type_ref(), None | Some(LogicalType::Integer(_)))
        && (is_unsigned(column)
            || matches!(
                column.converted_type(),
                C::NONE | C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64
            ));
    plain
        && matches!(column.physical_type(), Type::INT32 | Type::INT64)
        && column.max_rep_level() == 0
}

pub(super) fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    match column.logical_type_ref() {
        Some(LogicalType::Integer(kind)) => !kind.is_signed,
        _ => matches!(column.converted_type(), C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64),
    }
}

/// What to say of a leaf that is no text.
fn leaf_kind(column: &ColumnDescriptor) -> String {
    let physical = column.physical_type();
    let meaning = match (column.logical_type_ref(), column.converted_type()) {
        (Some(kind), _) => format!(" ({kind:?})"),
        (None, ConvertedType::NONE) => String::new(),
        (None, kind) => format!(" ({kind})"),
    };
    let repeated = if column.max_rep_level() > 0 { "a list of " } else { "" };
    format!("{repeated}{physical}{meaning}")
}

/// Why no leaf has the name: it may be that of a group.
fn missing(schema: &SchemaDescriptor, name: &str) -> ParquetError {
    let mut node = Some(schema.root_schema());
    for part in name.split('.') {
        let fields = node.filter(|node| node.is_group()).map_or(&[][..], Node::get_fields);
        node = fields.iter().find(|field| field.name() == part).map(AsRef::as_ref);
    }
    if let Some(group) = node {
        let found = group_kind(group).to_owned();
        return ParquetError::NotText { name: name.to_owned(), found };
    }
    let mut there: Vec<String> =
        schema.columns().iter().take(LISTED).map(|column| column.path().string()).collect();
    match schema.num_columns() {
        0 => there.push("none".to_owned()),
        all if all > LISTED => there.push(format!("{} more", all - LISTED)),
        _ => {}
    }
    ParquetError::NoColumn { name: name.to_owned(), there: there.join(", ") }
}

fn group_kind(group: &Node) -> &'static str {
    let info = group.get_basic_info();
    match (info.logical_type_ref(), info.converted_type()) {
        (Some(LogicalType::List), _) | (None, ConvertedType::LIST) => "a list",
        (Some(LogicalType::Map), _) | (None, ConvertedType::MAP) => "a map",
        _ => "a struct",
    }
}
