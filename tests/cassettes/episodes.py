"""The episodes: what is asked of each provider, what goes wrong, and what the client has to make of it."""

from collections.abc import Mapping
from typing import Any

import attrs

from anymedia import (
    AnymediaError,
    Attempt,
    BadApiKey,
    Billed,
    Client,
    Config,
    ImageRequest,
    MusicRequest,
    NoCredit,
    Outcome,
    RawRequest,
    Rejected,
    SpeechRequest,
    State,
    SubmitUncertain,
    Task,
    TaskFailed,
    VideoRequest,
)
from anymedia.clock import Clock
from anymedia.model.request import Request
from tests.verbs import run

ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED


@attrs.frozen(kw_only=True)
class End:
    """How an episode ends for the caller: a task or an error, what is billed, and the outcome of each submit."""

    kind: type[Task | AnymediaError]
    state: State | None = None
    status: int | None = None
    code: str | None = None
    billed: Billed | None = None
    money: str | None = None
    outcomes: tuple[Outcome | None, ...]


def succeeded(money: str, *before: Outcome) -> End:
    return End(kind=Task, state=State.SUCCEEDED, money=money, outcomes=(*before, ACCEPTED))


def failed(code: str | None, billed: Billed, money: str) -> End:
    return End(kind=TaskFailed, state=State.FAILED, code=code, billed=billed, money=money, outcomes=(ACCEPTED,))


def refused(error: type[AnymediaError], status: int, code: str | None) -> End:
    return End(kind=error, status=status, code=code, billed=Billed.NO, outcomes=(REFUSED,))


@attrs.frozen(kw_only=True)
class Episode:
    """One conversation: the fault that a simulator is told to have, or what is wrong with what it is sent.

    `live`: it can be had from a provider at will, and only `succeeded` is charged.
    """

    name: str
    fault: Mapping[str, Any] | None = None
    wrong_key: bool = False
    wrong_request: bool = False
    live: bool = False


EPISODES = (
    Episode(name="succeeded", live=True),
    Episode(name="failed", fault={"kind": "failed"}),
    Episode(name="refused", wrong_request=True, live=True),
    Episode(name="unauthorised", wrong_key=True, live=True),
    Episode(name="no_credit", fault={"kind": "no_credit"}),
    Episode(name="throttled", fault={"kind": "throttled", "on": "submit", "retry_after": 7}),
)


@attrs.frozen(kw_only=True)
class Script:
    """What a provider is asked, its cheapest model; what it refuses whatever its page says; how each episode ends.

    `more` is what else it makes, by the name of the episode in which it is asked for that. `lasts` is how many seconds
    it takes, so that some looks are equal; None: the answer to the submit is what was made.
    """

    request: ImageRequest
    refused: RawRequest
    ends: Mapping[str, End]
    more: Mapping[str, Request] = {}
    lasts: float | None = 9


PROMPT = "a lighthouse at dusk"
FLUX = ImageRequest(model="flux-2-pro", prompt=PROMPT, aspect_ratio="16:9", resolution="1K")
Z_IMAGE = ImageRequest(model="z-image", prompt=PROMPT, aspect_ratio="16:9")
CLIP = VideoRequest(model="kling-3.0", prompt=PROMPT, duration=3, resolution="720p", audio=False)
SONG = MusicRequest(model="suno-v5.5", lyrics="The light goes round", style="sea shanty", title="Dusk", duration=10)
NO_MODEL = {"model": "no-such-model", "prompt": PROMPT}


def ends(
    money: str,
    *,
    failure: End,
    rejected: tuple[int, str | None],
    bad_key: str | None,
    no_credit: str | None,
    no_credit_at: int = 402,
    bad_key_at: int = 401,
    **more: str,
) -> Mapping[str, End]:
    """Return how the episodes end at a provider: what a task is billed, that of `more` too, and the codes of its
    refusals."""
    return {
        "succeeded": succeeded(money),
        "failed": failure,
        "refused": refused(Rejected, *rejected),
        "unauthorised": refused(BadApiKey, bad_key_at, bad_key),
        "no_credit": refused(NoCredit, no_credit_at, no_credit),
        "throttled": succeeded(money, REFUSED),
        **{name: succeeded(each) for name, each in more.items()},
    }


