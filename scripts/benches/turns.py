"""Delay at the end of utterances, and cuts in mid-sentence: fixed silences compared with words.

Sentences are spoken by flite, whole, with a silence put in after the word at the mark; recordings of people
(tests/data/speech) get one at the quietest place near their middle. Everything runs on the sample clock,
with the real voice activity detector and the real recogniser at each pause; computing time is not counted.
A cut-off is an utterance that ends at the silence that was put in; the delay is from the last speech to the
end. With --smart-turn MODEL.onnx (in the pipecat-ai wheel) that model is tried too; needs transformers.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.asr.moonshine import MoonshineModel
from assistant.audio.files import read_audio
from assistant.components.opening import open_recogniser, open_vad
from assistant.config import Settings
from assistant.intents import hearing
from assistant.intents.detect import detect
from assistant.intents.turn import closing_silence_ms
from assistant.vad.base import Vad
from assistant.vad.endpoint import (
    EndpointDetector,
    EndpointSettings,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
)

ROOT = Path(__file__).resolve().parents[2]
RATE = 16_000
VOICES = ("slt", "rms", "awb", "kal16")
PAUSES_S = (0.55, 0.9)
SEARCH_S = 0.35
TAIL_S = 2.5

SPOKEN = {
    "question": """
        is there a | pneumothorax on this image
        what is the recommended dose of | amoxicillin for a child
        what are the criteria for | severe pneumonia
        does this patient need | a scan of the chest
        what is the most likely | diagnosis
        can I give metoprolol | with verapamil
        how large is the | mass in the left kidney
        summarize the findings | of the last two reports
        which antibiotic covers | resistant bacteria
        should we repeat the scan | in six months
    """,
    "dictation": """
        the lungs are clear and | the heart is normal in size
        there is a small nodule in the | right upper lobe
        no evidence of | acute fracture or dislocation
        the patient was seen in clinic | for follow up of hypertension
        compared with the prior study | the effusion has decreased
        the liver measures approximately | fifteen centimeters
        he was started on | metoprolol twice daily
        mild degenerative changes are seen | in the lumbar spine
        there is no pleural effusion | or pneumothorax
        the gallbladder is surgically | absent
    """,
}


@dataclass(frozen=True)
class Clip:
    kind: str
    samples: np.ndarray
    pause: tuple[int, int]
    """[start, end) of the silence that was put in, in samples."""


Policy = Callable[[np.ndarray, str], int]
"""Audio and text up to a pause → the silence, ms, that ends the utterance."""


def speak(text: str, voice: str) -> tuple[np.ndarray, list[float]]:
    """The speech, and where its sounds end, in seconds; without the silence at both ends."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", file.name]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        samples = read_audio(Path(file.name))
    sounds = [sound.split(":") for sound in printed.split()]
    first, last = 1, len(sounds) - 1  # pauses
    return samples[: int(float(sounds[last - 1][1]) * RATE)], [float(at) for _, at in sounds[first:last]]


def spoken(line: str, voice: str) -> tuple[np.ndarray, int]:
    """A whole line spoken, and the sample at which the word before its mark ends."""
    first, second = map(str.strip, line.split("|"))
    samples, ends_s = speak(f"{first} {second}", voice)
    _, before = speak(first, voice)
    return samples, int(ends_s[len(before) - 1] * RATE)


