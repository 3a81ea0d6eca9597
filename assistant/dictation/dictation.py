"""One session's report: what is dictated, commanded and typed becomes changes of it. Pure."""

from collections.abc import Sequence

from assistant.dictation.document import Document, Position, Range, Run
from assistant.dictation.editor import Editor, moved_position
from assistant.dictation.formatter import Formatter
from assistant.dictation.insertion import insert_spoken
from assistant.errors import BadInput
from assistant.events import DocumentCommand


class Dictation:
    """The report and who may change it. ``formatter`` has the clinician's options and words."""

    def __init__(self, formatter: Formatter | None = None) -> None:
        self._formatter = formatter or Formatter()
        self.editor = Editor()
        self._places: dict[str, tuple[int, Position]] = {}

    @property
    def document(self) -> Document:
        return self.editor.document

    def heard(self, item_id: str) -> None:
        """Remember where the words of an utterance would go, however it is taken."""
        self._places[item_id] = (self.document.revision, self.document.cursor)

    def take(self, item_id: str, words: str) -> str:
        """Insert an utterance at the cursor; returns its written form."""
        document, written = insert_spoken(self.document, item_id, words, self._write)
        self.editor.change(document, item_id)
        return written

    def put_back(self, item_id: str, words: str) -> str:
        """Insert an utterance where the cursor was when it was heard, if that place is still there."""
        cursor = self.document.cursor
        place = self._place(item_id)
        if place is None or place == cursor:
            return self.take(item_id, words)
        document, written = insert_spoken(self.document.move(place), item_id, words, self._write)
        cursor = moved_position(cursor, self.document, document)
        self.editor.change(document.move(cursor), item_id)
        return written

    def take_out(self, item_id: str) -> None:
        """Take the text of an utterance out of the report."""
        document = self.document.without_item(item_id)
        self.editor.change(
            document.move(moved_position(self.document.cursor, self.document, document)), item_id
        )

    def rewrite(self, item_id: str, text: str) -> None:
        """The text of an utterance, corrected by hand; empty takes it out. Raises ``BadInput``."""
        ranges = self.document.ranges_of(item_id)
        if not ranges:
            raise BadInput("The report has no text of this utterance.", code="item_unknown")
        if not text:
            return self.take_out(item_id)
        document = self.document
        for where in ranges[:0:-1]:
            document = document.replace(where, ())
        first = ranges[0]
        said = document.section(first.section_id).text[first.start : first.end]
        lead = said[: len(said) - len(said.lstrip())]
        document = document.replace(first, [Run(lead + text, item_id)])
        self.editor.change(
            document.move(moved_position(self.document.cursor, self.document, document)), item_id
        )
        return None

    def insert(self, runs: Sequence[Run], cause: str | None = None) -> None:
        """Insert runs at the cursor, as they are."""
        cursor = self.document.cursor
        where = self.document.selected or Range(cursor.section_id, cursor.offset, cursor.offset)
        self.editor.change(self.document.replace(where, runs), cause)

    def obey(self, command: DocumentCommand) -> None:
        """Do what a button says. Raises ``BadInput``."""
        match command.command:
            case "undo":
                self._done(self.editor.undo(), "There is nothing to undo.", "nothing_to_undo")
            case "redo":
                self._done(self.editor.redo(), "There is nothing to redo.", "nothing_to_redo")
            case "go_to":
                section = self.document.section(command.section_id or "")
                self.editor.move(self.document.move(Position(section.id, len(section.text))))
            case "place_cursor":
                self._place_cursor(command)
            case "insert_text":
                text = command.text or ""
                self.insert([Run(text, origin=command.origin)])
            case _:
                raise BadInput("This cannot be done yet.", code="command_unknown")

    def _place_cursor(self, command: DocumentCommand) -> None:
        section_id, offset = command.section_id or "", command.offset or 0
        revision = self.document.revision if command.revision is None else command.revision
        where = self.editor.rebased(revision, Range(section_id, offset, offset))
        self.editor.move(self.document.move(Position(section_id, where.start)))

    @staticmethod
    def _done(done: bool, otherwise: str, code: str) -> None:
        if not done:
            raise BadInput(otherwise, code=code)

    def _write(self, words: str, continues: bool) -> str:
        return self._formatter.format(words, continues=continues)

    def _place(self, item_id: str) -> Position | None:
        if item_id not in self._places:
            return None
        revision, place = self._places[item_id]
        try:
            where = self.editor.rebased(revision, Range(place.section_id, place.offset, place.offset))
        except BadInput:
            return None
        return Position(where.section_id, where.start)
