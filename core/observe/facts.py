"""The names of facts: what each says, and as which attribute OpenTelemetry has it.

`gen_ai.*`, `server.*` and `error.*` are OpenTelemetry's own names, of its semantic conventions for generative AI; what
they have no name for stands under `anymedia.`. docs/observability.md is made from these values.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import urlsplit

import attrs

from .events import Facts

Attributes: TypeAlias = dict[str, str | int | float | bool]

PREFIX = "anymedia_"
"""What stands before a fact's name where it is a field of a log record."""

OPERATION = "generate_content"
"""What `gen_ai.operation.name` is of every attempt."""

PORTS = {"https": 443, "http": 80}


@attrs.frozen
class Fact:
    """A fact's meaning, and its attribute's name (None: it is in log records alone)."""

    says: str
    attribute: str | None = None


FACTS: Mapping[str, Fact] = {
    "attempt": Fact("the attempt's id, as `anymedia tasks` lists it", "anymedia.attempt.id"),
    "account": Fact("the account that is asked", "anymedia.account"),
    "provider": Fact("the provider: the name of its adapter", "gen_ai.provider.name"),
    "offer": Fact("the offer that was chosen, by the provider's own name", "anymedia.offer"),
    "model": Fact("the model, under its name that is the same everywhere", "gen_ai.request.model"),
    "wire_id": Fact("the model as it is called where it was sent to", "gen_ai.response.model"),
    "kind": Fact("what is made: image, video, music or speech", "gen_ai.output.type"),
    "units": Fact("how many works are asked for with this attempt", "gen_ai.request.choice.count"),
    "origin": Fact("scheme, host and port that it is sent to", "server.address"),
    "why": Fact("why this offer was chosen", "anymedia.route.why"),
    "after": Fact("the offer that came to nothing before", "anymedia.route.after"),
    "again": Fact("whether it is the same once more: a replay under one key, or another try", "anymedia.again"),
    "outcome": Fact("how the submit ended", "anymedia.outcome"),
    "billed": Fact("whether it is billed: yes, no, likely or unknown", "anymedia.billed"),
    "error": Fact("one word for what went wrong; never the error's text", "error.type"),
    "sends": Fact("how often its bytes were sent", "anymedia.sends"),
    "task": Fact("the task's id, as the provider gave it", "gen_ai.response.id"),
    "state": Fact("how the task stands", "anymedia.task.state"),
    "usd": Fact("what it costs in USD, as it is billed; none where nobody knows", "anymedia.cost.usd"),
    "quoted": Fact("what it was to cost in USD, where it was billed more"),
    "max_price": Fact("USD that a request was to cost at most, where it has cost more; of a batch, its budget"),
    "price_status": Fact("how sure the price is: exact, approximate, estimate, unknown", "anymedia.cost.status"),
    "price_source": Fact("where the price is from: table, live, override, settled", "anymedia.cost.source"),
    "seconds": Fact("how long it took, in seconds", "anymedia.seconds"),
    "until": Fact("until when an account is left alone"),
    "failures": Fact("how many failures in a row an account had"),
    "number": Fact("which of the task's files it is, from 1"),
    "bytes": Fact("how large a file is"),
    "media_type": Fact("of which type a file is"),
    "refused": Fact("why a webhook was not believed"),
    "day": Fact("the day (UTC) that an alert is for"),
    "limit": Fact("USD that a day may cost before it is told"),
    "spent": Fact("USD that a day has cost by then, or a request or a batch, or may have cost"),
    "unknown": Fact("attempts of the day or the batch of which nobody knows what they cost"),
    "batch": Fact("the batch, by its name"),
    "batch_ended": Fact("why the batch is over: done, failed, uncertain, unfinished, budget, stopped, place, error"),
    "row": Fact("which row of the batch it is, from 1"),
    "row_state": Fact("how the row has ended: done, failed, uncertain, unfinished"),
    "rows": Fact("how many rows the batch has"),
    "bought_before": Fact("how many of its rows were bought by earlier runs"),
    "done": Fact("how many of its rows are done"),
    "failed": Fact("how many of its rows have failed"),
    "uncertain": Fact("how many of its rows may have been billed, and nobody knows what became of them"),
    "unfinished": Fact("how many of its rows are paid and go on, or are not saved yet"),
    "not_begun": Fact("how many of its rows were not begun"),
}
"""Every fact of every event."""

BESIDE: Mapping[str, str] = {
    "gen_ai.operation.name": f"always `{OPERATION}`",
    "server.port": "the port of `server.address`",
    "anymedia.verb": "the method that was called: generate, submit, wait or (of a Batch) run, as batch",
    "anymedia.looks": "how many looks at its tasks were made meanwhile",
}
"""The attributes that are no fact of an event."""


def fields(facts: Facts) -> dict[str, str | int | float | bool]:
    """Return facts as the fields of a log record; amounts as text."""
    return {PREFIX + name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in facts.items()}


def attributes(facts: Facts) -> Attributes:
    """Return facts as attributes; amounts as numbers."""
    found: Attributes = {}
    for name, value in facts.items():
        attribute = FACTS[name].attribute
        if name == "origin":
            found |= _server(str(value))
        elif attribute is not None:
            found[attribute] = float(value) if isinstance(value, Decimal) else value
    return found


def _server(origin: str) -> Attributes:
    parts = urlsplit(origin)
    return {"server.address": parts.hostname or origin, "server.port": parts.port or PORTS.get(parts.scheme, 443)}
