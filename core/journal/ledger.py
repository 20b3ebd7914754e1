"""What was paid for is never forgotten: each attempt is on disk before its first byte is sent, and once answered.

An attempt is written by three hands: `intend` before it is sent, `end` when its submit has ended, `see` whenever its
task has moved on. An account's key and the bytes of a result never come here.
"""

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import attrs

from anymedia.model.codec import from_json, to_json
from anymedia.model.errors import AnymediaError, OutOfBounds, OverCeiling, Problem
from anymedia.model.money import EXACT, Money
from anymedia.model.strict_json import Json, loads
from anymedia.model.task import SENDING, Attempt, Order, Task
from anymedia.model.vocabulary import Billed, Outcome, State

from .process_lock import Owner, forget, is_alive, known, mark
from .redact import scrubbed, secrets_of
from .sqlite import Store

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """CREATE TABLE attempts (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            key TEXT,
            provider TEXT NOT NULL,
            account TEXT NOT NULL,
            task_id TEXT,
            started REAL NOT NULL,
            status TEXT NOT NULL,
            open INTEGER NOT NULL,
            record TEXT NOT NULL,
            task TEXT,
            body BLOB
        )""",
        "CREATE INDEX by_task ON attempts (task_id, account) WHERE task_id IS NOT NULL",
        "CREATE INDEX by_key ON attempts (key) WHERE key IS NOT NULL",
        "CREATE INDEX by_open ON attempts (open) WHERE open",
        "CREATE TABLE keys (key TEXT PRIMARY KEY, digest TEXT NOT NULL, holder TEXT, owner TEXT NOT NULL)",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE attempts ADD COLUMN reserved INTEGER",
        f"""UPDATE attempts SET reserved = CASE
            WHEN status IN ('{Outcome.NOT_SENT}', '{Outcome.REFUSED}') THEN 0
            WHEN json_extract(record, '$.settled') = '{Billed.NO}' THEN 0
            ELSE round(1000000000 * json_extract(coalesce(task, record), '$.money.usd')) END
            WHERE json_valid(record) AND json_valid(coalesce(task, record))""",  # noqa: S608 - the words are ours
        "CREATE INDEX by_day ON attempts (account, started)",
    ),
)
"""The statements that lead from each form of the file to the next."""

LEFT = "-left"
"""What the owner of an attempt is called, behind its name, when the result is to be on disk and is not yet."""

LOST = "its process ended before the answer came"

NANO = Decimal(1_000_000_000)
"""Of a dollar: what amounts are kept in that are added up."""

_END = "UPDATE attempts SET status = ?, open = ?, record = ?, task = ?, task_id = ?, reserved = ? WHERE id = ?"
_SETTLE = f"{_END} AND task_id IS NULL"

_NO_ROWS: list[tuple[Any, ...]] = []

_COLUMNS = "id, owner, provider, account, started, record, task, body"


