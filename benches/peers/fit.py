"""The text stage's fit and liblinear's, on the same rows and to the same objective.

    python fit.py FOLDER [--paragraphs 100000] [--repeats 5] [--three] [--bench PROGRAM]

FOLDER holds labelled sets. `cargo bench --bench fit` draws paragraphs, turns them into
rows and fits them; liblinear's `train` (`-s 7`, dual coordinate descent) is given these
rows in memory. What is timed is each one's fit alone: CPU time, one thread.

The problem is content against spam. Our softmax of two classes with weights a and b has
a = -b at its optimum, so with w = b - a its objective is half of

    1/2 |w|^2 + C sum_i ln(1 + exp(-y_i w . x_i)),  C twice the recipe's,

which is what liblinear minimises. The intercept is a column of the rows and penalised in
both (`-B -1`). This objective is computed here for both, from the weights they give.

Each solver has a ladder of tolerances, from loose to tight. The loosest whose objective is
within 1e-4 of the lowest seen is timed, in turns, and the lowest time counts. Both draw
the order of visits from a fixed seed, so that every run of a solver does the same.

--three adds three classes: our softmax, against the three problems of one class against
the rest that liblinear solves instead. Those are other objectives: each is within 1e-4
of the lowest seen of its own.
"""

import argparse
import ctypes
import importlib.metadata
import json
import pathlib
import platform
import subprocess
import tempfile
import time

import numpy
import scipy.sparse
from liblinear import liblinear

WITHIN = 1e-4
CONTENT = 0
C_LIBRARY = ctypes.CDLL(None)
ROOT = pathlib.Path(__file__).parents[2]
OURS = ("1e-2", "3e-3", "2e-3", "1e-3", "7e-4", "5e-4", "4e-4", "3e-4", "2e-4", "1e-4", "1e-6")
THEIRS = (50, 40, 30, 27, 25, 23, 20, 17, 15, 12, 10, 7, 5, 3, 2, 1)


class Ours:
    """Our fit, a process for each run."""

    name = "despam"

    def __init__(self, program, folder, out, paragraphs, three):
        self.command = [program, folder, out, "--paragraphs", str(paragraphs)]
        self.command += ["--three"] * three
        self.out = out

    def fit(self, *tolerances):
        """Tolerance, seconds, passes, our own objective and weights, a column a class."""
        run = subprocess.run([*self.command, *tolerances], check=True, capture_output=True,
                             text=True)
        for line in run.stdout.splitlines():
            tolerance, seconds, passes, objective, _ = line.split("\t")
            weights = numpy.fromfile(self.out / f"weights-{tolerance}.f64").reshape(-1, 3)
            yield tolerance, float(seconds), passes, float(objective), weights


class Theirs:
    """liblinear's `train`, in this process."""

    name = "liblinear -s 7"

    def __init__(self, labels, rows, c):
        self.problem = liblinear.problem(labels, rows)
        self.c = c
        self.passes = []
        # The number of passes is only in what it prints.
        self.print = liblinear.PRINT_STRING_FUN(self.hear)

    def hear(self, text):
        if b"optimization finished" in text:
            self.passes.append(text.split()[-1].decode())

    def fit(self, *tolerances):
        """Tolerance, seconds, passes, no objective of its own, weights."""
        for tolerance in tolerances:
            options = liblinear.parameter(f"-s 7 -c {self.c!r} -e {tolerance} -B -1")
            liblinear.liblinear.set_print_string_function(self.print)
            self.passes.clear()
            # Its order of visits, and with it the result, is drawn by the C library.
            C_LIBRARY.srand(1)
            start = time.process_time()
            model = liblinear.liblinear.train(self.problem, options)
            seconds = time.process_time() - start
            model = liblinear.toPyModel(model)
            classes = 1 if model.nr_class == 2 else model.nr_class
            found = numpy.ctypeslib.as_array(model.w, (model.nr_feature * classes,))
            weights = numpy.zeros((model.nr_feature, 3))
            # Of two classes the weights are for the first label it met.
            if classes == 1:
                weights[:, model.label[0]] = found
            else:
                for k, column in enumerate(found.reshape(-1, classes).T):
                    weights[:, model.label[k]] = column
            yield str(tolerance), seconds, "+".join(self.passes), None, weights


def binary_objective(rows, positive, weights, c):
    margins = numpy.where(positive, 1.0, -1.0) * (rows @ weights)
    return 0.5 * weights @ weights + c * numpy.logaddexp(0.0, -margins).sum()


