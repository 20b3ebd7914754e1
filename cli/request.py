"""What a command line asks for, of whatever kind its model is: the same at every command that takes a request."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import Any, TypeVar

import attrs
import click
from click.core import ParameterSource

from anymedia import Account, Config, OutOfBounds, Problem, Request, load_config
from anymedia.declare import Adapter
from anymedia.model.kinds import KINDS
from anymedia.model.options import OnUnsupported
from anymedia.model.vocabulary import Kind
from anymedia.pricing.live import LivePrices
from anymedia.pricing.model_names import model_meant
from anymedia.pricing.offers import Candidate, candidates
from anymedia.pricing.unsold import kinds_of
from anymedia.registry import adapters

from .complete import accounts, offers
from .fields import FIELDS, PROMPT, kinds_with, options
from .text import works

T = TypeVar("T")

TEXT = "text"
"""The field that PROMPT gives where requests of a kind have it and no prompt."""


@attrs.frozen
class Asked:
    """What a command line asks for, and whom."""

    request: Request
    accounts: tuple[str, ...]
    offer: str | None
    on_unsupported: OnUnsupported
    today: date

    def candidates(self, accounts: Sequence[Account], live: LivePrices) -> list[Candidate]:
        """Return every offer of the request's model at these accounts. Errors: Unsupported."""
        return candidates(
            self.request,
            accounts,
            offer=self.offer,
            on_unsupported=self.on_unsupported,
            live=live,
            known=adapters().values(),
            today=self.today,
        )


def asks(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags of a request, and of whom it is for, to a command.

    It gets them as `asked`, and the configuration that --config names as `config`.
    """
    return _asking(function, _WHOM)


def asks_of_named(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags of a request alone: whom it is for is said in another way."""
    return _asking(function)


def asks_unless(flag: str, *others: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Add the flags of a request to a command that needs none with a flag of its own: `asked` is then None.

    Beside that flag nothing but the params named stands on the command line.
    """

    def add(function: Callable[..., T]) -> Callable[..., T]:
        return _asking(function, _WHOM, unless=(flag, *others))

    return add


def _asking(
    function: Callable[..., T], more: Sequence[Callable[..., Any]] = (), unless: Sequence[str] = ()
) -> Callable[..., T]:
    @wraps(function)
    def asking(*args: Any, **given: Any) -> T:
        ctx = click.get_current_context()
        without = bool(unless) and given[unless[0]]
        if without:
            _refuse_all_but(ctx, *unless)
        config = given["config"] = load_config(given["config"])
        fields = {name: given.pop(name) for name in FIELDS}
        whom = (given.pop("accounts", ()), given.pop("offer", None), given.pop("on_unsupported"))
        return function(*args, asked=None if without else _asked(ctx, fields, config, *whom), **given)

    for flag in reversed([*options(), *more, unsupported_option]):
        asking = flag(asking)
    return asking


def _refuse_all_but(ctx: click.Context, *names: str) -> None:
    for param in ctx.command.params:
        on_line = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if on_line and param.name not in names:
            raise click.UsageError(f"--{names[0]} goes without {param.get_error_hint(ctx)}")


def _asked(
    ctx: click.Context,
    fields: dict[str, Any],
    config: Config,
    accounts: tuple[str, ...],
    offer: str | None,
    on_unsupported: OnUnsupported,
) -> Asked:
    """Return what is asked for, of the kind that the model is. Errors: UsageError, RequestError."""
    given = {name: value for name, value in fields.items() if value is not None and value not in ((), {})}
    if "model" not in given:
        raise _missing(ctx, "model" if given else PROMPT)
    known = [*adapters().values(), *(account.adapter for account in config.accounts.values())]
    given["model"] = model_meant(given["model"], known)
    kinds = kinds_of(given["model"], known, offer, asked=_adapters(accounts, config))
    kind = next((kind for kind in kinds if not _foreign(_named(given, kind), kind)), kinds[0])
    named = _named(given, kind)
    foreign = _foreign(named, kind)
    if foreign == [PROMPT] and TEXT in given:
        raise click.UsageError("give the text as PROMPT or with --text, not both")
    if foreign:
        makes = f"{given['model']} makes {works(kinds)}"
        told = {name: f"is for {works(kinds_with(name))}, and {makes}" for name in foreign}
        raise OutOfBounds(problems=[Problem(field=name, message=each, documented=False) for name, each in told.items()])
    needed = {field.name for field in attrs.fields(KINDS[kind]) if field.default is attrs.NOTHING}
    if not needed <= named.keys():
        raise _missing(ctx, PROMPT)
    return Asked(KINDS[kind](**named), accounts, offer, on_unsupported, ctx.obj.now().date())


def _adapters(names: Sequence[str], config: Config) -> list[Adapter]:
    """Return the adapters of the accounts that are named, as far as there are such: it is said later if there are not.

    A provider without an account of its own may be asked for its prices.
    """
    found = (config.accounts[name].adapter if name in config.accounts else adapters().get(name) for name in names)
    return [adapter for adapter in found if adapter is not None]


def _named(given: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """Return what is given, with the argument as the text to be spoken where requests of a kind have no prompt."""
    if kind in kinds_with(PROMPT) or TEXT in given:
        return given
    return {TEXT if name == PROMPT else name: value for name, value in given.items()}


def _foreign(given: dict[str, Any], kind: Kind) -> list[str]:
    """Return which of the fields that are given requests of a kind do not have."""
    return [name for name in given if kind not in kinds_with(name)]


def _missing(ctx: click.Context, name: str) -> click.MissingParameter:
    param = next(param for param in ctx.command.params if param.name == name)
    return click.MissingParameter("`anymedia models` lists them" if name == "model" else None, ctx=ctx, param=param)


provider_option = click.option(
    "--provider",
    "accounts",
    multiple=True,
    metavar="ACCOUNT",
    shell_complete=accounts,
    help="An account to ask; repeat it to name several, in order.",
)

_WHOM: tuple[Callable[..., Any], ...] = (
    provider_option,
    click.option(
        "--offer",
        metavar="NAME",
        shell_complete=offers,
        help="Ask for this offer alone, like reapi/gpt-image-2-official.",
    ),
)

unsupported_option = click.option(
    "--on-unsupported",
    type=click.Choice(["refuse", "drop"]),
    default="refuse",
    show_default=True,
    help="What to do with a field that an offer does not have.",
)
