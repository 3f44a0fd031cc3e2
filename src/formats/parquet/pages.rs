//! What a damaged file claims, checked before memory is reserved for it.
//!
//! The crate believes the footer, the headers of pages and the delta encodings of
//! strings when they say how many items will follow. A few wrong bytes there could ask
//! for more memory than there is, which would end the program. So the claims are read
//! here first and held against the bytes that there are, and against what the footer
//! says of the whole column.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError as CrateError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::source::Source;

/// Bytes that a page may have beyond what the footer says of its column: a writer may
/// have forgotten to count the dictionary, which most end at 1 MiB.
const SLACK: u64 = 1 << 20;
/// Bytes of a footer at most. That of a file with 1,000 columns in 1,000 row groups has
/// some 100 MiB.
const MAX_FOOTER: u64 = 256 << 20;
/// How deep structures may lie in one another; Parquet needs no ten.
const MAX_DEPTH: u8 = 32;

fn damaged(what: &str) -> CrateError {
    CrateError::General(what.to_owned())
}

/// Checks the lengths of all lists in the footer. Other faults are left to the crate.
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
    Claims(&footer).skip(Claims::STRUCT, MAX_DEPTH).ok_or_else(|| damaged("it is damaged"))
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

/// Bytes that say how much is to follow. Each method reads on, and has nothing if the
/// bytes end too soon or claim too much.
struct Claims<'b>(&'b [u8]);

impl<'b> Claims<'b> {
    // Types in the compact form of Thrift, which the footer and page headers have.
    const NUMBER: u8 = 5;
    const STRUCT: u8 = 12;

    fn take(&mut self, count: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    /// A number of seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// Skips a Thrift value. No list can have more items than bytes follow.
    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            1 | 2 => {} // true and false
            3 => drop(self.byte()?),
            4..=6 => drop(self.number()?),
            7 => drop(self.take(8)?),
            8 => {
                let length = self.number()?;
                self.take(length)?;
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
                if count > self.0.len() as u64 {
                    return None;
                }
                // In a list, true and false take a byte.
                let kind = if matches!(head & 15, 1 | 2) { 3 } else { head & 15 };
                for _ in 0..count {
                    self.skip(kind, depth)?;
                }
            }
            Self::STRUCT => while self.field(depth)?.is_some() {},
            _ => return None, // Parquet has no maps or sets
        }
        Some(())
    }

    /// Skips a field of a structure, which says how far its number is from that of the
    /// field before; the inner `None` is the end of the structure.
    fn field(&mut self, depth: u8) -> Option<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        if head >> 4 == 0 {
            self.number()?;
        }
        self.skip(head & 15, depth)?;
        Some(Some(head >> 4))
    }

    /// Skips a page, which must not have more than `most` bytes, packed or not. The first
    /// fields of its header are its kind and both sizes.
    fn page(&mut self, most: u64) -> Option<()> {
        let mut sizes = [0; 3];
        for size in &mut sizes {
            if self.byte()? != 1 << 4 | Self::NUMBER {
                return None;
            }
            // The lowest bit is the sign, and no size is below 0.
            *size = Some(self.number()?).filter(|number| number & 1 == 0)? >> 1;
        }
        while self.field(MAX_DEPTH)?.is_some() {}
        let [_, unpacked, packed] = sizes;
        self.take(packed).filter(|_| unpacked <= most).map(drop)
    }

    /// Skips delta-encoded lengths, which must not be more than `most`: blocks of small
    /// blocks, each of which has numbers of as many bits as its block says.
    fn skip_delta(&mut self, most: u64) -> Option<()> {
        let (block, parts) = (self.number()?, self.number()?);
        let each = block.checked_div(parts).filter(|each| (1..=1 << 20).contains(each))?;
        let count = self.number().filter(|count| *count <= most)?;
        self.number()?;
        let mut left = count.saturating_sub(1);
        while left > 0 {
            self.number()?;
            for bits in self.take(parts)? {
                if left > 0 {
                    self.take(u64::from(*bits) * each / 8)?;
                    left = left.saturating_sub(each);
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_large_as_its_header_says_and_no_larger_than_its_column() {
        // A data page of 100 values: 300 bytes unpacked, 2 packed; then another.
        let page = [0x15, 0, 0x15, 0xd8, 4, 0x15, 4, 0x2c, 0x15, 0xc8, 1, 0x15, 0, 0, 0, 7, 7, 9];
        let mut claims = Claims(&page);
        assert!(claims.page(300).is_some() && claims.0 == [9]);
        assert!(Claims(&page).page(299).is_none());
        assert!(Claims(&page[..16]).page(300).is_none());
    }

    #[test]
    fn a_list_has_no_more_items_than_bytes() {
        assert!(Claims(&[0x19, 0x25, 2, 4, 0]).skip(Claims::STRUCT, 9).is_some());
        assert!(Claims(&[0x19, 0xf5, 2, 2, 4, 0]).skip(Claims::STRUCT, 9).is_some());
        assert!(Claims(&[0x19, 0xf5, 9, 2, 4, 0]).skip(Claims::STRUCT, 9).is_none());
        assert!(Claims(&[0x1c; 99]).skip(Claims::STRUCT, 9).is_none());
    }

    #[test]
    fn delta_lengths_are_no_more_than_the_values() {
        // 128 a block of 4; 3 lengths; the first is 1; then a block of 2 bits a number.
        let lengths = [&[0x80, 1, 4, 3, 2, 0, 2, 0, 0, 0][..], &[0; 8], b"text"].concat();
        let mut claims = Claims(&lengths);
        assert!(claims.skip_delta(3).is_some() && claims.0 == b"text");
        assert!(Claims(&lengths).skip_delta(2).is_none());
        assert!(Claims(&[0x80, 1, 0, 3, 2]).skip_delta(3).is_none());
    }
}
