"""The flags of a request: the same at every command that takes one."""

import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import attrs
import click

from anymedia import ImageRequest
from anymedia.check import OnUnsupported
from anymedia.request import BACKGROUNDS, MODERATIONS, OUTPUT_FORMATS, QUALITIES, RESOLUTIONS
from anymedia.strict_json import Json, loads

T = TypeVar("T")


@attrs.frozen
class Asked:
    """What a command line asks for, and whom."""

    request: ImageRequest
    accounts: tuple[str, ...]
    offer: str | None
    on_unsupported: OnUnsupported


def asks(function: Callable[..., T]) -> Callable[..., T]:
    """Add the flags of a request to a command, which gets them as `asked`."""

    @wraps(function)
    def asking(*args: Any, accounts: tuple[str, ...], offer: str | None, on_unsupported: Any, **given: Any) -> T:
        fields = {field.name: given.pop(field.name) for field in attrs.fields(ImageRequest)}
        asked = Asked(ImageRequest(**fields), accounts, offer, on_unsupported)
        return function(*args, asked=asked, **given)

    for flag in reversed(_FLAGS):
        asking = flag(asking)
    return asking


# A value that is no number or size goes on as it is: the request then tells all that is wrong with it at once.


def _whole(_: click.Context, __: click.Parameter, text: str | None) -> int | str | None:
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,18}", text) else text


def _size(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | str | None:
    sides = re.fullmatch(r"([0-9]{1,9})[xX×]([0-9]{1,9})", text or "")
    return (int(sides[1]), int(sides[2])) if sides else text


def _prompt(_: click.Context, __: click.Parameter, text: str) -> str:
    return stdin_text() if text == "-" else text


def stdin_text() -> str:
    """Return what is piped in, without the line's end."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape").rstrip("\r\n")


def _labels(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for text in given:
        if "=" not in text:
            raise click.BadParameter(f"name=value is needed, not {text!r}")
    return dict(text.split("=", 1) for text in given)


def _extra(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    for text in given:
        place, equals, value = text.partition("=")
        *outer, last = place.split(".")
        if not (equals and outer and last and all(outer)):
            raise click.BadParameter(f"provider.key=value is needed, not {text!r}")
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


_FLAGS: tuple[Callable[..., Any], ...] = (
    click.argument("prompt", callback=_prompt),
    click.option("--model", required=True, metavar="M", help="The model, like flux-2-pro: see `anymedia models`."),
    click.option("--provider", "accounts", multiple=True, metavar="ACCOUNT", help="Ask this one; several: in order."),
    click.option("--offer", metavar="NAME", help="Ask for this offer alone, like reapi/gpt-image-2-official."),
    click.option("--aspect-ratio", metavar="R", help="Like 16:9, or auto."),
    click.option("--size", callback=_size, metavar="WxH", help="Pixels, in place of a ratio."),
    click.option("--resolution", metavar=_one_of(RESOLUTIONS)),
    click.option("--quality", metavar=_one_of(QUALITIES)),
    click.option("--image", "images", multiple=True, metavar="URL", help="A picture to start from; may be repeated."),
    click.option("--mask", metavar="URL", help="Where it is transparent, the picture is painted anew."),
    click.option("--count", callback=_whole, metavar="N", help="How many pictures."),
    click.option("--background", metavar=_one_of(BACKGROUNDS)),
    click.option("--moderation", metavar=_one_of(MODERATIONS)),
    click.option("--seed", callback=_whole, metavar="N"),
    click.option("--negative-prompt", metavar="T", help="What is not wanted."),
    click.option("--output-format", metavar=_one_of(OUTPUT_FORMATS)),
    click.option("--callback-url", metavar="URL", help="Where the provider reports the end."),
    click.option("--label", "labels", multiple=True, callback=_labels, metavar="NAME=VALUE", help="Your own words."),
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
