"""The runtime on real ONNX graphs of a tiny model: words mean nothing, equality and seams do."""

import asyncio
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import onnx
import pytest

from assistant.asr import windows as windows_module
from assistant.asr.acoustic import CachedAcoustic, open_acoustic
from assistant.asr.batching import StepBatcher
from assistant.asr.beam import BeamSettings
from assistant.asr.bundle import open_bundle
from assistant.asr.export import Described, export
from assistant.asr.features import FeatureSettings, log_mel
from assistant.asr.lasr_stream import PRESETS, LasrStream
from assistant.asr.medasr import MedAsrModel
from assistant.asr.probe import probe_signal
from assistant.asr.shared import SharedRecogniser
from assistant.asr.windows import full_context, windows
from assistant.audio.frames import AudioChunk
from assistant.components.opening import open_recogniser, open_vad
from assistant.config import Settings
from assistant.conversation.types import FinalHeard
from assistant.errors import AssistantError
from assistant.session.listener import Listener
from tests.asr.lasr_models import tiny_lasr, write_lasr_directory


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Folder with ``cached`` (both precisions) and ``sherpa`` of the same weights."""
    folder = tmp_path_factory.mktemp("bundles")
    (folder / "weights").mkdir()
    write_lasr_directory(folder / "weights", tiny_lasr())
    export(
        folder / "weights",
        folder / "cached",
        Described("tiny", "a test", "", "Apache-2.0"),
        int8=True,
        fp32=True,
        sherpa=True,
    )
    shutil.move(folder / "cached" / "sherpa", folder / "sherpa")
    return folder


@pytest.fixture(params=["cached", "sherpa"], scope="module")
def model(request, bundles):
    return MedAsrModel(bundles / request.param)


def feed(stream, samples, chunk=320, partial=True):
    found = [stream.accept(samples[i : i + chunk], partial=partial) for i in range(0, len(samples), chunk)]
    return [each for each in found if each]


def code_of(call):
    with pytest.raises(AssistantError) as error:
        call()
    return error.value.code


@pytest.mark.parametrize(
    ("seconds", "chunk"), [(0.3, 320), (3.0, 320), (3.0, 777), (3.0, 100_000), (25.0, 3200)]
)
def test_the_streamed_final_is_what_decoding_the_whole_gives(model, seconds, chunk):
    samples = probe_signal(seconds)
    stream = model.open_stream()
    feed(stream, samples, chunk)
    final = stream.finish()
    assert final == model.transcribe(samples)
    assert final.text


def test_stable_text_only_grows_and_something_becomes_stable(bundles):
    model = MedAsrModel(bundles / "cached", precision="fp32")
    stream = LasrStream(
        model._acoustic,
        pieces=model._pieces,
        features=model._features,
        preset=replace(PRESETS["fast"], sure=0.0),
        decoder=model._decoder,
        pool=model._pool,
    )
    before = ""
    for partial in feed(stream, probe_signal(6.0)):
        assert partial.stable.startswith(before)
        before = partial.stable
    assert before


def test_a_final_prepared_at_a_pause_is_used_and_is_the_same(model):
    speech = probe_signal(2.0)
    pause, rest = np.zeros(3840, np.float32), np.zeros(8000, np.float32)
    stream = model.open_stream()
    feed(stream, speech)
    feed(stream, pause, partial=False)
    stream.prepare_final()
    prepared = stream._pass
    feed(stream, rest, partial=False)
    assert stream.finish() == model.transcribe(np.concatenate([speech, pause, rest]))
    assert stream._pass is prepared


def test_a_prepared_final_is_thrown_away_when_speech_goes_on(model):
    first, pause, second = probe_signal(2.0), np.zeros(4800, np.float32), probe_signal(1.0)
    stream = model.open_stream()
    feed(stream, first)
    feed(stream, pause, partial=False)
    stream.prepare_final()
    feed(stream, second)
    assert stream.finish() == model.transcribe(np.concatenate([first, pause, second]))


def test_nothing_and_what_is_too_short_are_no_words(model):
    assert model.open_stream().finish().text == ""
    assert model.transcribe(probe_signal(0.1)).text == ""


def test_bad_audio_is_refused(model):
    assert code_of(lambda: model.transcribe(np.full(16_000, np.nan, np.float32))) == "audio_not_finite"
    assert code_of(lambda: model.transcribe(probe_signal(1.0), rate_hz=48_000)) == "sample_rate_wrong"
    short = np.zeros((12, 128), np.float32)
    assert code_of(lambda: model._acoustic.whole(short)) == "audio_too_short"


@pytest.mark.parametrize("left", [200, 60])
def test_steps_that_look_far_enough_ahead_equal_the_whole(bundles, left):
    """The ring of the caches, in numpy, against the full pass; with a short one they differ."""
    acoustic = open_acoustic(open_bundle(bundles / "cached", "fp32"))
    assert isinstance(acoustic, CachedAcoustic)
    feats = log_mel(probe_signal(6.0))
    whole = acoustic.whole(feats)
    steps = acoustic.open_steps(left)
    at, worst = 0, 0.0
    while at < len(whole):
        found = steps.decode(feats[4 * at :])
        commit = min(25, len(found))
        worst = max(worst, float(np.abs(found[:commit] - whole[at : at + commit]).max()))
        steps.commit(commit)
        at += commit
    assert (worst < 1e-3) == (left == 200)


def test_streams_that_step_together_hear_what_they_hear_alone(bundles):
    alone, together = (
        open_acoustic(open_bundle(bundles / "cached", "fp32"), batch=batch) for batch in (1, 4)
    )
    feats = [log_mel(probe_signal(3.0)[number * 900 :]) for number in range(6)]

    def hear(acoustic, number):
        """Ragged: every stream has chunks of its own size, and is somewhere else."""
        steps, out, chunk = acoustic.open_steps(50), [], 8 + 3 * number
        for at in range(0, 60 - chunk, chunk):
            found = steps.decode(feats[number][4 * at :][: 4 * (chunk + 3) + 13])
            steps.commit(chunk)
            out.append(found)
        return np.concatenate(out)

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: hear(together, number), range(6)))
    steps = sum(len(range(0, 60 - (8 + 3 * n), 8 + 3 * n)) for n in range(6))
    assert together._batcher.runs <= steps
    for number, ours in enumerate(found):
        assert np.abs(ours - hear(alone, number)).max() < 1e-3


def test_steps_that_wait_meanwhile_are_taken_in_one_run():
    class Session:
        """Doubles its features; holds its first run until others wait."""

        def __init__(self):
            self.gate, self.sizes = threading.Event(), []

        def run(self, _, feed):
            self.sizes.append(len(feed["feats"]))
            self.gate.wait(10)
            logits = 2 * feed["feats"][:, :2, :1]
            kv = np.zeros((len(logits), 1, 1, 2, 1), np.float32)
            return [logits, kv, kv, np.zeros((len(logits), 1, 2, 1), np.float32)]

    session = Session()
    batcher = StepBatcher(session, most=3)

    def ask(value):
        feats = np.full((1, 13, 1), value, np.float32)
        return batcher.run({"feats": feats, "new_len": np.array([1])})[0]

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, 0.0)]
        while not session.sizes:
            time.sleep(0.001)
        asked += [pool.submit(ask, float(n)) for n in range(1, 6)]
        while len(batcher._waiting) < 5:
            time.sleep(0.001)
        session.gate.set()
        assert [each.result().tolist() for each in asked] == [[[[2.0 * n]]] for n in range(6)]
    assert session.sizes == [1, 3, 2]


def test_windows_cover_everything_once_and_their_seams_lose_nothing(model, monkeypatch):
    monkeypatch.setattr(windows_module, "WINDOW_FRAMES", 100)
    monkeypatch.setattr(windows_module, "HOP_FRAMES", 50)
    monkeypatch.setattr(windows_module, "OVERLAP_FRAMES", 50)
    log_probs = full_context(model._acoustic, probe_signal(20.0), FeatureSettings())
    frames = len(log_probs)
    assert frames == windows(frames)[-1][1] == 497
    assert all(b - a == 100 for a, b in windows(frames)[:-1])


def test_the_state_of_the_open_streams_is_counted_and_freed(bundles):
    model = MedAsrModel(bundles / "cached")
    stream = model.open_stream()
    feed(stream, probe_signal(1.0))
    assert 10_000 < model.state_bytes() < 1_000_000
    del stream
    assert model.state_bytes() == 0


def test_a_machine_that_is_behind_takes_larger_steps_and_then_smaller_ones_again(bundles):
    model = MedAsrModel(bundles / "cached", preset="fast")
    stream = model.open_stream()
    feed(stream, probe_signal(8.0), chunk=32_000)  # two seconds wait at each call
    assert stream._pace.frames(0) > PRESETS["fast"].chunk
    for _ in range(40):
        stream._pace.frames(8)
    assert stream._pace.frames(8) == PRESETS["fast"].chunk


async def test_the_live_path_names_it_and_hears_with_it(bundles):
    """Components, listener and model, from the settings."""
    settings = Settings(asr_bundle=bundles / "cached", vad="webrtc")
    recogniser = open_recogniser(settings)
    assert recogniser.name == "tiny"
    listener = Listener(
        vad=open_vad(settings)(),
        settings=settings,
        recogniser=SharedRecogniser(recogniser, workers=1),
    )
    samples = np.concatenate([probe_signal(3.0), np.zeros(32_000, np.float32)])
    for i in range(0, len(samples), 320):
        listener.hear(AudioChunk(samples[i : i + 320], i))
    async with asyncio.timeout(20), aclosing(listener.recognise()) as facts:
        async for fact in facts:
            if isinstance(fact, FinalHeard):
                break
    assert fact.text
    assert fact.words[0].confidence is not None


def test_phrases_to_expect_change_the_final_of_one_session_only(bundles):
    model = MedAsrModel(bundles / "cached", precision="fp32")
    samples = probe_signal(2.0)
    plain = model.transcribe(samples).text
    beam = BeamSettings(hotword_bonus=50.0, least_expected=-100.0)
    helped = MedAsrModel(bundles / "cached", precision="fp32", beam=beam).expecting(["lungs are clear"])
    assert "lungs are clear" not in plain
    assert "lungs are clear" in helped.transcribe(samples).text
    assert model.transcribe(samples).text == plain
    assert code_of(lambda: model.expecting(["x" * 100])) == "hotwords_invalid"


# --- bad bundles ---


@pytest.fixture
def broken(bundles, tmp_path):
    return shutil.copytree(bundles / "cached", tmp_path / "broken")


@pytest.mark.parametrize("name", ["tokens.txt", "model.int8.onnx"])
def test_a_bundle_without_a_file_is_refused(broken, name):
    (broken / name).unlink()
    if name.endswith("onnx"):
        (broken / "model.onnx").unlink()
    assert code_of(lambda: MedAsrModel(broken)) == "model_missing"


def test_a_changed_or_truncated_file_is_refused(broken):
    graph = broken / "model.int8.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-100])
    assert code_of(lambda: MedAsrModel(broken)) == "model_hash_mismatch"
    graph.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert code_of(lambda: MedAsrModel(broken)) == "model_hash_mismatch"


def test_a_truncated_graph_without_a_record_is_refused(bundles, tmp_path):
    folder = shutil.copytree(bundles / "sherpa", tmp_path / "sherpa")
    graph = folder / "model.int8.onnx"
    graph.write_bytes(graph.read_bytes()[:1000])
    assert code_of(lambda: MedAsrModel(folder)) == "model_invalid"


def test_another_vocabulary_is_refused(bundles, tmp_path):
    folder = shutil.copytree(bundles / "sherpa", tmp_path / "sherpa")
    lines = (folder / "tokens.txt").read_text().splitlines()
    (folder / "tokens.txt").write_text("\n".join(lines[:-3]) + "\n")
    assert code_of(lambda: MedAsrModel(folder)) == "model_vocabulary_mismatch"


def test_a_graph_of_another_kind_is_refused(bundles, tmp_path):
    folder = shutil.copytree(bundles / "sherpa", tmp_path / "other")
    for graph in folder.glob("*.onnx"):
        graph.unlink()
    one = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 40])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])],
        "other",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 40])],
        [one],
    )
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(proto, folder / "model.onnx")
    assert code_of(lambda: MedAsrModel(folder)) == "model_wrong_kind"


def test_an_export_without_its_description_is_said_to_lack_it(broken):
    (broken / "bundle.json").unlink()
    with pytest.raises(AssistantError, match=r"bundle\.json is not in") as error:
        MedAsrModel(broken)
    assert error.value.code == "model_missing"


def test_no_cuda_is_said(bundles):
    assert code_of(lambda: MedAsrModel(bundles / "cached", provider="cuda")) == "provider_missing"


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_cuda_that_cannot_be_used_is_said_and_the_cpu_not_taken_for_it(bundles, monkeypatch):
    """As where the package is there and its libraries are not: onnxruntime then goes on on the CPU."""
    monkeypatch.setattr(
        "assistant.asr.acoustic.ort.get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    assert code_of(lambda: MedAsrModel(bundles / "cached", provider="cuda")) == "provider_missing"


def test_a_pass_that_nobody_wants_any_more_ends(bundles):
    model = MedAsrModel(bundles / "cached")
    stream = model.open_stream()
    feed(stream, probe_signal(3.0), partial=False)
    stream.prepare_final()
    running = stream._pass
    stream.accept(probe_signal(0.5))
    deadline = time.monotonic() + 10
    while not running.words.done() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.words.done()
