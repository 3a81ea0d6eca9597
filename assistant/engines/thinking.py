"""Tells a model's thinking from its answer while it streams. Pure."""

from assistant.engines.base import AnswerText, Thought

THINKING_STARTS, THINKING_ENDS = "<unused94>", "<unused95>"
HEADING = "thought\n"
"""MedGemma writes ``<unused94>thought\\n…<unused95>answer``. The heading is dropped; at the very start of an
answer it is taken for thinking even without its mark, which some runtimes leave out of the text."""

ENDS = ("<end_of_turn>", "<eos>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "</s>")
"""Marks that end a turn, of Gemma and others. llama.cpp prints them when it prints the marks of thinking."""


def without_end(piece: str) -> str:
    """A piece of what a model says, as it came, without the mark that ends its turn."""
    return next((piece.removesuffix(end) for end in ENDS if piece.endswith(end)), piece)


class ThinkingFilter:
    """``push`` pieces of any size. The ``AnswerText`` of what it returns, put together, is the answer without
    white space before it; what stands between the marks is ``Thought``, also when it never ends."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = self._answered = False
        self._at_start = True
        """At the start of the output, or behind a mark."""
        self._marked = False
        """A mark has come: this runtime writes them."""

    def push(self, piece: str) -> list[AnswerText | Thought]:
        self._held += piece
        out: list[AnswerText | Thought] = []
        while not self._at_start or self._begin():
            mark = THINKING_ENDS if self._thinking else THINKING_STARTS
            before, found, after = self._held.partition(mark)
            if not found:
                ready = len(self._held) - _possible_start(self._held, mark)
                self._say(self._held[:ready], out)
                self._held = self._held[ready:]
                break
            self._say(before, out)
            self._held, self._thinking = after, not self._thinking
            self._at_start = self._marked = True
        return out

    def _begin(self) -> bool:
        """Take what leads in off what was held; False where more has to come first."""
        if self._thinking or not self._answered:
            self._held = self._held.lstrip()
        if self._thinking or not self._marked:
            if len(self._held) < len(HEADING) and HEADING.startswith(self._held):
                return False
            if self._held.startswith(HEADING):
                self._held = self._held.removeprefix(HEADING)
                self._thinking, self._at_start = True, False
                return True
        self._at_start = not self._held
        return not self._at_start

    def finish(self) -> list[AnswerText | Thought]:
        """Text held back because it could have become a mark or a heading."""
        rest, self._held = self._held, ""
        out: list[AnswerText | Thought] = []
        self._say(rest, out)
        return out

    def _say(self, text: str, out: list[AnswerText | Thought]) -> None:
        if text:
            self._answered = self._answered or not self._thinking
            out.append(Thought(text) if self._thinking else AnswerText(text))


def _possible_start(text: str, mark: str) -> int:
    """Length of the longest end of ``text`` that begins ``mark``."""
    return next((n for n in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:n])), 0)
