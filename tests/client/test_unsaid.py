"""No prompt, key, URL query or body is in any log record, span or count, whatever a provider says."""

import asyncio
import json
import logging
import runpy
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anymedia import AnymediaError, Client, ImageRequest, Media, SpeechRequest, read_config
from anymedia.journal import MemoryJournal
from anymedia.simulators import running
from anymedia.testing import FakeClock
from anymedia.transport.retry import Patience
from tests.providers import NINE
from tests.samples import sample
from tests.seen import Records, Seen

PROMPT, FILE, KEY, QUERY = "PLANTED-PROMPT", "PLANTED-FILE", "PLANTED-ORDER-KEY", "PLANTED-QUERY"
SERVICE = Path(__file__).parents[2] / "examples" / "fallback_service.py"

PLACES = ("submit", "poll", "result", "upload", "any")
STATUSES = (200, 302, 400, 401, 402, 404, 422, 429, 500, 503)


def said(plants):
    """Return a body that says what was planted wherever a provider has words."""
    words = ("error", "message", "msg", "code", "detail", "status", "state", "reason", "type", "title", "failCode")
    return json.dumps({word: " ".join(plants) for word in words} | {"data": dict.fromkeys(words, " ".join(plants))})


FAULTS = st.fixed_dictionaries(
    {"on": st.sampled_from(PLACES), "status": st.sampled_from(STATUSES), "times": st.sampled_from([1, None])}
)
WORDS = st.sampled_from(["failed", "moderated", "unknown_state", "reset_after", "no_credit", "throttled"])


async def everything(provider, faults, words, folder):
    """Return all that was told of a life in which everything private is sent, and sent back, and what was planted."""
    clock, records, seen = FakeClock(), Records(), Seen.new()
    metrics = runpy.run_path(str(SERVICE))["Metrics"]()
    logger = logging.getLogger("anymedia")
    logger.addHandler(records)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        async with running(provider, clock=clock.time) as sims:
            service = sims[provider].service
            secrets = [sims[provider].api_key, *(service.settings[name] for name in service.secrets)]
            plants = [PROMPT, f"https://cdn.example/x.png?sig={QUERY}", *secrets]
            for fault in ({"kind": "raw", "body": said(plants), **each} for each in faults):
                with suppress(ValueError):  # not every provider has each place
                    sims[provider].fault(**fault)
            for word in words:
                with suppress(ValueError):
                    sims[provider].fault(word)
            config = read_config(sims.config, sims.environ)
            options = {"clock": clock, "journal": MemoryJournal(), "patience": Patience(tries=1)}
            async with Client(config, on_event=metrics.see, **options) as client:
                client._session.readers._telemetry = seen.telemetry
                for request in requests(provider):
                    try:
                        task = await client.submit(request, timeout=600, idempotency_key=f"{KEY}-{request.kind}")
                        await client.download(await client.wait(task), folder)
                        await client.generate(request, timeout=600)
                    except AnymediaError:
                        continue
                text = metrics.text(client.health())
            secrets += service.tokens
    finally:
        logger.setLevel(before)
        logger.removeHandler(records)
    formatted = logging.Formatter("%(message)s")
    told = [f"{formatted.format(each)} {vars(each)}" for each in records.all]
    told += [span.to_json() for span in seen.spans()]
    counts = seen.reader.get_metrics_data()
    told += [text, "" if counts is None else counts.to_json()]
    return told, secrets


def requests(provider):
    if provider == "openai":
        yield SpeechRequest(model="tts-1", text=PROMPT, voice="alloy", instructions=None)
    picture = Media(sample("picture.png"), name=f"{FILE}.png")
    yield ImageRequest(
        model="gpt-image-2" if provider == "openai" else "flux-2-pro",
        prompt=f"{PROMPT} and a fox",
        images=[picture],
        labels={"note": f"{FILE} of a caller"},
    )


@pytest.mark.parametrize("provider", NINE)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(FAULTS, max_size=3), words=st.lists(WORDS, max_size=2))
def test_nothing_private_is_told(provider, faults, words):
    with TemporaryDirectory() as folder:
        told, secrets = asyncio.run(everything(provider, faults, words, Path(folder)))
    assert len(told) > 2
    for private in (PROMPT, FILE, KEY, QUERY, "?", *secrets):
        assert [text for text in told if private in text] == []
