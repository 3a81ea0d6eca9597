"""The real recogniser on real speech."""

import csv

import jiwer
import numpy as np
import pytest
import soundfile

from assistant.asr.moonshine import MoonshineModel
from assistant.asr.moonshine_tokens import read_tokenizer
from assistant.asr.offline import transcribe
from assistant.components.opening import models_dir, open_recogniser, open_vad
from assistant.config import Settings
from assistant.errors import BadInput, Missing
from assistant.vad.endpoint import EndpointSettings

pytestmark = pytest.mark.models
PLAIN = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.SubstituteRegexes({r"[^a-z0-9' ]": " "}),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
    ]
)


@pytest.fixture(scope="module")
def model():
    return open_recogniser(Settings())


@pytest.fixture(scope="module")
def clips(data_dir):
    with (data_dir / "speech" / "transcripts.tsv").open() as file:
        return [
            (soundfile.read(data_dir / "speech" / row["path"], dtype="float32")[0], row["text"])
            for row in csv.DictReader(file, delimiter="\t")
        ]


def stream(model, samples):
    """The final and every partial, fed as from a microphone."""
    utterance = model.open_stream()
    partials = [utterance.accept(samples[i : i + 320]) for i in range(0, len(samples), 320)]
    return utterance.finish(), [partial for partial in partials if partial]


def error_rate(said, heard):
    return jiwer.wer([PLAIN(s) for s in said], [PLAIN(h) for h in heard])


def test_real_speech_is_transcribed_and_stable_words_hold(model, clips, monkeypatch):
    monkeypatch.setattr("assistant.asr.moonshine.PARTIAL_SHARE", 1e6)  # a partial each 0.3 s on any machine
    finals, changed, stable_words = [], 0, 0
    for samples, _ in clips:
        final, partials = stream(model, samples)
        finals.append(final.text)
        before = ""
        for partial in partials:
            assert partial.stable.startswith(before)
            before = partial.stable
        kept = jiwer.process_words(PLAIN(before) or "-", PLAIN(final.text))
        stable_words += len(before.split())
        changed += kept.substitutions + kept.deletions if before else 0
    rate = error_rate([text for _, text in clips], finals)
    print(f"WER {rate:.1%}; the final changed {changed} of {stable_words} stable words")  # noqa: T201
    assert rate < 0.15
    assert stable_words >= 60
    assert changed <= 0.02 * stable_words


def test_the_streamed_final_is_what_decoding_the_whole_gives(model, clips):
    for samples, _ in clips:
        assert stream(model, samples)[0].text == model.transcribe(samples)


def test_a_prepared_final_is_used_when_only_silence_follows_and_not_when_speech_does(model, clips):
    samples, _ = clips[0]
    silence = np.zeros(8000, np.float32)
    half = len(samples) // 2
    utterance = model.open_stream()
    utterance.accept(samples[:half], partial=False)
    utterance.prepare_final()
    utterance.accept(samples[half:], partial=False)
    assert utterance.finish().text == model.transcribe(samples)
    utterance = model.open_stream()
    utterance.accept(samples, partial=False)
    utterance.prepare_final()
    prepared = utterance.finish().text
    utterance.accept(silence, partial=False)
    assert utterance.finish().text == prepared


def test_silence_and_nothing_are_no_words(model):
    assert model.transcribe(np.zeros(16000, np.float32)) == ""
    assert model.open_stream().finish().text == ""


def test_what_is_no_word_is_not_written_as_a_sign(model, data_dir):
    samples, _ = soundfile.read(data_dir / "audio" / "chest_xray.flac", dtype="float32")
    pieces = [samples[start : start + 6400] for start in range(0, 6400, 1600)]
    assert all(text == "" or text[0].isalnum() for text in map(model.transcribe, pieces))


@pytest.mark.parametrize("level", [0.0005, 0.004, 0.03])
@pytest.mark.parametrize("seconds", [0.3, 0.5, 1, 3])
def test_steady_noise_is_no_words(model, level, seconds):
    noise = np.random.default_rng(0).standard_normal(int(seconds * 16000)) * level
    assert model.transcribe(noise.astype(np.float32)) == ""


def test_speech_from_a_microphone_turned_down_is_not_lost(model, clips):
    heard = [model.transcribe(samples * np.float32(0.02)) for samples, _ in clips]
    assert error_rate([text for _, text in clips], heard) < 0.15


def test_a_short_last_word_in_a_long_silence_is_not_lost_to_the_prepared_final(model, clips):
    samples, _ = clips[1]
    last_word = np.concatenate(
        [np.zeros(16_000, np.float32), samples[-11_000:] * np.float32(0.4), np.zeros(32_000, np.float32)]
    )
    utterance = model.open_stream()
    utterance.accept(samples, partial=False)
    utterance.prepare_final()
    utterance.accept(last_word, partial=False)
    heard = model.transcribe(np.concatenate([samples, last_word]))
    assert heard != model.transcribe(samples)
    assert utterance.finish().text == heard


def test_audio_that_is_not_finite_is_refused(model):
    with pytest.raises(BadInput) as error:
        model.transcribe(np.full(16000, np.nan, np.float32))
    assert error.value.code == "audio_not_finite"


def test_words_to_expect_are_refused_and_none_are_taken(model):
    assert model.expecting([]) is model
    with pytest.raises(BadInput) as error:
        model.expecting(["metoprolol"])
    assert error.value.code == "hotwords_not_supported"


def test_a_bundle_without_its_files_says_which(tmp_path):
    with pytest.raises(Missing, match=r"encoder_model\.ort"):
        MoonshineModel(tmp_path)


def test_the_tokenizer_reads_long_and_short_pieces(model):
    assert read_tokenizer(b"\x01a\x00\x81\x01" + b"x" * 129) == [b"a", b"", b"x" * 129]
    pieces = read_tokenizer((models_dir(Settings()) / "moonshine-tiny-en" / "tokenizer.bin").read_bytes())
    assert len(pieces) == 32768


@pytest.mark.parametrize("kind", ["silero", "webrtc"])
def test_a_recording_is_cut_into_utterances_and_nothing_is_lost(model, clips, kind):
    gap = np.zeros(24000, np.float32)
    samples = np.concatenate([part for clip, _ in clips[:3] for part in (gap, clip)])
    vad = open_vad(Settings(vad=kind))()
    segments = transcribe(samples, model, vad, EndpointSettings())
    said = " ".join(text for _, text in clips[:3])
    assert error_rate([said], [" ".join(segment.text for segment in segments)]) < 0.15
