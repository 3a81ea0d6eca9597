"""Moonshine adapted to dictation, step by step: scripts/train moonshine STEP FOLDER."""

import argparse
import hashlib
import itertools
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import yaml

from assistant.asr import expected_words
from assistant.asr.calibration import Calibration, expected_error, fit
from assistant.asr.moonshine import CONFIDENCE, DOUBT, MoonshineModel
from assistant.asr.moonshine_search import SearchSettings
from assistant.asr.moonshine_tokens import Pieces
from assistant.audio.files import read_audio
from assistant.config import Settings
from assistant.installation import downloads, manifests
from assistant.weights import deltas, load_manifest, resolve
from hearing import scoring
from hearing.terms import own
from training.clinical import features, sentences, short, speak, vocabulary, voices

BASE, DECODER = "moonshine-tiny-en", "decoder_model_merged.ort"
SPOKEN = (
    *("train", "flite", "plain", "plain-flite", "fragments", "fragments-flite"),
    *("pico", "commands", "commands-british", "commands-pico", "numbers", "numbers-pico"),
)
CHECKED = ("dev", "dev-short", "dev-numbers", "dev-pico", "test", "test-second", "calibration")
TEST, MORE, DEV = 48, 48, 50
"""Sentences of dictation: of the test half in Piper's voice, more of it in Kokoro's, and of development."""
FLITE_FROM, FLITE = 400, 4400
PICO = slice(300, 5300, 20)
"""Sentences of train in Pico's voices."""
PLAIN = 600
"""Sentences of everyday English in frames."""
NUMBERS = 560
"""Sentences with numbers."""
FRAGMENTS, PARTS = 300, 40
"""Parts of sentences, as pauses leave them, to train on and to choose on."""
MARKED_BELOW: float = Settings.model_fields["mark_below"].default
CALIBRATED_ON = slice(7000, None, 100)
"""Sentences of train that are never reached: their terms are partly known to the model, partly not."""


def write(folder: Path) -> None:
    """All texts: train.tsv, test.tsv, dev.tsv, held_out.txt."""
    vocabulary.fetch(folder / "packages")
    terms, held = vocabulary.collect(folder / "packages")
    test = sentences.held_back(terms, held, TEST, seed=99)
    test += [sentences.Sentence("gen", text, ()) for text in sentences.GENERAL_HELD_OUT]
    test += sentences.held_back(terms, held, MORE, seed=98)[:MORE]
    dev = sentences.held_back(terms, held, DEV, seed=77)[:DEV]
    everyday = [*sentences.GENERAL_DEV, *sentences.everyday("everyday_dev.txt")]
    dev += [sentences.Sentence("gen", text, ()) for text in everyday]
    learnt = {s.text for s in sentences.fragments(own(), FRAGMENTS)}
    parts = sentences.fragments(own(), FRAGMENTS, seed=7)
    dev += [replace(s, kind="part") for s in parts if s.text not in learnt][:PARTS]
    known = Pieces((resolve(BASE, downloads()) / "tokenizer.bin").read_bytes())

    def pieces(word: str) -> int:
        return len(known.encode(word))

    banned = {s.text for s in test + dev}
    speak.write_sentences(folder / "test.tsv", test)
    speak.write_sentences(folder / "dev.tsv", dev)
    speak.write_sentences(folder / "train.tsv", sentences.training(terms, pieces, banned))
    (folder / "held_out.txt").write_text("\n".join(f"{kind}\t{term}" for kind, term in held) + "\n")
    (folder / "terms.tsv").write_text(
        "\n".join(f"{kind}\t{t}" for kind, values in terms.items() for t in values) + "\n"
    )


