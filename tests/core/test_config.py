"""anymedia.toml and the environment: what they may say, and one clear error for all else."""

import base64
import copy
import pickle
import re
import tomllib
from decimal import Decimal
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Config, ConfigError, OutOfBounds, Secret, load_config, read_config
from anymedia.declare.prices import Price, Table
from anymedia.model.options import Options
from anymedia.model.urls import is_loopback
from anymedia.model.version import version
from anymedia.registry import adapters
from anymedia.transport.http import user_agent

KEYS = {"REAPI_API_KEY": "rk_live_1", "RUNAPI_KEY": " run-2 ", "ACME_KEY": "acme-3"}


def account(table, name="reapi", environ=KEYS):
    return read_config({"providers": {name: table}}, environ).accounts[name]


# Where it is read from


def test_without_a_file_every_provider_with_a_key_is_an_account():
    config = load_config(environ=KEYS)
    assert {name: account.api_key.reveal() for name, account in config.accounts.items()} == {
        "reapi": "rk_live_1",
        "runapi": "run-2",
    }
    assert config.path is None
    assert load_config(environ={}).accounts == {}
    assert config.account("revidapi").api_key is None


@pytest.mark.parametrize("place", ["anymedia.toml", "home/.config/anymedia/anymedia.toml"])
def test_a_file_that_may_not_be_looked_for_is_not_passed_over(place, monkeypatch):
    stat = Path.stat

    def refused(self, **how):
        if self == Path(place):
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **how)

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(ConfigError, match=f"^{place}: Permission denied$"):
        load_config(environ=KEYS | {"HOME": "home"})


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("reapi", ("REAPI_API_KEY", "REAPI_KEY")),
        ("runapi", ("RUNAPI_API_KEY", "RUNAPI_KEY")),
        ("revidapi", ("REVIDAPI_API_KEY",)),
        ("api_in_one", ("API_IN_ONE_API_KEY",)),
    ],
)
def test_the_variables_of_a_key(provider, names):
    for name in names:
        assert load_config(environ={name: "k"}).accounts[provider].api_key == Secret("k")
    # The first one counts; an empty one is none.
    every = dict.fromkeys(names, "other") | {names[0]: "k"}
    assert load_config(environ=every).accounts[provider].api_key == Secret("k")
    assert load_config(environ={names[0]: " ", names[-1]: ""}).accounts == {}