SCRIPTS = {
    "api_in_one": Script(
        request=FLUX,
        refused=RawRequest("api_in_one", "/api/v1/images/generations", NO_MODEL),
        ends=ends(
            "$0.05 settled",
            failure=failed(None, Billed.NO, "$0.00 settled"),
            rejected=(400, "400"),
            bad_key="401",
            no_credit="402",
            clip="$3.00 settled",
            song="$0.12 settled",
        ),
        more={"clip": attrs.evolve(CLIP, duration=5, audio=True), "song": attrs.evolve(SONG, duration=None)},
    ),
    "fal": Script(
        request=FLUX,
        refused=RawRequest("fal", "/fal-ai/flux-2-pro", {"image_size": "landscape_4_3"}),
        ends=ends(
            "$0.03 table",
            failure=failed("request_timeout", Billed.NO, "$0.00 settled"),
            rejected=(422, "value_error"),
            bad_key=None,
            no_credit=None,
            no_credit_at=403,
            clip="$0.252 table",
            speech="~$0.0036 table",
            song="~$0.10 table",
        ),
        more={
            "clip": CLIP,
            "speech": SpeechRequest(model="elevenlabs-multilingual-v2", text=PROMPT),
            "song": MusicRequest(model="lyria-2", prompt=PROMPT),
        },
    ),
    "kie": Script(
        request=Z_IMAGE,
        refused=RawRequest("kie", "/api/v1/jobs/createTask", {"model": "no-such-model", "input": {"prompt": PROMPT}}),
        ends=ends(
            "$0.004 settled",
            failure=failed("500", Billed.NO, "$0.00 settled"),
            rejected=(200, "422"),
            bad_key="401",
            bad_key_at=200,
            no_credit="402",
            no_credit_at=200,
            clip="$0.21 settled",
            veo="~$0.30 table",
            song="$0.06 settled",
            speech="$0.03 settled",
        ),
        more={
            "clip": CLIP,
            "veo": VideoRequest(model="veo-3.1-fast", prompt=PROMPT, duration=4),
            "song": attrs.evolve(SONG, model="suno-v6"),
            "speech": SpeechRequest(model="elevenlabs-multilingual-v2", text=PROMPT, voice="Rachel"),
        },
    ),
    "reapi": Script(
        request=Z_IMAGE,
        refused=RawRequest("reapi", "/api/v1/images/generations", NO_MODEL),
        ends=ends(
            "$0.005 settled",
            failure=failed("80003", Billed.NO, "$0.00 settled"),
            rejected=(400, "20004"),
            bad_key="10003",
            no_credit="30001",
            clip="$0.231 settled",
            song="$0.06 settled",
        ),
        more={"clip": CLIP, "song": attrs.evolve(SONG, model="suno-v6")},
    ),
    "revidapi": Script(
        request=FLUX,
        refused=RawRequest("revidapi", "/paid/flux-2/create", NO_MODEL),
        ends=ends(
            "~$0.025 table",
            failure=failed("500", Billed.UNKNOWN, "~$0.025 table"),
            rejected=(422, "422"),
            bad_key="401",
            no_credit="402",
            v1="unknown None",
            speech="unknown table",
        ),
        more={
            "v1": ImageRequest(model="gpt-image-2", prompt=PROMPT, aspect_ratio="16:9"),
            "speech": SpeechRequest(model="edge-tts", text=PROMPT, voice="en-US-AriaNeural"),
        },
    ),
    "runapi": Script(
        request=Z_IMAGE,
        refused=RawRequest("runapi", "/api/v1/z_image/text_to_image", NO_MODEL),
        ends=ends(
            "$0.01 settled",
            failure=failed(None, Billed.NO, "$0.00 settled"),
            rejected=(422, None),
            bad_key=None,
            no_credit="insufficient_credits",
            clip="$0.42 settled",
            song="$0.22 settled",
            speech="$0.04 settled",
        ),
        more={"clip": CLIP, "song": SONG, "speech": SpeechRequest(model="tts-1", text=PROMPT)},
    ),
    "bfl": Script(
        request=attrs.evolve(FLUX, model="flux-2-klein-4b"),
        refused=RawRequest("bfl", "/v1/flux-2-klein-4b", {"width": 1360, "height": 768}),
        ends=ends(
            "$0.014 settled",
            failure=failed(None, Billed.UNKNOWN, "$0.00 settled"),
            rejected=(422, "value_error"),
            bad_key=None,
            bad_key_at=403,
            no_credit=None,
            clip="$0.85 settled",
        ),
        more={"clip": VideoRequest(model="flux-3-video", prompt=PROMPT, duration=5, resolution="720p")},
        lasts=5,
    ),
    "replicate": Script(
        request=FLUX,
        refused=RawRequest("replicate", "/v1/models/black-forest-labs/flux-2-pro/predictions", {"input": {}}),
        ends=ends(
            "unknown None",
            failure=failed(None, Billed.UNKNOWN, "unknown None"),
            rejected=(422, None),
            bad_key=None,
            no_credit=None,
            clip="~$0.252 table",
        ),
        more={"clip": CLIP},
        lasts=5,
    ),
    "openai": Script(
        request=ImageRequest(model="gpt-image-2", prompt=PROMPT, aspect_ratio="3:2", quality="low"),
        refused=RawRequest("openai", "/v1/images/generations", {"model": "gpt-image-2"}),
        ends=ends(
            "$0.012265 settled",
            failure=End(
                kind=SubmitUncertain,
                status=500,
                code="server_error",
                billed=Billed.UNKNOWN,
                outcomes=(Outcome.UNCERTAIN,),
            ),
            rejected=(400, "invalid_value"),
            bad_key="invalid_api_key",
            no_credit="insufficient_quota",
        ),
        lasts=None,
    ),
}


