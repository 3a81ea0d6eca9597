"""Markers in braces and brackets, as MedASR writes them: ``{period}``, ``[FINDINGS]``. Torn ones are mended. Pure.

A recogniser that decodes in windows loses braces: ``{next} line}``, ``{period {next line}``, ``period}``.
"""

import re
from collections.abc import Callable, Collection


def pattern(names: Collection[str]) -> re.Pattern[str]:
    """Any of ``names`` with a brace on at least one side, or in between."""
    each = "|".join(
        re.escape(name).replace(r"\ ", r"[\s{}|-]+") for name in sorted(names, key=len, reverse=True)
    )
    inner = "|".join(
        re.escape(name).replace(r"\ ", r"\s*[{}][\s{}]*", 1)
        for name in sorted(names, key=len, reverse=True)
        if " " in name
    )
    return re.compile(rf"\{{+\s*(?:{each})\s*(?![a-z])\}}*|\b(?:{each})\s*\}}+|\b(?:{inner})(?![a-z])", re.I)


def name(marker: str) -> str:
    """``{next} line}`` → "next line"."""
    return " ".join(re.sub(r"[{}|-]", " ", marker).lower().split())


def known_in(text: str, known: re.Pattern[str], change: Callable[[re.Match[str]], str]) -> str:
    return known.sub(change, text)


_DECIMAL = pattern(("decimal point", "decimal", "point", "dot"))


def decimals(text: str) -> str:
    """``2 {decimal} 5`` as 2.5, and between number words as "point"."""
    text = _DECIMAL.sub(" point ", text)
    return re.sub(r"(?<=\d) +point +(?=\d)", ".", text)


def tags(text: str, sections: Collection[str]) -> str:
    """Torn section tags (``[FINDINGS``, ``FINDINGS]``) as ``[FINDINGS]``, and every colon as ``{colon}``."""
    each = "|".join(re.escape(title.upper()) for title in sorted(sections, key=len, reverse=True))
    text = re.sub(
        rf"\[\s*({each})\s*\]?(?![A-Za-z])|(?<![A-Za-z\[])({each})\s*\]", lambda m: f"[{m[1] or m[2]}]", text
    )
    return re.sub(r"\{+\s*colon\s*\}*|\bcolon\s*\}+", "{colon}", text, flags=re.I)
