"""Words, templates and macros that a user dictates with: the files of the server, and those kept on the page
for all, for the user's groups and for the user."""

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.components.components import Components
from assistant.components.personal import Personal
from assistant.dictation.own_words import OwnWord
from assistant.principal import Principal
from assistant.storage.things import SHARED, Thing, Things, group_owner

MOST_HELD = 500


@dataclass(frozen=True, slots=True)
class _Held:
    files: Personal
    things: tuple[tuple[Thing, ...], ...]
    personal: Personal


class Belongings:
    """For all users of a server."""

    def __init__(self, components: Components, things: Things) -> None:
        self.things = things
        self._components = components
        self._held: dict[tuple[str, ...], _Held] = {}

    async def keep_correction(self, person: Principal, heard: str, written: str) -> None:
        """Note what the person corrected, if they said that it is kept. Raises ``AssistantError``:
        ``database_failed``."""
        settings = [each.body for each in await self.things.of(person.id) if each.kind == "settings"]
        if settings and settings[0]["keep_corrections"]:
            body = {"heard": heard, "written": written}
            await self.things.put(person.id, "corrections", secrets.token_urlsafe(9), body)

    async def of(self, person: Principal) -> Personal:
        """The same object as long as nothing has changed. Raises ``AssistantError`` (``database_failed``),
        ``OSError`` when the system has no file to open."""
        files = await asyncio.to_thread(self._components.personal.refresh)
        owners = owners_of(person)
        things = tuple([await self.things.of(owner) for owner in owners])
        held = self._held.get(owners)
        if held and held.files is files and all(a is b for a, b in zip(held.things, things, strict=True)):
            return held.personal
        personal = await asyncio.to_thread(with_things, files, [each for some in things for each in some])
        self._held.pop(owners, None)
        if len(self._held) >= MOST_HELD:
            self._held.pop(next(iter(self._held)))
        self._held[owners] = _Held(files, things, personal)
        return personal


def owners_of(person: Principal) -> tuple[str, ...]:
    """Those whose things a user has; of one name the later count."""
    return (SHARED, *(group_owner(group) for group in sorted(person.groups)), person.id)


def with_things(files: Personal, things: Sequence[Thing]) -> Personal:
    """Takes up to a second where there are many. Blocks."""
    words = {each.name: _word(each.body) for each in things if each.kind == "words"}
    texts = {label(each.kind, each.body): text_of(each.kind, each.body) for each in things if is_text(each)}
    return files.with_own(tuple(words.values()), texts) if words or texts else files


def is_text(thing: Thing) -> bool:
    return thing.kind in ("templates", "macros")


def label(kind: str, body: Mapping[str, Any]) -> str:
    """The name that a problem is told with."""
    return f"{kind.removesuffix('s')} “{body['name']}”".replace("/", " ")


def text_of(kind: str, body: Mapping[str, Any]) -> str:
    """As the file of a template or macro would have it: JSON is YAML."""
    return json.dumps({"macros": [body]} if kind == "macros" else body, ensure_ascii=False)


def _word(body: Mapping[str, Any]) -> OwnWord:
    return OwnWord(body["written"], tuple(body["sounds_like"]))
