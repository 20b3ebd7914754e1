"""`anymedia providers`: every provider, and whether its API key is set."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from anymedia import Account, Kind, load_config
from anymedia.clock import Clock
from anymedia.config import default_account
from anymedia.declare import Lifecycle
from anymedia.declare.hook import hooks
from anymedia.registry import adapters

from .command import Command, config_option, kind_option
from .text import counted, duration, print_json, settings_lines

COLUMNS = ("provider", "API key", "sells", "refunds", "results", "gaps")


@click.command("providers", cls=Command)
@click.option(
    "--health", is_flag=True, help="Show the health of each account instead, from the last hour of the journal."
)
@kind_option("Providers that sell this.")
@config_option
@click.pass_obj
def command(clock: Clock, health: bool, kind: str | None, config: Path | None, as_json: bool) -> None:
    """Show every provider, and whether its API key is set.

    The accounts in the config file come first. `sells` counts the offers of each kind, and lists the models of one kind
    with --kind; `anymedia models` shows them all. `results` is how long results can be fetched; `gaps` is the number of
    facts that no page states, which --json prints in words.

    --health judges each account by the submits of the last hour in the journal, as a client that had made them would:
    whether it is left alone, why, since when, until when (UTC), and what ends it. A new process starts without that.
    """
    accounts = [account for account in _accounts(config) if kind is None or kind in kinds_of(account)]
    if health:
        from .health import show_health

        show_health(accounts, config, clock, as_json=as_json)
        return
    if as_json:
        print_json([facts_of(account) for account in accounts])
        return
    from .screen import Screen

    Screen().table(COLUMNS, (_row(account, kind) for account in accounts))


def _accounts(config: Path | None) -> Iterator[Account]:
    """Yield the accounts of the config file, then the provider's own one of every provider that is not among them."""
    found = load_config(config)
    configured = list(found.accounts.values()) if found.path is not None else []
    yield from configured
    seen = {account.adapter.name for account in configured}
    for adapter in adapters().values():
        if adapter.name not in seen:
            yield default_account(adapter, os.environ)


def _row(account: Account, kind: str | None) -> list[str | list[str]]:
    adapter = account.adapter
    title = adapter.title if account.name == adapter.name else f"{adapter.title} ({adapter.name})"
    return [
        [account.name, title, account.origin.removeprefix("https://")],
        ["set" if account.api_key else "not set", *account.api_key_env, *settings_lines(account.shown_settings)],
        [*_sold(account, kind)],
        str(adapter.refunds),
        list(dict.fromkeys(map(_results, adapter.lives.values()))),
        str(len(adapter.gaps)),
    ]


def _sold(account: Account, kind: str | None) -> Iterator[str]:
    """Yield how many offers an account has, and of each kind, or the models of the one kind that is wanted."""
    offers = [offer for offer in account.adapter.offers if kind in (None, offer.kind)]
    own = sum(offer.own for offer in offers)
    yield counted(len(offers), "offer") + (f", {own} yours" if own else "")
    if kind is None:
        counts = Counter(offer.kind for offer in offers)
        yield from (f"{counts[each]} {each}" for each in kinds_of(account))
    else:
        yield from dict.fromkeys(offer.model for offer in offers)


def _results(life: Lifecycle) -> str:
    return "unknown" if life.expires is None else duration(life.expires)


def models_of(account: Account) -> list[str]:
    """Return the models that an account sells, in the order of its offers."""
    return list(dict.fromkeys(offer.model for offer in account.adapter.offers))


def kinds_of(account: Account) -> list[Kind]:
    """Return what the offers of an account make."""
    sold = {offer.kind for offer in account.adapter.offers}
    return [kind for kind in Kind if kind in sold]


def facts_of(account: Account) -> dict[str, Any]:
    """Return what --json prints of an account."""
    adapter = account.adapter
    return {
        "account": account.name,
        "provider": adapter.name,
        "title": adapter.title,
        "base_url": account.origin,
        "key": {"set": account.api_key is not None, "variables": list(account.api_key_env)},
        "settings": account.shown_settings,
        "offers": [f"{adapter.name}/{offer.name}" for offer in adapter.offers],
        "own_offers": [f"{adapter.name}/{offer.name}" for offer in adapter.offers if offer.own],
        "kinds": kinds_of(account),
        "models": models_of(account),
        "refunds": str(adapter.refunds),
        "expires": adapter.lifecycle.expires,
        "lifecycles": {name: {"expires": life.expires} for name, life in adapter.lifecycles.items()},
        "gaps": [{"what": gap.what, "choice": gap.choice} for gap in adapter.gaps],
        "hooks": [{"where": where, "at": hook.at, "why": hook.why} for where, hook in hooks(adapter)],
        "page": adapter.page,
        "read": adapter.read,
    }
