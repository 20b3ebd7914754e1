"""Two providers of nobody's that sell clips."""

import attrs

from anymedia import State, VideoRequest
from anymedia.declare import (
    Choice,
    Endpoint,
    Fault,
    File,
    Files,
    Idempotency,
    Offer,
    Param,
    Reply,
    Rule,
    Table,
    Text,
    Url,
    Whole,
    when,
)

from .acme import acme

FRAME, LAST, REFERENCE = "https://a.example/first.png", "https://a.example/last.png", "https://a.example/cat.png"


__all__ = ["FILM", "FRAME", "LAST", "REFERENCE", "VideoRequest", "studio"]

JOB = Reply(
    id="job",
    state="state",
    assets="films[]",
    failure=Fault(code="why"),
)
FILM = Offer(
    name="film-1-pro",
    model="film-1",
    kind="video",
    wire_id=when(last_frame="film-between", first_frame="film-from", images="film-like", otherwise="film"),
    path=when(images="/v1/like", otherwise="/v1/films"),
    params={
        "prompt": Param("input.prompt", Text(1, 50), required=True),
        "first_frame": Param("input.start", File()),
        "last_frame": Param("input.end", when(first_frame=File())),
        "images": Param("input.likenesses", Files(1, 3)),
        "videos": Param("input.clips", Files(1, 2)),
        "duration": Param("input.seconds", Whole(3, 15), default=5),
        "aspect_ratio": Param("input.ratio", Choice("16:9", "9:16"), default=when(first_frame=None, otherwise="16:9")),
        "resolution": Param("input.quality", Choice({"720p": "hd", "1080p": "fhd"}), default="720p"),
        "seed": Param("input.seed", Whole()),
        "callback_url": Param("hook", Url()),
    },
    rules=(Rule(when={"resolution": "1080p"}, allows={"duration": (5,)}),),
    prices=Table(
        "variant resolution",
        {
            (variant, resolution): usd
            for variant, figures in {"text": "0.40 0.80", "first_frame": "0.50 1.00", "images": "0.60 1.20"}.items()
            for resolution, usd in zip(("720p", "1080p"), figures.split(), strict=True)
        },
    ),
)
PICTURE = Offer(name="still", params={"prompt": Param("prompt", Text(1))})


def studio(name="studio", **facts):
    """Return a provider that sells clips; nobody registers it."""
    said = {
        "submit": Endpoint(method="POST", path="/v1/films", model="model", reply=JOB),
        "poll": Endpoint(method="GET", path="/v1/films/{id}", reply=JOB),
        "offers": (FILM, PICTURE),
        "states": {"waiting": State.QUEUED, "done": State.SUCCEEDED, "lost": State.FAILED},
        "idempotency": Idempotency("Idempotency-Key", window=60),
    }
    return attrs.evolve(acme(**said | facts), name=name, title=name.title())
