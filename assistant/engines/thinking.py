"""Takes a model's thinking out of its answer while it streams. Pure."""

THINKING_STARTS, THINKING_ENDS = "<unused94>", "<unused95>"


class ThinkingFilter:
    """``push`` pieces of any size; what it returns, put together, is the answer without
    ``<unused94>…<unused95>``. Thinking that never ends gives no answer."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def push(self, piece: str) -> str:
        self._held += piece
        shown = ""
        while True:
            mark = THINKING_ENDS if self._thinking else THINKING_STARTS
            before, found, after = self._held.partition(mark)
            if not found:
                break
            shown += "" if self._thinking else before
            self._held, self._thinking = after, not self._thinking
        keep = _possible_start(self._held, mark)
        ready = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return shown if self._thinking else shown + ready

    def finish(self) -> str:
        """What was held back because it could have become a mark."""
        rest, self._held = self._held, ""
        return "" if self._thinking else rest


def _possible_start(text: str, mark: str) -> int:
    """Length of the longest end of ``text`` that begins ``mark``."""
    return next((n for n in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:n])), 0)
