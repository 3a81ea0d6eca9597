"""The stock ``openai`` client, and a client that sends the real thing to the real recogniser."""

import asyncio
import base64

import numpy as np
import pytest
import soxr
from openai import AsyncOpenAI

from assistant.audio.files import read_audio

COMPLETED = "conversation.item.input_audio_transcription.completed"


async def test_the_openai_client_gets_transcripts(start_server, pcm):
    server = await start_server(token="the-key")
    client = AsyncOpenAI(
        api_key="the-key", base_url=f"{server.http}/v1", websocket_base_url=f"{server.ws}/v1"
    )
    async with client, client.realtime.connect(model="any") as connection, asyncio.timeout(60):
        created = await connection.recv()
        assert created.type == "session.created"
        audio = pcm(0.3)
        for i in range(0, len(audio), 9_600):
            await connection.input_audio_buffer.append(audio=base64.b64encode(audio[i : i + 9_600]).decode())
        async for event in connection:
            if event.type == COMPLETED:
                assert event.transcript == server.model.texts[3]
                break


@pytest.mark.models
async def test_a_client_that_only_sends_audio_gets_transcript_and_answer(start_server, data_dir):
    server = await start_server(real=True)
    server.engine.script("image", ["None ", "seen."])
    samples = soxr.resample(read_audio(data_dir / "audio" / "question.flac"), 16_000, 24_000)
    samples = np.concatenate([np.zeros(12_000), samples, np.zeros(36_000)])
    pcm = (np.clip(samples, -1, 0.999) * 32768).astype("<i2").tobytes()
    client = await server.connect()
    await client.append(pcm)
    heard = (await client.until(COMPLETED))["transcript"].lower()
    assert heard.startswith("is there a ")
    assert "on this image" in heard
    assert (await client.until("response.output_text.done"))["text"] == "None seen."
