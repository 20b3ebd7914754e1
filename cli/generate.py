"""`anymedia generate`: a request, made and saved."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from anymedia import Result
from anymedia.clock import Clock

from .command import Command, config_option
from .making import key_option, make, out_option, timeout_option
from .request import Asked, asks

if TYPE_CHECKING:
    from anymedia import Client


@click.command("generate", cls=Command)
@asks
@out_option(".")
@key_option
@timeout_option
@config_option
@click.pass_obj
def command(
    clock: Clock, asked: Asked, out: Path, key: str | None, timeout: float, config: Path | None, as_json: bool
) -> None:
    """Make pictures and save them.

    PROMPT - reads it from stdin. Asked is the first account that takes the request: of --provider, else
    of the config file, else every provider whose key is in the environment.

    With --json one object: tasks (each with its assets, and their path), missing (how many pictures), errors, money,
    files (the paths). An error is {"error": {...}} instead, with the task where there is one.
    """

    async def generate(client: "Client") -> Result:
        return await client.generate(
            asked.request,
            *asked.accounts,
            offer=asked.offer,
            on_unsupported=asked.on_unsupported,
            key=key,
            timeout=timeout,
        )

    make(generate, clock=clock, config=config, out=out, as_json=as_json)
