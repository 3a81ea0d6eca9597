"""Report templates and macros, read from the text of YAML files. Pure.

A template has a ``name`` (what is said and shown) and ``sections``, each with a ``title`` and a ``text``;
a file of macros has ``macros``, each with a ``name``, a ``text`` and, if it belongs in one, a ``section``.
In a text, ``[size]`` is a field, ``[side: left | right]`` one with a pick list, ``{normal heart}`` another macro.
What is wrong with a file is a ``Problem``; the rest of the files are there all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeVar

import yaml

from assistant.characters import whole
from assistant.dictation.document import Document, Field, Position, Run, Section, unique_id
from assistant.dictation.tokens import plain
from assistant.errors import BadInput
from assistant.events import Origin

_FIELD = re.compile(r"\[([^\[\]:\n]+)(?::([^\[\]\n]*))?\]")
_MACRO = re.compile(r"\{([^{}\n]+)\}")
T = TypeVar("T")
LONGEST_CHARACTERS = 100_000
"""Limit for one macro with all that it includes: a few that include each other twice could fill the memory."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``message`` names what to mend, for people."""

    file: str
    message: str


@dataclass(frozen=True, slots=True)
class Macro:
    name: str
    runs: tuple[Run, ...]
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    sections: tuple[Section, ...]

    def document(self) -> Document:
        """A new report, the cursor on its first field, or at the end of its first section."""
        first = self.sections[0]
        document = Document(
            sections=self.sections, cursor=Position(first.id, len(first.text)), template=self.name
        )
        fields = document.fields()
        return document.select(fields[0][0]) if fields else document


