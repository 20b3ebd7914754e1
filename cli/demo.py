"""`anymedia demo`: one request at every simulated provider, from its body to the picture; a clip of it at two."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs
import click

import anymedia
from anymedia import (
    Alert,
    AnymediaError,
    Asset,
    Attempt,
    Explanation,
    ImageRequest,
    Money,
    Quote,
    Task,
    VideoRequest,
    read_config,
    to_json,
)
from anymedia.clock import Clock
from anymedia.registry import adapters

from .command import Command
from .errors import error_json
from .explain import explanation_json
from .failure import error_facts
from .inline.option import looks_at, refuse_json, show_option
from .progress import Progress
from .quotes import quote_json
from .saving import writable
from .simulate import SPEED, needs_packages
from .text import counted, pixels, price, print_json, together

if TYPE_CHECKING:
    from anymedia import Client

    from .screen import Cell, Screen

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K", aspect_ratio="16:9")
CLIP = VideoRequest(
    model="kling-3.0", prompt="its lamp turns, waves roll in", duration=5, resolution="720p", audio=True
)
"""What is asked for next, with the picture as its first frame."""

ROWS = 10
"""Lines of a terminal that a picture takes with --show, at most."""

NAMES = "{account}-{model}.{ext}"
"""How the files are named: who made them of which model."""


@click.command("demo", cls=Command, example="demo --out media")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="media",
    callback=lambda _, __, named: writable(named),
    show_default=True,
    metavar="DIR",
    help="The folder for the files; no file is overwritten.",
)
@show_option
@click.pass_obj
def command(clock: Clock, out: Path, show: bool, as_json: bool) -> None:
    """Take a tour of all of it at simulators; it needs no API key.

    At simulated providers: one request as each of its sellers wants it, made at all of them at once, the pictures
    saved; a clip that begins with the picture, at the two where it is cheapest, with its price before and after; then
    what an app sees when it goes wrong. --json prints one object: explanations, tasks, quotes and clips, files, errors.
    """
    refuse_json(show=show, as_json=as_json)
    needs_packages()
    from anymedia.simulators import names

    explanations = [each for each in anymedia.explain(REQUEST) if each.provider in names()]
    if not as_json:
        _show_calls(_screen(), explanations)
    quoted = {each.provider: each.money for each in explanations}
    with TemporaryDirectory(prefix="anymedia-") as folder:  # it costs nothing, and is not in the user's journal
        look = looks_at(_screen(), show=True, rows=ROWS) if show else None
        made = asyncio.run(_run(clock, out, quoted, Path(folder, "journal.db"), look, as_json=as_json))
    if as_json:
        print_json(
            {
                "explanations": [explanation_json(each) for each in explanations],
                "tasks": [to_json(task) for task in made.pictures],
                "quotes": [quote_json(quote) for quote in made.quotes],
                "clips": [to_json(task) for task in made.clips],
                "files": [str(asset.path) for task in (*made.pictures, *made.clips) for asset in task.assets],
                "errors": [error_json(error) for error in made.errors],
            }
        )


@attrs.frozen
class Made:
    """What was made, what the clips were to cost, and what an app saw where it went wrong."""

    pictures: Sequence[Task]
    quotes: Sequence[Quote]
    clips: Sequence[Task]
    errors: Sequence[AnymediaError]


def _faults(sellers: Sequence[str]) -> dict[str, str]:
    """Say what then goes wrong: a plain no, and an answer that is lost after the work was done, with no replay."""
    loses = next(name for name in sellers if adapters()[name].idempotency is None)
    refuses = next(name for name in reversed(sellers) if name != loses)
    return {refuses: "no_credit", loses: "reset_after"}


async def _run(
    clock: Clock,
    out: Path,
    quoted: Mapping[str, Money],
    journal: Path,
    look: Callable[[Asset], None] | None,
    *,
    as_json: bool,
) -> Made:
    from anymedia import Client
    from anymedia.simulators import running

    async with running(*quoted, speed=SPEED) as simulators:
        config = attrs.evolve(read_config(simulators.config, simulators.environ), journal=journal)
        stages = [Progress(clock)]

        def see(event: Attempt | Task | Alert) -> None:
            stages[-1].see(event)

        async with Client(config, clock=clock, on_event=see) as client:
            with stages[-1]:
                pictures = await asyncio.gather(*(_make(client, REQUEST, name, out) for name in config.accounts))
            if not as_json:
                _show_pictures(_screen(), pictures, quoted, stages[-1], out)
                _show_files(_screen(), pictures, look)
            stages.append(Progress(clock))
            clip = attrs.evolve(CLIP, first_frame=pictures[0].assets[0].url)
            quotes = client.quote(clip)[:2]
            if not as_json:
                _show_quotes(_screen(), quotes)
            with stages[-1]:
                clips = await asyncio.gather(*(_make(client, clip, quote.account, out) for quote in quotes))
            if not as_json:
                _show_clips(_screen(), quotes, clips, stages[-1])
                _show_files(_screen(), clips, look)
            faults = _faults([*quoted])
            for name, fault in faults.items():
                simulators[name].fault(fault)
            errors = [await _fail(client, name) for name in faults]
            if not as_json:
                _show_errors(_screen(), errors, simulators[errors[-1].account or ""].bills())
        return Made(pictures, quotes, clips, errors)


async def _make(client: "Client", request: ImageRequest | VideoRequest, account: str, out: Path) -> Task:
    (task,) = (await client.generate(request, account)).tasks
    return attrs.evolve(task, assets=await client.download(task, out, names=NAMES))


async def _fail(client: "Client", account: str) -> AnymediaError:
    try:
        await client.generate(REQUEST, account)
    except AnymediaError as error:
        return error
    raise AssertionError(f"the fault at {account} made no difference")


def _screen() -> "Screen":
    from .screen import Screen

    return Screen()


def _show_calls(screen: "Screen", explanations: Sequence[Explanation]) -> None:
    screen.headline("1", "cyan", f"one request for {REQUEST.model}, as each of its sellers wants it")
    screen.table(("offer and price", "what it is sent"), map(_call, explanations), whole=("offer and price",))


def _call(explanation: Explanation) -> "list[Cell]":
    """Return an offer with its price, and the call that it gets: the body on as few lines as it takes."""
    from rich.text import Text

    from .screen import json_text

    price_ = "price unknown" if explanation.money.usd is None else str(explanation.money)
    called = Text(f"{explanation.method} {explanation.url}\n", "dim")
    return [[explanation.offer, price_], called + json_text(explanation.json, indent=None)]


def _show_pictures(
    screen: "Screen", tasks: Sequence[Task], quoted: Mapping[str, Money], progress: Progress, out: Path
) -> None:
    screen.headline("2", "cyan", "made at all of them at once, each at its own pace")
    screen.table(
        ("provider", "seconds", "quoted", "billed", "pixels", "file"),
        (
            [
                task.provider,
                f"{progress.seconds(task):.1f}",
                str(quoted[task.provider]),
                str(task.money),
                pixels(asset.width, asset.height),
                asset.path.name if asset.path else "",
            ]
            for task in tasks
            for asset in task.assets
        ),
    )
    screen.print(f"The pictures are in {out.resolve()}\n", soft_wrap=True)


def _show_files(screen: "Screen", tasks: Sequence[Task], look: Callable[[Asset], None] | None) -> None:
    """Show the files of tasks as pictures, each below its name."""
    if look is not None:
        for asset in (asset for task in tasks for asset in task.assets):
            screen.print(asset.path.name if asset.path else asset.kind, style="bold")
            look(asset)


def _show_quotes(screen: "Screen", quotes: Sequence[Quote]) -> None:
    screen.headline("3", "cyan", f"a clip that begins with it, of {CLIP.model}: the price is known before")
    told = together(f"{price(quote.money)} at {quote.account}" for quote in quotes)
    screen.print(f"The two cheapest: {CLIP.duration} s at {CLIP.resolution}, with sound, for {told}.")


def _show_clips(screen: "Screen", quotes: Sequence[Quote], clips: Sequence[Task], progress: Progress) -> None:
    screen.table(
        ("provider", "seconds", "quoted", "billed", "clip", "file"),
        (
            [
                task.provider,
                f"{progress.seconds(task):.1f}",
                price(quote.money),
                price(task.money),
                f"{pixels(asset.width, asset.height)}, {asset.seconds:g} s",
                asset.path.name if asset.path else "",
            ]
            for quote, task in zip(quotes, clips, strict=True)
            for asset in task.assets
        ),
    )


def _show_errors(screen: "Screen", errors: Sequence[AnymediaError], bills: Mapping[str, Any]) -> None:
    from .screen import pairs

    screen.headline("4", "cyan", "what an app sees when a provider says no, and when its answer is lost")
    for error in errors:
        screen.print(f"  {type(error).__name__}", style="bold red")
        screen.block(str(error), pairs(error_facts(error)), "")
    submits, charged = counted(bills["submits"], "submit"), counted(len(bills["entries"]), "task")
    screen.print(
        f"{errors[-1].account}'s bill: {submits} received, {charged} charged. "
        "The lost one was paid for, and was not sent again."
    )
