"""What the attempts of a journal came to: one pass over its entries, of which few are in memory at once.

Counts and sums are taken from the columns of entries. Read whole is only what is told in words: what is uncertain, what
failed, and the newest results.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias, TypeVar

import attrs

from anymedia.model.task import SENDING, Attempt
from anymedia.model.vocabulary import Outcome, State

from .counts_as import UNCERTAIN
from .labels import has_labels
from .protocol import DAY, Entry, Journal, Query, Sum
from .records import attempt_of
from .sums import ADDED, sum_of

PAGE = 500
"""How many entries are read at once."""

MOST_UNCERTAIN, MOST_RESULTS, MOST_WORDS = 100, 60, 100
"""How many attempts, the newest, are kept of those that are uncertain and of those with a result, and how many
different words are told apart among the failures of one cause."""

_DAYS = range(date.max.toordinal() - date(1970, 1, 1).toordinal() + 1)
"""The days since 1970 that a date can be made of."""

NO_REASON = "no reason is known"
"""What stands where nobody has told any."""

_VARIES = re.compile(r"(?=[\w-]*\d)[\w-]{4,}")
"""A word that differs from one failure to the next, such as an id or a size; the number of a status is shorter."""

Names: TypeAlias = tuple[str | int, ...]

K = TypeVar("K")

_ALONE = [1, *[0] * (len(ADDED) - 1)]
"""What an entry adds that counts as nothing: itself."""


@attrs.frozen(kw_only=True)
class Wanted:
    """Which attempts are wanted: those started at `since` or later, of an account, and with all of these labels."""

    since: datetime | None = None
    account: str | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def all(self) -> bool:
        """Whether no attempt is left out."""
        return self == Wanted()

    @property
    def query(self) -> Query:
        """What the journal is asked for."""
        since = None if self.since is None else self.since.timestamp()
        return Query(since=since, account=self.account, labels=self.labels or None)

    def takes(self, entry: Entry) -> bool:
        """Return whether an entry is wanted."""
        if self.account not in (None, entry.account):
            return False
        return self._is_since(entry.started) and self._has_labels(entry.labels)

    def _is_since(self, started: float) -> bool:
        if self.since is None:
            return True
        return isinstance(started, float | int) and started >= self.since.timestamp()  # it may be damaged

    def _has_labels(self, text: str) -> bool:
        return not self.labels or has_labels(text, self.labels)


@attrs.frozen(kw_only=True)
class Group:
    """Attempts of one name: `ends` counts them by where they stand, `sums` are what those come to that count."""

    name: Names
    ends: Mapping[str, int]
    sums: tuple[Sum, ...]


@attrs.frozen(kw_only=True)
class Said:
    """How often an account gave the same reason, but for ids and numbers, and the last attempt of these."""

    number: int
    example: Attempt


@attrs.frozen(kw_only=True)
class Failures:
    """The attempts that failed for one cause, and the reasons in the providers' words, the most frequent first.

    `others` of them gave yet other reasons, of which no example is kept.
    """

    cause: str
    group: Group
    said: tuple[Said, ...]
    others: int


@attrs.frozen(kw_only=True)
class Report:
    """What the wanted attempts came to, in groups that come in the order of their names.

    `days` are named by a day, counted from 1970, and an account, `offers` by model and offer, `labels` by all labels of
    an attempt as JSON. `uncertain` and `results` are the newest attempts of their kind, and the last comes first;
    `elsewhere` counts the uncertain attempts that were not wanted, `damaged` the entries that cannot be added up,
    because another program has changed them. What began before `pruned`, a midnight, may have been pruned.
    """

    wanted: Wanted
    total: Group
    days: tuple[Group, ...]
    accounts: tuple[Group, ...]
    models: tuple[Group, ...]
    labels: tuple[Group, ...]
    offers: tuple[Group, ...]
    failures: tuple[Failures, ...]
    uncertain: tuple[Attempt, ...]
    results: tuple[Attempt, ...]
    elsewhere: int
    damaged: int
    pruned: datetime | None = None


async def report(journal: Journal, wanted: Wanted) -> Report:
    """Return what the wanted attempts came to. Errors: JournalError."""
    made = _Making(wanted)
    async for entry in _each(journal, wanted.query):
        made.take(entry)
    elsewhere = 0
    if not wanted.all:
        async for entry in _each(journal, Query(open=True)):
            elsewhere += _is_uncertain(entry) and not wanted.takes(entry)
    day = await journal.pruned()
    pruned = None if day is None else datetime.fromtimestamp(day * DAY, UTC)
    return attrs.evolve(made.report(elsewhere), pruned=pruned)


async def _each(journal: Journal, query: Query) -> AsyncIterator[Entry]:
    query = attrs.evolve(query, first=PAGE, after=0)
    while entries := await journal.select(query):
        for entry in entries:
            yield entry
        query = attrs.evolve(query, after=entries[-1].number)


def reason(attempt: Attempt) -> str:
    """Return why an attempt came to nothing, in the provider's words where it has told any."""
    failure = None if attempt.task is None else attempt.task.failure
    told = [] if failure is None else [word for word in (failure.code, failure.message) if word]
    return ": ".join(told) or attempt.error or NO_REASON


def _is_uncertain(entry: Entry) -> bool:
    return entry.counts_as == UNCERTAIN or (entry.counts_as == SENDING and not entry.alive)


_FAILED = (str(State.FAILED), str(State.CANCELED), str(Outcome.REFUSED), str(Outcome.NOT_SENT))