def say(folder: Path, what: str, worker: int, workers: int) -> None:
    """Speak one of the texts: train, flite (sentences of train that Kokoro comes to late), plain and
    plain-flite (everyday English), fragments and
    fragments-flite (parts of sentences), dev, dev-pico (dictation and numbers of development, and sentences
    that are never reached, in Pico's voices), test, or calibration."""
    packages = folder / "packages"
    voices.fetch(packages)
    clips = folder / "clips"
    match what:
        case "train":
            speak.speak(
                speak.read_sentences(folder / "train.tsv"),
                clips,
                packages,
                name="train",
                worker=worker,
                workers=workers,
            )
        case "flite":
            later = speak.read_sentences(folder / "train.tsv")[FLITE_FROM : FLITE_FROM + FLITE]
            speak.speak(later, clips, packages, name="flite", engine="flite", worker=worker, workers=workers)
        case "pico" | "dev-pico":
            texts = speak.read_sentences(folder / "train.tsv")
            if what == "pico":
                texts = texts[PICO]
            else:
                dictated = [s for s in speak.read_sentences(folder / "dev.tsv") if s.kind == "med"]
                numbers = [s for s in short.development(own()) if s.kind == "number"]
                texts = [*dictated, *numbers, *(replace(s, kind="unlearnt") for s in texts[CALIBRATED_ON])]
            speak.speak(texts, clips, packages, name=what, engine="pico", worker=worker, workers=workers)
        case _ if what in SPOKEN:
            kind, _, maker = what.partition("-")
            engine = maker or "kokoro"
            speak.speak(
                _texts(kind), clips, packages, name=what, engine=engine, worker=worker, workers=workers
            )
        case "calibration":
            texts = speak.read_sentences(folder / "train.tsv")[CALIBRATED_ON]
            said_by = [_voice(voices.DEV_VOICES[i % 2], i) for i in range(len(texts))]
            speak.speak(texts, clips, packages, name=what, voices=said_by, worker=worker, workers=workers)
        case "dev":
            texts = speak.read_sentences(folder / "dev.tsv")
            said_by = [_voice(voices.DEV_VOICES[i % 2], i) for i in range(len(texts))]
            speak.speak(texts, clips, packages, name="dev", voices=said_by, worker=worker, workers=workers)
        case "dev-short" | "dev-numbers" | "test-second":
            write = {"dev-short": short.development, "dev-numbers": short.more_numbers}.get(what, short.test)
            texts = write(own())
            names = (*voices.TEST_VOICES, "joe") if what == "test-second" else voices.DEV_VOICES
            said_by = [_voice(names[i % len(names)], i) for i in range(len(texts))]
            speak.speak(texts, clips, packages, name=what, voices=said_by, worker=worker, workers=workers)
        case "test":
            texts = speak.read_sentences(folder / "test.tsv")
            kokoro = itertools.cycle(voices.TEST_VOICES)
            # of so many clips so many in Piper's voice
            every = {"med": (2, 1), "held": (12, 11), "gen": (2, 1)}
            said_by = []
            for i, sentence in enumerate(texts):
                of, joes = every[sentence.kind]
                joe = i % of < joes and i < len(texts) - MORE
                said_by.append(_voice("joe" if joe else next(kokoro), i))
            quick = sorted(range(len(texts)), key=lambda i: said_by[i].engine != "piper")
            texts, said_by = [texts[i] for i in quick], [said_by[i] for i in quick]
            speak.speak(texts, clips, packages, name="test", voices=said_by, worker=worker, workers=workers)
        case _:
            raise SystemExit(f"There is no text {what!r}.")


def _texts(kind: str) -> list[sentences.Sentence]:
    match kind:
        case "plain":
            return sentences.plain(PLAIN)
        case "fragments":
            return sentences.fragments(own(), FRAGMENTS)
        case "commands":
            return short.commands(own())
        case "numbers":
            kept = {s.text for s in short.development(own())}
            return [s for s in short.numbers(own(), NUMBERS) if s.text not in kept]
    raise SystemExit(f"There is no text {kind!r}.")


