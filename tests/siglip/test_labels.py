"""The words about an image, and when there are none."""

import numpy as np
import pytest

from assistant.siglip.labels import FAULTS, KINDS, NOT_MEDICAL, TEXTS, in_words, judged, shares


def logits(kind=None, faults=(), by=5.0):
    """Even for all texts, but for one kind and some faults."""
    values = np.full(len(TEXTS), -9.0, np.float32)
    if kind:
        values[list(KINDS).index(kind)] += by
    for fault in faults:
        values[len(KINDS) + 2 * list(FAULTS).index(fault)] += by
    return values


def said(file_says="photo", **given):
    return in_words(judged(logits(**given), file_says), file_says, "medsiglip-448")


def test_every_text_is_compared_with_what_excludes_it():
    assert len(TEXTS) == len(KINDS) + 2 * len(FAULTS)
    assert sum(shares(logits("CT slice"))) == pytest.approx(1)


def test_what_is_even_is_unclear_and_has_no_faults():
    assert said() == "Kind of image unclear (by medsiglip-448; unverified)"


def test_kind_and_faults_are_said_when_they_are_sure():
    verdict = judged(logits("chest X-ray", ["blurred", "rotated"]), "xray")
    assert (verdict.kind, verdict.faults, verdict.unlike_file) == (
        "chest X-ray",
        ("blurred", "rotated"),
        False,
    )
    words = said("xray", kind="chest X-ray", faults=["blurred", "rotated"])
    assert words == "Looks like: chest X-ray; perhaps blurred, rotated (by medsiglip-448; unverified)"
    assert said(kind="chest X-ray", by=1.0) == said(), "1 of 10 with a share of 0.23"
    assert said(faults=["too dark"], by=2.0) == said(), "a share of 0.88 is no warning"


def test_what_is_not_what_its_file_says_is_pointed_out():
    assert said("ct", kind="MRI slice").startswith("Looks like: MRI slice, though the file says CT (by")
    assert said("slide", kind=NOT_MEDICAL).startswith("Does not look like a medical image, though the file")
    assert "though" not in said("xray", kind="other X-ray")
    assert "though" not in said("photo", kind=NOT_MEDICAL) + said("pages", kind="CT slice") + said("ct")
