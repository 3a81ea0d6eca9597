"""The real recogniser on real speech."""

import copy
import csv
import difflib
from itertools import pairwise

import jiwer
import numpy as np
import pytest
import soundfile

from assistant.asr.expected_words import medical_words
from assistant.asr.moonshine import CONFIDENCE, DOUBT, MoonshineModel
from assistant.asr.moonshine_graph import FRAME_MS
from assistant.asr.moonshine_search import SearchSettings
from assistant.asr.moonshine_tokens import read_tokenizer
from assistant.asr.offline import transcribe
from assistant.asr.same_reading import spoken
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
    monkeypatch.setattr(MoonshineModel, "partial_share", lambda _: 1e6)  # a partial each 0.3 s on any machine
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


@pytest.fixture(scope="module")
def published_model():
    """It needs the words to expect for what the default knows by itself."""
    return open_recogniser(Settings(asr="moonshine-tiny-en"))


@pytest.fixture(scope="module")
def plain_model():
    """The published one without anything to expect."""
    return MoonshineModel(models_dir(Settings()) / "moonshine-tiny-en", search=SearchSettings(bonus=0))


def audio_of(data_dir, name):
    return soundfile.read(data_dir / "audio" / name, dtype="float32")[0]


def test_the_shipped_words_are_found_and_what_only_they_decided_is_doubtful(
    published_model, plain_model, data_dir
):
    samples = audio_of(data_dir, "chest_xray.flac")
    assert "plural effusion" in plain_model.transcribe(samples)
    words = {word.text: word for word in published_model.hear(samples).words}
    assert words["pleural"].alternatives == ("plural",)
    assert words["pleural"].confidence < 0.5
    assert words["bilaterally"].alternatives == ()
    assert words["bilaterally"].confidence > 0.5


def test_a_word_that_one_asks_for_is_found_in_the_next_utterance_and_only_with_a_bonus(plain_model, data_dir):
    samples = audio_of(data_dir, "chest_xray.flac")
    folder = models_dir(Settings()) / "moonshine-tiny-en"
    asked = MoonshineModel(folder).expecting(["pleural effusion"])
    assert "pleural effusion" in stream(asked, samples)[0].text
    assert "pleural effusion" in MoonshineModel(folder).expecting([], ["pleural"]).transcribe(samples)
    assert "plural effusion" in plain_model.expecting(["pleural effusion"]).transcribe(samples)


def test_partials_know_nothing_of_what_is_expected(published_model, plain_model, data_dir):
    samples = audio_of(data_dir, "chest_xray.flac")
    assert published_model.guess(samples, []) == plain_model.guess(samples, [])


@pytest.mark.parametrize("asked", ["hyperdense", "hyperdense lesion", "hypodense"])
def test_a_word_that_sounds_alike_is_not_preferred_because_it_is_expected(plain_model, data_dir, asked):
    folder = models_dir(Settings()) / "moonshine-tiny-en"
    heard = MoonshineModel(folder).expecting([asked]).transcribe(audio_of(data_dir, "hypodense.flac"))
    assert "hypodense lesion" in heard


def test_expected_words_do_not_appear_in_speech_that_has_none(model, clips):
    words = set(medical_words())
    for samples, text in clips:
        found = {word.strip(".,").lower() for word in model.transcribe(samples).split()} & words
        assert found <= set(PLAIN(text).split())


def test_nothing_to_expect_is_the_same_model_and_too_long_a_phrase_is_refused(model):
    assert model.expecting([]) is model
    with pytest.raises(BadInput) as error:
        model.expecting(["x" * 100])
    assert error.value.code == "hotwords_invalid"


def test_every_word_has_its_time_and_how_sure_it_is(model, clips):
    for samples, _ in clips[:3]:
        heard = model.hear(samples)
        assert heard.text == " ".join(word.text for word in heard.words)
        assert all(word.start_ms < word.end_ms for word in heard.words)
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(heard.words))
        assert all(0 <= word.confidence <= 1 for word in heard.words)
        assert heard.words[-1].end_ms <= len(samples) // 16


