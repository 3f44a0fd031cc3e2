"""Whether a Parquet file that pyarrow wrote comes back with all but its text as it was.

    python parquet_columns.py --despam PROGRAM

Writes files with columns of many types, several row groups, nulls, metadata of the schema
and of fields, and each codec, has `despam filter` clean them, and compares with pyarrow:
the schema with its metadata, every other column, the row groups and their codecs. Then
`despam restore` must give back a file that equals the first in every column, and
`--max-removed SHARE=drop` one that lacks rows but nothing else. Exit status 0 if all agree.
"""

import argparse
import datetime
import decimal
import json
import pathlib
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

GENUINE = (
    "The committee met on Tuesday and decided, after a long debate, to repair the old bridge.",
    "Größe und Gewicht blieben unverändert, sagte die Ärztin; “nobody was asked” 😀 about it.",
    "In the evening the rain stopped, the river fell, and people walked home along the dyke.",
)
JUNK = (
    "Home | News | Contact | Login",
    "Share on Facebook | Tweet | 😀 Print this page",
    "IGBT FF200R12KE3, SKM150GB128D, CM200DY-24H in stock",
)
ROWS = 4000
GROUP = 700


def text(i):
    if i % 11 == 0:
        return None
    if i % 13 == 0:
        return "\n".join(JUNK)
    lines = [(JUNK if (i * 7 + j * 3) % 5 < 2 else GENUINE)[(i + j) % 3] for j in range(i % 9)]
    return ("\n", "\n\n", "\r\n")[i % 3].join(lines)


def table(text_type):
    some = lambda i, value: None if i % 6 == 0 else value
    day = datetime.date(2024, 2, 29)
    moment = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
    rows = range(ROWS)
    columns = [
        ("id", pa.string(), lambda i: f"doc-{i}"),
        ("text", text_type, text),
        ("flag", pa.bool_(), lambda i: i % 2 == 0),
        ("i8", pa.int8(), lambda i: i % 256 - 128),
        ("u16", pa.uint16(), lambda i: i * 16),
        ("i32", pa.int32(), lambda i: -i),
        ("u32", pa.uint32(), lambda i: 2**32 - 1 - i),
        ("i64", pa.int64(), lambda i: i * 10**15),
        ("u64", pa.uint64(), lambda i: 2**64 - 1 - i),
        ("f16", pa.float16(), lambda i: i / 8),
        ("f32", pa.float32(), lambda i: i / 8),
        ("f64", pa.float64(), lambda i: i / 3),
        ("decimal", pa.decimal128(20, 4), lambda i: decimal.Decimal(i) / 10000),
        ("wide_decimal", pa.decimal256(50, 4), lambda i: decimal.Decimal(i) / 10000),
        ("date", pa.date32(), lambda i: day + datetime.timedelta(days=i)),
        ("time", pa.time64("us"), lambda i: datetime.time(i % 24, i % 60, i % 60, i)),
        ("stamp_us", pa.timestamp("us"), lambda i: moment + datetime.timedelta(seconds=i)),
        ("stamp_ns_zone", pa.timestamp("ns", "Europe/Berlin"), lambda i: i * 10**9 + i),
        ("duration", pa.duration("ms"), lambda i: i * 17),
        ("binary", pa.binary(), lambda i: bytes([i % 256, 255])),
        ("large_binary", pa.large_binary(), lambda i: bytes([i % 256]) * (i % 5)),
        ("fixed", pa.binary(5), lambda i: f"{i:05}".encode()),
        ("large_string", pa.large_string(), lambda i: "ü" * (i % 7)),
        ("view", pa.string_view(), lambda i: f"a longer string, number {i}"),
        ("word", pa.dictionary(pa.int16(), pa.string()), lambda i: f"word {i % 20}"),
        ("list", pa.list_(pa.int32()), lambda i: list(range(i % 4))),
        ("lists", pa.list_(pa.list_(pa.string())), lambda i: [["a"] * (i % 3), [], None]),
        ("large_list", pa.large_list(pa.float32()), lambda i: [i / 2, None]),
        ("fixed_list", pa.list_(pa.int8(), 3), lambda i: [1, i % 100, None]),
        ("map", pa.map_(pa.string(), pa.int64()), lambda i: [(f"k{j}", j) for j in range(i % 3)]),
        ("meta", pa.struct([("url", pa.string()), ("n", pa.struct([("deep", pa.int64())]))]),
         lambda i: {"url": f"https://a.example/{i}", "n": some(i + 1, {"deep": i})}),
        ("list_of_structs", pa.list_(pa.struct([("a", pa.int32()), ("b", pa.string())])),
         lambda i: [{"a": j, "b": None} for j in range(i % 3)]),
        ("null", pa.null(), lambda i: None),
    ]
    arrays, fields = [], []
    for name, kind, value in columns:
        values = [value(i) if name in ("id", "text") else some(i, value(i)) for i in rows]
        if name == "word":
            array = pa.array(values).dictionary_encode().cast(kind)
        else:
            array = pa.array(values, type=kind)
        arrays.append(array)
        fields.append(pa.field(name, kind, name != "id", {"note": f"field {name}"}))
    info = json.dumps({"info": {"features": {"text": {"dtype": "string"}}}})
    schema = pa.schema(fields, {"huggingface": info, "own": "ünïcode"})
    return pa.table(arrays, schema=schema)