def episodes(provider: str) -> tuple[Episode, ...]:
    """Return every episode of a provider: those of all, and what else it makes."""
    script = SCRIPTS[provider]
    slow = None if script.lasts is None else {"kind": "latency", "seconds": script.lasts}
    succeeded_, *others = EPISODES
    return (attrs.evolve(succeeded_, fault=slow), *others, *(Episode(name=name) for name in script.more))


@attrs.frozen(kw_only=True)
class Played:
    """What an episode came to, and every submit on the way, as it ended."""

    came: Task | AnymediaError
    attempts: list[Attempt]

    @property
    def task(self) -> Task | None:
        """The task, whether it ended well or in an error; None when there is none."""
        return self.came if isinstance(self.came, Task) else self.came.task

    @property
    def end(self) -> End:
        """How it ended for the caller."""
        task, error = self.task, self.came if isinstance(self.came, AnymediaError) else None
        return End(
            kind=type(self.came),
            state=None if task is None else task.state,
            money=None if task is None else f"{task.money} {task.money.got}",
            status=None if error is None else error.status,
            code=None if error is None else error.code,
            billed=None if error is None else error.billed,
            outcomes=tuple(attempt.outcome for attempt in self.attempts),
        )


async def play(episode: Episode, provider: str, config: Config, clock: Clock) -> Played:
    """Run an episode through a client, whoever answers."""
    script, attempts = SCRIPTS[provider], list[Attempt]()
    request = script.refused if episode.wrong_request else script.more.get(episode.name, script.request)

    def note(event: Attempt | Task) -> None:
        if isinstance(event, Attempt) and event.outcome is not None:
            attempts.append(event)

    async with Client(config, clock=clock, on_event=note) as client:
        try:
            came: Task | AnymediaError = await run(client, request, provider)
        except AnymediaError as error:
            came = error
    return Played(came=came, attempts=attempts)
