"""Debian's Firefox by WebDriver BiDi, which it speaks itself; Playwright's own Firefox is another build."""

import base64
import contextlib
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

STARTED_S = 30
PREFERENCES = """
user_pref("media.autoplay.default", 0);
user_pref("app.update.enabled", false);
user_pref("browser.download.folderList", 2);
user_pref("browser.download.dir", "FOLDER");
user_pref("app.normandy.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""
MICROPHONE = """() => {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const bytes = Uint8Array.from(atob('SOUND'), (each) => each.charCodeAt(0));
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(bytes.buffer);
    const out = context.createMediaStreamDestination();
    source.connect(out);
    source.start(context.currentTime + LEAD);
    return out.stream;
  };
}"""
"""A recording in place of the device. Without a sound output on its machine Firefox sends silence."""


class FirefoxPage:
    """The one page of a Firefox. Each call raises ``AssertionError`` with what Firefox says was wrong."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._send("session.new", capabilities={})
        self._context = self._send("browsingContext.getTree")["contexts"][0]["context"]

    def _send(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(60))
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url: str, sound: Path, lead_s: float) -> None:
        script = MICROPHONE.replace("SOUND", base64.b64encode(sound.read_bytes()).decode())
        self._send("script.addPreloadScript", functionDeclaration=script.replace("LEAD", str(lead_s)))
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def look(self, expression: str) -> Any:
        """The value of an expression of JavaScript, by way of JSON."""
        answer = self._send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def watch(self, function: str) -> None:
        self.look(f"({function})()")

    def text(self, selector: str) -> str:
        found = self.look(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")
        return str(found)

    def until(self, expression: str, timeout_s: float = 30) -> Any:
        """The value of the expression, once it is a true one."""
        end = time.monotonic() + timeout_s
        while not (value := self.look(expression)):
            assert time.monotonic() < end, f"{expression}: {self.text('#report')} {self.text('#status')}"
            time.sleep(0.1)
        return value

    def click(self, selector: str, *, count: int = 1, place: str = "") -> None:
        """``place``: JavaScript for a rectangle to click in the middle of, instead of the element's own."""
        rectangle = place or f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        box = self.look(f"{rectangle}.toJSON()")
        x, y = round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)
        actions: list[dict[str, Any]] = [{"type": "pointerMove", "x": x, "y": y}]
        actions += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] * count
        self._act({"type": "pointer", "id": "mouse", "actions": actions})

    def type(self, text: str) -> None:
        presses = [{"type": kind, "value": each} for each in text for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": presses})

    def _act(self, source: dict[str, Any]) -> None:
        self._send("input.performActions", context=self._context, actions=[source])


@contextlib.contextmanager
def firefox(program: str, folder: Path) -> Iterator[FirefoxPage]:
    """A Firefox with a new profile in ``folder``."""
    (folder / "user.js").write_text(PREFERENCES.replace("FOLDER", str(folder)))
    command = [program, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    said = folder / "stderr.txt"
    with said.open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + STARTED_S
        while not (found := re.search(r"BiDi listening on (ws://\S+)", said.read_text(errors="replace"))):
            assert process.poll() is None and time.monotonic() < end, said.read_text(errors="replace")
            time.sleep(0.1)
        with connect(f"{found[1]}/session", max_size=None, compression=None) as socket:
            yield FirefoxPage(socket)
    finally:
        process.terminate()
        process.wait(20)
