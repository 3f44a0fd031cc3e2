"""How long despam and others take over the same bytes, side by side in one run.

    python speed.py --despam PROGRAM [--text FILE] [--repeats 3] [--json FILE]
                    [--python datatrove=INTERPRETER]

Writes one Markdown table to standard output. Every row is a process of its own. Rows
take turns, so that a busy spell of the machine meets all of them; of the repeats the
lowest times count. Start-up is the same command on an empty input; the rate and the
ratio are of CPU time (user and system) without it, per byte of text, whatever form
the text is packed in. MB are 10^6 bytes.

Without --text the script makes its own text, the same every time: words of a Zipf-like
frequency, sentences and, one line in ten, junk. A document is 40 lines where a peer or
a form wants documents. The slow peers read a prefix of the text (--slow-mb). Models of
the learned peers are fitted on lines of the text and made junk: how well they judge is
not measured here (see quality.py), only how long. requirements.txt says what to
install. A peer that cannot run gets a row with the reason. The temporary folder needs
five times the size of the text and 1 GB for fastText's model.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import pathlib
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time

DOCUMENT = 40
BATCH = 10_000
MB = 1_000_000

# ---------------------------------------------------------------- the synthetic text

COMMON = """the of and to a in is that for was it on with as he at by be from his are this
had not but have they which or were an one we their been has more her she there when will
would who if about up out so said what its no time them than into other some could new only
two first him any may like over after most then people made also did many before must year
through back where much way well down should because each just those how too little state
good very make world still see own work men day get here between both life being under three
never know same last another while us off might great go come since against right came take
used himself few house use during without again place around however home small found school
part once high general upon every water town council street river market morning""".split()
ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sp st t th tr v w".split()
VOWELS = "a a a e e e i i o o u ai ea ee io oa ou".split()
CODAS = ["", "", "", "", "n", "n", "r", "s", "l", "t", "d", "m", "ck", "ng", "nt", "st"]
JUNK = (
    "Hot sale {a} {b}, {n}V {m}Hz, MOQ {n} pcs, US ${m}.80-{n}.50 / Piece",
    "{A} {B} Co., Ltd. is a professional {a} {b} manufacturer with {m} years experience, "
    "we have CE certificate, OEM is welcome, contact us now for free samples!",
    "{A}{n}R{m}KE3, {B}{m}GB{n}D, CM{n}DY-{m}H, 6MBP{m}RA{n} in stock",
    "Home | {A} | {B} | {C} | Jobs | Contact",
    "Share on Facebook   Tweet   WhatsApp   E-mail   Print this page",
    "Copyright 20{m} {A} {B}. All rights reserved. Privacy policy | Terms of use",
    "Buy {a} {b} online, {m} % off, free shipping on all orders over ${n}",
    "Read more: {A} {b} {c}",
)


class Writer:
    """Draws lines of text; the same seed draws the same lines."""

    def __init__(self, seed):
        words = dict.fromkeys(COMMON)
        draw = random.Random(0)
        while len(words) < 20_000:
            syllables = draw.choices((1, 2, 3, 4), (1, 5, 5, 2))[0]
            words["".join(draw.choice(ONSETS) + draw.choice(VOWELS) + draw.choice(CODAS)
                          for _ in range(syllables))] = None
        self.words = list(words)
        self.weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(20_000)))
        self.draw = random.Random(seed)

    def sentence(self):
        count = min(45, max(4, int(self.draw.gauss(17, 7))))
        words = self.draw.choices(self.words, cum_weights=self.weights, k=count)
        form = self.draw.random()
        if count > 9:
            words[count // 2] += ","
        if form < 0.2:
            words[2] = str(self.draw.randrange(2, 2030))
        words[0] = words[0].capitalize()
        text = " ".join(words)
        if form > 0.9:
            return f'"{text}," said {self.draw.choice(self.words).capitalize()}.'
        return text + ("?" if form > 0.85 else ".")

    def junk(self):
        a, b, c = self.draw.choices(self.words[100:], k=3)
        return self.draw.choice(JUNK).format(
            a=a, b=b, c=c, A=a.capitalize(), B=b.capitalize(), C=c.capitalize(),
            n=self.draw.randrange(100, 999), m=self.draw.randrange(10, 30))

    def line(self):
        if self.draw.random() < 0.1:
            return self.junk()
        return " ".join(self.sentence() for _ in range(self.draw.randrange(1, 6)))


def make_text(path, size):
    writer = Writer(1)
    with open(path, "wb") as file:
        while file.tell() < size:
            file.write((writer.line() + "\n").encode())


# ------------------------------------------------------------------ forms of the text

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


def cut(text, path, size):
    """The lines of the text that fit into so many bytes."""
    with open(text, "rb") as source, open(path, "wb") as file:
        for line in source:
            if file.tell() + len(line) > size:
                break
            file.write(line)


def prepare(arguments, folder):
    """Makes all inputs: folders `full` and `empty`, and the cut of the slow peers."""
    for name in ("full", "empty"):
        (folder / name).mkdir()
    text = folder / "full/text.txt"
    if arguments.text:
        text.symlink_to(arguments.text.resolve())
    else:
        make_text(text, arguments.mb * MB)
    cut(text, folder / "full/cut.txt", arguments.slow_mb * MB)
    for name in ("text.txt", "cut.txt"):
        (folder / "empty" / name).touch()
    for name in ("full", "empty"):
        make_forms(folder / name / "text.txt", folder / name)
    writer = Writer(2)
    with open(folder / "labelled.jsonl", "w", encoding="utf-8") as file:
        for line in itertools.islice(itertools.chain.from_iterable(chunks(text, BATCH)), 20_000):
            file.write(json.dumps(["content", line]) + "\n")
            file.write(json.dumps(["junk", writer.junk()]) + "\n")


# ------------------------------------- peers: fit a model once; judge a file and count

def labelled(folder):
    with open(folder / "labelled.jsonl", encoding="utf-8") as file:
        yield from map(json.loads, file)


def fasttext_fit(folder):
    import fasttext
    with open(folder / "fasttext.txt", "w", encoding="utf-8") as file:
        file.writelines(f"__label__{label} {line}\n" for label, line in labelled(folder))
    model = fasttext.train_supervised(file.name, wordNgrams=2, thread=1, seed=1, verbose=0)
    model.save_model(str(folder / "fasttext.bin"))


def fasttext_judge(folder, path):
    import fasttext
    fasttext.FastText.eprint = lambda *_: None
    model = fasttext.load_model(str(folder / "fasttext.bin"))
    return sum(len(model.predict(lines)[0]) for lines in chunks(path, BATCH))


def vw_row(line):
    """A line without the two characters that mean something to VW."""
    return line.replace("|", " ").replace(":", " ")


def vw_fit(folder):
    import vowpalwabbit
    with vowpalwabbit.Workspace(arg_list=["--quiet", "--loss_function", "logistic", "--ngram",
                                          "2", "-f", str(folder / "vw.model")]) as learner:
        for label, line in labelled(folder):
            learner.learn(f"{1 if label == 'junk' else -1} | {vw_row(line)}")


def vw_judge(folder, path):
    import vowpalwabbit
    run = vowpalwabbit.Workspace(arg_list=[
        "--quiet", "-t", "-i", str(folder / "vw.model"), "-d", path, "-p", os.devnull])
    return int(run.get_weighted_examples())


def sklearn_fit(folder):
    import joblib
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    labels, lines = zip(*labelled(folder))
    model = HashingVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=50)
    model[1].fit(model[0].transform(lines), labels)
    joblib.dump(model, folder / "sklearn.joblib")


def sklearn_judge(folder, path):
    import joblib
    vectorizer, regression = joblib.load(folder / "sklearn.joblib")
    return sum(len(regression.decision_function(vectorizer.transform(lines)))
               for lines in chunks(path, BATCH))


def justext_judge(_, path):
    from quality import STOP_WORDS, PlainParagraph, justext
    count = 0
    for lines in chunks(path, DOCUMENT):
        paragraphs = [PlainParagraph(line) for line in lines]
        justext.core.classify_paragraphs(paragraphs, STOP_WORDS)
        justext.core.revise_paragraph_classification(paragraphs)
        count += len(paragraphs)
    return count


def datatrove_judge(_, path):
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter
    peer = C4QualityFilter()
    count = 0
    for number, lines in enumerate(chunks(path, DOCUMENT)):
        peer.filter(Document(text="\n".join(lines), id=str(number)))
        count += len(lines)
    return count


def dolma_judge(_, path):
    from dolma.core.data_types import Document
    from dolma.taggers.c4 import FasterC4Tagger
    peer = FasterC4Tagger()
    count = 0
    for number, lines in enumerate(chunks(path, DOCUMENT)):
        peer.predict(Document(source="", id=str(number), text="\n".join(lines)))
        count += len(lines)
    return count


# name: (package, what it does, the file it reads, fit or None, judge)
PEERS = {
    "fastText": ("fasttext-wheel", "predict, word pairs", "text.txt", fasttext_fit,
                 fasttext_judge),
    "VW": ("vowpalwabbit", "`-t -i`, 2-grams", "text.vw", vw_fit, vw_judge),
    "scikit-learn": ("scikit-learn", "hashed 1-2-grams, logistic", "text.txt", sklearn_fit,
                     sklearn_judge),
    "jusText": ("justext", "rules on plain paragraphs", "cut.txt", None, justext_judge),
    "datatrove": ("datatrove", "C4QualityFilter", "cut.txt", None, datatrove_judge),
    "dolma": ("dolma", "C4 tagger, c4_v2", "cut.txt", None, dolma_judge),
}


# ------------------------------------------------------------------------ measurement

class PeerError(Exception):
    pass


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
        said = (messages.read().decode(errors="replace").strip().splitlines() or [""])[-1]
    if child.returncode:
        raise PeerError(said or f"exit status {child.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, said


def first_line(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          text=True).stdout.splitlines()[0]


def rows(arguments, folder, environment):
    """A row for each program: its name, version, input, environment and how to run it."""
    despam = first_line([arguments.despam, "--version"]).split()[-1]
    for file, threads in (("text.txt", 1), ("text.txt", 2), ("text.jsonl", 1), ("text.jsonl", 2),
                          ("text.jsonl.gz", 1), ("text.jsonl.zst", 1)):
        yield {"program": f"despam filter -j {threads}", "version": despam, "input": file,
               "command": [arguments.despam, "filter", "{}", "-j", str(threads)]}
    default = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG")
                    if environment.get(name)), "C")
    for name, more in (("C.UTF-8", {"LC_ALL": "C.UTF-8"}), (f"default locale, {default}", {})):
        yield {"program": f"wc -w ({name})", "version": first_line(["wc", "--version"]).split()[-1],
               "input": "text.txt", "command": ["wc", "-w", "{}"], "environment": more}
    for packer, end in (("gzip", "gz"), ("zstd", "zst")):
        row = {"program": f"{packer} -dc", "input": f"text.jsonl.{end}",
               "command": [packer, "-dc", "{}"]}
        if shutil.which(packer):
            row["version"] = first_line([packer, "--version"]).replace(",", "").split(" v")[-1]
            row["version"] = row["version"].split()[-1 if packer == "gzip" else 0]
        else:
            row["problem"] = f"{packer} is not installed"
        yield row
    for name, (package, what, file, fit, _) in PEERS.items():
        python = arguments.python.get(name, sys.executable)
        call = [python, __file__, "--folder", str(folder)]
        row = {"program": f"{name} ({what})", "input": file, "command": [*call, "--run", name, "{}"]}
        version = f"import importlib.metadata as m; print(m.version('{package}'))"
        try:
            row["version"] = subprocess.check_output([python, "-c", version], text=True,
                                                     stderr=subprocess.DEVNULL).strip()
            if fit:
                measure([*call, "--fit", name], environment)
        except subprocess.CalledProcessError:
            row["problem"] = f"the package {package} is not installed"
        except (OSError, PeerError) as error:
            row["problem"] = str(error)
        yield row


def run_all(table, folder, environment, repeats):
    for _ in range(repeats):
        for row, name in itertools.product(table, ("empty", "full")):
            if "problem" in row:
                continue
            command = [part.replace("{}", str(folder / name / row["input"]))
                       for part in row["command"]]
            try:
                run = measure(command, environment | row.get("environment", {}))
            except (OSError, PeerError) as error:
                row["problem"] = str(error)
                continue
            row.setdefault(name, []).append(dict(zip(("cpu", "wall", "memory", "said"), run)))


def evaluate(table, folder):
    """Adds the figures of the table: minima of the times, the maximum of the memory."""
    base = None
    for row in table:
        if "problem" in row:
            continue
        cut_down = row["input"] == "cut.txt"
        row["bytes"] = (folder / "full" / ("cut.txt" if cut_down else "text.txt")).stat().st_size
        row["start"] = min(run["cpu"] for run in row["empty"])
        row["cpu"] = min(run["cpu"] for run in row["full"])
        row["wall"] = min(run["wall"] for run in row["full"])
        row["memory"] = max(run["memory"] for run in row["full"])
        row["rate"] = row["bytes"] / MB / max(row["cpu"] - row["start"], 1e-3)
        base = base or row["rate"]
        row["ratio"] = base / row["rate"]


def markdown(table, floor):
    yield ("| program | version | input | text, MB | CPU, s | of it start-up, s | wall, s "
           "| peak memory, MiB | MB per CPU second | CPU a byte, despam = 1 |")
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for row in table:
        cells = [row["program"], row.get("version", ""), row["input"]]
        if "problem" in row:
            cells += ["not run: " + row["problem"].replace("|", "/")] + [""] * 6
        else:
            memory = f"{row['memory']:.0f}" if row["memory"] > 1.02 * floor else f"< {floor:.0f}"
            cells += [f"{row['bytes'] / MB:.1f}", f"{row['cpu']:.2f}", f"{row['start']:.2f}",
                      f"{row['wall']:.2f}", memory, f"{row['rate']:.3g}", f"{row['ratio']:.3g}"]
        yield "| " + " | ".join(cells) + " |"


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--despam", help="the program to compare with")
    parser.add_argument("--text", type=pathlib.Path, help="plain UTF-8 text; default: made here")
    parser.add_argument("--mb", type=int, default=200, help="size of the text made here")
    parser.add_argument("--slow-mb", type=int, default=20, help="size of the slow peers' prefix")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="all runs, to this file")
    parser.add_argument("--python", action="append", default=[], metavar="PEER=INTERPRETER",
                        help="run a peer in an environment of its own")
    for name in ("--folder", "--fit"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.python = dict(pair.split("=", 1) for pair in arguments.python)
    if not (arguments.despam or arguments.folder):
        parser.error("--despam PROGRAM is missing")
    if unknown := set(arguments.python) - set(PEERS):
        parser.error(f"no such peer: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    return arguments


def main():
    arguments = parse()
    if arguments.fit:
        PEERS[arguments.fit][3](pathlib.Path(arguments.folder))
        return
    if arguments.run:
        name, path = arguments.run
        print(PEERS[name][4](pathlib.Path(arguments.folder), path), "lines", file=sys.stderr)
        return
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
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
    source = f"`{arguments.text.name}`" if arguments.text else "synthetic, made by this script"
    facts = (f"Text: {source}, {size:.1f} MB. {processor()}, {os.cpu_count()} cores, Python "
             f"{platform.python_version()}, {time.strftime('%Y-%m-%d')}; "
             f"lowest times of {arguments.repeats} runs.")
    print(facts, "", *markdown(table, floor), sep="\n")
    if arguments.json:
        for row in table:
            del row["command"]
        arguments.json.write_text(json.dumps({"facts": facts, "rows": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