def softmax_objective(rows, labels, weights, c):
    margins = rows @ weights
    hit = margins[numpy.arange(len(labels)), labels]
    return 0.5 * (weights ** 2).sum() + c * (numpy.logaddexp.reduce(margins, axis=1) - hit).sum()


def loosest(solver, tolerances, objectives, best):
    """The first fit of the ladder that is within reach of the best of every objective."""
    for fit in tolerances:
        values = objectives[solver, fit]
        if all(value <= low * (1 + WITHIN) for value, low in zip(values, best)):
            return fit
    raise SystemExit(f"{solver}: no tolerance of the ladder is within {WITHIN} of the best")


def read_rows(out):
    labels = numpy.fromfile(out / "labels.u8", numpy.uint8).astype(int)
    starts = numpy.fromfile(out / "starts.u64", numpy.uint64).astype(numpy.int64)
    ids = numpy.fromfile(out / "ids.u32", numpy.uint32).astype(numpy.int32)
    values = numpy.fromfile(out / "values.f64")
    return labels, values, ids, starts


def compare(ours, c, repeats, three):
    """A row of the table for each solver."""
    ladder = list(ours.fit(*OURS))
    labels, values, ids, starts = read_rows(ours.out)
    columns = len(ladder[0][4])
    rows = scipy.sparse.csr_matrix((values, ids, starts), shape=(len(labels), columns))
    theirs = Theirs(labels.astype(float), rows, c if three else 2 * c)
    fits = {ours.name: ladder, theirs.name: list(theirs.fit(*THEIRS))}
    objectives = {}
    for name, found in fits.items():
        for tolerance, _, _, own, weights in found:
            if not three:
                spam = weights[:, 2] - weights[:, CONTENT]
                value = [binary_objective(rows, labels != CONTENT, spam, 2 * c)]
                if own and abs(value[0] / (2 * own) - 1) > 1e-6:
                    raise SystemExit(f"{tolerance}: {value[0]} is not twice {own}")
            elif name == ours.name:
                value = [softmax_objective(rows, labels, weights, c)]
            else:
                value = [binary_objective(rows, labels == k, weights[:, k], c) for k in range(3)]
            objectives[name, tolerance] = value
    best = {name: numpy.min([objectives[name, fit[0]] for fit in fits[name]], axis=0)
            for name in fits}
    if not three:
        best = dict.fromkeys(fits, min(best.values()))
    chosen = {name: loosest(name, [fit[0] for fit in fits[name]], objectives, best[name])
              for name in fits}
    times = {name: [] for name in fits}
    for _ in range(repeats):
        for solver in (ours, theirs):
            ((_, seconds, _, _, _),) = solver.fit(chosen[solver.name])
            times[solver.name].append(seconds)
    for name in fits:
        tolerance = chosen[name]
        passes = next(fit[2] for fit in fits[name] if fit[0] == tolerance)
        excess = max(v / b - 1 for v, b in zip(objectives[name, tolerance], best[name]))
        objective = " + ".join(f"{value:.3f}" for value in objectives[name, tolerance])
        ratio = min(times[name]) / min(times[theirs.name])
        print(f"| {name} | {'three' if three else 'two'} | {len(labels):,} | {rows.nnz:,} "
              f"| {tolerance} | {passes} | {objective} | {excess:.1e} "
              f"| {min(times[name]):.3f} | {max(times[name]):.3f} | {ratio:.2f} |")


def built():
    """The bench, built now."""
    run = subprocess.run(
        ["cargo", "bench", "--bench", "fit", "--no-run", "--message-format", "json"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    made = [json.loads(line) for line in run.stdout.splitlines()]
    return next(part["executable"] for part in reversed(made) if part.get("executable"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--paragraphs", type=int, default=100_000)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--three", action="store_true")
    arguments.add_argument("--bench", help="the built bench, else it is built")
    arguments.add_argument("--c", type=float, default=0.1, help="the recipe's C")
    given = arguments.parse_args()
    program = given.bench or built()
    version = importlib.metadata.version("liblinear-official")
    print(f"liblinear-official {version}, {platform.machine()}, Python "
          f"{platform.python_version()}; lowest and highest of {given.repeats} runs.\n")
    print("| solver | classes | rows | entries | tolerance | passes | objective | above the lowest "
          "| CPU, s | highest | to liblinear |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for three in (False, True)[: 1 + given.three]:
        with tempfile.TemporaryDirectory() as out:
            out = pathlib.Path(out)
            compare(Ours(program, given.folder, out, given.paragraphs, three), given.c,
                    given.repeats, three)


if __name__ == "__main__":
    main()
