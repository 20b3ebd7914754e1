"""Elements of a page: whatever text is put into one is escaped, as its content and as its attribute.

Only what this module has made is `Html`; every other text is taken for words of somebody else.
"""

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TypeAlias

from anymedia.cli.text import printable

_NO_CHARACTER = re.compile(
    f"[\ufdd0-\ufdef{''.join(chr((plane << 16) + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))}]"
)
"""What no page may hold, however it is written."""

EMPTY = frozenset(("br", "img", "meta"))
"""Elements of HTML that have no content, and so no end; those of a drawing have one."""


class Html(str):
    """A part of a page, which is written as it is."""

    __slots__ = ()


Inside: TypeAlias = "Html | str | Iterable[Inside] | None"
Value: TypeAlias = str | int | float | bool | None


def escaped(text: object) -> Html:
    """Return a text as it stands in a page: no tag, no entity, no quote and no character that no page may hold."""
    return Html(escape(_NO_CHARACTER.sub("\ufffd", printable(text)), quote=True))


def together(inside: Inside) -> Html:
    """Return parts in a row, each text escaped; None is nothing."""
    if inside is None:
        return Html()
    if isinstance(inside, Html):
        return inside
    return escaped(inside) if isinstance(inside, str) else Html("".join(map(together, inside)))


def el(name: str, /, *inside: Inside, **attributes: Value) -> Html:
    """Return an element. An underline in an attribute's name stands for a hyphen, and the last one for nothing.

    An attribute that is None or False is left out.
    """
    start = f"<{name}{''.join(_attribute(each, value) for each, value in attributes.items())}>"
    return Html(start if name in EMPTY else f"{start}{together(inside)}</{name}>")


def _attribute(name: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = name.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escaped(value)}"'


def own(text: object, **attributes: Value) -> Html:
    """Return words of somebody else: whichever way they run, what stands beside them stays in its place."""
    return el("bdi", str(text), **attributes)


def file_link(path: Path, *inside: Inside, **attributes: Value) -> Html:
    """Return a link to a file of this machine; a path that says not where it begins leads nowhere."""
    if not path.is_absolute():
        return el("span", *inside, **attributes)
    return el("a", *inside, href=path.as_uri(), **attributes)


def command(words: str) -> Html:
    """Return a command to be typed, which is broken between words alone."""
    first, *others = (el("span", word) for word in words.split(" "))
    return el("code", first, ([" ", word] for word in others), class_="command")


def marked(sentence: str) -> Html:
    """Return a sentence of ours in which commands stand between backticks."""
    return together(command(part) if place % 2 else part for place, part in enumerate(sentence.split("`")))
