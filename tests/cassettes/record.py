"""Record the cassettes: `make cassettes` at the simulators, `make cassettes LIVE=1` at the providers themselves.

At the simulators every episode is recorded, and no time passes. Live, only what can be had at will is, at the
providers whose key is in the environment: one picture of the cheapest model, and two refusals. What was recorded live
is only ever recorded live again.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from anymedia import Account, Config, read_config
from anymedia.clock import Clock
from anymedia.registry import adapters
from anymedia.simulators import running
from anymedia.testing import FakeClock
from anymedia.testing.clock import while_sold

from .episodes import SCRIPTS, Episode, Played, episodes, play
from .tape import blank

CASSETTES = Path(__file__).parents[2] / "cassettes"
LIVE = "Recorded live at "
PLANTED = "rk_live_aio_planted_5ec2e7"  # the simulators' key, in a form that every cassette is searched for
WRONG_KEY = "a-key-that-is-wrong"


def cassette(provider: str, episode: Episode) -> Path:
    """Return where an episode is kept."""
    return CASSETTES / provider / f"{episode.name}.yaml"


def is_live(path: Path) -> bool:
    """Return whether a cassette was recorded live."""
    return path.exists() and path.read_text("utf-8").startswith(f"# {LIVE}")


async def simulated(provider: str, episode: Episode, path: Path) -> Played:
    """Record an episode at the provider's simulator, on a clock that nobody waits for."""
    clock = FakeClock(while_sold(adapters()[provider]))
    async with running(provider, clock=clock.time) as simulators:
        simulator = simulators[provider]
        simulator.service.api_key = PLANTED
        if episode.fault is not None:
            simulator.fault(**episode.fault)
        key = WRONG_KEY if episode.wrong_key else PLANTED
        tables = simulators.config
        tables["providers"][provider].pop("settings", None)  # who hears the cassette has none of them
        config = read_config(tables, dict.fromkeys(simulators.environ, key))
        note = f"Recorded against the simulator of {provider}, {_today()}; no live provider was called."
        return await record(provider, episode, path, config, clock, note)


async def live(provider: str, episode: Episode, path: Path, environ: Mapping[str, str]) -> Played:
    """Record an episode at the provider itself, at its pace; `succeeded` costs what the picture costs."""
    adapter = adapters()[provider]
    config = read_config({}, dict.fromkeys(adapter.api_key_env, WRONG_KEY) if episode.wrong_key else environ)
    return await record(provider, episode, path, config, Clock(), f"{LIVE}{adapter.base_url}, {_today()}.")


async def record(provider: str, episode: Episode, path: Path, config: Config, clock: Clock, note: str) -> Played:
    """Run an episode and keep what was said. Errors: RuntimeError when nothing was, or it holds the key."""
    account = config.account(provider)
    key, origins = account.secret().reveal(), dict(_origins(account))
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, path.name)
        with blank(new, note, key, origins) as tape:
            played = await play(episode, provider, config, clock)
        if not len(tape):
            raise RuntimeError(f"nothing was heard for {path}: {played.came}")
        _keep(new, path, key)
    return played


def _origins(account: Account) -> Iterator[tuple[str, str]]:
    """Yield what stands for each address that is called: the provider's own, and other hosts of it by their paths."""
    adapter = account.adapter
    called = [(call.origin, call.path) for _, call in adapter.calls]
    called += [(adapter.life(offer.lifecycle).submit.origin, offer.path) for offer in adapter.offers]
    for origin, path in called:
        if origin is not None and isinstance(path, str):
            plain = path.partition("{")[0]
            yield account.origin + plain, origin + plain
    yield account.origin, adapter.base_url


def _keep(new: Path, path: Path, key: str) -> None:
    """Put a new cassette in its place, unless only its day has changed."""
    text = new.read_text("utf-8")
    if key in text:
        raise RuntimeError(f"{path} would hold the key")
    if not path.exists() or _said(text) != _said(path.read_text("utf-8")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _said(text: str) -> tuple[bool, str]:
    first, _, rest = text.partition("\n")
    return first.startswith(f"# {LIVE}"), rest


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> None:
    """Record, and tell of each cassette what came of it."""
    parser = argparse.ArgumentParser(prog="make cassettes", description="Record the cassettes.")
    parser.add_argument("--live", action="store_true", help="at the providers whose keys are in the environment")
    at_providers = parser.parse_args(arguments).live
    keyed = read_config({}, environ).accounts
    wanted = [
        (provider, episode)
        for provider in SCRIPTS
        for episode in episodes(provider)
        if (provider in keyed and episode.live if at_providers else not is_live(cassette(provider, episode)))
    ]
    if not wanted:
        parser.error("nothing to record: LIVE=1 takes a provider's key in the environment")
    for provider, episode in wanted:
        path = cassette(provider, episode)
        recording = live(provider, episode, path, environ) if at_providers else simulated(provider, episode, path)
        end = asyncio.run(recording).end
        cost = f" for {end.money}" if end.money else ""
        differs = "" if end == SCRIPTS[provider].ends[episode.name] else f"; its end is not that of episodes.py: {end}"
        sys.stdout.write(f"{provider} {episode.name}: recorded{cost}{differs}\n")


if __name__ == "__main__":
    main()
