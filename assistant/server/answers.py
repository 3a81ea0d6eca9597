"""HTTP routes of one answer, below ``/v1/sessions/ID``: the prompt that produced it, and the lab table read
from it."""

from typing import assert_never

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.engines.base import Sent
from assistant.engines.pieces import ImagePiece, LinkPiece, TextPiece
from assistant.errors import BadInput
from assistant.readings.labs import to_csv, to_fhir
from assistant.server.owner import live
from assistant.server.reports import answered, position

LINK = "(the address of this series in the archive; the model's server fetched it from there itself)"


@answered
async def prompt(request: Request) -> Response:
    """GET everything that the model was given, in order. Images are named by number: ``…/images/0``."""
    parts: list[dict[str, object]] = []
    images = 0
    for piece in _sent(request).parts:
        match piece:
            case ImagePiece(image):
                parts.append({"type": "image", "image": images, "source": piece.source or image.name})
                images += 1
            case TextPiece(text):
                parts.append({"type": "text", "text": text, "source": piece.source})
            case LinkPiece():
                parts.append({"type": "text", "text": LINK, "source": piece.source})
            case _:
                assert_never(piece)
    return JSONResponse({"parts": parts})


@answered
async def prompt_image(request: Request) -> Response:
    """GET one image of the prompt, exactly as the model was given it."""
    images = _sent(request).images
    number = position(request, "number")
    if number >= len(images):
        raise BadInput("There is no such image.", code="image_unknown")
    return Response(images[number].data, media_type=images[number].media_type)


@answered
async def labs(request: Request) -> Response:
    """GET ``?format=csv`` or ``?format=fhir``."""
    report = live(request).conversation.labs(request.path_params["response_id"])
    if report is None:
        raise BadInput("This answer has no lab table.", code="labs_unknown")
    match request.query_params.get("format"):
        case "csv":
            headers = {"Content-Disposition": 'attachment; filename="labs.csv"'}
            return Response(
                to_csv(report).encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers
            )
        case "fhir":
            headers = {"Content-Disposition": 'attachment; filename="labs.fhir.json"'}
            return JSONResponse(to_fhir(report), media_type="application/fhir+json", headers=headers)
        case _:
            raise BadInput("'format' must be csv or fhir.", code="format_unknown")


def _sent(request: Request) -> Sent:
    sent = live(request).conversation.sent(request.path_params["response_id"])
    if sent is None:
        raise BadInput("The prompt of this answer is not kept.", code="prompt_gone")
    return sent


_ANSWER = "/answers/{response_id}"
ROUTES = [
    Route(f"{_ANSWER}/prompt", prompt),
    Route(f"{_ANSWER}/images/{{number}}", prompt_image),
    Route(f"{_ANSWER}/labs", labs),
]
