"""How long despam and others take over the same bytes, side by side in one run.

    python speed.py --despam PROGRAM [--text FILE] [--repeats 3] [--json FILE]
                    [--python datatrove=INTERPRETER]

Writes one Markdown table to standard output. Every row is a process of its own. Rows
take turns, so that a busy spell of the machine meets all; of the repeats the lowest
times and the highest memory count. Start-up is the same command on an empty input; the
rate and the ratio are of CPU time (user and system) without it, per byte of text,
whatever form the text is packed in. MB are 10^6 bytes.

Without --text the script makes its own text, the same every time: words of a Zipf-like
frequency, sentences and, one line in ten, junk. A document is 40 lines. datatrove and
jusText of pages, which are slow, read a prefix (--slow-mb). Models of the learned peers
are fitted on lines of the text and made junk: only how long they take is measured here.
VW reads rows that were made for it before. A peer that cannot run gets a row with the
reason. The temporary folder needs five times the size of the text and 1 GB for
fastText's model.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import pathlib
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

DOCUMENT = 40
BATCH = 10_000
MB = 1_000_000

COMMON = """the of and to a in is that for was it on with as he at by be from his are this
had not but have they which or were an one we their been has more her she there when will
would who if about up out so said what its no time them than into other some could new only
two first any may like over after most then people made also did many before must year
through back where much way well down should because each just those how too little state
good very make world still see own work men day get here between both life being under three
again place home small school part once high every water town council street river""".split()
ONSETS = "b c d f g h j k l m n p r s t v w b d m p r s t br cr fl pl sh st th tr".split()
VOWELS = "a a a e e e i i o o u ai ea io".split()
CODAS = ["", "", "", "", "", "n", "r", "s", "l", "t", "ck", "nt"]
JUNK = (
    "Hot sale {a} {b}, {n}V {m}Hz, MOQ {n} pcs, US ${m}.80-{n}.50 / Piece",
    "{A} {B} Co., Ltd. is a professional {a} {b} manufacturer with {m} years experience, "
    "we have CE certificate, OEM is welcome, contact us now for free samples!",
    "{A}{n}R{m}KE3, {B}{m}GB{n}D, CM{n}DY-{m}H, 6MBP{m}RA{n} in stock",
    "Home | {A} | {B} | {C} | Jobs | Contact",
    "Share on Facebook   Tweet   WhatsApp   E-mail   Print this page",
    "Copyright 20{m} {A} {B}. All rights reserved. Privacy policy",
    "Buy {a} {b} online, {m} % off, free shipping on all orders over ${n}",
    "Read more: {A} {b} {c}",
)


def vocabulary():
    draw = random.Random(0)
    words = set()
    while len(words) < 20_000:
        words.add("".join(draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS)
                          for _ in range(draw.choices((1, 2, 3), (1, 6, 6))[0])))
    rare = sorted(words - set(COMMON))
    rare.sort(key=lambda word: len(word) + draw.gauss(0, 2))  # short words are frequent
    return COMMON + rare


def made_lines(seed, junk):
    """Lines without end, a share of them junk; the same seed draws the same lines."""
    words = vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    draw = random.Random(seed)

    def sentence():
        count = min(45, max(4, int(draw.gauss(17, 7))))
        drawn = draw.choices(words, cum_weights=weights, k=count)
        form = draw.random()
        if count > 9:
            drawn[count // 2] += ","
        if form < 0.2:
            drawn[2] = str(draw.randrange(2, 2030))
        drawn[0] = drawn[0].capitalize()
        text = " ".join(drawn)
        return f'"{text}," said {drawn[1].capitalize()}.' if form > 0.9 else text + "."

    while True:
        if draw.random() < junk:
            a, b, c = draw.choices(words[100:], k=3)
            yield draw.choice(JUNK).format(
                a=a, b=b, c=c, A=a.capitalize(), B=b.capitalize(), C=c.capitalize(),
                n=draw.randrange(100, 999), m=draw.randrange(10, 30))
        else:
            yield " ".join(sentence() for _ in range(draw.randrange(1, 6)))


def chunks(path, lines):
    """Lists of so many lines, without their line breaks."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        while chunk := [line.rstrip("\r\n") for line in itertools.islice(file, lines)]:
            yield chunk


