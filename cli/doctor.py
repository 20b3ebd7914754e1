"""`anymedia doctor`: whether every account could be used, and what it needs on this machine, at no cost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from anymedia import Config, ConfigError, load_config, to_json
from anymedia.clock import Clock
from anymedia.keyless import no_account
from anymedia.model.plain import sized

from .checks import READY, SET, UNCHECKED, Called, Finding, Findings, Kept, Stored, Timed, examine, kept
from .command import Command, config_option
from .errors import CODES
from .failure import show_error
from .text import counted, price, print_json, settings_lines, together

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
    running), at the place for results, the storage, the proxies, the URL of [webhooks] and the clock. Exits with 1
    when anything is wrong, and with 3 where no account is configured: it then says which API keys would be read.

    --json prints one object: config, journal, results, storage, webhooks, proxies, clock, accounts, each with its
    trouble (null where there is none), and wrong, the names of those that have one.
    """
    found = load_config(config)
    findings = attrs.evolve(asyncio.run(_examined(found, ctx.obj)), journal=kept(found))
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


async def _examined(config: Config, clock: Clock) -> Findings:
    from anymedia import Client

    async with Client(config, clock=clock) as client:
        return await examine(client)


def _json(findings: Findings) -> dict[str, object]:
    return {field.name: to_json(getattr(findings, field.name)) for field in attrs.fields(Findings)}


def _show(findings: Findings, found: Config) -> None:
    from .screen import Screen

    screen = Screen()
    screen.print(f"config: {found.path}" if found.path else "config: no file; API keys are read from the environment")
    for name, told in _places(findings):
        screen.print(f"{name}: {told}")
    if findings.accounts:
        screen.table(COLUMNS, map(_row, findings.accounts), whole=COLUMNS[1:])
    for finding in findings.accounts:
        for said in finding.webhooks:
            screen.print(f"{finding.account}: {said}")
        if finding.trouble is not None:
            read = f" (its API key is read from {finding.key_from})" if finding.key == SET else ""
            screen.print(f"{finding.account}: {finding.trouble}{read}")
    if unchecked := [finding.account for finding in findings.accounts if finding.verdict == UNCHECKED]:
        have = "has" if len(unchecked) == 1 else "have"
        screen.print(f"key not checked: {together(unchecked)} {have} no free call that would prove a key")
    if findings.wrong or findings.accounts:
        screen.print(f"wrong: {', '.join(findings.wrong)}" if findings.wrong else _well(findings))


def _well(findings: Findings) -> str:
    ready = sum(finding.verdict == READY for finding in findings.accounts)
    return f"nothing is wrong; {ready} of {counted(len(findings.accounts), 'account')} ready"


def _places(findings: Findings) -> Iterator[tuple[str, str]]:
    """Yield what was found on this machine, each with its name."""
    yield "journal", "off" if findings.journal is None else _journal(findings.journal)
    yield "results", _stored(findings.results)
    if findings.storage is not None:
        yield "storage", _stored(findings.storage)
    if findings.webhooks is not None:
        yield "webhooks", _called(findings.webhooks)
    for proxy in findings.proxies:
        yield "proxy", f"{proxy.url} {'is reached' if proxy.trouble is None else f'is not reached: {proxy.trouble}'}"
    yield "clock", _timed(findings.clock)


def _journal(journal: Kept) -> str:
    if journal.trouble is not None:
        return journal.trouble
    free = "" if journal.free is None else f", {sized(journal.free)} free"
    what = f"{counted(journal.attempts, 'attempt')}, {journal.uncertain} uncertain, {journal.open} open"
    more = "; `anymedia tasks --state uncertain` lists what may have been billed" if journal.uncertain else ""
    return f"{journal.path}: {what}{free}{more}"


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
    answers = [] if finding.status is None else ["it answers"]
    at = [] if finding.account == finding.provider else [f"at {finding.provider}"]
    return [
        [finding.account, *at, *settings_lines(finding.settings)],
        [finding.origin.removeprefix("https://"), *answers],
        "-" if finding.balance is None else price(finding.balance),
        finding.verdict,
    ]
