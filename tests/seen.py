"""What a test sees of a client: its log records, its spans, and what its counters come to."""

import logging

import attrs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from anymedia.observe.telemetry import Telemetry


class Records(logging.Handler):
    """Keeps every record of the logger `anymedia`, down to DEBUG."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.all = []

    def emit(self, record):
        self.all.append(record)

    def of(self, *events):
        """Return the records of some events, or of all."""
        return [each for each in self.all if not events or getattr(each, "anymedia_event", None) in events]

    def lines(self, *events):
        """Return the records of some events as lines: the child of the logger, the level, and the sentence."""
        return [f"{each.name.partition('.')[2]} {each.levelname} {each.getMessage()}" for each in self.of(*events)]


@attrs.frozen
class Seen:
    """The spans that have ended and the counters of one Telemetry."""

    telemetry: Telemetry
    tracers: TracerProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @classmethod
    def new(cls, *processors):
        """Return a Telemetry of its own, whose spans go to more processors too."""
        exporter, reader, tracers = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
        for each in (SimpleSpanProcessor(exporter), *processors):
            tracers.add_span_processor(each)
        return cls(Telemetry(tracers, MeterProvider([reader])), tracers, exporter, reader)

    def spans(self, name=None):
        """Return the spans that have ended, or those of a name, in the order in which they began."""
        spans = sorted(self.exporter.get_finished_spans(), key=lambda each: each.start_time)
        return [each for each in spans if name in (None, each.name)]

    def points(self, name):
        """Return the points of an instrument."""
        data = self.reader.get_metrics_data()
        every = [] if data is None else data.resource_metrics
        metrics = [each for one in every for scope in one.scope_metrics for each in scope.metrics]
        return [point for each in metrics if each.name == name for point in each.data.data_points]

    def counts(self, name, *by):
        """Return what an instrument comes to, by some of its attributes."""
        found = {}
        for point in self.points(name):
            key = tuple(point.attributes.get(each) for each in by)
            amount = getattr(point, "value", None) if hasattr(point, "value") else point.count
            found[key] = round(found.get(key, 0) + amount, 9)
        return found
