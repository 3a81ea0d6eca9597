"""Words with a number glued in, as in "ICONine" for "I see a nine": they are marked as doubtful. Pure.

The number would be lost in silence: no list of numbers finds it, and a recogniser may be sure of such a word.
"""

from assistant.dictation import numbers
from assistant.dictation.near_misses import WORD, all_terms, known_words
from assistant.dictation.written import Doubt, Mark

_NUMBERS = tuple(sorted(numbers.WORDS, key=len, reverse=True))
_AS_IN_WORDS = frozenset(("one", "nine", "ten", "four"))
"""Words that are in no list, drugs above all, have these at an end too: dapsone, thioguanine, teniposide, Fournier."""


def glued_number(word: str) -> str | None:
    """The number word at an end of ``word``, which is in no list; None if there is none.

    A number that such words have at an end counts only beside a word ("thatone") or with a capital inside.
    """
    plain = word.lower()
    if plain in known_words() or plain in all_terms() or plain in numbers.WORDS:
        return None
    for number in _NUMBERS:
        for rest in {plain.removesuffix(number), plain.removeprefix(number)} - {plain}:
            is_mixed = not word[1:].islower() and not word.isupper()
            if number not in _AS_IN_WORDS or is_mixed or rest in known_words() or rest in numbers.WORDS:
                return number
    return None


def glued_number_marks(text: str, own: frozenset[str]) -> list[Mark]:
    """The words of a written form with a number glued in. ``own``: words, in lower case, that are right."""
    return [
        Mark(
            word.start(),
            word.end(),
            Doubt("glued_number", f"“{word[0]}” may hold the number “{number}”."),
        )
        for word in WORD.finditer(text)
        if word[0].lower() not in own and (number := glued_number(word[0]))
    ]
