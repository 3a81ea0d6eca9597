"""Changes between two studies, as far as an answer states them explicitly. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

Change = Literal["improved", "stable", "worsened"]
SCORED = ("consolidation", "edema", "pleural effusion", "pneumonia", "pneumothorax")
"""The findings on which MedGemma 1.5 is scored (MS-CXR-T)."""

_LINE = re.compile(
    r"^[\s>*\-•#\d.]*\**\s*(?P<finding>[A-Za-z][A-Za-z ]{2,40}?)\s*\**\s*[:–—-]\s*\**\s*"
    r"(?P<change>improved|stable|unchanged|worsened)\b(?P<rest>.*)$",
    re.I | re.M,
)
_HEDGED = re.compile(r"\b(?:or|and)\b\s*\**(?:improved|stable|unchanged|worsened)\b|/|\?", re.I)


@dataclass(frozen=True, slots=True)
class FindingChange:
    finding: str
    change: Change


def parse_changes(answer: str) -> tuple[FindingChange, ...]:
    """Lines like ``Pleural effusion: worsened``, of the scored findings. A finding that gets two different
    verdicts gets none."""
    verdicts: dict[str, set[str]] = {}
    for line in _LINE.finditer(answer):
        finding = " ".join(line["finding"].lower().replace("oedema", "edema").split())
        finding = {"pulmonary edema": "edema", "effusion": "pleural effusion"}.get(finding, finding)
        if finding in SCORED and not _HEDGED.search(line["rest"]):
            change = line["change"].lower().replace("unchanged", "stable")
            verdicts.setdefault(finding, set()).add(change)
    changes: list[FindingChange] = []
    for finding in SCORED:
        match sorted(verdicts.get(finding, ())):
            case ["improved" | "stable" | "worsened" as change]:
                changes.append(FindingChange(finding, change))
    return tuple(changes)
