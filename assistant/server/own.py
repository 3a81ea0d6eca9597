"""Own words, templates, macros, settings and corrections of users, over HTTP.

``/v1/own`` is for the user who asks. ``/v1/shared`` is what all have, or a group (``?group=NAME``); it is for
administrators.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.characters import whole
from assistant.dictation.dictation import Dictation
from assistant.dictation.library import read_library, spoken_key
from assistant.dictation.own_words import MOST_SOUNDS, own_word
from assistant.errors import BadInput
from assistant.principal import Principal
from assistant.server.auth import address_of
from assistant.server.rest.bodies import json_body
from assistant.server.rest.errors import answered, invalid
from assistant.server.rights import known
from assistant.session.belongings import Belongings, is_text, label, owners_of, text_of
from assistant.storage.things import SHARED, Thing, group_owner
from assistant.storage.users import LONGEST_GROUP

MAX_BODY_BYTES = 200_000
LONGEST_TRIED = 1000
MOST_PAGE_SETTINGS = 40
T = TypeVar("T", bound=BaseModel)
NO_STORE = {"Cache-Control": "no-store"}

Edited = Literal["words", "templates", "macros"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Word(_Body):
    written: str = Field(max_length=200)
    sounds_like: list[str] = Field([], max_length=MOST_SOUNDS)


class Section(_Body):
    title: str = Field(max_length=200)
    text: str = Field("", max_length=50_000)


class Template(_Body):
    name: str = Field(max_length=128)
    sections: list[Section] = Field(max_length=100)


class Macro(_Body):
    name: str = Field(max_length=128)
    text: str = Field(max_length=50_000)
    section: str | None = Field(None, max_length=200)


class OwnSettings(_Body):
    """``page``: as the page keeps them."""

    keep_corrections: bool = False
    page: dict[str, JsonValue] = Field({}, max_length=MOST_PAGE_SETTINGS)


class Tried(_Body):
    heard: str = Field(max_length=LONGEST_TRIED)


BODIES: Mapping[Edited, type[Word] | type[Template] | type[Macro]] = {
    "words": Word,
    "templates": Template,
    "macros": Macro,
}


@dataclass(frozen=True, slots=True)
class _Whose:
    """``owners``: those whose things are there too, in the order in which later ones win, the owner last."""

    owner: str
    owners: tuple[str, ...]


# --- handlers ---


@answered
async def own(request: Request) -> Response:
    """GET all that the user has."""
    person = known(request.scope)
    things, found = _belongings(request).things, []
    for owner in owners_of(person):
        found += [each for each in await things.of(owner) if each.kind not in ("settings", "corrections")]
    settings = await settings_of(_belongings(request), person)
    corrections = sorted(
        (each for each in await things.of(person.id) if each.kind == "corrections"),
        key=lambda each: -each.changed_at,
    )
    return JSONResponse(
        {
            "lasts": things.lasts,
            **_listed(found, person.id),
            "settings": settings.model_dump(),
            "corrections": [{"id": each.id, "at": each.changed_at, **each.body} for each in corrections],
        },
        headers=NO_STORE,
    )


@answered
async def shared(request: Request) -> Response:
    """GET what all have, or a group."""
    whose, things = _shared_by(request), _belongings(request).things
    found = await things.of(whose.owner)
    return JSONResponse({"lasts": things.lasts, **_listed(found, whose.owner)}, headers=NO_STORE)


@answered
async def add_own(request: Request) -> Response:
    """POST a word, a template or a macro."""
    return await _put(request, _own_of(request))


@answered
async def change_own(request: Request) -> Response:
    """PUT a word, a template or a macro in the place of the one with this id."""
    return await _put(request, _own_of(request), request.path_params["thing_id"])


@answered
async def delete_own(request: Request) -> Response:
    """DELETE a word, a template, a macro, or a correction."""
    return await _delete(request, _own_of(request), corrections=True)


@answered
async def delete_corrections(request: Request) -> Response:
    """DELETE the whole list of what was corrected."""
    await _belongings(request).things.delete(known(request.scope).id, "corrections")
    return Response(status_code=204)


@answered
async def add_shared(request: Request) -> Response:
    """POST as ``add_own``, for all or a group."""
    return await _put(request, _shared_by(request))


@answered
async def change_shared(request: Request) -> Response:
    """PUT as ``change_own``, for all or a group."""
    return await _put(request, _shared_by(request), request.path_params["thing_id"])


@answered
async def delete_shared(request: Request) -> Response:
    """DELETE as ``delete_own``, for all or a group."""
    return await _delete(request, _shared_by(request), corrections=False)


@answered
async def set_settings(request: Request) -> Response:
    """PUT the user's settings. Without ``keep_corrections`` the list of what was corrected is deleted."""
    person, things = known(request.scope), _belongings(request).things
    settings = await _asked(request, OwnSettings)
    before = [each.id for each in await things.of(person.id) if each.kind == "settings"]
    await things.put(person.id, "settings", "", settings.model_dump(), before[0] if before else None)
    if not settings.keep_corrections:
        await things.delete(person.id, "corrections")
    return Response(status_code=204)


@answered
async def tried(request: Request) -> Response:
    """POST what a recogniser would hear: how it is written for this user, and what of it is in doubt."""
    heard = (await _asked(request, Tried)).heard
    personal = await _belongings(request).of(known(request.scope))
    dictation = Dictation(personal.formatter, personal.library, in_sections=False)
    dictation.use(personal.formatter, personal.library, personal.own)
    dictation.take("tried", whole(heard))
    doubts = [
        {"start": where.start, "end": where.end, "message": run.doubt.message, "offer": run.doubt.offer}
        for where, run in dictation.document.doubts()
        if run.doubt
    ]
    return JSONResponse({"text": dictation.document.text, "doubts": doubts}, headers=NO_STORE)


