"""Weights in, a bundle out: parity, layout, and what bad input gets."""

import contextlib
import functools
import http.server
import json
import re
import shutil
import tarfile
import threading

import numpy as np
import onnxruntime as ort
import pytest
import soundfile
from safetensors.torch import load_file, save_file

from assistant.asr import export as exporter
from assistant.asr.acoustic import open_acoustic
from assistant.asr.bundle import open_bundle
from assistant.asr.ctc import BestPath, collapse
from assistant.asr.export import Described, export
from assistant.asr.features import FeatureSettings, mel_filters
from assistant.asr.medasr import MedAsrModel
from assistant.asr.probe import probe_signal
from assistant.cli import main
from assistant.commands.export_model import fetch
from assistant.components.opening import open_recogniser
from assistant.config import Settings
from assistant.errors import AssistantError, Missing
from assistant.weights import load_manifest, pull
from assistant.weights.terms import accept
from tests.asr.lasr_models import PIECES, write_lasr_directory

DESCRIBED = Described("tiny", "a test", "abc", "Apache-2.0")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_lasr_directory(folder)
    return folder


@pytest.fixture(scope="module")
def exported(weights, tmp_path_factory):
    """(folder, parities) of both precisions and both layouts."""
    out = tmp_path_factory.mktemp("out")
    return out, export(weights, out, DESCRIBED, int8=True, fp32=True, sherpa=True)


@pytest.fixture
def copy(weights, tmp_path):
    return shutil.copytree(weights, tmp_path / "copy")


def code_of(call):
    with pytest.raises(AssistantError) as error:
        call()
    return error.value.code


def test_both_layouts_and_precisions_agree_with_torch(exported):
    _, parities = exported
    assert [p.graph for p in parities] == [
        "model.onnx",
        "model.int8.onnx",
        "sherpa/model.onnx",
        "sherpa/model.int8.onnx",
    ]
    assert all(p.largest < 1e-4 and p.same_best == 1 for p in parities[::2])
    assert all(p.rms < 0.05 for p in parities[1::2])


def test_the_bundle_says_what_it_is(exported):
    bundle = open_bundle(exported[0])
    assert bundle.graph.name == "model.int8.onnx"
    assert bundle.tokens[: len(PIECES)] == ("<blk>", *PIECES[1:])
    assert bundle.info.licence == "Apache-2.0"
    assert bundle.info.source_revision == "abc"
    metadata = ort.InferenceSession(bundle.graph).get_modelmeta().custom_metadata_map
    assert metadata["model_type"] == "lasr-ctc-cached"
    assert json.loads(metadata["geometry"]) == bundle.info.geometry.model_dump()
    assert open_bundle(exported[0], "fp32").graph.name == "model.onnx"


def test_sherpa_onnx_runs_the_plain_layout(exported):
    import sherpa_onnx

    folder = exported[0] / "sherpa"
    recogniser = sherpa_onnx.OfflineRecognizer.from_medasr_ctc(
        model=str(folder / "model.onnx"), tokens=str(folder / "tokens.txt"), num_threads=1
    )
    stream = recogniser.create_stream()
    stream.accept_waveform(16_000, probe_signal(2.0))
    recogniser.decode_stream(stream)
    pieces = set(open_bundle(exported[0]).tokens)
    assert stream.result.tokens
    assert {token.replace(" ", "▁") for token in stream.result.tokens} <= pieces


def kaldi_like(samples):
    """sherpa-onnx 2.0.1's input of the model: per frame the mean taken away, pre-emphasis of 0.97, and a
    floor of float32's epsilon; all else as the model's own front end (decision 13)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), 400)[::160].copy()
    frames -= frames.mean(1, keepdims=True)
    frames = np.concatenate([frames[:, :1] * (1 - 0.97), frames[:, 1:] - 0.97 * frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * np.hanning(400), 512)) ** 2 @ mel_filters(FeatureSettings())
    return np.log(np.maximum(power, np.finfo(np.float32).eps)).astype(np.float32)


def test_sherpa_onnx_reads_the_same_pieces_from_the_same_features(exported):
    import sherpa_onnx

    folder = exported[0] / "sherpa"
    recogniser = sherpa_onnx.OfflineRecognizer.from_medasr_ctc(
        model=str(folder / "model.onnx"), tokens=str(folder / "tokens.txt"), num_threads=1
    )
    stream = recogniser.create_stream()
    stream.accept_waveform(16_000, probe_signal(3.0))
    recogniser.decode_stream(stream)
    bundle = open_bundle(exported[0], "fp32")
    path = BestPath.of(open_acoustic(bundle).whole(kaldi_like(probe_signal(3.0))))
    ours = [bundle.tokens[token.piece].replace("▁", " ") for token in collapse(path)]
    assert [t for t in stream.result.tokens if not t.startswith("<")] == ours


def test_the_plain_layout_is_a_bundle_too(exported):
    bundle = open_bundle(exported[0] / "sherpa")
    assert bundle.info is None
    assert len(bundle.tokens) == 40


def test_an_export_that_differs_from_torch_or_is_interrupted_leaves_nothing(weights, tmp_path, monkeypatch):
    """The server would take a folder half made for MedASR's own export."""
    monkeypatch.setattr(exporter, "MOST_FP32_ERROR", 1e-12)
    assert code_of(lambda: export(weights, tmp_path / "out", DESCRIBED)) == "export_differs"

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(exporter, "quantise", interrupted)
    monkeypatch.setattr(exporter, "MOST_FP32_ERROR", 1.0)
    with pytest.raises(KeyboardInterrupt):
        export(weights, tmp_path / "out", DESCRIBED)
    assert list(tmp_path.iterdir()) == []


