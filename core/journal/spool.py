"""What could not be written while the journal was away, in files of this machine: each is there whole or not at all.

Any process of the machine reads them, and anything may stand in them: what a change sets is worked out anew from its
texts.
"""

import json
import logging
import os
import re
import time
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import attrs

from anymedia.model.codec import from_json, to_json
from anymedia.model.errors import JournalError
from anymedia.model.options import MOST_USD
from anymedia.model.strict_json import Json, loads

from .new_file import new_file
from .protocol import Ended, Seen
from .records import NANO, Records, are_seconds, as_text, attempt_in, task_in

Late: TypeAlias = Ended | Seen
"""A change that is written later: how a submit has ended, or that a task is over."""

ASIDE = "aside"
"""The folder for what cannot be read."""

LARGEST = 64 << 20
"""Bytes that a file may have."""

UNFINISHED = 3600.0
"""Seconds after which an unfinished file was left by a process that was killed."""

NEW = 120.0
"""Seconds for which the process that has put a file there may see to it before the others do: a write takes as long."""

_NAME = re.compile(r"(ended|seen)-\d{20}-[0-9a-f]{32}\.json")

_log = logging.getLogger("anymedia")


class Spool:
    """The changes that wait in a folder, each a file; those of one process in the order in which they were put there.

    Errors, of every method: OSError.
    """

    def __init__(self, folder: Path, records: Records) -> None:
        self.folder: Path = folder
        self._records = records
        self._last = 0
        self._stuck: set[str] = set()

    def put(self, change: Late) -> None:
        """Keep a change; it is on the disk when this returns."""
        kind = "ended" if isinstance(change, Ended) else "seen"
        self._last = max(time.time_ns(), self._last + 1)  # in order, whoever sets the clock back
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(self.folder / f"{kind}-{self._last:020d}-{uuid4().hex}.json") as file:
            file.write_text(json.dumps(to_json(change)), "ascii")

    def names(self) -> list[str]:
        """Return the names of all that waits: ends first, as what is seen of a task needs the end that names it."""
        try:
            with os.scandir(self.folder) as found:
                files = [each.name for each in found]
        except (FileNotFoundError, NotADirectoryError):
            return []
        for name in files:
            if name.endswith(".part"):
                self._clear(self.folder / name)
        return sorted(name for name in files if _NAME.fullmatch(name) and name not in self._stuck)

    def read(self, names: list[str]) -> dict[str, Late]:
        """Return the changes that wait under names, as far as they are there; what cannot be read is put aside."""
        found: dict[str, Late] = {}
        for name in names:
            try:
                found[name] = self._read(name)
            except FileNotFoundError:  # another process was faster
                continue
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a file is that file's fault
                self.put_aside(name, str(error) or type(error).__name__)
        return found

    def done(self, name: str) -> None:
        """Let go of what is written in the journal now."""
        (self.folder / name).unlink(missing_ok=True)

    def put_aside(self, name: str, why: str) -> None:
        """Keep a file apart from those that wait, and log why."""
        kept, aside = self.folder / name, self.folder / ASIDE / name
        try:
            aside.parent.mkdir(mode=0o700, exist_ok=True)
            kept.replace(aside)
            kept = aside
        except OSError as error:
            self._stuck.add(name)
            why = f"{why}; it stays where it is: {error.strerror or error}"
        _log.error("an outcome that waited for the journal is not written down, and is kept as %s: %s", kept, why)

    def _read(self, name: str) -> Late:
        """Return the change that waits under a name. Errors: of any kind."""
        file = self.folder / name
        if not file.is_file():
            file.lstat()
            raise ValueError("it is no file")
        if file.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST >> 20} MiB")
        data = loads(file.read_bytes())
        return self._ended(data) if name.startswith("ended") else self._seen(data)

    def _ended(self, data: Json) -> Ended:
        change = from_json(Ended, data)
        if change.body is not None:
            loads(change.body)
        attempt = attempt_in(change.record, change.task)
        how = {"unanswered": change.unanswered, "keeps_task": change.keeps_task, "by_webhook": change.by_webhook}
        ended = self._records.ended(attempt, **how)
        _check(ended, ended.id, ended.task_id, attempt.order.account)
        return attrs.evolve(ended, record=change.record, task=change.task, body=change.body)

    def _seen(self, data: Json) -> Seen:
        change = from_json(Seen, data)
        if change.took is not None and not are_seconds(*change.took):
            raise ValueError(f"no task takes {change.took} seconds")
        seen = self._records.seen(task_in(change.task), by_webhook=change.by_webhook, took=change.took)
        _check(seen, seen.task_id, seen.account)
        return attrs.evolve(seen, task=change.task)

    def _clear(self, unfinished: Path) -> None:
        """Delete an unfinished file of a process that was killed."""
        try:
            if time.time() - unfinished.stat().st_mtime > UNFINISHED:
                unfinished.unlink()
        except OSError:
            return


def is_new(name: str) -> bool:
    """Return whether what waits under a name was put there just now."""
    return time.time() - int(name.split("-")[1]) / 1e9 < NEW


def waiting(folder: Path) -> int:
    """Return how many changes there are in a folder; none where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return sum(_NAME.fullmatch(each.name) is not None for each in found)
    except OSError:
        return 0


def _check(change: Late, *names: str | None) -> None:
    """Refuse what no database takes. Errors: ValueError."""
    if any(name is not None and (as_text(name) != name or "\0" in name) for name in names):
        raise ValueError(f"a name in it is no text: {names}")
    if change.reserved is not None and abs(change.reserved) > MOST_USD * NANO:
        raise ValueError("no sum holds its amount")


def no_place(folder: Path, error: OSError) -> JournalError:
    """Return the error for a folder that cannot be used."""
    return JournalError(f"{folder}: {error.strerror or error}")
