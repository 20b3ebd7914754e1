"""The manifest of a batch: what became of each row, as JSON lines, and as a summary in CSV beside them.

Rows are written down as they end, into an unfinished file: what was told so far can be read there when the process is
killed. At the end all of them stand in the manifest in their order, which appears whole or not at all.
"""

import csv
import io
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from .model.batch import BatchEnd, RowEnd
from .model.errors import AnymediaError, ConfigError
from .model.money import EXACT, plain, total
from .model.paths import expanded
from .model.plain import one_line
from .model.redact import scrubbed
from .model.request import Request
from .model.strict_json import Json, loads
from .model.task import Asset, Attempt, Task
from .model.vocabulary import Billed
from .storage import unwritable
from .transport.part import PUBLIC, part
from .transport.places import check_folder

_log = logging.getLogger("anymedia")

UNFINISHED = ".part"
"""How the name of a manifest ends that is still written."""

FIRST = 1 << 20
"""Bytes of a file's first line by which it is known, at most."""

MOST_LABELS = 50
"""Labels that have a column of their own in the summary: our choice."""

COLUMNS = (
    *("batch", "row", "line", "state", "bought_before", "account", "offer", "model", "task_ids"),
    *("billed_usd", "possibly_usd", "price_status", "seconds", "files", "sha256", "error", "what_to_do", "key"),
)
"""The columns of the summary; those of labels stand behind them."""

SEVERAL = "|"
"""What stands between several values in one cell, as in a file of rows."""


class Manifest:
    """What became of each row of a batch, written to `path` as JSON lines, and to `summary` as CSV.

    A manifest of the same batch is replaced by the new one when that is whole; any other file is left as it is.
    `prompts`: what was asked for is written down too. A disk that takes nothing undoes no purchase and ends no run:
    what could not be written is kept and tried again, and `close` says so where it stays so. Errors: ConfigError for
    a path where another file is, or where nothing can be written.
    """

    def __init__(self, path: str | os.PathLike[str], batch: str, *, prompts: bool = False) -> None:
        self.path: Path = expanded(path)
        self.summary: Path = self.path.with_suffix(".csv")
        self.batch: str = batch
        self._prompts = prompts
        self._part = Path(f"{self.path}{UNFINISHED}")
        self._file: BinaryIO | None = None
        self._end = 0
        self._places: dict[int, int] = {}
        self._kept: dict[int, bytes] = {}
        self._labels: dict[str, None] = {}
        self._is_told = False
        if self.path == self.summary:
            raise ConfigError(f"{self.path}: the summary has this name; the manifest is called like rows.jsonl")
        try:
            check_folder(self.path.parent)
            for each in (self.path, self._part, self.summary):
                self._check(each)
        except OSError as error:
            raise unwritable(str(self.path), error.strerror or str(error)) from None

    def _check(self, path: Path) -> None:
        """Check that a file may be replaced: there is none, or it is of this batch. Errors: ConfigError, OSError."""
        if not path.exists() or (path.is_file() and self._is_ours(path)):
            return
        what = "summary" if path == self.summary else "manifest"
        told = f"{path} is no {what} of the batch {self.batch!r}, and is not overwritten"
        raise ConfigError(f"{told}: move it away, or name another manifest")

    def _is_ours(self, path: Path) -> bool:
        """Return whether a file is of this batch, or holds nothing that could be lost. Errors: OSError."""
        with path.open("rb") as file:
            first, second = file.readline(FIRST), file.readline(FIRST)
        if path == self.summary:
            return not first or _is_summary(first, second, _harmless(self.batch))
        batch = _of_line(first)
        is_torn = path == self._part and batch is None  # by a power cut
        return not first or is_torn or batch == self.batch

    def add(self, end: RowEnd) -> None:
        """Write down the end of a row; what the disk does not take now is kept and tried again."""
        told = row_json(end, prompts=self._prompts)
        self._kept[end.number] = _encoded({"batch": self.batch, **told})
        for name in told["labels"]:
            if len(self._labels) < MOST_LABELS:
                self._labels[name] = None
        try:
            self._write()
        except OSError as error:
            if not self._is_told:
                self._is_told = True
                _log.warning("the manifest %s cannot be written, and is tried again: %s", self.path, error)

    def close(self, end: BatchEnd) -> None:
        """Put the manifest and the summary into their places.

        Errors: OSError, with all that was told before; it can be tried again.
        """
        for number in range(1, end.rows + 1):
            if number not in self._places and number not in self._kept:
                self._kept[number] = _encoded({"batch": self.batch, "row": number, "state": "not begun"})
        folder = self.path.parent
        with part(folder, PUBLIC) as rows, part(folder, PUBLIC) as table:
            table.write(_table_row([*COLUMNS, *map(_column, self._labels)]))
            for line in self._lines():
                rows.write(line)
                table.write(_table_row(_cells(json.loads(line), self._labels)))
            for unfinished, path in ((rows, self.path), (table, self.summary)):
                unfinished.sync()
                unfinished.path.replace(path)
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def _write(self) -> None:
        """Write what is kept to the part file. Errors: OSError; what was not written is still kept."""
        if self._file is None:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w+b", buffering=0)
        for number, line in [*self._kept.items()]:
            self._file.seek(self._end)
            left = memoryview(line)
            try:
                while left:
                    left = left[self._file.write(left) :]
            except OSError:
                self._file.truncate(self._end)  # no line is there in part
                raise
            self._places[number] = self._end
            self._end += len(line)
            del self._kept[number]

    def _lines(self) -> Iterator[bytes]:
        """Yield the line of each row, in their order. Errors: OSError."""
        again = None if self._file is None else os.dup(self._file.fileno())
        with nullcontext() if again is None else os.fdopen(again, "rb") as file:
            for number in sorted({*self._places, *self._kept}):
                if number in self._kept or file is None:
                    yield self._kept[number]
                else:
                    file.seek(self._places[number])
                    yield file.readline()


