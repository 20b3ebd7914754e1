"""What it costs to be seen: a generate with every log line made, and with OpenTelemetry's spans and counters, over one
of which nobody is told anything."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from anymedia import Client
from anymedia.observe import readers
from anymedia.observe.telemetry import Telemetry

ROUNDS = 20

Measured = Callable[[Callable[[], Awaitable[object]], int, int], Awaitable[float]]

UNSEEN, LOGGED, SPANS = "unseen", "with every log line made", "with OpenTelemetry's spans and counters"


def rows(
    client: Callable[[], Client], make: Callable[[Client], Awaitable[object]], measured: Measured
) -> list[tuple[str, float, str]]:
    """Return a row for each way to see a generate; `measured` returns the CPU seconds of one call."""
    ways = asyncio.run(_measure(client, make, measured))
    unseen = ways[UNSEEN]
    return [
        (f"generate {way}, over generate", seconds / unseen, f"{seconds * 1e6:.0f} over {unseen * 1e6:.0f} µs")
        for way, seconds in ways.items()
        if way != UNSEEN
    ]


async def _measure(
    client: Callable[[], Client], make: Callable[[Client], Awaitable[object]], measured: Measured
) -> dict[str, float]:
    """Return the CPU seconds of a generate by how it is seen; each way has its turn in each round."""
    log, before = logging.getLogger("anymedia"), readers.in_use
    tracers, spans = TracerProvider(), InMemorySpanExporter()
    tracers.add_span_processor(BatchSpanProcessor(spans))
    telemetry = Telemetry(tracers, MeterProvider([InMemoryMetricReader()]))
    found = dict.fromkeys((UNSEEN, LOGGED, SPANS), math.inf)
    for way in list(found) * ROUNDS:
        log.setLevel(logging.DEBUG if way == LOGGED else logging.WARNING)
        readers.in_use = lambda way=way: telemetry if way == SPANS else None  # type: ignore[assignment,misc]
        async with client() as made:
            found[way] = min(await measured(lambda made=made: make(made), 64, 64), found[way])  # type: ignore[misc]
        spans.clear()
    log.setLevel(logging.NOTSET)
    readers.in_use = before
    tracers.shutdown()
    return found
