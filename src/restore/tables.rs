//! Putting removed paragraphs back into a column of a Parquet file.

use std::io::{BufRead, Write};

use super::{Change, Kind, RestoreError, check_bytes, read_removed, restore_record};
use crate::formats::Format;
use crate::formats::compression::Checksum;
use crate::formats::parquet::{Reader, Writer};

/// Writes a Parquet file with the texts that the original of `cleaned` had. The other
/// columns are those of `cleaned`, which are those of the original; a column that was
/// added stays. The bytes of the file may differ from those of the original.
///
/// `removed` are the audit rows, `source` which source of the rows it is if they are of
/// several.
///
/// # Errors
///
/// If rows of the original were left out, for only their texts are known.
pub fn restore_parquet(
    cleaned: &Reader,
    removed: &mut dyn BufRead,
    source: Option<&str>,
    out: &mut (dyn Write + Send),
) -> Result<(), RestoreError> {
    let (end, changes) = read_removed(removed, source)?;
    if end.format != Format::Parquet.name() {
        let cause = format!("it is a Parquet file, and they are of the form {}", end.format);
        return Err(RestoreError::Mismatch(cause));
    }
    let is_dropped = |change: &&Change| matches!(change.kind, Kind::Dropped(_));
    match changes.iter().filter(is_dropped).count() {
        0 => {}
        dropped => return Err(RestoreError::DroppedRows(dropped)),
    }
    let mut rest = changes.as_slice();
    let (mut record, mut bytes, mut checksum) = (0, 0, Checksum::default());
    let mut writer = Writer::new(out, cleaned, None)?;
    for group in 0..cleaned.row_groups() {
        let mut group = cleaned.read(group)?;
        for row in 0..group.rows() {
            record += 1;
            let count = rest.iter().take_while(|change| change.record == record).count();
            let (these, others) = rest.split_at(count);
            let Some(mut text) = group.text(row) else { continue };
            if these.is_empty() {
                bytes += text.len() as u64;
                checksum.add(text);
                continue;
            }
            let mut restored = Vec::new();
            restore_record(&mut text, these, &mut restored)?;
            bytes += restored.len() as u64;
            checksum.add(&restored);
            group.set_text(row, restored);
            rest = others;
        }
        writer.write(&group)?;
    }
    writer.finish()?;
    if record != end.records || !rest.is_empty() {
        let cause = format!("{record} rows instead of {}", end.records);
        return Err(RestoreError::Mismatch(cause));
    }
    check_bytes(bytes, &checksum, &end)
}
