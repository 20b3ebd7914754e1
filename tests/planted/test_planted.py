"""The shipped suite notices wrong facts of the built-in adapters, planted one at a time, and says what is wrong.

Each is held against the promise that notices it; with ANYMEDIA_PROMISES=all (`make soak`) against the first case of
all others too, which may say something to it, or nothing. Which facts those are is in a file for each provider;
mutants.py plants what chance finds.
"""

import os
from collections.abc import Iterator
from inspect import signature
from types import SimpleNamespace
from typing import Any

import pytest

from anymedia.testing import Contract

from . import facts_bfl, facts_fal, facts_kie, facts_openai, facts_replicate
from .conftest import Wrong

PROMISES = tuple(name for name in dir(Contract) if name.startswith("test_"))
ALL = os.environ.get("ANYMEDIA_PROMISES") == "all"
FACTS = {
    "bfl": facts_bfl.FACTS,
    "fal": facts_fal.FACTS,
    "kie": facts_kie.FACTS,
    "openai": facts_openai.FACTS,
    "replicate": facts_replicate.FACTS,
}

FORMS = "test_every_form_of_an_answer_is_read"
UNNOTICED = Wrong(
    "output as a list or a text",
    'assets="output[]"',
    'assets="output"',
    "nothing is wrong: links are found in a list and in a text, however their place is written",
)
"""What no promise notices, why, and by which it is right."""


@pytest.mark.parametrize(
    ("provider", "promise", "wrong"),
    [
        pytest.param(provider, promise, each, id=f"{provider}: {each.fact}")
        for provider, facts in FACTS.items()
        for promise, wrong in facts.items()
        for each in wrong
    ],
)
def test_a_wrong_fact_is_noticed(plant, provider, promise, wrong, tmp_path):
    with plant(provider, wrong):
        assert wrong.said in str(broken(provider, promise, tmp_path, of=wrong.of))
        for other in PROMISES if ALL else ():
            broken(provider, other, tmp_path, most=1)


def test_what_goes_unnoticed_is_right(plant, tmp_path):
    with plant("replicate", UNNOTICED):
        said = {each: broken("replicate", each, tmp_path) for each in (PROMISES if ALL else (FORMS,))}
    assert said[FORMS] is None
    assert {*said.values()} <= {None, PASSED_OVER}


PASSED_OVER = "passed over, as the page says nothing of it"


def broken(provider: str, promise: str, folder: Any, *, of: str | None = None, most: int | None = None) -> str | None:
    """Return the first thing that a promise says against an adapter, or one of its offers, in so many cases at most.

    It is None when the promise is kept in a case at least.
    """
    names = tuple(signature(getattr(Contract, promise)).parameters)[1:]
    more = {"tmp_path": folder} if "tmp_path" in names else {}
    end: str | None = PASSED_OVER
    all_of_them = [each for each in runs(provider, promise, names) if of is None or of in map(name_of, each.values())]
    for given in all_of_them[:most]:
        try:
            getattr(Contract(), promise)(**given, **more)
        except pytest.fail.Exception as failed:
            return str(failed)
        except pytest.skip.Exception:  # how the suite says that a simulator states nothing to be held
            continue
        end = None
    return end


def name_of(given: Any) -> str | None:
    """Return the name of the offer that a promise is given, or a case of."""
    return getattr(getattr(given, "offer", given), "name", None)


def runs(provider: str, promise: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what a promise is given each time, as pytest gives it."""
    marks = getattr(getattr(Contract, promise), "pytestmark", ())
    axes = [mark.args for mark in marks if mark.name == "parametrize"]
    one = type("TestOne", (Contract,), {"providers": (provider,)})
    one().pytest_generate_tests(SimpleNamespace(fixturenames=names, parametrize=lambda *axis, **_: axes.append(axis)))
    given: list[dict[str, Any]] = [{}]
    for axis in axes:
        given = [each | one for each in given for one in _along(*axis)]
    return given


def _along(names: Any, values: Any) -> Iterator[dict[str, Any]]:
    """Yield what each value of an axis gives to its names; what pytest would skip is left out."""
    several = names.split(",") if isinstance(names, str) else names
    for value in values:
        if not getattr(value, "marks", ()):
            held = getattr(value, "values", value) if hasattr(value, "marks") or len(several) > 1 else (value,)
            yield dict(zip(several, held, strict=True))
