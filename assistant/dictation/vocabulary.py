"""A clinician's own words: written form and spoken form, one a line. Pure."""

from assistant.errors import BadInput

MOST_WORDS = 200_000
LONGEST_CHARACTERS = 200


def read_words(text: str) -> dict[str, str]:
    """Spoken form → written form.

    A line is ``written form``, a tab and ``spoken form``; without a tab the word is spoken as it is written,
    and the file gives its capitals. A line that begins with ``#`` is a comment; of two lines with one spoken
    form the later counts. Raises ``BadInput`` (``words_invalid``), naming the line and never the word.
    """
    words: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        written, *rest = (part.strip() for part in line.split("\t"))
        spoken = rest[0] if rest else written
        if not written or not spoken or len(rest) > 1 or len(line) > LONGEST_CHARACTERS:
            raise BadInput(
                f"Line {number} is not a written form, a tab and a spoken form.", code="words_invalid"
            )
        words[" ".join(spoken.lower().split())] = written
        if len(words) > MOST_WORDS:
            raise BadInput(f"More than {MOST_WORDS} words.", code="words_invalid")
    return words
