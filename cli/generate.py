"""`anymedia generate`: a request, made and saved."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from anymedia import Result
from anymedia.clock import Clock
from anymedia.model.options import GenerateOptions

from .command import Command, config_option
from .making import key_option, make, out_option, timeout_option
from .request import Asked, asks
from .terms import buys

if TYPE_CHECKING:
    from anymedia import Client


@click.command("generate", cls=Command)
@asks
@buys
@out_option(".")
@key_option
@timeout_option
@config_option
@click.pass_obj
def command(
    clock: Clock,
    asked: Asked,
    terms: GenerateOptions,
    out: Path,
    idempotency_key: str | None,
    timeout: float,
    config: Path | None,
    as_json: bool,
) -> None:
    """Make pictures and save them.

    PROMPT - reads it from stdin. Asked are the accounts of --provider, else those of the config file, else every
    provider whose key is in the environment: the first offer that takes the request, and the next where nothing was
    billed, or within --max-price. What is not said here is as [route] of the config file says; `anymedia explain
    --route` shows the way beforehand.

    With --json one object: tasks (each with its assets, and their path), missing (how many pictures), errors, money,
    reserved (USD that all of it cost at most), attempts (each try, with how and why), files (the paths). An error is
    {"error": {...}} instead, with the task where there is one, and its attempts.
    """
    options: GenerateOptions = {
        "offer": asked.offer,
        "on_unsupported": asked.on_unsupported,
        "idempotency_key": idempotency_key,
        **terms,
    }

    async def generate(client: "Client") -> Result:
        return await client.generate(asked.request, *asked.accounts, timeout=timeout, **options)

    make(generate, clock=clock, config=config, out=out, as_json=as_json)
