"""A clinician's files (templates, macros, own words), read at the start and whenever they change; and beside
them what users keep on the page."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from assistant.characters import whole
from assistant.dictation.formatter import FormatOptions, Formatter
from assistant.dictation.library import Library, Problem, read_library
from assistant.dictation.own_words import OwnWord, OwnWords
from assistant.dictation.vocabulary import read_words
from assistant.errors import BadInput, is_passing

_SHIPPED = Path(str(files("assistant") / "data" / "templates"))
LARGEST_FILE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Personal:
    """The contents of the files at one moment, and what is kept on the page."""

    formatter: Formatter
    library: Library
    words: tuple[str, ...]
    """The spoken forms of the file, for the recogniser to expect."""
    spoken: Mapping[str, str] = field(default_factory=dict)
    """The words file: spoken form → written form."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The files of templates and macros, in the order in which later ones win."""
    problems: tuple[Problem, ...] = ()
    """Files that could not be read at all."""
    own: OwnWords = field(default_factory=OwnWords)

    def with_own(self, words: Sequence[OwnWord], texts: Mapping[str, str]) -> "Personal":
        """These words, templates and macros beside the files; of one name they count, and of them the later.

        ``texts`` are as those of files, by the name that a problem is told with.
        """
        spoken = {word.written.lower(): word.written for word in words}
        formatter = Formatter(self.formatter.options, {**self.spoken, **spoken}) if words else self.formatter
        library = self.library
        if texts:
            library = read_library({**self.texts, **texts})
            named = (replace(each, file=_short(each.file)) for each in library.problems)
            library = replace(library, problems=(*self.problems, *named))
        return replace(self, formatter=formatter, library=library, own=OwnWords(words))


def _short(file: str) -> str:
    """The name of a file without its folder."""
    return whole(Path(file).name)


class PersonalFiles:
    """Shared by all sessions. ``refresh`` may be called from any thread, one at a time."""

    def __init__(
        self, templates: Path | None = None, words: Path | None = None, options: FormatOptions | None = None
    ) -> None:
        """Raises ``BadInput`` if a given path does not exist; a bad file becomes a problem in ``library``."""
        if templates is not None and not templates.is_dir():
            raise BadInput(f"The templates folder {templates} does not exist.", code="templates_missing")
        if words is not None and not words.is_file():
            raise BadInput(f"The words file {words} does not exist.", code="words_missing")
        self._folders = [_SHIPPED, *([templates] if templates else [])]
        self._words_file, self._options = words, options
        self._seen: list[tuple[str, int, int]] | None = None
        self._words_seen: list[tuple[str, int, int]] | None = None
        self._spoken: dict[str, str] = {}
        self._formatter = Formatter(options)
        self._words_problems: tuple[Problem, ...] = ()
        self.refresh()

    def refresh(self) -> Personal:
        """Read the files that have changed; returns the same object if none has.

        Raises ``OSError`` when the system has no file to open; the contents stay and the next call reads.
        """
        words_now = _stamps([self._words_file] if self._words_file else [])
        if changed := words_now != self._words_seen:
            self._read_words()
            self._words_seen = words_now
        now = _stamps(_templates(self._folders))
        if changed or now != self._seen:
            texts, problems = self._read_texts()
            library = read_library(texts)
            named = (replace(problem, file=_short(problem.file)) for problem in library.problems)
            library = replace(library, problems=(*problems, *named))
            self._seen = now
            spoken = dict(self._spoken)
            self.current = Personal(self._formatter, library, tuple(spoken), spoken, texts, problems)
        return self.current

    def _read_words(self) -> None:
        """A faulty file leaves the words unchanged."""
        self._words_problems = ()
        if self._words_file is None:
            return
        try:
            self._spoken = read_words(_text(self._words_file))
        except BadInput as error:
            self._words_problems = (Problem(whole(self._words_file.name), error.message),)
            return
        self._formatter = Formatter(self._options, self._spoken)

    def _read_texts(self) -> tuple[dict[str, str], tuple[Problem, ...]]:
        texts: dict[str, str] = {}
        problems = list(self._words_problems)
        for path in _templates(self._folders):
            try:
                texts[str(path)] = _text(path)
            except BadInput as error:
                problems.append(Problem(whole(path.name), error.message))
        return texts, tuple(problems)


def _templates(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        try:
            names = os.listdir(folder)  # glob would hide that there was no file to open
        except OSError as error:
            if is_passing(error):
                raise
            continue
        yield from sorted(folder / name for name in names if name.endswith((".yaml", ".yml")))


def _stamps(paths: list[Path] | Iterator[Path]) -> list[tuple[str, int, int]]:
    found = []
    for path in paths:
        try:
            stat = path.stat()
        except OSError as error:
            if is_passing(error):
                raise
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise BadInput(f"The file is larger than {LARGEST_FILE_BYTES // 1_000_000} MB.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        if is_passing(error):
            raise
        raise BadInput(f"The file cannot be read: {type(error).__name__}.") from None
    except UnicodeDecodeError:
        raise BadInput("The file is not UTF-8 text.") from None
