"""Two readings of one page: adapter and simulator share nothing, so where they differ one of them is wrong."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import attrs
import pytest

from anymedia import Money, PriceStatus
from anymedia.declare import Adapter, File, Files, Offer, PerMegapixel, Said, pick
from anymedia.declare.fields import Value
from anymedia.model.request import Request as Asked
from anymedia.pricing.price import priced_part
from anymedia.simulators import Service
from anymedia.simulators.message import Response
from anymedia.simulators.task import Order
from anymedia.translate.check import Checked, check
from anymedia.translate.encode import Part, parts

from .requests import all_given, askable, fewest, given, one_by_one, param_of, put_in, value_of
from .suite import SHAPE, Suite, promise
from .wire import Wire

CASES, FEWEST = 200, 40
"""Requests of an offer in which any fields have any values, and how many of them in each variant at least; the same
ones in every run."""

JUDGE = "the provider's page decides which of the two is wrong"

MEGAPIXELS = {"1K": (0, 2.4), "2K": (2.4, 5.2), "4K": (5.2, 100)}
"""From how many million pixels to how many a picture of a resolution has, whatever its ratio."""

DRAWN = (64, 4096)
"""Sides that simulators draw; others are drawn as the nearest of these."""

DRAWN_AS = ("png", "jpeg", "mp3", "wav")
"""Formats that simulators draw; others are drawn as one of these."""

SHORT = {"480p": 480, "720p": 720, "1080p": 1080, "4K": 2160}
"""Pixels of the short side of a film."""

SOUNDS = ("mp3", "wav")
"""What simulators make that has no size."""

NEAR = 1.0
"""Seconds that a length may be off."""


class Agreed(Suite):
    """What check passes the simulator takes, at the quoted price; what check refuses it refuses too."""

    def test_check_passes_what_the_simulator_takes_and_the_quote_is_what_it_charges(
        self, adapter: Adapter, offer: Offer
    ) -> None:
        """Each value of each field alone, on both sides of each bound, then any of them together."""
        wire = Wire.of(adapter)

        def hold(request: Asked) -> None:
            # What the offer does not have never reaches the wire, so there is nothing to compare: it is left out.
            sent = checked = check(request, adapter, offer, on_unsupported="drop")
            if checked.problems:
                sent = check(request, adapter, offer, on_unsupported="drop", limits=False)
            for part in () if sent.problems else parts(sent):
                _agree(checked, wire.service, wire.submit(sent, part))
                if not checked.problems:
                    self._charged_as_quoted(wire.service, sent, part)

        for variant in offer.variants:
            for request in one_by_one(adapter, offer, variant):
                hold(request)
            all_together(adapter, offer, variant, hold)

    def _charged_as_quoted(self, service: Service, checked: Checked, part: Part) -> None:
        money = priced_part(checked, part)
        (entry,) = cast("list[dict[str, Any]]", service.bills()["entries"])
        promise(
            self.billed(money) in (None, entry["charged"]),
            lambda: (
                f"{_name(checked)} is quoted at {self.counted(money)}, and the simulator charges {entry['charged']} "
                f"for {_shown(checked)}; {JUDGE}"
            ),
        )

    def test_a_picture_that_is_put_in_costs_what_the_page_says(self, adapter: Adapter, offer: Offer) -> None:
        """No quote tells it, since nobody knows its size beforehand; a simulator takes each as one megapixel."""
        prices = offer.prices
        several = {each for each in offer.variants if isinstance(_takes(offer, each, each), Files)}
        if not isinstance(prices, PerMegapixel) or not several:
            pytest.skip(f"{adapter.name}/{offer.name} has no price of its own for what is put in")
        figure = Money(usd=prices.put_in, status=PriceStatus.EXACT)
        if adapter.credit is not None:
            figure = attrs.evolve(figure, credits=adapter.credit.bill(prices.put_in))
        for variant in several:
            one, two = (_charge(adapter, offer, variant, number) for number in (1, 2))
            more = f"{adapter.name}/{offer.name}: a second picture put in costs {two - one} more in the simulator"
            said = f"{more}, and {self.counted(figure)} by `put_in`; {JUDGE}"
            promise(self.billed(figure) == two - one, said)

    def test_every_field_that_is_sent_is_one_that_the_simulator_knows(self, adapter: Adapter, offer: Offer) -> None:
        """What the simulator never reads the provider would ignore: a misspelt name goes unnoticed until it matters."""
        for checked, service in _taken(adapter, offer):
            unknown = ", ".join(sorted({name.partition(": ")[2] for name in service.unread}))
            promise(
                not unknown,
                f"{_name(checked)} sends what the simulator never reads: {unknown}, for {_shown(checked)}; "
                "look at the places of `params` and `fixed`, and at the fields that the page lists",
            )

    def test_every_work_is_as_it_is_asked_for(self, adapter: Adapter, offer: Offer) -> None:
        """Words for a size, a length and a format mean at the provider what they mean here, and defaults are its
        own."""
        for checked, service in _taken(adapter, offer):
            (task,) = service.tasks.values()
            wrong = "; ".join(_misfits({**_usual(checked), **checked.given}, task.order))
            promise(
                not wrong,
                f"{_name(checked)}: {_drawn(task.order)} is made for {_shown(checked)}: {wrong}; look at the words of "
                "`params` for ratio, resolution, size, length, sound and format, and at their defaults",
            )


def all_together(adapter: Adapter, offer: Offer, variant: str, hold: Callable[[Asked], None]) -> None:
    """Try requests in which any fields have any values that nothing is wrong with by themselves.

    Each value of a field is in as many of them as any other. Of the first for which something does not hold, as few
    fields as that needs are told.
    """
    least = fewest(adapter, offer, variant)
    values = {
        field: [value_of(least, field), *_flawless(offer, variant, field, wanted)]
        for field, wanted in askable(adapter, offer, variant).items()
    }
    for mixed in _mixed(values, max(CASES // len(offer.variants), FEWEST)):
        try:
            hold(all_given(least, mixed))
        except pytest.fail.Exception as failed:
            raise _first(least, mixed, hold) or failed from None


def _mixed(values: Mapping[str, Sequence[Any]], number: int) -> Iterator[dict[str, Any]]:
    """Yield so many choices of a value for each field, the same ones in every run, and none twice."""
    dice = random.Random(0)  # noqa: S311 - no secret
    columns = [[each % len(held) for each in range(number)] for held in values.values()]
    for column in columns:
        dice.shuffle(column)
    for row in dict.fromkeys(zip(*columns, strict=True)):
        chosen = {field: held[at] for (field, held), at in zip(values.items(), row, strict=True)}
        yield {field: value for field, value in chosen.items() if value is not None}


def _first(least: Asked, fields: Mapping[str, Any], hold: Callable[[Asked], None]) -> BaseException | None:
    """Return what is wrong with the fewest of some fields that something is wrong with; None where nothing is."""
    found: BaseException | None = None
    for left_out in fields:
        fewer = {field: value for field, value in fields.items() if field != left_out}
        try:
            hold(all_given(least, fewer))
        except pytest.fail.Exception as failed:
            fields, found = fewer, failed
    return found


def _flawless(offer: Offer, variant: str, field: str, wanted: list[Any]) -> list[Any]:
    """Return the values of a field that its kind of value takes; the others were each tried alone."""
    takes = _takes(offer, field, variant)
    return wanted if takes is None else [value for value in wanted if not any(takes.flaws(value))]


def _takes(offer: Offer, field: str, variant: str) -> Value | None:
    param = param_of(offer, field)
    return None if param is None else pick(param.takes, (variant,))


def _files(offer: Offer, variant: str, number: int) -> Any:
    takes = _takes(offer, variant, variant)
    return put_in(takes, number, variant) if isinstance(takes, File | Files) else None


def _charge(adapter: Adapter, offer: Offer, variant: str, number: int) -> Decimal:
    """Return what the simulator charges for a request with so many pictures put in."""
    wire, least = Wire.of(adapter), fewest(adapter, offer, variant)
    checked = check(given(least, variant, _files(offer, variant, number)) or least, adapter, offer)
    wire.submit(checked, parts(checked)[0])
    return sum((Decimal(task.order.price) for task in wire.service.tasks.values()), Decimal(0))


def _taken(adapter: Adapter, offer: Offer) -> Iterator[tuple[Checked, Service]]:
    """Yield each request with one field more, or another value, that both take, with the simulator that took it."""
    wire = Wire.of(adapter)
    for variant in offer.variants:
        for request in one_by_one(adapter, offer, variant):
            checked = check(request, adapter, offer)
            for part in () if checked.problems else parts(checked)[:1]:
                wire.submit(checked, part)
                if wire.service.tasks:
                    yield checked, wire.service


def _usual(checked: Checked) -> dict[str, Any]:
    """Return what the provider takes for what is not given, where the page tells it as a value."""
    told = {name: value for name, value in checked.defaults.items() if not isinstance(value, Said)}
    return {name: value for name, value in told.items() if "size" not in checked.given or name == "output_format"}


def _drawn(order: Order) -> str:
    """Return in words what a simulator makes."""
    size, long = "{}x{}".format(*order.size), f"{order.seconds:g} s"
    if order.media in SOUNDS:
        return f"a sound of {long}"
    return f"a film of {size} and {long}" if order.media == "mp4" else f"a picture of {size}"


def _misfits(given: Mapping[str, Any], order: Order) -> Iterator[str]:
    """Yield what was asked for of a work, and is not so."""
    if order.media not in SOUNDS:
        yield from _misshapen(given, order)
    wanted, seconds, sound = (given.get(name) for name in ("output_format", "duration", "audio"))
    if wanted in DRAWN_AS and order.media != wanted:
        yield f"{wanted} was asked for, and it is {order.media}"
    if isinstance(seconds, int) and abs(order.seconds - seconds) > NEAR:
        yield f"{seconds} s were asked for"
    if isinstance(sound, bool) and order.sound is not sound:
        yield f"it was asked for {'with' if sound else 'without'} sound"


def _misshapen(given: Mapping[str, Any], order: Order) -> Iterator[str]:
    """Yield which shape was asked for of a picture or a film, and is not so."""
    (width, height), size = order.size, given.get("size")
    ratio, resolution = given.get("aspect_ratio", "auto"), given.get("resolution")
    if size is not None and DRAWN[0] <= min(size) and max(size) <= DRAWN[1]:
        off = max(abs(width / size[0] - 1), abs(height / size[1] - 1))
        if off > SHAPE:
            yield f"{size[0]}x{size[1]} was asked for"
    if ratio != "auto":
        across, down = map(int, ratio.split(":"))
        if abs(width / height / (across / down) - 1) > SHAPE:
            yield f"its ratio is not {ratio}"
    if resolution is not None and order.media == "mp4":
        if abs(min(width, height) / SHORT[resolution] - 1) > SHAPE:
            yield f"the short side of {resolution} has {SHORT[resolution]} pixels"
    elif resolution is not None:
        least, most = MEGAPIXELS[resolution]
        if not least <= width * height / 1e6 < most:
            yield f"{resolution} is from {least:g} to {most:g} million pixels"


def _agree(checked: Checked, service: Service, response: Response) -> None:
    # A body is drawn when it is read, and a "no" may come at HTTP 200: whether there is a task says it.
    takes_it, name = bool(service.tasks), _name(checked)
    promise(
        takes_it or bool(checked.problems),
        lambda: (
            f"{name}: check passes what the simulator refuses: {_shown(checked)}; the simulator says "
            f"{response.status} {response.body.decode(errors='replace')[:500]}; {JUDGE}"
        ),
    )
    # What the simulator ignores, like a tenth image in a field of its own, it does not take.
    promise(
        not (takes_it and checked.problems) or bool(service.unread),
        lambda: (
            f"{name}: check refuses what the simulator takes: {_shown(checked)}; check says "
            f"{'; '.join(map(str, checked.problems))}; {JUDGE}"
        ),
    )


def _name(checked: Checked) -> str:
    return f"{checked.adapter.name}/{checked.offer.name}"


def _shown(checked: Checked) -> str:
    """Return the fields that are given, long values cut."""
    fields = {
        "model": checked.offer.model,
        **checked.given,
        **{f"extra.{name}": value for name, value in checked.knobs.items()},
    }
    return ", ".join(f"{field}={_cut(value)}" for field, value in fields.items())


def _cut(value: Any) -> str:
    if isinstance(value, str) and len(value) > 40:
        return f"{value[:20]!r}… ({len(value)} characters)"
    return f"{value[0]!r} {len(value)} times" if isinstance(value, tuple) and len(value) > 2 else repr(value)
