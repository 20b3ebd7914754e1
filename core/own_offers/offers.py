"""Offers that the user's anymedia.toml declares, in the words of `anymedia.declare`, checked as built-in ones are."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.declare.offer import Offer, Rule
from anymedia.declare.sound import cells_of_no_request, contradictions, unlisted
from anymedia.declare.when import ANY, pick
from anymedia.model.errors import ConfigError
from anymedia.model.forms import Form, is_json
from anymedia.model.kinds import KINDS
from anymedia.model.names import no_such
from anymedia.model.urls import is_path
from anymedia.model.vocabulary import Kind
from anymedia.tables import SCALAR, USD, Key, fits, fitting, only

from .fields import fields_of, in_each
from .prices import prices_of
from .shapes import shape_of
from .values import LEAST
from .words import as_requested

GIVEN = "*"
"""What a rule says of a field that is given at all, whatever its value."""

OFFER: Mapping[str, Key] = {
    "name": Key(
        str,
        says="What it is called, after the account: `acme/wan2.7-image`.",
        like='"wan2.7-image"',
        default="is needed",
    ),
    "model": Key(
        str,
        says="The model's canonical name; offers of several providers that share it can stand in for one another.",
        like='"wan-2.7-image"',
        default="the name",
    ),
    "kind": Key(str, says="What it makes: `image`, `video`, `music` or `speech`.", like='"video"', default="`image`"),
    "makes": Key(int, says="How many works one price is for, as the two songs of some.", like="2", default="`1`"),
    "wire_id": Key(
        (str, Mapping), says="What the provider calls it.", like='"wan-ai/wan2.7-image"', default="the name"
    ),
    "path": Key(
        (str, Mapping),
        says="Where it is submitted, in place of the provider's usual path; it may hold `{wire_id}`.",
        like='"/v1/predictions"',
        default="the provider's",
    ),
    "lifecycle": Key(
        str,
        says="Which of the provider's ways of working it goes by: the name that the provider's page has in brackets, "
        "as `speech` in “submit (speech)”.",
        like='"speech"',
        default="the usual one",
    ),
    "fixed": Key(
        Mapping,
        says='What is always sent, by place; `{ when = { first_frame = "frame" } }` where a field is given.',
        like='{ "input.mode" = "fast" }',
        default="nothing",
    ),
    "params": Key(
        Mapping,
        says="The fields of a request that it takes, each a table; any other field is refused by name.",
        like='{ prompt = { to = "prompt", takes = "text" } }',
        default="is needed",
    ),
    "knobs": Key(
        Mapping,
        says='Fields that this provider alone has, given as `extra={"acme": {"watermark": False}}`.',
        like='{ watermark = { to = "watermark", takes = "flag" } }',
        default="none",
    ),
    "rules": Key(
        list,
        says="What fields need, exclude or allow of each other, each a table.",
        like='[{ when = { quality = "high" }, needs = "size" }]',
        default="none",
    ),
    "prices": Key(
        (*USD, Mapping),
        says="What it costs: USD, or one of the tables below.",
        like='"0.046"',
        default="unknown, which is never 0",
    ),
    "ends": Key(
        date,
        says="The day from which it is no longer sold, without quotes.",
        like="2026-12-01",
        default="it does not end",
    ),
    "shape": Key(
        Mapping,
        says="How ratio and resolution become pixels, or pixels become both.",
        like='{ step = 16, megapixels = { 1K = 1 }, ratio = "1:1", resolution = "1K" }',
        default="ratio, resolution and size are taken as `params` say",
    ),
    "page": Key(
        str,
        says="Where all this is written; errors name it.",
        like='"https://provider.example/docs/wan"',
        default="the place in your file",
    ),
}
RULE: Mapping[str, Key] = {
    "when": Key(
        Mapping,
        says='The values of fields with which the rule holds; `"*"` is any value.',
        like='{ quality = "high" }',
        default="is needed",
    ),
    "needs": Key(
        (str, list),
        says="A field that has to be given then, or several of which one has to be.",
        like='["images", "videos"]',
        default="nothing",
    ),
    "excludes": Key(
        (str, list), says="A field that may not be given then, or several.", like='"audio"', default="nothing"
    ),
    "allows": Key(
        Mapping,
        says="The values that are left of other fields then.",
        like='{ resolution = ["1K"] }',
        default="every value",
    ),
}
"""The keys of the tables of an offer and of a rule."""


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 100 and name.isprintable() and not any(map(str.isspace, name))


def _is_path(path: Any) -> bool:
    return is_path(path) and not {*path.replace("{wire_id}", "")} & {*"{}"}


DAY = Form("must be a day like 2026-12-01, without quotes, not {shown}", lambda given: type(given) is date)
NAME = Form("must be a name of 1 to 100 letters, without blanks, not {shown}", _is_name)
TEXT = Form("must be a text that is not empty, not {shown}", lambda text: isinstance(text, str) and bool(text.strip()))
CASES = Form(
    "must be a table of what holds where each field is given, not {shown}",
    lambda cases: isinstance(cases, dict) and bool(cases),
)
PATH = Form('must be a path like "/v1/pictures", which may hold {{wire_id}}, not {shown}', _is_path)
JSON = Form("must be a value that JSON has too, not {shown}", is_json)
SCALARS = Form(
    "must be a list of the values that are left, not {shown}",
    lambda values: isinstance(values, list) and bool(values) and all(map(SCALAR.fits, values)),
)


def with_own(adapter: Adapter, tables: list[Any], where: str) -> Adapter:
    """Return an adapter with the offers that these tables declare beside its own.

    Errors: ConfigError naming the place and what may stand there.
    """
    for number, table in enumerate(tables, 1):
        if not isinstance(table, Mapping):
            raise ConfigError(f"{where}: offers.{number}: must be a table, not {table!r:.60}")
        name = fitting(table.get("name"), NAME, f"{where}: offers.{number}: name")
        place = f"{where}: offers.{name}"
        if adapter.offer(name) is not None:
            raise ConfigError(f"{place}: {adapter.title} has an offer of this name already: give it another")
        try:
            adapter = attrs.evolve(adapter, offers=(*adapter.offers, _offer(name, table, place)))
        except ValueError as error:
            told = str(error).removeprefix(f"{adapter.name}: ").removeprefix(f"{name}: ")
            raise ConfigError(f"{place}: {told}") from None
        for wrong in _contradicted(adapter, adapter.offers[-1]):
            raise ConfigError(f"{place}: {wrong}")
    return adapter


def _offer(name: str, table: Mapping[str, Any], where: str) -> Offer:
    """Return the offer of a table. Errors: ConfigError; ValueError for what contradicts itself."""
    only(table, OFFER, where, "word of an offer")
    if not table.get("params"):
        raise ConfigError(f'{where}: params: is needed, like params.prompt = {{ to = "prompt", takes = "text" }}')
    facts = {word: read(table[word], f"{where}: {word}") for word, read in READ.items() if word in table}
    return Offer(**{"name": name, "page": where, "own": True, **as_requested(facts, where)})


def _kind(given: str, where: str) -> Kind:
    if given not in KINDS:
        raise ConfigError(f"{where}: {no_such('kind', given, dict.fromkeys(map(str, KINDS)))}")
    return Kind(given)


def _fixed(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return what is always sent; { when = { … } } says it for each field that may be given."""
    return {to: _value(value, f"{where}.{to}") for to, value in given.items()}


