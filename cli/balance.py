"""`anymedia balance`: what accounts still have, where their provider reports it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from anymedia import Account, AnymediaError, Config, Money, Unsupported, load_config
from anymedia.keyless import no_account

from .command import Command, config_option
from .errors import exit_code
from .text import plain, print_json, with_credits

if TYPE_CHECKING:
    from anymedia import Client

COLUMNS = ("account", "provider", "left")


@attrs.frozen
class Left:
    """What an account still has: None where its provider reports none (`tells`), or `error` stands in the way."""

    account: Account
    money: Money | None = None
    tells: bool = True
    error: AnymediaError | None = None


@click.command("balance", cls=Command, example="balance")
@click.argument("names", nargs=-1, metavar="[ACCOUNT]...")
@config_option
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """Show what accounts still have.

    The command asks the accounts named, or all in the config file, or those whose API key is in the environment. It
    buys nothing. --json prints a list of account, provider, tells (whether the provider reports a balance at all), usd,
    credits, date, trouble.
    """
    found = load_config(config)
    accounts = [found.account(name) for name in names] or list(found.accounts.values())
    if not accounts:
        raise no_account(found.path)
    lefts = asyncio.run(_asked(found, accounts))
    if as_json:
        print_json([_json(left) for left in lefts])
    else:
        from .screen import Screen

        Screen().table(COLUMNS, map(_row, lefts))
    codes = {exit_code(left.error) for left in lefts if left.error is not None}
    if codes:
        ctx.exit(codes.pop() if len(codes) == 1 else 1)


async def _asked(config: Config, accounts: Sequence[Account]) -> list[Left]:
    from anymedia import Client

    async with Client(attrs.evolve(config, journal=None)) as client:
        return list(await asyncio.gather(*(_left(client, account) for account in accounts)))


async def _left(client: "Client", account: Account) -> Left:
    try:
        return Left(account, await client.balance(account.name))
    except Unsupported:
        return Left(account, tells=False)
    except AnymediaError as error:
        return Left(account, error=error)


def _json(left: Left) -> dict[str, str | bool | None]:
    money = left.money or Money()
    return {
        "account": left.account.name,
        "provider": left.account.adapter.name,
        "tells": left.tells,
        "usd": plain(money.usd),
        "credits": plain(money.credits),
        "date": money.date,
        "trouble": None if left.error is None else str(left.error),
    }


def _row(left: Left) -> tuple[str, str, str]:
    names = left.account.name, left.account.adapter.name
    if left.money is None:
        return *names, "does not report a balance" if left.error is None else str(left.error)
    return *names, with_credits(left.money)
