"""What a command line asks for, of whatever kind its model is: the same at every command that takes a request."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import Any, TypeVar

import attrs
import click
from click.core import ParameterSource

from anymedia import Account, Config, Request, load_config
from anymedia.kind_meant import named_model
from anymedia.model.kinds import KINDS, required
from anymedia.model.options import OnUnsupported
from anymedia.pricing.live import LivePrices
from anymedia.pricing.offers import Candidate, candidates
from anymedia.registry import adapters

from .complete import accounts, offers
from .fields import FIELDS, PROMPT, options

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


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
    meant = named_model(given["model"], config, accounts, offer)
    given["model"] = meant.model
    kind, fields_of = meant.fields(given)
    if not {*required(kind)} <= {*fields_of.values()}:
        raise _missing(ctx, PROMPT)
    request = KINDS[kind](**{fields_of[name]: value for name, value in given.items()})
    return Asked(request, accounts, offer, on_unsupported, ctx.obj.now().date())


def _missing(ctx: click.Context, name: str) -> click.MissingParameter:
    param = next(param for param in ctx.command.params if param.name == name)
    return click.MissingParameter("`anymedia models` lists them" if name == "model" else None, ctx=ctx, param=param)


def provider_option(function: F) -> F:
    """Add --provider."""
    option = click.option(
        "--provider",
        "accounts",
        multiple=True,
        metavar="ACCOUNT",
        shell_complete=accounts,
        help="An account to ask; repeat it to name several, in order.",
    )
    return option(function)


def offer_option(function: F) -> F:
    """Add --offer."""
    option = click.option(
        "--offer",
        metavar="NAME",
        shell_complete=offers,
        help="Ask for this offer alone, like reapi/gpt-image-2-official.",
    )
    return option(function)


def unsupported_option(function: F) -> F:
    """Add --on-unsupported."""
    option = click.option(
        "--on-unsupported",
        type=click.Choice(["refuse", "drop"]),
        default="refuse",
        show_default=True,
        help="What to do with a field that an offer does not have.",
    )
    return option(function)


_WHOM: tuple[Callable[..., Any], ...] = (provider_option, offer_option)