def test_the_files_in_their_order(tmp_path, monkeypatch):
    def write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[providers.reapi]\n")
        return path

    home = tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    users = write(home / ".config" / "anymedia" / "anymedia.toml")
    assert load_config(environ={"HOME": str(home)}).path == users
    xdg = write(tmp_path / "xdg" / "anymedia" / "anymedia.toml")
    environ = {"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert load_config(environ=environ).path == xdg
    write(tmp_path / "anymedia.toml")
    assert load_config(environ=environ).path == Path("anymedia.toml")
    named = write(tmp_path / "named.toml")
    environ["ANYMEDIA_CONFIG"] = str(named)
    assert load_config(environ=environ).path == named
    given_ = write(tmp_path / "given.toml")
    assert load_config(given_, environ=environ).path == given_


def test_a_whole_file(tmp_path):
    path = tmp_path / "anymedia.toml"
    path.write_text(
        """
        [route]
        accounts = ["reapi-eu", "runapi"]

        [providers.runapi]
        [providers.reapi-eu]
        adapter = "reapi"
        base_url = "https://EU.example:8443/"
        api_key_env = "ACME_KEY"
        timeout = 5
        connections = 2
        [providers.reapi]
        """
    )
    config = load_config(path, KEYS)
    assert list(config.accounts) == ["reapi-eu", "runapi"]
    eu = config.account("reapi-eu")
    assert (eu.adapter.name, eu.origin, eu.api_key, eu.timeout, eu.connections) == (
        *("reapi", "https://eu.example:8443", Secret("acme-3"), 5.0, 2),
    )
    assert (eu.api_key_env, eu.local) == (("ACME_KEY",), False)
    assert config.account("runapi").origin == "https://runapi.ai"
    with pytest.raises(ConfigError, match="no account is named 'reapi-us'; did you mean reapi-eu"):
        config.account("reapi-us")
    # With a file, only what it names is an account.
    with pytest.raises(ConfigError, match="no account is named 'zzz'; there are reapi-eu, runapi"):
        config.account("zzz")
    with pytest.raises(ConfigError, match="revidapi"):
        config.account("revidapi")
    with pytest.raises(ConfigError, match=r"no account is named 'kie\.ai'; there are"):
        config.account("kie.ai")
    with pytest.raises(ConfigError, match="no account is named 'black forest labs'; did you mean bfl"):
        read_config({}, {}).account("black forest labs")


def test_a_file_without_accounts_leaves_those_of_the_environment():
    assert list(read_config({"route": {"accounts": ["runapi"]}}, KEYS).accounts) == ["runapi"]
    assert list(read_config({}, KEYS).accounts) == ["reapi", "runapi"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[providers", "not TOML"),
        (b"\xff", "not TOML"),
        ("[route]".encode("utf-16-le"), "not TOML: it is not in UTF-8; save it as UTF-8"),
        (b"a = " + b"[" * 9**5, "not TOML"),
        (b"[providers.reapi]\ncolour = 1", "providers.reapi: no setting is named 'colour'"),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, said):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["missing.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(ConfigError):
        load_config(f"{tmp_path}/{name}", {})
    with pytest.raises(ConfigError):
        load_config(environ={"ANYMEDIA_CONFIG": f"{tmp_path}/{name}"})


# What is wrong in it


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"provider": {}}, "config: no table is named 'provider'; did you mean providers?"),
        ({"providers": []}, "config: providers: must be a table, not []"),
        ({"route": 7}, "config: route: must be a table, not 7"),
        ({"providers": {"reapi": 7}}, "config: providers.reapi: must be a table, not 7"),
        ({"providers": {"reap": {}}}, "config: providers.reap: no provider is named 'reap'"),
        ({"providers": {"a": {"adapter": "b"}}}, "config: providers.a: no provider is named 'b'"),
        ({"providers": {"reapi": {"adapter": 7}}}, "config: providers.reapi: adapter: must be a text, not 7"),
        ({"providers": {"reapi": {"base_url": 7}}}, "config: providers.reapi: base_url: must be a text"),
        ({"providers": {"reapi": {"api_key_env": None}}}, "config: providers.reapi: api_key_env: must be a text"),
        ({"providers": {"reapi": {"timeout": "5 parsecs"}}}, "or a time like \"5m\", not '5 parsecs'"),
        ({"providers": {"reapi": {"timeout": True}}}, "config: providers.reapi: timeout: must be a number"),
        ({"providers": {"reapi": {"timeout": 0}}}, "reapi: timeout: must be more than 0 and less than 1000000"),
        (
            {"providers": {"reapi": {"timeout": float("nan")}}},
            'less than 1000000 seconds, or a time like "5m", not nan',
        ),
        (
            {"providers": {"reapi": {"timeout": float("inf")}}},
            'less than 1000000 seconds, or a time like "5m", not inf',
        ),
        (
            {"providers": {"reapi": {"connections": 1.5}}},
            "config: providers.reapi: connections: must be a whole number",
        ),
        ({"providers": {"reapi": {"connections": -1}}}, "config: providers.reapi: connections: must be more than 0"),
        ({"providers": {"reapi": {"key": "rk_live"}}}, "config: providers.reapi: no setting is named 'key'"),
        ({"route": {"accounts": "reapi"}}, "config: route: accounts: must be a list, not 'reapi'"),
        ({"route": {"order": []}}, "config: route: no setting is named 'order'; there are accounts"),
        ({"route": {"accounts": ["reap"]}}, "config: route.accounts: no account is named 'reap'; did you mean reapi?"),
        ({"route": {"accounts": [7]}}, "config: route.accounts: no account is named '7'"),
        ({"route": {"accounts": [["reapi"]]}}, "config: route.accounts: no account is named"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data, said):
    with pytest.raises(ConfigError) as caught:
        read_config(data, KEYS)
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["rk live", "schlüssel", "a\x00b", "a\tb", "a\r\nX: y"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key):
    with pytest.raises(ConfigError) as caught:
        load_config(environ={"REAPI_API_KEY": key})
    assert "REAPI_API_KEY" in str(caught.value)
    assert key not in str(caught.value)


ORIGINS = {
    "https://eu.example": "https://eu.example",
    "HTTPS://EU.example/": "https://eu.example",
    "https://eu.example:8443": "https://eu.example:8443",
    "http://127.0.0.1:8000": "http://127.0.0.1:8000",
    "http://localhost:1": "http://localhost:1",
    "http://[::1]:2": "http://[::1]:2",
    "https://[2001:db8::1]": "https://[2001:db8::1]",
}


@pytest.mark.parametrize(("url", "origin"), ORIGINS.items())
def test_an_origin(url, origin):
    eu = account({"base_url": url, "api_key_env": "ACME_KEY"})
    assert (eu.origin, eu.local) == (origin, origin.startswith("http:"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "eu.example",
        "ftp://eu.example",
        "https://",
        "https://user:s3cret@eu.example",
        "https://user:s3cret@[eu.example",
        "https://:s3cret@eu.example",
        "https://eu.example/api/v1",
        "https://eu.example?s3cret",
        "https://eu.example/#s3cret",
        "https://eu.example:port",
        "https://eu.example:99999",
        "https://[::1",
        "http://eu.example",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://2130706433",
    ],
)
def test_what_is_no_origin_or_would_carry_the_key_in_the_open(url):
    with pytest.raises(ConfigError, match="base_url") as caught:
        account({"base_url": url, "api_key_env": "ACME_KEY"})
    assert "s3cret" not in str(caught.value)


def test_a_key_goes_to_another_host_only_when_it_is_named_for_it():
    with pytest.raises(ConfigError, match="api_key_env"):
        account({"base_url": "https://eu.example"})
    with pytest.raises(ConfigError, match="api_key_env"):
        account({"base_url": "http://127.0.0.1:8000"})
    assert account({"base_url": "https://eu.example", "api_key_env": "REAPI_API_KEY"}).api_key == Secret("rk_live_1")
    assert account({"base_url": "https://reapi.ai/"}).api_key == Secret("rk_live_1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "::", "localhost.example", "127.1", "eu.example"])
def test_another_machine(host):
    assert not is_loopback(host)


def test_a_missing_key_is_missed_when_it_is_needed():
    with pytest.raises(ConfigError, match="no API key for reapi: set REAPI_API_KEY or REAPI_KEY") as caught:
        account({}, environ={}).secret()
    assert (caught.value.account, caught.value.provider) == ("reapi", "reapi")
    assert account({}).secret().reveal() == "rk_live_1"


# Anything at all

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(sorted(adapters())),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "adapter": st.sampled_from(sorted(adapters())) | ANYTHING,
        "base_url": st.sampled_from([*ORIGINS, "https://[", "http://a"]) | st.text() | ANYTHING,
        "api_key_env": st.sampled_from(["ACME_KEY", "NONE"]) | ANYTHING,
        "timeout": st.integers() | st.floats() | ANYTHING,
        "connections": st.integers() | ANYTHING,
    },
)
NAMES = st.sampled_from([*adapters(), "mine"])
FILES = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.dictionaries(NAMES, TABLES | ANYTHING, max_size=2) | ANYTHING,
        "route": st.fixed_dictionaries({}, optional={"accounts": st.lists(NAMES | ANYTHING, max_size=2) | ANYTHING})
        | ANYTHING,
    },
)


