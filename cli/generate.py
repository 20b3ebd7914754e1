"""`anymedia generate`: a request, made and saved."""

from typing import TYPE_CHECKING

import click

from anymedia import Config, Result
from anymedia.clock import Clock
from anymedia.model.options import GenerateOptions

from .command import Command, config_option
from .making import key_option, make, timeout_option
from .request import Asked, asks
from .saving import Saving, saves
from .terms import buys

if TYPE_CHECKING:
    from anymedia import Client


@click.command("generate", cls=Command, example='generate "a lighthouse at dusk" --model flux-2-pro --max-price 0.10')
@asks
@buys
@saves
@key_option
@timeout_option
@config_option
@click.pass_obj
def command(
    clock: Clock,
    asked: Asked,
    terms: GenerateOptions,
    saving: Saving,
    idempotency_key: str | None,
    timeout: float,
    config: Config,
    as_json: bool,
) -> None:
    """Generate pictures, clips, songs or speech, and save them.

    PROMPT is the text from which it is made, or that is spoken; - reads it from stdin. --model says what is made: a
    flag that is for something else is refused. The command uses the accounts given with --provider, or those in the
    config file, or every provider whose API key is in the environment. It asks the cheapest offer that takes the
    request (the accounts in their order where --provider or [route] names them), and the next one where nothing was
    billed, or within --max-price. Other options come from [route] in the config
    file; `anymedia explain --route` shows the route beforehand.

    --json prints one object: tasks (each with its assets and their paths), missing (how many of what was asked for),
    errors, money, reserved (the most USD that it cost), attempts (each try, with its outcome and reason), files (where
    they are). An error prints {"error": {...}} instead, with its task and its attempts.
    """
    options: GenerateOptions = {
        "offer": asked.offer,
        "on_unsupported": asked.on_unsupported,
        "idempotency_key": idempotency_key,
        **terms,
    }

    async def generate(client: "Client") -> Result:
        return await client.generate(asked.request, *asked.accounts, timeout=timeout, where=False, **options)

    make(generate, clock=clock, config=config, saving=saving, as_json=as_json)
