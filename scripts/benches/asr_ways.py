"""The ways of recognising that scripts/bench asr compares. Each imports only its own packages."""

# ruff: noqa: PLC0415

import time
from pathlib import Path

import numpy as np
from asr_live import RATE


class Transformers:
    """The model card's own pipeline, in torch, at the end of the utterance."""

    def __init__(self, args):
        import torch
        from transformers import LasrForCTC

        from assistant.asr.export import read_directory
        from assistant.asr.medasr import GreedyDecoder

        torch.set_num_threads(args.threads)
        self._torch, self._audio = torch, []
        self._model, pieces, _ = read_directory(Path(args.weights))
        self._decoder = GreedyDecoder(pieces)
        assert isinstance(self._model, LasrForCTC)

    def begin(self):
        self._audio = []

    def hear(self, audio):
        self._audio.append(audio)

    def pause(self):
        pass

    def finish(self):
        from assistant.asr.ctc import log_softmax
        from assistant.asr.features import log_mel

        feats = self._torch.from_numpy(log_mel(np.concatenate(self._audio)))[None]
        with self._torch.inference_mode():
            logits = self._model(feats).logits[0].numpy()
        return " ".join(word.text for word in self._decoder.decode(log_softmax(logits)))


class Sherpa:
    """sherpa-onnx with the same weights; ``every_s`` decodes all that was heard again so often."""

    def __init__(self, args, every_s=None):
        import sherpa_onnx

        folder = Path(args.bundle) / "sherpa"
        self._recogniser = sherpa_onnx.OfflineRecognizer.from_medasr_ctc(
            model=str(folder / "model.int8.onnx"), tokens=str(folder / "tokens.txt"), num_threads=args.threads
        )
        self._every = int(every_s * RATE) if every_s else None
        self.begin()

    def begin(self):
        self._audio, self._new = np.zeros(0, np.float32), 0

    def hear(self, audio):
        self._audio = np.concatenate([self._audio, audio])
        self._new += len(audio)
        if self._every is None or self._new < self._every:
            return None
        self._new = 0
        return "", self._decode()

    def pause(self):
        pass

    def finish(self):
        return self._decode()

    def _decode(self):
        stream = self._recogniser.create_stream()
        stream.accept_waveform(RATE, self._audio)
        self._recogniser.decode_stream(stream)
        return stream.result.text


class Window:
    """The last 4 s decoded again every 500 ms: what a step is compared with. Its text is not stitched."""

    def __init__(self, args):
        from assistant.asr.acoustic import open_acoustic
        from assistant.asr.bundle import open_bundle
        from assistant.asr.medasr import GreedyDecoder

        bundle = open_bundle(Path(args.bundle), "int8")
        self._acoustic, self._decoder = (
            open_acoustic(bundle, threads=args.threads),
            GreedyDecoder(bundle.tokens),
        )
        self.begin()

    def begin(self):
        self._audio, self._new = np.zeros(0, np.float32), 0

    def hear(self, audio):
        self._audio = np.concatenate([self._audio, audio])[-4 * RATE :]
        self._new += len(audio)
        if self._new < RATE // 2:
            return None
        self._new = 0
        return "", self.finish()

    def pause(self):
        pass

    def finish(self):
        from assistant.asr.features import log_mel

        return " ".join(w.text for w in self._decoder.decode(self._acoustic.whole(log_mel(self._audio))))


class Ours:
    def __init__(self, args, preset, precision="int8"):
        from assistant.asr.medasr import MedAsrModel

        self.model = MedAsrModel(
            Path(args.bundle), preset=preset, precision=precision, threads=args.threads, workers=1
        )
        self.begin()

    def begin(self):
        self._stream = self.model.open_stream()

    def hear(self, audio):
        partial = self._stream.accept(audio)
        return (partial.stable, partial.tentative) if partial else None

    def pause(self):
        self._stream.prepare_final()
        while self._stream.preparing:  # on the simulated clock the pass takes its time here
            time.sleep(0.001)

    def finish(self):
        return self._stream.finish().text


def open_way(args):
    match args.way:
        case "transformers":
            return Transformers(args)
        case "sherpa offline":
            return Sherpa(args)
        case "sherpa every 200 ms":
            return Sherpa(args, 0.2)
        case "window 4 s every 500 ms":
            return Window(args)
        case "ours fp32":
            return Ours(args, "balanced", "fp32")
        case preset:
            return Ours(args, preset.removeprefix("ours "))