def make_forms(text, folder):
    """The same text as each peer wants it: a document a record, packed, as VW's rows."""
    with open(folder / "text.jsonl", "w", encoding="utf-8") as records, \
            open(folder / "text.vw", "w", encoding="utf-8") as rows:
        for number, lines in enumerate(chunks(text, DOCUMENT)):
            record = {"id": number, "text": "\n".join(lines)}
            records.write(json.dumps(record, ensure_ascii=False) + "\n")
            rows.writelines(f"| {vw_row(line)}\n" for line in lines)
    for packer, end in (("gzip", "gz"), ("zstd", "zst")):
        if shutil.which(packer):
            with open(folder / f"text.jsonl.{end}", "wb") as packed:
                subprocess.run([packer, "-c", folder / "text.jsonl"], stdout=packed,
                               stderr=subprocess.DEVNULL, check=True)


def write_lines(path, lines, size):
    """As many whole lines as fit into so many bytes."""
    with open(path, "wb") as file:
        for line in lines:
            if file.tell() + len(line) > size:
                break
            file.write(line)


def prepare(arguments, folder):
    """Makes all inputs: folders `full` and `empty`, and the lines that models are fitted on."""
    for name in ("full", "empty"):
        (folder / name).mkdir()
    for name in ("text.txt", "cut.txt"):
        (folder / "empty" / name).touch()
    text = folder / "full/text.txt"
    if arguments.text:
        text.symlink_to(arguments.text.resolve())
    else:
        made = ((line + "\n").encode() for line in made_lines(1, junk=0.1))
        write_lines(text, made, arguments.mb * MB)
    with open(text, "rb") as lines:
        write_lines(folder / "full/cut.txt", lines, arguments.slow_mb * MB)
    for name in ("full", "empty"):
        make_forms(folder / name / "text.txt", folder / name)
    genuine = itertools.chain.from_iterable(chunks(text, BATCH))
    with open(folder / "labelled.jsonl", "w", encoding="utf-8") as file:
        for line, junk in itertools.islice(zip(genuine, made_lines(2, junk=1)), 20_000):
            file.write(json.dumps(["content", line]) + "\n" + json.dumps(["junk", junk]) + "\n")


def fasttext_fit(folder, labelled):
    import fasttext
    with open(folder / "fasttext.txt", "w", encoding="utf-8") as file:
        file.writelines(f"__label__{label} {line}\n" for label, line in labelled)
    model = fasttext.train_supervised(file.name, wordNgrams=2, thread=1, seed=1, verbose=0)
    model.save_model(str(folder / "fasttext.bin"))


def fasttext_load(folder):
    import fasttext
    return fasttext.load_model(str(folder / "fasttext.bin")).predict


def vw_row(line):
    """A line without the two characters that mean something to VW."""
    return line.replace("|", " ").replace(":", " ")


def vw_fit(folder, labelled):
    import vowpalwabbit
    options = f"--quiet --loss_function logistic --ngram 2 -f {folder / 'vw.model'}"
    with vowpalwabbit.Workspace(arg_list=options.split()) as learner:
        for label, line in labelled:
            learner.learn(f"{1 if label == 'junk' else -1} | {vw_row(line)}")


def vw_judge(folder, path):
    import vowpalwabbit
    arguments = ["--quiet", "-t", "-i", str(folder / "vw.model"), "-d", path, "-p", os.devnull]
    return int(vowpalwabbit.Workspace(arg_list=arguments).get_weighted_examples())


def sklearn_fit(folder, labelled):
    import joblib
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    labels, lines = zip(*labelled)
    model = HashingVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=50)
    model[1].fit(model[0].transform(lines), labels)
    joblib.dump(model, folder / "sklearn.joblib")


def sklearn_load(folder):
    import joblib
    vectorizer, regression = joblib.load(folder / "sklearn.joblib")
    return lambda lines: regression.decision_function(vectorizer.transform(lines))


def justext_load(_):
    from quality import STOP_WORDS, PlainParagraph, justext

    def judge(lines):
        paragraphs = [PlainParagraph(line) for line in lines]
        justext.core.classify_paragraphs(paragraphs, STOP_WORDS)
        justext.core.revise_paragraph_classification(paragraphs)

    return judge


def justext_pages_load(_):
    import html

    import justext
    stop_words = justext.get_stoplist("English")

    def judge(lines):
        body = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
        justext.justext(f"<html><body>{body}</body></html>", stop_words)

    return judge


