"""What a person sees: tables and colours on a terminal, plain lines that are never cut in a pipe."""

from collections.abc import Container, Iterable, Sequence
from typing import Any, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.highlighter import JSONHighlighter
from rich.measure import Measurement
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .text import json_of, printable

UNLIMITED = 10_000
"""Columns of a pipe."""

GAP, WORD = 2, 12
"""Columns between those of a table, and of a word that is folded at the latest."""

Cell: TypeAlias = RenderableType | list[str]


class Screen(Console):
    """A console that takes no markup and no control characters from the texts it prints."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)
        if not self.is_terminal:
            self.width = UNLIMITED

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text as it is shown; every plain str comes by here."""
        return super().render_str(printable(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; in a pipe without the blanks that fill up a line."""
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        self.file.write("\n".join(map(str.rstrip, captured.get().split("\n"))))
        self.file.flush()

    def on_broken_pipe(self) -> None:
        """Leave it to the command how it ends where nobody reads any more. Errors: BrokenPipeError."""
        raise  # noqa: PLE0704 - rich calls this where it has caught that

    def headline(self, title: str, style: str, remark: str = "") -> None:
        """Print the first line of a block."""
        line = Text.assemble((printable(title), f"bold {style}"), (printable(remark and f"  {remark}"), style))
        self.print(Rule(line, align="left", style="dim") if self.is_terminal else line)

    def sentence(self, title: str, text: str, style: str) -> None:
        """Print a sentence behind the word that says what it is."""
        self.print(Text.assemble((f"{title}: ", style), printable(text)))

    def block(self, *parts: RenderableType) -> None:
        """Print parts under a headline."""
        for part in parts:
            self.print(Padding(part, (0, 0, 0, 2), expand=self.is_terminal))

    def table(
        self,
        columns: Iterable[str],
        rows: Iterable[Iterable[Cell]],
        *,
        fill: bool = False,
        whole: Container[str] = (),
    ) -> None:
        """Print a table; a list in a cell goes below each other on a terminal, and stays on its line in a pipe.

        With `fill` the last column takes what is left of a terminal's line, and is cut there; those named in `whole`
        are not folded where there is room for it.
        """
        made = Table(box=SIMPLE_HEAD if self.is_terminal else None, padding=(0, 1, 0, 0), header_style="bold")
        heads, cells = tuple(columns), [[self._cell(cell) for cell in row] for row in rows]
        kept = self._kept(heads, cells, whole)
        for head in heads:
            made.add_column(head, overflow="fold", no_wrap=head in kept)
        if fill and self.is_terminal:
            made.expand, last = True, made.columns[-1]
            last.ratio, last.no_wrap, last.overflow = 1, True, "ellipsis"
        for row in cells:
            made.add_row(*row)
        self.print(made)

    def _kept(
        self, heads: Sequence[str], rows: Sequence[Sequence[RenderableType]], whole: Container[str]
    ) -> Container[str]:
        """Return which of the columns that are not to be folded have room, the first ones first."""
        sizes: dict[str, tuple[int, int]] = {}
        for head, *column in zip(heads, *rows, strict=True):
            each = [Measurement.get(self, self.options.update(width=UNLIMITED), cell) for cell in (head, *column)]
            sizes[head] = min(max(size.minimum for size in each), WORD), max(size.maximum for size in each)
        left = self.width - 1 - sum(least + GAP for least, _ in sizes.values())
        kept = []
        for head, (least, most) in sizes.items():
            if head in whole and most - least <= left:
                kept.append(head)
                left -= most - least
        return kept

    def _cell(self, cell: Cell) -> RenderableType:
        return ("\n" if self.is_terminal else ", ").join(cell) if isinstance(cell, list) else cell


def pairs(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Return names and what they stand for, one below the other."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def json_text(value: Any, *, indent: int | None = 2) -> Text:
    """Return JSON in colours; without an indent on one line."""
    text = Text(printable(json_of(value, indent=indent, ensure_ascii=False)))
    JSONHighlighter().highlight(text)
    return text
