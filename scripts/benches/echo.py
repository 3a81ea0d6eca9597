"""The echo of an answer that is read aloud: whether it is dropped, and whether what a person
says meanwhile is kept. Needs flite and espeak-ng."""

import argparse
import csv
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

from assistant.asr.base import AsrModel
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.components.opening import open_recogniser
from assistant.config import Settings
from assistant.conversation.echo import without_echo
from assistant.dictation.grammar import command_of

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ("chest_xray.flac", "answer_leg.flac", "answer_drugs.flac")
ANSWERS = (
    "There is no evidence of a pneumothorax on this image. The lungs are clear on both sides.",
    "The heart size is at the upper limit of normal, and the mediastinum is not widened.",
    "A solid nodule of 7 mm should be followed with CT after 6 to 12 months.",
    "Give noradrenaline for a mean arterial pressure of 65 mmHg. Add vasopressin 0.03 units per minute.",
    "Amoxicillin 500 mg three times daily for five days is the usual treatment of mild pneumonia.",
    "The most likely diagnosis is a simple renal cyst, Bosniak class 1, which needs no follow-up.",
    "Possible causes are viral pneumonitis, pulmonary oedema and early organizing pneumonia.",
    "Stop apixaban 24 hours before a procedure with low bleeding risk and 48 hours before high risk.",
    "The fracture of the distal radius is extra-articular, with dorsal angulation of about 20 degrees.",
    "I cannot see a second image. Please attach the older film to compare the two.",
)
with (ROOT / "tests/data/audio/transcripts.tsv").open(newline="") as file:
    CLEAR = {row[0]: row[1] for row in csv.reader(file, delimiter="\t") if row[0] in RECORDED}
VOICES = ("flite slt", "flite kal", "espeak")
LOUDNESS_DB = (-6.0, -18.0)
"""Level of the echo, against speech at the microphone."""
OVER_DB = -12.0


def synthesised(text: str, voice: str, folder: Path) -> Samples:
    file = folder / "speech.wav"
    program, _, name = voice.partition(" ")
    if program == "flite":
        command = ["flite", "-voice", name, "-t", text, "-o", str(file)]
    else:
        command = ["espeak-ng", "-s", "160", "-w", str(file), text]
    subprocess.run(command, check=True, capture_output=True)
    samples, rate = soundfile.read(file, dtype="float32")
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE_HZ), np.float32)


def in_a_room(samples: Samples, level_db: float) -> Samples:
    """As a loudspeaker on the desk sounds at the microphone: quieter, dull, with reflections and noise."""
    dull = np.convolve(samples, np.hanning(7) / np.hanning(7).sum(), "same")
    out = dull.copy()
    for delay_ms, share in ((11, 0.4), (23, 0.3), (41, 0.2), (67, 0.12)):
        delay = delay_ms * SAMPLE_RATE_HZ // 1000
        out[delay:] += share * dull[:-delay]
    out *= 10 ** (level_db / 20) * 0.1 / max(1e-6, float(np.sqrt(np.mean(out**2))))
    noise = np.random.default_rng(0).normal(0, 0.0008, len(out))
    return (out + noise).astype(np.float32)


def spoken(path: Path) -> Samples:
    samples, rate = soundfile.read(path, dtype="float32")
    samples = np.asarray(soxr.resample(samples, rate, SAMPLE_RATE_HZ), np.float32)
    return samples * np.float32(0.1 / max(1e-6, float(np.sqrt(np.mean(samples**2)))))


def heard(model: AsrModel, samples: Samples) -> str:
    stream = model.open_stream()
    edge = np.zeros(SAMPLE_RATE_HZ // 3, np.float32)
    stream.accept(np.concatenate([edge, samples[: 14 * SAMPLE_RATE_HZ], edge]), partial=False)
    return stream.finish().text


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def share_kept(said: str, kept: str) -> float:
    """The share of the words of ``said``, without their order, that are in ``kept``."""
    left = words(kept)
    found = 0
    for word in words(said):
        if word in left:
            left.remove(word)
            found += 1
    return found / max(1, len(words(said)))


def is_command(text: str) -> bool:
    return command_of(" ".join(words(text))) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print what was heard and what was left")
    parser.add_argument("--answers", type=int, default=len(ANSWERS), help="how many of the answers")
    args = parser.parse_args()
    for program in ("flite", "espeak-ng"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not here: apt-get install flite espeak-ng")
    model = open_recogniser(Settings())
    left: dict[str, list[str]] = {"clear_voice": [], "flite_and_espeak": []}
    times: list[float] = []

    def remains(model: AsrModel, samples: Samples, read: str) -> str:
        text = heard(model, samples)
        begun = time.perf_counter()
        rest = without_echo(text, read, is_command)
        times.append((time.perf_counter() - begun) * 1000)
        if args.show and rest:
            print(f"  {text!r}\n    leaves {rest!r}")
        return rest

    for name, text in CLEAR.items():
        for level_db in LOUDNESS_DB:
            samples = in_a_room(spoken(ROOT / "tests/data/audio" / name), level_db)
            left["clear_voice"].append(remains(model, samples, text))
    kept_over: list[float] = []
    kept_after: list[float] = []
    with (ROOT / "tests/data/speech/transcripts.tsv").open(newline="") as file:
        people = [ROOT / "tests/data/speech" / row[0] for row in csv.reader(file, delimiter="\t") if row]
    people = [path for path in people if path.is_file()] + [ROOT / "tests/data/audio/chest_xray.flac"]
    with tempfile.TemporaryDirectory() as name:
        for i, answer in enumerate(ANSWERS[: args.answers]):
            for voice in VOICES:
                read = synthesised(answer, voice, Path(name))
                for level_db in LOUDNESS_DB:
                    left["flite_and_espeak"].append(remains(model, in_a_room(read, level_db), answer))
            person = spoken(people[i % len(people)])[: 8 * SAMPLE_RATE_HZ]
            alone = heard(model, person)
            echo = in_a_room(synthesised(answer, VOICES[0], Path(name)), OVER_DB)
            over = person.copy()
            shared = min(len(over), len(echo))
            over[:shared] += echo[:shared]
            for mixed, kept in ((over, kept_over), (np.concatenate([echo, person]), kept_after)):
                text = heard(model, mixed)
                rest = without_echo(text, answer, is_command)
                kept.append(share_kept(alone, rest) / max(1e-6, share_kept(alone, text)))
                if args.show:
                    print(f"  person {alone!r}\n    heard {text!r}\n    kept {rest!r}")
    dictated = lost = 0
    with (ROOT / "tests/data/formatting.tsv").open(newline="") as file:
        for row in list(csv.reader(file, delimiter="\t"))[1:]:
            for answer in ANSWERS:
                dictated += 1
                lost += without_echo(row[-1], answer, is_command) != row[-1]
    print(
        json.dumps(
            {
                "bench": "echo",
                **{
                    voice: {
                        "utterances_of_echo": len(rests),
                        "dropped_whole": sum(not rest for rest in rests),
                        "words_left": sum(len(words(rest)) for rest in rests),
                    }
                    for voice, rests in left.items()
                },
                "persons_words_kept_over_the_echo": round(statistics.fmean(kept_over), 3),
                "persons_words_kept_after_the_echo": round(statistics.fmean(kept_after), 3),
                "dictated_lines": dictated,
                "dictated_lines_touched": lost,
                "ms_median": round(statistics.median(times), 2),
                "ms_max": round(max(times), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
