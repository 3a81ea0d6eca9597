"""Left and right in two texts that should agree. Pure.

A side belongs to the part of the body behind it ("right upper lobe") and to what was found in its sentence,
if the sentence names one side only ("small right effusion"). What is denied ("no left effusion") is not
found. Two texts disagree about a thing when one gives it a side that the other, which has it too, never does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LEFT, RIGHT = "left", "right"
BOTH = frozenset({LEFT, RIGHT})

PARTS = (
    "upper lobe|middle lobe|lower lobe|lung base|lung apex|lung|apex|hilum|pleura|hemithorax|breast|axilla|"
    "kidney|ureter|renal pelvis|adrenal gland|adrenal|ovary|adnexa|testicle|testis|inguinal canal|groin|"
    "hepatic lobe|frontal lobe|parietal lobe|temporal lobe|occipital lobe|cerebellum|hemisphere|"
    "lateral ventricle|basal ganglia|thalamus|carotid artery|carotid|vertebral artery|orbit|globe|eye|ear|"
    "mastoid|maxillary sinus|frontal sinus|thyroid lobe|parotid gland|tonsil|neck|shoulder|humerus|elbow|"
    "forearm|radius|ulna|wrist|hand|thumb|finger|clavicle|scapula|rib|hip|femur|thigh|knee|patella|tibia|"
    "fibula|calf|leg|ankle|foot|heel|toe|arm|iliac artery|iliac vein|femoral vein|popliteal vein|"
    "jugular vein|renal artery|renal vein|atrium|ventricle|side|flank|abdomen|lower quadrant|"
    "upper quadrant|neural foramen"
)
FOUND = (
    "nodule|mass|lesion|cyst|effusion|pneumothorax|consolidation|opacity|atelectasis|infiltrate|pneumonia|edema|"
    "fracture|dislocation|tear|stone|calculus|hydronephrosis|hematoma|hemorrhage|infarct|stroke|aneurysm|thrombus|"
    "thrombosis|embolism|stenosis|occlusion|herniation|protrusion|abscess|collection|hernia|lymphadenopathy|"
    "adenopathy|tumor|metastasis|cancer|carcinoma|weakness|pain|swelling|rash|wheeze|crackles|osteoarthritis"
)
_SIDE = re.compile(r"\b(left|right|bilateral(?:ly)?|both)\b(?!-handed)", re.I)
_PLURAL = r"(?:es|s)?"
_PART = re.compile(rf"\b({PARTS}){_PLURAL}\b", re.I)
_FOUND = re.compile(rf"\b({FOUND}){_PLURAL}\b", re.I)
_CLAUSE = re.compile(r"(?:(?!\b(?:otherwise|but)\b)[^.;\n]|\.(?=\d)|\B[ob])+", re.I)
_DENIED = re.compile(
    r"\b(no|without|not|denies|negative for|absence of|resolved|unremarkable|normal|clear)\b", re.I
)
_REACH = 40
"""Characters between a side and its part: "right middle and lower lobes", "left 5th and 6th ribs"."""


@dataclass(frozen=True, slots=True)
class Mention:
    """``[start, end)`` of the side's word."""

    what: str
    sides: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """``side`` stands in ``[start, end)`` of the second text; the first says ``other``."""

    what: str
    side: str
    other: str
    start: int
    end: int


def mentions(text: str) -> Iterator[Mention]:
    """The things with a side in a text, without denials."""
    for clause in _CLAUSE.finditer(text):
        found = list(_SIDE.finditer(clause[0]))
        if not found or _DENIED.search(clause[0]):
            continue
        for side, after in zip(found, [*found[1:], None], strict=True):
            until = after.start() if after else len(clause[0])
            if part := _PART.search(clause[0], side.end(), min(until, side.end() + _REACH)):
                yield _mention(part[1], side, clause.start())
        named = {_sides(side[1]) for side in found}
        if len(named) == 1 or BOTH in named:  # "bilateral effusions, right greater than left"
            whole = next((side for side in found if _sides(side[1]) == BOTH), found[0])
            for thing in _FOUND.finditer(clause[0]):
                yield _mention(thing[1], whole, clause.start())


def _mention(what: str, side: re.Match[str], offset: int) -> Mention:
    return Mention(what.lower(), _sides(side[1]), offset + side.start(), offset + side.end())


def conflicts(first: str, second: str) -> list[Conflict]:
    """Sides of ``second`` that ``first`` contradicts, one for each word that gives a side."""
    known: dict[str, frozenset[str]] = {}
    for mention in mentions(first):
        known[mention.what] = known.get(mention.what, frozenset()) | mention.sides
    found: dict[int, Conflict] = {}
    for mention in mentions(second):
        told = known.get(mention.what)
        if told and not mention.sides <= told:
            (other,) = told
            side = "bilateral" if mention.sides == BOTH else next(iter(mention.sides))
            found.setdefault(mention.start, Conflict(mention.what, side, other, mention.start, mention.end))
    return list(found.values())


def _sides(word: str) -> frozenset[str]:
    word = word.lower()
    return frozenset({word}) if word in BOTH else BOTH