def datatrove_load(_):
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter
    peer = C4QualityFilter()
    return lambda lines: peer.filter(Document(text="\n".join(lines), id=""))


def dolma_load(_):
    from dolma.core.data_types import Document
    from dolma.taggers.c4 import FasterC4Tagger
    peer = FasterC4Tagger()
    return lambda lines: peer.predict(Document(source="", id="", text="\n".join(lines)))


# name: (package, what it does, the file it reads, lines a call, how to fit, how to load)
PEERS = {
    "fastText": ("fasttext-wheel", "word pairs", "text.txt", BATCH, fasttext_fit, fasttext_load),
    "VW": ("vowpalwabbit", "`-t -i`, 2-grams", "text.vw", None, vw_fit, None),
    "scikit-learn": ("scikit-learn", "hashed 1-2-grams, logistic", "text.txt", BATCH,
                     sklearn_fit, sklearn_load),
    "jusText": ("justext", "rule, no HTML", "text.txt", DOCUMENT, None, justext_load),
    "jusText of pages": ("justext", "the same paragraphs as HTML, which is what it reads",
                         "cut.txt", DOCUMENT, None, justext_pages_load),
    "dolma": ("dolma", "C4 tagger, c4_v2", "text.txt", DOCUMENT, None, dolma_load),
    "datatrove": ("datatrove", "C4QualityFilter", "cut.txt", DOCUMENT, None, datatrove_load),
}


def child(folder, name, path=None):
    """What a process of a peer does: fits its model, or judges a file and counts lines."""
    *_, lines_a_call, fit, load = PEERS[name]
    count = 0
    if path is None:
        with open(folder / "labelled.jsonl", encoding="utf-8") as file:
            fit(folder, [json.loads(line) for line in file])
    elif load is None:
        count = vw_judge(folder, path)
    else:
        judge = load(folder)
        for lines in chunks(path, lines_a_call):
            judge(lines)
            count += len(lines)
    print(count, "lines", file=sys.stderr)


def measure(command, environment):
    """CPU seconds, wall seconds, peak memory in MiB and the last line of its messages."""
    with tempfile.TemporaryFile() as messages:
        start = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        said = [line for line in messages.read().decode(errors="replace").splitlines()
                if line.strip() and not line.startswith("note: ")][-1:]
    if child.returncode:
        raise RuntimeError(*said or [f"exit status {child.returncode}"])
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, *said


def version_of(program):
    said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True, text=True)
    return re.search(r"\d+(\.\d+)+", said.stdout)[0]


def programs(despam):
    """Rows of programs: name, command without the file, input, environment."""
    for file, threads in (("text.txt", "1"), ("text.txt", "2"), ("text.jsonl", "1"),
                          ("text.jsonl", "2"), ("text.jsonl.gz", "1"), ("text.jsonl.zst", "1")):
        yield f"despam filter -j {threads}", [despam, "filter", "-j", threads], file, {}
    for locale in ("C.UTF-8", "C"):
        yield f"wc -w (LC_ALL={locale})", ["wc", "-w"], "text.txt", {"LC_ALL": locale}
    yield "gzip -dc", ["gzip", "-dc"], "text.jsonl.gz", {}
    yield "zstd -dc", ["zstd", "-dc"], "text.jsonl.zst", {}


def rows(arguments, folder, environment):
    """A row for each program and peer; models are fitted on the way."""
    for name, command, file, more in programs(arguments.despam):
        row = {"program": name, "input": file, "command": command, "environment": more}
        if shutil.which(command[0]):
            said = subprocess.check_output([command[0], "--version"], text=True)
            row["version"] = re.search(r"\d+(\.\d+)+", said)[0]
        else:
            row["problem"] = f"there is no {command[0]}"
        yield row
    for name, (package, what, file, _, fit, _) in PEERS.items():
        python = arguments.python.get(name, sys.executable)
        command = [python, __file__, "--child", str(folder), name]
        row = {"program": f"{name} ({what})", "input": file, "command": command}
        version = f"import importlib.metadata as m; print(m.version('{package}'))"
        try:
            row["version"] = subprocess.check_output([python, "-c", version], text=True,
                                                     stderr=subprocess.DEVNULL).strip()
            if fit:
                measure(command, environment)
        except subprocess.CalledProcessError:
            row["problem"] = f"the package {package} is not installed"
        except (OSError, RuntimeError) as error:
            row["problem"] = str(error)
        yield row


