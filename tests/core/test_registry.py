"""Adapters are found, not listed: the built-in ones, then those of other packages."""

from types import SimpleNamespace

import attrs
import pytest

from anymedia import ConfigError
from anymedia.declare import Endpoint
from anymedia.registry import adapter, adapters, catalogue, offers, sellers


class Point:
    """An entry point of another package."""

    value = "acme_media.adapter"

    def __init__(self, held):
        self.held = held

    def load(self):
        if isinstance(self.held, Exception):
            raise self.held
        return self.held


@pytest.fixture
def plugins(monkeypatch):
    def plug(*held):
        monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point(each) for each in held])
        catalogue.cache_clear()

    yield plug
    catalogue.cache_clear()


@pytest.fixture
def acme():
    return attrs.evolve(adapters()["reapi"], name="acme", title="Acme")


def test_the_built_in_ones_are_found():
    assert list(adapters()) == ["api_in_one", "reapi", "revidapi", "runapi"]
    assert all(each.name == name for name, each in adapters().items())
    with pytest.raises(TypeError):
        adapters()["mine"] = None


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
        (SimpleNamespace(), "acme_media.adapter holds no Adapter"),
        (ImportError("no module"), "the adapter acme_media.adapter cannot be loaded: no module"),
    ],
)
def test_what_is_no_adapter_is_said(plugins, held, said):
    plugins(held)
    with pytest.raises(ConfigError, match=said):
        adapters()


def test_no_other_package_takes_a_name_that_is_taken(plugins, acme):
    plugins(attrs.evolve(acme, name="reapi"))
    with pytest.raises(ConfigError, match=r"acme_media.adapter has the name of another adapter, reapi"):
        adapters()


def test_a_provider_that_there_is_not():
    with pytest.raises(ConfigError, match="here: no provider is named 'zzz'; there are api_in_one, reapi"):
        adapter("zzz", where="here")


def test_who_sells_a_model():
    assert [each.name for each in sellers("z-image")] == ["reapi", "runapi"]
    assert [each.name for each in sellers("z-image", ["revidapi", "reapi"])] == ["revidapi", "reapi"]
    assert sellers("zzz") == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_submit_that_would_be_sent_twice_is_none(acme, method):
    with pytest.raises(ValueError, match=f"submit: must be POST, not {method}: HTTP clients send any other method"):
        attrs.evolve(acme, submit=Endpoint(method=method, path="/v1/pictures"))
    assert attrs.evolve(acme, cancel=Endpoint(method=method, path="/v1/pictures/{id}")).cancel.method == method


def test_offers_of_a_model():
    assert {f"{adapter.name}/{offer.name}" for adapter, offer in offers("z-image")} == {
        "reapi/z-image",
        "runapi/z-image",
    }
    assert offers("zzz") == ()
    assert len(offers()) == sum(len(each.offers) for each in adapters().values())
