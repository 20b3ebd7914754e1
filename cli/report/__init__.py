"""`anymedia report`: what was bought, what it cost and what became of it, on one page or in the terminal."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anymedia.cli.command import Command, config_option
from anymedia.cli.journal import label_option, read_journal, since_option
from anymedia.cli.text import counted, print_json, say
from anymedia.clock import Clock
from anymedia.journal.report import Wanted, report
from anymedia.model.plain import sized

if TYPE_CHECKING:
    from .data import Data

STDOUT = Path("-")


@click.command("report", cls=Command, example="report --html report.html --since 30d")
@click.option(
    "--html",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write a page that needs nothing else to be looked at; - prints it.",
)
@since_option
@click.option("--account", metavar="A", help="Attempts at this account alone.")
@label_option
@click.option("--no-prompts", is_flag=True, help="Leave out what was asked for, in the providers' words too.")
@click.option("--title", metavar="TEXT", help="The page's title.")
@click.option("--force", is_flag=True, help="Write over a file that is no report.")
@config_option
@click.pass_obj
def command(
    clock: Clock,
    html: Path | None,
    since: datetime | None,
    account: str | None,
    labels: dict[str, str],
    no_prompts: bool,
    title: str | None,
    force: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Tell what was bought, what it cost and what became of it.

    What is uncertain comes first, with what can be done; then what was billed, may have been and was given back, by
    day, account, model and label; what failed and why; the newest results; and quotes against bills. The page is one
    file without a script: it can be opened, printed and sent as it is. It holds prompts, and thumbnails of the results
    that are on this machine; a report is written over, any other file is not. Days and times are in UTC.

    --json prints the same figures as one object.
    """
    if as_json and html == STDOUT:
        raise click.UsageError("--html - and --json both print on stdout: give --html a file")
    for flag, given in (("--title", title is not None), ("--force", force)):
        if given and html is None:
            raise click.UsageError(f"{flag} is for a page: give --html a file")
    target = None if html is None or html == STDOUT else _checked(html, force=force)
    wanted = Wanted(since=since, account=account, labels=labels)
    found = read_journal(config, lambda ledger: report(ledger.journal, wanted))
    from .data import data_of

    data = data_of(found, clock.now(), prompts=not no_prompts)
    if not data.total.number:
        say("no attempts match" if not wanted.all else "nothing was asked yet")
    if html is not None:
        _write(data, target, title, force=force)
    if as_json:
        from .as_json import data_json

        print_json(data_json(data))
    elif html is None and (data.total.number or data.elsewhere):
        from .on_screen import show

        show(data)


def _checked(html: Path, *, force: bool) -> Path:
    from .written import checked

    return checked(html, force=force)


def _write(data: "Data", target: Path | None, title: str | None, *, force: bool) -> None:
    """Write the page, or print it where no file is given."""
    from .page import page
    from .pictures import shown
    from .written import write

    made = page(data, shown(data.results), title)
    if target is None:
        click.echo(made, nl=False)
        return
    write(target, made, force=force)
    say(f"{target} has the report: {counted(data.total.number, 'attempt')}, {sized(len(made.encode()))}")
