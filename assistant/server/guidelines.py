"""Guideline passages in context: the surrounding text or the PDF page, with the passage marked."""

import asyncio
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from assistant.components.components import Components
from assistant.errors import AssistantError, BadInput
from assistant.guidelines.library import Library
from assistant.guidelines.passages import Passage

AROUND_CHARS = 50_000
"""Text shown before and after the passage; a longer file is cut, and says so."""
KEPT_PRIVATE = {"Cache-Control": "private, no-store"}


def routes(components: Components) -> list[Route]:
    """These routes pass through the gate like all others. Without a guideline folder they return 404."""

    async def show(request: Request) -> Response:
        try:
            library, passage = _passage(components.guidelines, request)
            html = _pdf_page(passage) if passage.page else await asyncio.to_thread(_text, library, passage)
        except AssistantError as error:
            return HTMLResponse(_document("Not found", f"<p>{escape(error.message)}</p>"), 404, KEPT_PRIVATE)
        return HTMLResponse(html, headers=KEPT_PRIVATE)

    async def picture(request: Request) -> Response:
        try:
            library, passage = _passage(components.guidelines, request)
            if passage.page is None:
                raise BadInput("This guideline is text.", code="guideline_not_readable")
            png = await asyncio.to_thread(library.picture, passage)
        except AssistantError as error:
            return JSONResponse({"error": {"code": error.code, "message": error.message}}, 404)
        return Response(png, media_type="image/png", headers=KEPT_PRIVATE)

    return [
        Route("/v1/guidelines/{passage_id}", show),
        Route("/v1/guidelines/{passage_id}/page.png", picture),
    ]


def _passage(library: Library | None, request: Request) -> tuple[Library, Passage]:
    passage = library.passage(request.path_params["passage_id"]) if library else None
    if library is None or passage is None:
        raise BadInput(
            "This passage no longer exists: its file was changed or removed. Ask again.",
            code="passage_unknown",
        )
    return library, passage


def _pdf_page(passage: Passage) -> str:
    source = f"/v1/guidelines/{escape(passage.id)}/page.png"
    alt = escape(f"Page {passage.page} of {passage.file}, the passage marked")
    return _document(
        passage.file,
        f'<p class="place">{escape(passage.place)}</p><img src="{source}" alt="{alt}">'
        f"<h2>The passage as text</h2><p><mark>{escape(' '.join(passage.text.split()))}</mark></p>",
    )


def _text(library: Library, passage: Passage) -> str:
    text = library.document(passage).pages[0].text
    start, end = max(0, passage.start - AROUND_CHARS), min(len(text), passage.end + AROUND_CHARS)
    before, after = text[start : passage.start], text[passage.end : end]
    cut_before = "<p>[The file begins earlier.]</p>" if start else ""
    cut_after = "<p>[The file goes on.]</p>" if end < len(text) else ""
    return _document(
        passage.file,
        f'<p class="place">{escape(passage.place)}. <a href="#passage">Go to the passage</a></p>{cut_before}'
        f'<div class="text">{escape(before)}<mark id="passage" tabindex="-1">{escape(passage.text)}</mark>'
        f"{escape(after)}</div>{cut_after}",
    )


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>'
        '<link rel="icon" href="/favicon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/guideline.css">'
        f"</head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
