"""Real words through the whole path: the mini model that ships, on speech it has not seen."""

import csv
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soundfile
import torch
from transformers import AutoProcessor, LasrForCTC

from assistant.asr.calibration import plain_words
from assistant.asr.offline import transcribe
from assistant.cli import main
from assistant.components.opening import open_recogniser, open_vad
from assistant.config import Settings


@pytest.fixture(scope="module")
def model():
    return open_recogniser(Settings(asr="lasr-mini"))


@pytest.fixture(scope="module")
def clips(data_dir):
    """(samples, text): the first dozen, each with half a second of silence on both sides."""
    with (data_dir / "dictation" / "transcripts.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))[:12]
    silence = np.zeros(8000, np.float32)
    return [
        (
            np.concatenate(
                [silence, soundfile.read(data_dir / "dictation" / r["path"], dtype="float32")[0], silence]
            ),
            r["text"],
        )
        for r in rows
    ]


def test_a_word_before_a_pause_is_said_once_when_speech_goes_on(model, clips):
    """The steps spell it later than the full-context pass that reads the pause."""
    (first, text), (second, _) = clips[0], clips[3]
    assert text.endswith("{period}")
    utterance, line = model.open_stream(), ""
    for at in range(0, len(first), 512):
        utterance.accept(first[at : at + 512], partial=at < len(first) - 4800)
    utterance.prepare_final()
    utterance._pass.words.result()
    for at in range(8000, len(second), 512):
        if found := utterance.accept(second[at : at + 512]):
            line = found.stable + found.tentative
    assert line.count("{period}") == utterance.finish().text.count("{period}") == 2


@pytest.mark.parametrize("name, first", [("10_rms", "weight"), ("12_slt", "risks"), ("17_slt", "the")])
def test_a_recording_that_begins_with_its_first_word_keeps_it(model, data_dir, name, first):
    samples, _ = soundfile.read(data_dir / "dictation" / f"{name}.flac", dtype="float32")
    settings = Settings()
    (segment, *_) = transcribe(samples, model, open_vad(settings)(), settings)
    assert segment.text.split()[0] == segment.words[0].text == first
    assert segment.start_ms == 0
    assert 0 <= segment.words[0].start_ms < segment.words[0].end_ms <= segment.end_ms


def error_rate(said, heard):
    plain = [[" ".join(plain_words(text)) or "-" for text in texts] for texts in (said, heard)]
    return jiwer.wer(*plain)


def stream(model, samples):
    utterance = model.open_stream()
    partials = [utterance.accept(samples[i : i + 320]) for i in range(0, len(samples), 320)]
    return [partial for partial in partials if partial], utterance.finish()


def test_words_and_markers_are_heard_and_the_streamed_final_is_the_offline_text(model, clips):
    finals = []
    for samples, _ in clips:
        partials, final = stream(model, samples)
        stable = ""
        for partial in partials:
            assert partial.stable.startswith(stable)
            stable = partial.stable
        assert final == model.transcribe(samples)
        finals.append(final)
    rate = error_rate([text for _, text in clips], [final.text for final in finals])
    assert rate < 0.4
    heard = " ".join(final.text for final in finals).split()
    assert "{period}" in heard
    words = [word for final in finals for word in final.words]
    assert all(word.start_ms < word.end_ms for word in words)
    assert 0.3 < np.mean([word.confidence for word in words]) <= 1


def test_partials_come_near_what_was_said_before_the_final_does(model, clips):
    lines = []
    for samples, _ in clips:
        partials, _final = stream(model, samples)
        lines.append(partials[-1].stable + partials[-1].tentative)
    assert error_rate([text for _, text in clips], lines) < 0.55


def test_a_microphone_turned_down_a_hundred_times_costs_few_words(model, clips):
    said = [text for _, text in clips]
    rates = [
        error_rate(said, [model.transcribe(samples * np.float32(volume)).text for samples, _ in clips])
        for volume in (1, 0.01)
    ]
    assert rates[1] < rates[0] + 0.1


def test_expected_words_are_found(model, clips):
    said = [text for _, text in clips]
    spoken = sorted({word for text in said for word in plain_words(text) if len(word) >= 7})
    helped = model.expecting(spoken)
    plain, better = (error_rate(said, [m.transcribe(s).text for s, _ in clips]) for m in (model, helped))
    assert better < plain


def test_the_weights_beside_the_bundle_are_those_that_it_was_exported_from(model, clips):
    folder = Path(__file__).resolve().parents[2] / "models/lasr-mini/weights"
    processor = AutoProcessor.from_pretrained(folder)
    torch_model = LasrForCTC.from_pretrained(folder, dtype=torch.float32)
    texts = []
    for samples, _ in clips:
        inputs = processor(samples, sampling_rate=16_000, return_tensors="pt")
        texts += processor.batch_decode(torch_model.generate(**inputs), skip_special_tokens=True)
    assert error_rate(texts, [model.transcribe(samples).text for samples, _ in clips]) < 0.02  # int8


def test_recordings_are_transcribed_with_words_to_expect(data_dir, tmp_path, capsys):
    listed = tmp_path / "words.txt"
    listed.write_text("rotator cuff repair\n")
    clip = str(data_dir / "dictation" / "12_slt.flac")
    command = ["transcribe", "--asr", "lasr-mini", clip]
    assert main(command) == 0
    assert "repai were" in capsys.readouterr().out
    assert main([*command, "--asr-hotwords", str(listed)]) == 0
    assert "rotator cuff repair were" in capsys.readouterr().out
