"""A note in a record, in whichever form it was kept → its words. Pure."""

import base64
import binascii
import contextlib
import re
from typing import Any

import lxml.etree
import lxml.html
import pypdfium2
from striprtf.striprtf import rtf_to_text

LONGEST_TEXT_CHARS = 4_000
"""Characters kept of one note; a mark says that the rest was left out."""
_BLOCKS = {
    "p", "br", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol",
    "dt", "dd", "paragraph", "item", "list", "caption", "content", "title", "pre", "section",
}  # fmt: skip
_HIDDEN = {"script", "style", "head"}


def note_of(media_type: str, data: Any) -> str | None:
    """The words of a note as one line. ``data`` is base64 text, or the bytes themselves; None where it cannot
    be read, or is of a kind that has no words here."""
    kind = media_type.partition(";")[0].strip().lower()
    try:
        raw = data if isinstance(data, bytes) else base64.b64decode(data, validate=True)
        text = text_of(kind, raw, _charset(media_type))
    except (binascii.Error, ValueError, TypeError, LookupError, RecursionError, pypdfium2.PdfiumError):
        return None
    if text is None:
        return None
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT_CHARS else f"{text[:LONGEST_TEXT_CHARS]} [the rest is left out]"


def _charset(media_type: str) -> str:
    found = re.search(r"charset=\"?([\w.-]+)", media_type, re.I)
    return found[1] if found else "utf-8"


def text_of(kind: str, raw: bytes, charset: str) -> str | None:
    """The words of a file; None of kinds that have none, and of PDFs of pictures. Raises what its reader
    does."""
    match kind:
        case "text/plain" | "text/markdown":
            return raw.decode(charset)
        case "text/html" | "application/xhtml+xml":
            return words_of_html(raw.decode(charset))
        case "text/rtf" | "application/rtf":
            return str(rtf_to_text(raw.decode("latin-1"), errors="strict"))  # type: ignore[no-untyped-call]
        case "application/pdf":
            return _words_of_pdf(raw)
        case "text/xml" | "application/xml" | "application/hl7-sda+xml":
            root = parsed_xml(raw)
            return None if root is None else words_of(root)
        case _:
            return None


def words_of_html(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return words_of(lxml.html.fromstring(text))
    except lxml.etree.LxmlError:
        return ""


def words_of(element: Any) -> str:
    """The text in an element of XML or HTML; blocks and cells do not run into each other."""
    parts: list[str] = []

    def walk(each: Any, tail: bool = True) -> None:
        if not isinstance(each.tag, str):  # a comment; an entity that is not resolved shows as it is
            parts.append(((each.text or "") if each.tag is lxml.etree.Entity else "") + (each.tail or ""))
            return
        tag = lxml.etree.QName(each).localname.lower()
        gap = " " if tag in _BLOCKS else ""
        if tag not in _HIDDEN:
            parts.append(gap + (each.text or ""))
            for child in each:
                walk(child)
        parts.append(gap + (each.tail or "" if tail else ""))

    walk(element, tail=False)  # what stands behind it is not in it
    return " ".join("".join(parts).split())


def parsed_xml(data: bytes) -> Any:
    """The root of an XML document without anything from outside of it; None where it is none."""
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    with contextlib.suppress(lxml.etree.LxmlError, ValueError):
        return lxml.etree.fromstring(data, parser)
    return None


def _words_of_pdf(raw: bytes) -> str | None:
    """None where its pages are pictures."""
    document = pypdfium2.PdfDocument(raw)
    try:
        text = "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
    return text if text.strip() else None
