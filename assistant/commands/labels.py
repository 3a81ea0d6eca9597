"""``assistant labels``: scores labels for an image with MedSigLIP."""

import argparse
import asyncio
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.files import read_images
from assistant.commands.settings import add_some_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.errors import BadInput
from assistant.session.image_matching import middle, model_image
from assistant.siglip.embedder import Embedder
from assistant.siglip.labels import in_words, judged, scored

if TYPE_CHECKING:
    from assistant.imaging.study import Study

DEFAULT_MODEL = "google/medsiglip-448"


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "labels",
        help="score labels for an image with MedSigLIP",
        description="For each image: what kind it looks like, and for each label its share among the labels "
        "and its probability by itself. For a series or a slide the image in the middle is used. The results "
        "are unverified.",
    )
    parser.add_argument("paths", metavar="IMAGE", nargs="+", help="file, folder or zip")
    parser.add_argument(
        "--label", metavar="TEXT", action="append", default=[], help="e.g. “a chest X-ray”; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each image")
    add_some_settings(parser, "siglip-model", "siglip-revision", "engine-threads")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    # Takes a second to import.
    from assistant.components.opening import reading_options  # noqa: PLC0415
    from assistant.imaging.study import SourceFile  # noqa: PLC0415

    labels = list(dict.fromkeys(label.strip() for label in args.label))
    if "" in labels:
        raise BadInput("A label is empty.", code="labels_empty")
    settings = settings_from(args)
    embedder = Embedder(
        settings.siglip_model or DEFAULT_MODEL,
        revision=settings.siglip_revision,
        threads=settings.engine_threads,
    )
    with tempfile.TemporaryDirectory() as folder:
        sources = [SourceFile(path, Path(path)) for path in args.paths]
        prepared = read_images(sources, Path(folder), reading_options(settings))
        for problem in prepared.problems:
            note(f"{problem.message} [{problem.code}]")
        studies = [study for study in prepared.studies if study.count]
        if not studies:
            raise BadInput("None of the given files holds a picture.", code="nothing_to_read")
        asyncio.run(_score(embedder, studies, labels, as_json=args.json))
    return 1 if prepared.problems else 0


async def _score(embedder: Embedder, studies: "list[Study]", labels: list[str], *, as_json: bool) -> None:
    await embedder.load()
    try:
        texts = await embedder.texts(labels) if labels else None
        for study in studies:
            image = await embedder.images([model_image(study, middle(study))])
            verdict = judged(embedder.logits(image, embedder.loaded.checks)[0], study.kind)
            words = in_words(verdict, study.kind, embedder.loaded.name)
            scores = scored(labels, embedder.logits(image, texts)[0]) if texts is not None else []
            if as_json:
                found = {"name": study.name, "check": words, "scores": [asdict(score) for score in scores]}
                say(json.dumps(found, ensure_ascii=False))
                continue
            say(f"{study.name}: {words}")
            for score in scores:
                say(f"  {score.share:7.1%}  ({score.match:.1%} by itself)  {score.label}")
    finally:
        await embedder.close()
