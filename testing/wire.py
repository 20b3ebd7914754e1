"""An adapter and a simulator joined without a socket: what one writes the other answers, and the first reads."""

from datetime import UTC, datetime

import attrs
from yarl import URL

from anymedia import Account, AnymediaError, Money, Task
from anymedia.account import Secret
from anymedia.declare import Adapter, Balance, Token
from anymedia.declare.endpoint import Endpoint
from anymedia.simulators import Service, services
from anymedia.simulators.message import Request, Response
from anymedia.translate import decode, encode
from anymedia.translate.check import Checked
from anymedia.translate.classify import Asked
from anymedia.translate.encode import Part
from anymedia.translate.messages import Answer, Call, Stream
from anymedia.transport.auth import Credentials, body_of, headers_of, url_of

from .credentials import account_at
from .suite import fail

NOW = 1_800_000_000.0
"""When everything happens here, in seconds since 1970."""


@attrs.frozen
class Wire:
    """The two of them; each answer is the service's own, with bills of its own."""

    adapter: Adapter
    service: Service
    tokens: dict[Token, Secret] = attrs.field(factory=dict, repr=False)

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
        """Return what the simulator answers to a call with its credentials."""
        credentials = Credentials({each: self.token(each) for each in call.auth if isinstance(each, Token)}, _now())
        where = url_of(URL(call.url, encoded=True), call, self.account)
        headers = {name.lower(): text for name, text in headers_of(call, self.account, credentials).items()}
        body = body_of(call, self.account)
        content = body.read() if isinstance(body, Stream) else body or b""
        return self.service.answer(Request(call.method, where.path, dict(where.query), headers, content))

    def token(self, word: Token) -> Secret:
        """Return the token that the simulator gives, which is asked for once."""
        if word not in self.tokens:
            response = self.send(encode.ask_token(self.account, word))
            try:
                self.tokens[word] = decode.token(self._asked, word, answer_of(response))[0]
            except AnymediaError as error:
                fail(f"{self.adapter.name} gives no token: {error}; look at `auth`")
        return self.tokens[word]

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
            return decode.submitted(self._asked, answer_of(response), draft)
        except AnymediaError as error:
            return error

    def seen(self, endpoint: Endpoint, response: Response, task: Task) -> Task | AnymediaError:
        """Return what the adapter makes of an answer to a look."""
        try:
            return decode.looked(self._asked, endpoint, answer_of(response), task)
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
        """The account that the simulator lets in."""
        return account_at(self.adapter, self.service)

    @property
    def _asked(self) -> Asked:
        name, origin = self.adapter.name, self.adapter.base_url
        return Asked(adapter=self.adapter, account=name, origin=origin, model=None, now=_now())


def _now() -> datetime:
    return datetime.fromtimestamp(NOW, UTC)


def answer_of(response: Response) -> Answer:
    """Return what a simulator answers as the transport returns it."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, response.body)