class _Making:
    """A report that is being made, entry by entry."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._damaged = 0
        self._days, self._offers, self._labels = _Counts(), _Counts(), _Counts()
        self._failures = _Failing()
        self._uncertain: deque[Entry] = deque(maxlen=MOST_UNCERTAIN)
        self._results: deque[Entry] = deque(maxlen=MOST_RESULTS)

    def take(self, entry: Entry) -> None:
        """Count an entry."""
        try:
            counted = _Counted.of(entry)
        except (TypeError, ValueError, OverflowError):  # another program has written there
            self._damaged += 1
            return
        self._days.add((counted.day, entry.account), counted)
        self._offers.add((entry.model, entry.offer), counted)
        self._labels.add((entry.labels,), counted)
        if counted.status in _FAILED:
            self._failures.add(attempt_of(entry), counted)
        elif counted.status == State.SUCCEEDED:
            self._results.append(entry)
        elif counted.counts_as == UNCERTAIN:
            self._uncertain.append(entry)

    def report(self, elsewhere: int) -> Report:
        """Return what was counted."""
        return Report(
            wanted=self._wanted,
            total=next(iter(self._days.groups(lambda _: ())), Group(name=(), ends={}, sums=())),
            days=self._days.groups(),
            accounts=self._days.groups(lambda name: name[1:]),
            models=self._offers.groups(lambda name: name[:1]),
            labels=self._labels.groups(),
            offers=self._offers.groups(),
            failures=self._failures.by_cause(),
            uncertain=tuple(attempt_of(entry) for entry in reversed(self._uncertain)),
            results=tuple(attempt_of(entry) for entry in reversed(self._results)),
            elsewhere=elsewhere,
            damaged=self._damaged,
        )


@attrs.frozen
class _Counted:
    """What an entry adds to its groups; one that is still being sent counts as nothing yet."""

    status: str
    counts_as: str | None
    figures: Sequence[int]
    day: int

    @classmethod
    def of(cls, entry: Entry) -> "_Counted":
        """Return what an entry adds. Errors: TypeError, ValueError, OverflowError when it is damaged."""
        one, status, counts_as = sum_of(entry, "account"), entry.status, entry.counts_as
        texts = (entry.account, entry.model, entry.offer, entry.labels, status, counts_as or "")
        figures = _ALONE if one is None else [getattr(one, name) for name in ADDED]
        if entry.day not in _DAYS or {*map(type, texts)} != {str} or {*map(type, figures)} != {int}:
            raise ValueError("nobody wrote it so")
        if counts_as == SENDING:
            status, counts_as = (status, None) if entry.alive else (str(Outcome.UNCERTAIN), UNCERTAIN)
        return cls(status, counts_as, figures, entry.day)


class _Counts:
    """What attempts come to by name, where they stand, and what they count as."""

    def __init__(self) -> None:
        self._figures: dict[tuple[Names, str, str | None], list[int]] = {}

    def add(self, name: Names, counted: _Counted) -> None:
        """Count an entry under a name."""
        _add(self._figures, (name, counted.status, counted.counts_as), counted.figures, counted.day)

    def groups(self, named: Callable[[Names], Names] = lambda name: name) -> tuple[Group, ...]:
        """Return what was counted under each name, or under what is made of it."""
        ends: dict[Names, dict[str, int]] = {}
        figures: dict[tuple[Names, str], list[int]] = {}
        for (was, status, counts_as), (*each, day) in self._figures.items():
            name = named(was)
            counts = ends.setdefault(name, {})
            counts[status] = counts.get(status, 0) + each[0]
            if counts_as is not None:
                _add(figures, (name, counts_as), each, day)
        sums: dict[Names, list[Sum]] = {name: [] for name in ends}
        for (name, counts_as), (*each, day) in figures.items():
            added: dict[str, Any] = dict(zip(ADDED, each, strict=True))
            sums[name].append(Sum(group=name[-1] if name else "", counts_as=counts_as, day=day, **added))
        return tuple(Group(name=name, ends=ends[name], sums=tuple(sums[name])) for name in sorted(ends))


def _add(figures: dict[K, list[int]], key: K, more: Sequence[int], day: int) -> None:
    """Add figures up under a key, and keep the last day."""
    have = figures.get(key)
    if have is None:
        figures[key] = [*more, day]
        return
    for place, one in enumerate(more):
        have[place] += one
    have[-1] = max(have[-1], day)


class _Failing:
    """What failed, by cause and by the reason that was given."""

    def __init__(self) -> None:
        self._counts = _Counts()
        self._said: dict[str, dict[Hashable, Said]] = {}

    def add(self, attempt: Attempt, counted: _Counted) -> None:
        """Count an attempt that failed; one that was canceled without a failure did not."""
        failure = None if attempt.task is None else attempt.task.failure
        if counted.status == State.CANCELED and failure is None:
            return
        cause = str((attempt.cause if failure is None else failure.cause) or counted.status)
        self._counts.add((cause,), counted)
        said = self._said.setdefault(cause, {})
        alike = (attempt.order.account, _VARIES.sub("#", reason(attempt)))
        if alike in said or len(said) < MOST_WORDS:
            before = said[alike].number if alike in said else 0
            said[alike] = Said(number=before + 1, example=attempt)

    def by_cause(self) -> tuple[Failures, ...]:
        """Return the failures of each cause, the most frequent first."""
        found = [self._failures(group) for group in self._counts.groups()]
        return tuple(sorted(found, key=lambda each: -sum(each.group.ends.values())))

    def _failures(self, group: Group) -> Failures:
        cause = str(group.name[0])
        said = sorted(self._said[cause].values(), key=lambda each: -each.number)
        others = sum(group.ends.values()) - sum(each.number for each in said)
        return Failures(cause=cause, group=group, said=tuple(said), others=others)
