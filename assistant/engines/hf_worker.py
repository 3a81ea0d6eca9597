"""The process in which ``hf_engine`` runs a model. It speaks lines of JSON.

In: ``{"ask": TURN, "messages": […], "max_tokens": N}`` and ``{"stop": TURN}``. Out: first ``{"loaded": …}``
or ``{"error": …}``; then, each with its ``turn``, what the model is ``given``, pieces of ``text``, and at
last ``usage`` or ``error``. The end of the input ends it.
"""

import argparse
import json
import os
import queue
import signal
import sys
import threading
from typing import Any

from assistant.errors import AssistantError, BadInput

KEPT_S = 600.0
"""Time for which the processed images of a question are kept for the next one."""


class Worker:
    def __init__(self, lines: Any, out: Any) -> None:
        self._lines, self._out = lines, out
        self._asked: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._stopped: set[int] = set()
        self._over = False

    def run(self, args: argparse.Namespace) -> None:
        from assistant.engines.hf_model import load  # noqa: PLC0415 (takes seconds)

        try:
            model = load(args.model, revision=args.revision, precision=args.precision, threads=args.threads)
        except AssistantError as error:
            self._say(error=_error(error))
            return
        self._say(loaded={"name": model.name, "revision": model.revision, "sees_images": model.sees_images})
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # from here on, a library's words could quote a prompt
        threading.Thread(target=self._read, daemon=True).start()
        while (asked := self._next(model)) is not None:
            self._answer(model, asked)

    def _next(self, model: Any) -> dict[str, Any] | None:
        """The next question, or None at the end. What was read of a patient's images is not kept for one that
        does not come."""
        while True:
            try:
                return self._asked.get(timeout=KEPT_S)
            except queue.Empty:
                model.forget()

    def _read(self) -> None:
        for line in self._lines:
            message = json.loads(line)
            if "stop" in message:
                self._stopped.add(message["stop"])
            else:
                self._asked.put(message)
        self._over = True
        self._asked.put(None)

    def _answer(self, model: Any, asked: dict[str, Any]) -> None:
        turn = asked["ask"]
        try:
            usage, whole = model.generate(
                asked["messages"],
                asked["max_tokens"],
                put=lambda text: self._say(turn=turn, text=text),
                given=lambda texts: self._say(turn=turn, given=texts),
                stopped=lambda: self._over or turn in self._stopped,
            )
            self._say(turn=turn, usage=[usage.prompt_tokens, usage.output_tokens], whole=whole)
        except AssistantError as error:
            self._say(turn=turn, error=_error(error))
        except Exception as error:  # whatever the libraries raise; its text may quote the prompt
            self._say(turn=turn, error={"kind": type(error).__name__, "code": "engine_failed", "message": ""})
        self._stopped.discard(turn)

    def _say(self, **message: object) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


def _error(error: AssistantError) -> dict[str, Any]:
    return {"bad_input": isinstance(error, BadInput), "code": error.code, "message": error.message}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--revision")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends this process
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not break the lines
    Worker(sys.stdin.buffer, out).run(parser.parse_args())


if __name__ == "__main__":
    main()
