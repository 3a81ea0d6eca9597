"""Manifests: the known ones, and what none may say."""

from pathlib import Path

import pytest

from assistant import weights
from tests.weights.toy import DATA, HUB_SOURCE, Define, Web, code_of, entry, message_of


def test_an_unknown_model_lists_the_known_ones(hub: Web, models: Path) -> None:
    for name in ("nope", "../toy", "", "."):
        assert code_of(lambda name=name: weights.resolve(name, models)) == "model_unknown"
    assert "toy" in message_of(lambda: weights.load_manifest("nope"))


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", ""])
def test_a_manifest_that_leaves_its_folder_is_refused(define: Define, path: str) -> None:
    define(
        HUB_SOURCE,
        [entry(path, DATA)],
    )
    assert code_of(lambda: weights.load_manifest("toy")) == "manifest_invalid"


def test_all_manifests_of_this_repository_are_valid() -> None:
    names = [bundle.name for bundle in weights.list_bundles()]
    assert {"gemma-3-270m", "moonshine-clinical", "moonshine-tiny-en", "silero-vad"} <= set(names)
