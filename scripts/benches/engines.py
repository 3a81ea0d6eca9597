"""MedGemma in our own transformers engine, random weights: seconds to load, to the first token, tokens a
second, peak memory. The answers are noise; their costs are real.

--shape tiny takes seconds; cut has prompts and images as long as MedGemma's in a narrow model; 4b is the real
configuration (8.6 GB in bfloat16, and as much on the disk for a while).
"""

import argparse
import asyncio
import io
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL.Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from assistant.engines.base import CutOff, Question, Usage  # noqa: E402
from assistant.engines.hf_engine import TransformersEngine  # noqa: E402
from assistant.engines.pieces import Image, ImagePiece, Piece, TextPiece  # noqa: E402
from assistant.errors import AssistantError  # noqa: E402
from benches.random_gemma import SHAPES, save  # noqa: E402

SIDE_PX = 512
LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Measured:
    images: int
    prompt_tokens: int
    output_tokens: int
    first_token_s: float
    second_question_s: float
    tokens_per_s: float
    peak_gb: float


def slices(count: int) -> tuple[Piece, ...]:
    """Soft noise with a mark: about as large as slices of a CT."""
    random = np.random.default_rng(1)
    pieces: list[Piece] = []
    for k in range(1, count + 1):
        soft = PIL.Image.fromarray(random.integers(0, 255, (64, 64, 3), np.uint8)).resize((SIDE_PX, SIDE_PX))
        data = io.BytesIO()
        soft.save(data, "PNG")
        image = Image(f"att_1-{k}", "ct", "image/png", data.getvalue(), SIDE_PX, SIDE_PX)
        pieces += [ImagePiece(image, "att_1"), TextPiece(f"SLICE {k}", "att_1")]
    return tuple(pieces)


async def ask(engine: TransformersEngine, question: Question) -> tuple[float, float, Usage]:
    """Seconds to the first piece, seconds from it to the last, tokens."""
    began = last = time.perf_counter()
    first, usage = 0.0, Usage(0, 0)
    async with aclosing(engine.answer(question)) as outputs:  # type: ignore[type-var]
        async for output in outputs:
            if isinstance(output, Usage):
                usage = output
            elif not isinstance(output, CutOff):  # an answer or, with random weights, a thought
                last = time.perf_counter()
                first = first or last
    if not first:  # it said nothing: the end stands for its first token
        first = last = time.perf_counter()
    return first - began, last - first, usage


def begin_peak(process: int) -> None:
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


def peak_gb(process: int) -> float:
    """Peak of resident memory since ``begin_peak``."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 2**20


async def measure(engine: TransformersEngine, process: int, images: int) -> Measured:
    begin_peak(process)
    pieces = slices(images)
    first_s, rest_s, usage = await ask(engine, Question("Is there a nodule?", pieces=pieces))
    again_s, _, _ = await ask(engine, Question("And where would it be?", pieces=pieces))
    rate = (usage.output_tokens - 1) / rest_s if rest_s else 0.0
    rounded = (round(each, 2) for each in (first_s, again_s, rate, peak_gb(process)))
    return Measured(images, usage.prompt_tokens, usage.output_tokens, *rounded)


async def run(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    engine = TransformersEngine(
        str(folder),
        precision=SHAPES[args.shape].dtype,
        threads=args.threads,
        max_tokens=args.tokens,
        timeout_s=LONGEST_S,
    )
    began = time.perf_counter()
    await engine.load()
    load_s = round(time.perf_counter() - began, 2)
    print(f"loaded in {load_s} s", flush=True)
    assert engine._process is not None
    process = engine._process.pid
    table: list[object] = []
    try:
        await ask(engine, Question("Warm up."))
        a_image_s = 0.0
        for images in args.images:
            if (expected_s := a_image_s * images) > args.limit_s:
                said = f"left out: about {expected_s:.0f} s, more than --limit-s {args.limit_s:.0f}"
                table.append({"images": images, "left_out": said})
            else:
                try:
                    measured = await measure(engine, process, images)
                    a_image_s = measured.first_token_s / max(images, 1)
                    table.append(asdict(measured))
                except AssistantError as error:
                    table.append({"images": images, "left_out": f"{error.message} [{error.code}]"})
            print(table[-1], flush=True)
    finally:
        await engine.close()
    return {"load_s": load_s, "runs": table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--images", type=int, nargs="+", default=[1, 8, 85])
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit-s", type=float, default=900.0, help="skip what would take longer to begin")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.build:
        save(args.build, SHAPES[args.shape])
        return
    with tempfile.TemporaryDirectory(prefix="gemma-") as scratch:
        # In a process of its own: its memory is given back before the model is loaded.
        subprocess.run(
            [sys.executable, __file__, "--shape", args.shape, "--build", scratch],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        result = asyncio.run(run(args, Path(scratch)))
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    machine = f"{platform.machine()}, {args.threads} threads, Python {platform.python_version()}"
    print(json.dumps({"commit": commit.stdout.strip(), "machine": machine, "shape": args.shape, **result}))


if __name__ == "__main__":
    main()
