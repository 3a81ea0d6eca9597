"""``/v1/audio/transcriptions``, called by the stock ``openai`` client."""

import asyncio
import base64
import io
import json
import math
import wave

import httpx
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI

from assistant.asr.base import Transcript, Word
from assistant.audio.files import read_audio
from assistant.errors import AssistantError
from tests.server.conftest import LoudnessStream

RATE = 24_000


def wav(*levels, seconds=0.8, silence_s=1.6, rate=RATE):
    """One utterance a level, as a WAV file."""
    parts = [np.zeros(rate // 2)]
    for level in levels:
        parts += [np.full(int(seconds * rate), level), np.zeros(int(silence_s * rate))]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.concatenate(parts) * 32767).astype("<i2").tobytes())
    return out.getvalue()


@pytest.fixture
def client_of():
    def client(server, key="any"):
        return AsyncOpenAI(api_key=key, base_url=f"{server.http}/v1", max_retries=0)

    return client


@pytest.fixture
async def client(server, client_of):
    async with client_of(server) as client:
        yield client


async def ask(client, audio=None, **fields):
    audio = wav(0.3, 0.6) if audio is None else audio
    return await client.audio.transcriptions.create(
        file=("dictation.wav", audio), **{"model": "whisper-1", **fields}
    )


async def code_of(client, audio=None, **fields):
    with pytest.raises(openai.APIStatusError) as refused:
        await ask(client, audio, **fields)
    return refused.value.code, refused.value.param


async def test_json_has_the_text_of_all_utterances_and_the_length(client):
    answer = await ask(client)
    assert answer.text == "The lungs are clear. Is there a pneumothorax on this image?"
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == pytest.approx(5.3, abs=0.01)


async def test_text_srt_and_vtt(client):
    text = await ask(client, response_format="text")
    assert text == "The lungs are clear. Is there a pneumothorax on this image?\n"
    srt = await ask(client, response_format="srt")
    assert srt.startswith("1\n00:00:00,")
    assert "The lungs are clear." in srt
    assert "\n2\n" in srt
    assert (await ask(client, response_format="vtt")).startswith("WEBVTT\n\n00:00:00.")


async def test_verbose_json_has_segments_where_they_were_said(client):
    answer = await ask(client, response_format="verbose_json")
    assert answer.language == "english"
    first, second = answer.segments
    assert first.text == "The lungs are clear."
    assert first.start <= 0.5
    assert first.end >= 1.3
    assert second.start <= 2.9 < second.end
    assert answer.words is None
    assert answer.model == "loudness"


class TimedStream(LoudnessStream):
    """Each word a tenth of a second; "clear" is doubtful."""

    def finish(self):
        text = self._text()
        words = [
            Word(word, 500 + 100 * i, 600 + 100 * i, 0.2 if word == "clear." else 0.9)
            for i, word in enumerate(text.split())
        ]
        return Transcript(text, tuple(words))


