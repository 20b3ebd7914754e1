"""docs/routing.md: what follows from what happened, for how long, and for how much: asked of the code that decides."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from anymedia import (
    Account,
    AnymediaError,
    Attempt,
    Blocked,
    DeadlineExceeded,
    Failure,
    ImageRequest,
    JournalError,
    Money,
    Order,
    OverCeiling,
    ProviderError,
    Secret,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    VideoRequest,
)
from anymedia.client import TIMEOUT
from anymedia.clock import Clock
from anymedia.config import default_account
from anymedia.declare import Adapter, Limits
from anymedia.engine.plan import plan
from anymedia.engine.purchase import TRIES
from anymedia.engine.route import route_of
from anymedia.engine.rules import STEPS, Step, after, cooldown, step
from anymedia.keys import ROUTE
from anymedia.limits.health import CHECK_BALANCE, Cooldown, Health
from anymedia.limits.slots import FORGOTTEN
from anymedia.model.money import PriceStatus, dollars
from anymedia.model.options import POLICIES, SAYS, Options
from anymedia.model.plain import duration
from anymedia.model.vocabulary import Billed, Cause, Kind, Outcome, Refund

from . import asking
from .errors import classes
from .markdown import NONE, blocks, code, table

INTRO = """\
`submit` and `generate` buy in one way: at the offer that the policy puts first, and at the next one where that cannot
cost more than was allowed. `submit` makes one task and returns it as it was accepted; `generate` makes all of a
request, and waits for it. How one submit ends is on [Money safety](money-safety.md); what follows from that is here.

These tables are generated: each error, attempt and quote was run through the deciding code (`anymedia.engine.rules`,
`anymedia.limits.health`, `anymedia.engine.route`, `Attempt.reserved`)."""

SNIPPET = """\
```python
from anymedia import ImageRequest, SyncClient

request = ImageRequest(model="{model}", prompt="a lighthouse at dusk", {field}="{value}")
with SyncClient() as client:
    print(client.route(request, max_price="0.10").worst)  # sends nothing
    result = client.generate(request, max_price="0.10", on_uncertain="continue")
    for attempt in result.attempts:
        print(attempt.order.offer, attempt.status, attempt.reserved, attempt.order.why)
    print([health.account for health in client.health() if health.cause])
```"""

FOLLOWS = """\
First match first. *Unless* says with which options something else follows.

- **the next offer** is the next of the policy's order, at the same account too. **The next account**: no offer of this
  one is asked by this request any more.
- **wait for it**: where no other can be asked sooner, the same account is asked again: one that limits its rate, as
  often as the deadline allows; one that cannot be reached, {tries} times in all at most. A wait that the deadline would
  cut short is not begun.
- **within what is left of `max_price`**: what may have been billed counts in full, and nothing is sent that would pass
  it. Without a `max_price` nothing is bought after what may have been billed.
- **stop**: nothing is begun any more, and the error goes to the caller, with every attempt in `error.attempts`. What
  goes on already is waited for: of several pictures those that are made are a result, with what is missing named.
- Where a provider honours an idempotency key, an uncertain submit is replayed with its replay key before any of this.
- An accepted task is looked at until it is done, however slow it is and whatever becomes of the looks. At the deadline
  the error carries the live task, and nothing was bought elsewhere. (One that has succeeded and shows no result is a
  `MalformedAnswer`, and stops.)
- Where no offer is left, the error is the one that there is, or a `NoRoute` with what each offer said."""

ALONE = """\
All submits of a client share what is known of an account's health: all of them leave an account in trouble alone.
`client.health()` shows it. Another client, or another process, finds out for itself."""

LENGTHS = """\
Times that nobody names are drawn up to a tenth longer, so that many clients do not come back together; one that the
provider names (`Retry-After`) is never cut short. After a time that doubles **one** request is sent first, and the
others wait for how it ends. A task that is accepted ends the cooldown, if it was submitted after the trouble began.
While an account is without credit, its balance is looked at beside the requests (where the provider reports it), each
{check} at most; the first look is what a later one is compared with."""

POLICY: Mapping[str, str] = {
    "ordered": "as the accounts are named in the call, else as they are configured; at one account the cheapest first",
    "cheapest": "by what is billed; a price that nobody knows comes last",
    "spread": "where there is the most room in the account's limits and connections, at the moment of each submit",
}

POLICIES_TOLD = """\
A policy puts the offers that take the request in order; those that do not are never asked. `policy` may be a function
as well: it is given the quotes, and returns those to try, in order.