@given(FILES | st.dictionaries(st.text(), ANYTHING))
def test_any_data_is_a_config_or_a_config_error(data):
    try:
        config = read_config(data, KEYS)
    except ConfigError:
        return
    assert isinstance(config, Config)
    for each in config.accounts.values():
        assert each.origin.startswith("https://") or each.local
        assert each.timeout > 0
        # No key of a provider's own has come under a foreign origin unasked.
        assert each.origin == each.adapter.base_url or len(each.api_key_env) == 1


@given(st.text())
def test_any_base_url_is_an_origin_or_a_config_error(url):
    try:
        origin = account({"base_url": url, "api_key_env": "ACME_KEY"}).origin
    except ConfigError:
        return
    assert account({"base_url": origin, "api_key_env": "ACME_KEY"}).origin == origin


# Secrets


def test_a_key_shows_itself_only_when_asked():
    key = "rk_live_very_secret"
    config = read_config({"providers": {"reapi": {}}}, {"REAPI_API_KEY": key})
    mine = config.accounts["reapi"]
    for thing in (mine.api_key, mine, config, {"key": mine.api_key}, copy.deepcopy(mine), copy.copy(mine.api_key)):
        assert key not in f"{thing!r} {thing} {[thing]} {thing!s:>5}"
    assert not hasattr(mine.api_key, "__dict__")
    assert copy.deepcopy(mine.api_key) == mine.api_key
    assert copy.deepcopy(mine.api_key).reveal() == key
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(mine.api_key, protocol)


