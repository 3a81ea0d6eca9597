"""Accuracy of telling dictation, questions and commands apart, on text the detector was not trained on.

With --spoken each line is spoken by flite and taken as the recogniser of the settings (ASSISTANT_ASR) writes
it; where that is one for dictation, questions are heard again by the general one, as in a session, and the
word errors of both and of the chosen text are given.
"""

import argparse
import csv
import json
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import jiwer

from assistant.asr.base import AsrModel
from assistant.audio.files import read_audio
from assistant.audio.frames import Samples
from assistant.components.opening import open_recogniser, open_second_recogniser
from assistant.config import Settings
from assistant.intents.classifier import MODEL, words
from assistant.intents.detect import Context, Decision, detect
from assistant.intents.hearing import Heard, verdict, worth_hearing_again
from assistant.intents.split import decide

ROOT = Path(__file__).resolve().parents[2]
SETS = (
    ROOT / "tests/data/intents.tsv",
    ROOT / "tests/data/intents_second.tsv",
    ROOT / "tests/data/intents_third.tsv",
    ROOT / "tests/data/intents_fourth.tsv",
    ROOT / "tests/data/intents_fifth.tsv",
    ROOT / "tests/data/intents_sixth.tsv",
    ROOT / "tests/data/intents_seventh.tsv",
)
LABELS = ("dictation", "question", "command")
VOICES = ("slt", "rms", "awb", "kal16")
WORDS_PER_MINUTE = 120
"""Pace of flowing dictation; turns a rate per word into a rate per hour."""


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


class Hearing:
    """Lines spoken and recognised; keeps what each recogniser wrote."""

    def __init__(self) -> None:
        settings = Settings()
        self.model, self.second = open_recogniser(settings), open_second_recogniser(settings)
        self.texts: dict[str, list[tuple[str, str, str, str]]] = {}
        """By label: said, first, second, chosen."""

    def hear(self, label: str, said: str, voice: str) -> str:
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            plain = re.sub(r"[\[\]{}]", " ", said)
            subprocess.run(["flite", "-voice", voice, "-t", plain, "-o", file.name], check=True)
            audio = read_audio(Path(file.name))
        first = self._transcribe(self.model, audio)
        chosen = second = first
        if self.second is not None:
            second = self._transcribe(self.second, audio)
            heard, other = Heard(first, detect(first)), Heard(second, detect(second))
            if worth_hearing_again(heard, False) and verdict(heard, other, False) == "second":
                chosen = second
        self.texts.setdefault(label, []).append((said, first, second, chosen))
        return chosen

    @staticmethod
    def _transcribe(model: AsrModel, audio: Samples) -> str:
        stream = model.open_stream()
        stream.accept(audio, partial=False)
        return stream.finish().text

    def word_errors(self) -> dict[str, object]:
        found: dict[str, object] = {"recogniser": self.model.name}
        for label, texts in self.texts.items():
            said = [plain_words(text[0]) for text in texts]
            rates = [jiwer.wer(said, [plain_words(text[n]) or "-" for text in texts]) for n in (1, 2, 3)]
            found[label] = dict(zip(("first", "second", "chosen"), (round(r, 3) for r in rates), strict=True))
        return found


def plain_words(text: str) -> str:
    return " ".join(words(text)) or "-"


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
    parser.add_argument("--spoken", action="store_true", help="spoken by flite and recognised")
    args = parser.parse_args()
    hearing = Hearing() if args.spoken else None
    detect("warm up", Context())
    result: dict[str, object] = {"bench": "intents", "model_kb": round(MODEL.stat().st_size / 1000)}
    pairs: list[tuple[float, bool]] = []
    times: list[float] = []
    for path in args.files:
        rows = read(path)
        taken: list[Decision] = []
        for number, row in enumerate(rows):
            text = row["text"]
            if hearing:
                text = hearing.hear(row["label"], text, VOICES[number % len(VOICES)])
            begun = time.perf_counter()
            got = decide(text, Context())[-1].decision
            times.append((time.perf_counter() - begun) * 1000)
            taken.append(got)
            pairs.append((got.confidence, got.intent == row["label"]))
            if args.errors and got.intent != row["label"]:
                print(f"  {row['label']} taken for {got.intent} ({got.confidence:.2f}): {text}")
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
    if hearing:
        result["word_errors"] = hearing.word_errors()
    result["calibration_error"] = round(calibration_error(pairs), 4)
    result["ms_median"] = round(statistics.median(times), 3)
    result["ms_max"] = round(max(times), 3)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