def prepare(folder: Path, name: str, variants: int, silences: int) -> None:
    """Features of the clips that stand, into features/NAME; no clip may hold a held-out word."""
    held = {
        vocabulary.key_word(line.split("\t")[1])
        for line in (folder / "held_out.txt").read_text().splitlines()
        if name in SPOKEN
    }
    clips = [
        row for path in sorted((folder / "clips").glob(f"{name}.*.tsv")) for row in speak.read_clips(path)
    ]
    if leaked := {w for row in clips for w in row["text"].split()} & held:
        raise SystemExit(f"Held out, but spoken: {sorted(leaked)}")
    (folder / "features").mkdir(exist_ok=True)
    features.prepare(clips, resolve(BASE, downloads()), folder / "features" / name, variants, silences)


def evaluate(folder: Path, model: Path, tables: list[Path], words: bool, search: SearchSettings) -> None:
    """Scores a model on spoken clips, with or without words to expect; the last line is JSON, by kind."""
    terms = [line.split("\t") for line in (folder / "terms.tsv").read_text().splitlines()]
    held = [line.split("\t") for line in (folder / "held_out.txt").read_text().splitlines()]
    drugs = frozenset(term for kind, term in terms + held if kind in ("drug", "rare_drug"))
    medical = scoring.medical_words({term for _, term in terms + held})
    expected = expected_words.medical_words() if words else ()
    recogniser = MoonshineModel(model, vocabulary=expected, search=search)
    scores: dict[str, scoring.Score] = {}
    doubtful, unmarked = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for row in [row for table in tables for row in speak.read_clips(table)]:
        samples, _ = soundfile.read(row["path"], dtype="float32")
        heard = recogniser.hear(samples)
        score = scores.setdefault(row["kind"], scoring.Score())
        before = len(score.invented)
        score.add(row["text"], heard.text, row["terms"].split("|") if row["terms"] else [], drugs, medical)
        marked = [w.text for w in heard.words if w.confidence is not None and w.confidence < MARKED_BELOW]
        doubtful[row["kind"]] += marked
        unmarked[row["kind"]] += set(score.invented[before:]) - set(scoring.words(" ".join(marked)))
        print(f"{row['voice']}\t{row['text']}\n\t{heard.text}")
    for kind, score in scores.items():
        print(f"{kind}: invented: {' '.join(score.invented)}; not marked: {' '.join(unmarked[kind])}")
        print(f"  missed: {', '.join(score.missed)}")
        for said, wrong in score.changed:
            print(f"  changed: {said}\n    {wrong}")
    figures = {
        kind: {**score.report(), "marked": len(doubtful[kind]), "invented_unmarked": len(unmarked[kind])}
        for kind, score in scores.items()
    }
    print(json.dumps({"model": str(model), "bonus": search.bonus, **figures}))


def calibrate(model: Path, tables: list[Path]) -> None:
    """Fits the confidence to the model's probabilities on half of the clips, and checks it on the others.

    Words that only the beam decided are left out: they get a fixed value."""
    recogniser = MoonshineModel(model, vocabulary=expected_words.medical_words())
    probability_of = Calibration(scale=1 / CONFIDENCE.scale, shift=-CONFIDENCE.shift / CONFIDENCE.scale)
    halves: tuple[list[tuple[float, bool]], ...] = ([], [])
    doubtful: list[bool] = []
    rows = [row for table in tables for row in speak.read_clips(table)]
    for number, row in enumerate(rows):
        heard = recogniser.hear(read_audio(row["path"])).words
        for word, right in zip(heard, scoring.right([w.text for w in heard], row["text"]), strict=True):
            assert word.confidence is not None
            if word.confidence == DOUBT:
                doubtful.append(right)
            else:
                halves[number % 2].append((probability_of(word.confidence), right))
    fitted = fit(*zip(*halves[0], strict=True))
    probabilities, right = zip(*halves[1], strict=True)
    for name, each in (("now", CONFIDENCE), ("fitted", fitted), ("none", Calibration())):
        print(f"{name}: {each} error {expected_error([each(p) for p in probabilities], right):.3f}")
    print(f"{len(right)} words, {np.mean(right):.3f} of them right")
    print(f"doubtful: {len(doubtful)} words, {np.mean(doubtful):.3f} of them right")