def test_an_export_takes_the_place_of_an_earlier_one_and_of_nothing_else(exported, weights, tmp_path):
    out = shutil.copytree(exported[0], tmp_path / "out")
    (out / "notes.txt").write_text("mine")
    (parity, *_) = export(weights, out, DESCRIBED)
    assert parity.graph == "model.onnx"
    assert open_bundle(out).graph.name == "model.int8.onnx"
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {
        "bundle.json",
        "model.int8.onnx",
        "tokens.txt",
        "notes.txt",
    }


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_directory_without_a_file_is_refused(copy, tmp_path, missing):
    (copy / missing).unlink()
    assert code_of(lambda: export(copy, tmp_path / "out", DESCRIBED)) == "model_missing"


def test_truncated_weights_are_refused(copy, tmp_path):
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert code_of(lambda: export(copy, tmp_path / "out", DESCRIBED)) in {"model_invalid", "model_missing"}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("config.json", '{"model_type": "whisper"}', "model_wrong_kind"),
        ("config.json", "{", "model_invalid"),
        ("tokenizer.json", "{}", "model_invalid"),
        ("preprocessor_config.json", '{"sampling_rate": 8000}', "model_wrong_kind"),
        ("preprocessor_config.json", '{"feature_size": 80}', "model_wrong_kind"),
    ],
)
def test_files_of_another_kind_are_refused(copy, tmp_path, name, content, code):
    (copy / name).write_text(content)
    assert code_of(lambda: export(copy, tmp_path / "out", DESCRIBED)) == code


def test_a_tokenizer_with_too_few_pieces_is_refused(copy, tmp_path):
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    del tokenizer["model"]["vocab"][30:]
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert code_of(lambda: export(copy, tmp_path / "out", DESCRIBED)) == "model_vocabulary_mismatch"


@pytest.mark.parametrize("change", ["left out", "of another shape"])
def test_weights_that_are_not_all_there_are_refused_and_not_made_up(copy, tmp_path, change):
    tensors = load_file(copy / "model.safetensors")
    if change == "left out":
        del tensors["ctc_head.weight"]
    else:
        tensors["ctc_head.weight"] = tensors["ctc_head.weight"][:20].contiguous()
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(AssistantError, match="1 of the weights") as error:
        export(copy, tmp_path / "out", DESCRIBED)
    assert error.value.code == "model_invalid"


