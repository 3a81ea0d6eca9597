"""Seconds and peak memory from an upload to what the model reads: a CT and a slide, both made here."""

import argparse
import asyncio
import json
import multiprocessing
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import tifffile
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from assistant.engines.base import MOST_IMAGES
from assistant.engines.pieces import ImagePiece
from assistant.imaging.options import Options
from assistant.imaging.study import SourceFile
from assistant.imaging.worker import Reader
from assistant.session.attachments import Attachments

ROOT = Path(__file__).resolve().parents[2]
CT_SIDE_PX = 512
TILE_PX = 256


def make_ct(folder: Path, slices: int) -> list[Path]:
    """Noise around the values of a body: the worst case for PNG."""
    random = np.random.default_rng(1)
    paths = []
    for k in range(slices):
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.Modality, data.SeriesInstanceUID, data.StudyInstanceUID = "CT", "1.2.3.4", "1.2.3"
        data.Rows = data.Columns = CT_SIDE_PX
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.RescaleSlope, data.RescaleIntercept, data.InstanceNumber = 1, -1024, k
        data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, float(k)], [1, 0, 0, 0, 1, 0]
        values = random.normal(1060, 60, (CT_SIDE_PX, CT_SIDE_PX)).astype(np.int16)
        data.PixelData = values.tobytes()
        paths.append(folder / f"{k:04}.dcm")
        pydicom.dcmwrite(paths[-1], data, enforce_file_format=True)
    return paths


def make_slide(path: Path, side_px: int) -> list[Path]:
    """A pyramid of deflated tiles in the manner of Aperio: glass, with tissue over a third of it."""
    random = np.random.default_rng(1)
    stained = random.normal((180, 90, 160), 25, (8, TILE_PX, TILE_PX, 3)).clip(0, 255).astype(np.uint8) & 0xE0
    tissue = [zlib.compress(tile.tobytes(), 1) for tile in stained]
    glass = zlib.compress(np.full((TILE_PX, TILE_PX, 3), 244, np.uint8).tobytes(), 1)

    def tiles(side: int) -> Iterator[bytes]:
        count = -(-side // TILE_PX)
        for row in range(count):
            for column in range(count):
                inside = (row / count - 0.5) ** 2 + (column / count - 0.5) ** 2 < 0.106
                yield tissue[(row * 7 + column) % len(tissue)] if inside else glass

    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level in range(4):
            side = side_px // 4**level
            file.write(
                tiles(side),
                shape=(side, side, 3),
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                photometric="rgb",
                compression="zlib",
                description="Aperio Image Library v12\r\n|AppMag = 20|MPP = 0.5",
                metadata=None,
            )
    return [path]


async def measure(paths: list[Path]) -> dict[str, float]:
    """One upload, read and asked about, in a fresh reader."""
    reader = Reader(Options())
    attachments = Attachments(reader, "bench", attached=lambda *_: None, warn=lambda *_: None)
    try:
        folder = attachments.new_folder()
        started = time.perf_counter()
        files = [SourceFile(path.name, Path(shutil.copy(path, folder))) for path in paths]
        copied = time.perf_counter()
        found, problems = await attachments.add(files)
        assert len(found) == 1, problems
        read = time.perf_counter()
        pieces = await attachments.pieces([found[0].id], MOST_IMAGES)
        ready = time.perf_counter()
        count = sum(isinstance(piece, ImagePiece) for piece in pieces)
        return {
            "copy_s": copied - started,
            "read_s": read - copied,
            "prompt_s": ready - read,
            "images": count,
        }
    finally:
        reader.close()
        for process in multiprocessing.active_children():
            process.join()  # its memory is counted when it has been waited for
        await attachments.close()


def run_one(folder: Path, runs_wanted: int) -> dict[str, object]:
    """In a process of its own, so that its peak of memory is its own."""
    paths = sorted(folder.iterdir())
    runs = [asyncio.run(measure(paths)) for _ in range(runs_wanted)]
    return {
        **{name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]},
        "input_mb": round(sum(path.stat().st_size for path in paths) / 2**20),
        "reader_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "server_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--slide-side", type=int, default=44_800, help="44,800 squared are 2 gigapixels")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(run_one(args.only, args.runs)))
        return
    results: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("ct", "slide"):
            folder = Path(scratch, kind)
            folder.mkdir()
            make_ct(folder, args.slices) if kind == "ct" else make_slide(
                folder / "slide.svs", args.slide_side
            )
            command = [sys.executable, __file__, "--only", str(folder), "--runs", str(args.runs)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            results[kind] = json.loads(done.stdout.splitlines()[-1])
            print(kind, results[kind])
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    print(json.dumps({"commit": commit.stdout.strip(), "machine": machine, **results}))


if __name__ == "__main__":
    main()
