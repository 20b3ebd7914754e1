"""What stands in an answer: its words, and the ids, amounts, times and texts among them.

An answer is read strictly, and where that fails once more leniently; what the lenient reading had to touch is no id, no
link and no amount.
"""

import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from anymedia.declare.endpoint import Fault
from anymedia.declare.path import Content, Place
from anymedia.model.redact import scrubbed
from anymedia.model.strict_json import REPLACED, Json, decoded, lenient, loads

LONGEST_ID = 512
"""Characters."""

LONGEST_TEXT = 2000
"""Characters of a provider's text that an error repeats."""

EXCERPT = 200
"""Characters of an answer that an error repeats where it has no text of its own."""

LARGEST_AMOUNT = 1_000_000_000
"""An amount is below this, in whatever it is counted."""

_AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)")

_USUAL = ("error", "errors", "message", "msg", "detail", "title", "description", "reason", "error_message", "data")
"""Where an error's text usually stands, by key and in this order, also within one another."""

_DEEPEST = 6
_BEGIN = 16_384  # characters of a page in which its title stands
_TITLE = re.compile(r"<title[^<>]*>(.{1,500}?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[!/a-z][^<>]*>", re.IGNORECASE)


def read(body: bytes) -> tuple[Json, str]:
    """Return a body as JSON, or as text where it is none, and the text that it was read from."""
    try:
        text = body.decode("utf-8-sig")
        words = loads(text)
    except ValueError:
        text = decoded(body)
        try:
            words = lenient(text)
        except ValueError:
            return text, text
    return (words if isinstance(words, dict) else _unwrapped(words)), text


def _unwrapped(words: Json) -> Json:
    """Return the one object that a list, or a JSON text within a text, holds; else the words as they are."""
    held = words
    if isinstance(held, str) and held.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            held = lenient(held)
    if isinstance(held, list) and len(held) == 1:
        held = held[0]
    return held if isinstance(held, dict) else words


def word(value: Any) -> str | None:
    """Return a code or an id as text; None for what is neither text nor number."""
    return str(value)[:1000] if isinstance(value, str | int) and not isinstance(value, bool) else None


def id_of(where: Place | None, content: Json | Content) -> str | None:
    """Return an id that can stand in a path and be found again."""
    text = None if where is None else word(where.one(content))
    usable = text is not None and 0 < len(text) <= LONGEST_ID and text.isprintable() and text.strip(". ") != ""
    return text if usable and REPLACED not in str(text) else None


def other_id(where: Place | None, content: Json | Content, task_id: str) -> str | None:
    """Return the id that an answer names in place of a task's own; None where it names the task, or none."""
    value = None if where is None else where.one(content)
    if value is None or value is False or word(value) == task_id or (isinstance(value, str) and not value.strip()):
        return None
    return str(word(value) or type(value).__name__)


def amount(where: Place | None, content: Json | Content) -> Decimal | None:
    """Return an amount, written as a number or as the text of a plain decimal.

    The shortest decimal of a binary float is what the provider wrote.
    """
    value: Any = None if where is None else where.one(content)
    if isinstance(value, str):
        match = _AMOUNT.fullmatch(value)
        figure = None if match is None else Decimal(match[1])
        return figure if figure is None or figure < LARGEST_AMOUNT else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value < LARGEST_AMOUNT:
        return None
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def has_amount(where: Place | None, content: Json | Content) -> bool:
    """Return whether there is an amount above zero, or something that may be one."""
    value: Any = None if where is None else where.one(content)
    return value not in (None, "", [], {}) and value is not False and amount(where, content) != 0


def time_of(where: Place | None, content: Json | Content) -> datetime | None:
    """Return a time."""
    moment = None if where is None else where.one(content)
    return moment if isinstance(moment, datetime) else None


# Errors


def code_of(fault: Fault, content: Json | Content) -> str | None:
    """Return an error's code."""
    return None if fault.code is None else word(fault.code.one(content))


def declared_text(fault: Fault, content: Json | Content) -> str:
    """Return an error's text as it stands at its declared place, with what it says of single fields."""
    texts = [] if fault.message is None else [text for text in fault.message.find(content) if isinstance(text, str)]
    by_field = None if fault.fields is None else fault.fields.one(content)
    if isinstance(by_field, dict):
        texts += [f"{name} {_listed(says)}" for name, says in by_field.items()]
    return "; ".join(texts)[:LONGEST_TEXT]


def text_of(fault: Fault, content: Content) -> str:
    """Return an error's text: at its declared place, else at a usual one, else what an answer begins with."""
    words = content.words
    if isinstance(words, str):
        return declared_text(fault, content) or _page_text(words)
    return declared_text(fault, content) or "; ".join(_usual(words, 0))[:LONGEST_TEXT] or _excerpt(words)


def _usual(words: Json, depth: int) -> Iterator[str]:
    """Yield the texts at the first usual place that holds any."""
    if isinstance(words, str):
        yield from filter(None, [words.strip()])
    elif depth < _DEEPEST and isinstance(words, list):
        for each in words[:3]:
            yield from _usual(each, depth + 1)
    elif depth < _DEEPEST and isinstance(words, dict):
        held = {key.lower(): value for key, value in words.items()}
        found = (list(_usual(held[key], depth + 1)) for key in _USUAL if key in held)
        yield from next(filter(None, found), [])


def _page_text(text: str) -> str:
    """Return the title of an HTML page, or the first line of a text."""
    begin = text[:_BEGIN]
    title = _TITLE.search(begin)
    shown = _TAG.sub("\n", begin) if title is None else " ".join(title[1].split())
    return next(filter(None, map(str.strip, html.unescape(shown).splitlines())), "")[:EXCERPT]


def _excerpt(words: Json) -> str:
    return (
        ""
        if words in (None, "", {}, [])
        else json.dumps(scrubbed(words, (), most=EXCERPT), ensure_ascii=False)[:EXCERPT]
    )


def _listed(says: Any) -> str:
    return ", ".join(map(str, says)) if isinstance(says, list) else str(says)