def _of_line(line: bytes) -> str | None:
    """Return the batch whose manifest begins with a line; None for what is no manifest."""
    with suppress(ValueError):
        told = loads(line)
        if isinstance(told, dict) and isinstance(told.get("row"), int):
            return str(told.get("batch"))
    return None


def _is_summary(headers: bytes, first: bytes, batch: str) -> bool:
    """Return whether the first two lines of a file are of the summary of a batch, which may have no rows."""
    with suppress(ValueError, csv.Error):
        names, *cells = csv.reader([headers.decode(), *([first.decode()] if first else [])])
        return tuple(names[: len(COLUMNS)]) == COLUMNS and all(row[:1] == [batch] for row in cells)
    return False


# A row as JSON


def row_json(end: RowEnd, *, prompts: bool = False) -> dict[str, Json]:
    """Return how a row has ended as JSON, with its prompt where that may be written down."""
    request, error = end.row.request, end.error
    attempts = _attempts(end)
    tasks = _tasks(end, attempts)
    served = {(task.account, task.offer, task.model): None for task in tasks}
    prompt = {"prompt": next(iter(request.texts), None)} if prompts and isinstance(request, Request) else {}
    return {
        "row": end.number,
        "line": end.row.line,
        "key": end.key,
        "state": end.state,
        "bought_before": end.bought_before,
        **prompt,
        "served_by": [{"account": account, "offer": offer, "model": model} for account, offer, model in served],
        "task_ids": [task.id for task in tasks],
        "money": _money(attempts),
        "seconds": None if end.seconds is None else round(end.seconds, 3),
        "files": [_file(asset) for task in tasks for asset in task.assets if asset.kept],
        "labels": dict(request.labels) if isinstance(request, Request) else {},
        "error": None if error is None else _error(error, request.texts if not prompts else ()),
        "what_to_do": _what_to_do(end, attempts),
    }


def _attempts(end: RowEnd) -> Sequence[Attempt]:
    if end.result is not None:
        return end.result.attempts
    return () if end.error is None else end.error.attempts


def _tasks(end: RowEnd, attempts: Sequence[Attempt]) -> list[Task]:
    """Return the tasks that made what there is of a row; where nothing was made, those that were bought for it."""
    if end.result is not None:
        return [*end.result.tasks]
    known = [attempt.task for attempt in attempts if attempt.task is not None]
    last = None if end.error is None else end.error.task
    of = {(task.account, task.id): task for task in [*known, *([] if last is None else [last])]}
    return [*of.values()]


