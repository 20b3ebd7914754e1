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
from .values import bounded, stdin_text

if TYPE_CHECKING:
    from anymedia import Client


LONGEST_BODY = 100_000_000
"""Bytes of a body that are read from a file or a pipe at most: it may hold files as base64."""


def _body(_: click.Context, __: click.Parameter, given: str) -> Json:
    try:
        return loads(_text(given))
    except OSError as error:
        raise click.BadParameter(f"{given[1:]}: {error.strerror}") from None
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}") from None


def _text(given: str) -> str | bytes:
    """Return a body as it is given, as a file holds it, or as it is piped in. Errors: OSError, UsageError."""
    if given == "-":
        return stdin_text(LONGEST_BODY)
    if given[:1] != "@":
        return given
    with expanded(given[1:]).open("rb") as held:
        return bounded(held, given[1:], LONGEST_BODY)


@click.command("raw", cls=Command, example="""raw fal /fal-ai/flux-2-pro '{"prompt": "a fox"}' --out out""")
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
