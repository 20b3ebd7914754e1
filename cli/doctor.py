"""`anymedia doctor`: whether every account could be used, and what it needs on this machine, at no cost."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from anymedia import Config, ConfigError, SubmitUncertain, load_config, to_json
from anymedia.clock import Clock
from anymedia.keyless import no_account
from anymedia.model.plain import sized

from .checks import READY, UNCHECKED, Called, Finding, Findings, Kept, Stored, Timed, examine, kept
from .command import Command, config_option
from .errors import CODES
from .failure import show_error
from .journal import database_lines, when
from .text import counted, dollars, price, print_json, settings_lines, together

if TYPE_CHECKING:
    from .screen import Cell

COLUMNS = ("account", "origin and answer", "balance", "verdict")


@click.command("doctor", cls=Command, example="doctor")
@config_option
@click.pass_context
def command(ctx: click.Context, config: Path | None, as_json: bool) -> None:
    """Check each account and this machine; nothing is bought.

    An account is `ready` once its provider took its API key, `key not checked` where the provider has no free call
    that needs one, else `not ready`. It says where this machine's name server gives a provider's host an address that
    is not public: results would not be fetched from such addresses unless [download] in anymedia.toml allows it.

    The command also looks at the journal (can it be written to, how much room is there, what is uncertain or still
    running, what today has cost; of a database, its version and its clock, who uses it, and what waits here for it),
    at the place for results, the storage, the proxies, the URL of [webhooks] and the clock. Exits with 1 when anything
    is wrong; with 3 where no account is configured: it then says which API keys would be read; else with 4 when a
    submit is uncertain: it may have been billed, and waits for `anymedia resume --replay`
    or `anymedia tasks settle`.

    --json prints one object: config, journal, results, storage, webhooks, proxies, clock, accounts, each with its
    trouble (null where there is none), and wrong, the names of those that have one.
    """
    found = load_config(config)
    journal = kept(found, ctx.obj.now())
    findings = attrs.evolve(asyncio.run(_examined(found, ctx.obj, journal)), journal=journal)
    if as_json:
        config_path = None if found.path is None else str(found.path)
        print_json({"config": config_path, **_json(findings), "wrong": findings.wrong})
    else:
        _show(findings, found)
    if not found.accounts:
        show_error(no_account(found.path))
        ctx.exit(CODES[ConfigError])
    if findings.wrong:
        ctx.exit(1)
    if findings.uncertain:
        ctx.exit(CODES[SubmitUncertain])


async def _examined(config: Config, clock: Clock, kept: Kept | None) -> Findings:
    """Return what is found beside the journal, which is asked no second time where it does not answer."""
    from anymedia import Client
    from anymedia.journal import MemoryJournal

    instead = MemoryJournal() if kept is not None and kept.away else None
    async with Client(config, clock=clock, journal=instead) as client:
        return await examine(client)


def _json(findings: Findings) -> dict[str, object]:
    return {field.name: to_json(getattr(findings, field.name)) for field in attrs.fields(Findings)}


def _show(findings: Findings, found: Config) -> None:
    from .screen import Screen

    screen = Screen()
    screen.print(f"config: {found.path}" if found.path else "config: no file; API keys are read from the environment")
    for name, told in _places(findings, found):
        screen.print(f"{name}: {told}")
    if findings.accounts:
        screen.table(COLUMNS, map(_row, findings.accounts), whole=COLUMNS[1:])
    for finding in findings.accounts:
        for said in finding.webhooks:
            screen.print(f"{finding.account}: {said}")
        if finding.trouble is not None:
            screen.print(f"{finding.account}: {finding.trouble}")
    if unchecked := [finding.account for finding in findings.accounts if finding.verdict == UNCHECKED]:
        have = "has" if len(unchecked) == 1 else "have"
        screen.print(f"key not checked: {together(unchecked)} {have} no free call that would prove a key")
    if findings.uncertain:
        screen.print(f"to do: {_to_do(findings.uncertain)}")
    if findings.wrong or findings.accounts:
        screen.print(f"wrong: {', '.join(findings.wrong)}" if findings.wrong else _well(findings))


def _to_do(uncertain: int) -> str:
    what = "1 submit is uncertain" if uncertain == 1 else f"{uncertain} submits are uncertain"
    return f"{what}, and may have been billed: `anymedia resume` tells which, and what can be done about each"


def _well(findings: Findings) -> str:
    ready = sum(finding.verdict == READY for finding in findings.accounts)
    return f"nothing is wrong; {ready} of {counted(len(findings.accounts), 'account')} ready"


def _places(findings: Findings, found: Config) -> Iterator[tuple[str, str]]:
    """Yield what was found on this machine, each with its name."""
    yield "journal", "off" if findings.journal is None else _journal(findings.journal)
    if findings.journal is not None and findings.journal.database is not None:
        yield from (("database", said) for said in database_lines(findings.journal.database))
    yield "results", _stored(findings.results)
    if findings.storage is not None:
        yield "storage", _stored(findings.storage)
    if findings.webhooks is not None:
        yield "webhooks", _called(findings.webhooks)
    if findings.journal is not None:
        yield from _today(findings.journal, found)
        yield from _uncollected(findings.journal)
    for proxy in findings.proxies:
        yield "proxy", f"{proxy.url} {'is reached' if proxy.trouble is None else f'is not reached: {proxy.trouble}'}"
    yield "clock", _timed(findings.clock)


def _journal(journal: Kept) -> str:
    if journal.trouble is not None:
        return journal.trouble
    free = "" if journal.free is None else f", {sized(journal.free)} free"
    what = f"{counted(journal.attempts, 'attempt')}, {journal.uncertain} uncertain, {journal.open} open"
    return f"{journal.path}: {what}{free}"


def _today(journal: Kept, found: Config) -> Iterator[tuple[str, str]]:
    """Yield what today has cost, where that is held against a figure."""
    spent = journal.spent_today
    if found.daily_alert is not None:
        yield (
            "today",
            f"{dollars(sum(spent.values(), Decimal(0)))} spent; [alerts] tells of {dollars(found.daily_alert)}",
        )
    for name, account in found.accounts.items():
        if account.daily_limit is not None:
            today = spent.get(name, Decimal(0))
            used_up = ", which is used up until midnight UTC" if today >= account.daily_limit else ""
            yield (
                "today",
                f"{name} spent {dollars(today)} of its daily_limit of {dollars(account.daily_limit)}{used_up}",
            )


def _uncollected(journal: Kept) -> Iterator[tuple[str, str]]:
    """Yield how many results are paid for and nowhere yet, where there are any."""
    if living := journal.uncollected - journal.dead:
        first = "" if journal.dies is None else f"; the first link dies at {when(journal.dies)} UTC"
        yield "uncollected", f"{counted(living, 'result')}, paid for and not saved: `anymedia collect`{first}"
    if journal.dead:
        what = f"{counted(journal.dead, 'result')} whose links should be dead by now: `anymedia collect` asks once more"
        yield "uncollected", what


def _stored(stored: Stored) -> str:
    return stored.trouble or f"{stored.location} can be written to"


def _called(called: Called) -> str:
    if called.unknown is not None:
        return f"{called.unknown}; whether providers reach it cannot be known from here"
    return f"{called.url}: {called.trouble or f'it answers from here (HTTP {called.status})'}"


def _timed(timed: Timed) -> str:
    if timed.ahead is None:
        return "not checked, as no provider said its time"
    return timed.trouble or f"{abs(timed.ahead):.0f} s off the providers'"


def _row(finding: Finding) -> "list[Cell]":
    # Whatever the status is: what lies at the bare origin is no call of the provider's.
    answers = [] if finding.status is None else ["reached"]
    at = [] if finding.account == finding.provider else [f"at {finding.provider}"]
    return [
        [finding.account, *at, *settings_lines(finding.settings)],
        [finding.origin.removeprefix("https://"), *answers],
        "-" if finding.balance is None else price(finding.balance),
        finding.verdict,
    ]
