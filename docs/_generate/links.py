"""The links of a page of Markdown, which lead to files beside it, and the headings that they may lead to."""

import re
from collections.abc import Callable, Iterator

from .markdown import anchor

_CODE = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1[ ]*$|(`+)(?!`).+?(?<!`)\2(?!`)|<!--.*?-->", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()[^()\s]+(?=\))")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_WEB = re.compile(r"[a-z]+:")


def links(text: str) -> Iterator[re.Match[str]]:
    """Yield what each link and picture of a page leads to, but for what lies on the web."""
    for found in _LINK.finditer(_without_code(text)):
        if _WEB.match(found[0]) is None:
            yield found


def with_links(text: str, changed: Callable[[str], str]) -> str:
    """Return a page whose links lead elsewhere."""
    parts, end = [], 0
    for found in links(text):
        parts += [text[end : found.start()], changed(found[0])]
        end = found.end()
    return "".join((*parts, text[end:]))


def anchors(text: str) -> list[str]:
    """Return the anchors of a page's headings, as GitHub and the site name them."""
    titles = _HEADING.findall(_CODE.sub(lambda found: found[0] if "\n" not in found[0] else "", text))
    return [anchor(_plain(title)) for title in titles]


def _plain(title: str) -> str:
    """Return a heading without the links in it."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)


def _without_code(text: str) -> str:
    """Return a page with blanks in place of code, in which nothing is a link."""
    return _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
