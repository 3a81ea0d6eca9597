"""Writes docs/licences.md: of packages in scripts/locks/run.txt, what their wheels bundle, and the models.

Reads the packages that are installed in .venv."""

import importlib.metadata
import re
import sys
from pathlib import Path

from packaging.requirements import Requirement

from assistant import weights

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/licences.md"

COPYLEFT = {
    "asound": "LGPL-2.1-or-later",
    "avcodec": "LGPL-3.0-or-later",
    "avdevice": "LGPL-3.0-or-later",
    "avfilter": "LGPL-3.0-or-later",
    "avformat": "LGPL-3.0-or-later",
    "avutil": "LGPL-3.0-or-later",
    "gmp": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "gnutls": "LGPL-2.1-or-later",
    "hogweed": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "mp3lame": "LGPL-2.0-or-later",
    "nettle": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "openslide": "LGPL-2.1",
    "quadmath": "LGPL-2.1-or-later",
    "gfortran": "GPL-3.0-or-later with the GCC runtime exception",
    "swresample": "LGPL-3.0-or-later",
    "swscale": "LGPL-3.0-or-later",
    "unistring": "LGPL-3.0-or-later or GPL-2.0-or-later",
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
}
"""Libraries that wheels bundle, named as ``bundled`` names them; from the projects' own pages, FFmpeg's from
what it says of itself (``av._core.library_meta``)."""

PERMISSIVE = frozenset(
    {
        *(
            "SvtAv1Enc",
            "Xau",
            "avif",
            "brotlicommon",
            "brotlidec",
            "crc32c",
            "crypto",
            "dav1d",
            "drm",
            "freetype",
        ),
        *(
            "harfbuzz",
            "jpeg",
            "lcms2",
            "lzma",
            "opencore-amrnb",
            "opencore-amrwb",
            "openjp2",
            "opus",
            "png16",
        ),
        *("scipy_openblas64_", "sharpyuv", "ssl", "tiff", "vpl", "vpx", "webp", "webpdemux", "webpmux"),
        *("xcb", "xcb-shape", "xcb-shm", "xcb-xfixes", "zstd"),
    }
)
"""The others that wheels bundle: under BSD, MIT, Apache-2.0 and the like. One in neither list is an error."""

UNCLEAR = {"dicomweb-client": "MIT", "defusedxml": "PSF-2.0", "pypdfium2": "BSD-3-Clause AND Apache-2.0"}
"""Packages whose metadata names a file, an abbreviation or a phrase; read from the licence files in their
wheels."""

INTRODUCTION = """# Licences

Made by `.venv/bin/python scripts/licences.py` from the packages' own metadata; an error there is an error
here. This program is under the Apache License 2.0. The packages below are installed beside it; it does not
contain them.

**PyAV** (`av`, which aiortc needs) is BSD, but its wheels bundle an FFmpeg (LGPL, version 3 or later) that
is linked with x264 and x265 (GPL, version 2 or later). Together they are under the GPL, version 3 or later.
Running the program asks nothing of you. If you hand on an image or an installer that contains the wheel, the
GPL holds for that part (offer its source). Or put another wheel into it: `scripts/av_without_gpl` builds the
same PyAV with an FFmpeg of audio alone, under the LGPL, version 2.1 or later, and libopus. This program calls
nothing else in it.

The extra `[dicom]` (pylibjpeg-libjpeg) is under the GPL, version 3; for that reason it is not installed by
default. The extra `[postgres]` (psycopg) is under the LGPL, version 3.
"""

IN_THE_REPOSITORY = """## In the repository

| what | licence |
|---|---|
| the program, the page, the tests, the models in `models/` | Apache-2.0 ([LICENSE](../LICENSE)) |
| `assistant/data/fonts` (DejaVu) | Bitstream Vera and DejaVu ([LICENSE](../assistant/data/fonts/LICENSE)) |
| `web/vendor/dictation_support.js` | Apache-2.0 ([LICENSE](../web/vendor/dictation_support.LICENSE)) |
| `web/icons.svg` (lucide) | ISC ([LICENSE](../web/vendor/lucide.LICENSE)) |
"""


def locked() -> list[Requirement]:
    lines = (ROOT / "scripts/locks/run.txt").read_text().splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalnum()]


def licence(metadata: importlib.metadata.PackageMetadata) -> str:
    """As the package says it: an SPDX expression, else its own words, else its classifiers."""
    if known := UNCLEAR.get(metadata["Name"].lower()):
        return known
    if expression := metadata.get("License-Expression"):
        return expression
    given = metadata.get("License") or ""
    if given and "\n" not in given and len(given) < 120:
        return given
    said = [each for each in metadata.get_all("Classifier") or () if each.startswith("License ::")]
    return ", ".join(each.rpartition(" :: ")[2] for each in said)


def bundled(distribution: importlib.metadata.Distribution) -> list[str]:
    """Names of the shared libraries that a wheel carries: ``libx264-d6533a8d.so.165`` is ``x264``."""
    paths = [path for path in distribution.files or () if path.parts[0].endswith((".libs", "_bin"))]
    found = (re.match(r"lib(.+?)(?:-[0-9a-f]{8})*\.so", path.name) for path in paths)
    return sorted({each[1] for each in found if each})


def rows() -> tuple[list[str], list[str]]:
    """The table of packages, and what wheels bundle. Exits where a package or its licence is missing."""
    packages, bundles, wrong = [], [], []
    for requirement in locked():
        if requirement.marker and not requirement.marker.evaluate():
            packages.append(f"| {requirement.name} | (only where {requirement.marker}) |")
            continue
        try:
            distribution = importlib.metadata.distribution(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is not installed: run ./scripts/test")
            continue
        if not (terms := licence(distribution.metadata)):
            wrong.append(f"{requirement.name} names no licence: add it to UNCLEAR")
        packages.append(f"| {requirement.name} | {terms} |")
        if names := bundled(distribution):
            unlisted = [name for name in names if name not in COPYLEFT and name not in PERMISSIVE]
            wrong += [
                f"{requirement.name} bundles {name}: add it to COPYLEFT or PERMISSIVE" for name in unlisted
            ]
            said = [f"{name} ({COPYLEFT[name]})" if name in COPYLEFT else name for name in names]
            bundles.append(f"- **{requirement.name}**: {', '.join(said)}")
    if wrong:
        sys.exit("\n".join(wrong))
    return packages, bundles


def main() -> None:
    packages, bundles = rows()
    models = [f"| {each.name} | {each.licence} | {each.source.home} |" for each in weights.list_bundles()]
    PAGE.write_text(
        "\n".join(
            [
                INTRODUCTION,
                IN_THE_REPOSITORY,
                "## Models",
                "",
                "Downloaded when asked for, except what lies in the repository.",
                "",
                "| model | licence | from |",
                "|---|---|---|",
                *models,
                "",
                "## Packages",
                "",
                "| package | licence |",
                "|---|---|",
                *packages,
                "",
                "## Bundled in wheels",
                "",
                "Shared libraries in the wheels for Linux; without a licence here, it is a permissive one.",
                "",
                *bundles,
                "",
            ]
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
