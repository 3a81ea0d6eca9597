"""The report as ``assistant.document.changed`` and ``assistant.document.patched`` tell it. Pure."""

from collections.abc import Sequence

from assistant.errors import AssistantError
from assistant.events import DocumentChanged, DocumentPatched, RunPart, SectionPatch, WordPlace

MOST_APPLIED = 50


class KnownReport:
    """Takes the events in order; ``whole`` is the report as they say that it is."""

    def __init__(self) -> None:
        self._last: DocumentChanged | DocumentPatched | None = None
        self._whole: DocumentChanged | None = None
        self._runs: dict[str, list[RunPart]] = {}
        self._doubtful: list[WordPlace] = []
        self._applied: list[str] = []

    @property
    def revision(self) -> int | None:
        return self._last.revision if self._last else None

    def take(self, event: DocumentChanged | DocumentPatched) -> None:
        """Raises ``AssistantError``: ``report_out_of_step`` where an event is missing."""
        if isinstance(event, DocumentChanged):
            self._whole = event
            self._runs = {section.id: list(section.runs) for section in event.sections}
            self._doubtful, self._applied = list(event.doubtful), list(event.applied)
        else:
            if event.base != self.revision:
                raise AssistantError("An earlier change of the report is missing.", code="report_out_of_step")
            for patch in event.sections:
                runs = self._runs[patch.section_id]
                self._doubtful = moved(self._doubtful, patch, [len(run.text) for run in runs])
                _patch(runs, patch)
            sure = {place(word) for word in event.sure}
            self._doubtful = [word for word in self._doubtful if place(word) not in sure]
            self._doubtful += event.doubtful
            self._applied = [*self._applied, *event.applied][-MOST_APPLIED:]
        self._last = event

    def whole(self) -> DocumentChanged | None:
        """The report as one event; None before the first."""
        last, whole = self._last, self._whole
        if last is None or whole is None or last is whole:
            return whole
        sections = [part.model_copy(update={"runs": list(self._runs[part.id])}) for part in whole.sections]
        places = ("cursor", "selected", "also_selected")
        told = {
            name: getattr(last, name)
            for name in ("event_id", "seq", "revision", *places, "can_undo", "can_redo")
        }
        more = {"sections": sections, "applied": list(self._applied), "doubtful": list(self._doubtful)}
        return whole.model_copy(update=told | more)


def moved(doubtful: Sequence[WordPlace], patch: SectionPatch, lengths: Sequence[int]) -> list[WordPlace]:
    """The places of doubtful words after ``patch``; ``lengths`` are those of its section's runs before it."""
    start = sum(lengths[: patch.at])
    if patch.text:
        start, end = start + patch.text.start, start + patch.text.end
        new_end = start + len(patch.text.text)
    else:
        end = start + sum(lengths[patch.at : patch.at + patch.drop])
        new_end = start + sum(len(run.text) for run in patch.runs)
    kept = []
    for word in doubtful:
        if word.section_id != patch.section_id or word.end <= start:
            kept.append(word)
        elif word.start >= end:
            shift = new_end - end
            places = {"start": word.start + shift, "end": word.end + shift}
            kept.append(word.model_copy(update=places) if shift else word)
    return kept


def _patch(runs: list[RunPart], patch: SectionPatch) -> None:
    if change := patch.text:
        text = runs[patch.at].text
        text = text[: change.start] + change.text + text[change.end :]
        runs[patch.at] = runs[patch.at].model_copy(update={"text": text})
    else:
        runs[patch.at : patch.at + patch.drop] = patch.runs


def place(word: WordPlace) -> tuple[str, int, int, str]:
    """The key that tells a doubtful word from others."""
    return word.section_id, word.start, word.end, word.item_id
