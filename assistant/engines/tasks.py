"""What a question wants beside words, and how MedGemma is asked for it. Pure."""

import re
from typing import Literal, assert_never

Task = Literal["answer", "locate", "compare", "labs"]

_LOCATE = re.compile(
    r"\b(?:where(?:'s| is| are)|locate|locali[sz]e|outline|bounding box(?:es)?|point (?:to|out)"
    r"|(?:draw|put|mark) (?:a |the )?(?:box|boxes|outline)|(?:show|mark) (?:me )?(?:where|the location))\b",
    re.I,
)
_COMPARE = re.compile(
    r"\b(?:compar\w+|chang(?:e|es|ed)|interval|improv\w+|worse\w*|progress\w*|stable"
    r"|(?:prior|previous|earlier|old)\b.{0,40}\b(?:now|new|current|today)|versus|vs)\b",
    re.I,
)
_LABS = re.compile(
    r"\b(?:lab(?:oratory)?s?|blood|test)\b.{0,40}\b(?:table|report|results?|values?)\b"
    r"|\btable\b.{0,40}\b(?:labs?|results?|values?)\b",
    re.I,
)
_READ = re.compile(r"\b(?:table|tabulate|extract|read|list|transcribe|structure)\b", re.I)

LOCATE = (
    'Give places as boxes: {"box_2d": [y0, x0, y1, x1], "label": "…"}, where (y0, x0) is the upper left and '
    "(y1, x1) the lower right corner, each from 0 to 1000 over the height and the width of the image. Left "
    "means the patient's left, which is on the right side of a frontal image. Don't give a final answer "
    'without reasoning. End with "Final Answer:" and a ```json list of the boxes; an empty list if there is '
    "nothing to show."
)
COMPARE = (
    "The images are in the order of time: the first is the prior study, the last the current one. Provide a "
    "comparison of these images and include details from the images which students should take note of when "
    "reading longitudinal CXR. Then, for each of consolidation, edema, pleural effusion, pneumonia and "
    'pneumothorax that is present in one of them, write a line such as "Pleural effusion: stable", with '
    "improved, stable or worsened."
)
LABS = (
    "Write down every result of this lab report, exactly as it is printed, as a ```json list of objects with "
    'the keys "name", "result", "unit", "reference", "flag", "specimen", "method" and "collected" (the time '
    'of sample collection). Use "" for what is not printed. Work nothing out, and leave nothing out.'
)


def task_of(question: str, images: int) -> Task:
    """By its words, and by how many images go with it."""
    if images and _LABS.search(question) and _READ.search(question):
        return "labs"
    if images == 1 and _LOCATE.search(question):
        return "locate"
    if images == 2 and _COMPARE.search(question):
        return "compare"
    return "answer"


def instruction(task: Task) -> str:
    """What stands behind the question; empty for a plain one."""
    match task:
        case "answer":
            return ""
        case "locate":
            return LOCATE
        case "compare":
            return COMPARE
        case "labs":
            return LABS
        case _:
            assert_never(task)


def answer_tokens(task: Task, longest: int) -> int:
    """Room for an answer of this kind: ``longest``, or more where one that is cut off is of no use."""
    return max(longest, {"answer": 0, "locate": 1000, "compare": 1000, "labs": 4000}[task])