Where nobody says which one, it is `ordered` where an order was given, by accounts that the call names
(`client.generate(request, "first", "second")`, `--provider` twice) or by `[route] accounts`; else it is `cheapest`: the
order of the tables in anymedia.toml, and of the names of providers, decides nothing but between equal prices."""

CEILING = """\
`max_price` is in USD over all attempts and parts of one request, as text, `Decimal` or a number as it is written
(`0.1`; what a calculation leaves, like `0.30000000000000004`, is refused). The price of an attempt is reserved before
it is sent; an offer whose price does not fit into what is left is skipped, and one whose price nobody knows too
(`allow_unknown_price=True` takes it, and counts nothing for it). Where none fits, nothing is sent, and the error is an
`OverCeiling`, in a `NoRoute` where other offers said something else. An attempt counts as it stands:"""

DAY = """\
This is `attempt.reserved`, over all attempts `result.reserved`; what the provider said that it took is
`attempt.charged`. An account's `daily_limit` counts the same, from midnight to midnight UTC, over all processes that
share the journal; it is held in the very transaction that writes the attempt down before it is sent, and what would
pass it goes to the next offer."""

WORST = """\
`client.route` shows where a request would go (with `spread`: while nothing goes on), and the most that it can be billed
in all. For {request}, at the prices of the pages:"""

WORST_AFTER = """\
Without `max_price` a second offer is asked only if the first was certainly not billed, so the worst case is the dearest
single offer. With one, offers add up as far as it allows, wherever the request goes on after what may have been
billed: after a failed task that nobody says is given back, and after what `on_uncertain` and `on_blocked` allow."""

LENGTHENS = """\
What is billed by its length is reserved by its length, and by the longest that there may be where nobody says how long
it is to be. For {request} at `policy="cheapest"` and `max_price="{ceiling}"`:"""

SEVERAL = """\
A request for more pictures than an offer makes in one task is submitted as several tasks, side by side, at **one**
offer; `attempt.order.part` and `attempt.order.units` say which pictures each is to make.

- What comes back undone is open again, and goes where the table above says, with the ceiling over all of it.
- Once a picture was made, or while a task goes on that may make one, nothing goes to another offer, so that the
  pictures of a request come from one model. `mix=True` lets the missing pictures come from another offer.
- After a stop, the deadline or a cancel no new part begins; those that were sent are waited for (a cancel leaves them
  to the journal and to `client.detached`).
- Any success is a `Result`, with `missing` and `errors`; only where nothing was made is there an error.
- Under a caller's `idempotency_key` what was made is not bought again, and what is missing is bought where the rest was
  (with `mix=True`, anywhere)."""

LIMITS = """\
What the pages say that each provider allows (–: none does); an account's own `limits` go before it:"""

LIMITS_AFTER = """\
- No more **submits**, and no more **looks**, reach the provider in any window of that length than it allows. Nobody on
  this side knows when a call arrives, so each counts from when it is sent until a window's length after it was
  answered; one that certainly never left does not count.
- No more **tasks** than that go on at a time. An accepted task counts until it was seen to be over, or until nobody has
  looked at it for {forgotten}; a submit counts from before it is sent, and one that may have made a task does too.
- Whoever waits is served in turn: requests of one part each in the order in which they came, and one of a hundred parts
  takes turns with them, part by part. Of many that may go to the same accounts a few wait at each account; the others
  choose when it is their turn, by how the accounts are then. A request that was sent in vain comes after all that wait.
- All who share a [journal](journal.md) share these too: the processes of one machine, or those of [many
  machines](many-machines.md) at one PostgreSQL. Each gets slots in turn. What a process that was killed had sent counts
  on for as long as it may count at the provider. A rate limit or an outage that one of them has met, all of them
  respect, and one request of all tries whether an outage is over. An API key that is refused and a balance that is used
  up each finds out for itself. Without a journal, the limits hold for one client."""

OPTIONS_TOLD = """\
What a call gives goes before `[route]`, and that before the default. `submit` takes all but `mix`."""

TOML = """\
```toml
[route]
accounts = ["{first}", "{second}"] # who is asked, and in which order
policy = "ordered" # as it is without this line, where accounts are named
max_price = "0.10" # USD
on_uncertain = "continue"

[providers.{first}]
daily_limit = "5.00" # USD

[providers.{second}.limits] # each goes before what the provider is known to allow
submits = [20, 10] # at most 20 in any 10 s
polls = [10, 1]
active = 5 # tasks at a time
```"""


