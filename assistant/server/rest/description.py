"""``/openapi.json``: the routes for other programs, described from the models that check requests."""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant import __version__
from assistant.server.rest.chat import ChatRequest
from assistant.server.rest.transcriptions import TranscriptionRequest

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
REFS = "#/components/schemas/"


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _ref(name: str) -> Schema:
    return {"$ref": f"{REFS}{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


SCHEMAS: dict[str, Schema] = {
    "Error": _object(
        {
            "error": _object(
                {"message": TEXT, "type": TEXT, "param": _or_null(TEXT), "code": TEXT},
            )
        }
    ),
    "Model": _object({"id": TEXT, "object": {"const": "model"}, "created": WHOLE, "owned_by": TEXT}),
    "Models": _object({"object": {"const": "list"}, "data": _list(_ref("Model"))}),
    "Doubt": _object({"start": WHOLE, "end": WHOLE, "reason": TEXT, "message": TEXT}, {"offer": TEXT}),
    "Segment": _object(
        {
            "id": WHOLE,
            "start": NUMBER,
            "end": NUMBER,
            "text": TEXT,
            "heard": TEXT,
            "doubts": _list(_ref("Doubt")),
            "avg_logprob": NUMBER,
            "compression_ratio": NUMBER,
        }
    ),
    "Word": _object(
        {"word": TEXT, "start": NUMBER, "end": NUMBER, "confidence": _or_null(NUMBER)},
        {"alternatives": _list(TEXT)},
    ),
    "Transcription": _object(
        {"text": TEXT, "usage": _object({"type": {"const": "duration"}, "seconds": NUMBER})},
        {"duration": NUMBER, "segments": _list(_ref("Segment")), "words": _list(_ref("Word"))},
    ),
    "Completion": _object(
        {
            "id": TEXT,
            "object": {"const": "chat.completion"},
            "created": WHOLE,
            "model": TEXT,
            "choices": _list(
                _object(
                    {
                        "index": WHOLE,
                        "finish_reason": {"enum": ["stop", "length"]},
                        "message": _object({"role": {"const": "assistant"}, "content": TEXT}),
                    }
                )
            ),
            "usage": _or_null(
                _object({"prompt_tokens": WHOLE, "completion_tokens": WHOLE, "total_tokens": WHOLE})
            ),
        }
    ),
}


def description() -> Schema:
    """The whole document, OpenAPI 3.1."""
    transcription, chat = _model(TranscriptionRequest), _model(ChatRequest)
    schemas = {**SCHEMAS, **transcription.pop("$defs", {}), **chat.pop("$defs", {})}
    recording = {"type": "string", "description": "Base64 of the recording."}
    by_json, by_form = _with_file(transcription, recording), _with_file(transcription, {"type": "string"})
    by_form["properties"]["file"] = {
        "type": "string",
        "format": "binary",
        "description": "Any sound file that FFmpeg reads; up to four hours, and as large as --upload-gb.",
    }
    schemas |= {"TranscriptionJson": by_json, "TranscriptionForm": by_form, "Chat": chat}
    recognised = {
        "application/json": {"schema": _ref("Transcription")},
        "text/plain": {"schema": TEXT},
        "text/vtt": {"schema": TEXT},
        "text/event-stream": {},
    }
    completed = {"application/json": {"schema": _ref("Completion")}, "text/event-stream": {}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clinical Voice Assistant",
            "version": __version__,
            "description": "The routes that OpenAI's clients use. /v1/realtime is in docs/protocol.md.",
        },
        "paths": {
            "/v1/audio/transcriptions": {
                "post": _operation(
                    "Transcribe a recording",
                    recognised,
                    body={
                        "multipart/form-data": {"schema": _ref("TranscriptionForm")},
                        "application/json": {"schema": _ref("TranscriptionJson")},
                    },
                    errors=(400, 404, 413, 429, 500, 502, 503),
                )
            },
            "/v1/chat/completions": {
                "post": _operation(
                    "Ask the answer engine",
                    completed,
                    body={"application/json": {"schema": _ref("Chat")}},
                    errors=(400, 404, 413, 429, 500, 502, 503, 504),
                )
            },
            "/v1/models": {"get": _operation("List the models", _json("Models"))},
            "/v1/models/{model}": {
                "get": _operation("Describe a model", _json("Model"), errors=(404,))
                | {"parameters": [{"name": "model", "in": "path", "required": True, "schema": TEXT}]}
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _model(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(ref_template=REFS + "{model}")


def _with_file(schema: Schema, file: Schema) -> Schema:
    return {
        **schema,
        "properties": {**schema["properties"], "file": file},
        "required": [*schema.get("required", []), "file"],
    }


def _json(name: str) -> Schema:
    return {"application/json": {"schema": _ref(name)}}


def _operation(
    summary: str, content: Schema, *, body: Schema | None = None, errors: tuple[int, ...] = ()
) -> Schema:
    responses: Schema = {"200": {"description": "Done", "content": content}}
    for status in (*errors, 401, 403, 405):
        responses[str(status)] = {"description": "Refused or failed", "content": _json("Error")}
    asked = {"requestBody": {"required": True, "content": body}} if body else {}
    return {"summary": summary, **asked, "responses": responses}


async def openapi(request: Request) -> Response:
    return JSONResponse(description())


ROUTES = [Route("/openapi.json", openapi)]
