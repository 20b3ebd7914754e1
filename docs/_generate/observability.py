"""docs/observability.md: what can be seen of what a client does, made from the values that say and count it."""

import logging
from collections.abc import Iterator

from anymedia.observe.counters import BUCKETS, METRICS, OF_ALL
from anymedia.observe.events import Alert
from anymedia.observe.facts import BESIDE, FACTS, PREFIX
from anymedia.observe.log import LINES, ROOT

from .markdown import blocks, code, codes, table

INTRO = """\
What a client does can be seen in four ways: lines of a log, OpenTelemetry's spans and counters, a page for Prometheus,
and `on_event`. All of them read the same events, one for each step. None of them holds a prompt, an API key, a body, a
URL, or the text of an error, which may quote one of these: a test plants such texts everywhere and looks for them in
all that is told. What a reader raises is logged, and harms no purchase."""

LOG = """\
## Log lines

anymedia logs on the logger `anymedia` and its children, and leaves it to the program where the lines go:

```python
import logging

logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
logging.getLogger("anymedia").setLevel(logging.INFO)
```

What goes wrong in the library itself (a journal that cannot be written, say) is on `anymedia` as ERROR. A program that
sets up no logging sees warnings and errors on stderr: Python's logging prints what nobody takes.

On the command line, `-v` shows the lines of INFO on stderr and `-vv` those of DEBUG too, before the command or behind
it: `anymedia -v generate …`. With `--json`, stdout stays JSON alone."""

RECORDS = f"""\
Each record has its facts as fields for a formatter that writes JSON: `{PREFIX}event` is the kind of event, and the
others are listed [below](#facts), like `{PREFIX}attempt` and `{PREFIX}usd`. Amounts are text, so that they stay exact.

```python
import json
import logging


class AsJson(logging.Formatter):
    def format(self, record):
        facts = {{name: value for name, value in vars(record).items() if name.startswith("{PREFIX}")}}
        return json.dumps({{"level": record.levelname, "said": record.getMessage(), **facts}})
```"""

SPANS = """\
## OpenTelemetry

Spans and counters are told to OpenTelemetry where the program uses it: where it has imported `opentelemetry` and its
API is installed (extra `telemetry`). Nothing is to be switched on in anymedia, and a program without
OpenTelemetry never loads it. The providers are the global ones, as `opentelemetry-instrument` or the program sets them.

- `generate`, `submit` and `wait` have a span each, of kind INTERNAL. It ends in an error named by the class that was
  raised, without its text. So has the `run` of a batch, called `batch`, and each of its rows has one of `generate`.
- Each attempt has a span below it, of kind CLIENT, named after the operation and the model, as the semantic conventions
  for generative AI say. It is the current span where the POST is sent, so that the spans of an instrumented HTTP client
  are its children. It ends when the answer comes, also where the caller has left by then: a cancel or a deadline ends
  the caller's span, and not the attempt's.
- Looks have no spans, as a task of minutes has many. `anymedia.looks` counts them on the span that waits; that a task
  has moved on is an event `anymedia.task` there. Going on at another offer is an event `anymedia.fallback`, and a
  resend under a replay key an event `anymedia.sent_again` of the attempt.

```python
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from anymedia import ImageRequest, SyncClient, read_config

pytest_plugins = ["anymedia.simulators.fixtures"]


def test_what_a_picture_costs_is_on_its_span(simulators):
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    with SyncClient(read_config(simulators.config, simulators.environ)) as client:
        result = client.generate(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"), policy="cheapest")
    attempt, call = spans.get_finished_spans()
    assert (attempt.name, call.name) == ("generate_content flux-2-pro", "generate flux-2-pro")
    assert attempt.attributes["anymedia.cost.usd"] == float(result.money.usd)
    assert attempt.attributes["gen_ai.provider.name"] == result.tasks[0].provider
```"""

METRICS_TEXT = """\
### Counters

Each thing is counted by one process: what a submit costs by the one that sent it, how a task ended by the one that saw
it. So the sums over all processes are right. A replay is an attempt of its own, and what it costs was counted before.
`anymedia.spend` is what counts against a ceiling: less what came back, it is what was billed, or may have been. An
attempt of unknown price is in no sum; `anymedia.attempts` counts it under the status `unknown`."""

PROMETHEUS = """\
## Prometheus

[examples/fallback_service.py](../examples/fallback_service.py) has `/metrics`: what `on_event` tells, added up, and
`client.health()` as it is at that moment. `anymedia_spend_usd_total` less `anymedia_returned_usd_total` is what was
billed, or may have been. It writes Prometheus' text format itself, which takes few lines and no
package; a service that uses OpenTelemetry already has the counters above through its own exporter."""

ALERTS = """\
## Alerts

```toml
[alerts]
daily = "20.00"
```

When the attempts of a day (UTC) come to more than that, in USD, a warning is logged on `anymedia.alerts`, and
`on_event` is called with an `Alert`. What is billed and what may have been counts, over all accounts and over all
processes that share the journal; what was given back does not. It is told once a day, by one process, and again only
for another figure. It is looked at in the background and stops nothing: a ceiling that holds is `daily_limit` of an
account, or `max_price` of a request. `Client(daily_alert="20.00")` says the same in a program."""

EVENTS = """\
## on_event

`Client(on_event=…)` calls a function with each `Attempt` as it is sent and answered, each `Task` as it moves on (with
its end once), and each `Alert`. It is called within the event loop (with `SyncClient`, on a thread of the client's
own), so it should be quick."""

FACTS_TEXT = f"""\
## Facts

The facts of events, as fields of log records (with `{PREFIX}` before the name) and as attributes. `gen_ai.*`,
`server.*` and `error.*` are names of OpenTelemetry's semantic conventions; a version of these that renames one changes
it here too."""

BESIDE_TEXT = "Attributes beside these:"

ALERT = "The fields of an `Alert`: "


def page() -> str:
    """Return the page."""
    return blocks(
        INTRO,
        LOG,
        table(["logger", "level", "a line when"], sorted(_lines())),
        RECORDS,
        SPANS,
        METRICS_TEXT,
        table(["name", "what it is", "unit", "says", "by"], _metrics()),
        f"All are counted by {codes(OF_ALL)} too, where these are known. The bounds of the histogram are, in seconds: "
        f"{', '.join(f'{bound:g}' for bound in BUCKETS)}.",
        PROMETHEUS,
        ALERTS,
        f"{ALERT}{codes(Alert.__annotations__)}.",
        EVENTS,
        FACTS_TEXT,
        table(["fact", "attribute", "says"], _facts()),
        BESIDE_TEXT,
        table(["attribute", "says"], ([code(name), says] for name, says in BESIDE.items())),
    )


def _lines() -> Iterator[list[str]]:
    for event, line in LINES.items():
        name = line.logger.name.removeprefix(f"{ROOT.name}.")
        yield [code(f"{ROOT.name}.{name}"), logging.getLevelName(line.level), f"{line.when} ({code(event.__name__)})"]


def _metrics() -> Iterator[list[str]]:
    for each in METRICS:
        yield [code(each.name), each.kind, each.unit.strip("{}"), each.says, codes(each.by)]


def _facts() -> Iterator[list[str]]:
    for name, fact in FACTS.items():
        yield [code(name), "" if fact.attribute is None else code(fact.attribute), fact.says]
