//! What a damaged file claims, checked before memory is reserved for it.
//!
//! The crate believes the footer, the headers of pages and the delta encodings of
//! strings when they say how many items will follow. A few wrong bytes there could ask
//! for more memory than there is, or a deeper stack, which would end the program. So the
//! claims are read here first and held against the bytes that there are, and against
//! what the footer says of the whole column.

use Shape::{Is, List, Struct};

/// Bytes that a page may have beyond what the footer says of its column: a writer may
/// have forgotten to count the dictionary, which most end at 1 MiB.
pub(super) const SLACK: u64 = 1 << 20;
/// How many times longer than packed a page may be unpacked, beyond [`SLACK`]: what the
/// densest blocks of zstd give.
const MAX_RATIO: u64 = 1 << 15;
/// How deep structures may lie in one another; Parquet needs no ten.
const MAX_DEPTH: u8 = 32;
/// How deep columns may lie in groups. The crate builds its schema by recursion, and a
/// stack that overflows cannot be caught.
const MAX_NESTING: usize = 100;

/// What a value must be in the compact form of Thrift. The crate goes by the number of a
/// field and not by its kind: at a wrong one it would read on from another place than
/// [`Claims`], and meet lengths that nobody has checked.
enum Shape {
    /// One of these kinds.
    Is(&'static [u8]),
    List(&'static Shape),
    /// The fields that are known, and others of any shape.
    Struct(&'static [(u64, Shape)]),
}

const STRUCT_KIND: u8 = 12;
const LIST_KIND: u8 = 9;

// True and false are kinds of their own.
const BOOL: Shape = Is(&[1, 2]);
const I8: Shape = Is(&[3]);
// Numbers of 16, 32 and 64 bits have one form, and some writers take one for another.
const NUMBER: Shape = Is(&NUMBERS);
const NUMBERS: [u8; 3] = [4, 5, 6];
const DOUBLE: Shape = Is(&[7]);
const BYTES: Shape = Is(&[8]);
const EMPTY: Shape = Struct(&[]);

// The structures of parquet.thrift, as far as the crate reads them.
const FOOTER: [(u64, Shape); 7] = [
    (1, NUMBER),
    (2, List(&Struct(&NODE))),
    (3, NUMBER),
    (4, List(&Struct(&ROW_GROUP))),
    (5, List(&PAIR)),
    (6, BYTES),
    (7, List(&Struct(&[(1, EMPTY)]))),
];
const NODE: [(u64, Shape); 10] = [
    (1, NUMBER),
    (2, NUMBER),
    (3, NUMBER),
    (4, BYTES),
    (5, NUMBER),
    (6, NUMBER),
    (7, NUMBER),
    (8, NUMBER),
    (9, NUMBER),
    (10, Struct(&LOGICAL_TYPE)),
];
const LOGICAL_TYPE: [(u64, Shape); 17] = [
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Struct(&[(1, NUMBER), (2, NUMBER)])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Struct(&[(1, I8), (2, BOOL)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Struct(&[(1, I8)])),
    (17, Struct(&[(1, BYTES)])),
    (18, Struct(&[(1, BYTES), (2, NUMBER)])),
];
const TIME: Shape = Struct(&[(1, BOOL), (2, Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]))]);
const PAIR: Shape = Struct(&[(1, BYTES), (2, BYTES)]);
const ROW_GROUP: [(u64, Shape); 7] = [
    (1, List(&Struct(&COLUMN))),
    (2, NUMBER),
    (3, NUMBER),
    (4, List(&Struct(&[(1, NUMBER), (2, BOOL), (3, BOOL)]))),
    (5, NUMBER),
    (6, NUMBER),
    (7, NUMBER),
];
const COLUMN: [(u64, Shape); 7] = [
    (1, BYTES),
    (2, NUMBER),
    (3, Struct(&COLUMN_DATA)),
    (4, NUMBER),
    (5, NUMBER),
    (6, NUMBER),
    (7, NUMBER),
];
const COLUMN_DATA: [(u64, Shape); 17] = [
    (1, NUMBER),
    (2, List(&NUMBER)),
    (3, List(&BYTES)),
    (4, NUMBER),
    (5, NUMBER),
    (6, NUMBER),
    (7, NUMBER),
    (8, List(&PAIR)),
    (9, NUMBER),
    (10, NUMBER),
    (11, NUMBER),
    (12, STATISTICS),
    (13, List(&Struct(&[(1, NUMBER), (2, NUMBER), (3, NUMBER)]))),
    (14, NUMBER),
    (15, NUMBER),
    (16, Struct(&[(1, NUMBER), (2, List(&NUMBER)), (3, List(&NUMBER))])),
    (17, Struct(&[(1, BOX), (2, List(&NUMBER))])),
];
const STATISTICS: Shape = Struct(&[
    (1, BYTES),
    (2, BYTES),
    (3, NUMBER),
    (4, NUMBER),
    (5, BYTES),
    (6, BYTES),
    (7, BOOL),
    (8, BOOL),
]);
const BOX: Shape = Struct(&[
    (1, DOUBLE),
    (2, DOUBLE),
    (3, DOUBLE),
    (4, DOUBLE),
    (5, DOUBLE),
    (6, DOUBLE),
    (7, DOUBLE),
    (8, DOUBLE),
]);
const PAGE: [(u64, Shape); 8] = [
    (1, NUMBER),
    (2, NUMBER),
    (3, NUMBER),
    (4, NUMBER),
    (5, Struct(&[(1, NUMBER), (2, NUMBER), (3, NUMBER), (4, NUMBER), (5, STATISTICS)])),
    (6, EMPTY),
    (7, Struct(&[(1, NUMBER), (2, NUMBER), (3, BOOL)])),
    (
        8,
        Struct(&[
            (1, NUMBER),
            (2, NUMBER),
            (3, NUMBER),
            (4, NUMBER),
            (5, NUMBER),
            (6, NUMBER),
            (7, BOOL),
            (8, STATISTICS),
        ]),
    ),
];

/// Bytes that say how much is to follow. Each method reads on, and has nothing if the
/// bytes end too soon or claim too much.
pub(super) struct Claims<'b>(pub &'b [u8]);

impl<'b> Claims<'b> {
    pub fn take(&mut self, count: u64) -> Option<&'b [u8]> {
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

