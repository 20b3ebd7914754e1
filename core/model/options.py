"""The options of a call: how a request is bought, by the caller or by the configuration."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, TypedDict, TypeVar, Union, get_args

import attrs

from .errors import OutOfBounds, Problem
from .forms import one_of
from .money import DECIMALS
from .names import either, meant
from .spellings import with_point

if TYPE_CHECKING:
    from .quote import Quote

M = TypeVar("M", bound=Callable[..., Any])

POLICIES = ("ordered", "cheapest", "spread")
"""The policies that have names; Options says which one holds where none is given."""

Policy: TypeAlias = Union[Literal["ordered", "cheapest", "spread"], "Callable[[Sequence[Quote]], Iterable[Quote]]"]
"""ordered: as the accounts are named or configured; cheapest: by what is billed; spread: where there is the most room;
or a function that returns, of the quotes of the offers that take the request, those to try, in order; what it raises
goes to the caller, and nothing is sent."""

MOST_USD = 1_000_000
"""USD, above every amount that a user may give: a slip of the hand costs no fortune."""

FINEST = 60
"""Digits before the point, or zeros behind it, of an amount that is given as a Decimal."""

_USD = re.compile(r"[0-9]{1,20}(\.[0-9]{1,60})?")

OnUnsupported: TypeAlias = Literal["refuse", "drop"]


Choice: TypeAlias = Literal["stop", "continue"]


class SubmitOptions(TypedDict, total=False):
    """The options of `submit`; `idempotency_key` is the caller's own name for the request."""

    offer: str | None
    on_unsupported: OnUnsupported
    check: bool
    idempotency_key: str | None
    max_price: Decimal | str | float | None
    allow_unknown_price: bool
    policy: Policy | None
    fallback: bool
    on_uncertain: Choice
    on_blocked: Choice


class GenerateOptions(SubmitOptions, total=False):
    """What `generate` can be told beside: whether a request of several units may be made at several offers."""

    mix: bool


SAYS: Mapping[str, str] = {
    "policy": "Which offer is asked first: `ordered`, `cheapest`, `spread`, or a function; without one as an order was "
    "given, else the cheapest.",
    "fallback": "Whether another offer is asked after the first.",
    "max_price": "The most that may be billed, in USD, over all attempts and parts of a request.",
    "allow_unknown_price": "Whether offers without a known price pass a ceiling.",
    "on_uncertain": "`stop` or `continue` after what may have been billed; needs `max_price`.",
    "on_blocked": "`stop` or `continue` after moderation.",
    "mix": "Whether the pictures of a request may come from several offers.",
    "offer": "The one offer to ask, by its name.",
    "on_unsupported": "`refuse` or `drop` what an offer does not take.",
    "check": "Whether documented limits are held.",
    "idempotency_key": "The caller's own name for the request, which is bought once.",
}
"""What each option is, in a sentence."""


def shows_options(method: M) -> M:
    """Show the options of a method, which its `**options` are typed by, as keyword arguments in `help()`."""
    held = signature(method)
    *named, rest = held.parameters.values()
    (options,) = get_args(rest.annotation)
    keywords = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=LEFT_OUT, annotation=hint)
        for name, hint in options.__annotations__.items()
    ]
    method.__signature__ = held.replace(parameters=[*named, *keywords])  # type: ignore[attr-defined]
    return method


class _LeftOut:
    """What stands for an option that is not given: it is as the configuration's [route] says."""

    def __repr__(self) -> str:
        return "…"


LEFT_OUT = _LeftOut()


