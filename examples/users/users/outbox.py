"""Mail. Sent by a thread of its own: how long it takes must not tell a caller whether there was anybody to write to."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from queue import SimpleQueue

log = logging.getLogger(__name__)


class Outbox:
    """Takes mail and returns at once. This one writes it to a file; put your mail server in the place of `_deliver`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: SimpleQueue[dict[str, str]] = SimpleQueue()
        threading.Thread(target=self._work, name="outbox", daemon=True).start()

    def send(self, to: str, subject: str, token: str = "") -> None:
        """Have a mail sent."""
        self._waiting.put({"to": to, "subject": subject, "token": token})

    def _work(self) -> None:
        while True:
            mail = self._waiting.get()
            try:
                self._deliver(mail)
            except OSError as problem:
                log.error("mail was not delivered: %s", type(problem).__name__)

    def _deliver(self, mail: dict[str, str]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(mail) + "\n")
