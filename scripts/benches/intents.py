"""How well dictation, questions and commands are told apart, on text the detector was not trained on."""

import argparse
import csv
import json
import statistics
import time
from collections import Counter
from pathlib import Path

from assistant.intents.classifier import MODEL
from assistant.intents.detect import Context, Decision, detect

ROOT = Path(__file__).resolve().parents[2]
SETS = (
    ROOT / "tests/data/intents.tsv",
    ROOT / "tests/data/intents_second.tsv",
    ROOT / "tests/data/intents_third.tsv",
    ROOT / "tests/data/intents_fourth.tsv",
)
LABELS = ("dictation", "question", "command")
WORDS_PER_MINUTE = 120
"""Of flowing dictation; turns a rate per word into a rate per hour."""


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def calibration_error(pairs: list[tuple[float, bool]], bins: int = 10) -> float:
    """Expected calibration error: the confidence and how often it was right, in bins of confidence."""
    error = 0.0
    for low in range(bins):
        inside = [pair for pair in pairs if low / bins < pair[0] <= (low + 1) / bins]
        if inside:
            sure = statistics.fmean(pair[0] for pair in inside)
            right = statistics.fmean(pair[1] for pair in inside)
            error += len(inside) / len(pairs) * abs(sure - right)
    return error


def figures(rows: list[dict[str, str]], taken: list[Decision]) -> dict[str, object]:
    count = Counter((row["label"], got.intent) for row, got in zip(rows, taken, strict=True))
    by_intent = {}
    for label in LABELS:
        truth = sum(count[label, other] for other in LABELS)
        said = sum(count[other, label] for other in LABELS)
        by_intent[label] = {
            "precision": round(count[label, label] / said, 4) if said else None,
            "recall": round(count[label, label] / truth, 4) if truth else None,
            "lines": truth,
        }
    hours = sum(len(row["text"].split()) for row in rows if row["label"] == "dictation") / (
        60 * WORDS_PER_MINUTE
    )
    return {
        "lines": len(rows),
        "accuracy": round(sum(count[label, label] for label in LABELS) / len(rows), 4),
        "dictation_as_question": count["dictation", "question"],
        "dictation_as_command": count["dictation", "command"],
        "false_questions_per_hour": round(count["dictation", "question"] / hours, 2) if hours else None,
        "false_commands_per_hour": round(count["dictation", "command"] / hours, 2) if hours else None,
        "dictation_hours": round(hours, 3),
        "by_intent": by_intent,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=list(SETS), help="label, specialty, text")
    parser.add_argument("--errors", action="store_true", help="print what was taken wrongly")
    args = parser.parse_args()
    detect("warm up", Context())
    result: dict[str, object] = {"bench": "intents", "model_kb": round(MODEL.stat().st_size / 1000)}
    pairs: list[tuple[float, bool]] = []
    times: list[float] = []
    for path in args.files:
        rows = read(path)
        taken: list[Decision] = []
        for row in rows:
            begun = time.perf_counter()
            got = detect(row["text"], Context())
            times.append((time.perf_counter() - begun) * 1000)
            taken.append(got)
            pairs.append((got.confidence, got.intent == row["label"]))
            if args.errors and got.intent != row["label"]:
                print(f"  {row['label']} taken for {got.intent} ({got.confidence:.2f}): {row['text']}")
        one = figures(rows, taken)
        places = Counter(row["specialty"] for row in rows)
        one["by_specialty"] = {
            place: round(
                sum(
                    got.intent == row["label"]
                    for row, got in zip(rows, taken, strict=True)
                    if row["specialty"] == place
                )
                / places[place],
                3,
            )
            for place in places
        }
        result[path.stem] = one
        print(f"{path.name}: {one['accuracy']:.1%} of {len(rows)} right, {one['by_intent']}")
    result["calibration_error"] = round(calibration_error(pairs), 4)
    result["ms_median"] = round(statistics.median(times), 3)
    result["ms_max"] = round(max(times), 3)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