WAYS: Sequence[Mapping[str, str]] = (
    {"max_price": "1"},
    {"on_uncertain": "continue", "max_price": "1"},
    {"on_blocked": "continue"},
    {"on_blocked": "continue", "max_price": "1"},
)
"""The terms that something else may follow on."""


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    return blocks(
        INTRO,
        _snippet(sellers),
        "## What follows from what happened",
        table(["what happened", "as", "what follows", "unless", "the account is left alone until"], _steps()),
        FOLLOWS.format(tries=TRIES),
        "## How long an account is left alone",
        ALONE,
        table(["after", "the first time", "as long as it lasts", "until"], _cooldowns()),
        LENGTHS.format(check=duration(CHECK_BALANCE)),
        "## Which offer is first",
        POLICIES_TOLD,
        table(["policy", "order"], ([code(name), POLICY[name]] for name in POLICIES)),
        "## What it may cost",
        CEILING,
        table(["an attempt that", "counts"], _counted()),
        DAY,
        *_worst(sellers),
        "## Several pictures",
        SEVERAL,
        "## Limits",
        LIMITS,
        table(["provider", "submits", "looks", "tasks at a time"], map(_limited, sellers)),
        LIMITS_AFTER.format(forgotten=duration(FORGOTTEN)),
        "## Options",
        OPTIONS_TOLD,
        table(["option", "default", "what it is", "in `[route]`"], _options()),
        _toml(sellers),
    )


def _snippet(sellers: Sequence[Adapter]) -> str:
    request = _example(sellers)
    return "" if request is None else SNIPPET.format(model=request.model, field="resolution", value=request.resolution)


# What follows


def follows(error: AnymediaError) -> str:
    """Say what `generate` does after an error, by default and otherwise."""
    return "; ".join(filter(None, (str(after(error, Options())), _unless(error))))


def _unless(error: AnymediaError) -> str:
    """Say what else follows, and with which options: with the fewest that bring it about."""
    usual = after(error, Options())
    found: list[Mapping[str, str]] = []
    for way in WAYS:
        if after(error, Options(**way)) is not usual and not any(less.items() <= way.items() for less in found):  # type: ignore[arg-type]
            found.append(way)
    return "; ".join(f"{after(error, Options(**way))} {_with(way)}" for way in found)  # type: ignore[arg-type]


def _with(way: Mapping[str, str]) -> str:
    options = " and ".join(code(f'{name}="{word}"') for name, word in way.items() if name != "max_price")
    within = "within what is left of `max_price`" if "max_price" in way else ""
    return ", ".join(filter(None, (f"with {options}" if options else "", within)))


def _steps() -> Iterator[list[str]]:
    """Yield each step with the errors that come to it, and what follows from those."""
    came: dict[Step, list[AnymediaError]] = {each: [] for each in STEPS}
    for error in _every_error():
        came[step(error)].append(error)
    for each, errors in came.items():
        if not errors:
            raise TypeError(f"no error comes to the step {each.what!r}")
        kinds = " ".join(dict.fromkeys(code(type(error).__name__) for error in errors))
        then = {after(error, Options()) for error in errors}
        alone = {_alone(error) for error in errors}
        if len(then) > 1 or len(alone) > 1:
            raise TypeError(f"several things follow from the step {each.what!r}")
        yield [each.what, kinds, *then, _by_bill(errors), *alone]


def _by_bill(errors: Sequence[AnymediaError]) -> str:
    """Say what else follows from the errors of a step; told apart by whether it was billed where that matters."""
    not_billed = {_unless(error) for error in errors if error.billed is Billed.NO}
    billed = {_unless(error) for error in errors if error.billed is not Billed.NO}
    told = not_billed | billed
    if len(told) == 1:
        return told.pop()
    return "; ".join(
        [
            *(f"{each}, if it was not billed" for each in not_billed),
            *(f"{each}, if it may have been" for each in billed),
        ]
    )


def _every_error() -> Iterator[AnymediaError]:
    """Yield every error of the tree, as it comes before a task was accepted and after."""
    task = attrs.evolve(asking.draft(asking.PLAIN), state=State.FAILED)
    passing = attrs.evolve(task, failure=Failure(cause=Cause.FAILED, refund=Refund.YES, passing=True))
    yield TaskFailed(task=passing, billed=Billed.NO)
    for kind in classes(AnymediaError):
        if issubclass(kind, SubmitUncertain):
            yield from (kind(outcome=outcome) for outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID))
        elif issubclass(kind, TaskFailed | Blocked):
            yield from (kind(task=task, billed=billed) for billed in (Billed.NO, Billed.YES, Billed.UNKNOWN))
        elif issubclass(kind, DeadlineExceeded | JournalError):
            yield kind(task=task)
        elif issubclass(kind, OverCeiling):
            yield kind(account=task.account)
        if not issubclass(kind, SubmitUncertain | TaskFailed) and kind not in (AnymediaError, ProviderError):
            yield kind()