class Hub(http.server.SimpleHTTPRequestHandler):
    """A gated repository ``owner/tiny``, as the hub lays it out."""

    commit = "c" * 40
    fails_at = ""

    def send_head(self):
        self.path = re.sub("^/(owner/tiny|google/medasr)/resolve/[^/]+/", "/", self.path)
        if self.headers.get("Authorization") != "Bearer hf_right":
            return self.send_error(401)
        if self.fails_at and self.path.endswith(self.fails_at):
            return self.send_error(503)
        return super().send_head()

    def end_headers(self):
        self.send_header("X-Repo-Commit", self.commit)
        super().end_headers()

    def log_message(self, *_):
        pass


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(folder, kind=Files):
    """The URL of a folder."""
    handler = functools.partial(kind, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def hub(weights, monkeypatch):
    with serving(weights, Hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield


def test_a_gated_repository_needs_a_token_and_is_exported_with_one(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    command = ["models", "--models-dir", str(tmp_path), "export", "owner/tiny"]
    assert main(command) == 2
    assert "model_gated" in capsys.readouterr().err
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert main(command) == 0
    assert "same best piece" in capsys.readouterr().out
    bundle = open_bundle(tmp_path / "tiny-export")
    assert (bundle.info.name, bundle.info.source, bundle.info.source_revision) == (
        "tiny",
        "owner/tiny",
        Hub.commit,
    )


@pytest.mark.parametrize("says_its_commit", [True, False])
def test_a_branch_that_has_moved_is_fetched_again(weights, tmp_path, monkeypatch, says_its_commit):
    repository = shutil.copytree(weights, tmp_path / "repository")
    commits = ("1" * 40, "2" * 40) if says_its_commit else ("", "")
    found = []
    with serving(repository, Hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_TOKEN", "hf_right")
        for commit in commits:
            monkeypatch.setattr(Hub, "commit", commit)
            (repository / "tokenizer.json").write_text(f"of {len(found)}")
            folder, revision = fetch("owner/tiny", "main", tmp_path, lambda _: None)
            assert revision == (commit or "main")
            found.append((folder / "tokenizer.json").read_text())
    assert found == ["of 0", "of 1"]


def test_settings_of_the_front_end_that_fail_to_come_are_not_made_up(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    monkeypatch.setattr(Hub, "fails_at", "preprocessor_config.json")
    with pytest.raises(Missing, match=r"preprocessor_config.json answered 503") as error:
        fetch("owner/tiny", "main", tmp_path, lambda _: None)
    assert error.value.code == "download_failed"


def test_medasr_is_pulled_from_its_repository_and_exported(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert main(["models", "--models-dir", str(tmp_path), "pull", "medasr", "--export"]) == 0
    info = open_bundle(tmp_path / "medasr-export").info
    assert (info.source, len(info.source_revision)) == ("google/medasr", 40)
    assert "Health AI" in info.licence
    assert open_recogniser(Settings(asr="medasr", models_dir=tmp_path)).name == "medasr"
    assert main(["models", "--models-dir", str(tmp_path), "pull", "silero-vad", "--export"]) == 2


def test_medasr_in_sherpa_onnxs_archive_is_pulled_held_to_its_hash_and_heard_with(exported, tmp_path, capsys):
    """A server with an archive laid out as the release is."""
    manifest = load_manifest("medasr")
    inside = manifest.files[0].member.partition("/")[0]
    archive = tmp_path / "web" / "medasr.tar.bz2"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:bz2") as tar:
        for name in ("model.int8.onnx", "tokens.txt"):
            tar.add(exported[0] / "sherpa" / name, f"{inside}/{name}")
    models = tmp_path / "models"
    with serving(archive.parent) as url:
        source = manifest.source.model_copy(update={"url": f"{url}/medasr.tar.bz2"})
        accept(manifest, models)
        pull(manifest.model_copy(update={"source": source}), models)
    recogniser = open_recogniser(Settings(asr="medasr", models_dir=models))
    assert recogniser.name == "medasr"
    assert recogniser.transcribe(probe_signal(2.0)).text
    assert main(["models", "--models-dir", str(models), "pull", "medasr"]) == 0
    assert "have no published checksums" in capsys.readouterr().err
    (models / "medasr" / "tokens.txt").write_text("<blk> 0\n")
    assert (
        code_of(lambda: open_recogniser(Settings(asr="medasr", models_dir=models))) == "model_hash_mismatch"
    )


def test_the_signal_of_the_parity_check_is_finite_and_audible():
    signal = probe_signal(1.0)
    assert signal.shape == (16_000,)
    assert 0.01 < float(np.sqrt((signal**2).mean())) < 0.5


def test_confidences_are_fitted_on_speech_whose_words_are_known(weights, tmp_path, capsys):
    speech = tmp_path / "speech"
    speech.mkdir()
    for number in range(3):
        soundfile.write(speech / f"{number}.wav", probe_signal(6.0 + number), 16_000)
    plain = tmp_path / "plain"
    assert main(["models", "export", str(weights), "--out", str(plain)]) == 0
    heard = MedAsrModel(plain).transcribe(probe_signal(6.0))
    assert len(heard.words) > 30
    quoted = '"nothing'  # as it stands: a quotation mark joins no lines
    rows = [f"{number}.wav\t{heard.text if number != 1 else quoted}\n" for number in range(3)]
    (speech / "transcripts.tsv").write_text("path\ttext\n" + "".join(rows))
    command = ["models", "export", str(weights), "--out", str(tmp_path / "out"), "--calibrate", str(speech)]
    assert main(command) == 0
    assert "calibration error" in capsys.readouterr().out
    fitted = MedAsrModel(tmp_path / "out").transcribe(probe_signal(6.0))
    assert fitted.text == heard.text
    assert [w.confidence for w in fitted.words] != [w.confidence for w in heard.words]
    (speech / "transcripts.tsv").write_text("wav\n")
    assert main(command) == 2
    assert "calibration_invalid" in capsys.readouterr().err
