"""Units without a number, as in "is too millimeter" for "is two millimeter": they are marked as doubtful. Pure.

The number would be lost in silence: what stands in its place may be a word that the recogniser is sure of.
"""

import re

from assistant.dictation import numbers
from assistant.dictation.glued_numbers import glued_number
from assistant.dictation.tokens import table
from assistant.dictation.written import Doubt, Mark

_UNIT = (
    r"(?:milli|centi)met(?:er|re)|(?:milli|micro)gram|millilit(?:er|re)|percent|mm|cm|mg|mcg|mL|mmHg|mEq|%"
)
_BARE = re.compile(
    rf"(?<![^\W_])(?P<before>[^\W\d_]+(?:['’][^\W\d_]+)*) (?P<unit>{_UNIT})(?![^\W_]|[-/]|\s+per\b)", re.I
)
_STAND_BEFORE = numbers.WORDS | frozenset(
    table(
        "a an the per each every any this that these those in by of or and few several many some half quarter "
        "third tenth sub no"
    )
)
"""Words that a unit follows without a number ("a percent", "in mg"), or that are one."""


def missing_number_marks(text: str) -> list[Mark]:
    """The units of a written form that follow a word instead of a number, each with that word.

    A word with a number glued in has its number. A unit that begins the text is let be: its number may end
    what was said before. So are plurals ("millimeters"), which are also said without a number.
    """
    return [
        Mark(
            bare.start(),
            bare.end(),
            Doubt("missing_number", f"The number before “{bare['unit']}” may be missing: check “{bare[0]}”."),
        )
        for bare in _BARE.finditer(text)
        if bare["before"].lower() not in _STAND_BEFORE and glued_number(bare["before"]) is None
    ]
