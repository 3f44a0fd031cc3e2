"""What despam needs for inputs of extreme size and shape, and whether its counts are right.

    python extremes.py --despam PROGRAM [--threads 2] [--only WORD]

Writes one Markdown table to standard output. Every row is a run of `despam filter` that
reads a pipe: what is piped is made on the fly by a process of its own, so the disk holds
none of it. CPU time is user and system time of despam alone. MB are 10^6 bytes, MiB 2^20.
The last column says whether what despam counted is what was made. The exit status is 1 if
anything was not.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))

MB = 1_000_000
MIB = 1 << 20
WORDS = b"word " * (MIB // 5)


def repeated(times, block):
    """Blocks, and what is to be counted in them: lines with words, so a paragraph each."""
    lines = [line for line in block.split(b"\n") if line.strip()]
    expected = {"records": 1, "rejected": 0, "paragraphs": times * len(lines),
                "words": times * sum(len(line.split()) for line in lines)}
    return expected, itertools.repeat(block, times)


def text(size):
    """Words of a Zipf-like frequency in sentences, the same 10 MB again and again."""
    from speed import made_lines
    block = bytearray()
    for line in made_lines(1, junk=0.1):
        block += line.encode() + b"\n"
        if len(block) >= 10 * MB:
            return repeated(size // (10 * MB), bytes(block))


def one_record(paragraphs):
    lines = (f"Paragraph number {number} of a long document." for number in range(paragraphs))
    record = json.dumps({"text": "\n".join(lines)}).encode() + b"\n"
    return {"records": 1, "rejected": 0, "paragraphs": paragraphs}, [record]


def between(before, block, times, after, **expected):
    """Something long between two things that are to be judged all the same."""
    return expected, itertools.chain([before], itertools.repeat(block, times), [after])


def long_line(gib):
    return between(b"Home\n", WORDS, 1024 * gib, b"\nHome\n", records=1, rejected=0,
                   long_lines=1, paragraphs=2)


def long_record(gib):
    sound = b'{"text":"Home"}\n'
    return between(sound + b'{"text":"', WORDS, 1024 * gib, b'"}\n' + sound, records=3,
                   rejected=1, paragraphs=2)


def long_page(gib):
    head = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: %d\r\n\r\n"
    sound, end = head % 4 + b"Home", b"\r\n\r\n"
    length = 1024 * gib * len(WORDS)
    return between(sound + end + head % length, WORDS, 1024 * gib, end + sound + end,
                   paragraphs=2)


def paragraph(words):
    return repeated(1, b" ".join(words) + b"\n")


def letters(numbers):
    """A word of five letters for each number, another for each below 26^5."""
    for number in numbers:
        yield bytes(97 + number // 26 ** place % 26 for place in range(5))


# name: (format, how to make it)
CASES = {
    "10 MB of text": ("txt", lambda: text(10 * MB)),
    "200 MB of text": ("txt", lambda: text(200 * MB)),
    "4.5 GB of text": ("txt", lambda: text(4500 * MB)),
    "10 M lines of one byte": ("txt", lambda: repeated(20, b"x\n" * 500_000)),
    "a record of 1 M paragraphs": ("jsonl", lambda: one_record(1_000_000)),
    "1 M words of 2,000 in a paragraph": (
        "txt", lambda: paragraph(letters(i * i % 2003 * 7919 % 26 ** 5 for i in range(MB)))),
    "1 M distinct words in a paragraph": (
        "txt", lambda: paragraph(letters(i * 7919 % 26 ** 5 for i in range(MB)))),
    "1 M codes of 2,000 in a paragraph": (
        "txt", lambda: paragraph(b"W-%x" % (i * i % 2003) for i in range(MB))),
    "1 M distinct codes in a paragraph": (
        "txt", lambda: paragraph(b"W-%x" % i for i in range(MB))),
    "a token of 60 MB": ("txt", lambda: repeated(1, b"x" * 60 * MB)),
    "a token of 100 MB": ("txt", lambda: ({"long_lines": 1}, [b"x" * 100 * MB])),
    "a line of 2 GiB": ("txt", lambda: long_line(2)),
    "a record of 2 GiB": ("jsonl", lambda: long_record(2)),
    "a page of 2 GiB": ("wet", lambda: long_page(2)),
}


def feed(name):
    """Makes an input, and tells at the end what it was."""
    expected, blocks = CASES[name][1]()
    size = 0
    for block in blocks:
        size += sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()
    print(json.dumps({"bytes": size} | expected), file=sys.stderr)


def measure(name, despam, threads):
    """CPU seconds, peak memory in MiB, what despam counted and what was made."""
    form = CASES[name][0]
    feeder = subprocess.Popen([sys.executable, __file__, "--feed", name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command = [despam, "filter", "--json", "--unit", "line", "--format", form, "-j", str(threads)]
    child = subprocess.Popen(command, stdin=feeder.stdout, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    feeder.stdout.close()
    said = child.stderr.read().splitlines()  # to its end, which comes when the child ends
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit(f"{name}: exit status {child.returncode}: {said[-1:]}")
    expected = json.loads(feeder.communicate()[1])
    counted = json.loads(said[-1])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, counted, expected


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--despam", help="the program")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", metavar="WORD", help="only rows with this word")
    parser.add_argument("--feed", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.feed:
        return feed(arguments.feed)
    if not arguments.despam:
        parser.error("--despam PROGRAM is missing")
    print("| input | form | MB | CPU, s | MB per CPU second | peak memory, MiB | counts |")
    print("|---|---|--:|--:|--:|--:|---|", flush=True)
    all_right = True
    for name, (form, _) in CASES.items():
        if arguments.only not in name:
            continue
        cpu, memory, counted, expected = measure(name, arguments.despam, arguments.threads)
        wrong = [f"{key} {counted[key]}, not {value}" for key, value in expected.items()
                 if counted[key] != value]
        all_right &= not wrong
        size = expected["bytes"] / MB
        print(f"| {name} | {form} | {size:.0f} | {cpu:.2f} | {size / cpu:.3g} | {memory:.0f} "
              f"| {'; '.join(wrong) or 'right'} |", flush=True)
    return not all_right


if __name__ == "__main__":
    sys.exit(main())
