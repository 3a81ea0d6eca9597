"""Files of a Hugging Face repository at a pinned revision."""

import os
from pathlib import Path

from assistant.errors import Missing
from assistant.weights.download import Refused, download, hub_headers, hub_url
from assistant.weights.manifest import ModelBundle
from assistant.weights.verification import check
from assistant.weights.writing import Progress, to_disk


def from_hugging_face(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    headers = hub_headers()
    for file in bundle.files:
        target = work / file.path
        if _has_size(target, file.size):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        url = hub_url(bundle.source.repository, bundle.source.revision, file.member or file.path)
        part = target.with_name(target.name + ".part")

        def progress(done: int, total: int, name: str = file.path) -> None:
            on_progress(name, done, total)

        try:
            download(url, part, headers, progress)
        except Refused:
            raise Missing(
                f"{bundle.name} is gated: accept its licence at {bundle.source.home}, then set HF_TOKEN to a "
                "token of that account and pull again.",
                code="model_gated",
            ) from None
        with part.open("rb") as written:
            to_disk(written)
        check(part, file)
        os.replace(part, target)


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
