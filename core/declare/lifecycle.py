"""How one kind of work goes at a provider: submitted, looked at, explained where it failed, canceled."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from anymedia.model.vocabulary import Cause, State

from .endpoint import Endpoint, Reply
from .errors import Err, states


@attrs.frozen(kw_only=True)
class Pace:
    """When to poll: after `first` seconds, then every `then` seconds; `slower` maps a task's age to an interval."""

    first: float
    then: float
    slower: Mapping[float, float] = attrs.field(factory=dict, hash=False)


def _posted(_: Any, attribute: Any, submit: Endpoint) -> None:
    if submit.method != "POST":
        raise ValueError(
            f"submit: must be POST, not {submit.method}: HTTP clients send any other method once more by themselves "
            "when a connection dies, and each time something may be bought"
        )


@attrs.frozen(kw_only=True)
class Lifecycle:
    """How one kind of work goes at a provider.

    Without a `poll`, the answer to the submit is the result. `result` is called once a look finds that a task has
    succeeded, `why` once a look finds that it has failed: the error that `why` is answered tells the failure's code and
    text. `states` gives the state of each raw word, in whatever letters it comes (an Err where the word tells a
    failure's cause, or that the task was not found); a word not listed is still running. `pace` says when to look,
    `expires` how many seconds a result can be fetched. The submit is a POST, which nothing sends twice by itself.
    Errors: ValueError for words that no step reads where they stand.
    """

    submit: Endpoint = attrs.field(validator=_posted)
    poll: Endpoint | None = None
    result: Endpoint | None = None
    why: Endpoint | None = None
    cancel: Endpoint | None = None
    states: Mapping[str, State | Err] = attrs.field(default={}, converter=states, hash=False)
    pace: Pace
    expires: float | None = None
    _meanings: Mapping[str, State | Err] = attrs.field(init=False, repr=False, eq=False)

    @_meanings.default
    def _by_word(self) -> Mapping[str, State | Err]:
        meanings: dict[str, State | Err] = {}
        for word, meaning in self.states.items():
            if meanings.setdefault(_folded(word), meaning) != meaning:
                raise ValueError(f"states: {word!r} means two things, in small letters and in others")
        return meanings

    def meaning(self, word: str) -> State | Err | None:
        """Return what a raw word of a state means, whatever its letters and the blanks around it; None: not listed."""
        return self._meanings.get(_folded(word))

    @property
    def looks(self) -> dict[str, Endpoint]:
        """The calls that are made for a task once it is submitted, by name."""
        calls = {"poll": self.poll, "result": self.result, "why": self.why, "cancel": self.cancel}
        return {name: call for name, call in calls.items() if call is not None}

    @property
    def told_by(self) -> Reply:
        """The answer that tells how a task stands: a look's, else the submit's."""
        return (self.poll or self.submit).reply

    def __attrs_post_init__(self) -> None:
        wrong = "; ".join(_unread(self))
        if wrong:
            raise ValueError(wrong)


def _folded(word: str) -> str:
    return word.strip().casefold()


# Words that no step would ever read where they stand


def _unread(life: Lifecycle) -> Iterator[str]:
    for word in ("link", "hosts", "not_yet", "verdict"):
        if getattr(life.submit, word):
            yield f"submit: nothing reads {word} of the call that submits"
    for name, endpoint in life.looks.items():
        yield from (f"{name}: {what}" for what in _unread_in_a_look(life, endpoint))
    for name in ("result", "why"):
        if life.poll is None and name in life.looks:
            yield f"{name}: without a poll the answer to the submit is the result"
    if life.why is not None:
        yield from (f"why: {what}" for what in _unread_in_why(life.why))
    for raw, meaning in life.states.items():
        if isinstance(meaning, Err) and meaning.submit is not None:
            yield f"states, {raw}: submit says how a submit ended that gets an error, and a state is none"
        if isinstance(meaning, Err) and meaning.cause is Cause.NOT_FOUND and meaning.refund is not None:
            yield f"states, {raw}: a task that was not found is not known to have failed, and has no refund"


def _unread_in_a_look(life: Lifecycle, endpoint: Endpoint) -> Iterator[str]:
    if endpoint.model is not None:
        yield "model says where a submit names the wire id, and this call sends no body"
    if endpoint.writes is not None:
        yield "writes makes the body of a submit, and this call sends none"
    if endpoint.reply.replayed is not None and life.submit.reply.replayed is None:
        yield "only the answer to a submit tells that it was replayed"
    if endpoint.path is None and endpoint.link is None:
        yield "it has neither a path nor a link"


def _unread_in_why(endpoint: Endpoint) -> Iterator[str]:
    if endpoint.not_yet is not None or endpoint.verdict:
        yield "not_yet and verdict are read of the calls that tell how a task stands, and this one tells why it failed"
    if attrs.evolve(endpoint.reply, ok=None) != Reply():
        yield "of its reply nothing but `ok` is read: the error that it is answered is read by the adapter's `fault`"
