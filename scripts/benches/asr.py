"""MedASR's ways side by side: transformers, sherpa-onnx offline and re-decoding, and ours, on the same audio.

Two models: the mini model for words, and random weights of MedASR's real shape for speed (of words they say
nothing). Each way runs in a process of its own, on the same number of threads, on a simulated clock.
Needs the [export] extra and sherpa-onnx: pip install -e '.[dev,export]' sherpa-onnx
"""

# ruff: noqa: PLC0415

import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import jiwer
import numpy as np
from asr_live import Clip, Measured, padded, run, words_of
from asr_ways import open_way

from assistant.audio.files import read_audio

ROOT = Path(__file__).resolve().parents[2]
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clinical-voice-assistant" / "bench-asr"
)
WAYS = ("transformers", "sherpa offline", "sherpa every 200 ms", "window 4 s every 500 ms")
PRESETS = ("fast", "balanced", "accurate")
SHAPE_CLIPS = 4


# --- one way, in its own process ---


def measure(args):
    clips = load_clips(Path(args.clips))
    before = resident_mb()
    way = open_way(args)
    run(way, clips[:1])  # warm
    measured = run(way, clips)
    print(json.dumps({**asdict(measured), "memory_mb": resident_mb() - before}))


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def load_clips(path):
    with np.load(path, allow_pickle=False) as data:
        meta = json.loads(str(data["meta"]))
        return [Clip(data[f"a{i}"], **each) for i, each in enumerate(meta)]


def save_clips(path, clips):
    meta = [{"text": c.text, "word_ends_s": c.word_ends_s, "final": c.final} for c in clips]
    np.savez(path, meta=json.dumps(meta), **{f"a{i}": c.audio for i, c in enumerate(clips)})


# --- all ways ---


