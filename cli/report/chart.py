"""Spend as a picture: bars in the parts of the accounts, on lines that say how much it is."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from anymedia.cli.text import counted

from .bars import Bar, Part, added, bars, span_of
from .data import Day, Row
from .markup import Html, el, own
from .words import amount

HEIGHT, ABOVE, BELOW = 180, 18, 24
"""Pixels of the bars, of what stands above them, and below."""

SIDE = 58
"""Pixels of the amounts beside the bars."""

SHADES = 7
"""How many accounts have a colour of their own; all others have one together."""

OTHERS = "others"

SLOTS = 14
"""A bar is as wide as if there were so many of them at least."""

LABELS = 7
"""How many bars have their name below them at most."""


def shades(accounts: Sequence[Row]) -> dict[str, int]:
    """Return the number of the colour of each account; those that were paid most come first."""
    own_shades = len(accounts) if len(accounts) <= SHADES + 1 else SHADES
    return {row.name: min(place, own_shades) for place, row in enumerate(accounts)}


def chart(days: Sequence[Day], accounts: Sequence[Row]) -> Html:
    """Return the picture with its legend; nothing where nothing has a known price."""
    drawn = bars(days)
    top = max((bar.usd for bar in drawn), default=Decimal(0))
    if not top:
        return Html()
    lines = _lines(top)
    scale = HEIGHT / float(lines[-1])
    shade = shades(accounts)
    doubt = any(part.doubt for bar in drawn for part in bar.parts)
    span = span_of(days)
    told = f"Spend by {span.name}, {drawn[0].name} to {drawn[-1].name}; the highest bar is {amount(top)}."
    width = 100 / len(drawn)
    plot = el(
        "svg",
        el("title", told),
        _hatching(),
        [_line(line, scale) for line in lines],
        [_bar(bar, place * width, width, scale, shade) for place, bar in enumerate(drawn)],
        [_label(bar, place, len(drawn)) for place, bar in enumerate(drawn)],
        class_="plot",
        height=ABOVE + HEIGHT + BELOW,
        role="img",
        aria_label=told,
    )
    axis = el(
        "svg",
        [el("text", amount(line), x=SIDE - 6, y=_px(_y(line, scale) + 4)) for line in lines],
        class_="axis",
        width=SIDE,
        height=ABOVE + HEIGHT + BELOW,
        aria_hidden="true",
    )
    return Html(el("div", axis, plot, class_="chart") + _legend(shade, doubt=doubt) + _before(days, drawn, span.name))


def _before(days: Sequence[Day], drawn: Sequence[Bar], span: str) -> Html:
    """Say what is not drawn."""
    whole = added(amount for day in days for row in day.accounts for amount in _amounts(row))
    left = whole - added(bar.usd for bar in drawn)
    if not left:
        return Html()
    return el("p", f"The last {counted(len(drawn), span)} are drawn; before them it was {amount(left)}.", class_="note")


def _amounts(row: Row) -> tuple[Decimal, Decimal]:
    return row.spent.usd or Decimal(0), row.spent.uncertain_usd or Decimal(0)


def _lines(top: Decimal) -> list[Decimal]:
    """Return round amounts, from 0 to the first that is not below the top."""
    unit = Decimal(10) ** (top.adjusted() - 1)
    step = next(step for factor in (2, 5, 10, 20, 25, 50) if (step := unit * factor) * 4 >= top)
    lines = [Decimal(0)]
    while lines[-1] < top:
        lines.append(lines[-1] + step)
    return lines


def _y(usd: Decimal, scale: float) -> float:
    return ABOVE + HEIGHT - float(usd) * scale


def _px(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _percent(number: float) -> str:
    return f"{_px(number)}%"


def _line(line: Decimal, scale: float) -> Html:
    y = _px(_y(line, scale))
    return el("line", x1="0", x2="100%", y1=y, y2=y, class_="line" if line else "base")


def _bar(bar: Bar, left: float, width: float, scale: float, shade: Mapping[str, int]) -> Html:
    """Return a bar: what was billed, and what may have been on top of it."""
    wide = min(width * 0.72, 100 / SLOTS)
    pieces, below = [], Decimal(0)
    ordered = sorted(bar.parts, key=lambda part: (shade[part.name], part.name))
    billed = [(part.usd, f"s{shade[part.name]}", None) for part in ordered]
    for usd, class_, fill in [*billed, (added(part.doubt for part in ordered), "doubt", "url(#doubt)")]:
        if usd:
            below += usd
            x = _percent(left + (width - wide) / 2)
            y, height = _px(_y(below, scale)), _px(max(float(usd) * scale, 0.5))
            pieces.append(
                el("rect", x=x, y=y, width=_percent(wide), height=height, class_=f"piece {class_}", fill=fill)
            )
    if not pieces:
        return Html()
    return el("g", el("title", _told(bar, ordered)), pieces)


def _told(bar: Bar, parts: Sequence[Part]) -> str:
    billed = [f"{part.name} {amount(part.usd)}" for part in parts if part.usd]
    doubtful = [f"{part.name} perhaps {amount(part.doubt)}" for part in parts if part.doubt]
    return f"{bar.name}: {amount(bar.usd)} ({', '.join([*billed, *doubtful])})"


def _label(bar: Bar, place: int, number: int) -> Html:
    """Return the name of a bar below it, for some that are evenly apart; on a narrow page every other is left out."""
    step = -(-number // LABELS)
    if (number - 1 - place) % step:
        return Html()
    odd = (number - 1 - place) // step % 2 == 1
    x = _percent((place + 0.5) * 100 / number)
    return el("text", _short(bar.name), x=x, y=ABOVE + HEIGHT + 17, class_="label wide" if odd else "label")


def _short(name: str) -> str:
    """Return the name of a day without its year."""
    day = name.removeprefix("week of ")
    return day[5:] if len(day) == len("2026-11-29") else day


def _hatching() -> Html:
    """Return how it is drawn what may have been billed."""
    line = el("line", x1=0, y1=0, x2=0, y2=6, class_="hatch")
    turned = "rotate(45)"
    return el(
        "defs",
        el("pattern", line, id="doubt", width=6, height=6, patternUnits="userSpaceOnUse", patternTransform=turned),
    )


def _legend(shade: Mapping[str, int], *, doubt: bool) -> Html:
    names: dict[int, list[str]] = {}
    for name, number in shade.items():
        names.setdefault(number, []).append(name)
    keys = [
        el("li", el("span", class_=f"key s{number}", aria_hidden="true"), own(each[0] if len(each) == 1 else OTHERS))
        for number, each in names.items()
    ]
    if doubt:
        keys.append(el("li", el("span", class_="key hatched", aria_hidden="true"), "may have been billed"))
    return el("ul", keys, class_="legend")
