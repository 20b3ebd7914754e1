"""Whose promises are tested, in which cases, and where."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar, NoReturn, ParamSpec, cast

import attrs
import pytest

from anymedia import AnymediaError, Client, DeadlineExceeded, Money, PriceStatus, Task, read_config
from anymedia.declare import Adapter, Endpoint, Lifecycle, Offer, Token
from anymedia.model.money import dollars
from anymedia.model.request import Request
from anymedia.observe.readers import Heard
from anymedia.registry import adapter
from anymedia.simulators import Service, Simulator, running, services
from anymedia.simulators.stated import REFUSALS

from .clock import FakeClock, while_sold
from .hints import hint
from .requests import every, fewest

P = ParamSpec("P")

LIMIT = 600.0
"""Seconds on the clock that a simulated task may take."""

SHAPE = 0.05
"""How far a picture's shape may be from what was asked for: sides are rounded."""


def promise(kept: bool, broken: str | Callable[[], str]) -> None:
    """Fail with one sentence, which may be made only then, and no traceback, unless a promise is kept."""
    if not kept:
        fail(broken if isinstance(broken, str) else broken())


def fail(sentence: str) -> NoReturn:
    """Fail with one sentence: no traceback, and no error that was being handled."""
    try:
        pytest.fail(sentence, pytrace=False)
    except pytest.fail.Exception as failed:
        raise failed from None


@attrs.frozen
class Case:
    """An offer in one variant, asked for with the fewest fields or with every field that it takes."""

    adapter: Adapter
    offer: Offer
    variant: str
    fields: str
    request: Request

    @property
    def name(self) -> str:
        """The offer's full name, provider/offer."""
        return f"{self.adapter.name}/{self.offer.name}"

    @property
    def life(self) -> Lifecycle:
        """How the offer's tasks go."""
        return self.adapter.life(self.offer.lifecycle)

    @property
    def takes_token(self) -> bool:
        """Whether its submit carries a token."""
        auth = self.life.submit.auth or self.adapter.auth
        return any(isinstance(each, Token) for each in auth)

    @property
    def service(self) -> type[Service]:
        """The simulator of the provider."""
        return services()[self.adapter.name]

    def __str__(self) -> str:
        return f"{self.name}-{self.variant}-{self.fields}"


_CASES: dict[int, tuple[Adapter, tuple[Case, ...]]] = {}
"""The cases of each adapter, by its identity: it takes a while to find them, and every test asks for them."""


def cases(adapter: Adapter) -> Iterator[Case]:
    """Yield two cases for each offer and variant, that with the fewest fields first."""
    held, found = _CASES.get(id(adapter), (None, ()))
    if held is not adapter:
        found = tuple(_found(adapter))
        _CASES[id(adapter)] = (adapter, found)
    yield from found


def _found(adapter: Adapter) -> Iterator[Case]:
    for offer in adapter.offers:
        for variant in offer.variants:
            yield Case(adapter, offer, variant, "fewest", fewest(adapter, offer, variant))
            yield Case(adapter, offer, variant, "every", every(adapter, offer, variant))


def firsts(adapter: Adapter) -> dict[str, Case]:
    """Return the first case of each lifecycle of which something is sold, by the provider and the lifecycle's name."""
    found: dict[str, Case] = {}
    for case in cases(adapter):
        found.setdefault("-".join(filter(None, (adapter.name, case.offer.lifecycle))), case)
    return found


def look(case: Case) -> Endpoint:
    """Return the call that looks at a task; skip the test where there is none."""
    if case.life.poll is None:
        pytest.skip(f"at {case.adapter.name} the answer to a submit is the result")
    return case.life.poll


def has(adapter: Adapter, place: str) -> bool:
    """Return whether the simulator of a provider answers calls of a place, as its routes name it."""
    return any(place == each for _, _, each in services()[adapter.name].routes)


def unstated(adapter: Adapter, what: str) -> NoReturn:
    """Skip the test: the page says nothing, so that the simulator states nothing, and there is nothing to hold."""
    pytest.skip(f"the simulator of {adapter.name} states no {what}")


def stated_refusal(adapter: Adapter, kind: str) -> None:
    """Skip the test where a fault is a refusal of which the page does not say how it is told."""
    if kind in REFUSALS and kind not in services()[adapter.name].refusals:
        unstated(adapter, f"refusal that is {kind}")


def stated_end(adapter: Adapter, kind: str) -> None:
    """Skip the test where the page does not say how a task fails."""
    if kind not in services()[adapter.name].failures:
        unstated(adapter, f"failure that is {kind}")


def read_as(came: Task | Money | AnymediaError) -> str:
    """Return in words what an adapter makes of an answer."""
    if isinstance(came, Money):
        return str(came)
    if isinstance(came, Task):
        return f"a task that is {came.state}"
    return f"{type(came).__name__} ({came.outcome or 'no outcome'}, billed {came.billed}): {came}"


