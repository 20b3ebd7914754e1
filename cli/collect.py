"""`anymedia collect`: every result that is paid for and nowhere yet, fetched before its link dies."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import to_json
from anymedia.clock import Clock

from .command import Command, config_option
from .complete import accounts as account_names
from .errors import MISSING, error_json
from .failure import show_error
from .journal import ahead, say_where
from .making import files_of, show_tasks, tells_what_is_paid_for, watched
from .progress import Progress
from .saving import Saving, saves
from .text import print_json, say

if TYPE_CHECKING:
    from anymedia import Client, Collected


@click.command("collect", cls=Command, example="collect --expiring 24h --out out")
@click.option(
    "--expiring",
    "before",
    callback=ahead,
    metavar="T",
    help="Only results that die before: an age like 24h, or a time; or nobody knows when.",
)
@click.option(
    "--account", "bought_at", multiple=True, metavar="A", shell_complete=account_names, help="Only of this account."
)
@click.option("--batch", metavar="NAME", help="Only of this batch.")
@saves
@config_option
@click.pass_obj
def command(
    clock: Clock,
    before: datetime | None,
    bought_at: Sequence[str],
    batch: str | None,
    saving: Saving,
    config: Path | None,
    as_json: bool,
) -> None:
    """Save what is paid for and finished, and not saved yet.

    What dies first is fetched first. A download that fails is tried again until its link dies, and the provider is
    asked for a newer link where that helps. Nothing is bought, and no task that goes on is waited for: `anymedia
    resume` does that. `anymedia tasks --expiring 24h` lists what this would fetch; `anymedia tasks settle ID --dismiss`
    gives up a result for good.

    Exits with 0 when all of it is saved, or there was nothing; with 1 when some could not be saved.

    With --json one object: tasks, files (where they are), errors.
    """
    progress = Progress(clock)

    async def collected(client: "Client") -> "Collected":
        say_where(client.config)
        await client.check_storage(saving.out, names=saving.names)
        return await client.collect(
            saving.out,
            names=saving.names,
            sidecar=saving.sidecar,
            before=before,
            accounts=bought_at or None,
            batch=batch,
        )

    found = watched(collected, progress, clock=clock, config=config)
    with tells_what_is_paid_for(found.tasks):
        if as_json:
            print_json(_json(found))
        else:
            show_tasks(found.tasks, show=saving.show)
    for error in found.errors:
        show_error(error)
    if not (found.tasks or found.errors):
        say("nothing is left to be collected")
    if found.errors:
        raise SystemExit(MISSING)


def _json(found: "Collected") -> dict[str, Any]:
    return {
        "tasks": [to_json(task) for task in found.tasks],
        "files": files_of(found.tasks),
        "errors": [error_json(error) for error in found.errors],
    }
