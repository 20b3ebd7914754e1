"""Celery: pictures that are bought once and saved, by jobs of which none sleeps while a picture is made.

    pip install '/path/to/anymedia-….whl[postgres]' celery
    celery --workdir examples/howto -A celery_app worker --beat
    python examples/howto/celery_app.py "a lighthouse at dusk" order-17

CELERY_BROKER names the broker; the workers and whoever places orders share the journal that anymedia.toml names.
"""

import argparse
import logging
import os
from datetime import UTC, datetime, timedelta
from functools import cache

from celery import Celery
from celery.signals import worker_process_shutdown, worker_shutdown

from anymedia import Advance, AnymediaError, ImageRequest, JournalError, Retry, SyncClient

WHERE = os.environ.get("PICTURES", "pictures")
"""Where pictures go: a folder that every worker sees, or a bucket like s3://bucket/pictures."""

PATIENCE = 60.0
"""Seconds for which an order holds a worker at most until the provider has taken it."""

SOON = 30.0
"""Seconds until a job is run again where nobody says when."""

LATE = 600.0
"""Seconds after which the job of an order that goes on may be lost; then `sweep` sees to it."""

log = logging.getLogger("pictures")

app = Celery("celery_app", broker=os.environ.get("CELERY_BROKER", "amqp://"))
app.conf.update(
    task_acks_late=True,  # a job whose worker dies is delivered again
    task_reject_on_worker_lost=True,  # so is one whose process is killed
    worker_prefetch_multiplier=1,  # a worker that is shut down holds back no more than it runs
    task_ignore_result=True,  # the journal knows what became of it
    beat_schedule={"sweep": {"task": "celery_app.sweep", "schedule": 60.0}},
)


@cache
def client() -> SyncClient:
    """Return the client of this process; the first job makes it, behind the fork."""
    return SyncClient()


@worker_process_shutdown.connect
@worker_shutdown.connect
def close(**_: object) -> None:
    """Wait for the answers of orders that are being placed, for the provider may take them."""
    if client.cache_info().currsize:
        client().close()
        client.cache_clear()


@app.task(max_retries=0)
def buy(order: str, prompt: str) -> None:
    """Buy the picture of an order, however often this is run: once."""
    request = ImageRequest(model="flux-2-pro", prompt=prompt, resolution="1K")
    try:
        task = client().submit(request, policy="cheapest", max_price="0.10", idempotency_key=order, timeout=PATIENCE)
        step = client().advance(task.id, WHERE)  # which looks at nothing so early, and saves what is there at once
    except AnymediaError as error:
        if error.retry is not Retry.SAME and not isinstance(error, JournalError):
            raise  # it was refused, or may have been billed: Celery tells of it, and nothing is sent again
        log.warning("order %s: %s", order, error)
        buy.apply_async((order, prompt), countdown=error.retry_after or SOON)
    else:
        _go_on(step)


@app.task(max_retries=0)
def advance(attempt_id: str, *, goes_on: bool = True) -> None:
    """Take one step of an order: look whether the picture is there, or save it. The next step is another job."""
    try:
        step = client().advance(attempt_id, WHERE)
    except JournalError as error:  # it is away, and knows what this is about
        log.warning("attempt %s: %s", attempt_id, error)
        if goes_on:
            advance.apply_async((attempt_id,), countdown=SOON)
    else:
        if goes_on:
            _go_on(step)


def _go_on(step: Advance) -> None:
    if step.error is not None:
        log.warning("%s; it is tried again in %.0f s", step.error, step.after or 0)
    if step.after is not None:
        advance.apply_async((step.attempt_id,), countdown=step.after)
    elif step.task.failure is not None:
        log.error("task %s failed (%s), its price: %s", step.task.id, step.task.failure.cause, step.task.money)


@app.task(max_retries=0)
def sweep() -> None:
    """Take a step of every order whose job may be lost, as with a broker that was set up anew.

    These steps lead to no others: each minute takes one, and no chain of jobs is doubled by it.
    """
    now = datetime.now(UTC)
    is_late = now - timedelta(seconds=LATE)
    for attempt in client().each_attempt(open=True):
        if attempt.task is not None and attempt.started_at < is_late:
            advance.delay(attempt.id, goes_on=False)
    for attempt in client().each_attempt(expiring=now + timedelta(days=1)):  # it is made, and not saved
        if attempt.started_at < is_late:
            advance.delay(attempt.id, goes_on=False)


def main() -> None:
    """Place an order."""
    parser = argparse.ArgumentParser(description="Order a picture, which the workers buy and save.")
    parser.add_argument("prompt")
    parser.add_argument("order", help="your own name of the order: it is bought once under it")
    given = parser.parse_args()
    buy.delay(given.order, given.prompt)


if __name__ == "__main__":
    main()
