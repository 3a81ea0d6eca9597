"""Attacks on what a session keeps: utterances, places of lost sound, odd text, its database."""

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import docx
import httpx
import pypdfium2

from assistant import events as ev
from assistant.client import AssistantClient
from assistant.errors import BadInput
from assistant.export.formats import FORMATS
from assistant.storage.database import FILE
from assistant.storage.store import Store
from benches.attacks.connections import figures_of
from benches.attacks.dictating import PATIENCE_S, Dictation
from benches.attacks.killing import TONE
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import ROOT, ServerProcess, started
from benches.attacks.storing import stored_finals
from benches.attacks.tones import RATE, SILENCE_S, SPOKEN_S

sys.path.insert(0, str(ROOT))

from tests.imaging.bad_files import png

UTTERANCES = 500
MARK = re.compile(r"tone 1\b.*\[\d+\.\d s not heard\].*tone 2\b", re.DOTALL)
LOST_S = SPOKEN_S + SILENCE_S
NAMES = (b"caf\xe9.png", b"\xff\xfe.png", b"\xed\xa0\x80.png")
CHANGES = {
    "an answer changed": "UPDATE events SET json = replace(json, 'no script', 'a script')"
    " WHERE seq = (SELECT max(seq) FROM events WHERE type = 'response.output_text.done')",
    "an event deleted": "DELETE FROM events WHERE seq = 3",
    "an event forged": "INSERT INTO events SELECT session_id, seq + 1000, type, json FROM events"
    " WHERE type = 'conversation.item.input_audio_transcription.completed' LIMIT 1",
    "a session's start changed": "UPDATE sessions SET started_at = '2020-01-01T00:00:00+00:00'",
}


async def requested(dictation: Dictation, server: ServerProcess, method: str, path: str, **options: Any):
    """The answer to a request at a route of the session, with its own token."""
    session = dictation.client.session
    assert session
    headers = {"X-Session-Token": session.resume_token}
    async with httpx.AsyncClient(trust_env=False, timeout=120, headers=headers) as http:
        return await http.request(method, f"{server.http}/v1/sessions/{session.id}{path}", **options)


async def exported(dictation: Dictation, server: ServerProcess, name: str) -> bytes:
    answer = await requested(dictation, server, "GET", f"/export?format={name}")
    if answer.status_code != 200:
        raise Broken(f"{name} was not exported: {answer.status_code}")
    return answer.content


def cut(dictation: Dictation) -> None:
    socket = dictation.client._socket
    assert socket is not None
    socket.transport.abort()


def times_connected(dictation: Dictation) -> int:
    return sum(isinstance(event, ev.SessionCreated) for event in dictation.events)


async def long_session(short: bool, folder: Path) -> Figures:
    """Hundreds of utterances; a new client gets all of them, and JSON and subtitles hold each once."""
    async with started(folder, store=folder / "kept") as server, Dictation(server.url) as dictation:
        await dictation.say(UTTERANCES, speed=0)
        await dictation.until_all_heard(600)
        figures = await figures_of(dictation, server)
        shown = list((await _finals_of_a_new_client(dictation)).values())
        texts = [shown]
        report = json.loads(await exported(dictation, server, "json"))
        texts.append([f"The finding is {tone}." for tone in TONE.findall(_text(report))])
        for name in ("srt", "vtt"):
            cues = " ".join((await exported(dictation, server, name)).decode().split())
            texts.append([f"The finding is {tone}." for tone in TONE.findall(cues)])
        print(f"  resumed, JSON, SRT, VTT: {', '.join(str(len(each)) for each in texts)} finals", flush=True)
        return replace(
            figures,
            finals_lost=figures.finals_lost + sum(dictation.finals_lost(each) for each in texts),
            finals_doubled=figures.finals_doubled + sum(dictation.finals_doubled(each) for each in texts),
            memory_mb=server.memory_mb(),
        )


def _text(report: dict[str, Any]) -> str:
    return " ".join(section["text"] for section in report["sections"])


async def _finals_of_a_new_client(dictation: Dictation) -> dict[str, str]:
    assert dictation.client.session
    found: dict[str, str] = {}
    other = AssistantClient(dictation.url, resume=dictation.client.session.resume_token)
    with contextlib.suppress(TimeoutError):
        async with other, asyncio.timeout(PATIENCE_S):
            async for event in other:
                if isinstance(event, ev.TranscriptCompleted):
                    found[event.item_id] = event.transcript
                if len(found) >= len(dictation.said) and event.seq == dictation.events[-1].seq:
                    break
    return found


async def lost_in_a_drop(short: bool, folder: Path) -> Figures:
    """Two seconds with an utterance are lost while the socket is cut: every export has the mark there."""
    async with started(folder, store=folder / "kept") as server, Dictation(server.url) as dictation:
        await dictation.say(2)
        await dictation.until_all_heard()
        cut(dictation)
        dictation.client._kept.clear()  # as a client that can keep no more
        dictation.client._next_sample += int(LOST_S * RATE)
        await dictation.say(2)
        await dictation.until_all_heard()
        marked = [name for name in FORMATS if MARK.search(await _read(dictation, server, name))]
        figures = await figures_of(dictation, server)
        assert figures.lost_s is not None
        figures = replace(figures, spoken_s=dictation.spoken_s + SPOKEN_S, lost_s=figures.lost_s + SPOKEN_S)
        print(f"  the mark is in {len(marked)} of {len(FORMATS)} formats of export", flush=True)
        if missing := sorted(set(FORMATS) - set(marked)):
            raise Broken(f"no mark in {', '.join(missing)}", figures)
        return figures