class Journal:
    """The attempts in one SQLite file, which any number of clients and processes may share.

    `prompts=False` leaves out what was asked for, in the provider's words too. Errors, of every method: JournalError.
    """

    def __init__(self, path: str | os.PathLike[str], *, prompts: bool = True) -> None:
        self.path: Path = Path(path)
        self.results: Path = self.path.parent / "results"
        self._prompts = prompts
        self._store = Store(self.path, MIGRATIONS)
        self._folder = self.path.with_name(f"{self.path.name}-owners")
        self._owner = Owner(self._folder)
        self._private: dict[tuple[str, str], tuple[str, ...]] = {}

    def close(self) -> None:
        """Write what is left, and close the file."""
        self._store.close()
        self._owner.end()

    # Written by a client as it goes

    async def intend(self, attempt: Attempt, body: bytes | None, limit: Decimal | None = None) -> None:
        """Write down what is about to be sent.

        Errors: OverCeiling when the account's attempts of the day (UTC) would pass `limit` (USD) with it.
        """
        record = self._record(attempt)
        kept = body if self._prompts else None

        def insert(connection: sqlite3.Connection) -> None:
            if limit is not None:
                _within(connection, attempt, limit)
            self._insert(connection, attempt, record, kept)

        await self._store.write(insert)

    async def end(self, attempt: Attempt) -> None:
        """Write down how a submit has ended."""
        await self._store.write(self._ended(attempt))

    def end_later(self, attempt: Attempt) -> None:
        """Write down how a submit has ended, without waiting for it."""
        self._store.put(self._ended(attempt))

    async def see(self, task: Task) -> None:
        """Write down how a task stands; one that is final is waited for, and never turns back."""
        change = self._seen(task)
        if task.state.final:
            await self._store.write(change)
        else:
            self._store.put(change)

    # Read, and settled by hand

    def attempts(
        self,
        *,
        status: str | None = None,
        provider: str | None = None,
        account: str | None = None,
        idempotency_key: str | None = None,
        since: datetime | None = None,
        open: bool | None = None,  # noqa: A002 - the field's word
        limit: int | None = None,
    ) -> list[Attempt]:
        """Return the attempts (the last ones, up to a limit) in the order in which they were begun.

        Every filter that is given holds.
        """
        conditions: dict[str, Any] = {"provider = ?": provider, "account = ?": account, "key = ?": idempotency_key}
        conditions["started >= ?"] = None if since is None else since.timestamp()
        conditions["open = ?"] = open
        # What is being sent is uncertain when nobody sends it any more.
        conditions["status IN (?, ?)"] = None if status is None else (status, SENDING)
        asked = {text: value for text, value in conditions.items() if value is not None}
        rows = self._rows(asked)
        found = (attempt for attempt in self._read(reversed(rows)) if status in (None, attempt.status))
        return list(islice(found, limit))[::-1]

    def count(self) -> int:
        """Return how many attempts there are."""
        return self._store.read(_count, 0)

    def find(self, name: str) -> Attempt:
        """Return the attempt with an id (its first letters will do), or with a task of that id. Errors: OutOfBounds."""
        conditions = {"id >= ? AND id < ? || 'g' OR task_id = ?": (name, name, name)}
        found = list(self._read(self._rows(conditions)))
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} attempts begin so" if found else "no attempt and no task is named so"
        raise OutOfBounds(problems=[Problem(field="id", message=f"{name!r}: {what}")])

    def _rows(self, conditions: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._store.read(partial(_select, conditions=conditions), _NO_ROWS)
        except UnicodeEncodeError:  # asked for by what is no text, and all that is kept is
            return []

    def settle(self, name: str, billed: bool, task_id: str | None = None) -> Attempt:
        """Note what somebody found out of an uncertain attempt: whether it was billed, and its task where there is one.

        Errors: OutOfBounds when it is not uncertain, or there is no such attempt.
        """
        attempt = self.find(name)
        if attempt.outcome not in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID) or attempt.task is not None:
            message = f"{attempt.id[:8]} is {attempt.status}: only what is uncertain can be settled by hand"
            raise OutOfBounds(problems=[Problem(field="id", message=message)])
        task = None if task_id is None else attempt.draft(task_id)
        settled = attrs.evolve(attempt, settled=Billed.YES if billed else Billed.NO, task=task)
        if not self._store.call(self._ended(settled, _SETTLE)):
            raise OutOfBounds(problems=[Problem(field="id", message=f"{attempt.id[:8]} was answered just now")])
        return settled

    def left(self) -> tuple[list[Attempt], list[str]]:
        """Return what nobody sees to any more, or we do: open attempts, and results that are on no disk.

        A result counts as left when its process ended without closing its client, or `leave` was told so. With it come
        the marks of who left it, for `forget`.
        """
        marks = known(self._folder)
        living = {name for name in marks if self._is_alive(name) and not self._is_ours(name)}
        gone = [name for name in marks if name not in living and name != self._owner.name]
        rows = self._store.read(partial(_left, crashed=gone), _NO_ROWS)
        found = self._read(row for row in rows if row[1] not in living)
        return [attempt for attempt in found if attempt.open or _is_unfetched(attempt)], gone

    async def leave(self, task: Task) -> None:
        """Note that a task's result is to be on disk: until it is, the task is left when we end."""
        name = self._owner.name + LEFT
        sql = "UPDATE attempts SET owner = ? WHERE task_id = ? AND account = ?"
        mark(self._folder, name)
        await self._store.write(partial(_update, sql=sql, values=(name, task.id, task.account)))

    def forget(self, marks: Iterable[str]) -> None:
        """Take it that what was left by these has been seen to."""
        for name in marks:
            forget(self._folder, name)

    # The caller's own keys

    async def claim(self, key: str, request: Json, holder: str) -> list[Attempt] | None:
        """Take a key for a request, and return what was bought under it; None while somebody else holds it.

        Errors: OutOfBounds when something was bought under it by another request.
        """
        return await self._store.write(lambda connection: self._claim(connection, key, request, holder))

    async def release(self, key: str, holder: str) -> None:
        """Let a key go."""
        await self._store.write(_released(key, holder))

    def release_later(self, key: str, holder: str) -> None:
        """Let a key go, without waiting for it: a claim that is still to be written comes first."""
        self._store.put(_released(key, holder))

    def _claim(self, connection: sqlite3.Connection, key: str, request: Json, holder: str) -> list[Attempt] | None:
        digest = _digest(connection, request)
        row = connection.execute("SELECT digest, holder, owner FROM keys WHERE key = ?", (key,)).fetchone()
        if row is not None and row[1] not in (None, holder) and self._is_alive(row[2]):
            return None
        bought = [attempt for attempt in self._under(connection, key) if _may_be_paid(attempt)]
        if any(attempt.outcome is None for attempt in bought):
            return None  # left by its caller, and not answered yet
        if bought and row is not None and row[0] != digest:
            when = f"{bought[0].started_at:%Y-%m-%d %H:%M} UTC"
            message = f"{key!r} was used for another request, at {when}; each request needs a key of its own"
            raise OutOfBounds(problems=[Problem(field="key", message=message)])
        self._owner.live()
        values = (key, digest, holder, self._owner.name)
        connection.execute("INSERT OR REPLACE INTO keys (key, digest, holder, owner) VALUES (?, ?, ?, ?)", values)
        return bought

    def _under(self, connection: sqlite3.Connection, key: str) -> list[Attempt]:
        return list(self._read(_select(connection, {"key = ?": key})))

    # Rows

    def _insert(self, connection: sqlite3.Connection, attempt: Attempt, record: str, body: bytes | None) -> None:
        self._owner.live()
        connection.execute(
            "INSERT INTO attempts (id, owner, key, provider, account, started, status, open, record, body, reserved) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
            (
                attempt.id,
                self._owner.name,
                attempt.order.idempotency_key,
                attempt.order.provider,
                attempt.order.account,
                attempt.started_at.timestamp(),
                SENDING,
                record,
                body,
                _nano(attempt.reserved),
            ),
        )

    def _ended(self, attempt: Attempt, sql: str = _END) -> "partial[int]":
        task = attempt.task
        return partial(
            _update,
            sql=sql,
            values=(
                attempt.status,
                attempt.open,
                self._record(attempt),
                None if task is None else self._task(task, self._secrets(attempt)),
                None if task is None else task.id,
                _nano(attempt.reserved),
                attempt.id,
            ),
        )

    def _seen(self, task: Task) -> "partial[int]":
        kept = self._task(task, self._private.get((task.account, task.id)))
        on_disk = any(asset.path for asset in task.assets)
        return partial(
            _update,
            sql="UPDATE attempts SET status = ?, open = ?, task = ?, reserved = ? "
            "WHERE task_id = ? AND account = ? AND (open OR ?)",
            values=(
                str(task.state),
                not task.state.final,
                kept,
                _nano(task.money.usd),
                task.id,
                task.account,
                on_disk,
            ),
        )

    def _record(self, attempt: Attempt) -> str:
        """Return an attempt as it is kept, without its body and its task, which stand beside it."""
        record = to_json(attrs.evolve(attempt, order=attrs.evolve(attempt.order, body=None), task=None))
        if not self._prompts:
            private = self._secrets(attempt)
            record["error"] = scrubbed(record["error"], private)
            record["order"]["adjustments"] = scrubbed(record["order"]["adjustments"], private)
        return _text(record)

    def _task(self, task: Task, private: Sequence[str] | None) -> str:
        """Return a task as it is kept: no bytes of a result, and no prompt where none is wanted.

        Where the prompt is not known any more that the provider's words may repeat, they are left out altogether.
        """
        known = private is not None or self._prompts
        raw = scrubbed(task.raw, private or ()) if known else None
        assets = tuple(asset if asset.data is None else attrs.evolve(asset, data=None) for asset in task.assets)
        kept = to_json(attrs.evolve(task, raw=None, assets=assets)) | {"raw": raw}
        if not self._prompts:
            if kept["failure"] is not None:
                kept["failure"]["message"] = scrubbed(kept["failure"]["message"], private or ()) if known else None
            kept["adjustments"] = scrubbed(kept["adjustments"], private or ()) if known else []
            if task.state.final:
                self._private.pop((task.account, task.id), None)
        return _text(kept)

    def _secrets(self, attempt: Attempt) -> tuple[str, ...]:
        if self._prompts:
            return ()
        private = secrets_of(attempt.order.body)
        if attempt.task is not None and not attempt.task.state.final:
            self._private[attempt.task.account, attempt.task.id] = private
        return private

    def _read(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Attempt]:
        alive: dict[str, bool] = {}
        for row in rows:
            attempt, owner = _attempt(row), row[1]
            if attempt.status == SENDING:
                if owner not in alive:
                    alive[owner] = self._is_alive(owner)
                if not alive[owner]:
                    attempt = attrs.evolve(attempt, outcome=Outcome.UNCERTAIN, error=LOST)
            yield attempt

    def _is_alive(self, owner: str) -> bool:
        return self._is_ours(owner) or is_alive(self._folder, owner.removesuffix(LEFT))

    def _is_ours(self, owner: str) -> bool:
        return owner.removesuffix(LEFT) == self._owner.name


