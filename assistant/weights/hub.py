"""Files of a Hugging Face repository at a pinned revision."""

import os
import shutil
from pathlib import Path

from assistant.errors import Missing
from assistant.weights.download import Refused, download, hub_headers, hub_url
from assistant.weights.manifest import BundleFile, ModelBundle
from assistant.weights.verification import check, check_git_blob
from assistant.weights.writing import Progress, to_disk

TOKENS_PAGE = "https://huggingface.co/settings/tokens"
SPARE_BYTES = 64 << 20
"""Left free on the disk beside the download."""
SLACK_BYTES = 1 << 20


def from_hugging_face(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    headers = hub_headers()
    wanted = [file for file in bundle.files if not (work / file.path).is_file()]  # only whole ones get there
    _check_room(wanted, work)
    for file in wanted:
        target = work / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        url = hub_url(bundle.source.repository, bundle.source.revision, file.member or file.path)
        part = _part(target)

        def progress(done: int, total: int, name: str = file.path) -> None:
            on_progress(name, done, total)

        try:
            # A wrong file of a known hash is named by its own: a little more than its size may come.
            most = file.size + (SLACK_BYTES if file.sha256 else 0)
            download(url, part, headers, progress, most_bytes=most)
        except Refused as refused:
            raise _refusal(bundle, refused, with_token=bool(headers)) from None
        with part.open("rb") as written:
            to_disk(written)
        if file.sha256:
            check(part, file)
        elif file.git_blob:
            check_git_blob(part, file)
        os.replace(part, target)


def _part(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _check_room(wanted: list[BundleFile], work: Path) -> None:
    """Raises ``Missing`` (``disk_full``) before a download that cannot end well."""
    here = sum(part.stat().st_size for file in wanted if (part := _part(work / file.path)).is_file())
    needed = sum(file.size for file in wanted) - here + SPARE_BYTES
    free = shutil.disk_usage(work).free
    if wanted and needed > free:
        raise Missing(
            f"{work.parent} has {free / 1e9:.1f} GB free; the download needs {needed / 1e9:.1f} GB. "
            "Make room, or name another folder: --models-dir.",
            code="disk_full",
        )


def _refusal(bundle: ModelBundle, refused: Refused, *, with_token: bool) -> Missing:
    """The advice, by the hub's answer: 401 for no or a wrong token, 403 for an account without access."""
    home, name = bundle.source.home, bundle.name
    if refused.reason == "RepoNotFound":
        todo = f"The hub shows this account no such repository: see {home}, set HF_TOKEN to one that may"
    elif refused.status == 401 and with_token:
        todo = f"The hub refuses your HF_TOKEN. Make one at {TOKENS_PAGE} (kind: read), set HF_TOKEN to it"
    elif refused.status == 401:
        todo = (
            f"Accept its licence at {home} with an account of the hub, make a token at {TOKENS_PAGE} "
            "(kind: read), set HF_TOKEN to it"
        )
    else:
        todo = (
            f"Your HF_TOKEN is known, but its account may not do this. Accept the licence at {home} with "
            f"the same account; if you have, give the token access to gated repositories at {TOKENS_PAGE}"
        )
    return Missing(f"{name} is gated. {todo}, and pull again.", code="model_gated")
