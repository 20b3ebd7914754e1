"""`anymedia doctor`: whether every account could be used, at no cost."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from anymedia import Account, AnymediaError, Attempt, Config, JournalError, Money, Unsupported, load_config, to_json
from anymedia.journal import Ledger
from anymedia.registry import no_account

from .believed import believed
from .command import Command, config_option
from .journal import is_uncertain, with_journal
from .text import counted, price, print_json, settings_lines

if TYPE_CHECKING:
    from anymedia import Client

    from .screen import Cell

COLUMNS = ("account", "origin and answer", "balance", "verdict")


@attrs.frozen
class Finding:
    """What was found of an account: `status` is what its origin answers, `trouble` is what stands in the way.

    `webhooks` says how far what its provider posts is believed, where webhooks are asked for.
    """

    account: str
    provider: str
    key: str
    settings: Mapping[str, str | None]
    origin: str
    status: int | None
    balance: Money | None
    webhooks: tuple[str, ...]
    trouble: str | None


@attrs.frozen
class Kept:
    """What is in the journal: `open` attempts have a task that goes on, `uncertain` ones may have one."""

    path: str
    attempts: int = 0
    uncertain: int = 0
    open: int = 0
    trouble: str | None = None


@attrs.frozen
class Stored:
    """Whether the storage can be written to: `trouble` is what stands in the way."""

    location: str
    trouble: str | None = None


@click.command("doctor", cls=Command, example="doctor")
@config_option
@click.pass_context
def command(ctx: click.Context, config: Path | None, as_json: bool) -> None:
    """Check each account: its API key, its origin, and its balance where asking is free.

    It says where this machine's name server gives a provider's host an address that is not public: results would not be
    fetched from such addresses unless [download] in anymedia.toml allows it. The command also checks whether the
    journal and the storage can be written to, and lists how many attempts in the journal are uncertain or still
    running. It buys nothing. Exits with 1 when anything is wrong.
    """
    found = load_config(config)
    if not found.accounts:
        raise no_account()
    kept = _kept(found)
    findings, stored = asyncio.run(_examine(found))
    if as_json:
        config_path = None if found.path is None else str(found.path)
        places = {"journal": to_json(kept), "storage": to_json(stored), "webhooks": found.webhooks}
        print_json({"config": config_path, **places, "accounts": to_json(findings)})
    else:
        _show(findings, found, kept, stored)
    if any(each is not None and each.trouble for each in (*findings, kept, stored)):
        ctx.exit(1)


def _kept(config: Config) -> Kept | None:
    """Return what is in the journal; None when it is switched off."""
    if config.journal is None:
        return None
    path = str(config.journal)
    try:
        attempts, number = with_journal(config, _counted)
    except JournalError as error:
        return Kept(path, trouble=str(error))
    uncertain = sum(map(is_uncertain, attempts))
    return Kept(path, number, uncertain, len(attempts) - uncertain)


async def _counted(ledger: Ledger) -> tuple[list[Attempt], int]:
    """Prepare to write as a submit would, and return the open attempts and how many there are in all."""
    await ledger.journal.check()
    return await ledger.attempts(open=True), await ledger.count()


async def _examine(config: Config) -> tuple[list[Finding], Stored | None]:
    from anymedia import Client

    async with Client(config) as client:
        findings = [_finding(client, account) for account in config.accounts.values()]
        return await asyncio.gather(*findings), await _stored(client)


async def _stored(client: "Client") -> Stored | None:
    """Return whether the storage can be written to; None where there is none."""
    storage = client.config.storage
    if storage is None:
        return None
    try:
        return Stored(await client.check_storage(storage.url))
    except AnymediaError as error:
        return Stored(storage.url, trouble=str(error))


async def _finding(client: "Client", account: Account) -> Finding:
    status: int | None = None
    balance: Money | None = None
    trouble = list(account.lacks.values())
    try:
        status = await client.reach(account.name)
        if not account.lacks:
            balance = await client.balance(account.name)
    except Unsupported:
        pass  # a provider that tells no balance is none the worse for it
    except AnymediaError as error:
        trouble.append(str(error))
    if account.origin == account.adapter.base_url and (address := await client.private_address(account.name)):
        trouble.append(
            f"its host is at {address} here, which is not a public address; where results have such addresses too, "
            "they are fetched only if networks (or hosts) of [download] in anymedia.toml allow them"
        )
    return Finding(
        account=account.name,
        provider=account.adapter.name,
        key="set" if account.api_key is not None else "not set",
        settings=account.shown_settings,
        origin=account.origin,
        status=status,
        balance=balance,
        webhooks=() if account.callback is None else tuple(believed(account)),
        trouble="; ".join(trouble) or None,
    )


def _show(findings: list[Finding], found: Config, kept: Kept | None, stored: Stored | None) -> None:
    from .screen import Screen

    screen = Screen()
    screen.print(f"config: {found.path}" if found.path else "config: none found; API keys from the environment")
    screen.print(f"journal: {'off' if kept is None else _words(kept)}")
    if stored is not None:
        screen.print(f"storage: {stored.trouble or f'{stored.location} can be written to'}")
    if found.webhooks is not None:
        screen.print(f"webhooks: {found.webhooks}")
    screen.table(COLUMNS, map(_row, findings), whole=COLUMNS[1:])
    for finding in findings:
        for said in (*finding.webhooks, *filter(None, [finding.trouble])):
            screen.print(f"{finding.account}: {said}")


def _words(kept: Kept) -> str:
    if kept.trouble is not None:
        return kept.trouble
    return f"{kept.path}: {counted(kept.attempts, 'attempt')}, {kept.uncertain} uncertain, {kept.open} open"


def _row(finding: Finding) -> "list[Cell]":
    # Whatever the number is: what lies at the bare origin is no call of the provider's.
    answers = [] if finding.status is None else [f"it answers (HTTP {finding.status})"]
    at = [] if finding.account == finding.provider else [f"at {finding.provider}"]
    return [
        [finding.account, *at, *settings_lines(finding.settings)],
        [finding.origin.removeprefix("https://"), *answers],
        "-" if finding.balance is None else price(finding.balance),
        "ready" if finding.trouble is None else "not ready",
    ]
