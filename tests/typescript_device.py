"""The TypeScript client as a process: a till and a phone that a test drives, and can kill."""

import json
import os
import selectors
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.node import CLIENT, node

ANSWERS_WITHIN_S = 120


class DeviceError(Exception):
    """What the client threw: the name of its class, and of an answer its status and the problem's type."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(f"{document['error']}: {document['message']}\n{document['stack']}")
        self.kind = document["error"]
        self.status = document["status"]
        self.slug = document["slug"]
        self.entry = document["entry"]


class TypeScriptDevice:
    """``web/shared/terminal/tests/device.ts`` with its folder, which another process can go on with.

    ``patience_s``: how long it waits for an answer; None for as long as the client does.
    """

    def __init__(self, url: str, folder: Path, patience_s: float | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        patience = [] if patience_s is None else [str(int(patience_s * 1_000))]
        self._process = subprocess.Popen(
            [node(), str(CLIENT / "tests" / "device.ts"), url, str(folder), *patience],
            env={"PATH": os.environ["PATH"], "NODE_NO_WARNINGS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def send(self, command: str, *given: Any) -> None:
        """Have it do something, and do not wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([command, *given]) + "\n")

    def do(self, command: str, *given: Any) -> Any:
        """Have it do something; raises DeviceError for what it threw."""
        self.send(command, *given)
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            assert selector.select(ANSWERS_WITHIN_S), f"{command} takes too long"
        line = self._process.stdout.readline()
        assert line, f"the device ended at {command}: {self._process.wait()}"
        answer = json.loads(line)
        if "error" in answer:
            raise DeviceError(answer)
        return answer["ok"]

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.communicate()
