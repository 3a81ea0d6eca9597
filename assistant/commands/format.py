"""``assistant format``: turns each line of spoken text into its written form."""

import argparse
import sys
from dataclasses import fields
from typing import get_args, get_type_hints

from assistant.commands.terminal import Subparsers, note, say
from assistant.dictation import FormatOptions, Formatter
from assistant.dictation.glued_numbers import glued_number_marks
from assistant.dictation.missing_numbers import missing_number_marks
from assistant.dictation.near_misses import near_miss_marks


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "format",
        help="turn dictated text into its written form",
        description="Turn each line into its written form; a line break inside a line is written \\n. "
        "Without TEXT, read standard input. Doubtful text, words that are nearly the name of a drug or a "
        "body part, words with a number glued in, and units without a number are reported on standard error.",
    )
    parser.add_argument("text", nargs="*", metavar="TEXT", help="one utterance each")
    for field in fields(FormatOptions):
        choices = get_args(get_type_hints(FormatOptions)[field.name])
        parser.add_argument(f"--{field.name.replace('_', '-')}", choices=choices, default=field.default)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    formatter = Formatter(
        FormatOptions(**{each.name: getattr(args, each.name) for each in fields(FormatOptions)})
    )
    for line in args.text or sys.stdin:
        text = line.rstrip("\r\n").replace("\\n", "\n")
        written = formatter.write(text)
        say(written.text.replace("\n", "\\n"))
        text, own = written.text, formatter.own_words
        marks = [*written.marks, *near_miss_marks(text, own), *glued_number_marks(text, own)]
        marks += missing_number_marks(text)
        for mark in sorted(marks, key=lambda mark: mark.start):
            note(f"Check “{written.text[mark.start : mark.end]}”: {mark.doubt.message}")
    return 0
