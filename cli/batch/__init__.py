"""`anymedia batch`: the rows of a file, all of them checked and priced, then bought within a budget."""

from pathlib import Path

import click

from anymedia import Problem, load_config
from anymedia.cli.command import Command, config_option
from anymedia.cli.complete import files
from anymedia.cli.making import timeout as timeout_option
from anymedia.cli.request import offer_option, provider_option, unsupported_option
from anymedia.cli.saving import Saving, saves_many
from anymedia.cli.terms import amount, buys
from anymedia.clock import Clock
from anymedia.model.options import GenerateOptions, OnUnsupported, usd
from anymedia.model.paths import expanded
from anymedia.storage import folder_of

AT_ONCE = 256
"""Rows that are under way at most, unless it is said."""


@click.command("batch", cls=Command, prints_lines=True, example="batch shots.csv --out out --budget 5 --plan")
@click.argument("file", metavar="FILE", shell_complete=files)
@click.option(
    "--name",
    metavar="NAME",
    help="What the batch is called: a later run under this name goes on with it. Default: FILE without its folder and "
    "ending.",
)
@click.option("--plan", "is_plan", is_flag=True, help="Show what it would cost, and buy nothing.")
@click.option(
    "--budget",
    callback=amount,
    metavar="USD",
    help="The most that the batch may cost over all its runs, like 5.00; what may have been billed counts too.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1),
    default=AT_ONCE,
    show_default=True,
    metavar="N",
    help="How many rows are under way at most.",
)
@click.option(
    "--manifest",
    metavar="FILE",
    shell_complete=files,
    help="Where each row is written down as it ends, as JSON lines, with a summary (CSV) beside it. Default: "
    "NAME.manifest.jsonl in --out, where that is a folder, else in the working directory.",
)
@click.option(
    "--workers",
    is_flag=True,
    help="Have `anymedia worker` processes send the rows and look at them; this one plans, holds the budget and waits.",
)
@provider_option
@offer_option
@unsupported_option
@buys
@saves_many()
@timeout_option("1h", "How long to wait for a row")
@config_option
@click.pass_obj
def command(
    clock: Clock,
    file: str,
    name: str | None,
    is_plan: bool,
    budget: str | None,
    at_once: int,
    manifest: str | None,
    workers: bool,
    accounts: tuple[str, ...],
    offer: str | None,
    on_unsupported: OnUnsupported,
    terms: GenerateOptions,
    saving: Saving,
    timeout: float,
    config: Path | None,
    as_json: bool,
) -> None:
    """Buy every row of FILE once, and save what is made.

    FILE is a table (.csv, .tsv) with a line of headers, or JSON lines (.jsonl); - reads stdin. Its columns are the
    fields of requests by their names, like model, prompt, aspect_ratio and images (paths from the folder of FILE), and
    provider, offer, idempotency_key and label.NAME. What is made follows from the model. All rows are checked and
    priced before the first is bought; where one is wrong, each is named with its line, and nothing is sent.

    The flags of a route hold for each row: --max-price is for one row, --budget for all of them. A batch that was
    stopped, killed or ended early goes on when the same command is run again: what is bought is not bought again.

    With --workers, every process has the same [journal] url, on PostgreSQL; pictures and other files of rows go to the
    workers within the queue, or through the bucket of [storage] where they are large.

    Exits with 0 when every row is done, 1 when some failed, 4 when some may have been billed and nobody knows, 5 when
    some are not finished, or --out takes nothing more, 7 when the budget is reached, and 130 when it was stopped: of
    several the first of 130, 4, 7, 5, 1. --plan exits with 0.

    --json prints one object a line: each row as it ends, as the manifest has it, and at last the sums. With --plan it
    prints one object.
    """
    # They need a client, for which the help of every command need not wait.
    from anymedia.rows import STDIN, read_rows

    from .run import Wanted, buy, plan

    if name is None and file == STDIN:
        raise click.UsageError("what is piped in needs a --name: a later run goes on under it")
    held = load_config(config)
    bad: list[Problem] = []
    rows = read_rows(file, held, accounts=accounts, offer=offer, bad=bad)
    called = expanded(file).stem if name is None else name
    wanted = Wanted(
        rows=rows,
        bad=bad,
        name=called,
        accounts=accounts,
        budget=None if budget is None else usd(budget, "budget"),
        at_once=at_once,
        timeout=timeout,
        saving=saving,
        manifest=_manifest(called, saving.place(held), manifest),
        workers=workers,
        options={"offer": offer, "on_unsupported": on_unsupported, **terms},
    )
    (plan if is_plan else buy)(wanted, clock=clock, config=held, as_json=as_json)


def _manifest(name: str, place: str | None, named: str | None) -> Path:
    """Return where rows are written down: where it is said, else in the folder of the results, else here."""
    if named is not None:
        return expanded(named)
    folder = None if place is None else folder_of(place)
    return (folder or Path()) / f"{name.replace('/', '-')}.manifest.jsonl"
