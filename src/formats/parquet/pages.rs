//! The footer and the pages of a column, whose claims are checked before the crate
//! sees them.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError as CrateError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::claims::{Claims, SLACK};
use super::source::Source;

/// Bytes of a footer at most. That of a file with 1,000 columns in 1,000 row groups has
/// some 100 MiB.
const MAX_FOOTER: u64 = 256 << 20;

fn damaged(what: &str) -> CrateError {
    CrateError::General(what.to_owned())
}

/// Checks the form of the footer. Faults in what it says are left to the crate.
pub(super) fn check_footer(source: &Source) -> Result<()> {
    let Some(end) = source.len().checked_sub(8) else { return Ok(()) };
    let tail = source.get_bytes(end, 8)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let Some(start) = end.checked_sub(length).filter(|_| tail.ends_with(b"PAR1")) else {
        return Ok(());
    };
    if length > MAX_FOOTER {
        return Err(CrateError::General(format!("{length} bytes, more than {MAX_FOOTER}")));
    }
    let footer = source.get_bytes(start, usize::try_from(length)?)?;
    Claims(&footer).footer().ok_or_else(|| damaged("it is damaged"))
}

/// The pages of a column chunk, whose place and size were checked.
pub(super) fn read(source: &Source, column: &ColumnChunkMetaData, rows: usize) -> Result<Pages> {
    let (start, length) = column.byte_range();
    let bytes = source.get_bytes(start, usize::try_from(length)?)?;
    let most = column.uncompressed_size().unsigned_abs() + SLACK;
    let mut rest = Claims(&bytes);
    while !rest.0.is_empty() {
        let page = rest.page(most);
        page.ok_or_else(|| damaged("a page header is damaged, or larger than its column"))?;
    }
    // The bytes start with the column, so that its pages are found from 0 on.
    let moved = column.clone().into_builder().set_dictionary_page_offset(None);
    let moved = moved.set_data_page_offset(0).build()?;
    let pages = SerializedPageReader::new(bytes.into(), &moved, rows, None)?;
    Ok(Pages { pages, column: column.clone() })
}

/// The pages of a column, each checked before its values are decoded.
pub(super) struct Pages {
    pages: SerializedPageReader<Bytes>,
    column: ColumnChunkMetaData,
}

impl Pages {
    fn check(&self, page: &Page) -> bool {
        let values = page.num_values() as usize;
        let bytes = page.buffer();
        if page.is_dictionary_page() {
            // A value has a byte at least; a fixed length of 0 needs but one value.
            return values <= bytes.len().max(1);
        }
        let streams = match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => 0,
        };
        let mut rest = Claims(bytes);
        values as u64 <= self.column.num_values().unsigned_abs()
            && (streams == 0 || self.skip_levels(page, &mut rest).is_some())
            && (0..streams).all(|_| rest.skip_delta(values as u64).is_some())
    }

    /// Skips the levels, which lie before the values.
    fn skip_levels(&self, page: &Page, rest: &mut Claims) -> Option<()> {
        match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                rest.take(u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len))?;
            }
            _ => {
                let column = self.column.column_descr();
                for level in [column.max_rep_level(), column.max_def_level()] {
                    if level > 0 {
                        let length = rest.take(4)?.try_into().ok()?;
                        rest.take(u32::from_le_bytes(length).into())?;
                    }
                }
            }
        }
        Some(())
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if page.as_ref().is_none_or(|page| self.check(page)) {
            return Ok(page);
        }
        Err(damaged("a page has more values than its column or its bytes"))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
