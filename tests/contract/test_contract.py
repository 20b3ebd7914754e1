"""What every offer of every adapter promises, in each mode it has, held against its simulator.

A case is an offer in one mode, with the fewest fields and with every field that the offer takes.
"""

import attrs
import pytest
from PIL import Image

from anymedia import Asset, Client, ImageRequest, State, Task, from_json, read_config, to_json
from anymedia.check import check
from anymedia.declare import Choice, Said, Size, Text, Urls, Whole, pick
from anymedia.registry import adapters, offers
from anymedia.simulators import running

IMAGE = "https://pictures.example/reference.png"
GIVEN = {"callback_url": "https://app.example/done", "mask": "https://pictures.example/mask.png"}


def modes(adapter, offer):
    for mode in ("text", "edit"):
        if pick(offer.wire_id, mode) is not None and (mode == "text" or "images" in offer.params):
            yield mode


def fewest(offer, mode):
    images = (IMAGE,) if mode == "edit" else ()
    return ImageRequest(model=offer.model, prompt="a lighthouse at dusk", images=images)


def some_value(offer, field, param, mode):
    """Return a value of a field that is not its default, where it has another."""
    takes = pick(param.takes, mode)
    if isinstance(takes, Choice):
        wanted = [value for value in takes.wire if value not in (*takes.not_honoured, "auto", "4K")]
        return next((value for value in reversed(wanted) if value != pick(param.default, mode)), wanted[0])
    return takes.most if isinstance(takes, Whole) else GIVEN.get(field)


def every(offer, mode):
    """Return a request with every field that an offer takes in a mode; a size and a ratio exclude one another."""
    request = fewest(offer, mode)
    fields = {
        field: some_value(offer, field, param, mode)
        for field, param in offer.params.items()
        if field not in ("prompt", "images", "size") and (mode == "edit" or field != "mask")
    }
    return attrs.evolve(request, **fields)


CASES = [
    pytest.param(adapter, offer, mode, make(offer, mode), id=f"{adapter.name}/{offer.name}-{mode}-{make.__name__}")
    for adapter, offer in offers()
    for mode in modes(adapter, offer)
    for make in (fewest, every)
]


@pytest.mark.parametrize(("adapter", "offer", "mode", "request_"), CASES)
async def test_an_offer_keeps_its_promises(adapter, offer, mode, request_, clock, tmp_path):
    name = f"{adapter.name}/{offer.name}"
    async with running(adapter.name, clock=clock.time) as sims:
        sim = sims[adapter.name]
        async with Client(read_config(sims.config, sims.environ), clock=clock) as client:
            (shown,) = client.explain(request_, offer=name)
            assert shown.refusals == ()
            assert (shown.offer, shown.model, shown.provider) == (name, offer.model, adapter.name)
            sent = []
            answer = type(sim.service).answer
            listening = lambda self, asked: sent.append(asked) or answer(self, asked)  # noqa: E731
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(type(sim.service), "answer", listening)
                task = await client.run(request_, offer=name)
            # What is explained is what is sent.
            assert sent[0].method == shown.method
            assert sent[0].body == _bytes(shown.json)
            # What is quoted is what is billed; RunAPI counts in cents.
            (entry,) = sim.bills()["entries"]
            assert entry["wire_id"] == pick(offer.wire_id, mode) == task.wire_id
            if shown.money.usd is not None and shown.money.status != "estimate":
                cents = shown.money.usd * 100
                assert entry["charged"] == (cents if shown.money.credits is None else shown.money.credits)
            # A finished task has its pictures, in the asked number, and is lossless in JSON.
            assert (task.state, task.offer, task.kind) == (State.SUCCEEDED, name, "image")
            assert len(task.assets) == (request_.count or 1)
            assert from_json(Task, to_json(task)) == task
            if adapter.expires is not None:
                assert all(asset.expires_at > clock.now() for asset in task.assets)
            for asset in await client.download(task, tmp_path):
                assert isinstance(asset, Asset)
                with Image.open(asset.path) as picture:
                    picture.load()
                    assert picture.size == (asset.width, asset.height)
                    assert asset.media_type == Image.MIME[picture.format]
                if request_.aspect_ratio:
                    across, down = map(int, request_.aspect_ratio.split(":"))
                    assert asset.width / asset.height == pytest.approx(across / down, rel=0.05)


def _bytes(body):
    from anymedia.strict_json import dumps

    return dumps(body)


@pytest.mark.parametrize("adapter", adapters().values(), ids=lambda adapter: adapter.name)
def test_an_adapter_says_all_that_can_be_said(adapter):
    assert adapter.title
    assert adapter.page
    assert adapter.base_url.startswith("https://")
    assert adapter.base_url.count("/") == 2, "an origin; paths carry the rest"
    assert adapter.key_env
    assert {State.SUCCEEDED, State.FAILED} <= set(adapter.states.values())
    assert adapter.gaps, "what no page says"
    assert len({offer.name for offer in adapter.offers}) == len(adapter.offers)


@pytest.mark.parametrize(("adapter", "offer"), offers(), ids=lambda each: each.name)
def test_an_offer_is_declared_without_contradiction(adapter, offer):
    for mode in modes(adapter, offer):
        assert check(every(offer, mode), adapter, offer).problems == ()
        for field, param in offer.params.items():
            takes, default = pick(param.takes, mode), pick(param.default, mode)
            if isinstance(takes, Choice) and default is not None and not isinstance(default, Said):
                assert default in takes.wire, f"the default of {field} is one of its values"
                assert takes.read(takes.write(default)) == default
            if isinstance(takes, Text | Urls | Whole):
                assert takes.most is None or takes.least <= takes.most
            assert not (param.always_sent and (default is None or isinstance(default, Said)))
            assert isinstance(takes, Choice) or not param.bills_as or not isinstance(takes, Size)
