"""The measurements behind the recogniser's settings: one table per part, on the mini model and its test set.

lookahead: words committed with so much future against the final, cached and in windows.
stable: how many stable words the final changes, by rule. pauses: the same where speech goes on after a pause.
gain: word error by microphone level.
hotwords: what expected words that were not said cost. confidence: how often words of each one are right.
language_model: greedy, a beam alone, and with an n-gram model over pieces (--lm) by its weight.
seams: ten minutes in windows against the same clips alone. int8: word error by precision.
"""

import argparse
import csv
import difflib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import jiwer
import numpy as np
from asr_live import padded, words_of

from assistant.asr.acoustic import WindowSteps, open_acoustic
from assistant.asr.beam import BeamSettings
from assistant.asr.bundle import encoder_frames, mel_frames, open_bundle
from assistant.asr.calibration import expected_error, judge
from assistant.asr.ctc import BestPath, collapse, spell
from assistant.asr.features import log_mel
from assistant.asr.lasr_stream import PRESETS, LasrStream
from assistant.asr.medasr import MedAsrModel
from assistant.audio.files import read_audio

ROOT = Path(__file__).resolve().parents[2]
RATE = 16_000


def read_clips(folder, most):
    """A folder of recordings with transcripts.tsv (the mini model's: `scripts/train mini recordings`)."""
    with (folder / "transcripts.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))[:most]
    return [(read_audio(folder / row["path"]), row["text"]) for row in rows]


def plain(text):
    return " ".join(words_of(text))


def wer(said, heard):
    return jiwer.wer([plain(text) for text in said], [plain(text) or "-" for text in heard])


def changed(before, after):
    """Number of words of ``before`` that are not in ``after``."""
    a, b = words_of(before), words_of(after)
    blocks = difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return len(a) - sum(block.size for block in blocks)


def committed(acoustic, pieces, feats, *, chunk, ahead, left, windows=False):
    """Text of what each step commits, with ``ahead`` frames of future."""
    steps = WindowSteps(acoustic, left) if windows else acoustic.open_steps(left)
    total, at, path = encoder_frames(len(feats)), 0, BestPath.empty()
    while at < total:
        n = min(chunk + ahead, total - at)
        found = BestPath.of(steps.decode(feats[4 * at :][: mel_frames(n)]))
        keep = n if at + n >= total else min(chunk, n)
        path += BestPath(found.pieces[:keep], found.probabilities[:keep])
        steps.commit(keep)
        at += keep
    return " ".join(word.text for word in spell(collapse(path), pieces))


def lookahead(args, model, clips):
    bundle = open_bundle(args.bundle, args.precision)
    acoustic = open_acoustic(bundle)
    feats = [log_mel(padded(audio)) for audio, _ in clips]
    said = [text for _, text in clips]
    whole = [" ".join(w.text for w in model._decoder.decode(acoustic.whole(f))) for f in feats]
    print(
        f"offline: {wer(said, whole):.1%}\n\n"
        "| way | look-ahead frames | WER | differs from offline |\n|---|---|---|---|"
    )
    for name, chunk, left, windows in (
        ("cached, C=8 L=100", 8, 100, False),
        ("cached, C=16 L=100", 16, 100, False),
        ("cached, C=16 L=50", 16, 50, False),
        ("window of 4 s, C=16", 16, 100, True),
    ):
        for ahead in (0, 4, 8, 16, 25, 37):
            heard = [
                committed(acoustic, bundle.tokens, f, chunk=chunk, ahead=ahead, left=left, windows=windows)
                for f in feats
            ]
            print(f"| {name} | {ahead} | {wer(said, heard):.1%} | {wer(whole, heard):.1%} |", flush=True)


def streamed(model, preset, audio):
    """Every partial, and the final, without pauses for a full-context pass."""
    stream = LasrStream(
        model._acoustic,
        pieces=model._pieces,
        features=model._features,
        preset=preset,
        decoder=model._decoder,
        pool=model._pool,
    )
    partials = [stream.accept(audio[i : i + 320]) for i in range(0, len(audio), 320)]
    return [p for p in partials if p], stream.finish().text


def stable(_args, model, clips):
    """Without pauses; after a word that is not sure nothing becomes stable."""
    print("| preset | sure | stable words | of | changed by the final |\n|---|---|---|---|---|")
    for name, base in PRESETS.items():
        for sure in (0.0, 0.5, 0.7, 0.9):
            total = wrong = of = 0
            for audio, _ in clips:
                partials, final = streamed(model, replace(base, sure=sure), padded(audio))
                last = partials[-1].stable if partials else ""
                total, wrong = total + len(words_of(last)), wrong + changed(last, final)
                of += len(words_of(final))
            print(f"| {name} | {sure} | {total} | {of} | {wrong / max(1, total):.1%} |", flush=True)


def pauses(args, _model, clips):
    """Each clip and the next as one utterance, with a pause between them that a full-context pass reads."""
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 3e-4
    print("| preset | stable words | of | changed by the final |\n|---|---|---|---|")
    for name in PRESETS:
        speaker = MedAsrModel(args.bundle, precision=args.precision, preset=name)
        total = wrong = of = 0
        for number, ((first, _), (second, _)) in enumerate(zip(clips, clips[1:] + clips[:1], strict=True)):
            stream, last = speaker.open_stream(), ""
            pause = noise[: int(RATE * (0.3 + 0.035 * (number % 10)))]
            for part in (first, pause, second):
                for at in range(0, len(part), 512):
                    speaking = part is not pause or at < RATE // 5
                    if found := stream.accept(part[at : at + 512], partial=speaking):
                        last = found.stable
                if part is pause:
                    stream.prepare_final()
                    while stream.preparing:
                        time.sleep(0.001)
            final = stream.finish().text
            total, wrong, of = (
                total + len(words_of(last)),
                wrong + changed(last, final),
                of + len(words_of(final)),
            )
        print(f"| {name} | {total} | {of} | {wrong / max(1, total):.1%} |", flush=True)


def gain(_args, model, clips):
    from assistant.asr import lasr_stream  # noqa: PLC0415

    print("| level of the recording | as it is | with the gain |\n|---|---|---|")
    chosen = lasr_stream.gain_for
    for db in (0, -10, -20, -30, -40, -50):
        quiet = [(audio * 10 ** (db / 20)).astype(np.float32) for audio, _ in clips]
        cells = []
        for each in (lambda _: 1.0, chosen):
            lasr_stream.gain_for = each
            heard = [model.transcribe(padded_quietly(audio, db)).text for audio in quiet]
            cells.append(f"{wer([text for _, text in clips], heard):.1%}")
        print(f"| {db} dB | {' | '.join(cells)} |", flush=True)
    lasr_stream.gain_for = chosen


def padded_quietly(audio, db):
    """Room noise falls with the microphone's gain, its own noise does not."""
    rng = np.random.default_rng(len(audio))
    noise = rng.standard_normal(len(audio) + RATE) * (1e-3 * 10 ** (db / 20) + 2e-5)
    noise[RATE // 2 :][: len(audio)] += audio
    return noise.astype(np.float32)


def hotwords(_args, model, clips):
    """Expected phrases that nobody says, by hundreds; and those that are said, with one that sounds alike."""
    said = [text for _, text in clips]
    words = {word for text in said for word in words_of(text)}
    sources = [*(ROOT / "tests" / "data").glob("*.tsv"), *Path("/usr/share/dict").glob("american-english")]
    texts = [path.read_text() for path in sources]
    absent = sorted({w for text in texts for w in words_of(text) if len(w) >= 6 and w.isalpha()} - words)
    rng = np.random.default_rng(0)
    print(f"without: {wer(said, [model.transcribe(padded(a)).text for a, _ in clips]):.1%}")
    print("\n| expected | said among them | WER | absent words heard | s a second |\n|---|---|---|---|---|")
    spoken = sorted(word for word in words if len(word) >= 7)
    seconds = sum(len(padded(a)) for a, _ in clips) / RATE
    for count in (0, 100, 1_000, 5_000, 19_000):
        for with_said in (False, True):
            phrases = list(rng.permutation(absent)[:count]) + (spoken if with_said else [])
            if not phrases:
                continue
            expecting, started = model.expecting(phrases), time.perf_counter()
            heard = [expecting.transcribe(padded(a)).text for a, _ in clips]
            spent = (time.perf_counter() - started) / seconds
            false = sum(w in set(phrases) - words for text in heard for w in words_of(text))
            print(
                f"| {len(phrases)} | {len(spoken) if with_said else 0} | {wer(said, heard):.1%} | {false} "
                f"| {spent:.3f} |",
                flush=True,
            )


def language_model(args, model, clips):
    """A beam without a language model has an expected phrase that nobody says, or it would be greedy."""
    said, audio = [text for _, text in clips], [padded(each) for each, _ in clips]

    def row(name, each):
        started = time.perf_counter()
        heard = [each.transcribe(samples).text for samples in audio]
        spent = (time.perf_counter() - started) / sum(map(len, audio)) * RATE
        print(f"| {name} | {wer(said, heard):.1%} | {spent:.3f} |", flush=True)

    print("| decoding | WER | seconds a second of audio |\n|---|---|---|")
    row("greedy", model)
    row("beam of 8", model.expecting(["zzyzx"]))
    for weight in (0.05, 0.15, 0.3, 0.5, 0.8):
        settings = BeamSettings(lm_weight=weight)
        each = MedAsrModel(args.bundle, precision=args.precision, language_model=args.lm, beam=settings)
        row(f"beam of 8, language model {weight}", each)


def confidence(_args, model, clips):
    """With the bundle's calibration, if it has one."""
    judged = [pair for audio, text in clips for pair in judge(model.transcribe(padded(audio)).words, text)]
    said, was = np.array([c for c, _ in judged]), np.array([r for _, r in judged], float)
    print("| confidence | words | right |\n|---|---|---|")
    for low, high in ((0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.99), (0.99, 1.01)):
        inside = (said >= low) & (said < high)
        if inside.any():
            print(f"| {low}–{min(high, 1)} | {inside.sum()} | {was[inside].mean():.0%} |")
    print(f"\nexpected calibration error {expected_error(said, was):.3f}")


def seams(_args, model, clips):
    """Ten minutes of clips without a pause: in one go, in groups that fit a window (no seams), and alone."""
    rng = np.random.default_rng(0)
    groups, total, length = [[]], 0, 0
    while total < 600 * RATE:
        each = int(rng.integers(len(clips)))
        size = len(clips[each][0])
        if length + size > 20 * RATE:
            groups, length = [*groups, []], 0
        groups[-1].append(each)
        length, total = length + size, total + size
    order = [each for group in groups for each in group]

    def hear(numbers):
        return model.transcribe(np.concatenate([clips[i][0] for i in numbers]).astype(np.float32)).text

    said = plain(" ".join(clips[i][1] for i in order))
    print("| ten minutes | WER | inserted | left out | replaced | of |\n|---|---|---|---|---|---|")
    of = len(said.split())
    for name, heard in (
        ("in one go: 38 seams", hear(order)),
        ("in groups of one window each", " ".join(hear(group) for group in groups)),
        ("each clip alone", " ".join(hear([i]) for i in order)),
    ):
        m = jiwer.process_words(said, plain(heard))
        print(f"| {name} | {m.wer:.1%} | {m.insertions} | {m.deletions} | {m.substitutions} | {of} |")


def int8(args, _model, clips):
    said = [text for _, text in clips]
    for precision in ("fp32", "int8"):
        model = MedAsrModel(args.bundle, precision=precision)
        print(precision, f"{wer(said, [model.transcribe(padded(a)).text for a, _ in clips]):.2%}", flush=True)


PARTS = {
    f.__name__: f
    for f in (lookahead, stable, pauses, gain, hotwords, language_model, confidence, seams, int8)
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models" / "lasr-mini")
    parser.add_argument("--precision", default="int8", choices=("int8", "fp32"))
    parser.add_argument("--data", type=Path, default=ROOT / "tests" / "data" / "dictation")
    parser.add_argument("--most", type=int, default=1000, help="clips at most")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many clips first")
    parser.add_argument("--lm", type=Path, default=Path.home() / "mini-train" / "pieces-6.arpa.gz")
    args = parser.parse_args()
    model = MedAsrModel(args.bundle, precision=args.precision)
    PARTS[args.part](args, model, read_clips(args.data, args.skip + args.most)[args.skip :])
    print(json.dumps({"part": args.part, "bundle": args.bundle.name}))


if __name__ == "__main__":
    sys.exit(main())
