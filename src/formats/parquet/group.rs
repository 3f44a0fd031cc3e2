//! A row group with its text decoded, and what is to be changed in it.

use std::sync::Arc;

use parquet::data_type::ByteArray;

use super::reader::Opened;

/// A row group: the text of each row, perhaps ids and addresses, and a reference to
/// the file, from which [`Writer::write`](super::Writer::write) takes all else.
///
/// Rows are numbered from 0, and keep their numbers if others are dropped.
pub struct RowGroup {
    pub(super) opened: Arc<Opened>,
    pub(super) group: usize,
    /// For each row whether it stays.
    pub(super) kept: Vec<bool>,
    /// Whether a text differs from that in the file.
    pub(super) changed: bool,
    /// Definition levels of the text; empty if it cannot be null.
    pub(super) levels: Vec<i16>,
    pub(super) texts: Vec<Option<ByteArray>>,
    /// Empty if there is no such column.
    pub(super) ids: Vec<Option<String>>,
    /// Empty if there is no such column.
    pub(super) urls: Vec<Option<ByteArray>>,
    /// Strings for the column that the writer adds; rows beyond the end have none.
    pub(super) added: Vec<Option<String>>,
}

impl RowGroup {
    /// How many rows there are, dropped ones included.
    pub fn rows(&self) -> usize {
        self.texts.len()
    }

    /// The text of a row; `None` if it is null. The bytes may be invalid UTF-8, even in a
    /// column of strings.
    pub fn text(&self, row: usize) -> Option<&[u8]> {
        Some(self.texts.get(row)?.as_ref()?.data())
    }

    /// The id of a row as JSON, a string or a number; `None` if it is null or invalid
    /// UTF-8, or there is no column of ids.
    pub fn id(&self, row: usize) -> Option<&str> {
        self.ids.get(row)?.as_deref()
    }

    /// The URL of a row; `None` if it is null or invalid UTF-8, or no column of URLs was
    /// looked for or found.
    pub fn url(&self, row: usize) -> Option<&str> {
        std::str::from_utf8(self.urls.get(row)?.as_ref()?.data()).ok()
    }

    /// Puts another text in place; a null stays null. If no text of the group differs,
    /// the column stays as it is, byte for byte.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn set_text(&mut self, row: usize, text: Vec<u8>) {
        if let Some(old) = &mut self.texts[row]
            && old.data() != text
        {
            *old = ByteArray::from(text);
            self.changed = true;
        }
    }

    /// Leaves a row out.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn drop_row(&mut self, row: usize) {
        self.kept[row] = false;
    }

    /// Sets a string or null for each row in the column that the
    /// [`Writer`](super::Writer) was told to add.
    pub fn set_added(&mut self, strings: Vec<Option<String>>) {
        self.added = strings;
    }

    /// Whether all rows stay.
    pub(super) fn is_whole(&self) -> bool {
        self.kept.iter().all(|kept| *kept)
    }
}
