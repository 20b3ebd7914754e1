"""Every word that an adapter can be written in is read by some step: a word that nobody reads promises nothing."""

import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import attrs
import pytest
from click.testing import CliRunner
from yarl import URL

import anymedia
from anymedia import Account, AnymediaError, Kind, Secret, Task, declare
from anymedia.adapters.bfl import ADAPTER as BFL
from anymedia.cli.app import app
from anymedia.cli.providers import facts_of
from anymedia.cli.traits import Known
from anymedia.declare import Flag, Hook, Number, Param, Price, Reply, Rule, Table
from anymedia.declare.prices import Override
from anymedia.declare.written import Written
from anymedia.engine.pace import first_wait, next_wait
from anymedia.engine.schedule import Schedule
from anymedia.engine.waits import Watched
from anymedia.limits.permits import Permits
from anymedia.model.strict_json import dumps
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.registry import adapters
from anymedia.settings import settings_of
from anymedia.testing import FakeClock
from anymedia.testing.requests import every, fewest
from anymedia.testing.suite import at_simulator, cases
from anymedia.translate import decode, encode
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.messages import Answer
from anymedia.transport import auth

from .acme import NOW

FOLDER = str(Path(anymedia.__file__).parent)
ODD = attrs.evolve(
    BFL,
    name="odd",
    lifecycle=attrs.evolve(
        BFL.lifecycle,
        submit=attrs.evolve(BFL.lifecycle.submit, writes=Hook("tests.thirdparty.hooks:glossy", why="it does more")),
        poll=attrs.evolve(
            BFL.lifecycle.poll,
            query={"id": "{id}"},
            not_yet=(404, 60),
            reply=Reply(state="s", completed="at!s", reads=Hook("tests.thirdparty.hooks:unfolded", why="it does more")),
        ),
        many=declare.Many(
            call=declare.Endpoint(method="GET", path="/v1/many", query={"ids": "{ids}"}),
            each="tasks[]",
            reply=Reply(id="id", state="s"),
        ),
        pace=declare.Pace(first=1, then=1, slower={60: 5}),
    ),
    settings={
        **BFL.settings,
        "region": declare.Setting(default="eu"),
        "second": declare.Setting(env="SECOND", secret=True),
    },
    headers={"X-Region": "{region}"},
    auth=(
        declare.Header("x-key"),
        declare.Query("second", of="second"),
        declare.Token(call=declare.Endpoint(method="POST", path="/token"), sends={"a": "b"}, token="t", expires="in"),
    ),
    fault=attrs.evolve(BFL.fault, retry_after="seconds", fields="errors"),
    printed=declare.Printed("2026-11-20", "a page"),
    offers=(
        attrs.evolve(
            BFL.offers[0],
            fixed={"tier": "pro"},
            knobs={
                "scale": Param("scale", Number(1, 9, form=str)),
                "fast": Param("fast", Flag(on="yes", off="no")),
            },
            rules=(Rule(when={"seed": 1}, needs="images", allows={"output_format": ("png",)}),),
            shape=None,
            prices=Table("output_format", {"png": Price("0.05", doubt="maybe"), "jpeg": Price("0.04")}),
        ),
        attrs.evolve(
            BFL.offers[0],
            name="metered",
            knobs={"hd": Param(None, declare.Always(True))},
            prices=declare.Metered({"tokens": "0.1"}, most={"tokens": 5}),
        ),
    ),
)
FOLDED = {(declare.Lifecycle, "states"), (declare.Adapter, "lifecycles"), (declare.Webhook, "asked_by")}
"""Words that may be read while the adapter is made, into a form that the steps look them up in."""

MECHANISM = {Written, declare.path.Content, declare.path.Path, declare.path.First, declare.fields.Flaw}
"""Classes that no adapter is written in."""


def words():
    """Return every word of the declaration: its class, and its field."""
    modules = [import_module(each.name) for each in iter_modules(declare.__path__, "anymedia.declare.")]
    held = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    classes = {each for each in held if attrs.has(each) and each.__module__.startswith("anymedia.declare")}
    written = {each for each in classes - MECHANISM if not each.__name__.startswith("_")}  # what others are made of
    return {(each, field.name) for each in written for field in attrs.fields(each)}


@contextmanager
def read():
    """Yield the words that the code of the package reads meanwhile; what attrs compares by itself is no reader."""
    found, classes = set(), {each for each, _ in words()}

    def watched(cls):
        def get(self, name):
            reader = sys._getframe(1).f_code.co_filename
            if reader.startswith(FOLDER) and "testing" not in Path(reader).parts:
                found.add((cls, name))
            return object.__getattribute__(self, name)

        return get

    with pytest.MonkeyPatch.context() as patch:
        for cls in classes:
            patch.setattr(cls, "__getattribute__", watched(cls), raising=False)
        yield found


