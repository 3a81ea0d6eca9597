"""Run by ``clients.py`` in the environment of the stock clients: URL, sound file, what is said in it."""

import asyncio
import importlib.metadata
import io
import json
import sys
import wave
from functools import partial
from pathlib import Path

import av
import numpy as np
from agents.realtime import RealtimeAgent, RealtimeRunner
from livekit import rtc
from livekit.agents.utils import http_context
from livekit.plugins import openai
from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService, OpenAISTTService
from pipecat.workers.runner import WorkerRunner

URL, SOUND, SPOKEN = sys.argv[1:4]
REST, LIVE = f"{URL}/v1", f"{URL.replace('http', 'ws', 1)}/v1"


def pcm(rate, silence_s=0.0, sound=SOUND):
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    with av.open(sound) as file:
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return np.concatenate([samples, np.zeros(int(rate * silence_s), np.int16)]).astype("<i2")


def in_pieces(samples, size=2_400):
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def check(text):
    assert SPOKEN in text.lower(), f"heard {text!r}"


async def agents():
    model = {"model_name": "gpt-realtime", "output_modalities": ["text"]}
    runner = RealtimeRunner(
        RealtimeAgent(name="a", instructions="Be brief."), config={"model_settings": model}
    )
    address = {"url": f"{LIVE}/realtime?model=gpt-realtime", "api_key": "any"}
    errors, ended = [], 0
    async with await runner.run(model_config=address) as session:
        await session.send_message("What can you do?")
        async for event in session:
            if event.type == "error":
                errors.append(str(event.error))
            if event.type != "raw_model_event" or event.data.type != "turn_ended":
                continue
            ended += 1
            if ended == 2:
                break
            for piece in in_pieces(pcm(24_000, silence_s=2)):
                await session.send_audio(piece.tobytes())
        history = session._history
    assert not errors, errors
    assert [item.role for item in history] == ["user", "assistant"] * 2, history
    check(history[2].content[0].transcript)
    assert all(item.content[0].text for item in history if item.role == "assistant"), history


async def livekit():
    batch = openai.STT(base_url=REST, api_key="any", model="whisper-1")
    samples = pcm(16_000)
    heard = await batch.recognize(rtc.AudioFrame(samples.tobytes(), 16_000, 1, len(samples)))
    check(heard.alternatives[0].text)
    async with http_context.open():
        live = openai.STT(base_url=REST, api_key="any", model="gpt-4o-mini-transcribe", use_realtime=True)
        stream = live.stream()
        for piece in in_pieces(pcm(24_000, silence_s=2)):
            stream.push_frame(rtc.AudioFrame(piece.tobytes(), 24_000, 1, len(piece)))
        async for event in stream:
            if event.type.value == "final_transcript":
                check(event.alternatives[0].text)
                break
        await stream.aclose()


async def pipecat():
    recording = io.BytesIO()
    with wave.open(recording, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm(16_000).tobytes())
    heard = await OpenAISTTService(api_key="any", base_url=REST)._transcribe(recording.getvalue())
    check(heard.text)


class Heard(FrameProcessor):
    """The end of a pipeline: what the service before it heard."""

    def __init__(self):
        super().__init__()
        self.finals = asyncio.Queue()

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            await self.finals.put(frame.text)
        await self.push_frame(frame, direction)


async def pipecat_realtime(turn_detection):
    """Turns that the server ends, or (with False) that the client's own VAD ends with a commit; two in one
    session. The second one has pauses, which end turns for the server and nothing for the client."""
    long = Path(SOUND).with_name("jfk.flac")
    service = OpenAIRealtimeSTTService(
        api_key="any", base_url=f"{LIVE}/realtime", turn_detection=turn_detection
    )
    heard, errors = Heard(), []
    params = PipelineParams(audio_in_sample_rate=16_000)
    worker = PipelineWorker(Pipeline([service, heard]), params=params, enable_rtvi=False)
    service.add_event_handler("on_error", lambda _, error: errors.append(error.error))
    started = asyncio.Event()
    worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
    runner = WorkerRunner()
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    for sound, last_words in ((SOUND, SPOKEN), (long, "what you can do for your country")):
        for piece in in_pieces(pcm(16_000, silence_s=1.5 if turn_detection else 0.2, sound=sound), 320):
            await worker.queue_frame(InputAudioRawFrame(piece.tobytes(), 16_000, 1))
            await asyncio.sleep(0.02)  # as it is spoken
        if not turn_detection:
            await worker.queue_frame(VADUserStoppedSpeakingFrame())
        text = await heard.finals.get()
        while turn_detection and last_words not in text.lower():
            text += " " + await heard.finals.get()
        assert last_words in text.lower(), f"heard {text!r}"
    await worker.queue_frame(EndFrame())
    await running
    assert not errors, errors
    assert heard.finals.empty(), "one final for each turn"


async def main():
    for name, package, attempt in (
        ("openai-agents", "openai-agents", agents),
        ("LiveKit STT, batch and realtime", "livekit-plugins-openai", livekit),
        ("pipecat STT, batch", "pipecat-ai", pipecat),
        ("pipecat STT, realtime, turns of the server", "pipecat-ai",
         partial(pipecat_realtime, {"type": "server_vad"})),
        ("pipecat STT, realtime, turns of the client", "pipecat-ai", partial(pipecat_realtime, False)),
    ):  # fmt: skip
        why = ""
        try:
            async with asyncio.timeout(100):
                await attempt()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"[:300]
        row = {"client": name, "version": importlib.metadata.version(package), "why": why}
        print(json.dumps(row), flush=True)


asyncio.run(main())