async def _read(dictation: Dictation, server: ServerProcess, name: str) -> str:
    """The words of an export, as a reader of the file sees them."""
    made = await exported(dictation, server, name)
    match name:
        case "docx":
            text = " ".join(paragraph.text for paragraph in docx.Document(io.BytesIO(made)).paragraphs)
        case "pdf":
            with pypdfium2.PdfDocument(made) as document:
                text = " ".join(page.get_textpage().get_text_range() for page in document)
        case "fhir":
            text = base64.b64decode(json.loads(made)["presentedForm"][0]["data"]).decode()
        case "fhir-document":
            text = base64.b64decode(json.loads(made)["content"][0]["attachment"]["data"]).decode()
        case "json":
            text = _text(json.loads(made))
        case "md":
            text = made.decode().replace("\\", "")  # "\\[" is read as "["
        case _:
            text = made.decode()
    return " ".join(text.split())


async def text_that_cannot_be_sent(short: bool, folder: Path) -> Figures:
    """Half characters and bytes that are no text come from the engine, a template and names of files. The
    session is resumed after each, and hears what is said afterwards."""
    templates = folder / "templates"
    templates.mkdir()
    (templates / "half.yaml").write_text('name: "Chest \\ud800"\nsections: [{title: "\\ud800", text: ""}]\n')
    (templates / os.fsdecode(b"caf\xe9.yaml")).write_text("name: Named in bytes\nsections: [{title: A}]\n")
    async with (
        started(folder, store=folder / "kept", templates=templates, log_level="error") as server,
        Dictation(server.url) as dictation,
    ):
        connected = 1
        answer = "".join([piece async for piece in dictation.client.ask("Say broken text")])
        connected += await _dropped(dictation)
        statuses = []
        for name in NAMES:
            path = f"/attachments?name={quote(name)}"
            statuses.append((await requested(dictation, server, "POST", path, content=png())).status_code)
            connected += await _dropped(dictation)
        for name in FORMATS:
            await exported(dictation, server, name)
        figures = await figures_of(dictation, server)
        print(f"  answered “{answer}”; uploads got {statuses}; connected {connected} times", flush=True)
        library = [each for each in dictation.events if isinstance(each, ev.LibraryRead)][-1]
        named = len([each for each in library.templates if "\ufffd" in each or each == "Named in bytes"])
        print(f"  templates listed: {named}; told as not readable: {len(library.problems)}", flush=True)
        if named + len(library.problems) < 2:
            raise Broken("a template disappeared", figures)
        if any(status >= 500 for status in statuses):
            raise Broken("an upload failed", figures)
        if times_connected(dictation) != connected:
            raise Broken(f"connected {times_connected(dictation)} times instead of {connected}", figures)
        return figures


async def _dropped(dictation: Dictation) -> int:
    """One drop, and an utterance afterwards."""
    cut(dictation)
    await dictation.say()
    await dictation.until_all_heard()
    return 1


async def changed_in_the_database(short: bool, folder: Path) -> Figures:
    """Each change is made in a copy of the store of its own; the audit must find it, and name the row."""
    store = folder / "kept"
    async with started(folder, store=store) as server, Dictation(server.url) as dictation:
        await dictation.say(3)
        await dictation.until_all_heard()
        _ = [piece async for piece in dictation.client.ask("What is a pneumothorax?")]
        finals = stored_finals(store, dictation)
        figures = await figures_of(dictation, server)
    figures = replace(figures, finals_lost=dictation.finals_lost(finals))
    if said := _audit(store):
        raise Broken(f"the store that nobody changed: {said}", figures)
    assert dictation.client.session
    session = dictation.client.session.id
    found = 0
    for number, (change, query) in enumerate(CHANGES.items()):
        copy = folder / f"changed-{number}"
        shutil.copytree(store, copy)
        _change(copy, query)
        said = _audit(copy)
        found += session in said
        print(f"  {change}: {said or 'not found'}", flush=True)
    print(f"  found {found} of {len(CHANGES)}", flush=True)
    if found < len(CHANGES):
        raise Broken(f"found {found} of {len(CHANGES)}", figures)
    return figures


def _change(store: Path, query: str) -> None:
    """As somebody does who may write the file: what forbids it is dropped first."""
    with contextlib.closing(sqlite3.connect(store / FILE)) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        if db.execute(query).rowcount != 1:
            raise Broken(f"the attack changed nothing: {query}")


def _audit(store: Path) -> str:
    """The words of the audit; "" where it finds nothing."""
    try:
        with contextlib.closing(Store(store, create=False)) as reader:
            reader.verify()
    except BadInput as error:
        return error.message
    return ""


ROWS = (
    Row("500 utterances in one session", long_session, has_short=False),
    Row("2 s of sound lost in a drop", lost_in_a_drop, has_short=False),
    Row("text that cannot be sent, from engine, template, names", text_that_cannot_be_sent, has_short=False),
    Row("the database changed by hand, four ways", changed_in_the_database, has_short=False),
)