SETS = {"med": "dictation", "held": "held-out", "gen": "general"}
SECOND_SETS = {"med": "second", "command": "commands", "number": "numbers"}


def pack(folder: Path, out: Path) -> None:
    """The clips of both tests, as they are committed: Opus files and clips.tsv."""
    lines = (folder / "terms.tsv").read_text() + (folder / "held_out.txt").read_text()
    kinds = [line.split("\t") for line in lines.splitlines()]
    drugs = {term for kind, term in kinds if kind in ("drug", "rare_drug")}
    out.mkdir(parents=True, exist_ok=True)
    rows = ["file\tset\tvoice\ttext\tterms"]
    clips = [
        (sets, row)
        for sets, name in ((SETS, "test"), (SECOND_SETS, "test-second"))
        for table in sorted((folder / "clips").glob(f"{name}.*.tsv"))
        for row in speak.read_clips(table)
    ]
    for number, (sets, row) in enumerate(clips):
        name = f"{number:03d}_{row['voice']}.opus"
        samples, rate = soundfile.read(row["path"], dtype="float32")
        soundfile.write(out / name, samples, rate, format="OGG", subtype="OPUS", compression_level=0.85)
        terms = [("drug:" if t in drugs else "term:") + t for t in row["terms"].split("|") if t]
        rows.append("\t".join([name, sets[row["kind"]], row["voice"], row["text"], "|".join(terms)]))
    (out / "clips.tsv").write_text("\n".join(rows) + "\n")


def ship(model: Path, name: str) -> None:
    """The delta of a trained decoder and its manifest, into models/."""
    base = load_manifest(BASE)
    folder = resolve(BASE, downloads())
    new = (model / DECODER).read_bytes()
    packed = deltas.make((folder / DECODER).read_bytes(), new)
    (manifests() / name).mkdir(exist_ok=True)
    (manifests() / name / "decoder.delta").write_bytes(packed)
    files = []
    for file in base.files:
        entry: dict[str, object] = {"path": file.path, "size": file.size, "sha256": file.sha256}
        if file.path == DECODER:
            entry["sha256"] = hashlib.sha256(new).hexdigest()
            entry["delta"] = f"{name}/decoder.delta"
            entry["delta_sha256"] = hashlib.sha256(packed).hexdigest()
        files.append(entry)
    content = {
        "name": name,
        "kind": "asr",
        "purpose": "Recognises clinical dictation and general English",
        "licence": "MIT (Moonshine's weights), Apache-2.0 (what was learnt here)",
        "source": {"kind": "bundle", "home": base.source.home, "bundle": BASE},
        "files": files,
    }
    (manifests() / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False, width=100))
    print(f"models/{name}/decoder.delta: {len(packed) / 1e6:.2f} MB")


