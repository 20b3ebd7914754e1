"""A small kind of request that the library does not have, and two providers of nobody's that sell it."""

from typing import ClassVar

import attrs

from anymedia import Kind, Problem, Request, State
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
from anymedia.model.forms import COUNT, FILE, FILES, RATIO, TEXT, WHOLE, Role, files, holds, one_of
from anymedia.model.media import Media, put_in

from .acme import acme

FRAME, LAST, REFERENCE = "https://a.example/first.png", "https://a.example/last.png", "https://a.example/cat.png"


@attrs.frozen(kw_only=True)
class VideoRequest(Request):
    """One clip, or `count` of them."""

    kind: ClassVar[Kind] = Kind.VIDEO

    prompt: str = attrs.field(metadata=holds(TEXT, Role.SUBJECT, Role.TEXT, Role.FREE))
    first_frame: str | Media | None = attrs.field(
        default=None, converter=put_in, metadata=holds(FILE, Role.INPUT, Role.FREE)
    )
    last_frame: str | Media | None = attrs.field(
        default=None, converter=put_in, metadata=holds(FILE, Role.SUBJECT, Role.FREE)
    )
    images: tuple[str | Media, ...] = attrs.field(
        default=(), converter=files, metadata=holds(FILES, Role.INPUT, Role.FREE)
    )
    videos: tuple[str | Media, ...] = attrs.field(default=(), converter=files, metadata=holds(FILES, Role.SUBJECT))
    duration: int | None = attrs.field(default=None, metadata=holds(WHOLE, Role.LOOK))
    aspect_ratio: str | None = attrs.field(default=None, metadata=holds(RATIO, Role.SHAPE, Role.LOOK))
    resolution: str | None = attrs.field(default=None, metadata=holds(one_of(("720p", "1080p")), Role.SHAPE, Role.LOOK))
    count: int | None = attrs.field(default=None, metadata=holds(COUNT))
    seed: int | None = attrs.field(default=None, metadata=holds(WHOLE, Role.FREE))

    def conflicts(self):
        if self.first_frame and self.images:
            yield Problem(field="images", message="frames exclude references", documented=False)
        if self.last_frame and not self.first_frame:
            yield Problem(field="last_frame", message="a last frame needs a first", documented=False)


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
