"""A report as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from anymedia.cli.text import counted
from anymedia.model.version import version

from .chart import chart
from .data import Data
from .failures import failures
from .markup import Html, el, own
from .pictures import Shown
from .results import results
from .style import style
from .tables import by_day, groups, prices
from .uncertain import uncertain
from .words import amount, confirmed, damaged, ended, moment, possible, pruned, rate, returned, selected

MARK = '<meta name="generator" content="anymedia report">'
"""What tells that a file is such a page, within its first letters."""

TITLE = "anymedia report"

SECTIONS: Sequence[tuple[str, str, Callable[[Data], Html]]] = (
    ("days", "Spend per day", lambda data: Html(chart(data.days, data.accounts) + by_day(data))),
    ("accounts", "By account", lambda data: groups("account", data.accounts)),
    ("models", "By model", lambda data: groups("model", data.models)),
    ("labels", "By label", lambda data: groups("label", data.labels)),
    ("failures", "What failed, and why", failures),
)
"""The sections that need nothing but the figures: id, heading, and what stands in it."""


def page(data: Data, shown: Shown, title: str | None = None) -> str:
    """Return the page; `shown` are the results with their thumbnails."""
    title = title or TITLE
    sections = [
        ("uncertain", "Uncertain", uncertain(data)),
        ("summary", "Summary", _summary(data)),
        *((name, heading, section(data)) for name, heading, section in SECTIONS),
        ("results", "Results", results(shown, data)),
        ("prices", "Prices compared", prices(data.prices)),
    ]
    there = [(name, heading, content) for name, heading, content in sections if content]
    body = el(
        "body",
        el("a", "Skip to the report", href="#report", class_="skip"),
        el("header", el("h1", own(title)), _about(data), _contents(there)),
        el("main", [_section(*each) for each in there], id="report"),
        el("footer", el("p", _foot(data))),
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{_head(title)}\n{body}\n</html>\n'


def _head(title: str) -> Html:
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    # No attribute may style anything either: the one sheet is known by its digest.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    metas: Iterable[Html] = (
        el("meta", charset="utf-8"),
        Html(MARK),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("meta", name="robots", content="noindex"),
    )
    return el("head", metas, el("title", title), el("style", Html(style())))


def _about(data: Data) -> Html:
    """Say which attempts the page is about, and when it was made."""
    number = counted(data.total.number, "attempt")
    about = selected(data.wanted)
    return el("p", f"{number}, ", el("strong", own(about)) if about else "the whole journal", class_="about")


def _contents(sections: Sequence[tuple[str, str, Html]]) -> Html:
    links = [el("li", el("a", heading, href=f"#{name}")) for name, heading, _ in sections]
    return el("nav", el("ul", links), aria_label="Sections")


def _section(name: str, heading: str, content: Html) -> Html:
    return el("section", el("h2", heading, id=f"{name}-heading"), content, id=name, aria_labelledby=f"{name}-heading")


def _foot(data: Data) -> Iterable[str]:
    yield f"Made by anymedia {version()} at {moment(data.made_at)}. Amounts are in USD, days in UTC. "
    yield "~ marks an amount that is not exactly what the provider said that it took."
    if not data.prompts:
        yield " Prompts are left out."


def _summary(data: Data) -> Html:
    total = data.total
    spent = total.spent
    tiles = [
        _tile(
            "billed",
            amount(spent.usd, exact=spent.exact),
            _more(spent.unknown, confirmed(total)),
        ),
        _tile(
            "may have been billed",
            possible(spent.uncertain_usd, exact=spent.uncertain_exact) if spent.uncertain else amount(Decimal(0)),
            _more(spent.uncertain_unknown, counted(spent.uncertain, "uncertain attempt")),
        ),
        _tile(
            "given back",
            amount(total.given_back, exact=not spent.refunded),
            returned(total),
        ),
        _tile("succeeded", rate(total) or "–", ended(total)),
    ]
    notes = [el("p", note, class_="note") for note in (damaged(data), pruned(data)) if note]
    if not total.number:
        return el("p", pruned(data) or "Nothing was asked.")
    return Html(el("dl", tiles, class_="tiles") + "".join(notes))


def _more(unknown: int, remark: str) -> str:
    """Return a remark, with how many have no known price."""
    return f"and {counted(unknown, 'attempt')} of unknown price; {remark}" if unknown else remark


def _tile(name: str, figure: str, remark: str) -> Html:
    return el("div", el("dt", name), el("dd", figure, class_="figure"), el("dd", remark, class_="remark"))
