"""The flags of a request: the same at every command that takes one."""

import codecs
import re
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import attrs
import click
from click.core import ParameterSource

from anymedia import Account, ImageRequest
from anymedia.model.kinds import BACKGROUNDS, IMAGE_FORMATS, IMAGE_RESOLUTIONS, MODERATIONS, QUALITIES
from anymedia.model.media import is_data_uri
from anymedia.model.options import OnUnsupported
from anymedia.model.strict_json import Json, loads
from anymedia.pricing.live import LivePrices
from anymedia.pricing.offers import Candidate, candidates

T = TypeVar("T")


@attrs.frozen
class Asked:
    """What a command line asks for, and whom."""

    request: ImageRequest
    accounts: tuple[str, ...]
    offer: str | None
    on_unsupported: OnUnsupported

    def candidates(self, accounts: Sequence[Account], live: LivePrices) -> list[Candidate]:
        """Return every offer of the request's model at these accounts. Errors: Unsupported."""
        return candidates(self.request, accounts, offer=self.offer, on_unsupported=self.on_unsupported, live=live)


def asks(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags of a request, and of whom it is for, to a command, which gets them as `asked`."""
    return _asking(function, [*_subject(), *_WHOM, *_FLAGS])


def asks_of_named(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags of a request alone: whom it is for is said in another way."""
    return _asking(function, [*_subject(), *_FLAGS])


def asks_unless(flag: str, *others: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Add the flags of a request to a command that needs none with a flag of its own: `asked` is then None.

    Beside that flag nothing but the params named stands on the command line.
    """

    def add(function: Callable[..., T]) -> Callable[..., T]:
        @wraps(function)
        def asking(*args: Any, asked: Asked | None, **given: Any) -> T:
            ctx = click.get_current_context()
            if given[flag]:
                _refuse_all_but(ctx, flag, *others)
            elif asked is None:
                raise click.MissingParameter(ctx=ctx, param=_missing(ctx))
            return function(*args, asked=asked, **given)

        return _asking(asking, [*_subject(required=False), *_WHOM, *_FLAGS])

    return add


def _refuse_all_but(ctx: click.Context, *names: str) -> None:
    for param in ctx.command.params:
        on_line = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if on_line and param.name not in names:
            raise click.UsageError(f"--{names[0]} goes without {param.get_error_hint(ctx)}")


def _missing(ctx: click.Context) -> click.Parameter:
    """Return what a request lacks."""
    return next(param for param in ctx.command.params if param.name in _NEEDED and ctx.params[param.name] is None)


def _asking(function: Callable[..., T], flags: Sequence[Callable[..., Any]]) -> Callable[..., T]:
    @wraps(function)
    def asking(*args: Any, **given: Any) -> T:
        return function(*args, asked=_asked(given), **given)

    for flag in reversed(flags):
        asking = flag(asking)
    return asking


def _asked(given: dict[str, Any]) -> Asked | None:
    """Take what is asked for out of what was given; None where there is no request."""
    fields = {field.name: given.pop(field.name) for field in attrs.fields(ImageRequest)}
    accounts, offer, on_unsupported = given.pop("accounts", ()), given.pop("offer", None), given.pop("on_unsupported")
    if any(fields[name] is None for name in _NEEDED):
        return None
    return Asked(ImageRequest(**fields), accounts, offer, on_unsupported)


# A value that is no number or size goes on as it is: the request then says all that is wrong with it at once.


def _whole(_: click.Context, __: click.Parameter, text: str | None) -> int | str | None:
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _size(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | str | None:
    sides = re.fullmatch(r"([0-9]{1,9})[xX×]([0-9]{1,9})", text or "")
    return (int(sides[1]), int(sides[2])) if sides else text


def _file(_: click.Context, __: click.Parameter, text: str | None) -> str | Path | None:
    """Return a URL of any kind as it is; what else stands on the command line is the path of a file."""
    return text if text is None or "://" in text or is_data_uri(text) else Path(text)


def _files(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[str | Path | None, ...]:
    return tuple(_file(ctx, param, text) for text in texts)


def _prompt(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    return stdin_text() if text == "-" else text


def stdin_text() -> str:
    """Return what is piped in, without the line's end: in UTF-8, or in UTF-16 with its mark. Errors: UsageError."""
    piped = sys.stdin.buffer.read()
    encoding = "utf-16" if piped.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return piped.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"what is piped in is not {error.encoding.upper().removesuffix('-SIG')}, from byte {error.start + 1} on: "
            "`iconv -f latin1 -t utf-8` may put it right"
        ) from None


def _labels(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for text in given:
        if "=" not in text:
            raise click.BadParameter(f"must be name=value, not {text!r}")
    return dict(text.split("=", 1) for text in given)


def _extra(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    for text in given:
        place, equals, value = text.partition("=")
        *outer, last = place.split(".")
        if not (equals and outer and last and all(outer)):
            raise click.BadParameter(f"must be provider.key=value, not {text!r}")
        fields = extra
        for name in outer:
            fields = fields.setdefault(name, {})
            if not isinstance(fields, dict):
                raise click.BadParameter(f"{text!r}: {name} has a value already")
        fields[last] = _json_or_text(value)
    return extra


def _json_or_text(text: str) -> Json:
    try:
        return loads(text)
    except ValueError:
        return text


def _one_of(words: tuple[str, ...]) -> str:
    return "|".join(words)


_NEEDED = ("prompt", "model")


def _subject(*, required: bool = True) -> tuple[Callable[..., Any], ...]:
    return (
        click.argument("prompt", callback=_prompt, required=required),
        click.option(
            "--model", required=required, metavar="M", help="The model, like flux-2-pro: see `anymedia models`."
        ),
    )


_WHOM: tuple[Callable[..., Any], ...] = (
    click.option(
        "--provider",
        "accounts",
        multiple=True,
        metavar="ACCOUNT",
        help="An account to ask; repeat it to name several, in order.",
    ),
    click.option("--offer", metavar="NAME", help="Ask for this offer alone, like reapi/gpt-image-2-official."),
)

_FLAGS: tuple[Callable[..., Any], ...] = (
    click.option("--aspect-ratio", metavar="R", help="Like 16:9, or auto."),
    click.option("--size", callback=_size, metavar="WxH", help="Pixels, in place of a ratio."),
    click.option("--resolution", metavar=_one_of(IMAGE_RESOLUTIONS), help="How large the picture is."),
    click.option("--quality", metavar=_one_of(QUALITIES), help="How much work goes into the picture."),
    click.option(
        "--image",
        "images",
        multiple=True,
        callback=_files,
        metavar="FILE|URL",
        help="A picture to start from; may be repeated.",
    ),
    click.option("--mask", callback=_file, metavar="FILE|URL", help="An image whose transparent parts are repainted."),
    click.option("--count", callback=_whole, metavar="N", help="How many pictures."),
    click.option("--background", metavar=_one_of(BACKGROUNDS), help="What is behind the subject."),
    click.option("--moderation", metavar=_one_of(MODERATIONS), help="How strictly the provider moderates."),
    click.option("--seed", callback=_whole, metavar="N", help="The same seed gives a similar picture."),
    click.option("--negative-prompt", metavar="T", help="What the picture must not show."),
    click.option("--output-format", metavar=_one_of(IMAGE_FORMATS), help="The file format of the picture."),
    click.option("--callback-url", metavar="URL", help="URL that the provider calls when the task ends."),
    click.option(
        "--label", "labels", multiple=True, callback=_labels, metavar="NAME=VALUE", help="A label of your own."
    ),
    click.option(
        "--extra",
        multiple=True,
        callback=_extra,
        metavar="PROVIDER.KEY=VALUE",
        help="A raw field for one provider; further dots nest, the value is JSON, else text.",
    ),
    click.option(
        "--on-unsupported",
        type=click.Choice(["refuse", "drop"]),
        default="refuse",
        show_default=True,
        help="What to do with a field that an offer does not have.",
    ),
)