class Suite:
    """What the tests are told, and how each is given its adapters, offers and cases."""

    providers: ClassVar[tuple[str, ...]] = ()
    cassettes: ClassVar[Path | None] = None
    unit: ClassVar[Decimal] = Decimal("0.01")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each test what it asks for."""
        if not self.providers:
            raise pytest.UsageError(f'{type(self).__name__} does not say whose promises: providers = ("acme",)')
        adapters = [adapter(name, where=type(self).__name__) for name in self.providers]
        wanted = metafunc.fixturenames
        if "told" in wanted:
            telling = [case for each in adapters if each.price_quote for case in cases(each)]
            none = pytest.param(None, id="none", marks=pytest.mark.skip(reason="no adapter here tells prices"))
            metafunc.parametrize("told", telling or [none], ids=str)
        elif "case" in wanted:
            metafunc.parametrize("case", [case for each in adapters for case in cases(each)], ids=str)
        elif "first" in wanted:
            found = {name: case for each in adapters for name, case in firsts(each).items()}
            metafunc.parametrize("first", found.values(), ids=list(found))
        elif "offer" in wanted:
            sold = {f"{each.name}/{offer.name}": (each, offer) for each in adapters for offer in each.offers}
            metafunc.parametrize(("adapter", "offer"), sold.values(), ids=list(sold))
        elif "cassette" in wanted:
            metafunc.parametrize(("adapter", "cassette"), list(self._cassettes(adapters)))
        elif "adapter" in wanted:
            metafunc.parametrize("adapter", adapters, ids=self.providers)

    def _cassettes(self, adapters: Iterable[Adapter]) -> "Iterator[pytest.ParameterSet]":
        """Yield every cassette with its adapter; one that is skipped for an adapter that has none."""
        for each in adapters:
            files = [] if self.cassettes is None else sorted((self.cassettes / each.name).glob("*.yaml"))
            yield from (pytest.param(each, file, id=f"{each.name}/{file.stem}") for file in files)
            if not files:
                none = pytest.mark.skip(reason=f"{each.name} has no cassettes")
                yield pytest.param(each, None, id=each.name, marks=none)

    def billed(self, money: Money) -> Decimal | None:
        """Return an amount as the simulator counts it: in credits, else in `unit`; None when nobody knows for sure."""
        if money.credits is not None and money.status is not PriceStatus.ESTIMATE:
            return money.credits
        return money.usd / self.unit if money.usd is not None and money.status is PriceStatus.EXACT else None

    def counted(self, money: Money) -> str:
        """Return an amount in words, with what the simulator would count."""
        billed, unit = self.billed(money), f"units of {dollars(self.unit)}" if money.credits is None else "credits"
        return str(money) if billed is None else f"{money}, that is {billed:f} {unit}"


@attrs.frozen
class Scene:
    """A simulator, and a client whose only account is there; nobody waits for their clock."""

    client: Client
    simulator: Simulator
    clock: FakeClock
    events: list[Heard]

    @property
    def submits(self) -> int:
        """How many submits came in."""
        return cast(int, self.simulator.bills()["submits"])

    @property
    def bills(self) -> list[dict[str, Any]]:
        """What was charged and refunded, task by task."""
        return cast("list[dict[str, Any]]", self.simulator.bills()["entries"])

    async def run(self, case: Case) -> Task | AnymediaError:
        """Return what a case comes to."""
        try:
            task = await self.client.submit(case.request, offer=case.name, timeout=LIMIT)
            return await self.client.wait(task, LIMIT)
        except AnymediaError as error:
            return error
        finally:
            self._changed_something(case)

    def _changed_something(self, case: Case) -> None:
        """Fail where a fault was to change an answer and did not: what is then seen says nothing of the adapter."""
        service = self.simulator.service
        idle = ", ".join(dict.fromkeys(service.idle))
        fields = f"`id_fields` are {', '.join(service.id_fields)}, its `state_fields` {', '.join(service.state_fields)}"
        promise(not idle, f"{case}: the fault {idle} found nothing to change in the simulator's answer; its {fields}")

    async def submitted(self, case: Case) -> Task:
        """Return the task of a case when it is accepted; fail when it is not."""
        try:
            return await self.client.submit(case.request, offer=case.name, timeout=LIMIT)
        except AnymediaError as error:
            fail(f"{case} was not accepted: {read_as(error)}{hint(case.life, error)}")

    async def finished(self, case: Case) -> Task:
        """Return the task of a case when it has succeeded; fail when it does not."""
        came = await self.run(case)
        if isinstance(came, DeadlineExceeded):
            fail(f"{case} never ended: {last_word(case.life, came.task)}{hint(case.life, came)}")
        if isinstance(came, AnymediaError):
            fail(f"{case} did not succeed: {type(came).__name__}: {came}{hint(case.life, came)}")
        return came


def last_word(life: Lifecycle, task: Task | None) -> str:
    """Return what the provider last said of a task, and what the adapter makes of it."""
    if task is None or task.raw_state is None:
        return "no state was ever read"
    meaning = life.meaning(task.raw_state)
    read_as = "which `states` does not name" if meaning is None else f"read as {meaning}"
    return f"its last state was {task.raw_state!r}, {read_as}"


@asynccontextmanager
async def at_simulator(
    adapter: Adapter, *, webhooks: str | None = None, without: str | None = None
) -> AsyncIterator[Scene]:
    """Run the simulator of a provider, with a client that knows nothing else.

    `webhooks` is the URL at which the client is told, `without` the name of a setting that it does not have.
    """
    clock, events = FakeClock(while_sold(adapter)), list[Heard]()
    async with running(adapter.name, clock=clock.time) as simulators:
        tables: dict[str, Any] = simulators.config
        if without is not None:
            del tables["providers"][adapter.name]["settings"][f"{without}_env"]
        told = {} if webhooks is None else {"webhooks": {"url": webhooks}}
        config = read_config({**tables, **told}, simulators.environ)
        # What is beside the simulators' journal goes with them.
        config = attrs.evolve(config, live_prices=Path(str(config.journal)).with_name("prices.json"))
        async with Client(config, clock=clock, on_event=events.append) as client:
            scene = Scene(client, simulators[adapter.name], clock, events)
            yield scene
            unknown = ", ".join(scene.simulator.service.unread)
            promise(not unknown, f"{adapter.name} sends what the simulator never reads: {unknown}")


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make an async test one that needs no plugin of pytest."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run
