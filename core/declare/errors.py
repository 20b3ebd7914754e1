"""What errors mean, and the words for states."""

from collections.abc import Mapping
from typing import Any

import attrs

from anymedia.model.vocabulary import Cause, Outcome, Refund, State

from .typed import typed, word_of


@attrs.frozen(field_transformer=typed)
class Match:
    """An error that is recognised by its HTTP status and a part of its text.

    Without a status it is a failed task's, or a refusal's: what is said at 500 or more is no reason that is known.
    """

    text: str
    status: int | None = None

    def fits(self, text: str, status: int | None) -> bool:
        """Return whether it is the error of a text at an HTTP status; None: a failed task's."""
        at_its_status = status == self.status if self.status is not None else status is None or status < 500
        return at_its_status and self.text in text


def _cause(given: Any) -> Any:
    return word_of(Cause, given)


def _outcome(given: Any) -> Any:
    return word_of(Outcome, given)


def refund(given: Any) -> Any:
    """Return the word that says whether what failed is given back; what is none is refused for its type."""
    return word_of(Refund, given)


@attrs.frozen(field_transformer=typed)
class Err:
    """What an error means: its cause, the outcome of a submit that gets it, and whether a failed task is refunded.

    `passing`: a task that failed so may succeed as it is; one that is not billed is tried once more at the same offer.
    Errors: ValueError for a passing failure that is billed.
    """

    cause: Cause = attrs.field(converter=_cause)
    submit: Outcome | None = attrs.field(default=None, converter=_outcome)
    refund: Refund | None = attrs.field(default=None, converter=refund)
    passing: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.passing and self.refund is Refund.NO:
            raise ValueError("passing: a failure that is billed is not tried again")


def errors(given: Mapping[Any, Any]) -> Mapping[Any, Err]:
    """Return what each code or Match means. Errors: ValueError for what is no cause."""
    return {key if isinstance(key, Match) else str(key): _row(f"errors, {key}", row) for key, row in given.items()}


def _row(where: str, given: Any) -> Err:
    """Return what an error means, which may be said by its cause alone. Errors: ValueError for what is no cause."""
    if isinstance(given, Err):
        return given
    if not isinstance(given, State) and given in tuple(Cause):
        return Err(given)
    raise ValueError(f"{where}: {_shown(given)} is no Cause; there are {', '.join(Cause)}")


def states(given: Mapping[str, Any]) -> Mapping[str, State | Err]:
    """Return what each word for a state means. Errors: ValueError for what is neither a state nor tells a cause."""
    return {word: _meant(f"states, {word}", meaning) for word, meaning in given.items()}


def _meant(where: str, given: Any) -> State | Err:
    """Return what a word for a state means. Errors: ValueError for what is neither a state nor tells a cause."""
    if isinstance(given, Err | Cause):
        return _row(where, given)
    if given in tuple(State):
        return State(given)
    raise ValueError(f"{where}: {_shown(given)} is no State; there are {', '.join(State)}, or an Err")


def _shown(given: Any) -> str:
    return repr(str(given)) if isinstance(given, str) else repr(given)
