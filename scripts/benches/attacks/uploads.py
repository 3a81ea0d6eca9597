"""Attacks by files."""

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

from assistant.client import AssistantClient
from assistant.errors import BadInput
from benches.attacks.connections import figures_of
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import ROOT, started

sys.path.insert(0, str(ROOT))

from tests.imaging.bad_files import PDF_BOMB, pdf_bomb


async def endless_file(short: bool, folder: Path) -> Figures:
    """A PDF that takes for ever to draw. A neighbour attaches a small one, and must not wait for it."""
    bomb, small = folder / "bomb.pdf", folder / "small.pdf"
    bomb.write_bytes(PDF_BOMB)
    small.write_bytes(pdf_bomb(depth=1))
    async with (
        started(folder, file_s=20 if short else 45) as server,
        Dictation(server.url) as dictation,
        AssistantClient(server.url) as neighbour,
    ):
        bombing = asyncio.create_task(dictation.client.attach(bomb))
        await asyncio.sleep(1)
        begun = time.monotonic()
        await neighbour.attach(small)
        waited_s = time.monotonic() - begun
        if bombing.done():
            raise Broken("the neighbour waited for the file that hangs")
        await dictation.say(3)
        await dictation.until_all_heard()
        figures = await figures_of(dictation, server)
        try:
            await bombing
            raise Broken("the file that hangs was attached", figures)
        except BadInput as error:
            if error.code not in ("reading_too_slow", "reader_died"):
                raise Broken(f"the file that hangs got {error.code}", figures) from None
        return replace(figures, told_s=waited_s)


ROWS = (Row("a file that takes for ever (told: the neighbour's was attached)", endless_file),)