def _released(key: str, holder: str) -> "partial[int]":
    sql = "UPDATE keys SET holder = NULL WHERE key = ? AND holder = ?"
    return partial(_update, sql=sql, values=(key, holder))


def _may_be_paid(attempt: Attempt) -> bool:
    task = attempt.task
    if task is not None and task.state in (State.FAILED, State.CANCELED) and attempt.reserved == 0:
        return False  # it was given back
    return task is not None or attempt.open or attempt.settled is Billed.YES


def _is_unfetched(attempt: Attempt) -> bool:
    task = attempt.task
    return task is not None and task.state is State.SUCCEEDED and not all(asset.path for asset in task.assets)


def _attempt(row: tuple[Any, ...]) -> Attempt:
    """Return the attempt of a row; one that cannot be read is there all the same, and says so."""
    name, _, provider, account, started, record, task, body = row
    try:
        known = from_json(Attempt, loads(record))
        made = None if task is None else from_json(Task, loads(task))
        sent = None if body is None else loads(body)
        return attrs.evolve(known, task=made, order=attrs.evolve(known.order, body=sent))
    except (AnymediaError, ValueError) as error:
        return Attempt(
            id=str(name),
            order=Order(
                provider=str(provider),
                account=str(account),
                path="",
                money=Money.unknown("its record cannot be read"),
            ),
            started_at=datetime.fromtimestamp(started, UTC),
            outcome=Outcome.UNCERTAIN,
            error=f"its record cannot be read: {error}",
        )


