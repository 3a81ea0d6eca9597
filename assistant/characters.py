"""Text whose every character can be written as UTF-8. Pure.

A Python string may hold half of a surrogate pair: JSON and YAML escape it as ``\\ud800``, and a file name
that is not UTF-8 is read with one. Such a string cannot be sent, stored or exported.
"""

import codecs
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")


def is_whole(text: str) -> bool:
    """Whether all of ``text`` can be written as UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def whole(text: str) -> str:
    """``text`` with the halves of a pair joined, and "�" for a half that stands alone."""
    if is_whole(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def storable(value: str) -> str:
    """Text as every database keeps it: PostgreSQL's has no character U+0000."""
    return value.replace("\0", "")


def whole_parts(value: T) -> T:
    """``value`` with every text in it ``whole``: the same object if all are.

    Looks into lists, tuples, mappings and frozen dataclasses.
    """
    return _whole_parts(value)  # type: ignore[no-any-return]


def _whole_parts(value: Any) -> Any:
    match value:
        case str():
            return whole(value)
        case list() | tuple():
            new = [_whole_parts(each) for each in value]
            if all(a is b for a, b in zip(new, value, strict=True)):
                return value
            return type(value)(*new) if hasattr(value, "_fields") else type(value)(new)
        case Mapping():
            pairs = {_whole_parts(key): _whole_parts(each) for key, each in value.items()}
            same = all(a is b and pairs[a] is value[b] for a, b in zip(pairs, value, strict=False))
            return value if same and len(pairs) == len(value) else pairs
        case _ if is_dataclass(value) and not isinstance(value, type):
            old = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
            changed = {name: new for name, each in old.items() if (new := _whole_parts(each)) is not each}
            return replace(value, **changed) if changed else value
        case _:
            return value


class WholeText:
    """Pieces of one text as they come; a character whose halves come in two pieces is joined."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16-le")("replace")

    def push(self, piece: str) -> str:
        return self._decoder.decode(piece.encode("utf-16-le", "surrogatepass"))

    def end(self) -> str:
        """The end of the text: "�" if it ended with half a character, else nothing."""
        return self._decoder.decode(b"", final=True)
