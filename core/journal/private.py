"""What may not be stored is taken out of an attempt or a task: one walk over all of it, whatever its fields are."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import attrs

from anymedia.model.money import Money
from anymedia.model.redact import scrubbed
from anymedia.model.strict_json import Json
from anymedia.model.task import Attempt

from .redact import secrets_of

KEPT = frozenset(
    (
        *("id", "provider", "account", "offer", "model", "wire_id", "path", "kind", "field"),
        *("replay_key", "origin", "fingerprint", "idempotency_key", "batch"),
        *("role", "media_type", "sha256", "stored", "host"),
    )
)
"""Texts that are used again, by us or by the caller: they stay as they are."""

COPIED = frozenset(("labels", "adjustments"))
"""What a task has from its order, where it is stored too."""

T = TypeVar("T")


class Hide(Protocol):
    """What is hidden wherever it stands, such as API keys."""

    def may_be_in(self, text: str) -> bool:
        """Return whether a text may hold some of it."""

    def hidden(self, words: Json) -> Json:
        """Return JSON data without it."""


class Nothing:
    """Nothing is hidden."""

    def may_be_in(self, text: str) -> bool:
        """As Hide.may_be_in."""
        return False

    def hidden(self, words: Json) -> Json:
        """As Hide.hidden."""
        return words


NOTHING = Nothing()


@attrs.frozen
class Private:
    """What is to be taken out: the `secrets` (None: nobody knows them any more), and what `hide` hides of API keys."""

    secrets: Sequence[str] | None
    hide: Hide = NOTHING

    def may_be_in(self, text: str) -> bool:
        """Return whether something of it may stand in the JSON of a value: only then the value is gone through.

        A prompt may stand there in a writing that the escapes of JSON make another one, so each text is looked at.
        """
        return self.secrets is None or bool(self.secrets) or self.hide.may_be_in(text)

    def without(self, value: T) -> T:
        """Return a value of the model in which no text holds a secret.

        A link that holds one is left out. Where the secrets are not known, every text is left out that a provider
        may have repeated them in, but for links: without them nobody gets the result.
        """
        written: Any = value
        changed: dict[str, Any] = {}
        for field in attrs.fields(type(written)):
            was = getattr(value, field.name)
            now = self._field(field.name, was)
            if now is None and type(was) is str and field.default is attrs.NOTHING:
                now = ""
            if now is not was:
                changed[field.name] = now
        found: T = attrs.evolve(written, **changed) if changed else value
        return found

    def _field(self, name: str, value: Any) -> Any:
        if name == "path" and isinstance(value, str):  # what was asked for may stand in its query, which no look needs
            return value if self._is_clean(value) else value.partition("?")[0]
        if value is None or name in KEPT:
            return value
        if self.secrets is None and name in COPIED:
            return type(value)()
        if name == "url":
            return value if self._is_clean(value) else None
        if name == "links":
            return {each: url for each, url in value.items() if self._is_clean(url)}
        if name == "told":
            return {each: now for each, was in value.items() if (now := self._value(was)) is not None}
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(self._value, value))
        if attrs.has(type(value)) and not isinstance(value, Money):
            return self.without(value)
        if type(value) is not str and not isinstance(value, Mapping | list):
            return value  # a number, a time, a word of ours
        return None if self.secrets is None else self.hide.hidden(self._words(value))

    def _words(self, words: Json) -> Json:
        if not isinstance(words, str):
            return scrubbed(words, self.secrets or ())
        return scrubbed(words, self.secrets, len(words)) if self.secrets else words

    def _is_clean(self, url: str) -> bool:
        return bool(self._words(url) == url)


def without_prompts(attempt: Attempt) -> Attempt:
    """Return an attempt without what was asked for: not in its body, nor in anybody's words.

    Where it is not known what was sent, all words are left out that may repeat it.
    """
    order = attempt.order
    clean = Private(None if order.body is None else secrets_of(order.body)).without(attempt)
    return attrs.evolve(clean, order=attrs.evolve(clean.order, body=None))
