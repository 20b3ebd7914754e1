"""Who reads the events of one client: the log, OpenTelemetry where it is in use, and the caller's own listener.

What a reader raises harms no purchase: it is logged.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from typing import TYPE_CHECKING, ParamSpec, TypeAlias, TypeVar

from anymedia.model.task import Attempt, Task

from . import log
from .events import Alert, Answered, Ended, Event, Moved, OpenTasks, Sent, billed_more

if TYPE_CHECKING:
    from .telemetry import Telemetry

P = ParamSpec("P")
T = TypeVar("T")

Heard: TypeAlias = Attempt | Task | Alert
"""What `on_event` hears."""

NEEDED = "opentelemetry"
"""The module that a program which uses OpenTelemetry has imported: without it there is nobody to tell."""

REMEMBERED = 10_000
"""The most ends of tasks of which it is known that they were told."""


class Readers:
    """The readers of one client's events; `open_tasks` returns how many tasks are not over, by account."""

    def __init__(self, on_event: Callable[[Heard], None] | None, open_tasks: Callable[[], Mapping[str, int]]) -> None:
        self.on_event: Callable[[Heard], None] | None = on_event
        self._open = OpenTasks(open_tasks)
        self._telemetry: Telemetry | None = None
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()

    def tell(self, event: Event) -> None:
        """Tell every reader of an event; of the end of a task once, however many have seen it."""
        if isinstance(event, Ended) and not self._is_news(event.task):
            return
        _harmless("log", log.write, event)
        if (bill := billed_more(event)) is not None:
            _harmless("log", log.write, bill)
        if (telemetry := self._in_use()) is not None:
            _harmless("OpenTelemetry", telemetry.read, event)
        if self.on_event is not None and (heard := _heard(event)) is not None:
            _harmless("on_event", self.on_event, heard)

    def verb(self, name: str, subject: object) -> AbstractContextManager[None]:
        """Hold the span of a call, where there are spans; `subject` is the request, or the task that is waited for."""
        telemetry = self._in_use()
        return nullcontext() if telemetry is None else _spanned(telemetry, name, subject)

    def close(self) -> None:
        """Tell of no tasks any more that are not over: nobody here looks at them."""
        if self._telemetry is not None:
            self._telemetry.counters.clients.discard(self._open)

    def _in_use(self) -> "Telemetry | None":
        """Return what takes spans and counts; None while the program does not use OpenTelemetry."""
        if self._telemetry is None and NEEDED in sys.modules and (found := in_use()) is not None:
            self._telemetry = found
            found.counters.clients.add(self._open)
        return self._telemetry

    def _is_news(self, task: Task) -> bool:
        """Return whether the end of a task was not told before, and note that it is told."""
        name = (task.account, task.id)
        was_told = name in self._told
        self._told[name] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return not was_told


@cache
def in_use() -> "Telemetry | None":
    """Return what takes the spans and counts of this process; None where OpenTelemetry's API is not whole."""
    try:
        from .telemetry import Telemetry  # which a program that does not use OpenTelemetry never loads
    except ImportError:
        return None
    return Telemetry()


@contextmanager
def _spanned(telemetry: "Telemetry", name: str, subject: object) -> Iterator[None]:
    verb = _harmless("OpenTelemetry", telemetry.begin, name, subject)
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        if verb is not None:
            _harmless("OpenTelemetry", telemetry.end, verb, error)


def _heard(event: Event) -> Heard | None:
    """Return what `on_event` hears of an event; None where it hears nothing."""
    if isinstance(event, Sent):
        return None if event.again else event.attempt
    if isinstance(event, Answered):
        return event.attempt
    if isinstance(event, Moved | Ended):
        return event.task
    return event if isinstance(event, Alert) else None


def _harmless(what: str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Let a reader read; what it raises is logged, as it is no reason to lose sight of a paid task."""
    try:
        return read(*args, **kwargs)
    except Exception:  # noqa: BLE001 - it is anybody's code
        with suppress(Exception):  # nor is a log that cannot be written
            log.ROOT.exception("%s failed", what)
    return None