    /// A number that is not below 0, which its lowest bit would say.
    fn size(&mut self) -> Option<u64> {
        self.number().filter(|number| number & 1 == 0).map(|number| number >> 1)
    }

    /// The kind of the items of a list, and how many follow: no more than bytes do.
    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
        (count <= self.0.len() as u64).then_some((head & 15, count))
    }

    /// Reads a structure from field `last` on, whose numbers rise. `value` reads on, given
    /// the number and the kind of a field.
    fn fields(
        &mut self,
        mut last: u64,
        mut value: impl FnMut(&mut Self, u64, u8) -> Option<()>,
    ) -> Option<()> {
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            // It says how far its number is from the last one, or the number follows.
            let number = match head >> 4 {
                0 => self.size().filter(|number| *number > last)?,
                distance => last + u64::from(distance),
            };
            value(self, number, head & 15)?;
            last = number;
        }
    }

    /// Skips a value of any shape.
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
            LIST_KIND | 10 => {
                let (kind, count) = self.list()?;
                // The crate and others do not agree on how long these are in a list.
                if matches!(kind, 1 | 2) {
                    return None;
                }
                for _ in 0..count {
                    self.skip(kind, depth)?;
                }
            }
            STRUCT_KIND => self.fields(0, |rest, _, kind| rest.skip(kind, depth))?,
            _ => return None, // Parquet has no maps
        }
        Some(())
    }

    /// Skips a value that must have a shape.
    fn shaped(&mut self, shape: &Shape, kind: u8) -> Option<()> {
        match shape {
            Is(kinds) if kinds.contains(&kind) => self.skip(kind, MAX_DEPTH),
            List(item) if kind == LIST_KIND => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.shaped(item, kind))
            }
            Struct(known) if kind == STRUCT_KIND => {
                self.fields(0, |rest, number, kind| rest.field(known, number, kind))
            }
            _ => None,
        }
    }

    /// Skips a field of a structure.
    fn field(&mut self, known: &[(u64, Shape)], number: u64, kind: u8) -> Option<()> {
        match known.iter().find(|(known, _)| *known == number) {
            Some((_, shape)) => self.shaped(shape, kind),
            None => self.skip(kind, MAX_DEPTH),
        }
    }

    /// Skips a footer.
    pub fn footer(&mut self) -> Option<()> {
        self.fields(0, |rest, number, kind| match (number, kind) {
            (2, LIST_KIND) => rest.schema(),
            _ => rest.field(&FOOTER, number, kind),
        })
    }

    /// Skips the nodes of a schema, each of which says how many of those that follow lie
    /// right in it. No more lie in a group than follow, nor too deep.
    fn schema(&mut self) -> Option<()> {
        let (kind, count) = self.list()?;
        // How many are to come in each group that is open.
        let mut left: Vec<u64> = Vec::new();
        for following in (0..count).rev() {
            while left.pop_if(|left| *left == 0).is_some() {}
            if let Some(left) = left.last_mut() {
                *left -= 1;
            }
            left.push(self.node(kind).filter(|children| *children <= following)?);
            if left.len() > MAX_NESTING {
                return None;
            }
        }
        Some(())
    }

    /// Skips a node of a schema; how many nodes lie right in it.
    fn node(&mut self, kind: u8) -> Option<u64> {
        let mut children = 0;
        if kind != STRUCT_KIND {
            return None;
        }
        self.fields(0, |rest, number, kind| match (number, kind) {
            (5, 4..=6) => rest.size().map(|size| children = size),
            _ => rest.field(&NODE, number, kind),
        })?;
        Some(children)
    }

    /// Skips a page, which must not have more than `most` bytes, packed or not. The first
    /// fields of its header are its kind and both sizes.
    pub fn page(&mut self, most: u64) -> Option<()> {
        let mut sizes = [0; 3];
        for size in &mut sizes {
            let head = self.byte()?;
            if head >> 4 != 1 || !NUMBERS.contains(&(head & 15)) {
                return None;
            }
            *size = self.size()?;
        }
        self.fields(3, |rest, number, kind| rest.field(&PAGE, number, kind))?;
        let [_, unpacked, packed] = sizes;
        let most = most.min(packed.saturating_mul(MAX_RATIO).saturating_add(SLACK));
        self.take(packed).filter(|_| unpacked <= most).map(drop)
    }

    /// Skips delta-encoded lengths, which must not be more than `most`: blocks of small
    /// blocks, each of which has numbers of as many bits as its block says.
    pub fn skip_delta(&mut self, most: u64) -> Option<()> {
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
        // No two bytes are 16 MiB.
        let page = [0x15, 0, 0x15, 0x80, 0x80, 0x80, 0x10, 0x15, 4, 0, 7, 7];
        assert!(Claims(&page).page(u64::MAX).is_none());
    }

    #[test]
    fn a_list_has_no_more_items_than_bytes() {
        assert!(Claims(&[0x19, 0x25, 2, 4, 0]).skip(STRUCT_KIND, 9).is_some());
        assert!(Claims(&[0x19, 0xf5, 2, 2, 4, 0]).skip(STRUCT_KIND, 9).is_some());
        assert!(Claims(&[0x19, 0xf5, 9, 2, 4, 0]).skip(STRUCT_KIND, 9).is_none());
        assert!(Claims(&[0x1c; 99]).skip(STRUCT_KIND, 9).is_none());
        assert!(Claims(&[0x19, 0x21, 1, 1, 0]).skip(STRUCT_KIND, 9).is_none());
    }

    #[test]
    fn known_fields_have_their_kind_and_come_once() {
        // Version, rows, and a field that nobody knows.
        assert!(Claims(&[0x15, 2, 0x26, 8, 0x85, 9, 0]).footer().is_some());
        assert!(Claims(&[0x15, 2, 0x23, 8, 0]).footer().is_none());
        assert!(Claims(&[0x18, 1, 2, 0x26, 8, 0]).footer().is_none());
        assert!(Claims(&[0x15, 2, 0x05, 2, 2, 0]).footer().is_none());
        assert!(Claims(&[0x15, 2, 0x06, 6, 2, 0]).footer().is_some());
    }

    #[test]
    fn a_schema_has_its_nodes_and_is_not_deep() {
        let node = |children: u8| [0x55, children << 1, 0];
        let footer = |nodes: &[u8]| {
            let nodes: Vec<u8> = nodes.iter().flat_map(|children| node(*children)).collect();
            let head = [0x29, 0xfc, (nodes.len() / 3) as u8];
            Claims(&[&head[..], &nodes, &[0]].concat()).footer().is_some()
        };
        assert!(footer(&[2, 1, 0, 0]) && footer(&[]));
        assert!(!footer(&[4, 1, 0, 0]) && !footer(&[0, 1]));
        let deep: Vec<u8> = std::iter::repeat_n(1, 100).chain([0]).collect();
        assert!(!footer(&deep) && footer(&deep[1..]));
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
