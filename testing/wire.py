"""An adapter and a simulator joined without a socket: what one writes the other answers, and the first reads."""

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import attrs
from yarl import URL

from anymedia import Account, AnymediaError, Asset, Money, Task
from anymedia.account import Secret
from anymedia.declare import Adapter, Balance, Token, Upload
from anymedia.declare.endpoint import Endpoint, Reply
from anymedia.model.formats import is_file
from anymedia.model.media import Media
from anymedia.model.slots import Slot, Way, filled
from anymedia.simulators import Service, services
from anymedia.simulators.inputs import Fetched
from anymedia.simulators.message import Request, Response
from anymedia.simulators.work import Work
from anymedia.translate import decode, encode
from anymedia.translate.check import Checked
from anymedia.translate.classify import Asked
from anymedia.translate.encode import Part
from anymedia.translate.messages import Answer, Call, Stream
from anymedia.translate.upload import found, known_of, placed, step_call
from anymedia.transport.auth import Credentials, body_of, headers_of, url_of

from .credentials import account_at
from .suite import fail

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
    lent: dict[str, bytes] = attrs.field(factory=dict)
    """Files of this machine, by their links: what the simulator wants of them it is given."""
    tokens: dict[Token, Secret] = attrs.field(factory=dict, repr=False)

    @classmethod
    def of(cls, adapter: Adapter) -> "Wire":
        """Return an adapter with the simulator of its name."""
        service = services()[adapter.name](clock=lambda: NOW, balance=10**12)
        service.base_url = adapter.base_url
        return cls(adapter, service)

    def submit(self, checked: Checked, part: Part) -> Response:
        """Return what the simulator answers to a submit; only its task is on the bills, only its keys are unread."""
        try:
            return self.offered(checked, part)
        except AnymediaError as error:
            fail(f"{self.adapter.name}: a file is not uploaded: {error}; look at `upload`")

    def offered(self, checked: Checked, part: Part) -> Response:
        """Return what submit does. Errors: ProviderError where a file of the body is not uploaded."""
        self.service.tasks.clear()
        body = filled(part.body, self._filled)
        self.service.unread.clear()
        return self.send(encode.submit(self.account, checked.offer.lifecycle, checked.path, body, None))

    def _filled(self, slot: Slot) -> Any:
        """Return what stands in the place of a file: the URL of where it lies, or the file itself."""
        if slot.way is Way.STORAGE:
            link = f"http://127.0.0.1:9/{len(self.lent)}.{slot.media.ending}"
            self.lent[link] = slot.media.read()
            return link
        if slot.way is Way.UPLOAD:
            return self._uploaded(slot.media)
        return slot if slot.way is Way.PART else slot.written()

    def _uploaded(self, media: Media) -> str:
        """Return the URL that the simulator's own upload names for a file. Errors: ProviderError."""
        upload = cast("Upload", self.adapter.upload)
        known = known_of(media, upload)
        for step in upload.steps:
            known |= found(self._asked, step, answer_of(self.send(step_call(self.account, step, known, media))))
        return placed(self._asked, upload, known).url

    def send(self, call: Call) -> Response:
        """Return what the simulator answers to a call with its credentials."""
        credentials = Credentials({each: self.token(each) for each in call.auth if isinstance(each, Token)}, _now())
        where = url_of(URL(call.url, encoded=True), call, self.account)
        headers = {name.lower(): text for name, text in headers_of(call, self.account, credentials).items()}
        body = body_of(call, self.account)
        content = body.read() if isinstance(body, Stream) else body or b""
        request = Request(call.method, where.path, dict(where.query), headers, content)
        response = self.service.answer(request)
        if not response.wanted:
            return response
        there = {link: Fetched(self.lent[link]) for link in response.wanted}
        return self.service.answer(attrs.evolve(request, fetched=there))

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

    @cached_property
    def account(self) -> Account:
        """The account that the simulator lets in."""
        return account_at(self.adapter, self.service)

    @cached_property
    def _asked(self) -> Asked:
        name, origin = self.adapter.name, self.adapter.base_url
        return Asked(adapter=self.adapter, account=name, origin=origin, model=None, now=_now())


def _now() -> datetime:
    return datetime.fromtimestamp(NOW, UTC)


def answer_of(response: Response, reply: Reply = NOTHING) -> Answer:
    """Return what a simulator answers as the transport returns it, where the answer may be a file written to no disk.

    Nothing is drawn for it.
    """
    headers = {name.lower(): value for name, value in response.headers.items()}
    if reply.is_file and 200 <= response.status < 300:
        drawn = isinstance(response.content, Work)
        if drawn or is_file(response.body):
            return Answer(response.status, headers, file=Asset(kind="image", path=NOWHERE))
    return Answer(response.status, headers, response.body)