def quiet_place(samples: np.ndarray) -> int:
    """The quietest 30 ms near the middle of a recording."""
    size, reach = RATE * 30 // 1000, int(SEARCH_S * RATE)
    places = range(len(samples) // 2 - reach, len(samples) // 2 + reach, size // 3)
    return min(places, key=lambda start: float(np.abs(samples[start : start + size]).mean())) + size // 2


def with_pause(kind: str, samples: np.ndarray, at: int, pause_s: float) -> Clip:
    quiet = np.zeros(int(pause_s * RATE), np.float32)
    tail = np.zeros(int(TAIL_S * RATE), np.float32)
    lead = np.zeros(RATE // 2, np.float32)
    joined = np.concatenate([lead, samples[:at], quiet, samples[at:], tail])
    start = len(lead) + at
    return Clip(kind, joined.astype(np.float32), (start, start + len(quiet)))


def clips() -> list[Clip]:
    made: list[Clip] = []
    for kind, block in SPOKEN.items():
        for number, line in enumerate(filter(None, map(str.strip, block.splitlines()))):
            whole, at = spoken(line, VOICES[number % len(VOICES)])
            made += [with_pause(kind, whole, at, pause_s) for pause_s in PAUSES_S]
    for path in sorted((ROOT / "tests/data/speech").glob("*.flac")):
        samples = read_audio(path)
        made += [with_pause("people", samples, quiet_place(samples), pause_s) for pause_s in PAUSES_S]
    return made


@dataclass
class Heard:
    """A clip, its speech probabilities, and the recogniser's text at each pause (filled as it is asked)."""

    clip: Clip
    probabilities: list[float]
    texts: dict[tuple[int, int], str]


def listen(
    heard: Heard, vad: Vad, settings: EndpointSettings, model: MoonshineModel, policy: Policy
) -> list[int]:
    """The ends of the utterances, in samples."""
    detector, size = EndpointDetector(settings), vad.frame_samples
    ends: list[int] = []
    began = 0
    for number, probability in enumerate(heard.probabilities):
        for event in detector.push(probability, number * size, size):
            match event:
                case SpeechPaused(at):
                    audio = heard.clip.samples[began:at]
                    if (began, at) not in heard.texts:
                        heard.texts[began, at] = model.transcribe(audio[-int(15 * RATE) :])
                    detector.silence_ms = policy(audio, heard.texts[began, at])
                case SpeechResumed():
                    detector.silence_ms = settings.silence_ms
                case SpeechEnded(at):
                    ends.append(at)
                    began = at
                    detector.silence_ms = settings.silence_ms
                case _:
                    pass
    return ends


def words_ms(text: str, settings: EndpointSettings) -> int:
    """The silence that ends an utterance by its words."""
    return closing_silence_ms(hearing.Heard(text, detect(text)), False, settings)


def smart_turn(path: Path) -> Callable[[np.ndarray], float]:
    """The probability that the speaker has finished. Takes the last 8 s, zeros before it, as Whisper's
    features."""
    import onnxruntime as ort  # noqa: PLC0415
    from transformers import WhisperFeatureExtractor  # noqa: PLC0415

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    extract = WhisperFeatureExtractor(chunk_length=8)

    def done(audio: np.ndarray) -> float:
        last = np.pad(audio[-8 * RATE :], (max(0, 8 * RATE - len(audio)), 0))
        features = extract(last, sampling_rate=RATE, return_tensors="np", do_normalize=True)["input_features"]
        return float(session.run(None, {"input_features": features.astype(np.float32)})[0].ravel()[0])

    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smart-turn", type=Path, metavar="MODEL")
    args = parser.parse_args()
    settings = Settings()
    endpoint = settings
    model = open_recogniser(settings)
    assert isinstance(model, MoonshineModel)
    policies: dict[str, Policy] = {
        f"fixed {ms}": lambda audio, text, ms=ms: ms for ms in (450, 700, 1000, 1400)
    }
    for ms in (450, 550):
        by_words = replace(endpoint, question_silence_ms=ms)
        policies[f"words, questions {ms}"] = lambda audio, text, s=by_words: words_ms(text, s)
    if args.smart_turn:
        done = smart_turn(args.smart_turn)
        short, long = endpoint.question_silence_ms, endpoint.unfinished_silence_ms
        policies["smart turn"] = lambda audio, text: short if done(audio) > 0.5 else long

        def both(audio: np.ndarray, text: str) -> int:
            by_words = words_ms(text, endpoint)
            return by_words if by_words != endpoint.silence_ms or done(audio) > 0.5 else long

        policies["words, then smart turn"] = both

        def sooner(audio: np.ndarray, text: str) -> int:
            by_words = words_ms(text, endpoint)
            return by_words if by_words > short or done(audio) > 0.5 else endpoint.silence_ms

        policies["words, a question sooner if smart turn agrees"] = sooner
    new_vad = open_vad(settings)
    prepared: list[Heard] = []
    for clip in clips():
        vad = new_vad()
        size = vad.frame_samples
        frames = range(0, len(clip.samples) - size, size)
        probabilities = [vad.probability(clip.samples[start : start + size]) for start in frames]
        prepared.append(Heard(clip, probabilities, {}))
    result: dict[str, object] = {"bench": "turns", "clips": len(prepared)}
    for name, policy in policies.items():
        cut: dict[str, list[bool]] = {}
        delay: dict[str, list[float]] = {}
        wide = replace(endpoint, silence_ms=endpoint.silence_ms)
        for heard in prepared:
            ends = listen(heard, new_vad(), wide, model, policy)
            start, end = heard.clip.pause
            last_speech = len(heard.clip.samples) - int(TAIL_S * RATE)
            cut.setdefault(heard.clip.kind, []).append(any(start <= at <= end + RATE // 10 for at in ends))
            delay.setdefault(heard.clip.kind, []).append(
                (ends[-1] - last_speech) / RATE * 1000 if ends else TAIL_S * 1000
            )
        row = {
            kind: {
                "cut_off": f"{sum(cut[kind])}/{len(cut[kind])}",
                "delay_ms": round(statistics.median(delay[kind])),
            }
            for kind in cut
        }
        result[name] = row
        print(name, row)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