def asked_for(adapter, account):
    """Take every request of an adapter through the steps before it is sent."""
    mine = attrs.evolve(account, prices={offer.name: Override(Price("1"), "mine") for offer in adapter.offers})
    for offer in adapter.offers:
        shapes = ({"resolution": "2K"}, {"size": (1024, 1024)}) if offer.kind is Kind.IMAGE else ()
        for shape in shapes:
            candidates(attrs.evolve(fewest(adapter, offer, "text"), **shape), [mine], limits=False)
        for variant in offer.variants:
            request = every(adapter, offer, variant)
            for candidate in candidates(request, [account], offer=offer.name, limits=False):
                explain(candidate)
            extra = attrs.evolve(request, extra={adapter.name: {"tier": "x"}})
            check(extra, adapter, offer, limits=False)
            for part in candidate.parts:
                encode.submit(account, offer.lifecycle, candidate.checked.path, part.body, "key")
                for words in adapter.price_quote:
                    encode.ask_price(words, account, candidate.checked, part)


def carried(call, account):
    """Give a call its credentials, of which the tokens are asked for."""
    asked = Asked(adapter=account.adapter, account=account.name, origin=account.origin, model=None, now=NOW)
    answer = Answer(200, {}, dumps({"t": "tok", "in": 9}))
    words = [each for each in call.auth if isinstance(each, declare.Token)]
    for word in words:
        carried(encode.ask_token(account, word), account)
    auth.headers_of(call, account, auth.Credentials({word: decode.token(asked, word, answer)[0] for word in words}))
    auth.url_of(URL(call.url), call, account)
    auth.body_of(call, account)


def translated(adapter):
    """Take every request of an adapter through the steps before it is sent, and every answer through those after."""
    key, settings = Secret("k"), settings_of(adapter, {}, {"SECOND": "s"}, "here").given
    account = Account(name=adapter.name, adapter=adapter, origin=adapter.base_url, api_key=key, settings=settings)
    asked = Asked(adapter=adapter, account=account.name, origin=account.origin, model="m", now=NOW)
    asked_for(adapter, account)
    facts_of(Known(account))
    links = {each.link: account.origin + "/x" for each in adapter.lifecycle.looks.values() if each.link}
    task = Task(id="t", provider=adapter.name, account=account.name, path="/v1", submitted_at=NOW, links=links)
    states = ("Content Moderated", "Ready", "COMPLETED", "completed")
    bodies = [{"id": "t", "status": state, "s": state, "error": "gone"} for state in states]
    bodies += [{"usd": 1}, {"error": {"code": 60099}}, {"detail": "Exhausted balance"}]
    answers = [Answer(status, {}, dumps(body)) for status in (200, 400, 403, 404, 500) for body in bodies]
    for answer in answers:
        steps = [lambda answer=answer: decode.submitted(asked, answer, task)]
        for endpoint in adapter.lifecycle.looks.values():
            carried(encode.follow(account, endpoint, task), account)
            steps.append(lambda answer=answer, endpoint=endpoint: decode.looked(asked, endpoint, answer, task))
        if adapter.balance is not None:
            steps.append(lambda answer=answer: decode.balance(asked, adapter.balance, answer))
        for step in steps:
            with suppress(AnymediaError):
                step()
    if (many := adapter.lifecycle.many) is not None:
        Schedule(None, FakeClock(), None, None, lambda _: 0.0)._due_too(Watched(account, task, 0.0))
        encode.listed(account, many, ["t"])
        decode.listed(asked, adapter.lifecycle, many, Answer(200, {}, b'{"tasks": [{"id": "t"}]}'), [task])
    first_wait(adapter.lifecycle.pace, 0.0)
    next_wait(adapter.lifecycle.pace, 90.0)
    Permits(FakeClock()).of(account)


async def lived(name, fault):
    """Buy at a simulator, and have its prices asked for."""
    adapter = adapters()[name]
    async with at_simulator(adapter) as scene:
        case = next(cases(adapter))
        await scene.client.refresh_prices(case.request, name)
        await scene.client.balance(name)
        scene.simulator.fault(**fault)
        await scene.run(case)


async def test_every_word_of_an_adapter_has_a_reader():
    """One adapter after the other, until all are read."""
    with read() as found:
        CliRunner().invoke(app, ["providers", "--json"])
        await lived("runapi", {"kind": "reset_after"})
        for adapter in (ODD, *adapters().values()):
            if words() - found - FOLDED:
                translated(adapter)
    unread = sorted(f"{cls.__name__}.{name}" for cls, name in words() - found - FOLDED)
    assert unread == [], ", ".join(unread)
