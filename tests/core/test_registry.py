"""Adapters are found, not listed: the built-in ones, then those of other packages."""

import subprocess
import sys
from types import SimpleNamespace

import attrs
import pytest

from anymedia import ConfigError, load_config, read_config, registry
from anymedia.declare import Endpoint
from anymedia.registry import adapter, adapters, faults, offers, sellers
from tests.providers import NINE
from tests.verbs import forget


class Point:
    """An entry point of another package."""

    name, value = "acme", "acme_media.adapter"

    def __init__(self, held):
        self.held = held

    def load(self):
        if isinstance(self.held, BaseException):
            raise self.held
        return self.held


@pytest.fixture
def plugins(monkeypatch):
    def plug(*held):
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point(each) for each in held])
        forget(registry)

    yield plug
    forget(registry)


@pytest.fixture
def acme():
    return attrs.evolve(adapters()["reapi"], name="acme", title="Acme")


def test_the_built_in_ones_are_found():
    assert list(adapters()) == [*NINE]
    assert len(adapters()) == len(NINE)
    assert all(each.name == name for name, each in adapters().items())
    with pytest.raises(TypeError):
        adapters()["mine"] = None


def test_a_provider_is_loaded_when_it_is_asked_for():
    """In a process of its own, with an account of one provider: of the others not even a module is there."""
    code = (
        "import sys, anymedia; from anymedia import SyncClient, read_config\n"
        "SyncClient(read_config({'providers': {'kie': {'api_key_env': 'K'}}}, {'K': 'x'})).close()\n"
        "from anymedia.registry import adapters; len(adapters())\n"
        "print(*{name.split('.')[2] for name in sys.modules if name.startswith('anymedia.adapters.')})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["kie"]


def test_another_package_adds_one(plugins, acme):
    plugins(acme)
    assert adapter("acme") is acme
    assert list(adapters())[-1] == "acme"
    # A module does as well, as the built-in ones are modules.
    plugins(SimpleNamespace(ADAPTER=acme))
    assert adapter("acme") is acme


def test_what_is_sold_is_what_the_adapters_sell(plugins, acme):
    before = offers()
    plugins(acme)
    assert offers() == (*before, *((acme, offer) for offer in acme.offers))
    assert [each for each, _ in offers("z-image")].count(acme) == 1
    plugins()
    assert offers() == before


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (SimpleNamespace(), "the adapter acme_media.adapter holds no Adapter"),
        (ImportError("no module"), "the adapter acme_media.adapter cannot be loaded: ImportError: no module"),
        (SystemExit(0), "the adapter acme_media.adapter cannot be loaded: SystemExit: 0"),
        (GeneratorExit(), "the adapter acme_media.adapter cannot be loaded: GeneratorExit"),
    ],
)
def test_what_is_no_adapter_is_told_once_and_the_others_are_there(plugins, held, said, caplog):
    plugins(held)
    assert list(adapters()) == list(adapters()) == [*NINE]
    assert [record.message for record in caplog.records] == [f"{said}; everything else works without it"]
    with pytest.raises(ConfigError, match=f"^here: {said}$"):
        adapter("acme", where="here")


def test_an_account_of_what_cannot_be_used_is_left_out_and_says_why(plugins):
    plugins(ImportError("no module"))
    tables = {"mine": {"adapter": "acme"}, "acme": {}, "reapi": {}}
    config = read_config({"providers": tables, "route": {"accounts": ["acme", "mine", "reapi"]}}, {})
    assert list(config.accounts) == ["reapi"]
    for found, name in ((config, "mine"), (config, "acme"), (load_config(environ={}), "acme")):
        with pytest.raises(
            ConfigError, match=r"the adapter acme_media\.adapter cannot be loaded: ImportError: no module"
        ):
            found.account(name)


def test_an_interrupt_is_no_fault_of_a_plugin(plugins):
    plugins(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        faults()


def test_no_other_package_takes_a_name_that_is_taken(plugins, acme, caplog):
    plugins(attrs.evolve(acme, name="reapi"), acme, attrs.evolve(acme, title="Another"))
    assert (adapter("reapi").title, adapter("acme")) == ("reAPI", acme)
    said = "the adapter acme_media.adapter has the name of another adapter"
    assert [record.message.partition(";")[0] for record in caplog.records] == [f"{said}, reapi", f"{said}, acme"]
    assert faults() == {}  # what bears the name can be asked for


@pytest.mark.parametrize(
    ("base_url", "ends"), [("http://acme.example", True), ("ftp://acme.example", True), ("http://127.0.0.1:8", False)]
)
def test_no_key_goes_unencrypted_to_where_a_plugin_says(plugins, acme, base_url, ends):
    plugins(attrs.evolve(acme, base_url=base_url))
    assert ("acme" in faults(), "acme" in adapters()) == (ends, not ends)


def test_one_package_whose_entry_points_cannot_be_read_hides_no_other(monkeypatch, acme, caplog):
    class Package:
        def __init__(self, name, held):
            self.name, self.held = name, held

        @property
        def entry_points(self):
            if self.held is None:
                raise ValueError("not enough values to unpack")
            return SimpleNamespace(select=lambda group: [Point(self.held)])

    def garbage(group):
        raise ValueError

    packages = [Package("broken", None), Package("acme", acme), Package("acme", None), Package("acme", acme)]
    monkeypatch.setattr("importlib.metadata.entry_points", garbage)
    monkeypatch.setattr("importlib.metadata.distributions", lambda: packages)
    forget(registry)
    try:
        assert adapter("acme") is acme
    finally:
        forget(registry)
    said = "the entry points of a package cannot be read: not enough values to unpack"
    assert [record.message for record in caplog.records] == [said] * 2


def test_a_provider_that_there_is_not():
    with pytest.raises(ConfigError, match="here: no provider is named 'zzz'; there are api_in_one, bfl"):
        adapter("zzz", where="here")
    with pytest.raises(ConfigError, match="provider: no provider is named 'Black Forest'; did you mean bfl"):
        adapter("Black Forest")


def test_who_sells_a_model():
    selling = [name for name, each in adapters().items() if any(offer.model == "z-image" for offer in each.offers)]
    assert [each.name for each in sellers("z-image")] == selling
    assert {"reapi", "runapi"} <= {*selling} < {*adapters()}
    assert [each.name for each in sellers("z-image", ["revidapi", "reapi"])] == ["revidapi", "reapi"]
    assert sellers("zzz") == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_submit_that_would_be_sent_twice_is_none(acme, method):
    with pytest.raises(ValueError, match=f"submit: must be POST, not {method}: HTTP clients send any other method"):
        attrs.evolve(acme.lifecycle, submit=Endpoint(method=method, path="/v1/pictures"))
    cancel = Endpoint(method=method, path="/v1/pictures/{id}")
    assert attrs.evolve(acme.lifecycle, cancel=cancel).cancel.method == method


def test_offers_of_a_model():
    sold = {f"{adapter.name}/{offer.name}" for adapter, offer in offers("z-image")}
    assert {"reapi/z-image", "runapi/z-image"} <= sold
    assert all(offer.model == "z-image" for _, offer in offers("z-image"))
    assert offers("zzz") == ()
    assert len(offers()) == sum(len(each.offers) for each in adapters().values())
