"""What others make of labelled sets: C4's line rule, jusText's rule, fastText.

    python quality.py DEV OUT --train TRAIN [--train MORE] [--patch FILE]

DEV is a folder of labelled sets (JSON Lines, a document a line). OUT gets a file for
each peer, {"id", "paragraph", "spam", "label"} a row, as `despam score` numbers
paragraphs; `cargo bench --bench quality -- DEV --rows c4=OUT/c4.jsonl` measures it.

- c4: what the line filters of C4 remove (Raffel et al. 2020, 2.2): lines of fewer
  than five words, without an end mark, or that speak of Javascript or policies.
- justext: the package's own two classification steps on paragraphs without links,
  with its English stop list and its defaults.
- fasttext: the package's supervised classifier (word pairs, its other defaults),
  trained on TRAIN; spam is what it gives a probability of a half or more.
"""

import argparse
import io
import json
import pathlib
import random
import re
import tempfile

import fasttext
import justext.core
import zstandard

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


def c4(document):
    policies = ("terms of use", "privacy policy", "cookie policy", "uses cookies",
                "use of cookies", "use cookies")
    for text, _ in lines_of(document):
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


def jus_text(document):
    paragraphs = [PlainParagraph(text) for text, _ in lines_of(document)]
    justext.core.classify_paragraphs(paragraphs, STOP_WORDS)
    justext.core.revise_paragraph_classification(paragraphs)
    for paragraph in paragraphs:
        yield 0.0 if paragraph.class_type == "good" else 1.0


def tokens(text):
    """fastText splits at white space; marks are set off from words."""
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


def fit(training):
    rows = [f"__label__{label if label == 'content' else 'junk'} {tokens(text)}"
            for document in training for text, label in lines_of(document) if label != "unsure"]
    random.Random(1).shuffle(rows)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write("\n".join(rows) + "\n")
        file.flush()
        return fasttext.train_supervised(file.name, wordNgrams=2, thread=1, seed=1, verbose=0)


def probabilities(model, document):
    lines = [tokens(text) for text, _ in lines_of(document)]
    if not lines:
        return []
    labels, values = model.predict(lines, k=2)
    return [min(1.0, dict(zip(names, found)).get("__label__junk", 0.0))
            for names, found in zip(labels, values)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dev")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--train", action="append", required=True)
    parser.add_argument("--patch")
    arguments = parser.parse_args()
    training = [document for folder in arguments.train
                for document in patched(documents(folder), arguments.patch)]
    model = fit(training)
    peers = {
        "c4": c4,
        "justext": jus_text,
        "fasttext": lambda document: probabilities(model, document),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, judge in peers.items():
        with open(arguments.out / f"{name}.jsonl", "w", encoding="utf-8") as file:
            for document in documents(arguments.dev):
                for number, spam in enumerate(judge(document)):
                    row = {"id": document["id"], "paragraph": number, "spam": float(spam),
                           "label": "chrome" if spam >= 0.5 else "content"}
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
