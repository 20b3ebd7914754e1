"""A call that tells of several tasks at once."""

import attrs

from .auth import SETTING
from .endpoint import Endpoint, Reply
from .path import Place, place
from .typed import typed

IDS = "{ids}"
"""What stands for the ids, in the path or the query of such a call."""


def _list(_: object, attribute: object, call: Endpoint) -> None:
    texts = (call.path or "", *call.query.values())
    if call.path is None or call.method != "GET" or sum(text.count(IDS) for text in texts) != 1:
        raise ValueError("call: it is a GET whose path or query holds {ids}, once")
    if SETTING.findall(call.path) not in ([], ["ids"]):
        raise ValueError("call: its path holds {ids}, and no other name")
    if attrs.evolve(call.reply, ok=None, reads=None) != Reply():
        raise ValueError("call: of its reply nothing but `ok` and `reads` is read: each task is read as `each` stands")


def _several(_: object, attribute: object, most: int) -> None:
    if most < 2:
        raise ValueError("most: a call that tells of several tasks takes two or more")


@attrs.frozen(kw_only=True, field_transformer=typed)
class Many:
    """A call that tells how several tasks stand: {ids} in its path or query are at most `most` ids, `joined` by a text.

    `each` is the place of the tasks in its answer; each is read as an answer to a look is, or as `reply` says. A task
    that is not among them is looked at alone. Errors: ValueError for words that nothing reads.
    """

    call: Endpoint = attrs.field(validator=_list)
    each: Place = attrs.field(converter=place)
    most: int = attrs.field(default=50, validator=_several)
    joined: str = ","
    reply: Reply | None = None