def _one_of(*words: str) -> Any:
    form = one_of(words)

    def check(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if (fault := form.fault(value)) is not None:
            refuse(attribute.name, fault)

    return check


def _flag(_: Any, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    if not isinstance(value, bool):
        refuse(attribute.name, f"must be true or false, not {value!r}")


def _policy(_: Any, __: Any, value: Any) -> None:
    if value is not None and value not in POLICIES and not callable(value):
        near = meant(value, POLICIES) if isinstance(value, str) else []
        hint = f"; did you mean {either(near)}?" if near else ""
        refuse("policy", f"must be one of {', '.join(POLICIES)} (in Python a function too), not {value!r:.60}{hint}")


def _amount(given: Any) -> Decimal | None:
    return None if given is None else usd(given)


def refuse(field: str, message: str) -> NoReturn:
    """Refuse the value of an option. Errors: OutOfBounds."""
    raise OutOfBounds(problems=[Problem(field=field, message=message)])


@attrs.frozen(kw_only=True)
class Options:
    """How a request is bought: the options of one call over those of the configuration.

    `max_price` (USD) is over all attempts and parts; where it is given, `allow_unknown_price` takes offers whose price
    nobody knows, which then count nothing. Without `fallback` the first offer is the only one. `on_uncertain` and
    `on_blocked` continue elsewhere after a submit that may have been billed, and after moderation, within max_price.
    `mix` makes what is missing of several results at another offer. Without a `policy` the offers are asked in the
    order that was given, by the accounts that a call names or by [route] accounts, else the cheapest first. `batch` is
    the name of the batch in which it is bought. Errors: OutOfBounds naming the option.
    """

    offer: str | None = None
    on_unsupported: OnUnsupported = attrs.field(default="refuse", validator=_one_of("refuse", "drop"))
    check: bool = attrs.field(default=True, validator=_flag)
    idempotency_key: str | None = None
    max_price: Decimal | None = attrs.field(default=None, converter=_amount)
    allow_unknown_price: bool = attrs.field(default=False, validator=_flag)
    policy: Policy | None = attrs.field(default=None, validator=_policy)
    fallback: bool = attrs.field(default=True, validator=_flag)
    on_uncertain: Choice = attrs.field(default="stop", validator=_one_of("stop", "continue"))
    on_blocked: Choice = attrs.field(default="stop", validator=_one_of("stop", "continue"))
    mix: bool = attrs.field(default=False, validator=_flag)
    batch: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.on_uncertain == "continue" and self.max_price is None:
            refuse("on_uncertain", "needs max_price too: the ceiling of what may be billed")


def seconds(timeout: object, *, zero: bool = False) -> float:
    """Return a timeout in seconds: infinity for None; 0 only where `zero` allows it. Errors: OutOfBounds."""
    if timeout is None:
        return math.inf
    number = timeout if isinstance(timeout, int | float) and not isinstance(timeout, bool) else math.nan
    if number > 0 or (zero and number == 0):
        return float(number)
    least = "0 or more" if zero else "more than 0"
    refuse("timeout", f"must be {least} seconds, or None for no deadline, not {timeout!r:.60}")


def usd(given: object, field: str = "max_price") -> Decimal:
    """Return an amount of USD, as it is given wherever a user gives one.

    A float is what it is written as, like 0.1. Errors: OutOfBounds for what is no plain decimal below a million, and
    for a float with more than nine decimals, as calculations leave it.
    """
    amount = _amount_of(given)
    if amount is None or amount < 0:
        hint = "".join(f"; did you mean {near}?" for near in with_point(given))
        refuse(field, f'must be an amount in USD, like "0.10", not {given!r:.60}{hint}')
    # With more it is not what somebody wrote: it was left of a calculation.
    if isinstance(given, float) and _decimals(amount) > DECIMALS:
        refuse(field, f'has more than {DECIMALS} decimals: {given!r}; write the amount in quotes, like "0.10"')
    if amount >= MOST_USD:
        refuse(field, f"must be an amount below ${MOST_USD:,}, not {given!r:.60}")
    return amount


def _amount_of(given: object) -> Decimal | None:
    """Return the number that a user gives; None for what has not the form of a plain amount."""
    if isinstance(given, str):
        return Decimal(given) if _USD.fullmatch(given) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return Decimal(given)
    amount = Decimal(float.__repr__(given)) if isinstance(given, float) else given
    fits = isinstance(amount, Decimal) and amount.is_finite() and abs(amount.adjusted()) <= FINEST
    return amount if isinstance(amount, Decimal) and fits else None


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
