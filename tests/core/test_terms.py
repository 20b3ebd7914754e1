"""On what terms a request is bought: what a call may say, and what anymedia.toml may say of route, limits and days."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Client, Config, ConfigError, ImageRequest, OutOfBounds, load_config, read_config
from anymedia.config import default_account
from anymedia.declare import Endpoint, Limits
from anymedia.model.options import POLICIES, Options

from .acme import acme

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
KEYS = {"REAPI_API_KEY": "rk_live_1", "RUNAPI_KEY": "run-2"}


ONE_OF = "must be one of ordered, cheapest, spread (in Python a function too)"


def route(**said):
    return read_config({"route": said}, KEYS).route


def account(**said):
    return read_config({"providers": {"reapi": said}}, KEYS).accounts["reapi"]


# What a call may say


def test_what_is_not_said():
    assert attrs.asdict(Options()) == {
        "offer": None,
        "on_unsupported": "refuse",
        "check": True,
        "idempotency_key": None,
        "max_price": None,
        "allow_unknown_price": False,
        "policy": None,
        "fallback": True,
        "on_uncertain": "stop",
        "on_blocked": "stop",
        "mix": False,
        "batch": None,
    }


@pytest.mark.parametrize("given_", ["0.10", Decimal("0.10"), 1, 0, "0"])
def test_a_ceiling(given_):
    assert Options(max_price=given_).max_price == Decimal(given_)


@pytest.mark.parametrize("policy", [None, *POLICIES, sorted, lambda quotes: quotes])
def test_a_policy(policy):
    assert Options(policy=policy).policy is policy


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"policy": "fastest"},
            f"policy: {ONE_OF}, not 'fastest'",
        ),
        ({"policy": "dear"}, f"policy: {ONE_OF}, not 'dear'"),
        (
            {"policy": ["ordered"]},
            f"policy: {ONE_OF}, not ['ordered']",
        ),
        ({"max_price": [0.1]}, 'max_price: must be an amount in USD, like "0.10", not [0.1]'),
        ({"max_price": "-1"}, "max_price: must be an amount in USD, like \"0.10\", not '-1'"),
        ({"allow_unknown_price": 1}, "allow_unknown_price: must be true or false, not 1"),
        ({"fallback": None}, "fallback: must be true or false, not None"),
        ({"mix": "yes"}, "mix: must be true or false, not 'yes'"),
        ({"check": 0}, "check: must be true or false, not 0"),
        ({"on_uncertain": True}, "on_uncertain: must be one of stop, continue, not True"),
        ({"on_blocked": "go"}, "on_blocked: must be one of stop, continue, not 'go'"),
        ({"on_blocked": "contnue"}, "on_blocked: must be one of stop, continue, not 'contnue'; did you mean continue?"),
        (
            {"policy": "cheap"},
            f"policy: {ONE_OF}, not 'cheap'; did you mean cheapest?",
        ),
        ({"on_unsupported": "ignore"}, "on_unsupported: must be one of refuse, drop, not 'ignore'"),
        (
            {"on_uncertain": "continue"},
            "on_uncertain: needs max_price too: the ceiling of what may be billed",
        ),
    ],
)
def test_an_option_that_is_wrong_is_named(said, message):
    with pytest.raises(OutOfBounds) as caught:
        Options(**said)
    assert str(caught.value) == message
    assert [problem.field for problem in caught.value.problems] == list(said)


def test_what_a_call_says_is_held_against_the_rest_of_what_is_configured():
    configured = Options(on_uncertain="continue", max_price="0.10", mix=True)
    assert attrs.evolve(configured, max_price="0.20").max_price == Decimal("0.20")
    with pytest.raises(OutOfBounds, match="on_uncertain: needs max_price too"):
        attrs.evolve(configured, max_price=None)


# What a file may say of the route


def test_a_route_arrives(tmp_path):
    path = tmp_path / "anymedia.toml"
    path.write_text(
        """
        [route]
        accounts = ["runapi", "reapi"]
        policy = "cheapest"
        max_price = "0.10"
        allow_unknown_price = true
        fallback = false
        on_uncertain = "continue"
        on_blocked = "continue"
        mix = true
        [providers.reapi]
        daily_limit = "5.00"
        limits = {submits = [20, 10], polls = [10, 0.5], active = 5}
        [providers.runapi]
        """
    )
    config = load_config(path, KEYS)
    assert (list(config.accounts), config.ordered) == (["runapi", "reapi"], True)
    assert config.route == Options(
        policy="cheapest",
        max_price=Decimal("0.10"),
        allow_unknown_price=True,
        fallback=False,
        on_uncertain="continue",
        on_blocked="continue",
        mix=True,
    )
    reapi, runapi = config.accounts["reapi"], config.accounts["runapi"]
    assert (reapi.daily_limit, runapi.daily_limit) == (Decimal("5.00"), None)
    assert reapi.limits == Limits(submits=(20, 10.0), polls=(10, 0.5), active=5)
    assert runapi.limits == runapi.adapter.limits


def test_a_route_that_says_nothing_is_the_default():
    assert route() == route(accounts=["reapi"]) == load_config(environ=KEYS).route == Options()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"policy": "fastest"},
            f"policy: {ONE_OF}, not 'fastest'",
        ),
        ({"policy": 7}, "policy: must be a text, not 7"),
        ({"max_price": [0.1]}, 'max_price: must be an amount in USD, like "0.05", not [0.1]'),
        ({"max_price": True}, 'max_price: must be an amount in USD, like "0.05", not True'),
        ({"max_price": "a lot"}, "max_price: must be an amount in USD, like \"0.10\", not 'a lot'"),
        ({"max_price": "nan"}, "max_price: must be an amount in USD, like \"0.10\", not 'nan'"),
        ({"max_price": "-0.10"}, "max_price: must be an amount in USD, like \"0.10\", not '-0.10'"),
        ({"allow_unknown_price": "yes"}, "allow_unknown_price: must be true or false, not 'yes'"),
        ({"fallback": 1}, "fallback: must be true or false, not 1"),
        ({"mix": 0}, "mix: must be true or false, not 0"),
        ({"on_uncertain": "go"}, "on_uncertain: must be one of stop, continue, not 'go'"),
        ({"on_uncertain": True}, "on_uncertain: must be a text, not True"),
        ({"on_uncertain": "continue"}, "on_uncertain: needs max_price too"),
        ({"on_blocked": ""}, "on_blocked: must be one of stop, continue, not ''"),
        ({"on_blocked": []}, "on_blocked: must be a text, not []"),
        ({"maxprice": "0.10"}, "no setting is named 'maxprice'; did you mean max_price?"),
        *(({name: "x"}, f"no setting is named '{name}'") for name in ("offer", "key", "check", "on_unsupported")),
    ],
)
def test_what_is_wrong_in_a_route_is_said_with_its_place(said, message):
    with pytest.raises(ConfigError) as caught:
        route(**said)
    assert str(caught.value).startswith(f"config: route: {message}")


# What a file may say of an account's limits


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        ({}, Limits(submits=(3, 1.0), active=7)),
        ({"submits": [20, 10]}, Limits(submits=(20, 10.0), active=7)),
        ({"polls": [1, 0.001]}, Limits(submits=(3, 1.0), polls=(1, 0.001), active=7)),
        ({"active": 1}, Limits(submits=(3, 1.0), active=1)),
        (
            {"submits": [1, 999_999.5], "polls": [10**6, 1], "active": 10**6},
            Limits(submits=(1, 999_999.5), polls=(10**6, 1.0), active=10**6),
        ),
    ],
)
def test_limits_are_the_providers_and_over_them_the_users(monkeypatch, said, limits):
    adapter = acme(submit=Endpoint(method="POST", path="/v1"), limits=Limits(submits=(3, 1.0), active=7))
    monkeypatch.setattr("anymedia.config.find_adapter", lambda *_, **__: adapter)
    table = {"limits": said} if said else {}
    config = read_config({"providers": {"acme": table}}, {"ACME_API_KEY": "k"})
    assert config.accounts["acme"].limits == limits
    assert default_account(adapter, {}).limits == adapter.limits


WINDOW = "must be [calls, seconds], like [20, 10], not"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (7, "limits: must be a table, not 7"),
        ([20, 10], "limits: must be a table, not [20, 10]"),
        ({"submit": [1, 1]}, "limits: no setting is named 'submit'; did you mean submits?"),
        ({"submits": 20}, "limits: submits: must be a list, not 20"),
        ({"submits": "20/10"}, "limits: submits: must be a list, not '20/10'"),
        *(
            ({"submits": wrong}, f"limits: submits: {WINDOW} {wrong!r}")
            for wrong in (
                *([], [20], [20, 10, 1], [0, 10], [-1, 10], [1.5, 10], [True, 10], [20, True], [20, 0], [20, -1]),
                *(["20", 10], [20, "ten"], [20, [10]], [20, 1_000_000], [20, float("inf")], [20, float("nan")]),
                *([float("nan"), 1], [float("inf"), 1], [2.0, 1], [20, 10**400]),
            )
        ),
        ({"polls": [10, 0]}, f"limits: polls: {WINDOW} [10, 0]"),
        ({"active": 0}, "limits: active: must be 1 or more, not 0"),
        ({"active": -5}, "limits: active: must be 1 or more, not -5"),
        ({"active": 1.5}, "limits: active: must be a whole number, not 1.5"),
        ({"active": True}, "limits: active: must be a whole number, not True"),
        ({"active": "5"}, "limits: active: must be a whole number, not '5'"),
    ],
)
def test_what_is_wrong_in_limits_is_said_with_its_place(said, message):
    with pytest.raises(ConfigError) as caught:
        account(limits=said)
    assert str(caught.value) == f"config: providers.reapi: {message}"


# What a day may cost


@pytest.mark.parametrize("said", ["5.00", "0", "0.000000001", "999999.999999999", 5, 5.0, 0.1])
def test_a_day_may_cost_so_much(said):
    assert account(daily_limit=said).daily_limit == Decimal(str(said))
    assert account().daily_limit is None


@pytest.mark.parametrize(
    "said", ["", "a lot", "-1", "1e3", "$5", "5 USD", "5.", ".5", "1,000", "nan", "1000000", "0.0000000001", " 5", "٥"]
)
def test_a_day_that_may_cost_nobody_knows_what_is_refused(said):
    with pytest.raises(ConfigError) as caught:
        account(daily_limit=said)
    assert str(caught.value) == (
        f'config: providers.reapi: daily_limit: must be an amount in USD, like "0.05", not {said!r}'
    )


@pytest.mark.parametrize("said", [True, ["5"], {"usd": "5"}])
def test_a_daily_limit_is_an_amount(said):
    with pytest.raises(ConfigError) as caught:
        account(daily_limit=said)
    assert (
        str(caught.value)
        == f'config: providers.reapi: daily_limit: must be an amount in USD, like "0.05", not {said!r}'
    )


async def test_a_daily_limit_needs_the_journal_that_it_is_held_against(sims, clock):
    said = {"providers": dict(sims.config["providers"]), "journal": {"enabled": False}}
    said["providers"]["reapi"] |= {"daily_limit": "5"}
    async with Client(read_config(said, sims.environ), clock=clock) as client:
        with pytest.raises(ConfigError, match="reapi has a daily_limit, and the journal"):
            await client.submit(REQUEST, "reapi")
        assert (await client.generate(REQUEST, "reapi", "runapi")).tasks[0].account == "runapi"
    assert sims["reapi"].bills()["submits"] == 0


# Anything at all

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANYTHING = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.text(max_size=5), PLAIN, max_size=2)
WORDS = st.sampled_from(["stop", "continue", *POLICIES, "0.10", "5"]) | ANYTHING
ROUTES = st.fixed_dictionaries({}, optional=dict.fromkeys(attrs.fields_dict(Options), WORDS))
WINDOWS = st.lists(st.integers(-1, 30) | st.floats(), min_size=2, max_size=2) | ANYTHING
LIMITS = st.fixed_dictionaries(
    {}, optional={"submits": WINDOWS, "polls": WINDOWS, "active": st.integers(-1, 9) | ANYTHING}
)
TABLES = st.fixed_dictionaries({}, optional={"limits": LIMITS | ANYTHING, "daily_limit": WORDS})


@given(ROUTES | ANYTHING, TABLES)
def test_anything_is_terms_and_limits_that_hold_or_one_config_error(route_, table):
    try:
        config = read_config({"route": route_, "providers": {"reapi": table}}, KEYS)
    except ConfigError as error:
        if str(error).startswith(("config: route: ", "config: providers.reapi: ")):
            return
        raise
    assert isinstance(config, Config)
    assert config.route.policy in (None, *POLICIES)
    assert config.route.max_price is None or config.route.max_price >= 0
    assert config.route.on_uncertain == "stop" or config.route.max_price is not None
    reapi = config.accounts["reapi"]
    assert reapi.daily_limit is None or reapi.daily_limit >= 0
    for window in (reapi.limits.submits, reapi.limits.polls):
        assert window is None or (window[0] >= 1 and 0 < window[1] < 1_000_000)
    assert reapi.limits.active is None or reapi.limits.active >= 1