async def test_words_have_times_and_confidences_and_doubts_are_marked(server, client, monkeypatch):
    monkeypatch.setattr(type(server.model), "open_stream", lambda model: TimedStream(model))  # noqa: PLW0108
    monkeypatch.setattr(type(server.model), "times_words", True)
    answer = await ask(client, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert [word.word for word in answer.words][:4] == ["The", "lungs", "are", "clear."]
    assert answer.words[1].start - answer.words[0].start == pytest.approx(0.1)
    assert answer.words[3].confidence == 0.2
    segment = answer.segments[0]
    (doubt,) = segment.doubts
    assert segment.text[doubt["start"] : doubt["end"]] == "clear."
    assert doubt["reason"] == "low_confidence"
    assert segment.avg_logprob == pytest.approx((3 * math.log(0.9) + math.log(0.2)) / 4)
    logs = (await ask(client, include=["logprobs"])).logprobs
    assert logs[3].token == "clear."
    assert logs[3].logprob == pytest.approx(math.log(0.2))


@pytest.mark.parametrize(
    ("said", "reason", "doubtful"),
    [
        ("Continue metaprolol.", "near_miss", "metaprolol"),
        ("She takes twenty twenty five mg.", "two_readings", "twenty twenty five"),
    ],
)
async def test_what_live_dictation_marks_is_a_doubt_here(server, client, said, reason, doubtful):
    server.model.texts[6] = said
    _, segment = (await ask(client, response_format="verbose_json")).segments
    assert segment.heard == said
    (doubt,) = segment.doubts
    assert doubt["reason"] == reason
    assert segment.text[doubt["start"] : doubt["end"]] == doubtful


async def test_written_form_or_as_heard(server, client):
    server.model.texts[3] = "The mass measures three point two centimeters."
    assert (await ask(client, wav(0.3))).text == "The mass measures 3.2 cm."
    heard = await ask(client, wav(0.3), extra_body={"form": "heard"})
    assert heard.text == "The mass measures three point two centimeters."


async def test_what_is_worded_as_a_command_is_written(server, client):
    server.model.texts[6] = "Scratch that."
    assert (await ask(client)).text == "The lungs are clear. Scratch that."


async def test_headings_stand_where_they_were_said(server, client):
    server.model.texts |= {3: "Findings colon the lungs are clear.", 6: "Impression colon normal."}
    text = (await ask(client, wav(0.3, 0.6, 0.3))).text
    assert [text.lower().index(word) for word in ("findings", "impression")] == sorted(
        text.lower().index(word) for word in ("findings", "impression")
    )
    assert text.lower().count("lungs are clear") == 2
    assert text.lower().rindex("lungs") > text.lower().index("impression")


async def test_a_stream_appends_up_to_the_whole_text_and_tells_how_far_it_is(server, client):
    deltas, done, heard = "", None, []
    async for event in await ask(client, wav(0.3, 0.6, 0.3), stream=True):
        if event.type == "transcript.text.delta":
            deltas += event.delta
            heard.append(event.progress["seconds"])
            assert event.progress["of_seconds"] == pytest.approx(7.7, abs=0.1)
        else:
            done = event
    assert done.type == "transcript.text.done"
    assert done.text == deltas
    assert deltas.count("lungs") == 2
    assert heard == sorted(heard)
    assert len(set(heard)) == 3


async def test_a_pause_taken_for_a_full_stop_is_not_streamed_before_it_is_settled(server, client):
    server.model.texts |= {3: "The patient denies chest pain.", 6: "Shortness of breath."}
    deltas = ""
    async for event in await ask(client, wav(0.3, 0.6), stream=True):
        deltas += getattr(event, "delta", "")
    assert deltas == "The patient denies chest pain shortness of breath."
    assert event.text == deltas


async def test_keywords_and_prompt_are_hints(server, client):
    answer = await ask(client, wav(0.3), keywords=["Xanadu"], response_format="verbose_json")
    assert "Xanadu" in answer.text
    assert answer.hints_used is True
    server.model.takes_phrases = False
    answer = await ask(
        client, wav(0.3), keywords=["Xanadu"], prompt="of hearts", response_format="verbose_json"
    )
    assert answer.text == "The lungs are clear."
    assert answer.hints_used is False


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"language": "de"}, "language_not_supported", "language"),
        ({"temperature": 0.7}, "parameter_invalid", "temperature"),
        ({"model": "nobody"}, "model_not_found", "model"),
        ({"response_format": "diarized_json"}, "parameter_invalid", "response_format"),
        ({"stream": True, "response_format": "srt"}, "stream_not_supported", "stream"),
        ({"known_speaker_names": ["a"]}, "parameter_unknown", "known_speaker_names"),
        ({"timestamp_granularities": ["word"]}, "timestamps_not_supported", "timestamp_granularities"),
        ({"extra_body": {"nonsense": "1"}}, "parameter_unknown", "nonsense"),
        ({"keywords": ["x" * 81]}, "hotwords_invalid", None),
    ],
)
async def test_what_cannot_be_had_is_refused(client, fields, code, param):
    assert await code_of(client, **fields) == (code, param)


async def test_bad_recordings_are_refused_with_a_code(client):
    assert await code_of(client, b"not audio at all") == ("audio_unreadable", None)
    assert await code_of(client, wav()[:44]) == ("audio_empty", None)
    assert await code_of(client, wav(0.3)[:-60_000]) == ("audio_truncated", None)


async def test_a_failing_recogniser_gives_no_half_text(server, client):
    server.model.error = AssistantError("It broke.", code="asr_failed")
    assert await code_of(client) == ("asr_failed", None)
    with pytest.raises(openai.APIError):
        async for _ in await ask(client, stream=True):
            pass
    server.model.error = None
    assert (await ask(client)).text


