"""Every address that the server answers is in the protocol's page."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
PICTURE = "/v1/attachments/{session_id}/{attachment_id}"
NAMES = {"session": "ID", "upload": "UP", "response": "RESPONSE", "passage": "PASSAGE", "model": "NAME"}


def as_written(path):
    path = path.replace(PICTURE, "URL").removeprefix("/v1/guidelines/{passage_id}/") or path
    return re.sub(r"\{(\w+?)(?:_id)?(?::\w+)?\}", lambda match: NAMES.get(match[1], "N"), path)


async def test_every_route_is_documented(server):
    page = PAGE.read_text()
    others = ("/{path:path}", "/v1/{path:path}", "")
    paths = [route.path for route in server.app.routes if route.path not in others]
    assert len(paths) > 20
    assert [path for path in paths if as_written(path) not in page] == []
