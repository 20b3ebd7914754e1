"""OpenTelemetry: a span for each generate, submit and wait, one below it for each attempt, and what is counted.

An attempt's span is current where its POST is sent, and ends with the answer, whoever still waits for that. Looks are
no spans, as a task of minutes has many: they are counted on the span of whoever waits, and what they find is an event
of it. Spans hold the facts of events, and no text of an error. This module alone imports OpenTelemetry.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any

import attrs
from opentelemetry import context, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from anymedia.model.task import Task
from anymedia.model.version import version

from .counters import Counters
from .events import Answered, Ended, Event, FellBack, Looked, Moved, Sent, Waits, of_subject
from .facts import OPERATION, attributes

SCOPE = "anymedia"
"""What the tracer and the meter are called."""

SENT_AGAIN, FALLBACK, TASK = "anymedia.sent_again", "anymedia.fallback", "anymedia.task"
"""The events of spans."""


@attrs.define(eq=False)
class Verb:
    """A call of generate, submit or wait: its span, the looks at its tasks, and these by account and id.

    `above` is the call within which it was made, `token` ends that its span is the current one.
    """

    span: Span
    above: "Verb | None"
    token: Token[context.Context]
    looks: int = 0
    tasks: list[tuple[str, str]] = attrs.field(factory=list)


@attrs.frozen
class UnderWay:
    """An attempt that is not answered yet: its span, and whether it is a replay of what was counted before."""

    span: Span
    is_replay: bool


_VERB: ContextVar[Verb | None] = ContextVar("anymedia_verb", default=None)
"""The call for which something is done: submits and waits that run in tasks of their own inherit it."""


class Telemetry:
    """The spans and counters of a process; the providers are OpenTelemetry's global ones unless they are given."""

    def __init__(self, tracers: TracerProvider | None = None, meters: MeterProvider | None = None) -> None:
        self.counters: Counters = Counters(SCOPE, meters)
        self._tracer = trace.get_tracer(SCOPE, version(), tracers)
        self._under_way: dict[str, UnderWay] = {}
        self._waiting: dict[tuple[str, str], list[Verb]] = {}
        self._reads: Mapping[type, Callable[[Any], None]] = {
            Sent: self._sent,
            Answered: self._answered,
            FellBack: self._fell_back,
            Waits: self._waits,
            Looked: self._looked,
            Moved: self._moved,
            Ended: self._ended,
        }

    def read(self, event: Event) -> None:
        """Take note of an event."""
        if (reads := self._reads.get(type(event))) is not None:
            reads(event)

    def begin(self, name: str, subject: object) -> Verb:
        """Begin the span of a call, current until `end`; `subject` is the request, or the task that is waited for."""
        facts = of_subject(subject)
        title = f"{name} {facts['model']}" if "model" in facts else name
        span = self._tracer.start_span(title, attributes={"anymedia.verb": name, **attributes(facts)})
        verb = Verb(span, _VERB.get(), context.attach(trace.set_span_in_context(span)))
        _VERB.set(verb)
        return verb

    def end(self, verb: Verb, error: BaseException | None) -> None:
        """End the span of a call; of an error only its name is told: its text may hold what was asked for."""
        _VERB.set(verb.above)
        context.detach(verb.token)
        for task in verb.tasks:
            self._waiting[task].remove(verb)
            if not self._waiting[task]:
                del self._waiting[task]
        verb.span.set_attribute("anymedia.looks", verb.looks)
        if error is not None:
            _fail(verb.span, type(error).__name__)
        verb.span.end()

    def _sent(self, event: Sent) -> None:
        attempt = event.attempt
        if (under_way := self._under_way.get(attempt.id)) is not None:
            under_way.span.add_event(SENT_AGAIN)
            return
        title = OPERATION if attempt.order.model is None else f"{OPERATION} {attempt.order.model}"
        found = {"gen_ai.operation.name": OPERATION, **attributes(event.facts)}
        span = self._tracer.start_span(title, kind=SpanKind.CLIENT, attributes=found)
        self._under_way[attempt.id] = UnderWay(span, event.again)
        # Never detached: the submit runs in an asyncio task of its own, whose context ends with it.
        context.attach(trace.set_span_in_context(span))

    def _answered(self, event: Answered) -> None:
        if event.by_webhook:  # the submit's own end is told too, or was
            return
        under_way = self._under_way.pop(event.attempt.id, None)
        self.counters.answered(event, is_replay=under_way is not None and under_way.is_replay)
        if under_way is not None:
            found = attributes(event.facts)
            under_way.span.set_attributes(found)
            if "error.type" in found:
                _fail(under_way.span, str(found["error.type"]))
            under_way.span.end()

    def _fell_back(self, event: FellBack) -> None:
        if (verb := _VERB.get()) is not None:
            verb.span.add_event(FALLBACK, attributes(event.facts))

    def _waits(self, event: Waits) -> None:
        if (verb := _VERB.get()) is not None:
            task = _name(event.task)
            verb.tasks.append(task)
            self._waiting.setdefault(task, []).append(verb)

    def _looked(self, event: Looked) -> None:
        self.counters.looked(event)
        for verb in self._verbs(event.task):
            verb.looks += 1

    def _moved(self, event: Moved | Ended) -> None:
        for verb in self._verbs(event.task):
            verb.span.add_event(TASK, attributes(event.facts))

    def _ended(self, event: Ended) -> None:
        self._moved(event)
        if not event.heard:  # the process that saw it has counted it
            self.counters.ended(event)

    def _verbs(self, task: Task) -> list[Verb]:
        return self._waiting.get(_name(task), [])


def _name(task: Task) -> tuple[str, str]:
    return task.account, task.id


def _fail(span: Span, word: str) -> None:
    span.set_attribute("error.type", word)
    span.set_status(Status(StatusCode.ERROR, word))
