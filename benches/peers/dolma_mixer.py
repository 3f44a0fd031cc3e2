"""Whether dolma's own mixer takes despam's attributes and makes the same text of them.

    python dolma_mixer.py --despam PROGRAM [--documents FOLDER]

Without --documents the script makes a small folder with what is hard about it: letters of
one to four bytes, escapes, CRLF, blank lines on both sides, spam at the start and at the
end, records without a text, packed with gzip and zstd. FOLDER must be named `documents`;
its records need an id and a text each, or nothing but valid JSON.

`despam filter --attributes` writes spans beside the documents, `dolma mix` replaces them
by nothing, and the texts are held against those of `despam filter -o`. Records that
despam rejects must come out of the mixer as they went in. Exit status 0 if all agree.
"""

import argparse
import gzip
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version

import yaml
import zstandard

GENUINE = (
    "The committee met on Tuesday and decided, after a long debate, to repair the old bridge.",
    "Größe und Gewicht blieben unverändert, sagte die Ärztin; “nobody was asked” 😀 about it.",
    "Mrs. Ødegård read the letter aloud twice, and then she put it back into the blue tin box.",
    "In the evening the rain stopped, the river fell, and people walked home along the dyke.",
)
JUNK = (
    "Home | News | Contact | Login",
    "Share on Facebook | Tweet | 😀 Print this page",
    "We are a professional manufacturer of tower fans, welcome to contact us for best price!",
    "IGBT FF200R12KE3, SKM150GB128D, CM200DY-24H in stock",
)
ATTRIBUTES = "spans-1"
PREFIX = "spans_1__despam"


def make_documents(folder):
    records = []
    for i in range(400):
        lines = []
        for j in range(1 + i % 7):
            kind = JUNK if (i * 7 + j * 3) % 5 < 2 else GENUINE
            lines.append(kind[(i + j) % len(kind)])
        ending = ("\n", "\n\n", "\r\n", "\n \n\n", "\r")[i % 5]
        text = ("\ufeff" if i % 11 == 0 else "") + ending.join(lines) + ending * (i % 3)
        records.append({"id": f"d{i}", "source": "made", "text": text, "n": 1.5})
    del records[19]["id"]
    for name, part in (("a/b.jsonl.gz", records[::2]), ("c.jsonl.zst", records[1::2])):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Every other record has its letters escaped.
        rows = "".join(json.dumps(record, ensure_ascii=i % 2 == 0) + "\n"
                       for i, record in enumerate(part))
        rows = rows.replace('"id": "d17"', '"id": "d17", "text": "two texts"').encode()
        pack = gzip.compress if name.endswith("gz") else zstandard.ZstdCompressor().compress
        path.write_bytes(pack(rows))


def records_of(folder):
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with open(path, "rb") as file:
            magic = file.peek(2)[:2]  # dolma names its outputs .json.gz however it packs them
            stream = file
            if magic == b"\x28\xb5":
                stream = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
            elif magic == b"\x1f\x8b":
                stream = gzip.open(file)
            found += [json.loads(line) for line in io.TextIOWrapper(stream, "utf-8", newline="\n")]
    return found


def run(command, statuses=(0,)):
    print("$", " ".join(str(part) for part in command))
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in statuses:
        sys.exit(f"status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def mix(root, suffix):
    """One stream for each kind of packing: the mixer takes that of a stream's first file."""
    stream = {
        "name": "mixed" + suffix.replace(".", "-"),
        "documents": [str(root / "documents" / "**" / ("*" + suffix))],
        "attributes": [ATTRIBUTES],
        "span_replacement": [
            {"span": f"$.attributes.{PREFIX}__{kind}", "min_score": 0.0, "replacement": ""}
            for kind in ("ad", "chrome")
        ],
        "output": {"path": str(root / "mixed"), "max_size_in_bytes": 1 << 30},
    }
    return stream


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--despam", required=True)
    parser.add_argument("--documents", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        documents = root / "documents"
        if options.documents:
            shutil.copytree(options.documents, documents)
        else:
            make_documents(documents)
        # Status 1: records were rejected.
        filtering = [options.despam, "filter", "-q", documents]
        run([*filtering, "--attributes", root / "attributes" / ATTRIBUTES], (0, 1))
        run([*filtering, "-o", root / "cleaned", "--rejects", root / "rejects"], (0, 1))
        suffixes = {"".join(path.suffixes) for path in documents.rglob("*") if path.is_file()}
        streams = [mix(root, suffix) for suffix in sorted(suffixes)]
        work = {"input": str(root / "work-in"), "output": str(root / "work-out")}
        config = {"streams": streams, "work_dir": work, "processes": 1}
        (root / "mix.yaml").write_text(yaml.safe_dump(config))
        dolma = pathlib.Path(sys.executable).with_name("dolma")
        run([dolma, "-c", root / "mix.yaml", "mix"])
        expected = records_of(root / "cleaned")
        rejected = records_of(root / "rejects")
        expected += [json.loads(row["raw"]) for row in rejected]
        unfinished = [path.name for path in (root / "mixed").glob("*.tmp")]
        if unfinished:
            sys.exit(f"dolma stopped before the end of {unfinished}")
        mixed = records_of(root / "mixed")
        for record in mixed:
            record.pop("attributes")
            del record["metadata"]["provenance"]
            record["metadata"] or record.pop("metadata")
        key = lambda record: json.dumps(record, sort_keys=True)
        agree = sorted(map(key, expected)) == sorted(map(key, mixed))
        changed = len(set(map(key, mixed)) - set(map(key, records_of(documents))))
        print(f"dolma {version('dolma')}: {len(mixed)} documents mixed, {len(expected)} expected, "
              f"{changed} changed, {len(rejected)} rejected by despam; "
              f"{'the same' if agree else 'NOT the same'}")
        sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
