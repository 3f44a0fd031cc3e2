//! Files that no writer makes, each with one fault: those of the files `bad_data` of
//! Apache's `parquet-testing`, and others.

use super::damage::exercise;
use super::tests::pass;

/// A value in the compact form of Thrift.
#[derive(Clone)]
enum Value {
    I32(i64),
    I64(i64),
    Text(&'static str),
    List(Vec<Value>),
    /// Fields with their numbers, which rise.
    Struct(Vec<(u8, Value)>),
}

use Value::{I32, I64, List, Struct, Text};

impl Value {
    fn kind(&self) -> u8 {
        match self {
            I32(_) => 5,
            I64(_) => 6,
            Text(_) => 8,
            List(_) => 9,
            Struct(_) => 12,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            I32(number) | I64(number) => push_number(((number << 1) ^ (number >> 63)) as u64, out),
            Text(text) => {
                push_number(text.len() as u64, out);
                out.extend(text.as_bytes());
            }
            List(items) => {
                out.push(0xf0 | items.first().map_or(5, Value::kind));
                push_number(items.len() as u64, out);
                items.iter().for_each(|item| item.write(out));
            }
            Struct(fields) => {
                let mut before = 0;
                for (number, field) in fields {
                    out.push((number - before) << 4 | field.kind());
                    field.write(out);
                    before = *number;
                }
                out.push(0);
            }
        }
    }
}

fn push_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

const BYTE_ARRAY: i64 = 6;
const FIXED: i64 = 7;
const PLAIN: i64 = 0;
const RLE: i64 = 3;
const DICTIONARY: i64 = 8;
const SNAPPY: i64 = 1;
const REQUIRED: i64 = 0;
const OPTIONAL: i64 = 1;
const REPEATED: i64 = 2;

struct MadePage {
    dictionary: bool,
    values: i64,
    encoding: i64,
    /// How much longer than it is the header says that it is, unpacked and packed.
    excess: [i64; 2],
    body: Vec<u8>,
}

struct MadeColumn {
    name: &'static str,
    kind: i64,
    length: i64,
    repetition: i64,
    codec: i64,
    values: i64,
    /// How far from where it is the footer says that it is.
    shift: i64,
    /// How much longer than it is the footer says that it is.
    excess: i64,
    pages: Vec<MadePage>,
}

struct MadeFile {
    columns: Vec<MadeColumn>,
    rows: i64,
    /// Children of the root that the schema claims beyond those that it has.
    more_children: i64,
    /// Groups around nothing, one in another.
    depth: usize,
}

fn page(dictionary: bool, values: i64, encoding: i64, parts: &[&[u8]]) -> MadePage {
    MadePage { dictionary, values, encoding, excess: [0, 0], body: parts.concat() }
}

/// Levels with their length before them, in runs of a length and a level.
fn levels(runs: &[(u8, u8)]) -> Vec<u8> {
    let runs: Vec<u8> = runs.iter().flat_map(|(length, level)| [length << 1, *level]).collect();
    [&(runs.len() as u32).to_le_bytes()[..], &runs].concat()
}

/// Four rows without a fault: texts, lists of numbers, and four bytes each.
fn sound() -> MadeFile {
    let column = |name, kind, repetition, values, pages| MadeColumn {
        name,
        kind,
        length: 4,
        repetition,
        codec: 0,
        values,
        shift: 0,
        excess: 0,
        pages,
    };
    let words = page(true, 2, PLAIN, &[b"\x03\0\0\0one\x03\0\0\0two"]);
    let texts = page(false, 4, DICTIONARY, &[&levels(&[(2, 1), (1, 0), (1, 1)]), &[1, 4, 0, 2, 1]]);
    let repeated = levels(&[(1, 0), (1, 1), (3, 0), (1, 1)]);
    let numbers = [1, 2, 3, 4, 5].map(i32::to_le_bytes).concat();
    let defined = levels(&[(2, 1), (1, 0), (3, 1)]);
    let lists = page(false, 6, PLAIN, &[&repeated, &defined, &numbers]);
    let four = page(true, 1, PLAIN, &[b"abcd"]);
    let fours = page(false, 4, DICTIONARY, &[&[1, 8, 0]]);
    MadeFile {
        columns: vec![
            column("text", BYTE_ARRAY, OPTIONAL, 4, vec![words, texts]),
            column("list", 1, REPEATED, 6, vec![lists]),
            column("fixed", FIXED, REQUIRED, 4, vec![four, fours]),
        ],
        rows: 4,
        more_children: 0,
        depth: 0,
    }
}

impl MadePage {
    fn write(&self, out: &mut Vec<u8>) {
        let [unpacked, packed] = self.excess.map(|excess| I32(self.body.len() as i64 + excess));
        let (values, encoding) = (I32(self.values), I32(self.encoding));
        let header = match self.dictionary {
            true => (7, Struct(vec![(1, values), (2, encoding)])),
            false => (5, Struct(vec![(1, values), (2, encoding), (3, I32(RLE)), (4, I32(RLE))])),
        };
        let kind = I32(if self.dictionary { 2 } else { 0 });
        Struct(vec![(1, kind), (2, unpacked), (3, packed), header]).write(out);
        out.extend(&self.body);
    }
}

impl MadeFile {
    fn bytes(&self) -> Vec<u8> {
        let group = |name, children| Struct(vec![(4, Text(name)), (5, I32(children))]);
        let mut out = b"PAR1".to_vec();
        let fields = self.columns.len() as i64 + i64::from(self.depth > 0);
        let mut schema = vec![group("root", fields + self.more_children)];
        let mut chunks = Vec::new();
        for column in &self.columns {
            let MadeColumn { name, kind, length, repetition, codec, values, .. } = column;
            let mut element = vec![(1, I32(*kind)), (2, I32(*length)), (3, I32(*repetition))];
            element.push((4, Text(name)));
            schema.push(Struct(element));
            let start = out.len() as i64;
            let mut first = start;
            for page in &column.pages {
                page.write(&mut out);
                first = if page.dictionary { out.len() as i64 } else { first };
            }
            let bytes = I64(out.len() as i64 - start + column.excess);
            let mut meta = vec![
                (1, I32(*kind)),
                (2, List(column.pages.iter().map(|page| I32(page.encoding)).collect())),
                (3, List(vec![Text(name)])),
                (4, I32(*codec)),
                (5, I64(*values)),
                (6, bytes.clone()),
                (7, bytes),
                (9, I64(first + column.shift)),
            ];
            if first != start {
                meta.push((11, I64(start + column.shift)));
            }
            chunks.push(Struct(vec![(2, I64(0)), (3, Struct(meta))]));
        }
        schema.extend((0..self.depth).map(|_| group("deep", 1)));
        let rows = Struct(vec![(1, List(chunks)), (2, I64(0)), (3, I64(self.rows))]);
        let footer =
            vec![(1, I32(1)), (2, List(schema)), (3, I64(self.rows)), (4, List(vec![rows]))];
        let start = out.len();
        Struct(footer).write(&mut out);
        let length = (out.len() - start) as u32;
        out.extend(length.to_le_bytes());
        out.extend(b"PAR1");
        out
    }
}

#[test]
fn a_file_without_a_fault_passes() {
    let passed = pass(&sound().bytes(), "text", None, |group| {
        let text = |row| group.text(row).map(<[u8]>::to_vec);
        assert_eq!(
            [0, 1, 2, 3].map(text),
            [Some("one"), Some("one"), None, Some("two")].map(|text| text.map(Vec::from))
        );
        group.drop_row(0);
    });
    assert!(passed.is_ok_and(|passed| exercise(&passed).is_ok()));
    assert!(exercise(&sound().bytes()).is_ok());
}

#[test]
fn every_fault_is_an_error() {
    type Fault = fn(&mut MadeFile);
    const TEXT: usize = 0;
    const LIST: usize = 1;
    const FIXED: usize = 2;
    let faults: [(&str, Fault); 34] = [
        ("a physical type that is none", |file| file.columns[TEXT].kind = 99),
        ("a repetition that is none", |file| file.columns[TEXT].repetition = 7),
        ("a negative fixed length", |file| file.columns[FIXED].length = -1),
        ("more fields than there are", |file| file.more_children = 1),
        ("endless fields", |file| file.more_children = i64::from(i32::MAX) - 3),
        ("negative fields", |file| file.more_children = -9),
        ("groups without an end", |file| file.depth = 3),
        ("groups too deep", |file| file.depth = 100_000),
        ("a codec that is none", |file| file.columns[TEXT].codec = 77),
        ("another codec", |file| file.columns[TEXT].codec = SNAPPY),
        ("another codec of another column", |file| file.columns[LIST].codec = SNAPPY),
        ("a negative offset", |file| file.columns[TEXT].shift = -99),
        ("an offset behind the file", |file| file.columns[TEXT].shift = 1 << 40),
        ("an offset within the column", |file| file.columns[TEXT].shift = 3),
        ("an offset into the next column", |file| file.columns[LIST].shift = 20),
        ("a negative size", |file| file.columns[TEXT].excess = -1000),
        ("a size beyond the file", |file| file.columns[TEXT].excess = 1 << 30),
        ("a size that ends within a page", |file| file.columns[LIST].excess = -2),
        ("a page longer than the column", |file| file.columns[TEXT].pages[1].excess = [1000; 2]),
        ("a page of a negative size", |file| file.columns[TEXT].pages[1].excess = [-99; 2]),
        ("a huge page unpacked", |file| file.columns[TEXT].pages[1].excess[0] = 1 << 30),
        ("a page shorter than its values", |file| file.columns[LIST].pages[0].excess = [-4; 2]),
        ("negative values of a page", |file| file.columns[TEXT].pages[1].values = -4),
        ("negative values of a dictionary", |file| file.columns[TEXT].pages[0].values = -2),
        ("huge values of a dictionary", |file| file.columns[TEXT].pages[0].values = 1 << 30),
        ("huge values everywhere", |file| {
            file.rows = 1 << 26;
            file.columns[TEXT].values = 1 << 26;
            file.columns[TEXT].pages[1].values = 1 << 26;
        }),
        ("fewer levels than values", |file| {
            file.columns[LIST].values = 7;
            file.columns[LIST].pages[0].values = 7;
        }),
        ("repetition that begins with 1", |file| file.columns[LIST].pages[0].body[5] = 1),
        ("a level above the highest", |file| file.columns[TEXT].pages[1].body[5] = 9),
        ("levels longer than the page", |file| file.columns[TEXT].pages[1].body[1] = 1),
        ("an index outside of the dictionary", |file| file.columns[TEXT].pages[1].body[14] = 3),
        ("indices of too many bits", |file| file.columns[TEXT].pages[1].body[10] = 99),
        ("a dictionary of strings in a column of bytes", |file| {
            file.columns[FIXED].pages[0].body = b"\x04\0\0\0".to_vec();
            file.columns[FIXED].pages[0].values = 2;
        }),
        ("columns of other lengths", |file| {
            file.columns[FIXED].values = 3;
            file.columns[FIXED].pages[1].values = 3;
        }),
    ];
    for (name, fault) in faults {
        let mut file = sound();
        fault(&mut file);
        assert!(exercise(&file.bytes()).is_err(), "{name}");
    }
}
