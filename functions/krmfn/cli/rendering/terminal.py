"""Lines with styles on a stream: in colour on a terminal, plain elsewhere."""

import os
import shutil
from collections.abc import Callable
from typing import NamedTuple, Protocol, TextIO


class Part(NamedTuple):
    """A piece of a line, and what it is: `good`, `bad`, `mild`, `dim`, `strong` or ""."""

    text: str
    style: str = ""


class Terminal(Protocol):
    """Where lines go.

    Attributes:
        width: columns that a line may take; 0 for any number.
    """

    width: int

    def line(self, *parts: Part) -> None:
        """Print a line."""

    def busy(self, text: str) -> None:
        """Show, where it can be taken back, that something is going on."""

    def idle(self) -> None:
        """Take it back."""


def terminal(stream: TextIO) -> Terminal:
    """Give the terminal behind a stream; a stream that is none, or wants no colour, is plain."""
    plain = not stream.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return _Plain(stream) if plain else _Coloured(stream)


class _Plain:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.width = shutil.get_terminal_size().columns if stream.isatty() else 0

    def line(self, *parts: Part) -> None:
        self.stream.write("".join(part.text for part in parts).rstrip() + "\n")
        self.stream.flush()

    def busy(self, text: str) -> None:
        """Say nothing: a plain stream cannot take it back."""

    def idle(self) -> None:
        """Do nothing, as nothing was said."""


_STYLES = {"good": "green", "bad": "bold red", "mild": "yellow", "dim": "dim", "strong": "bold"}


class _Coloured:
    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self.console = Console(file=stream, highlight=False, soft_wrap=True)
        self.width = self.console.width
        self.stop: Callable[[], None] | None = None

    def line(self, *parts: Part) -> None:
        from rich.text import Text

        styled = ((part.text, _STYLES.get(part.style, "")) for part in parts)
        self.console.print(Text.assemble(*styled))

    def busy(self, text: str) -> None:
        from rich.text import Text

        status = self.console.status(Text(text, "dim"), spinner="dots", spinner_style="dim")
        status.start()
        self.stop = status.stop

    def idle(self) -> None:
        if self.stop:
            self.stop()
        self.stop = None