def _value(given: Any, where: str) -> Any:
    if isinstance(given, Mapping) and {*given} == {"when"}:
        return in_each(fits(JSON))(fitting(given["when"], CASES, f"{where}.when"), f"{where}.when")
    return fitting(given, JSON, where)


def _rules(given: list[Any], where: str) -> tuple[Rule, ...]:
    return tuple(_rule(each, f"{where}.{number}") for number, each in enumerate(given, 1))


def _rule(given: Any, where: str) -> Rule:
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: must be a table, not {given!r:.60}")
    only(given, RULE, where, "word of a rule")
    whens, allows = given.get("when", {}), given.get("allows", {})
    if not whens or not (allows or "needs" in given or "excludes" in given):
        raise ConfigError(
            f"{where}: must say when it holds, and what it needs, excludes or allows, like "
            f'{{ when = {{ quality = "high" }}, needs = "size" }} ("{GIVEN}" is any value)'
        )
    return Rule(
        when={
            name: ANY if value == GIVEN else fitting(value, SCALAR, f"{where}: when.{name}")
            for name, value in whens.items()
        },
        needs=_names(given.get("needs", []), f"{where}: needs"),
        excludes=_names(given.get("excludes", []), f"{where}: excludes"),
        allows={name: tuple(fitting(values, SCALARS, f"{where}: allows.{name}")) for name, values in allows.items()},
    )


def _names(given: Any, where: str) -> tuple[str, ...]:
    """Return one name, or a list of them. Errors: ConfigError."""
    return tuple(fitting(name, TEXT, where) for name in ([given] if isinstance(given, str) else given))


READ: Mapping[str, Any] = {
    "model": fits(TEXT),
    "kind": _kind,
    "wire_id": in_each(fits(TEXT)),
    "path": in_each(fits(PATH)),
    "lifecycle": fits(TEXT),
    "makes": fits(LEAST),
    "page": fits(TEXT),
    "fixed": _fixed,
    "params": fields_of,
    "knobs": fields_of,
    "rules": _rules,
    "shape": shape_of,
    "prices": prices_of,
    "ends": fits(DAY),
}
"""What reads the value of each word of an offer but its name."""


def _contradicted(adapter: Adapter, offer: Offer) -> Iterator[str]:
    """Yield what contradicts itself in an offer, or leaves it no way to be asked for."""
    if not offer.variants:
        yield "wire_id: leaves no variant in which it can be asked for"
    submit = adapter.life(offer.lifecycle).submit
    for variant, wire_id in offer.variants.items():
        path = pick(offer.path, (variant,)) or submit.path
        if path is None:
            yield f"path: is needed, since {adapter.title} has no one path for all: {variant} has none"
        elif not is_path(path.replace("{wire_id}", wire_id)):
            yield f"wire_id: {wire_id!r} cannot stand in the path {path}"
        for name in offer.fields:
            yield from (f"{name}: {wrong}" for wrong in contradictions(offer, name, variant))
    yield from unlisted(offer)
    if unread := ", ".join(cells_of_no_request(offer)):
        yield f"prices: are printed for what no request is billed as: {unread}"