def test_keys_are_compared_by_what_they_are():
    assert (Secret("a") == Secret("a"), Secret("a") == Secret("b"), Secret("a") == "a") == (True, False, False)
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


# Keys that a program has at hand

KEY, HOOK = "rk_tenant_very_secret", "whsec_" + base64.b64encode(b"t" * 32).decode()


def test_a_program_gives_keys_and_nothing_comes_from_the_environment():
    mine = Config.of(reapi=KEY, openai=Secret(KEY))
    assert {name: each.api_key for name, each in mine.accounts.items()} == {"reapi": Secret(KEY), "openai": Secret(KEY)}
    table = {"adapter": "runapi", "api_key": Secret(KEY), "daily_limit": "5.00"}
    environ = {"RUNAPI_API_KEY": "rk", "RUNAPI_WEBHOOK_SECRET": HOOK, "OPENAI_ORG_ID": "org_1"}
    secrets = {"webhook_secret": Secret(HOOK), "webhook_secret_old": Secret(HOOK)}
    hosts = {"base_url": "https://gateway.example"}
    tables = {"a": table, "b": {**table, "settings": secrets, **hosts}, "c": {**table, "adapter": "openai"}}
    found = read_config({"providers": tables, "webhooks": {"url": "https://app.example/hooks"}}, environ)
    assert [each.settings for each in found.accounts.values()] == [{}, secrets, {}]
    assert {each.api_key for each in found.accounts.values()} == {Secret(KEY)}
    for each in found.accounts.values():
        each.check()
    assert KEY not in f"{found!r}"
    assert HOOK not in f"{found!r}"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"api_key": KEY}, "api_key: is secret, and belongs in an environment variable; api_key_env names which "),
        ({"api_key": Secret(KEY), "api_key_env": "A"}, "api_key and api_key_env both say what it is"),
        ({"api_key": Secret("")}, "api_key: is empty"),
        ({"api_key": Secret(KEY + " ")}, "api_key: holds a blank"),
        ({"api_key": None}, "api_key: is secret"),
        ({"settings": {"webhook_secret": HOOK}}, "webhook_secret: is secret"),
        ({"settings": {"webhook_secret": Secret("")}}, "webhook_secret: is empty"),
        ({"settings": {"webhook_secret": Secret("whsec_?")}}, "the secret in webhook_secret: "),
        ({"settings": {"webhook_secre": Secret(HOOK)}}, "webhook_secre"),
    ],
)
def test_a_key_that_is_given_wrongly_is_told_without_it(table, says):
    data = {"providers": {"runapi": {"api_key": Secret(KEY)} | table}, "webhooks": {"url": "https://app.example"}}
    with pytest.raises(ConfigError) as caught:
        read_config(data, {})
    assert says in str(caught.value)
    assert KEY not in str(caught.value)
    assert HOOK not in str(caught.value)


def test_who_gives_no_account_gets_none_from_the_environment(monkeypatch):
    monkeypatch.setenv("REAPI_API_KEY", "rk")
    assert read_config({"providers": {}}).accounts == {}
    for keys in ({}, {"reapi": ""}, {"reapi": None}):
        with pytest.raises(ConfigError, match=r"api_key: is|name a provider"):
            Config.of(**keys)


