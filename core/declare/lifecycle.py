"""How one kind of work goes at a provider: submitted, looked at or told of, explained where it failed, canceled."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from anymedia.model.vocabulary import Cause, State

from .endpoint import Endpoint, Reply
from .errors import Err, states
from .many import Many
from .typed import typed
from .webhook import Webhook


@attrs.frozen(kw_only=True, field_transformer=typed)
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


@attrs.frozen(kw_only=True, field_transformer=typed)
class Lifecycle:
    """How one kind of work goes at a provider.

    Without a `poll`, the answer to the submit is the result. `result` is called once a look finds that a task has
    succeeded, `why` once a look finds that it has failed: the error that `why` is answered tells the failure's code and
    text. `states` gives the state of each raw word, in whatever letters it comes, or of the text of a whole number (an
    Err where the word tells a failure's cause, or that the task was not found); a word not listed is still running.
    `many` is a call that tells of several tasks at once; `webhook` is a call of the provider's that tells how a task
    stands, in the same words. `pace` says when to look, `expires` how many seconds a result can be fetched. The submit
    is a POST, which nothing sends twice by itself. Errors: ValueError for words that no step reads where they stand.
    """

    submit: Endpoint = attrs.field(validator=_posted)
    poll: Endpoint | None = None
    result: Endpoint | None = None
    why: Endpoint | None = None
    cancel: Endpoint | None = None
    many: Many | None = None
    webhook: Webhook | None = None
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

    @property
    def many_reply(self) -> Reply:
        """Where each task of a list holds what: as `many` says, else as in the answer to a look."""
        return self._reply_of(self.many)

    @property
    def webhook_reply(self) -> Reply:
        """Where a webhook's body holds what: as the webhook says, else as in the answer to a look."""
        return self._reply_of(self.webhook)

    def _reply_of(self, word: Many | Webhook | None) -> Reply:
        return self.told_by if word is None or word.reply is None else word.reply

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
    if life.many is not None:
        yield from (f"many: {what}" for what in _unread_in_many(life))
    if life.webhook is not None:
        yield from (f"webhook: {what}" for what in _unread_in_a_webhook(life, life.webhook))
    yield from _unread_states(life)


def _unread_states(life: Lifecycle) -> Iterator[str]:
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


def _unread_in_many(life: Lifecycle) -> Iterator[str]:
    if life.poll is None:
        yield "without a poll nothing is looked at"
    elif life.many_reply.id is None:
        yield "no id tells which task is which"


def _unread_in_why(endpoint: Endpoint) -> Iterator[str]:
    if endpoint.not_yet is not None or endpoint.verdict:
        yield "not_yet and verdict are read of the calls that tell how a task stands, and this one tells why it failed"
    if attrs.evolve(endpoint.reply, ok=None) != Reply():
        yield "of its reply nothing but `ok` is read: the error that it is answered is read by the adapter's `fault`"


def _unread_in_a_webhook(life: Lifecycle, webhook: Webhook) -> Iterator[str]:
    reply, signed = life.webhook_reply, webhook.signed
    if life.poll is None:
        yield "without a poll the answer to the submit is the result, and nothing is left to be told"
    if reply.is_file:
        yield "its body tells of a task, and is not the result"
    if reply.replayed is not None and life.submit.reply.replayed is None:
        yield "only the answer to a submit tells that it was replayed"
    if reply.id is None and (webhook.asked_by is None or (signed is not None and "id" in signed.names)):
        yield "its reply finds no id, and by that alone is it known which task it tells of, or what is signed"
