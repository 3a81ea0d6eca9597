"""Run by ``clients.py`` in the environment of the stock clients: URL, sound file, what is said in it."""

import asyncio
import importlib.metadata
import io
import json
import sys
import wave

import av
import numpy as np
from agents.realtime import RealtimeAgent, RealtimeRunner
from livekit import rtc
from livekit.agents.utils import http_context
from livekit.plugins import openai
from pipecat.services.openai.stt import OpenAISTTService

URL, SOUND, SPOKEN = sys.argv[1:4]
REST, LIVE = f"{URL}/v1", f"{URL.replace('http', 'ws', 1)}/v1"


def pcm(rate, silence_s=0.0):
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    with av.open(SOUND) as file:
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


async def main():
    for name, package, attempt in (
        ("openai-agents", "openai-agents", agents),
        ("LiveKit STT, batch and realtime", "livekit-plugins-openai", livekit),
        ("pipecat STT, batch", "pipecat-ai", pipecat),
    ):
        why = ""
        try:
            async with asyncio.timeout(60):
                await attempt()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"[:300]
        row = {"client": name, "version": importlib.metadata.version(package), "why": why}
        print(json.dumps(row), flush=True)


asyncio.run(main())