def _voice(name: str, number: int) -> voices.Voice:
    return voices.Voice("piper" if name == "joe" else "kokoro", name, (1.0, 1.1, 1.2)[number % 3])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("write", help="write all sentences")
    one.add_argument("folder", type=Path)
    two = steps.add_parser("speak", help="speak one of the texts")
    two.add_argument("folder", type=Path)
    two.add_argument("what", choices=[*SPOKEN, *CHECKED])
    two.add_argument("--worker", type=int, default=0)
    two.add_argument("--workers", type=int, default=1)
    three = steps.add_parser("prepare", help="labels and encoder outputs of the clips that stand")
    three.add_argument("folder", type=Path)
    three.add_argument("what", help="train, flite, or the name of own recordings")
    three.add_argument("--variants", type=int, default=2, help="augmented copies of each clip")
    three.add_argument("--silences", type=int, default=0, help="clips without speech, once")
    own = steps.add_parser("recordings", help="own recordings as clips")
    own.add_argument("folder", type=Path)
    own.add_argument("table", type=Path, help="transcripts.tsv with the columns path and text")
    own.add_argument("name", nargs="?", default="own")
    four = steps.add_parser("train", help="adapt the decoder")
    four.add_argument("folder", type=Path)
    four.add_argument("name", help="of the model, under models/ in the folder")
    four.add_argument("--steps", type=int, default=1500)
    four.add_argument("--rate", type=float, default=3e-4)
    four.add_argument("--rank", type=int, default=0, help="of LoRA; 0 trains the whole decoder")
    four.add_argument("--layers", type=int, default=0, help="of the encoder, the last, trained too")
    four.add_argument("--hold", type=float, default=0.5, help="how strongly what was heard rightly is held")
    four.add_argument("--threads", type=int, default=1, help="two pay only where nothing else runs")
    four.add_argument("--every", type=int, default=0, help="steps between models kept on the way")
    four.add_argument("--start", default=BASE, help="bundle or folder to start from, e.g. moonshine-clinical")
    four.add_argument("--features", nargs="+", default=[*SPOKEN])
    mean = steps.add_parser("average", help="the mean of several models' weights")
    mean.add_argument("out", type=Path)
    mean.add_argument("models", type=Path, nargs="+", help="one that is named twice counts twice")
    five = steps.add_parser("evaluate", help="score a model on spoken clips")
    five.add_argument("folder", type=Path)
    five.add_argument("model", type=Path)
    five.add_argument("tables", type=Path, nargs="+")
    five.add_argument("--words", action="store_true", help="with the words to expect, as the server has them")
    five.add_argument(
        "--bonus", type=float, default=SearchSettings().bonus, help="for each piece of such a word"
    )
    calibration = steps.add_parser("calibrate", help="the two numbers of a model's confidence")
    calibration.add_argument("model", type=Path)
    calibration.add_argument("tables", type=Path, nargs="+")
    six = steps.add_parser("pack", help="the spoken test set as it is committed")
    six.add_argument("folder", type=Path)
    six.add_argument("out", type=Path)
    seven = steps.add_parser("ship", help="a trained model as a delta and a manifest in models/")
    seven.add_argument("model", type=Path)
    seven.add_argument("name")
    args = parser.parse_args()
    match args.step:
        case "write":
            write(args.folder)
        case "speak":
            say(args.folder, args.what, args.worker, args.workers)
        case "recordings":
            many = speak.take_recordings(args.table, args.folder / "clips", args.name)
            print(f"{many} recordings; next: prepare {args.folder} {args.name}")
        case "prepare":
            prepare(args.folder, args.what, args.variants, args.silences)
        case "train":
            from training.clinical import train  # torch is not needed elsewhere  # noqa: PLC0415

            prefixes = [args.folder / "features" / name for name in args.features]
            recipe = train.Recipe(
                args.steps,
                args.rate,
                args.rank,
                args.layers,
                hold=args.hold,
                threads=args.threads,
                every=args.every,
            )
            start = Path(args.start) if Path(args.start).is_dir() else resolve(args.start, downloads())
            out = args.folder / "models" / args.name
            train.train(start, resolve(BASE, downloads()), prefixes, out, recipe)
        case "average":
            from training.clinical import graph  # noqa: PLC0415

            graph.average(args.models, args.out)
        case "evaluate":
            search = SearchSettings(bonus=args.bonus)
            evaluate(args.folder, args.model, args.tables, args.words, search)
        case "calibrate":
            calibrate(args.model, args.tables)
        case "pack":
            pack(args.folder, args.out)
        case "ship":
            ship(args.model, args.name)


if __name__ == "__main__":
    main()
