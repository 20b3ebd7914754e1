"""Errors as JSON and back: what one process has met, for another one to tell."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from anymedia.model import errors
from anymedia.model.errors import AnymediaError, NoRoute, Problem, RequestError, SubmitUncertain
from anymedia.model.plain import one_line
from anymedia.model.strict_json import Json, loads
from anymedia.model.vocabulary import Billed, Outcome, Retry

FACTS = ("account", "provider", "model", "task_id", "status", "code", "request_id", "retry_after")
"""What an error knows of a call, and is JSON already; its answer, task and attempts are in the journal."""

FLAGS = ("permanent", "must_change")


def as_text(error: AnymediaError) -> str:
    """Return an error as JSON text, from which `read` makes it again."""
    return json.dumps(_json(error))


def _json(error: AnymediaError) -> dict[str, Json]:
    told: dict[str, Json] = {"type": type(error).__name__, "message": error.message}
    told |= {name: getattr(error, name) for name in (*FACTS, *FLAGS)}
    told |= {"retry": str(error.retry), "billed": str(error.billed)}
    told["outcome"] = None if error.outcome is None else str(error.outcome)
    if isinstance(error, RequestError):
        told["problems"] = [attrs.asdict(problem) for problem in error.problems]
    if isinstance(error, NoRoute):
        told["errors"] = [_json(each) for each in error.errors]
    if isinstance(error, SubmitUncertain) and error.replay_until is not None:
        told["replay_until"] = error.replay_until.isoformat()
    return told


def read(text: str) -> AnymediaError:
    """Return the error that a text holds; of a class that there is no more, one of the tree's root.

    Another version may have written it: of what cannot be read, it is only known that something was told.
    """
    try:
        return _error(loads(text))
    except Exception as fault:  # noqa: BLE001 - anything may stand there
        why = f"what became of it cannot be read ({type(fault).__name__}: {fault}); the journal holds what was bought"
        error = AnymediaError(one_line(why))
        error.billed = Billed.UNKNOWN
        return error


def _error(told: Mapping[str, Any]) -> AnymediaError:
    kind = getattr(errors, told["type"], AnymediaError)
    facts: dict[str, Any] = {name: told[name] for name in FACTS}
    if issubclass(kind, RequestError):
        facts["problems"] = [Problem(**problem) for problem in told["problems"]]
    if issubclass(kind, NoRoute):
        facts["errors"] = [_error(each) for each in told["errors"]]
    if issubclass(kind, SubmitUncertain) and "replay_until" in told:
        facts["replay_until"] = datetime.fromisoformat(told["replay_until"])
    error: AnymediaError = kind(told["message"], **facts)
    for name in FLAGS:
        setattr(error, name, told[name])
    error.retry, error.billed = Retry(told["retry"]), Billed(told["billed"])
    error.outcome = None if told["outcome"] is None else Outcome(told["outcome"])
    return error