def read_clips(folder):
    with (folder / "transcripts.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Clip(padded(read_audio(folder / row["path"])), row["text"]) for row in rows]


def with_reference(clips, bundle):
    """When each word ends, by the full-context final of the best weights there are: one yardstick for all."""
    from assistant.asr.medasr import MedAsrModel

    model = MedAsrModel(bundle, precision="fp32" if (bundle / "model.onnx").is_file() else "int8")
    for clip in clips:
        found = model.transcribe(clip.audio)
        clip.final = found.text
        clip.word_ends_s = [word.end_ms / 1000 for word in found.words for _ in words_of(word.text)]
    return clips


def real_shape(folder):
    """Random weights of MedASR's shape, exported once."""
    weights, bundle = folder / "weights", folder / "bundle"
    if not (bundle / "bundle.json").is_file():
        import torch
        from tokenizers import Tokenizer
        from tokenizers.models import Unigram
        from transformers import LasrCTCConfig, LasrForCTC

        from assistant.asr.export import Described, export

        torch.manual_seed(0)
        LasrForCTC(LasrCTCConfig()).eval().save_pretrained(weights)
        pieces = ["<epsilon>", "<s>", "</s>", "<unk>", *(f"\u2581w{n}" for n in range(508))]
        Tokenizer(Unigram([(p, 0.0) for p in pieces], unk_id=3)).save(str(weights / "tokenizer.json"))
        described = Described("medasr-shape", "random weights", "", "none", "speed only")
        for parity in export(weights, bundle, described, int8=True, fp32=True, sherpa=True, on_step=progress):
            progress(str(parity))
    return weights, bundle


def progress(text):
    print(text, file=sys.stderr, flush=True)


def side_by_side(name, ways, model, clips, threads):
    weights, bundle = model
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clips.npz"
        save_clips(path, clips)
        for way in ways:
            started = time.perf_counter()
            command = [sys.executable, __file__, "--way", way, "--clips", str(path), "--bundle", str(bundle)]
            command += ["--weights", str(weights), "--threads", str(threads)]
            threading = {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                command, capture_output=True, text=True, env={**os.environ, **threading}, check=False
            )
            if done.returncode:
                progress(f"{name}, {way}: failed\n{done.stderr[-800:]}")
                continue
            result = json.loads(done.stdout.splitlines()[-1])
            memory = result.pop("memory_mb")
            rows[way] = summary(Measured(**result), memory)
            progress(f"{name}, {way}: {time.perf_counter() - started:.0f} s")
    return rows


def summary(m, memory_mb):
    rate = m.cpu_s / m.audio_s
    found = {
        "wer": jiwer.wer(
            [" ".join(words_of(t)) for t in m.references], [" ".join(words_of(t)) for t in m.finals]
        ),
        "cpu_per_audio": rate,
        "streams_per_core": 1 / rate,
        "memory_mb": memory_mb,
        "final_ms_p50": statistics.median(m.final_ms),
        "final_ms_max": max(m.final_ms),
    }
    if m.steps_ms:
        found |= {
            "step_ms_p50": statistics.median(m.steps_ms),
            "erasure": m.erased_words / max(1, m.final_words),
        }
    if m.shown_ms:
        found |= {
            "shown_ms_p50": statistics.median(m.shown_ms),
            "shown_ms_p95": float(np.percentile(m.shown_ms, 95)),
        }
    if m.stable_words:
        found |= {
            "stable_words": m.stable_words,
            "stable_changed": m.stable_changed / m.stable_words,
            "stable_taken_back": m.stable_taken_back,
        }
    found["finals"] = m.finals
    return found


COLUMNS = (
    ("WER", "wer", "{:.1%}"),
    ("CPU s per audio s", "cpu_per_audio", "{:.3f}"),
    ("streams per core", "streams_per_core", "{:.1f}"),
    ("memory MB", "memory_mb", "{:.0f}"),
    ("word shown ms, median", "shown_ms_p50", "{:.0f}"),
    ("p95", "shown_ms_p95", "{:.0f}"),
    ("final ms, median", "final_ms_p50", "{:.0f}"),
    ("erasure", "erasure", "{:.2f}"),
    ("stable words changed by the final", "stable_changed", "{:.1%}"),
)


def table(rows, *, words):
    columns = [
        c
        for c in COLUMNS
        if words or c[1] not in ("wer", "shown_ms_p50", "shown_ms_p95", "erasure", "stable_changed")
    ]
    lines = ["| way | " + " | ".join(c[0] for c in columns) + " |", "|" + "---|" * (len(columns) + 1)]
    for way, row in rows.items():
        cells = [form.format(row[key]) if key in row else "" for _, key, form in columns]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def final_times(bundle, threads):
    """Delay of the final of a 10 s utterance on the real shape: after the endpoint, with and without the
    speculative pass."""
    from assistant.asr.medasr import MedAsrModel
    from assistant.asr.probe import probe_signal

    model = MedAsrModel(bundle, precision="int8", threads=threads, workers=1)
    samples = probe_signal(10.0)
    times = {"cold": [], "prepared": []}
    for kind in ("cold", "prepared") * 4:
        stream = model.open_stream()
        stream.accept(samples, partial=False)
        if kind == "prepared":
            stream.prepare_final()
            while stream.preparing:
                time.sleep(0.01)
        started = time.perf_counter()
        stream.finish()
        times[kind].append((time.perf_counter() - started) * 1000)
    return {kind: statistics.median(each[1:]) for kind, each in times.items()}


def steady_costs(bundle, threads):
    """CPU seconds per second of speech that goes on and on, partials alone; and a step's milliseconds."""
    from assistant.asr.acoustic import open_acoustic
    from assistant.asr.bundle import mel_frames, open_bundle
    from assistant.asr.features import log_mel
    from assistant.asr.lasr_stream import PRESETS as SETTINGS
    from assistant.asr.probe import probe_signal

    acoustic = open_acoustic(open_bundle(bundle, "int8"), threads=threads)
    feats = log_mel(probe_signal(4.0))

    def timed(call, every_s, times=12):
        for _ in range(3):
            call()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            call()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu_per_audio": cpu / times / every_s, "step_ms": wall / times * 1000}

    found = {"window 4 s every 500 ms": timed(lambda: acoustic.whole(feats), 0.5)}
    for name, preset in SETTINGS.items():
        steps = acoustic.open_steps(preset.left)
        some = feats[: mel_frames(preset.chunk + preset.look_ahead)]
        steps.decode(feats)
        while steps.position < preset.left:
            steps.decode(some)
            steps.commit(preset.chunk)

        def step(steps=steps, some=some, preset=preset):
            steps.decode(some)
            steps.commit(preset.chunk)

        found[f"ours {name}"] = timed(step, preset.chunk * 0.04)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--weights", default="", help="LASR directory of the model for words (transformers way)"
    )
    parser.add_argument("--bundle", default=str(ROOT / "models" / "lasr-mini"), help="its export")
    parser.add_argument(
        "--data", type=Path, default=ROOT / "tests" / "data" / "dictation", help="audio, transcripts.tsv"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-shape", action="store_true", help="leave out the real shape")
    parser.add_argument("--no-words", action="store_true", help="leave out the model for words")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--clips", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        measure(args)
        return
    ours = [f"ours {preset}" for preset in PRESETS]
    results = {
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": args.threads,
    }
    clips = read_clips(args.data)
    if not args.no_words:
        bundle = Path(args.bundle)
        ways = [
            w
            for w in WAYS[:3]
            if (w != "transformers" or args.weights) and (w == "transformers" or (bundle / "sherpa").is_dir())
        ]
        reference = with_reference(clips, bundle)
        rows = side_by_side("words", [*ways, *ours], (args.weights, bundle), reference, args.threads)
        print(f"\nWords: {bundle.name}, {len(clips)} utterances, {args.threads} thread(s)\n")
        print(table(rows, words=True))
        results["words"] = rows
    if not args.no_shape:
        model = real_shape(CACHE)
        some = [Clip(each.audio, each.text) for each in clips[:SHAPE_CLIPS]]
        rows = side_by_side("real shape", [*WAYS, *ours], model, some, args.threads)
        results["real_shape"] = rows
        results["final_of_10_s_ms"] = final_times(model[1], args.threads)
        print(f"\nSpeed: MedASR's shape, random weights, {args.threads} thread(s)\n")
        print(table(rows, words=False))
        cold, prepared = (results["final_of_10_s_ms"][kind] for kind in ("cold", "prepared"))
        print(f"\nFinal of a 10 s utterance: {cold:.0f} ms, with the speculative pass {prepared:.0f} ms\n")
        results["steady"] = steady_costs(model[1], args.threads)
        print("| partials while speech goes on | CPU s per audio s | step ms |\n|---|---|---|")
        for way, each in results["steady"].items():
            print(f"| {way} | {each['cpu_per_audio']:.3f} | {each['step_ms']:.0f} |")
    for part in ("words", "real_shape"):
        for row in results.get(part, {}).values():
            row.pop("finals")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    print(json.dumps({"commit": commit.stdout.strip(), **results}))


if __name__ == "__main__":
    main()
