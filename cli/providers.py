"""`anymedia providers`: every provider, what it takes and how sure that is; or one of them in full."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anymedia import Account, Config, ConfigError, Kind, load_config
from anymedia.clock import Clock
from anymedia.config import default_account, no_account_named
from anymedia.declare.hook import hooks
from anymedia.registry import adapters

from .command import Command, config_option, kind_option
from .complete import accounts
from .nothing import refuse_nothing
from .text import print_json
from .traits import MEANINGS, Column, Known, cell, tables, traits_json

if TYPE_CHECKING:
    from .screen import Cell, Screen


class _Explained(Command):
    """A command whose help says what the columns mean."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the meanings, and then the options, into the help."""
        with formatter.section("Columns"):
            formatter.write_dl([*MEANINGS.items()])
        super().format_options(ctx, formatter)


@click.command("providers", cls=_Explained, example="providers --provider fal --kind video")
@click.option(
    "--provider",
    "names",
    multiple=True,
    metavar="ACCOUNT",
    shell_complete=accounts,
    help="This account, or provider, in full, with what no page says of it; may be repeated.",
)
@kind_option("Providers that sell this; what is told is of that alone.")
@click.option(
    "--health", is_flag=True, help="Show the health of each account instead, from the last hour of the journal."
)
@config_option
@click.pass_obj
def command(
    clock: Clock, names: tuple[str, ...], kind: str | None, health: bool, config: Path | None, as_json: bool
) -> None:
    """Show every provider: what it sells and how its work goes.

    The accounts in the config file come first. --provider tells all that is known of one, and what no page says.
    `anymedia models` shows what is sold for how much.

    --health judges each account by the submits of the last hour in the journal, as a client that had made them would:
    whether it is left alone, why, since when, until when (UTC), and what ends it. A new process starts without that.
    It shows the accounts in the config file, or those whose API key is in the environment, or else every provider.
    """
    of_kind = None if kind is None else Kind(kind)
    asked = _named(names, config)
    known = [each for each in (Known(account, of_kind) for account in asked) if each.offers]
    if not known:
        refuse_nothing(asked, of_kind)
    if health:
        from .health import show_health

        accounts = [each.account for each in known]
        mine = [account for account in accounts if account.name in load_config(config).accounts]
        show_health(mine or accounts, config, clock, as_json=as_json)
    elif as_json:
        print_json([facts_of(each) for each in known])
    else:
        _show(known, of_kind, in_full=bool(names))


def _named(names: Sequence[str], config: Path | None) -> list[Account]:
    """Return the accounts of these names, or of the providers of these names, else all. Errors: ConfigError."""
    every = list(_accounts(load_config(config)))
    found = [account for account in every if not names or account.name in names or account.adapter.name in names]
    for name in names:
        if not any(name in (account.name, account.adapter.name) for account in found):
            raise ConfigError(no_account_named(name, [account.name for account in every]))
    return found


def _accounts(found: Config) -> Iterator[Account]:
    """Yield the accounts of the config file, then the provider's own one of every provider that is not among them."""
    configured = list(found.accounts.values()) if found.path is not None else []
    yield from configured
    seen = {account.adapter.name for account in configured}
    for adapter in adapters().values():
        if adapter.name not in seen:
            yield default_account(adapter, os.environ)


def _show(known: Sequence[Known], kind: Kind | None, *, in_full: bool) -> None:
    from .screen import Screen

    screen = Screen()
    if in_full:
        from .provider import show_provider

        for each in known:
            show_provider(screen, each)
    elif screen.is_terminal:
        for title, columns in tables(kind).items():  # beside each other, all columns have no room
            screen.headline(title, "cyan")
            _table(screen, known, columns)
    else:
        _table(screen, known, {name: column for columns in tables(kind).values() for name, column in columns.items()})


def _table(screen: "Screen", known: Sequence[Known], columns: Mapping[str, Column]) -> None:
    heads = ("account", *columns)
    rows = ([_names(each.account), *(cell(column, each) for column in columns.values())] for each in known)
    screen.table(heads, rows, whole=heads)


def _names(account: Account) -> "Cell":
    adapter = account.adapter
    return account.name if account.name == adapter.name else [account.name, f"at {adapter.name}"]


def facts_of(known: Known) -> dict[str, Any]:
    """Return what --json prints of an account."""
    account, adapter = known.account, known.adapter
    return {
        "account": account.name,
        "provider": adapter.name,
        "title": adapter.title,
        "base_url": account.origin,
        "key": {"set": account.api_key is not None, "variables": list(account.api_key_env)},
        "settings": account.shown_settings,
        "offers": [f"{adapter.name}/{offer.name}" for offer in known.offers],
        "own_offers": [f"{adapter.name}/{offer.name}" for offer in known.offers if offer.own],
        **traits_json(known),
        "refunds": str(adapter.refunds),
        "expires": adapter.lifecycle.expires,
        "lifecycles": {name: {"expires": life.expires} for name, life in adapter.lifecycles.items()},
        "gaps": [{"what": gap.what, "choice": gap.choice} for gap in adapter.gaps],
        "hooks": [{"where": where, "at": hook.at, "why": hook.why} for where, hook in hooks(adapter)],
        "page": adapter.page,
        "read": adapter.read,
    }