@pytest.mark.parametrize(
    ("table", "environ", "journal"),
    [
        ({}, {"HOME": "/home/ann"}, "/home/ann/.local/state/anymedia/journal.db"),
        ({}, {"HOME": "/home/ann", "XDG_STATE_HOME": "/state"}, "/state/anymedia/journal.db"),
        ({"prompts": False}, {"HOME": "/home/ann"}, "/home/ann/.local/state/anymedia/journal.db"),
        ({"path": "/var/journal.db"}, {}, "/var/journal.db"),
        ({"path": "journal.db"}, {}, "/etc/journal.db"),
        ({"path": "journal.db"}, {"ANYMEDIA_JOURNAL": "/tmp/j.db"}, "/tmp/j.db"),
        ({"enabled": False}, {"ANYMEDIA_JOURNAL": "/tmp/j.db"}, "/tmp/j.db"),
        ({"enabled": False, "path": "/var/journal.db"}, {}, None),
        ({"path": "/var/journal.db"}, {"ANYMEDIA_JOURNAL": "off"}, None),
    ],
)
def test_where_the_journal_is(table, environ, journal):
    config = read_config({"journal": table}, environ, path=Path("/etc/anymedia.toml"))
    assert config.journal == (None if journal is None else Path(journal))
    assert config.prompts is table.get("prompts", True)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"enabled": 1}, "journal: enabled: must be true or false, not 1"),
        ({"path": True}, "journal: path: must be a text, not True"),
        ({"file": "x"}, "journal: no setting is named 'file'"),
    ],
)
def test_a_journal_that_is_configured_wrongly(table, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_config({"journal": table}, {})


def test_a_configuration_made_by_hand_has_the_user_s_journal(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Config(accounts={}).journal == tmp_path / ".local/state/anymedia/journal.db"
    assert load_config(environ={"ANYMEDIA_JOURNAL": "off"}).journal is None


# The user's own prices


def test_prices_of_the_user_s_own(tmp_path):
    path = tmp_path / "anymedia.toml"
    path.write_text(
        """
        [providers.reapi.prices]
        flux-2 = "0.02"
        "z-image" = "000001.000000001"
        flux-2-flex = { 1K = "0.02", 2K = "0.03" }
        [providers.reapi.prices.gpt-image-2-official]
        "16:9 4K high" = "1.2"
        [providers.mine]
        adapter = "runapi"
        prices = { gpt-image-2 = { "text 1K" = "0.05", "images 4K" = "0.15" } }
        """
    )
    config = load_config(path, KEYS)
    prices = config.accounts["reapi"].prices
    assert {name: said.source for name, said in prices.items()} == dict.fromkeys(prices, f"{path}: providers.reapi")
    assert prices["flux-2"].prices == Price("0.02")
    assert prices["z-image"].prices.usd == Decimal("1.000000001")
    assert prices["flux-2-flex"].prices == Table("resolution", {"1K": "0.02", "2K": "0.03"})
    assert prices["flux-2-flex"].prices.cells["2K",] == Price("0.03")
    assert prices["gpt-image-2-official"].prices.by == ("aspect_ratio", "resolution", "quality")
    assert prices["gpt-image-2-official"].prices.cells == {("16:9", "4K", "high"): Price("1.2")}
    mine = config.accounts["mine"].prices["gpt-image-2"]
    assert (mine.source, mine.prices.by) == (f"{path}: providers.mine", ("variant", "resolution"))
    assert mine.prices.cells == {("text", "1K"): Price("0.05"), ("images", "4K"): Price("0.15")}
    assert account({}).prices == account({"prices": {}}).prices == {}


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (7, "config: providers.reapi: prices: must be a table, not 7"),
        ({"flux-3": "0.02"}, "config: providers.reapi: prices: no offer is named 'flux-3'; did you mean flux-2?"),
        ({"flux-2-pro": "0.02"}, "config: providers.reapi: prices: no offer is named 'flux-2-pro'"),
        *(
            ({"flux-2": usd}, "config: providers.reapi: prices.flux-2: must be an amount in USD")
            for usd in (
                *(
                    0.0000000001,
                    0.1 + 0.2,
                    True,
                    None,
                    [],
                    ["0.02"],
                    "",
                    "-0.02",
                    "+1",
                    "1e-2",
                    "1_0",
                    "0,02",
                    "$0.02",
                    "NaN",
                    "Infinity",
                ),
                *("0.02 ", "0.02\n", ".02", "2.", "٠.٢", "1234567", "0.0000000001", "free"),
            )
        ),
        ({"flux-2": {"1K": 0.1 + 0.2}}, "config: providers.reapi: prices.flux-2.1K: must be an amount in USD"),
        ({"flux-2": {"1K": {}}}, "config: providers.reapi: prices.flux-2.1K: must be an amount in USD"),
        ({"flux-2": {"1K high": "0.02"}}, "prices.flux-2: '1K high': must be a value for resolution"),
        ({"flux-2": {"": "0.02"}}, "prices.flux-2: '': must be a value for resolution"),
        ({"gpt-image-2-official": {"1K high": "0.02"}}, "must be a value for aspect_ratio resolution quality"),
        ({"z-image": {"1K": "0.02"}}, "prices.z-image: '1K': must be a value for nothing"),
        # A word that the field does not have, or that is billed as another one: no request would ever find it.
        ({"flux-2": {"8K": "0.02"}}, "prices.flux-2"),
        ({"flux-2": {"1K": "0.02", "1k": "0.03"}}, "prices.flux-2: '1k': must be one of these, each once at most"),
        ({"gpt-image-2-official": {"1:1 high 1K": "0.02"}}, "prices.gpt-image-2-official"),
        ({"gpt-image-2-official": {"1:1 1K auto": "0.02"}}, "prices.gpt-image-2-official"),
        ({"flux-2": {"1K": "0.02", " 1K": "0.03"}}, "prices.flux-2"),
    ],
)
def test_a_price_that_is_none_is_said_with_its_place(prices, said):
    with pytest.raises(ConfigError) as caught:
        account({"prices": prices})
    assert said in str(caught.value)


