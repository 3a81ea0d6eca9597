"""Accuracy of telling voice commands from dictation, and the rate of false commands in flowing dictation.

Commands and hard negatives are tests/data/commands.tsv; flowing dictation is that of the intent sets and
the formatting pairs, at a clinician's pace. A report is open, so that "correct …" can find its words.
"""

import csv
import json
import subprocess
import time
from pathlib import Path

from assistant.components.personal import PersonalFiles
from assistant.dictation.dictation import Dictation

DATA = Path(__file__).parents[2] / "tests/data"
WORDS_A_MINUTE = 130
REPORT = "Small pleural effusion on the left. The lungs are clear. The heart is normal in size. Hypokalemia."


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def report() -> Dictation:
    dictation = Dictation(library=PersonalFiles().current.library)
    dictation.take("utt_1", REPORT)
    return dictation


def flowing() -> list[str]:
    said = [row["text"] for path in sorted(DATA.glob("intents*.tsv")) for row in rows(path.name)
            if row["label"] == "dictation"]  # fmt: skip
    return said + [row["spoken"] for row in rows("formatting.tsv")]


def main() -> None:
    dictation = report()
    every = rows("commands.tsv")
    took = [(row, dictation.understand(row["text"]) is not None) for row in every]
    right = sum(found for row, found in took if row["label"] == "command")
    wrong = [row["text"] for row, found in took if found and row["label"] == "text"]
    missed = [row["text"] for row, found in took if not found and row["label"] == "command"]
    lines = flowing()
    begun = time.perf_counter()
    false = [line for line in lines if dictation.understand(line)]
    each_us = (time.perf_counter() - begun) / len(lines) * 1e6
    hours = sum(len(line.split()) for line in lines) / WORDS_A_MINUTE / 60
    for kind, texts in (
        ("missed", missed),
        ("taken for a command", wrong),
        ("false in flowing dictation", false),
    ):
        for text in texts:
            print(f"{kind}: {text}")
    commands = sum(row["label"] == "command" for row in every)
    figures = {
        "commands": commands,
        "hard_negatives": len(every) - commands,
        "recall": round(right / commands, 4),
        "precision": round(right / (right + len(wrong)), 4),
        "flowing_lines": len(lines),
        "flowing_hours": round(hours, 2),
        "false_commands_per_hour": round(len(false) / hours, 3),
        "us_per_line": round(each_us, 1),
    }
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    print(json.dumps({"bench": "commands", **figures, "commit": commit.stdout.strip()}))


main()
