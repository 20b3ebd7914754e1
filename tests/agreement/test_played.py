"""What an offer of clips, songs and speech makes in its first variant, as players open it, and how long that is."""

import os

import attrs
import pytest

from anymedia.declare import Always
from anymedia.model.vocabulary import Kind
from anymedia.registry import adapters
from anymedia.simulators import names
from anymedia.testing.clock import while_sold
from anymedia.testing.requests import fewest
from tests.players import played
from tests.verbs import run

LONG = float(os.environ.get("ANYMEDIA_CASES", "1")) > 1
EVERY = [
    (adapter, offer)
    for adapter in (adapters()[name] for name in names())
    for offer in adapter.offers
    if offer.kind is not Kind.IMAGE
]
ONE_OF_EACH = {(adapter.name, offer.kind): (adapter, offer) for adapter, offer in reversed(EVERY)}
OFFERS = {
    f"{adapter.name}/{offer.name}": (adapter, offer) for adapter, offer in (EVERY if LONG else ONE_OF_EACH.values())
}
"""The first of each kind at each provider; in `make soak` all of them."""

STREAMS = {"image": [{"video"}], "audio": [{"audio"}], "video": [{"video"}, {"video", "audio"}]}
APART = 0.05
"""Seconds by which a player, a provider and we may differ."""


def sounds(param):
    """Return with and without sound, as far as an offer leaves it open."""
    if param is None:
        return (None,)
    return (param.takes.value,) if isinstance(param.takes, Always) else (False, True)


@pytest.fixture
def provider(name):
    return name.partition("/")[0]


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("name", OFFERS)
async def test_players_open_what_an_offer_makes(client, clock, tmp_path, name):
    adapter, offer = OFFERS[name]
    clock.seconds = while_sold(adapter)
    request = fewest(adapter, offer, next(iter(offer.variants)))
    for sound in sounds(offer.params.get("audio")):
        wanted = request if sound is None else attrs.evolve(request, audio=sound)
        task = await run(client, wanted, adapter.name, offer=name)
        told = {asset.seconds for asset in task.assets} - {None}
        files = await client.download(task, tmp_path)
        assert {asset.role: asset.kind for asset in files}["main"] == offer.kind.medium
        for file in files:
            whole, streams = played(file.path)
            assert {*streams} in STREAMS[file.kind]
            if file.role == "main":
                assert sound is None or ("audio" in streams) is sound
                assert float(whole["duration"]) == pytest.approx(file.seconds, abs=APART)
                assert all(seconds == pytest.approx(file.seconds, abs=APART) for seconds in told)
        param = offer.params.get("duration")
        if param is not None and isinstance(param.default, int):
            assert {round(file.seconds) for file in files if file.role == "main"} == {param.default}