@pytest.fixture
async def busy(start_server, client_of, monkeypatch):
    """A server with one place, and a request under way in it."""
    server = await start_server(max_transcriptions=1)
    began = asyncio.Event()

    def open_stream(model):
        began.set()
        return LoudnessStream(model)

    monkeypatch.setattr(type(server.model), "open_stream", open_stream)
    server.model.gate.clear()
    async with client_of(server) as client:
        first = asyncio.create_task(ask(client))
        await began.wait()
        yield server, client, first
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_more_recordings_than_allowed_at_once_are_refused_and_may_come_again(busy):
    server, client, first = busy
    with pytest.raises(openai.RateLimitError) as refused:
        await ask(client)
    assert refused.value.code == "too_many_transcriptions"
    assert int(refused.value.response.headers["retry-after"]) > 0
    server.model.gate.set()
    assert (await first).text
    assert (await ask(client)).text


async def test_a_client_that_hangs_up_frees_its_place(busy):
    server, client, first = busy
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    server.model.gate.set()
    assert (await ask(client.with_options(max_retries=5))).text


async def test_the_size_is_limited(start_server, client_of):
    server = await start_server(upload_gb=0.0001)
    async with client_of(server) as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await ask(client)
    assert (refused.value.status_code, refused.value.code) == (413, "body_too_large")


@pytest.mark.parametrize("fields", [[("prompt", 9)], [(f"keywords[{i}]", 1) for i in range(9)]])
async def test_the_fields_beside_the_file_are_limited_together(server, fields):
    url, mb = f"{server.http}/v1/audio/transcriptions", 2**20
    async with httpx.AsyncClient(timeout=60) as http:
        data = {name: "x" * (size * mb) for name, size in fields}
        answer = await http.post(url, data=data, files={"file": ("a.wav", wav(0.3))})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "request_invalid")
        assert "8 MB" in answer.json()["error"]["message"]
        answer = await http.post(url, data={"prompt": "x " * 15_000}, files={"file": ("a.wav", wav(0.3))})
        assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (
            "hint_too_long",
            "prompt",
        )


async def test_googles_medasr_schema(server):
    url = f"{server.http}/v1/audio/transcriptions"
    async with httpx.AsyncClient() as http:
        answer = await http.post(url, json={"file": base64.b64encode(wav(0.3, rate=16_000)).decode()})
        assert answer.json()["text"] == "The lungs are clear."
        for body, code in (
            ({"file": "no base64!"}, "audio_not_base64"),
            ({}, "parameter_invalid"),
            ("[]", "parameter_invalid"),
        ):
            refused = await http.post(url, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)
        plain = await http.post(url, content=b"x", headers={"content-type": "text/plain"})
        assert plain.json()["error"]["code"] == "content_type_unsupported"
        broken = await http.post(url, content=b"{", headers={"content-type": "application/json"})
        assert broken.json()["error"]["code"] == "json_invalid"


@pytest.mark.models
async def test_real_speech_is_written_as_live_and_the_same_each_time(start_server, client_of, data_dir):
    server = await start_server(real=True)
    file = data_dir / "audio" / "question.flac"
    async with client_of(server) as client:
        answers = [
            await client.audio.transcriptions.create(
                file=file,
                model="whisper-1",
                response_format="verbose_json",
                timestamp_granularities=["word", "segment"],
            )
            for _ in range(2)
        ]
    assert answers[0].text == answers[1].text
    assert answers[0].text.lower().startswith("is there a ")
    assert "on this image" in answers[0].text
    ends = [word.end for word in answers[0].words]
    assert ends == sorted(ends)
    assert ends[-1] <= len(read_audio(file)) / 16_000 + 0.2


async def test_unknown_paths_and_methods_are_refused_in_json(server):
    async with httpx.AsyncClient() as http:
        for method, path, status in (
            ("POST", "/v1/audio/speech", 404),
            ("POST", "/v1/responses", 404),
            ("GET", "/v1/nothing", 404),
            ("PUT", "/v1/models", 405),
            ("GET", "/v1/audio/transcriptions", 405),
        ):
            answer = await http.request(method, f"{server.http}{path}")
            assert answer.status_code == status
            assert set(json.loads(answer.text)["error"]) == {"message", "type", "param", "code"}
