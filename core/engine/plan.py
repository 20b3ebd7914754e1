"""The plan of a request: which offers take it, and in which order they are asked."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.model.errors import AnymediaError, ConfigError, OutOfBounds, Problem
from anymedia.model.money import Money
from anymedia.model.options import Options, Policy, refuse
from anymedia.model.quote import REFUSED, Quote
from anymedia.model.request import AnyRequest, RawRequest, Request
from anymedia.model.task import Order
from anymedia.pricing.live import LivePrices
from anymedia.pricing.offers import candidates
from anymedia.pricing.quote import quote_of


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Option:
    """An offer of an account: what all of a request costs there, in how many tasks, and the orders for some units.

    `orders` takes the units, `why` the offer was chosen, and when (`chosen_at`). `error` says why it is not asked;
    None: it takes the request. `notices` are what is to be known of the offer.
    """

    account: Account
    name: str
    money: Money
    tasks: int
    orders: Callable[..., Sequence[Order]]
    quoted: Callable[[], Quote]
    error: AnymediaError | None = None
    notices: tuple[str, ...] = ()

    @cached_property
    def quote(self) -> Quote:
        """The quote, with the reason where it is not asked."""
        quote = self.quoted()
        if self.error is None or quote.status == REFUSED:
            return quote
        return attrs.evolve(quote, status=REFUSED, reasons=(str(self.error), *quote.reasons))


@attrs.frozen(kw_only=True)
class Plan:
    """How a request of so many units is bought: the offers in the order of the policy that holds for it.

    `refused` do not take it, each with its error; `left_out` do, and the policy does not try them. `alone` says that
    no other was thought of: there is one account, or the caller named one or an offer.
    """

    units: int
    policy: Policy
    options: tuple[Option, ...]
    refused: tuple[Option, ...]
    left_out: tuple[Option, ...]
    alone: bool = False

    @property
    def errors(self) -> list[AnymediaError]:
        """Why the offers that do not take the request do not."""
        return [option.error for option in self.refused if option.error is not None]


def plan(
    request: AnyRequest,
    accounts: Sequence[Account],
    terms: Options,
    *,
    live: LivePrices | None = None,
    known: Collection[Adapter] = (),
    one_task: bool = False,
    today: date | None = None,
    ordered: bool = False,
) -> Plan:
    """Return how a request is bought at these accounts; with `one_task`, an offer that needs several refuses it.

    Where the terms say no policy, `ordered` says whether somebody gave the order of the accounts, which then holds;
    else the cheapest offer comes first.
    `live` holds prices that providers published; errors name what the `known` adapters sell. Offers that have ended by
    `today` refuse it.

    Errors: Unsupported for a model or an offer that does not exist, ConfigError for a raw request to a provider without
    an account, OutOfBounds for a policy that returns what it was not given.
    """
    if isinstance(request, RawRequest):
        options = _raw(request, accounts, terms)
    else:
        options = _sold(request, accounts, terms, live, known, today)
    fitting, refused = [], []
    for option in options:
        error = option.error or _lacking(option.account) or (_several(option) if one_task else None)
        if error is None:
            fitting.append(option)
        else:
            refused.append(attrs.evolve(option, error=error))
    usual: Policy = "ordered" if ordered else "cheapest"
    policy = usual if terms.policy is None else terms.policy
    chosen = in_order(policy, fitting)
    return Plan(
        units=request.units,
        policy=policy,
        options=tuple(chosen),
        refused=tuple(refused),
        left_out=tuple(option for option in fitting if option not in chosen),
        alone=len(fitting) + len(refused) == 1 and (len(accounts) == 1 or terms.offer is not None),
    )


def _sold(
    request: Request,
    accounts: Sequence[Account],
    terms: Options,
    live: LivePrices | None,
    known: Collection[Adapter],
    today: date | None,
) -> Iterator[Option]:
    """Yield every offer of the request's model."""
    for candidate in candidates(
        request,
        accounts,
        offer=terms.offer,
        on_unsupported=terms.on_unsupported,
        limits=terms.check,
        live=live,
        known=known,
        today=today,
    ):
        checked = candidate.checked
        yield Option(
            account=candidate.account,
            name=candidate.name,
            money=candidate.money,
            tasks=len(candidate.parts),
            orders=partial(candidate.orders, idempotency_key=terms.idempotency_key, batch=terms.batch),
            error=checked.error(candidate.account.name) if checked.problems else None,
            notices=checked.notices,
            quoted=partial(quote_of, candidate),
        )


def _raw(request: RawRequest, accounts: Sequence[Account], terms: Options) -> Iterator[Option]:
    """Yield every account at the provider of a raw request: nothing is known of its price."""
    at_provider = [account for account in accounts if account.adapter.name == request.provider]
    if not at_provider:
        raise ConfigError(f"no account is configured at {request.provider!r}", provider=request.provider)
    for account in at_provider:
        submit = account.adapter.life(request.lifecycle).submit
        named = request.body.get(submit.model or "")
        order = Order(
            provider=account.adapter.name,
            account=account.name,
            path=request.path,
            body=request.body,
            money=Money.unknown("a raw request"),
            kind=request.kind,
            wire_id=named if isinstance(named, str) else None,
            lifecycle=request.lifecycle,
            idempotency_key=terms.idempotency_key,
            batch=terms.batch,
            texts=request.texts,
        )
        yield Option(
            account=account,
            name=order.name,
            money=order.money,
            tasks=1,
            orders=partial(_raw_orders, order),
            quoted=partial(_raw_quote, order),
        )


def _raw_orders(order: Order, _: range, **chosen: Any) -> list[Order]:
    return [attrs.evolve(order, **chosen)]


def _raw_quote(order: Order) -> Quote:
    return Quote(
        offer=order.name,
        provider=order.provider,
        account=order.account,
        model=order.wire_id or "",
        status=str(order.money.status),
        money=order.money,
        tasks=1,
        depends_on={},
    )


def _lacking(account: Account) -> ConfigError | None:
    try:
        account.check()
    except ConfigError as error:
        return error
    return None


def _several(option: Option) -> OutOfBounds | None:
    if option.tasks == 1:
        return None
    message = f"needs {option.tasks} tasks of {option.name}, and this makes one; generate makes them all"
    return OutOfBounds(problems=[Problem(field="count", message=message)], account=option.account.name)


def in_order(policy: Policy, options: Sequence[Option]) -> list[Option]:
    """Return the options in the order in which a policy tries them, but for `spread`, which goes by the moment.

    Within an account the cheapest comes first. Errors: OutOfBounds when a function returns what it was not given.
    """
    if callable(policy):
        by_quote = {id(option.quote): option for option in options}
        chosen = policy([option.quote for option in options])
        ids = [id(each) for each in chosen] if isinstance(chosen, Iterable) else [0]
        if not by_quote.keys() >= set(ids) or len(set(ids)) != len(ids):
            refuse("policy", "the function returned what it was not given, or the same twice")
        return [by_quote[each] for each in ids]
    if policy == "cheapest":
        return sorted(options, key=_price)
    accounts = list(dict.fromkeys(option.account.name for option in options))
    return sorted(options, key=lambda option: (accounts.index(option.account.name), _price(option)))


def _price(option: Option) -> tuple[bool, Decimal]:
    return option.money.bound is None, option.money.bound or Decimal(0)
