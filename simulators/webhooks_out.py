"""What every provider does to tell its callers of their tasks: when, what, and who says so; the server posts it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import ClassVar

from attrs import evolve

from .faults import WEBHOOK, Fault, Faults
from .inputs import reach
from .message import Response
from .task import Stage, Task, Telling
from .webhooks import Deliveries, Delivery, Moment, Post, Webhook


class WebhooksOut(ABC):
    """What the callers of one provider are told."""

    webhook: ClassVar[Webhook | None] = None
    """How it posts; None: it does not."""
    settings: dict[str, str]
    faults: Faults
    base_url: str
    now: float
    speed: float
    _lock: threading.RLock

    def __init__(self) -> None:
        super().__init__()
        self.deliveries: Deliveries = Deliveries()

    # What only the provider knows.

    def moments(self, task: Task) -> Sequence[Moment]:
        """When a caller is told of a task, in order; those after its end are left out."""
        return (Moment(task.ends),)

    def notice(self, task: Task, stage: Stage, urls: Sequence[str], event: str) -> Response:
        """What is posted: the body, and its type; of other headers, those of the signature alone."""
        return self.shown(task, stage, urls)

    def signed(self, delivery: Delivery, body: bytes, key: str) -> Mapping[str, str]:
        """The headers that say who posts; none where nobody can tell."""
        return {}

    def webhook_key(self, task: Task) -> str:
        """What a caller knows the provider by: the setting that the webhook names."""
        return self.settings.get(self.webhook.secret, "") if self.webhook else ""

    def new_secret(self, name: str) -> str:
        """Another secret in the provider's form, for a setting."""
        return token_hex(16)

    @abstractmethod
    def shown(self, task: Task, stage: Stage, urls: Sequence[str]) -> Response:
        """The answer to a poll."""

    @abstractmethod
    def result_links(self, task: Task, origin: str) -> list[str]:
        """The links to what a task made."""

    @abstractmethod
    def _settle(self) -> None:
        """Reads the clock."""

    @abstractmethod
    def _faulty(self, one: Fault, response: Response) -> Response:
        """An answer with a fault."""

    # What all do alike.

    def due(self, most: int) -> list[Post]:
        """What is to be posted now, so many at most; each is given out once, and `posted` has to hear how it went."""
        with self._lock:
            self._settle()
            return [self._post(delivery) for delivery in self.deliveries.take(self.now, most)]

    def posted(self, post: Post, status: int | None) -> None:
        """How a try went: the status that it was answered with; None where there was no answer."""
        delivery, answered = post.delivery, status is not None and 200 <= status < 300
        with self._lock:
            self._settle()
            pauses = self._posts.pauses if delivery.moment.again else ()
            self.deliveries.done(delivery)
            self.deliveries.answered += answered
            if answered and delivery.more:
                self.deliveries.add(evolve(delivery, more=delivery.more - 1, due=self.now))
            elif not answered and delivery.tries <= len(pauses):
                self.deliveries.add(evolve(delivery, due=self.now + pauses[delivery.tries - 1] / self.speed))

    def promise(self, task: Task) -> None:
        """A task has begun: plans what its caller is told of it, and what goes wrong with that."""
        if not task.order.callback or self.webhook is None:
            return
        self.deliveries.asked += 1
        if reach(task.order.callback) != "loopback":
            self.deliveries.elsewhere += 1
            return
        wrong = {kind: self.faults.take("webhook", "task", kind) for kind in WEBHOOK}
        if wrong["webhook_forged"]:
            half = Moment(task.created + (task.queued + task.running) / 2, again=False)
            self.deliveries.add(Delivery(task, half, half.at, forged=True))
        late = wrong["webhook_late"]
        task.telling = Telling(
            never=wrong["webhook_never"] is not None,
            late=(late.seconds() or 0.0) / self.speed if late else 0.0,
            more=1 if wrong["webhook_twice"] else 0,
            reordered=wrong["webhook_reordered"] is not None,
        )
        self._plan(task, task.created)

    def promise_again(self, task: Task) -> None:
        """A task was stopped: plans what its caller is told now, in place of what was to come."""
        self.deliveries.drop(task)
        self._plan(task, self.now)

    @property
    def _posts(self) -> Webhook:
        return self.webhook or Webhook()

    def _plan(self, task: Task, since: float) -> None:
        how = task.telling
        if how is None or how.never:
            return
        moments = [moment for moment in self.moments(task) if since <= moment.at <= task.ends]
        if how.reordered:
            earlier = moments[:-1] or [Moment(task.created + task.queued, again=False)]
            moments = [*moments[-1:], *reversed(earlier)]
        for moment in moments:
            due = (task.ends if how.reordered else moment.at) + how.late
            self.deliveries.add(Delivery(task, moment, due, more=how.more))

    def _post(self, delivery: Delivery) -> Post:
        task = delivery.task
        delivery.said = said = delivery.said or self._said(delivery)
        delivery.tries += 1
        self.deliveries.sent += 1
        key = self.webhook_key(task)
        if key and delivery.forged:
            key = self.new_secret(self._posts.secret)
        headers = {"Content-Type": said.headers.get("Content-Type", ""), **self.signed(delivery, said.body, key)}
        return Post(task.order.callback, headers, said.body, self._posts.within, delivery)

    def _said(self, delivery: Delivery) -> Response:
        """What is told, as it was at the time that it is about; a forged one tells of a success that is none."""
        task, event, now = delivery.task, delivery.moment.event, self.now
        self.now = delivery.moment.at
        try:
            if delivery.forged:
                made_up = [f"{self.base_url}/media/forged.png"]
                return self.notice(evolve(task, failure=None), "succeeded", made_up, event)
            stage = task.stage(self.now)
            urls = self.result_links(task, self.base_url) if stage == "succeeded" else []
            said = self.notice(task, stage, urls, event)
        finally:
            self.now = now
        wrong = self.faults.take("webhook", "after")
        return self._faulty(wrong, said) if wrong else said
