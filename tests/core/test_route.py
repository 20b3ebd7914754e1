"""The way that a request would go, and the most that it can come to: against every course that it can take."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anymedia import Client, ConfigError, ImageRequest, Money, OutOfBounds, Quote, Refund, read_config
from anymedia.engine.route import Route
from anymedia.model.options import Options
from anymedia.registry import adapters

from .options import route_of, worst

REFUNDS = {name: adapter.refunds is Refund.YES for name, adapter in adapters().items()}


def quote(usd, provider="reapi", offer="1", tasks=1):
    return Quote(
        offer=f"{provider}/{offer}",
        provider=provider,
        account=provider,
        model="one",
        status="unknown" if usd is None else "exact",
        money=Money.unknown("no page says") if usd is None else Money(usd=Decimal(usd)),
        tasks=tasks,
        depends_on={},
    )


def test_two_kinds_of_providers_are_told_apart_here():
    assert (REFUNDS["reapi"], REFUNDS["revidapi"]) == (True, False)


# The worst case

CENTS = st.integers(0, 12).map(lambda cents: Decimal(cents) / 100)
ROUTES = st.lists(st.tuples(CENTS, st.sampled_from(["reapi", "revidapi", "runapi"])), max_size=6)
CEILINGS = st.none() | CENTS | st.integers(5, 60).map(lambda cents: Decimal(cents) / 100)


def terms_of(most, uncertain, blocked, **more):
    going = {"on_uncertain": "continue" if uncertain and most is not None else "stop"}
    return Options(max_price=most, on_blocked="continue" if blocked else "stop", **going, **more)


def can_go_on(provider, terms):
    """After it was billed: only within a ceiling, and where failures are billed, or the caller lets it go on."""
    asked = "continue" in (terms.on_uncertain, terms.on_blocked)
    return terms.max_price is not None and (asked or not REFUNDS[provider])


def courses(steps, terms, spent=Decimal(0)):
    """Yield what every course comes to: at each offer in turn it is not billed, billed and over, or billed and on."""
    if not steps:
        yield spent
        return
    (usd, provider), rest = steps[0], steps[1:]
    yield from courses(rest, terms, spent)  # not sent, refused, given back, or over the ceiling
    if terms.max_price is None or spent + usd <= terms.max_price:
        yield spent + usd
        if can_go_on(provider, terms):
            yield from courses(rest, terms, spent + usd)


@given(ROUTES, CEILINGS, st.booleans(), st.booleans())
def test_the_worst_case_is_that_of_the_worst_course(steps, most, uncertain, blocked):
    terms = terms_of(most, uncertain, blocked)
    quotes = [quote(usd, provider, str(number)) for number, (usd, provider) in enumerate(steps)]
    assert worst(quotes, terms) == max(courses(steps, terms))


def parted(steps, tasks, terms, spent=Decimal(0)):
    """Yield what every course of several pictures comes to, of which each is a task with an equal share of the price.

    All of what is open is held against the ceiling; then any number of it is billed and comes to nothing, and all of it
    is open again at the next offer, or all of it is made.
    """
    yield spent
    if not steps:
        return
    (usd, provider), rest = steps[0], steps[1:]
    yield from parted(rest, tasks, terms, spent)
    if terms.max_price is None or spent + usd * tasks <= terms.max_price:
        yield spent + usd * tasks
        for billed in range(1, tasks + 1) if can_go_on(provider, terms) else ():
            yield from parted(rest, tasks, terms, spent + usd * billed)


@given(ROUTES.filter(lambda steps: len(steps) < 4), st.integers(1, 3), CEILINGS, st.booleans(), st.booleans())
@example([(Decimal("0.10"), "revidapi"), (Decimal("0.10"), "reapi")], 2, Decimal("0.30"), False, False)
def test_the_worst_case_of_several_tasks_counts_those_that_were_billed_alone(steps, tasks, most, uncertain, blocked):
    terms = terms_of(most, uncertain, blocked)
    quotes = [quote(usd * tasks, provider, str(number), tasks) for number, (usd, provider) in enumerate(steps)]
    least = max(parted(steps, tasks, terms))
    assert least <= worst(quotes, terms)
    assert most is None or worst(quotes, terms) <= most


def test_what_nobody_knows_the_price_of_makes_the_worst_case_unknown():
    assert worst([quote("0.05"), quote(None)], Options()) is None
    assert worst([], Options()) == 0


def test_amounts_are_added_up_exactly():
    tiny = Options(max_price="2", on_blocked="continue")
    steps = [quote("0.1"), quote("0.2", offer="2"), quote("0.000000001", offer="3")]
    assert str(worst(steps, tiny)) == "0.300000001"


# The route

DEAR, CHEAP, UNKNOWN = quote("0.07", "reapi"), quote("0.03", "revidapi"), quote(None, "runapi")
FITTING = [DEAR, CHEAP, UNKNOWN]
REFUSED = attrs.evolve(quote(None, "api_in_one"), status="refused", reasons=("seed: not taken",))


def test_a_route_is_what_the_policy_says():
    route = route_of(FITTING, [REFUSED], Options())
    assert route == Route(policy="ordered", steps=tuple(FITTING), refused=(REFUSED,), max_price=None, worst=None)
    assert route_of(FITTING, [], Options(policy="cheapest")).steps == (CHEAP, DEAR, UNKNOWN)
    chosen = route_of(FITTING, [], Options(policy=lambda quotes: [quotes[1]]))
    assert (chosen.policy, chosen.steps, chosen.worst) == ("a function", (CHEAP,), Decimal("0.03"))
    with pytest.raises(OutOfBounds, match="policy: the function returned what it was not given"):
        route_of(FITTING, [], Options(policy=lambda quotes: [quote("0.01")]))


def test_what_passes_the_ceiling_is_no_step_and_says_why():
    route = route_of(FITTING, [REFUSED], Options(max_price="0.05"))
    assert (route.steps, route.max_price, route.worst) == ((CHEAP,), Decimal("0.05"), Decimal("0.03"))
    assert [(each.offer, each.reasons) for each in route.refused] == [
        ("api_in_one/1", ("seed: not taken",)),
        ("reapi/1", ("max_price: it costs ~$0.07, more than the $0.05 allowed",)),
        (
            "runapi/1",
            (
                (
                    "max_price: its price is unknown (no page says), and may be more than the $0.05 allowed; "
                    "allow_unknown_price takes it all the same"
                ),
            ),
        ),
    ]
    allowed = route_of(FITTING, [], Options(max_price="0.07", allow_unknown_price=True))
    assert (allowed.steps, allowed.worst) == (tuple(FITTING), None)


def test_without_fallback_there_is_one_step_the_first_that_can_be_paid():
    alone = route_of(FITTING, [], Options(fallback=False, max_price="0.05"))
    assert (alone.steps, alone.worst) == ((CHEAP,), Decimal("0.03"))
    alone = route_of(FITTING, [], Options(fallback=False, max_price="1", on_blocked="continue"))
    assert (alone.steps, alone.worst) == ((DEAR,), Decimal("0.07"))


@pytest.mark.parametrize(
    "terms",
    [
        Options(),
        Options(policy="cheapest", max_price="0.05"),
        Options(fallback=False),
        Options(policy=lambda quotes: quotes[:1]),
        Options(policy=lambda quotes: []),
    ],
    ids=["ordered", "a ceiling", "no fallback", "a function", "a function that takes none"],
)
def test_every_offer_stands_in_the_route_once_as_a_step_or_with_its_reason(terms):
    route = route_of(FITTING, [REFUSED], terms)
    assert sorted(each.offer for each in (*route.steps, *route.refused)) == sorted(
        each.offer for each in (*FITTING, REFUSED)
    )
    assert all(each.reasons for each in route.refused)


# At a client

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
KEYS = {"REAPI_API_KEY": "k", "REVIDAPI_API_KEY": "k", "RUNAPI_API_KEY": "k"}


def client(environ=KEYS, **route):
    accounts = {"revidapi": {}, "reapi": {}, "runapi": {}}
    return Client(read_config({"providers": accounts, "route": route, "journal": {"enabled": False}}, environ))


def test_a_client_tells_the_route_that_it_is_configured_for_and_the_call_asks_for():
    mine = client(policy="cheapest", max_price="0.06")
    route = mine.route(REQUEST)
    prices = [step.money.usd for step in route.steps]
    assert route.policy == "cheapest"
    assert prices == sorted(prices)
    assert all(price <= Decimal("0.06") for price in prices)
    assert route.worst <= route.max_price == Decimal("0.06")
    ordered = mine.route(REQUEST, "runapi", "reapi", policy="ordered", max_price=None)
    assert list(dict.fromkeys(step.account for step in ordered.steps)) == ["runapi", "reapi"]
    assert ordered.worst == max(step.money.usd for step in ordered.steps)
    assert mine.route(attrs.evolve(REQUEST, seed=7), "revidapi", max_price="9").worst >= 0
    with pytest.raises(OutOfBounds, match="on_uncertain"):
        mine.route(REQUEST, max_price=None, on_uncertain="continue")
    with pytest.raises(ConfigError):
        mine.route(REQUEST, "nobody")


@pytest.mark.parametrize(
    ("configured", "names", "options", "policy"),
    [
        ({}, [], {}, "cheapest"),
        ({}, ["runapi", "reapi"], {}, "ordered"),
        ({"accounts": ["runapi", "reapi"]}, [], {}, "ordered"),
        ({"accounts": ["runapi", "reapi"]}, [], {"policy": "cheapest"}, "cheapest"),
        ({"accounts": ["runapi", "reapi"], "policy": "cheapest"}, [], {}, "cheapest"),
        ({"policy": "cheapest"}, ["runapi", "reapi"], {}, "cheapest"),
        ({"policy": "cheapest"}, ["runapi", "reapi"], {"policy": None}, "ordered"),
        ({"policy": "ordered"}, [], {}, "ordered"),
        ({"policy": "ordered"}, [], {"policy": None}, "cheapest"),
    ],
)
def test_an_order_that_was_given_holds_and_else_the_price(configured, names, options, policy):
    route = client(**configured).route(REQUEST, *names, **options)
    assert route.policy == policy
    if policy == "cheapest":
        prices = [step.money.usd for step in route.steps]
        assert prices == sorted(prices)
    else:
        order = names or configured.get("accounts", ["revidapi", "reapi", "runapi"])
        assert list(dict.fromkeys(step.account for step in route.steps)) == order


def test_an_account_without_a_key_is_no_step():
    route = client({"RUNAPI_API_KEY": "k"}).route(REQUEST)
    assert {step.account for step in route.steps} == {"runapi"}
    assert {each.account for each in route.refused} == {"revidapi", "reapi"}
