"""The words that a provider's class is written in, and what is wrong with those that are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .message import Error
from .task import Failure
from .webhooks import Webhook

USUAL: Mapping[str, tuple[int, str]] = {
    "unauthorised": (401, "The API key is missing or wrong"),
    "no_credit": (402, "The balance does not suffice"),
    "throttled": (429, "Too many requests"),
    "not_found": (404, "There is no such task"),
    "moderated": (400, "The prompt was refused by moderation"),
}
"""How a refusal is told where no page says: HTTP status and text."""

NEEDED = ("name", "hue", "routes", "refusals", "failures", "lifetime")
"""What every provider says."""

REFUSALS = (*USUAL, "not_yet", "too_late")
ENDS = ("failed", "moderated")
MEANINGS = ("queued", "running", "succeeded", "failed", "moderated", "canceled", "not_found")
LIMITS = ("submits", "polls", "active")
TELLS = ("created", "completed", "charge")
WEBHOOKS = ("body", "pauses", "within", "signature")
ALONE = (
    *("lifetime", "refunds", "origin", "credit", "hosts", "not_yet", "webhook"),
    *("retry_after", "request_id_header", "request_id_field"),
)
LISTS = ("tells", "hosts", "forms", "ours", "id_fields", "state_fields", "files_at", "secrets")
FREE = ("states", "errors", "settings")
"""What has names of the provider's own below it."""
ONE_OF: Mapping[str, tuple[str, ...]] = {"moderates": ("poll", "submit"), "retry_after": ("header", "body", "")}


def wrong(provider: type[Any]) -> Iterator[str]:
    """Each word of a provider's class that is none, or stands in a wrong form, in a sentence."""
    said = {name: getattr(provider, name, {}) for name in ("refusals", "failures", "limits", "states", "says")}
    forms = [f"{name} is a tuple of texts, not a text" for name in LISTS if isinstance(getattr(provider, name), str)]
    forms += [f"{name} is a dict, not {each!r}" for name, each in said.items() if not isinstance(each, Mapping)]
    if forms:
        yield from forms
        return
    yield from _unknown("refusals", said["refusals"], REFUSALS)
    yield from _unknown("limits", said["limits"], LIMITS)
    yield from _unknown("tells", provider.tells, TELLS)
    yield from _unknown("states, the meaning", said["states"].values(), MEANINGS)
    for name, words in ONE_OF.items():
        yield from _unknown(name, (getattr(provider, name),), words)
    for kind, told in said["refusals"].items():
        if not (isinstance(told, tuple) and len(told) == 3):
            yield f"refusals, {kind}: it is (HTTP status, code, text), not {told!r}"
    if not all(isinstance(each, Error) for each in provider.errors):
        yield "errors is a tuple of Error"
    for name, failure in said["failures"].items():
        if not isinstance(failure, Failure):
            yield f"failures, {name}: it is a Failure, not {failure!r}"
        else:
            yield from _unknown(f"failures, {name}: means", (failure.means or name,), ENDS)
    for method, _, place in getattr(provider, "routes", ()):
        if not callable(getattr(provider, place, None)):
            yield f"routes, {method}: no method answers {place!r}"
    yield from _webhook(provider.webhook, provider.secrets)
    yield from _ours(provider.ours, said["failures"])


def _webhook(webhook: object, secrets: Iterable[str]) -> Iterator[str]:
    if isinstance(webhook, Webhook):
        yield from _unknown("webhook, the secret", (webhook.secret,), ("", *secrets))
    elif webhook is not None:
        yield f"webhook is a Webhook, not {webhook!r}"


def _ours(ours: Iterable[str], failures: Iterable[str]) -> Iterator[str]:
    below = {
        "refusals": REFUSALS,
        "failures": (*failures, "codes"),
        "limits": LIMITS,
        "tells": TELLS,
        "webhook": WEBHOOKS,
    }
    for each in ours:
        word, _, name = each.partition(".")
        if name and word in below:
            yield from _unknown(f"ours, {word}", (name,), below[word])
        elif not (name and word in FREE):
            heads = (f"{head}.…" for head in (*below, *FREE))
            yield from _unknown("ours", (each,), (*ALONE, *heads))


def _unknown(where: str, given: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    there = [*known]
    for each in given:
        if each not in there:
            yield f"{where}: there is no {each!r}, there are {', '.join(filter(None, there))}"