def _money(attempts: Sequence[Attempt]) -> dict[str, Json]:
    """Return what a row has cost: as BatchEnd counts it, with how sure the price is."""
    billed = possibly = Decimal(0)
    counted = [attempt for attempt in attempts if attempt.reserved != 0]
    for attempt in counted:
        is_over = attempt.task is not None and attempt.task.state.final
        usd = attempt.reserved or Decimal(0)
        if is_over or attempt.settled is Billed.YES:
            billed = EXACT.add(billed, usd)
        else:
            possibly = EXACT.add(possibly, usd)
    prices = [attempt.order.money if attempt.task is None else attempt.task.money for attempt in counted]
    return {
        "billed": plain(billed),
        "possibly": plain(possibly),
        "unknown": sum(attempt.reserved is None for attempt in counted),
        "status": str(total(prices).status) if prices else None,
    }


def _file(asset: Asset) -> dict[str, Json]:
    return {
        "file": asset.stored if asset.path is None else str(asset.path.absolute()),
        "sha256": asset.sha256,
        "media_type": asset.media_type,
        "bytes": asset.length,
    }


def _error(error: AnymediaError, private: Sequence[str]) -> dict[str, Json]:
    """Return an error as JSON, in which what a provider has repeated of private texts is replaced."""
    return {
        "type": type(error).__name__,
        "message": scrubbed(str(error), private),
        "billed": str(error.billed),
        "retry": str(error.retry),
    }


AGAIN = "start the batch again"


def _what_to_do(end: RowEnd, attempts: Sequence[Attempt]) -> str | None:
    """Return what a person can do about a row that is not done; None where it is."""
    if end.state == "done":
        return None
    if end.state == "not begun":
        return f"{AGAIN}: nothing was sent for it"
    if end.state == "unfinished":
        return f"{AGAIN}: what is paid is waited for and fetched, and not bought again"
    if end.state == "uncertain":
        open_ = [attempt for attempt in attempts if attempt.open and attempt.task is None]
        return "; ".join(map(_settled, open_)) or "look for it in the provider's own list of tasks"
    billed = Billed.UNKNOWN if end.error is None else end.error.billed
    if billed is not Billed.NO:
        return "it is not bought again under its key: to buy it anew, give the row another idempotency_key"
    must_change = end.error is not None and end.error.must_change
    return f"change the row, and {AGAIN}" if must_change else f"{AGAIN}: it was not billed, and is tried again"


def _settled(attempt: Attempt) -> str:
    look = f"look for it in {attempt.order.provider}'s own list of tasks, and note what you find"
    return f"{look}: `anymedia tasks settle {attempt.id} --billed`, `--not-billed` or `--task TASK_ID`"


def _encoded(told: Mapping[str, Json]) -> bytes:
    """Return JSON as a line; what is no text stays as its escape."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


# A row of the summary


def _column(label: str) -> str:
    return f"label.{one_line(label)}"


def _cells(told: Mapping[str, Any], labels: Iterable[str]) -> list[Json]:
    """Return the cells of a row that is told as JSON."""
    served, files, money = told.get("served_by", ()), told.get("files", ()), told.get("money", {})
    error = told.get("error") or {}
    held = {
        **told,
        **{name: _joined(each[name] for each in served) for name in ("account", "offer", "model")},
        "task_ids": _joined(told.get("task_ids", ())),
        "billed_usd": money.get("billed"),
        "possibly_usd": money.get("possibly"),
        "price_status": money.get("status"),
        "files": _joined(each["file"] for each in files),
        "sha256": _joined(each["sha256"] for each in files),
        "error": f"{error['type']}: {error['message']}" if error else None,
    }
    return [*map(held.get, COLUMNS), *map(told.get("labels", {}).get, labels)]


def _joined(values: Iterable[str | None]) -> str:
    return SEVERAL.join(value or "" for value in values)


_EXECUTED = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet takes for a formula, if need be after blanks that it leaves out."""


def _table_row(cells: Iterable[Json]) -> bytes:
    """Return cells as a row of CSV, in which no text is a formula."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(map(_harmless, cells))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_EXECUTED) else cell
