"""An app's clips and songs go to another provider by one line of its configuration, and it sees the same."""

import json
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from anymedia import Client, MusicRequest, OverCeiling, State, VideoRequest, load_config, to_json
from tests.adapters.test_spellings import ROWS
from tests.tables import toml

FIRST, LAST = "https://pictures.example/first.png", "https://pictures.example/last.png"
FRAMES = {"prompt": "waves at dusk", "first_frame": FIRST, "last_frame": LAST}
SUNG = {"lyrics": "The light comes round", "style": "slow folk", "title": "The light"}
REQUESTS = {
    "kling-3.0": VideoRequest(
        model="kling-3.0", prompt="waves", first_frame=FIRST, duration=5, resolution="720p", audio=True
    ),
    "kling-3.0, two frames": VideoRequest(model="kling-3.0", **FRAMES, duration=7, resolution="1080p", audio=False),
    "seedance-2.0": VideoRequest(model="seedance-2.0", **FRAMES, duration=5, resolution="720p", audio=False),
    "seedance-2.0, like others": VideoRequest(
        model="seedance-2.0", prompt="waves", images=[FIRST, LAST], duration=4, resolution="480p", audio=True
    ),
    "seedance-2.0-fast": VideoRequest(model="seedance-2.0-fast", **FRAMES, duration=5, resolution="720p", audio=True),
    "veo-3.1-fast": VideoRequest(model="veo-3.1-fast", **FRAMES, duration=8, aspect_ratio="9:16"),
    "wan-2.7": VideoRequest(model="wan-2.7", **FRAMES, duration=5, resolution="1080p"),
    "wan-2.7, continued": VideoRequest(
        model="wan-2.7", prompt="on it goes", video="https://films.example/1.mp4", duration=5, resolution="720p"
    ),
    "suno-v5.5": MusicRequest(model="suno-v5.5", **SUNG),
    "suno-v5.5, instrumental": MusicRequest(model="suno-v5.5", style="rain on a roof", title="Rain", instrumental=True),
    "suno-v6": MusicRequest(model="suno-v6", **SUNG),
}
SOLD_BY = {
    "kling-3.0": {"reapi", "runapi", "api_in_one"},
    "suno-v5.5": {"reapi", "runapi", "api_in_one"},
    "suno-v5.5, instrumental": {"reapi", "runapi", "api_in_one"},
}
SPELT = [row for row in ROWS if row.request.kind in ("video", "music")]
OF_A_PROVIDER = {
    *("id", "provider", "account", "offer", "wire_id", "lifecycle", "path", "request_id"),
    *("raw", "raw_state", "money"),
}
TIMES = {"submitted_at", "running_at", "ended_at", "created_at", "completed_at"}
OF_A_FILE = {"url", "path", "expires_at", "sha256", "length"}


def comparable(task):
    """Return what an app sees of a task, without what names the provider, is a time or a link, or is money.

    Beside its works a provider may give a cover.
    """
    seen = {name: value for name, value in to_json(task).items() if name not in OF_A_PROVIDER | TIMES}
    seen["assets"] = [
        {name: value for name, value in asset.items() if name not in OF_A_FILE}
        for asset in seen["assets"]
        if asset["role"] == "main"
    ]
    return seen


@pytest.fixture
def switched(sims, monkeypatch, tmp_path):
    """Return a function that gives the configuration with one line of it changed: who is asked first."""
    for variable, key in sims.environ.items():
        monkeypatch.setenv(variable, key)
    tables = toml({"providers": sims.config["providers"]})

    def written(*accounts):
        file = Path(tmp_path, "anymedia.toml")
        file.write_text(f"{tables}\n{toml({'route': {'accounts': accounts}})}")
        return load_config(file)

    return written


@pytest.mark.parametrize("name", REQUESTS)
async def test_what_is_made_differs_in_nothing_but_who_made_it(name, switched, clock, tmp_path, sims):
    request, seen = REQUESTS[name], {}
    for account in sorted(SOLD_BY.get(name, {"reapi", "runapi"})):
        async with Client(switched(account), clock=clock) as client:
            result = await client.generate(request)
            (task,) = result.tasks
            assert (task.account, task.state, result.missing) == (account, State.SUCCEEDED, 0)
            files = await client.download(result, tmp_path / account)
            seen[account] = comparable(attrs.evolve(task, assets=tuple(file.asset for file in files)))
        (entry,) = sims[account].bills()["entries"]
        assert entry["charged"] > 0
    first, *others = seen.values()
    assert [other for other in others if other != first] == []
    assert len(first["assets"]) == (2 if request.kind == "music" else 1)


@pytest.mark.parametrize("row", SPELT, ids=lambda row: f"{row.name} {row.request.variant}")
async def test_one_line_leads_to_the_body_of_the_table(row, switched, clock):
    provider, _, _ = row.name.partition("/")
    async with Client(switched(provider), clock=clock) as client:
        bodies = {each.offer: each.json for each in client.explain(row.request)}
    given = {place: value for place, value in row.body.items() if value != "{webhook_secret}"}  # a setting, not given
    sent, wanted = (json.dumps(each, sort_keys=True) for each in (bodies[row.name], given))
    assert sent == wanted  # as JSON, in which true is not 1


CLIP = VideoRequest(model="seedance-2.0", prompt="waves at dusk", duration=5, resolution="720p", audio=False)


async def test_the_ceiling_of_a_clip_goes_by_its_length(switched, clock, sims):
    """At 720p a second is $0.171776 at one and $0.41 at the other: 2.4 times as much."""
    terms = {"policy": "cheapest", "max_price": "1.00"}

    def submits():
        return {account: sims[account].bills()["submits"] for account in ("reapi", "runapi")}

    async with Client(switched("runapi", "reapi"), clock=clock) as client:
        cheap, dear = client.quote(CLIP)
        assert [cheap.provider, dear.provider] == ["reapi", "runapi"]
        assert round(dear.money.list_usd / cheap.money.list_usd, 1) == Decimal("2.4")
        assert [step.account for step in client.route(CLIP, **terms).steps] == ["reapi"]
        made = await client.generate(CLIP, **terms)
        assert ([task.account for task in made.tasks], submits()) == (["reapi"], {"reapi": 1, "runapi": 0})
        # What five seconds may cost six may not, and nothing is sent.
        longer = attrs.evolve(CLIP, duration=6)
        with pytest.raises(OverCeiling, match=r"costs \$1.031, more than the \$1.00 allowed"):
            await client.generate(longer, **terms)
    assert submits() == {"reapi": 1, "runapi": 0}