OFFERS = st.sampled_from([offer.name for offer in adapters()["reapi"].offers])


@given(
    st.dictionaries(OFFERS | st.text(), ANYTHING | st.dictionaries(st.text(), ANYTHING | st.just("0.02"))) | ANYTHING
)
def test_any_prices_are_read_or_a_config_error(prices):
    try:
        read, said = account({"prices": prices}).prices, "providers.reapi: prices"
    except ConfigError as error:
        read, said = {}, str(error)
    assert "providers.reapi: prices" in said
    for override in read.values():
        prices = override.prices
        figures = prices.cells.values() if isinstance(prices, Table) else [prices]
        assert all(type(figure.usd) is Decimal and figure.usd >= 0 for figure in figures)


# What a person new to it writes


@pytest.mark.parametrize(
    "pasted",
    ["rk_live_4711", "sk-abcDEF", "", " ", "A KEY", "1KEY", "KEY\n", "CLÉ", "K" * 101, "${REAPI_API_KEY}", "K=v", "٣"],
)
def test_what_is_no_name_of_a_variable_may_be_a_key_and_is_not_shown(pasted):
    with pytest.raises(ConfigError) as caught:
        account({"api_key_env": pasted})
    said = str(caught.value)
    assert said == (
        "config: providers.reapi: api_key_env: must be the name of an environment variable, 1 to 100 of A-Z, 0-9 "
        "and _ with no digit first; the API key itself belongs in that variable"
    )


@pytest.mark.parametrize("name", ["K", "_", "_K2", "REAPI_TEAM_KEY", "K" * 100])
def test_the_name_of_a_variable(name):
    assert account({"api_key_env": name}, environ={name: "k"}).api_key == Secret("k")


def test_a_key_in_the_place_of_a_table_is_not_shown():
    with pytest.raises(ConfigError, match=r"providers\.reapi: must be a table, not a text$"):
        account("rk_live_4711")


