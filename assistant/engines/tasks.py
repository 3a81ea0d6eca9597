"""The kinds of result a question may ask for besides words, and MedGemma's prompts for them. Pure."""

from dataclasses import dataclass
from typing import Literal, assert_never

Task = Literal["answer", "locate", "compare", "labs"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Examinations that are compared, oldest first, each by the ids of its images."""

    exams: tuple[tuple[str, ...], ...]
    since_first: bool = False
    """The last one is compared with the first, instead of with the one before it."""

    @property
    def since(self) -> str:
        if len(self.exams) == 2:
            return "the prior study"
        return "the first study" if self.since_first else "the study before it"

    def labels(self) -> dict[str, str]:
        """The text before the image with this id; none for two images, as in MedGemma's training."""
        count = len(self.exams)
        if count == 2 == sum(map(len, self.exams)):
            return {}
        role = {1: ", the oldest", count: ", the current one"}
        return {ids[0]: f"Study {k} of {count}{role.get(k, '')}:" for k, ids in enumerate(self.exams, 1)}


LOCATE = (
    'Give places as boxes: {"box_2d": [y0, x0, y1, x1], "label": "…"}, where (y0, x0) is the upper left and '
    "(y1, x1) the lower right corner, each from 0 to 1000 over the height and the width of the image. Left "
    "means the patient's left, which is on the right side of a frontal image. Don't give a final answer "
    'without reasoning. End with "Final Answer:" and a ```json list of the boxes; an empty list if there is '
    "nothing to show."
)
COMPARE = (
    "The images are in the order of time{which}. Provide a comparison of these images and include details "
    "from the images which students should take note of when reading longitudinal CXR. Then, if they are "
    "chest X-rays, for each of consolidation, edema, pleural effusion, pneumonia and pneumothorax that is "
    'present in one of them, write a line such as "Pleural effusion: stable", with improved, stable or '
    "worsened{against}."
)
LABS = (
    "Write down every result of this lab report, exactly as it is printed, as a ```json list of objects with "
    'the keys "name", "result", "unit", "reference", "flag", "specimen", "method" and "collected" (the time '
    'of sample collection). Use "" for what is not printed. Work nothing out, and leave nothing out.'
)


def instruction(task: Task, comparison: Comparison | None = None) -> str:
    """The instruction after the question; empty for a plain question."""
    match task:
        case "answer":
            return ""
        case "locate":
            return LOCATE
        case "compare":
            return _compare(comparison)
        case "labs":
            return LABS
        case _:
            assert_never(task)


def _compare(comparison: Comparison | None) -> str:
    if comparison is None or not comparison.labels():
        which = ": the first is the prior study, the last the current one"
        return COMPARE.format(which=which, against="")
    against = f" in the current study, compared with {comparison.since}"
    return COMPARE.format(which=", study by study, the oldest first", against=against)


def answer_tokens(task: Task, longest: int) -> int:
    """Room for an answer of this kind: ``longest``, or more where one that is cut off is of no use."""
    return max(longest, {"answer": 0, "locate": 1000, "compare": 1000, "labs": 4000}[task])
