"""Every address that the server answers is in the protocol's page."""

import re
from pathlib import Path

from assistant.server.owner import MOVED, PREFIX
from tests.server.test_owner import routes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
PICTURE = f"{PREFIX}/attachments/{{attachment_id}}"
NAMES = {"session": "ID", "upload": "UP", "response": "RESPONSE", "passage": "PASSAGE", "model": "NAME"}
NAMES |= {
    "report": "REPORT",
    "order": "ORDER",
    "call": "CALL",
    "kind": "KIND",
    "thing": "THING",
    "user": "USER",
    "key": "KEY",
}


def as_written(path):
    path = path.replace(PICTURE, "URL").removeprefix("/v1/guidelines/{passage_id}/") or path
    return re.sub(r"\{(\w+?)(?:_id)?(?::\w+)?\}", lambda match: NAMES.get(match[1], "N"), path)


async def test_every_route_is_documented(server):
    page = PAGE.read_text()
    others = ("/{path:path}", "/v1/{path:path}", "")
    paths = [path for path, _ in routes(server.app) if path not in others]
    paths = [path for path in paths if not path.startswith(MOVED)]
    assert len(paths) > 20
    assert [path for path in paths if as_written(path) not in page] == []
