"""Find out what the terminal wants, and print styled lines into a string."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from io import StringIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from counterseal.guarantees import State

PROSE = 110
"""Running text is not set wider than this, however wide the terminal is."""

STATE_STYLES: Mapping[State, str] = {
    State.PROVED: "bold green",
    State.ENFORCED: "bold green",
    State.FOUND: "green",
    State.WAIVED: "magenta",
    State.NOT_REQUIRED: "dim",
    State.UNKNOWN: "black on yellow",
    State.MISSING: "bold red",
    State.BROKEN: "bold white on red",
}
"""Only the terminal's own eight colours, so that the reader's theme stays in charge."""


def wants_color(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether standard output is a terminal that wants colours (``NO_COLOR``: https://no-color.org)."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and sys.stdout.isatty()


def columns() -> int:
    """Return the terminal's width; 100 where there is none. ``COLUMNS`` overrides both."""
    return shutil.get_terminal_size((100, 24)).columns


class Page:
    """Collects styled lines. Nothing that is printed on it is read as markup."""

    def __init__(self, width: int, *, color: bool) -> None:
        self.width = max(width, 40)
        self._buffer = StringIO()
        self._console = Console(
            file=self._buffer,
            width=self.width,
            color_system="standard" if color else None,
            force_terminal=color,
            no_color=not color,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def line(self, *parts: Text | str | tuple[str, str]) -> None:
        """Print one line; what does not fit is cut off visibly."""
        text = Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
        text.rstrip()
        self._console.print(text, no_wrap=True, overflow="ellipsis")

    def whole_line(self, text: str) -> None:
        """Print one line in full, however long: for lines that programs read."""
        self._console.print(Text(text), soft_wrap=True)

    def paragraph(self, text: Text | str, *, label: Text | str = "", indent: int = 0) -> None:
        """Print running text after a label, wrapped under itself."""
        head = Text(" " * indent)
        head.append_text(label if isinstance(label, Text) else Text(label))
        body = text if isinstance(text, Text) else Text(text)
        room = max(min(self.width, PROSE) - head.cell_len, 20)
        for number, part in enumerate(body.wrap(self._console, room)):
            part.rstrip()
            self.line(head if number == 0 else " " * head.cell_len, part)

    def items(self, items: list[Text]) -> None:
        """Print short items side by side; none of them is broken over two lines."""
        line = Text()
        for item in items:
            if line and line.cell_len + 2 + item.cell_len > min(self.width, PROSE):
                self.line(line)
                line = Text()
            if line:
                line.append("  ")
            line.append_text(item)
        self.line(line)

    def heading(self, title: str, note: str = "", style: str = "bold") -> None:
        """Print a section heading after a blank line, underlined without colour too."""
        self.line()
        self.line((title, style), (f"  {note}" if note else "", "dim"))
        self.line(("─" * min(self.width, max(cell_len(title) + (cell_len(note) + 2 if note else 0), 24)), "dim"))

    def text(self) -> str:
        """Return everything that was printed."""
        return self._buffer.getvalue()


def fold_path(path: str, width: int) -> list[str]:
    """Break ``path`` into lines of at most ``width`` cells, after a slash where that is possible."""
    lines = [""]
    for segment in path.replace("/", "/\0").split("\0"):
        if cell_len(lines[-1]) + cell_len(segment) > width and lines[-1]:
            lines.append("")
        for char in segment:
            if cell_len(lines[-1]) + cell_len(char) > width:
                lines.append("")
            lines[-1] += char
    return lines


def pad(text: str, width: int) -> str:
    """Return ``text`` cut or filled to exactly ``width`` cells (a wide character takes two)."""
    return set_cell_size(text, width)