def test_a_route_may_name_a_provider_that_has_no_table():
    bare = read_config({"route": {"accounts": ["runapi"]}}, {})
    with pytest.raises(ConfigError, match="no API key for runapi: set RUNAPI_API_KEY or RUNAPI_KEY"):
        bare.account("runapi").secret()
    config = read_config({"providers": {"mine": {"adapter": "reapi"}}, "route": {"accounts": ["runapi", "mine"]}}, KEYS)
    assert [(each.name, each.api_key.reveal()) for each in config.accounts.values()] == [
        ("runapi", "run-2"),
        ("mine", "rk_live_1"),
    ]
    # A table comes before the provider of its name.
    own = {"providers": {"runapi": {"adapter": "reapi"}}, "route": {"accounts": ["runapi"]}}
    assert read_config(own, KEYS).account("runapi").adapter.name == "reapi"
    with pytest.raises(ConfigError, match="no account is named 'runap'; did you mean runapi"):
        read_config({"route": {"accounts": ["runap"]}}, {})


def test_a_route_of_no_accounts_is_refused():
    with pytest.raises(ConfigError, match=r"config: route\.accounts: the list is empty"):
        read_config({"providers": {"reapi": {}}, "route": {"accounts": []}}, KEYS)


@pytest.mark.parametrize("field", ["timeout", "connections"])
@pytest.mark.parametrize("value", [0, -1, 1_000_000, 2_000_000])
def test_both_bounds_are_named(field, value):
    said = f"providers.reapi: {field}: must be more than 0 and less than 1000000"
    with pytest.raises(ConfigError, match=rf"{re.escape(said)}( seconds, or a time like \"5m\")?, not {value}$"):
        account({field: value})
    assert getattr(account({field: 999_999}), field) == 999_999


# As people write it


@pytest.mark.parametrize(("written", "seconds"), [(2, 2.0), (0.5, 0.5), ("90", 90.0), ("2m", 120.0), ("1h30m", 5400.0)])
def test_a_time_is_in_seconds_or_says_its_unit(written, seconds):
    held = account({"timeout": written, "limits": {"submits": [20, written]}})
    assert (held.timeout, held.limits.submits) == (seconds, (20, seconds))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_is_read_in_the_encoding_that_it_says(tmp_path, encoding):
    path = tmp_path / "mine.toml"
    path.write_text('[providers.reapi]\napi_key_env = "ACME_KEY"', encoding)
    assert load_config(path, KEYS).accounts["reapi"].api_key.reveal() == "acme-3"


@pytest.mark.parametrize("word", ["off", "OFF", "Off", "false", "False", "0", "no", "none", " off "])
def test_words_that_switch_the_journal_off(word):
    assert load_config(environ={"ANYMEDIA_JOURNAL": word}).journal is None


def test_home_is_found_wherever_a_path_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.toml").write_text('[journal]\npath = "~/b.db"')
    environ = {"HOME": str(tmp_path)}
    for config in (load_config("~/a.toml", environ), load_config(environ=environ | {"ANYMEDIA_CONFIG": "~/a.toml"})):
        assert (config.path, config.journal) == (tmp_path / "a.toml", tmp_path / "b.db")
    assert load_config(environ=environ | {"ANYMEDIA_JOURNAL": "~/c.db"}).journal == tmp_path / "c.db"
    assert load_config(environ={"XDG_STATE_HOME": "~/state"}).journal == tmp_path / "state/anymedia/journal.db"
    monkeypatch.chdir(tmp_path)
    assert load_config(environ={"ANYMEDIA_JOURNAL": "d.db"}).journal == tmp_path / "d.db"
    assert load_config(environ=environ | {"ANYMEDIA_JOURNAL": "sqlite:///~/e.db"}).journal == tmp_path / "e.db"
    for quote in ("'", '"', "`"):
        with pytest.raises(ConfigError, match=r"ANYMEDIA_JOURNAL: .*f.db.* stands in quotes; leave them out"):
            load_config(environ=environ | {"ANYMEDIA_JOURNAL": f"{quote}~/f.db{quote}"})


