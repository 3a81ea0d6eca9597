"""A report as plain text, Markdown or HTML. Pure."""

import html
import re

from assistant.dictation.plain_text import plain_text as plain_text_of
from assistant.dictation.plain_text import printable
from assistant.export.paragraphs import Paragraph, paragraphs
from assistant.export.report import Report

_MARKUP = re.compile(r"([\\`*_\[\]<>&~|$])")
_CLOSES_HEADING = re.compile(r"#(?=#*$)")
_OPENS_BLOCK = re.compile(r"^(\s*)([#+=-]|\d{1,9}(?=[.)]))")


def plain_text(report: Report) -> str:
    """The report's head and text, with a line end at its end; empty if it has neither."""
    text = plain_text_of((section.title, section.text) for section in report.sections)
    written = "\n\n".join(part for part in ("\n".join(_head(report)), text) if part)
    return f"{written}\n" if written else ""


def _head(report: Report) -> list[str]:
    return [f"{label}: {value}" for label, value in report.head]


def markdown(report: Report) -> str:
    """CommonMark; whatever would be markup in the text is escaped, and line ends are kept."""
    blocks = [f"# {_heading(report.title)}"]
    if head := _head(report):
        blocks.append("\\\n".join(map(_line, head)))
    for section in report.filled:
        if section.title.strip():
            blocks.append(f"## {_heading(section.title)}")
        previous = ""
        for paragraph in paragraphs(section.text):
            written = _markdown(paragraph)
            if previous == paragraph.kind != "text":  # items of one list stand together
                blocks[-1] += f"\n{written}"
            else:
                blocks.append(written)
            previous = paragraph.kind
    return "\n\n".join(blocks) + "\n"


def _markdown(paragraph: Paragraph) -> str:
    match paragraph.kind:
        case "bullet":
            return f"- {_line(paragraph.lines[0])}"
        case "numbered":
            number, _, rest = paragraph.lines[0].partition(". ")
            return f"{number}. {_line(rest.lstrip())}"
        case _:
            return "\\\n".join(_line(line) for line in paragraph.lines)


def _heading(title: str) -> str:
    return _CLOSES_HEADING.sub(r"\\#", _escaped(title))


def _line(line: str) -> str:
    """One line of running text, none of which is taken for markup."""
    return _OPENS_BLOCK.sub(_escape_opening, _escaped(line))


def _escape_opening(match: re.Match[str]) -> str:
    space, opening = match.groups()
    return f"{space}{opening}\\" if opening.isdigit() else f"{space}\\{opening}"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(printable(text).split()))


def html_page(report: Report) -> str:
    """A whole page that needs nothing else."""
    title = html.escape(printable(report.title))
    head = "<br/>".join(map(html.escape, _head(report)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body><h1>{title}</h1>{f'<p>{head}</p>' if head else ''}"
        f"{html_fragment(report)}</body></html>\n"
    )


def html_fragment(report: Report) -> str:
    """Headings, paragraphs and lists of the text alone, also for FHIR's narrative (valid XHTML too)."""
    parts: list[str] = []
    for section in report.filled:
        if section.title.strip():
            parts.append(f"<h2>{html.escape(printable(section.title))}</h2>")
        bullets: list[str] = []
        for paragraph in paragraphs(section.text):
            lines = "<br/>".join(html.escape(line) for line in paragraph.lines)
            if paragraph.kind == "bullet":
                bullets.append(f"<li>{lines}</li>")
                continue
            parts += _list(bullets)
            bullets = []
            parts.append(f"<p>{lines}</p>")
        parts += _list(bullets)
    return "".join(parts)


def _list(items: list[str]) -> list[str]:
    return [f"<ul>{''.join(items)}</ul>"] if items else []