@pytest.mark.parametrize("pair", [(0, 1), (2, 3), (4, 0)])
def test_words_are_where_they_were_said(model, clips, pair):
    """Two recordings with a second between them: where the words of each are is known."""
    first, second = (clips[number] for number in pair)
    half = [part[: 16_000 * 5] for part in (first[0], second[0])]
    samples = np.concatenate([half[0], np.zeros(16_000, np.float32), half[1]])
    words = model.hear(samples).words
    before, after = len(half[0]) // 16, len(half[0]) // 16 + 1000
    early = [word for word in words if word.start_ms < before + 500]
    assert all(word.end_ms <= before + 60 for word in early)
    assert all(word.start_ms >= after - 60 for word in words[len(early) :])
    expected = len(model.transcribe(half[0]).split())
    assert abs(len(early) - expected) <= 1


def test_confidence_is_lower_where_words_are_wrong(model, clips):
    rng = np.random.default_rng(3)
    right, wrong = [], []
    for samples, text in clips:
        noise = rng.standard_normal(len(samples)).astype(np.float32) * np.sqrt(np.mean(samples**2))
        words = [word for word in model.hear(samples + noise * np.float32(0.7)).words if PLAIN(word.text)]
        said = PLAIN(text).split()
        heard = [PLAIN(word.text) for word in words]
        matcher = difflib.SequenceMatcher(None, heard, said, autojunk=False)
        matched = {block.a + k for block in matcher.get_matching_blocks() for k in range(block.size)}
        for number, word in enumerate(words):
            (right if number in matched else wrong).append(word.confidence)
    assert len(wrong) >= 5
    assert np.mean(right) > np.mean(wrong) + 0.2


def test_a_word_that_only_the_beam_decided_is_marked_however_many_there_are():
    # Such a word has at most half of the probability. Only a few of them are asked for other readings.
    marked_below = Settings.model_fields["mark_below"].default
    assert max(DOUBT, CONFIDENCE(0.5)) < marked_below


@pytest.mark.parametrize("pause_ms", [0, 300])
def test_a_dose_over_and_over_is_kept_and_marked_and_what_follows_is_not_lost(model, data_dir, pause_ms):
    samples = audio_of(data_dir, "answer_drugs.flac")
    words = model.hear(samples).words
    dose = next(word for word in words if word.text == "twice")
    once = samples[(dose.start_ms - 150) * 16 : (words[words.index(dose) + 1].end_ms) * 16]
    rest = samples[(words[words.index(dose) + 2].start_ms) * 16 :]
    between = np.zeros(pause_ms * 16, np.float32)
    heard = model.hear(np.concatenate([*[once, between] * 5, rest]))
    assert PLAIN(heard.text).count("twice") >= 4, "cut out of its sentence, one of the five may be misheard"
    assert {"40", "bedtime"} <= set(PLAIN(heard.text).split())
    doubted = [word.confidence for word in heard.words if "twice" in PLAIN(word.text)]
    assert max(doubted) < 0.5


COUNTING = "one two three four five six seven eight nine ten"


class Looping:
    """Goes round in a circle in audio of more than seven seconds, up to the limit; else the real search."""

    def __init__(self, search, loop):
        self._search, self._loop = search, loop

    def best(self, graph, audio, most):
        if audio.frames * FRAME_MS > 7000:
            return tuple((self._loop * most)[:most])
        return self._search.best(graph, audio, most)


def test_a_loop_is_decoded_again_in_halves_and_nothing_after_it_is_lost(model, data_dir):
    looping = copy.copy(model)
    dose = model._pieces.encode("twenty milligrams")
    looping._search = Looping(model._search, dose)
    for name in ("chest_xray.flac", "answer_leg.flac", "answer_drugs.flac"):
        samples = audio_of(data_dir, name)
        whole, halves = model.transcribe(samples), looping.transcribe(samples)
        assert "twenty milligrams twenty" not in halves
        assert jiwer.wer(" ".join(spoken(whole)), " ".join(spoken(halves))) <= 0.3
        assert PLAIN(halves).split()[-1] == PLAIN(whole).split()[-1]


def test_a_decoding_that_never_stops_is_decoded_again_too(model, data_dir):
    looping = copy.copy(model)
    looping._search = Looping(
        model._search, model._pieces.encode("one two three four five six seven eight nine ten")
    )
    samples = audio_of(data_dir, "chest_xray.flac")
    assert "bilaterally" in looping.transcribe(samples)


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
