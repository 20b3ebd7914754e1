"""How the values of a request are read from the texts of a command line."""

import codecs
import sys
from errno import ENAMETOOLONG
from pathlib import Path
from typing import IO, Any

import click

from anymedia.model import texts
from anymedia.model.paths import expanded

from .text import one_line, reason, shortened

LONGEST = 10_000_000
"""Bytes of a text that are read from a file or a pipe at most: no provider takes as many."""

_STDIN = "anymedia.stdin"


def whole(_: click.Context, __: click.Parameter, text: str | None) -> int | str | None:
    """Return a whole number; anything else as it is."""
    return None if text is None else texts.whole(text)


def number(_: click.Context, __: click.Parameter, text: str | None) -> float | str | None:
    """Return a number, whole or not; anything else as it is."""
    return None if text is None else texts.number(text)


def file(_: click.Context, __: click.Parameter, text: str | None) -> str | Path | None:
    """Return a URL of any kind as it is; what else stands on the command line is the path of a file."""
    return None if text is None else texts.file(text)


def files(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[str | Path | None, ...]:
    """Return several files, each as `file` does."""
    return tuple(file(ctx, param, text) for text in texts)


def text_or_stdin(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """Return a text; - is what is piped in."""
    return _piped(ctx, param) if text == "-" else text


def text_of_file(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Return what a file holds; - is what is piped in."""
    if name is None or name == "-":
        return text_or_stdin(ctx, param, name)
    try:
        with expanded(Path(name)).open("rb") as held:
            return _decoded(bounded(held, name), name)
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno == ENAMETOOLONG:
            shown = shortened(one_line(name), 40)
            raise click.BadParameter(f"no such file: {shown}; give a file, or - for what is piped in") from None
        raise click.BadParameter(reason(error)) from None


def _piped(ctx: click.Context, param: click.Parameter) -> str:
    """Return what is piped in, for one parameter alone."""
    other = ctx.meta.setdefault(_STDIN, param)
    if other is not param:
        both = " and ".join(each.get_error_hint(ctx).strip("'[]") for each in (other, param))
        raise click.UsageError(f"{both} cannot both be -: what is piped in is read once")
    return stdin_text()


def stdin_text(most: int = LONGEST) -> str:
    """Return what is piped in, without the line's end: in UTF-8, or in UTF-16 with its mark. Errors: UsageError."""
    what = "what is piped in"
    return _decoded(bounded(sys.stdin.buffer, what, most), what)


def bounded(held: IO[bytes], what: str, most: int = LONGEST) -> bytes:
    """Return all that a stream holds, which are `most` bytes at most. Errors: UsageError."""
    content = held.read(most + 1)
    if len(content) > most:
        raise click.UsageError(f"{what} is longer than {most // 1_000_000} MB")
    return content


def _decoded(content: bytes, what: str) -> str:
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"{what} is not {error.encoding.upper().removesuffix('-SIG')}, from byte {error.start + 1} on: "
            "`iconv -f latin1 -t utf-8` may put it right"
        ) from None


def labels(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Return texts like order=7 by their names. Errors: BadParameter."""
    for text in given:
        if "=" not in text:
            raise click.BadParameter(f"must be name=value, not {text!r}")
    return dict(text.split("=", 1) for text in given)


def extra(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """Return texts like acme.input.steps=20 as raw fields by provider. Errors: BadParameter."""
    pairs = [text.partition("=") for text in given]
    for text, (_place, equals, _value) in zip(given, pairs, strict=True):
        if not equals:
            raise click.BadParameter(f"must be provider.key=value, not {text!r}")
    try:
        return texts.raw_fields((place, texts.json_or_text(value)) for place, _equals, value in pairs)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