ROUTES = [
    Route("/v1/own", own),
    Route("/v1/own/settings", set_settings, methods=["PUT"]),
    Route("/v1/own/try", tried, methods=["POST"]),
    Route("/v1/own/corrections", delete_corrections, methods=["DELETE"]),
    Route("/v1/own/{kind}", add_own, methods=["POST"]),
    Route("/v1/own/{kind}/{thing_id}", change_own, methods=["PUT"]),
    Route("/v1/own/{kind}/{thing_id}", delete_own, methods=["DELETE"]),
    Route("/v1/shared", shared),
    Route("/v1/shared/{kind}", add_shared, methods=["POST"]),
    Route("/v1/shared/{kind}/{thing_id}", change_shared, methods=["PUT"]),
    Route("/v1/shared/{kind}/{thing_id}", delete_shared, methods=["DELETE"]),
]


async def settings_of(belongings: Belongings, person: Principal) -> OwnSettings:
    found = [each for each in await belongings.things.of(person.id) if each.kind == "settings"]
    return OwnSettings.model_validate(found[0].body) if found else OwnSettings()


# --- what they share ---


def _belongings(request: Request) -> Belongings:
    belongings: Belongings = request.app.state.hub.belongings
    return belongings


def _own_of(request: Request) -> _Whose:
    person = known(request.scope)
    return _Whose(person.id, owners_of(person))


def _shared_by(request: Request) -> _Whose:
    """Raises ``BadInput``: ``group_invalid``."""
    group = request.query_params.get("group", "")
    if not group:
        return _Whose(SHARED, (SHARED,))
    if len(group) > LONGEST_GROUP or whole(group) != group:
        raise BadInput("There is no such group.", code="group_invalid")
    return _Whose(group_owner(group), (SHARED, group_owner(group)))


def _kind(request: Request) -> Edited:
    """Raises ``BadInput``: ``kind_unknown``."""
    found = next((each for each in get_args(Edited) if each == request.path_params["kind"]), None)
    if found is None:
        raise BadInput("Only words, templates and macros are kept here.", code="kind_unknown")
    kind: Edited = found
    return kind


async def _asked(request: Request, body: type[T]) -> T:
    try:
        return body.model_validate_json(await json_body(request, MAX_BODY_BYTES))
    except ValidationError as error:
        raise invalid(error) from None


async def _put(request: Request, whose: _Whose, thing_id: str | None = None) -> Response:
    kind = _kind(request)
    asked: Word | Template | Macro = await _asked(request, BODIES[kind])
    body: dict[str, Any]
    match asked:
        case Word():
            word = own_word(asked.written, asked.sounds_like)
            name, body = word.written.casefold(), {"written": word.written, "sounds_like": word.sounds_like}
        case Template() | Macro():
            name, body = spoken_key(asked.name), asked.model_dump(exclude_none=True)
            await _check_text(request, whose, kind, body, thing_id)
    thing = await _belongings(request).things.put(whose.owner, kind, name, body, thing_id)
    await _changed(request, whose, f"{'changed' if thing_id else 'added'}: {kind}", thing.id)
    return JSONResponse({"id": thing.id, **thing.body}, 200 if thing_id else 201)


async def _check_text(
    request: Request, whose: _Whose, kind: Edited, body: Mapping[str, Any], thing_id: str | None
) -> None:
    """Refuse what would be wrong in a file. Raises ``BadInput``: ``template_invalid``, ``macro_invalid``."""
    belongings = _belongings(request)
    others = [each for owner in whose.owners for each in await belongings.things.of(owner) if is_text(each)]
    files = request.app.state.hub.components.personal.current
    texts = {
        label(each.kind, each.body): text_of(each.kind, each.body) for each in others if each.id != thing_id
    }
    code = "macro_invalid" if kind == "macros" else "template_invalid"
    if not spoken_key(body["name"]):
        raise BadInput("The name needs a letter or a number.", code=code)
    mine = label(kind, body)
    library = read_library({**files.texts, **texts, mine: text_of(kind, body)})
    for problem in library.problems:
        if problem.file == mine:
            raise BadInput(problem.message, code=code)


async def _delete(request: Request, whose: _Whose, *, corrections: bool) -> Response:
    given = request.path_params["kind"]
    kind = "corrections" if corrections and given == "corrections" else _kind(request)
    thing_id = request.path_params["thing_id"]
    if not await _belongings(request).things.delete(whose.owner, kind, [thing_id]):
        raise BadInput("There is no such entry any more.", code="thing_unknown")
    await _changed(request, whose, f"deleted: {kind}", thing_id)
    return Response(status_code=204)


async def _changed(request: Request, whose: _Whose, what: str, thing_id: str) -> None:
    """The sessions that this is for use it at once. What is shared is in the access log by itself."""
    accounts = request.app.state.hub.accounts
    if accounts and whose.owner != known(request.scope).id:
        address = address_of(request.scope)
        await accounts.log.did(known(request.scope), f"shared {what}", about=thing_id, address=address)
    for runner in request.app.state.hub.runners():
        if whose.owner in owners_of(runner.person):
            await runner.read_personal()


def _listed(found: Sequence[Thing], owner: str) -> dict[str, list[dict[str, Any]]]:
    """``of``: whose it is; empty for the owner's own."""
    listed: dict[str, list[dict[str, Any]]] = {kind: [] for kind in get_args(Edited)}
    for each in found:
        if each.kind in listed:
            of = "" if each.owner == owner else each.owner
            listed[each.kind].append({"id": each.id, "of": of, **each.body})
    return listed
