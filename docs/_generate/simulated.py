"""What the simulators make: each offer is asked for at the simulator of its provider, in every variant."""

from collections.abc import Iterator, Sequence

from anymedia.declare import Adapter, pick
from anymedia.simulators import services
from anymedia.testing.suite import cases
from anymedia.testing.wire import Wire
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .markdown import anchor, blocks, code, page_of, table
from .provider import NAMES

INTRODUCTION = """\
Each offer was asked for in each of its variants when this page was made, and taken by the simulator: so many names on
the wire are taken at a path. What else it serves, how it is run and
what can go wrong there is in [simulators.md](simulators.md)."""


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page on what is simulated, of the providers that have a simulator."""
    simulated = services()
    sections = (_section(seller) for seller in sellers if seller.name in simulated)
    return blocks(INTRODUCTION, *sections)


def _section(seller: Adapter) -> str:
    return blocks(f"## {seller.title}", table(("path", "names on the wire", "makes"), _rows(seller)))


def _rows(seller: Adapter) -> Iterator[list[str]]:
    """Yield a row for each path that takes submits: the models that are asked for there, and what comes of them."""
    models, media = dict[str, dict[str, None]](), dict[str, dict[str, None]]()
    for path, model, made in _orders(seller):
        models.setdefault(path, {})[model] = None
        media.setdefault(path, {})[made] = None
    for path, names in models.items():
        count = f"[{len(names)}]({page_of(seller)}{anchor(NAMES)})"
        yield [code(path), count, ", ".join(media[path])]


def _orders(seller: Adapter) -> Iterator[tuple[str, str, str]]:
    """Yield where each submit went, the model that it asked for, and the format of what it makes."""
    wire = Wire.of(seller)
    for case in cases(seller):
        checked = check(case.request, seller, case.offer)
        path = pick(case.offer.path, checked.given) or checked.life.submit.path or ""
        for part in parts(checked):
            wire.submit(checked, part)
            yield from ((path, task.order.wire_id, task.order.media) for task in wire.service.tasks.values())
