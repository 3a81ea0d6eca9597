"""``/openapi.json`` says what the server does: schemathesis makes up right and wrong requests from it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from assistant.asr.shared import SharedRecogniser
from assistant.components.components import Components
from assistant.config import Settings
from assistant.engines.scripted import ScriptedEngine
from assistant.server.app import create_app
from assistant.server.rest.description import description
from assistant.vad.endpoint import EndpointSettings
from tests.server.conftest import LoudnessModel, LoudnessVad

APP = create_app(
    Settings(engine="openai"),
    Components(
        recogniser=SharedRecogniser(LoudnessModel()),
        open_vad=LoudnessVad,
        engine=ScriptedEngine(),
        endpoint=EndpointSettings(),
    ),
)
schema = schemathesis.openapi.from_asgi("/openapi.json", APP, headers={"host": "localhost"})


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_made_up_requests_get_what_is_described(case):
    case.call_and_validate(
        headers={"host": "localhost"},
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            negative_data_rejection,
        ],
    )


@pytest.mark.parametrize("path", description()["paths"])
def test_every_described_path_is_a_route(path):
    paths = {route.path.replace(":path", "") for route in APP.routes if isinstance(route, Route)}
    assert path in paths