def _select(connection: sqlite3.Connection, conditions: dict[str, Any]) -> list[tuple[Any, ...]]:
    where = " AND ".join(f"({text})" for text in conditions) or "1"
    values = [value for given in conditions.values() for value in (given if isinstance(given, tuple) else (given,))]
    return connection.execute(f"SELECT {_COLUMNS} FROM attempts WHERE {where} ORDER BY number", values).fetchall()  # noqa: S608 - the conditions are ours, the values are bound


def _left(connection: sqlite3.Connection, crashed: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return what is open, and whatever is of an owner who did not end well."""
    where = "open OR owner IN (SELECT value FROM json_each(?)) AND task_id IS NOT NULL"
    return _select(connection, {where: json.dumps(list(crashed))})


def _count(connection: sqlite3.Connection) -> int:
    number: int
    (number,) = connection.execute("SELECT count(*) FROM attempts").fetchone()
    return number


def _within(connection: sqlite3.Connection, attempt: Attempt, limit: Decimal) -> None:
    """Hold an attempt against what its account has spent since midnight. Errors: OverCeiling."""
    midnight = attempt.started_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    sql = "SELECT coalesce(sum(reserved), 0) FROM attempts WHERE account = ? AND started >= ?"
    (spent,) = connection.execute(sql, (attempt.order.account, midnight.timestamp())).fetchone()
    if spent + (_nano(attempt.reserved) or 0) > EXACT.multiply(limit, NANO):
        already = EXACT.divide(Decimal(spent), NANO).normalize(EXACT)
        raise OverCeiling(
            f"{attempt.order.account} may spend {limit} USD a day: {already:f} are spent or reserved since midnight "
            "UTC, "
            f"and this costs {attempt.order.money}",
            account=attempt.order.account,
            provider=attempt.order.provider,
        )


def _nano(usd: Decimal | None) -> int | None:
    return None if usd is None else int(EXACT.multiply(usd, NANO).to_integral_value(ROUND_CEILING))


def _update(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> int:
    """Change rows, and return how many."""
    return connection.execute(sql, values).rowcount


def _digest(connection: sqlite3.Connection, request: Json) -> str:
    """Return what tells two requests apart, and from which no prompt can be read.

    The salt is in the same file: who has that can try whether a prompt was the one, and nobody can without.
    """
    connection.execute("INSERT OR IGNORE INTO facts (name, value) VALUES ('salt', ?)", (secrets.token_hex(16),))
    (salt,) = connection.execute("SELECT value FROM facts WHERE name = 'salt'").fetchone()
    return hashlib.blake2b(
        json.dumps(request, sort_keys=True).encode(), key=bytes.fromhex(salt), digest_size=16
    ).hexdigest()


_text = json.JSONEncoder(separators=(",", ":")).encode
"""In ASCII: what a provider says may hold half of a surrogate pair."""