def test_where_no_home_is_known_no_folder_is_called_so(monkeypatch, tmp_path):
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no home folder is known.* set ANYMEDIA_JOURNAL to a file, or to `off`"):
        load_config(environ={})
    for path in ("~/a.toml", "~/b.db"):
        with pytest.raises(ConfigError, match=f"{path}: no home folder is known for ~"):
            load_config(path, {})
    config = load_config(environ={"ANYMEDIA_JOURNAL": "off"})
    assert (config.path, config.journal, config.live_prices.exists()) == (None, None, False)
    with pytest.raises(OSError, match=r"directory|exists"):
        config.live_prices.parent.mkdir(parents=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["'rk_1'", '"rk_1"', '"rk_1', "rk_1'", "`rk_1`"])
def test_a_key_in_quotes_is_told(key):
    with pytest.raises(ConfigError, match="the API key in REAPI_API_KEY stands in quotes") as caught:
        load_config(environ={"REAPI_API_KEY": key})
    assert "rk_1" not in str(caught.value)


AMOUNTS = ["1_0", "٣", "1e999999", "1E2", "NaN", "Infinity", "-1", "+1", "", " 1", "1 ", "1.", ".5", "0x1", "999999999"]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_an_amount_is_a_plain_decimal_below_a_million_wherever_it_is_given(amount):
    for data in (
        {"route": {"max_price": amount}},
        {"providers": {"reapi": {"daily_limit": amount}}},
        {"providers": {"reapi": {"prices": {"z-image": amount}}}},
    ):
        with pytest.raises(ConfigError, match=r"(max_price|daily_limit|prices\.z-image): must be"):
            read_config(data, KEYS)


@pytest.mark.parametrize(
    "amount",
    [Decimal("NaN"), Decimal("1e999999"), Decimal("1e-999999"), 999999999, -1, -0.1, 1e6, 1e300, float("nan"), True],
)
def test_the_same_holds_for_amounts_that_are_no_texts(amount):
    with pytest.raises(OutOfBounds, match="max_price: must be an amount"):
        Options(max_price=amount)


@pytest.mark.parametrize(("written", "usd"), [("0.10", "0.1"), ("5", "5"), ("5.0", "5.0"), ("1e-9", "0.000000001")])
def test_an_amount_may_be_a_number_of_the_file(written, usd):
    config = read_config(
        tomllib.loads(f"""
            route.max_price = {written}
            providers.reapi.daily_limit = {written}
            providers.reapi.prices.z-image = {written}
            providers.reapi.prices.flux-2 = {{1K = {written}}}
        """),
        KEYS,
    )
    reapi = config.accounts["reapi"]
    (cell,) = reapi.prices["flux-2"].prices.cells.values()
    found = (config.route.max_price, reapi.daily_limit, reapi.prices["z-image"].prices.usd, cell.usd)
    assert [*map(str, found)] == [str(Decimal(usd))] * 4


@pytest.mark.parametrize("left", [0.1 + 0.2, 0.07 * 3, 1 / 3, 1e-10])
def test_what_a_calculation_left_is_no_amount(left):
    with pytest.raises(OutOfBounds) as caught:
        Options(max_price=left)
    told = f'has more than 9 decimals: {left!r}; write the amount in quotes, like "0.10"'
    assert str(caught.value) == f"max_price: {told}"
    with pytest.raises(ConfigError, match=re.escape(f"config: route: max_price: {told}")):
        read_config({"route": {"max_price": left}}, KEYS)


@given(st.decimals(0, 999_999, places=9))
def test_a_float_is_the_amount_that_it_is_written_as(amount):
    written = float(amount)
    if Decimal(repr(written)) == amount:
        assert Options(max_price=written).max_price == amount


def test_amounts_that_are_plain():
    for amount in ("0", "0.10", "999999.999999999", 5, Decimal("0.1"), Decimal("1E-7"), Decimal(0)):
        assert Options(max_price=amount).max_price == Decimal(amount)


def test_nothing_reads_the_key_out_of_its_state():
    with pytest.raises(TypeError, match="not pickled"):
        Secret("rk_1").__getstate__()


def test_a_copy_without_metadata_has_no_version_and_works(monkeypatch):
    def missing(_):
        raise metadata.PackageNotFoundError

    assert version() == metadata.version("anymedia")
    version.cache_clear()
    try:
        monkeypatch.setattr(metadata, "version", missing)
        assert (version(), user_agent()) == ("unknown", "anymedia/unknown")
    finally:
        version.cache_clear()
