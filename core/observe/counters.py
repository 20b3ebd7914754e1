"""What is counted with OpenTelemetry's meters: attempts, seconds, USD, looks, and the tasks that are not over.

Each is counted by one process alone: what a submit cost by the one that sent it, how a task ended by the one that saw
it. So the sums over all processes are right.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from weakref import WeakSet

import attrs
from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from anymedia.model.version import version
from anymedia.model.vocabulary import Outcome

from .events import Answered, Ended, Looked, OpenTasks
from .facts import OPERATION, Attributes, attributes

BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600)
"""Seconds up to which durations are counted together: a picture takes seconds, and a film may take an hour."""

OF_ALL = ("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.output.type", "anymedia.account")
"""The attributes that every count has, where they are known."""


@attrs.frozen
class Metric:
    """An instrument: its unit, what it counts, and the attributes by which it does, beside those of all."""

    name: str
    kind: str
    unit: str
    says: str
    by: tuple[str, ...] = ()


DURATION = Metric(
    "gen_ai.client.operation.duration",
    "histogram",
    "s",
    "seconds from a submit until its task was seen to be over, or until it was refused",
    ("gen_ai.operation.name", "gen_ai.response.model", "error.type"),
)
ATTEMPTS = Metric(
    "anymedia.attempts",
    "counter",
    "{attempt}",
    "submits that have ended",
    ("anymedia.outcome", "error.type", "anymedia.cost.status"),
)
UNCERTAIN = Metric(
    "anymedia.attempts.uncertain", "counter", "{attempt}", "submits that may have been billed, and have no known task"
)
SPEND = Metric(
    "anymedia.spend",
    "counter",
    "USD",
    "what was billed, or may have been, by what is known when a submit is answered, and what a bill was above that",
    ("anymedia.cost.status", "anymedia.billed"),
)
RETURNED = Metric(
    "anymedia.spend.returned",
    "counter",
    "USD",
    "what of anymedia.spend was given back, or was not billed after all",
    ("anymedia.cost.status", "anymedia.billed"),
)
LOOKS = Metric("anymedia.looks", "counter", "{look}", "looks at tasks", ("anymedia.task.state", "error.type"))
OPEN = Metric("anymedia.tasks.open", "gauge", "{task}", "tasks of this process that are not known to be over")

METRICS = (DURATION, ATTEMPTS, UNCERTAIN, SPEND, RETURNED, LOOKS, OPEN)
"""Every instrument."""


class Counters:
    """The instruments of a process."""

    def __init__(self, scope: str, meters: MeterProvider | None = None) -> None:
        meter = metrics.get_meter(scope, version(), meters)
        self.clients: WeakSet[OpenTasks] = WeakSet()
        self._duration = meter.create_histogram(
            DURATION.name, DURATION.unit, DURATION.says, explicit_bucket_boundaries_advisory=BUCKETS
        )
        counters = (ATTEMPTS, UNCERTAIN, SPEND, RETURNED, LOOKS)
        self._counters = {each: meter.create_counter(each.name, each.unit, each.says) for each in counters}
        meter.create_observable_gauge(OPEN.name, [self._open], OPEN.unit, OPEN.says)

    def answered(self, event: Answered, *, is_replay: bool) -> None:
        """Count how a submit ended; what a replay costs was counted when it was sent first."""
        attempt, found = event.attempt, attributes(event.facts)
        self._add(ATTEMPTS, 1, found)
        if attempt.outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID):
            self._add(UNCERTAIN, 1, found)
        if attempt.reserved and not is_replay:
            self._add(SPEND, attempt.reserved, found)
        if attempt.task is None or attempt.task.state.final:
            self._last(event.seconds, found)

    def ended(self, event: Ended) -> None:
        """Count how a task ended, and by how much its bill differs from what was counted before."""
        found = attributes(event.facts)
        self._last(event.seconds, found)
        after = event.task.money.usd
        if event.was is None or after is None:
            return
        more = after - (event.was.money.usd or 0)  # what nobody knew was not counted
        if more:
            self._add(SPEND if more > 0 else RETURNED, abs(more), found)

    def looked(self, event: Looked) -> None:
        """Count a look."""
        self._add(LOOKS, 1, attributes(event.facts))

    def _add(self, metric: Metric, amount: Decimal | int, found: Attributes) -> None:
        self._counters[metric].add(float(amount) if isinstance(amount, Decimal) else amount, _labels(metric, found))

    def _last(self, seconds: float, found: Attributes) -> None:
        self._duration.record(seconds, _labels(DURATION, {"gen_ai.operation.name": OPERATION, **found}))

    def _open(self, _: CallbackOptions) -> Iterable[Observation]:
        numbers: Counter[str] = Counter()
        for each in [*self.clients]:
            numbers.update(each.count())
        return [Observation(number, {"anymedia.account": account}) for account, number in numbers.items()]


def _labels(metric: Metric, found: Attributes) -> Attributes:
    """Return what a metric is counted by."""
    return {name: found[name] for name in (*OF_ALL, *metric.by) if name in found}
