"""An adapter and a simulator joined without a socket: what one writes the other answers, and the first reads."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from anymedia import Account, AnymediaError, Asset, Money, Task
from anymedia.declare import Adapter, Balance
from anymedia.declare.endpoint import Endpoint, Reply
from anymedia.simulators import Service, services
from anymedia.simulators.message import Request, Response
from anymedia.simulators.picture import Picture
from anymedia.translate import decode, encode
from anymedia.translate.check import Checked
from anymedia.translate.classify import Asked
from anymedia.translate.encode import Part
from anymedia.translate.messages import Answer, Call, Stream
from anymedia.transport.answered import is_file

NOTHING = Reply()
"""An answer of which nothing is read."""

NOWHERE = Path("nowhere")
"""Where the file of an answer is that was not written."""

NOW = 1_800_000_000.0
"""When everything happens here, in seconds since 1970."""


@attrs.frozen
class Wire:
    """The two of them; each answer is the service's own, with bills of its own."""

    adapter: Adapter
    service: Service

    @classmethod
    def of(cls, adapter: Adapter) -> "Wire":
        """Return an adapter with the simulator of its name."""
        return cls(adapter, services()[adapter.name](clock=lambda: NOW, balance=10**12))

    def submit(self, checked: Checked, part: Part) -> Response:
        """Return what the simulator answers to a submit; only its task is on the bills, only its keys are unread."""
        self.service.tasks.clear()
        self.service.unread.clear()
        return self.send(encode.submit(self.account, checked.offer.lifecycle, checked.path, part.body, None))

    def send(self, call: Call) -> Response:
        """Return what the simulator answers to a call that carries the API key."""
        where, auth = urlsplit(call.url), self.adapter.auth
        headers = {**call.headers, auth.name: auth.prefix + self.service.api_key}
        query: Any = dict(parse_qsl(where.query))
        body = call.body.read() if isinstance(call.body, Stream) else call.body or b""
        return self.service.answer(Request(call.method, unquote(where.path), query, headers, body))

    def accepted(self, response: Response, checked: Checked) -> Task | AnymediaError:
        """Return what the adapter makes of an answer to the submit of a request."""
        name, offer = self.adapter.name, checked.offer
        draft = Task(
            id="draft",
            provider=name,
            account=name,
            lifecycle=offer.lifecycle,
            kind=offer.kind,
            submitted_at=_now(),
            path=checked.path,
            money=Money(),
        )
        try:
            reply = self.adapter.life(draft.lifecycle).submit.reply
            return decode.submitted(self._asked, answer_of(response, reply), draft)
        except AnymediaError as error:
            return error

    def seen(self, endpoint: Endpoint, response: Response, task: Task) -> Task | AnymediaError:
        """Return what the adapter makes of an answer to a look."""
        try:
            return decode.looked(self._asked, endpoint, answer_of(response, endpoint.reply), task)
        except AnymediaError as error:
            return error

    def funds(self, words: Balance, response: Response) -> Money | AnymediaError:
        """Return what the adapter makes of an answer to a call for the balance."""
        try:
            return decode.balance(self._asked, words, answer_of(response))
        except AnymediaError as error:
            return error

    @property
    def account(self) -> Account:
        """The account that the provider has here."""
        return Account(name=self.adapter.name, adapter=self.adapter, origin=self.adapter.base_url)

    @property
    def _asked(self) -> Asked:
        name, origin = self.adapter.name, self.adapter.base_url
        return Asked(adapter=self.adapter, account=name, origin=origin, model=None, now=_now())


def _now() -> datetime:
    return datetime.fromtimestamp(NOW, UTC)


def answer_of(response: Response, reply: Reply = NOTHING) -> Answer:
    """Return what a simulator answers as the transport returns it, where the answer may be a file written to no disk.

    No picture is drawn for it.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    if reply.is_file and 200 <= response.status < 300:
        drawn = isinstance(response.content, Picture)
        if drawn or is_file(response.body):
            return Answer(response.status, headers, file=Asset(kind="image", path=NOWHERE))
    return Answer(response.status, headers, response.body)