def simple(table):
    """Without views, which pyarrow cannot filter, and dictionaries, whose order may differ."""
    is_simple = lambda kind: not (kind == pa.string_view() or pa.types.is_dictionary(kind))
    plain = [kind if is_simple(kind) else pa.string() for kind in table.schema.types]
    fields = [field.with_type(kind) for field, kind in zip(table.schema, plain)]
    return table.cast(pa.schema(fields))


def run(command):
    print("$", " ".join(str(part) for part in command))
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"status {done.returncode}\n{done.stdout}\n{done.stderr}")


class Comparison:
    faults = 0

    def hold(self, what, agrees):
        if not agrees:
            self.faults += 1
            print("  DIFFERENT:", what)

    def files(self, before, after, text_too):
        old, new = pq.ParquetFile(before), pq.ParquetFile(after)
        self.hold("Arrow schema", old.schema_arrow.equals(new.schema_arrow, check_metadata=True))
        self.hold("Parquet schema", old.schema.equals(new.schema))
        self.hold("metadata", old.metadata.metadata == new.metadata.metadata)
        self.hold("created_by", old.metadata.created_by == new.metadata.created_by)
        self.hold("row groups", old.num_row_groups == new.num_row_groups)
        for i in range(old.num_row_groups):
            for j in range(old.metadata.num_columns):
                one, two = (file.metadata.row_group(i).column(j) for file in (old, new))
                name = one.path_in_schema
                self.hold(f"codec of {name}", one.compression == two.compression)
                self.hold(f"statistics of {name}", name == "text" or one.statistics == two.statistics)
        self.tables(old.read(), new.read(), text_too)

    def tables(self, old, new, text_too):
        self.hold("validity", new.validate(full=True) is None)
        for name in old.column_names:
            if name != "text" or text_too:
                self.hold(f"column {name}", old[name].equals(new[name]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--despam", required=True)
    despam = parser.parse_args().despam
    comparison = Comparison()
    ways = [
        (pa.string(), {"compression": "snappy"}),
        (pa.large_string(), {"compression": "zstd", "use_dictionary": False}),
        (pa.string(), {"compression": "gzip", "data_page_version": "2.0"}),
        (pa.string_view(), {"compression": "brotli", "write_page_index": True}),
        (pa.binary(), {"compression": "lz4", "write_statistics": False}),
        (pa.string(), {"compression": "none", "write_page_checksum": True,
                       "data_page_size": 4096, "use_dictionary": ["word"]}),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        for number, (text_type, options) in enumerate(ways):
            print(text_type, options)
            made = table(text_type)
            names = ("before", "after", "again", "fewer", "marked")
            before, after, again, fewer, marked = (root / f"{n}-{number}.parquet" for n in names)
            audit = root / f"removed-{number}.jsonl"
            pq.write_table(made, before, row_group_size=GROUP, **options)
            run([despam, "filter", "-q", before, "-o", after, "--removed", audit])
            comparison.files(before, after, text_too=False)
            old, new = pq.read_table(before), pq.read_table(after)
            shorter = sum(a != b for a, b in zip(old["text"].to_pylist(), new["text"].to_pylist()))
            nulls = old["text"].is_null().equals(new["text"].is_null())
            comparison.hold("nulls of the text", nulls)
            comparison.hold("texts were cleaned", shorter > 100)
            run([despam, "restore", after, audit, "-o", again])
            comparison.files(before, again, text_too=True)
            run([despam, "filter", "-q", "--max-removed", "0.9=drop", before, "-o", fewer])
            left = pq.read_table(fewer)
            stay = set(left["id"].to_pylist())
            mask = pa.array([name in stay for name in old["id"].to_pylist()])
            comparison.hold("rows were dropped", 0 < left.num_rows < old.num_rows)
            comparison.hold("schema of fewer rows", left.schema.equals(old.schema, True))
            comparison.tables(simple(old).filter(mask), simple(left), False)
            run([despam, "filter", "-q", "--mark", before, "-o", marked])
            new = pq.read_table(marked)
            comparison.hold("names of columns", new.column_names == [*old.column_names, "despam"])
            for value in new["despam"].to_pylist():
                comparison.hold("a mark", value is None or "line_quality" in json.loads(value))
            print(f"  {old.num_columns} columns, {old.num_rows} rows, {shorter} texts cleaned, "
                  f"{old.num_rows - left.num_rows} rows dropped")
    same = "all the same" if comparison.faults == 0 else f"{comparison.faults} differences"
    print(f"pyarrow {pa.__version__}: {same}")
    sys.exit(1 if comparison.faults else 0)


if __name__ == "__main__":
    main()
