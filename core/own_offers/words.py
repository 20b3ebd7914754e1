"""The words of a request in an offer of the user's, as a request holds them: 4k there is 4K, and 16x9 is 16:9.

What is written on the wire stays as the user has it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from anymedia.declare.fields import Always, Choice, Value
from anymedia.declare.offer import Param, Rule
from anymedia.declare.prices import Table
from anymedia.declare.when import When
from anymedia.model.errors import ConfigError
from anymedia.model.forms import Form
from anymedia.model.kinds import KINDS
from anymedia.model.vocabulary import Kind


def as_requested(facts: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the facts of an offer with each word as a request holds it. Errors: ConfigError for a word given twice."""
    forms = KINDS[facts.get("kind", Kind.IMAGE)].roles.forms
    read = {
        **facts,
        "params": {
            name: _param(each, forms.get(name), f"{where}: params.{name}") for name, each in facts["params"].items()
        },
    }
    if "rules" in facts:
        read["rules"] = tuple(_rule(rule, forms) for rule in facts["rules"])
    if isinstance(prices := facts.get("prices"), Table):
        cells = _once(prices.cells, lambda cell: cell_of(prices.by, cell, forms), f"{where}: prices")
        read["prices"] = Table(prices.by, {cells[cell]: price for cell, price in prices.cells.items()})
    return read


def _word(form: Form | None, word: Any) -> Any:
    """Return a word as a request holds it; what is no word, as it is."""
    return form.canonical(word) if form is not None and isinstance(form.example, str) else word


def _param(param: Param, form: Form | None, where: str) -> Param:
    return attrs.evolve(
        param,
        takes=_each(param.takes, lambda value: _value(value, form, where)),
        default=_each(param.default, lambda value: _word(form, value)),
        bills_as={_word(form, value): _word(form, billed) for value, billed in param.bills_as.items()},
    )


def _each(thing: Any, change: Callable[[Any], Any]) -> Any:
    """Return a thing changed, or each case of it."""
    if not isinstance(thing, When):
        return change(thing)
    cases = tuple((field, None if each is None else change(each)) for field, each in thing.cases)
    return When(cases, None if thing.otherwise is None else change(thing.otherwise))


def _value(value: Value, form: Form | None, where: str) -> Value:
    if isinstance(value, Always):
        return Always(_word(form, value.value))
    if not isinstance(value, Choice):
        return value
    words = _once(value.wire, lambda word: _word(form, word), where)
    wire = {words[word]: written for word, written in value.wire.items()}
    return Choice(wire, not_honoured=tuple(_word(form, word) for word in value.not_honoured))


def _rule(rule: Rule, forms: Mapping[str, Form]) -> Rule:
    when = {name: _word(forms.get(name), value) for name, value in rule.when.items()}
    allows = {name: tuple(_word(forms.get(name), each) for each in values) for name, values in rule.allows.items()}
    return attrs.evolve(rule, when=when, allows=allows)


def cell_of(by: Iterable[str], cell: Iterable[str], forms: Mapping[str, Form]) -> tuple[str, ...]:
    """Return the values of a cell of a table of prices as a request holds them."""
    return tuple(_word(forms.get(name), value) for name, value in zip(by, cell, strict=True))


def _once(words: Iterable[Any], read: Callable[[Any], Any], where: str) -> dict[Any, Any]:
    """Return what each word is read as. Errors: ConfigError for two that are read as one."""
    read_as = {word: read(word) for word in words}
    first: dict[Any, Any] = {}
    for word, meant in read_as.items():
        if first.setdefault(meant, word) != word:
            raise ConfigError(f"{where}: {word!r} and {first[meant]!r} are the same; leave one of them out")
    return read_as