def _alone(error: AnymediaError) -> str:
    """Say what ends the cooldown of the account, where a submit ended in the error."""
    if error.task is not None or not isinstance(error, ProviderError | SubmitUncertain):
        return ""
    cause = error.cause if isinstance(error, ProviderError) else None
    ends = cooldown(_attempt(cause=cause, outcome=error.outcome or Outcome.REFUSED))
    return "" if ends is Cooldown.NONE else str(ends)


# For how long


class _Still(Clock):
    """A clock that stands where it was put, and draws nothing."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return asking.NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def chance(self) -> float:
        return 0.0


CAME: Mapping[str, Mapping[str, Any]] = {
    "a rate limit": {"cause": Cause.RATE_LIMITED},
    "a rate limit, with `Retry-After: 90`": {"cause": Cause.RATE_LIMITED, "retry_after": 90.0},
    "no credit": {"cause": Cause.NO_CREDIT},
    "an API key that is refused": {"cause": Cause.BAD_API_KEY},
    "it could not be reached, or was unavailable": {"cause": Cause.UNAVAILABLE, "outcome": Outcome.NOT_SENT},
    "a submit that may have been billed": {"outcome": Outcome.UNCERTAIN},
    "a submit that was refused for what it asked": {"cause": Cause.REJECTED},
}
"""How submits ended, one like the other."""

FAILURES = 12
"""How many of them in a row: after so many, nothing gets any longer."""


def _cooldowns() -> Iterator[list[str]]:
    for what, how in CAME.items():
        first, *more = _waits(how)
        ends = cooldown(_attempt(**how))
        if not first:
            yield [what, "not at all", "", ""]
        else:
            yield [what, duration(first), _lengthening(more), str(ends)]


def _waits(how: Mapping[str, Any]) -> list[float]:
    """Return for how long an account is left alone that fails each time it is asked."""
    clock, waits = _Still(), list[float]()
    health = Health(clock, _no_balance)
    account = Account(name="account", adapter=asking.PLAIN, origin="")
    for _ in range(FAILURES):
        ended = _attempt(**how, started_at=clock.now())
        health.note(account, ended, cooldown(ended))
        waits.append(health.wait(account))
        clock.seconds += waits[-1]
    return waits


async def _no_balance(_: Account) -> Money:
    raise NotImplementedError


def _lengthening(waits: Sequence[float]) -> str:
    grows = list(dict.fromkeys(waits))
    if len(grows) == 1:
        return f"{duration(grows[0])} each"
    told = grows if len(grows) < 4 else [*grows[:3], grows[-1]]
    words = [duration(each) for each in told]
    return ", ".join(words[:-1]) + (" … " if len(grows) > len(told) else ", ") + words[-1]


def _attempt(**how: Any) -> Attempt:
    return Attempt(
        id="a-1",
        order=Order(provider=asking.PLAIN.name, account=asking.PLAIN.name, path="/tasks", money=PRICE),
        **{"outcome": Outcome.REFUSED, "started_at": asking.NOW, **how},
    )


# For how much

PRICE = Money(usd=Decimal(1), list_usd=Decimal(1), status=PriceStatus.EXACT, got="table")
TOOK = attrs.evolve(PRICE, usd=Decimal(2), got="settled")
GIVEN_BACK = attrs.evolve(PRICE, usd=Decimal(0), got="settled")
COUNTS = {Decimal(0): "nothing", Decimal(1): "its price, as it was quoted", Decimal(2): "what the provider says"}


def _counted() -> Iterator[list[str]]:
    for what, attempt in _attempts().items():
        usd = attempt.reserved
        yield [what, NONE if usd is None else COUNTS[usd]]


def _attempts() -> Mapping[str, Attempt]:
    """Return attempts as they may stand, by what they are called."""
    task = asking.draft(asking.PLAIN)
    failed = attrs.evolve(task, state=State.FAILED)

    def made(task: Task) -> Attempt:
        return _attempt(outcome=Outcome.ACCEPTED, task=task)

    return {
        "is being sent": _attempt(outcome=None),
        "was not sent": _attempt(outcome=Outcome.NOT_SENT),
        "was refused": _attempt(outcome=Outcome.REFUSED),
        "is uncertain": _attempt(outcome=Outcome.UNCERTAIN),
        "was accepted without an id": _attempt(outcome=Outcome.ACCEPTED_WITHOUT_ID),
        "is uncertain, and was settled by hand as not billed": _attempt(outcome=Outcome.UNCERTAIN, settled=Billed.NO),
        "was accepted, and its task goes on": made(task),
        "made its task, and the provider says what it took": made(attrs.evolve(task, money=TOOK)),
        "made its task, and the provider does not say": made(attrs.evolve(task, state=State.SUCCEEDED)),
        "failed, and was given back": made(attrs.evolve(failed, money=GIVEN_BACK)),
        "failed, and nobody says whether it is given back": made(failed),
    }


def _most_sold(sellers: Iterable[Adapter], kind: Kind) -> str | None:
    """Return the model of a kind that most of them sell; None where they sell none."""
    of_kind = ({offer.model for offer in each.offers if offer.kind is kind} for each in sellers)
    sold = Counter(model for models in of_kind for model in sorted(models))
    return max(sorted(sold, reverse=True), key=sold.__getitem__) if sold else None


def _example(sellers: Iterable[Adapter]) -> ImageRequest | None:
    """Return a request for a picture of the model that most of them sell; None where they sell none."""
    model = _most_sold(sellers, Kind.IMAGE)
    return None if model is None else ImageRequest(model=model, prompt="a lighthouse at dusk", resolution="1K")


def _worst(sellers: Sequence[Adapter]) -> Iterator[str]:
    request = _example(sellers)
    accounts = [default_account(each, {}) for each in sellers]
    if request is None or not accounts:
        return
    accounts = [attrs.evolve(account, api_key=Secret("of nobody")) for account in accounts]
    yield WORST.format(request=f"{code(request.model)} at {request.resolution}")
    yield table(["options", "asked, in this order", "at worst"], _routes(request, accounts))
    yield WORST_AFTER
    if (model := _most_sold(sellers, Kind.VIDEO)) is not None:
        clip = VideoRequest(model=model, prompt="a lighthouse at dusk", duration=5, resolution="720p", audio=False)
        yield from _by_length(clip, accounts)


def _by_length(clip: VideoRequest, accounts: Sequence[Account]) -> Iterator[str]:
    prices = (option.money.usd for option in plan(clip, accounts, Options()).options)
    ceiling = str(min((usd for usd in prices if usd is not None), default=Decimal(1)))
    yield LENGTHENS.format(request=f"{code(clip.model)} at {clip.resolution}, without sound,", ceiling=ceiling)
    terms, rows = Options(policy="cheapest", max_price=ceiling), []
    for length in (3, 5, 6, 10):
        route = route_of(plan(attrs.evolve(clip, duration=length), accounts, terms), terms)
        asked = ", ".join(f"{code(quote.offer)} {quote.money}" for quote in route.steps)
        rows.append([code(f"duration={length}"), asked or "nobody: nothing is sent"])
    yield table(["seconds", "asked"], rows)


def _routes(request: ImageRequest, accounts: Sequence[Account]) -> Iterator[list[str]]:
    prices = (option.money.usd for option in plan(request, accounts, Options()).options)
    known = sorted(usd for usd in prices if usd is not None)
    two, one = str(sum(known[:2])), str(known[:2][-1])
    ways: Sequence[Mapping[str, Any]] = (
        {},
        {"policy": "ordered"},
        {"policy": "spread"},
        {"fallback": False},
        {"max_price": "1"},
        {"max_price": "1", "on_uncertain": "continue"},
        {"max_price": two, "on_uncertain": "continue"},
        {"max_price": one, "on_uncertain": "continue"},
    )
    for way in ways:
        terms = Options(**way)
        route = route_of(plan(request, accounts, terms), terms)
        worst = "nobody knows" if route.worst is None else dollars(route.worst)
        asked = ", ".join(f"{code(quote.offer)} {quote.money}" for quote in route.steps)
        yield [" ".join(code(f"{name}={_python(value)}") for name, value in way.items()), asked, worst]


# Limits and options


def _limited(adapter: Adapter) -> list[str]:
    limits: Limits = adapter.limits
    windows = (limits.submits, limits.polls)
    told = [NONE if window is None else f"{window[0]} in {duration(window[1])}" for window in windows]
    return [adapter.title, *told, NONE if limits.active is None else str(limits.active)]


def _options() -> Iterator[list[str]]:
    defaults = {field.name: field.default for field in attrs.fields(Options)}
    for name in SAYS:  # the options of a caller: the name of a batch is none
        yield [code(name), code(_python(defaults[name])), SAYS[name], "yes" if name in ROUTE else "no"]
    yield ["`timeout`", code(f"{TIMEOUT:g}"), "Seconds for all of it.", "no"]


def _python(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _toml(sellers: Sequence[Adapter]) -> str:
    names = [each.name for each in sellers if each.balance is not None]
    return TOML.format(first=names[0], second=names[1]) if len(names) > 1 else ""
