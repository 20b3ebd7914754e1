"""`anymedia raw`: any body to any path of a provider."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from anymedia import Account, Config, RawRequest, Result
from anymedia.clock import Clock
from anymedia.model.paths import expanded
from anymedia.model.strict_json import Json, loads
from anymedia.model.vocabulary import Kind

from .command import Command, config_option
from .making import key_option, make, timeout_option
from .saving import Saving, saves
from .values import stdin_text

if TYPE_CHECKING:
    from anymedia import Client


def _body(_: click.Context, __: click.Parameter, given: str) -> Json:
    try:
        return loads(stdin_text() if given == "-" else expanded(given[1:]).read_bytes() if given[:1] == "@" else given)
    except OSError as error:
        raise click.BadParameter(f"{given[1:]}: {error.strerror}") from None
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}") from None


@click.command("raw", cls=Command)
@click.argument("provider")
@click.argument("path")
@click.argument("body", callback=_body)
@click.option("--kind", default="image", show_default=True, metavar="|".join(Kind), help="What it makes.")
@click.option("--lifecycle", metavar="NAME", help="How its task goes: a lifecycle of the adapter's.")
@saves
@key_option
@timeout_option
@config_option
@click.pass_obj
def command(
    clock: Clock,
    provider: str,
    path: str,
    body: Json,
    kind: str,
    lifecycle: str | None,
    saving: Saving,
    idempotency_key: str | None,
    timeout: float,
    config: Path | None,
    as_json: bool,
) -> None:
    """Send any body to any path of a provider.

    The task lives as any other. PROVIDER may be an account of the config file. BODY is JSON, @FILE, or - for stdin.
    Nothing is checked, and the price is unknown. --json prints what `generate` prints.
    """

    async def generate(client: "Client") -> Result:
        account = _account(client.config, provider)
        request = RawRequest(account.adapter.name, path, body, kind, lifecycle)
        return await client.generate(request, account.name, idempotency_key=idempotency_key, timeout=timeout)

    make(generate, clock=clock, config=config, saving=saving, as_json=as_json)


def _account(config: Config, name: str) -> Account:
    """Return the account of a name, else the first one at the provider of that name."""
    at_provider = (account for account in config.accounts.values() if account.adapter.name == name)
    return config.accounts.get(name) or next(at_provider, None) or config.account(name)