@dataclass(frozen=True, slots=True)
class Library:
    """Keys are names as they are said: lower case, without marks."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def template(self, name: str) -> Template:
        """Raises ``BadInput`` (``template_unknown``)."""
        found = _close(name, self.templates)
        if found is None:
            raise BadInput(f"There is no template “{name}”.", code="template_unknown")
        return found

    def macro(self, name: str) -> Macro | None:
        return _close(name, self.macros)


def _close(name: str, named: Mapping[str, T]) -> T | None:
    key = spoken_key(name)
    close = [key] if key in named else get_close_matches(key, named, n=1, cutoff=0.8)
    return named[close[0]] if close else None


def spoken_key(name: str) -> str:
    """``"Chest X-ray"`` → ``chest x ray``: how a name is compared."""
    return plain(name).replace("-", " ").casefold()


def read_library(files: Mapping[str, str]) -> Library:
    """File names, in the order in which later ones win, with their text."""
    templates: dict[str, Template] = {}
    texts: dict[str, tuple[str, str, str | None, str]] = {}  # key → name, text, section, file
    bare: dict[str, tuple[str, list[tuple[str, str]]]] = {}  # template key → file, (title, text) …
    problems: list[Problem] = []
    names: dict[str, str] = {}
    for file, text in files.items():
        try:
            content = _content(text)
            if "macros" in content:
                for name, body, section in _macros(content):
                    texts[spoken_key(name)] = (name, body, section, file)
            else:
                name, sections = _template(content)
                bare[spoken_key(name)] = (file, sections)
                names[spoken_key(name)] = name
        except BadInput as error:
            problems.append(Problem(file, error.message))
    macros: dict[str, Macro] = {}
    bodies = {key: body for key, (_, body, _, _) in texts.items()}
    for key, (name, _, section, file) in texts.items():
        try:
            macros[key] = Macro(name, _runs(_expanded(key, bodies, ()), "macro"), section)
        except BadInput as error:
            problems.append(Problem(file, error.message))
    for key, (file, parts) in bare.items():
        try:
            templates[key] = Template(names[key], _sections(parts, bodies))
        except BadInput as error:
            problems.append(Problem(file, error.message))
    return Library(templates, macros, tuple(problems))


def _content(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise BadInput(
            f"This is not YAML{where}: {getattr(error, 'problem', None) or 'it cannot be read'}."
        ) from None
    except RecursionError:
        raise BadInput("This is not usable YAML: it is nested too deeply.") from None
    except Exception:  # PyYAML's readers of dates, numbers and bytes raise whatever they stumble over
        raise BadInput(
            "This is not usable YAML: a date or a number in it is invalid. Put it in quotes."
        ) from None
    if not isinstance(content, dict):
        raise BadInput("A template begins with “name:” and “sections:”, a file of macros with “macros:”.")
    return content


def _template(content: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    name = _text(content, "name", "The template")
    sections = content.get("sections")
    if not isinstance(sections, list) or not sections:
        raise BadInput(f"The template “{name}” has no “sections:”, a list of titles with texts.")
    found: list[tuple[str, str]] = []
    for number, section in enumerate(sections, 1):
        if not isinstance(section, dict):
            raise BadInput(f"Section {number} of “{name}” needs a “title:”.")
        title = _text(section, "title", f"Section {number} of “{name}”")
        text = section.get("text") or ""
        if not isinstance(text, str):
            raise BadInput(f"The “text:” of section “{title}” is not text; put it in quotes.")
        found.append((title, _whole(text.strip("\n"), f"The section “{title}”")))
    titles = [title.casefold() for title, _ in found]
    if twice := next((title for title in titles if titles.count(title) > 1), None):
        raise BadInput(f"The template “{name}” has the section “{twice}” twice.")
    return name, found


def _macros(content: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    entries = content["macros"]
    if not isinstance(entries, list):
        raise BadInput("“macros:” is a list, each with “name:” and “text:”.")
    found: list[tuple[str, str, str | None]] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise BadInput(f"Macro {number} needs a “name:” and a “text:”.")
        name = _text(entry, "name", f"Macro {number}")
        text = _text(entry, "text", f"The macro “{name}”")
        section = entry.get("section")
        section = _whole(str(section), f"The macro “{name}”") if section else None
        found.append((name, text.strip("\n"), section))
    return found


def _text(entry: dict[str, Any], key: str, whose: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{whose} needs a “{key}:”.")
    return _whole(value.strip(), whose)


def _whole(text: str, whose: str) -> str:
    if whole(text) != text:
        raise BadInput(
            f"{whose} has an escape such as \\ud83d, half a character: write the character itself."
        )
    return text


def _expanded(key: str, bodies: Mapping[str, str], inside: tuple[str, ...]) -> str:
    """The text of a macro with those it includes. Raises ``BadInput`` when that goes round in a circle."""
    if key in inside:
        way = " → ".join((*inside[inside.index(key) :], key))
        raise BadInput(f"The macro “{key}” includes itself: {way}.")
    return _included(bodies[key], bodies, (*inside, key), f"The macro “{key}”")


def _included(text: str, bodies: Mapping[str, str], inside: tuple[str, ...], whose: str) -> str:
    def macro(match: re.Match[str]) -> str:
        key = spoken_key(match[1])
        if key not in bodies:
            raise BadInput(f"{whose} includes “{match[1].strip()}”, and there is no such macro.")
        return _expanded(key, bodies, inside)

    whole = _MACRO.sub(macro, text)
    if len(whole) > LONGEST_CHARACTERS:
        raise BadInput(f"{whose} is longer than {LONGEST_CHARACTERS} characters with what it includes.")
    return whole


def _sections(parts: list[tuple[str, str]], bodies: Mapping[str, str]) -> tuple[Section, ...]:
    found: list[Section] = []
    for title, text in parts:
        section_id = unique_id(title, [section.id for section in found])
        whole = _included(text, bodies, (), f"The section “{title}”")
        found.append(Section(section_id, title, _runs(whole, "template")))
    return tuple(found)


def _runs(text: str, origin: Origin) -> tuple[Run, ...]:
    runs: list[Run] = []
    at = 0
    for match in _FIELD.finditer(text):
        runs.append(Run(text[at : match.start()], origin=origin))
        choices = tuple(choice.strip() for choice in (match[2] or "").split("|") if choice.strip())
        name = match[1].strip()
        runs.append(Run(f"[{name}]", origin=origin, field=Field(name, choices)))
        at = match.end()
    runs.append(Run(text[at:], origin=origin))
    return tuple(run for run in runs if run.text)


def said_in(macro: Macro, item_id: str | None) -> tuple[Run, ...]:
    """The runs of a macro that an utterance inserted: "scratch that" takes them out again."""
    return tuple(replace(run, item_id=item_id) for run in macro.runs)
