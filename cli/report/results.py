"""The newest results: a thumbnail of what is on this machine, and what became of the others."""

from collections import Counter
from collections.abc import Iterator

from anymedia.cli.prompt import prompt_of
from anymedia.cli.text import one_line, shortened
from anymedia.model.plain import sized

from .data import Data
from .markup import Html, Inside, el, file_link, marked, own, together
from .pictures import Shown, Work
from .words import moment

CAPTION = 90
"""Letters of a prompt below a result."""


def results(shown: Shown, data: Data) -> Html:
    """Return the newest results; nothing where there is none."""
    if not shown:
        return Html()
    where = Counter(_where(work) for work in shown)
    told = ", ".join(f"{number} {what}" for what, number in where.most_common())
    lead = el("p", f"The newest {len(shown)}: {told}." if len(shown) > 1 else f"One: {told}.")
    return together([lead, el("ul", [el("li", _card(work, data)) for work in shown], class_="works")])


def _where(work: Work) -> str:
    """Say in which of a few ways a result is there, or not."""
    if work.there is not None:
        return "on this machine" if work.there else "not there any more"
    return "in the storage" if work.asset.stored is not None else "never fetched"


def _card(work: Work, data: Data) -> Html:
    caption = el("figcaption", [el("p", each) for each in _lines(work, data) if each])
    face = _face(work, data)
    path = work.asset.path if work.there and data.prompts else None
    return el("figure", face if path is None else file_link(path, face), caption)


def _face(work: Work, data: Data) -> Html:
    """Return the picture of a result, or a plain card where there is none."""
    if work.thumbnail is not None:
        return el("img", src=work.thumbnail, alt=_called(work, data), decoding="async")
    return el("span", el("span", _kind(work), class_="what"), el("span", _missing(work)), class_="plain")


def _kind(work: Work) -> str:
    order = work.attempt.order
    return order.kind.work if order.offer is not None else work.asset.kind


def _called(work: Work, data: Data) -> str:
    """Return what a result is of, for who does not see it."""
    prompt = one_line(prompt_of(work.attempt.order)) if data.prompts else ""
    return f"{_kind(work)}: {shortened(prompt, CAPTION)}" if prompt else f"{_kind(work)} of {_model(work)}"


def _model(work: Work) -> str:
    order = work.attempt.order
    return order.model or order.wire_id or order.name


def _missing(work: Work) -> str:
    """Say why there is no picture."""
    if work.there is None:
        return "never fetched" if work.asset.stored is None else "in the storage"
    if not work.there:
        return "its file is not there any more"
    return "on this machine"


def _lines(work: Work, data: Data) -> Iterator[Inside]:
    """Yield what stands below a result."""
    attempt, asset = work.attempt, work.asset
    prompt = one_line(prompt_of(attempt.order)) if data.prompts else ""
    if prompt:
        yield own(shortened(prompt, CAPTION), class_="prompt")
    yield [own(_model(work)), " at ", own(attempt.order.account), f", {_cost(work)}"]
    facts = [
        f"{asset.width}×{asset.height}" if asset.width and asset.height else None,
        None if asset.seconds is None else f"{asset.seconds:.1f} s",
        None if asset.length is None else sized(asset.length),
    ]
    yield ", ".join(filter(None, facts))
    yield moment(attempt.started_at)
    if work.there is False and asset.path is not None and data.prompts:
        yield own(asset.path.name, class_="file")
    elif asset.stored is not None and data.prompts:
        yield own(asset.stored, class_="file")
    elif not asset.kept:
        yield marked(_link(work, data))


def _cost(work: Work) -> str:
    task = work.attempt.task
    return "price unknown" if task is None or task.money.usd is None else str(task.money)


def _link(work: Work, data: Data) -> str:
    """Say whether a result that was never fetched can still be."""
    until = work.asset.expires_at
    if until is None:
        return "`anymedia resume` looks for it"
    if until <= data.made_at:
        return f"expired {moment(until)}"
    return f"`anymedia resume` can fetch it until {moment(until)}"
