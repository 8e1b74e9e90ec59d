"""Debian's chromium without a window, driven through its DevTools protocol over a pipe: no port, no network."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--remote-debugging-pipe",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

_LAUNCH = """import os, sys
ends = [os.dup(int(end)) for end in sys.argv[1:3]]
for end, place in zip(ends, (3, 4)):
    os.dup2(end, place)
    os.set_inheritable(place, True)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads its orders from file 3 and answers on file 4."""


class Browser:
    """One page. said: what the page and the browser complained of. asked: the addresses it asked for."""

    def __init__(self, folder: Path, patience: float = 60.0) -> None:
        if CHROMIUM is None:
            pytest.skip("wants Debian's chromium (apt-get install chromium), which is not on this machine")
        self.patience = patience
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        call = [CHROMIUM, *_SWITCHES, f"--user-data-dir={folder / 'profile'}", "about:blank"]
        ends = [str(to_browser), str(from_browser)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *ends, *call],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number, self._rest, self._session = 0, b"", ""
        self.said: list[str] = []
        self.asked: list[str] = []
        self._loaded = False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def close(self) -> None:
        try:
            os.write(self._out, b'{"id":0,"method":"Browser.close"}\0')
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def open(
        self, path: Path, width: int = 1280, height: int = 800, *, dark: bool = False, phone: bool = False
    ) -> None:
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self._call("Emulation.setTouchEmulationEnabled", enabled=phone, maxTouchPoints=2)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        self._call("Page.navigate", url=path.resolve().as_uri())
        self._until(lambda: self._loaded)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str) -> None:
        """Until an expression is true in the page."""
        look = f"const look = () => ({script}) ? done(true) : requestAnimationFrame(look); look();"
        watch = f"new Promise(done => {{ {look} }})"
        assert self.run(watch)

    def click(self, selector: str) -> None:
        """A real click in the middle of an element."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def middle(self, selector: str) -> tuple[float, float]:
        # What comes into view may take another height than it was given before: look until nothing moves.
        place = self.run(
            f"(async () => {{ const e = document.querySelector({json.dumps(selector)});"
            " let last = '', b = null, same = 0;"
            " for (let k = 0; k < 30; k++) { e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " await new Promise(requestAnimationFrame); b = e.getBoundingClientRect();"
            " const now = [b.left, b.top].join(); same = now === last ? same + 1 : 0;"
            " if (same === 3) break; last = now; }"
            " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
        )
        return place[0], place[1]

    def wheel(self, x: float, y: float, by: float) -> None:
        self._call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=by)

    def pinch(self, x: float, y: float, start: float, end: float) -> None:
        """Two fingers about a point, from one distance to another."""
        for kind, apart in (("touchStart", start), ("touchMove", (start + end) / 2), ("touchMove", end)):
            fingers = [{"x": x - apart / 2, "y": y, "id": 0}, {"x": x + apart / 2, "y": y, "id": 1}]
            self._call("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)
        self._call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, key: str) -> None:
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        code = codes.get(key) or ord(key.upper())
        about = {"key": key, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def picture(self, *, whole: bool = False) -> bytes:
        """The window, or the whole page, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(
            self._call(
                "Page.printToPDF", printBackground=True, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.7
            )["data"]
        )

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        number, answers = self._number, {}

        def take(heard: dict[str, Any]) -> None:
            answers[heard.get("id")] = heard

        self._until(lambda: number in answers, take)
        answer = answers[number]
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _until(self, done: Any, take: Any = lambda heard: None) -> None:
        end = time.monotonic() + self.patience
        while not done():
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            assert ready, "chromium does not answer"
            piece = os.read(self._in, 1 << 20)
            assert piece, "chromium has gone"
            *messages, self._rest = (self._rest + piece).split(b"\0")
            for message in messages:
                heard = json.loads(message)
                self._hear(heard)
                take(heard)

    def _hear(self, heard: dict[str, Any]) -> None:
        method, about = heard.get("method"), heard.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.said.append(json.dumps(about["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.said.append(json.dumps(about["args"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.said.append(about["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])
        elif method == "Page.javascriptDialogOpening":
            self.said.append(f"dialog {about}")