def run_all(table, folder, environment, repeats):
    for _ in range(repeats):
        for row, name in itertools.product(table, ("empty", "full")):
            if "problem" in row:
                continue
            command = [*row["command"], str(folder / name / row["input"])]
            try:
                run = measure(command, environment | row.get("environment", {}))
            except (OSError, RuntimeError) as error:
                row["problem"] = str(error)
                continue
            row.setdefault(name, []).append(dict(zip(("cpu", "wall", "memory", "said"), run)))


def evaluate(table, folder):
    """Adds the figures of the table: minima of the times, the maximum of the memory."""
    for row in table:
        if "problem" in row:
            continue
        read = "cut.txt" if row["input"] == "cut.txt" else "text.txt"
        row["bytes"] = (folder / "full" / read).stat().st_size
        row["start"] = min(run["cpu"] for run in row["empty"])
        row["cpu"] = min(run["cpu"] for run in row["full"])
        row["wall"] = min(run["wall"] for run in row["full"])
        row["memory"] = max(run["memory"] for run in row["full"])
        row["rate"] = row["bytes"] / MB / max(row["cpu"] - row["start"], 1e-3)
        if "rate" in table[0]:
            row["ratio"] = table[0]["rate"] / row["rate"]


def markdown(table, floor):
    yield ("| program | version | input | text, MB | CPU, s | of it start-up, s | wall, s "
           "| peak memory, MiB | MB per CPU second | CPU a byte, despam = 1 |")
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for row in table:
        cells = [row["program"], row.get("version", ""), row["input"]]
        if "problem" in row:
            cells += ["not run: " + row["problem"].replace("|", "/")] + [""] * 6
        else:
            cells.append(f"{row['bytes'] / MB:.1f}")
            cells += [f"{row[name]:.2f}" for name in ("cpu", "start", "wall")]
            low = row["memory"] < 1.02 * floor
            cells.append(f"< {floor:.0f}" if low else f"{row['memory']:.0f}")
            cells += [f"{row['rate']:.3g}", f"{row['ratio']:.3g}" if "ratio" in row else ""]
        yield "| " + " | ".join(cells) + " |"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--despam", help="the program to compare with")
    parser.add_argument("--text", type=pathlib.Path, help="plain UTF-8 text; default: made here")
    parser.add_argument("--mb", type=int, default=200, help="size of the text made here")
    parser.add_argument("--slow-mb", type=int, default=20, help="size of the prefix for slow peers")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="all runs, to this file")
    parser.add_argument("--python", action="append", default=[], metavar="PEER=INTERPRETER",
                        help="run a peer in an environment of its own")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)  # folder, peer, file
    arguments = parser.parse_args()
    arguments.python = dict(pair.split("=", 1) for pair in arguments.python)
    if not (arguments.despam or arguments.child):
        parser.error("--despam PROGRAM is missing")
    if unknown := set(arguments.python) - set(PEERS):
        parser.error(f"no such peer: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    return arguments


def main():
    arguments = parse()
    if arguments.child:
        child(pathlib.Path(arguments.child[0]), *arguments.child[1:])
        return
    environment = os.environ | {
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RUST_BACKTRACE": "0",
        "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # A child's peak memory is never below this process's: what is large is done elsewhere.
        maker = multiprocessing.Process(target=prepare, args=(arguments, folder))
        maker.start()
        maker.join()
        if maker.exitcode:
            sys.exit("the inputs could not be made")
        table = list(rows(arguments, folder, environment))
        run_all(table, folder, environment, arguments.repeats)
        evaluate(table, folder)
        floor = measure(["true"], environment)[2]
        size = (folder / "full/text.txt").stat().st_size / MB
    processor = re.search(r"model name\s*: (.*)|$", pathlib.Path("/proc/cpuinfo").read_text())[1]
    source = f"`{arguments.text.name}`" if arguments.text else "synthetic, made by this script"
    facts = (f"Text: {source}, {size:.1f} MB. {processor or platform.machine()}, "
             f"{os.cpu_count()} cores, Python {platform.python_version()}, "
             f"{time.strftime('%Y-%m-%d')}; lowest times of {arguments.repeats} runs.")
    print(facts, "", *markdown(table, floor), sep="\n")
    if arguments.json:
        for row in table:
            del row["command"]
        arguments.json.write_text(json.dumps({"facts": facts, "rows": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
