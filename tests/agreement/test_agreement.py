"""Two readings of each page: what check passes, the simulator takes, and what check refuses, the simulator does too.

Adapters and simulators share nothing, so a disagreement is an error of one of them; the page decides which.
"""

import pytest

from anymedia import ImageRequest
from anymedia.declare.when import cases, pick
from anymedia.model.vocabulary import Kind
from anymedia.registry import offers
from anymedia.simulators.inputs import FILMS, SOUNDS
from anymedia.translate.check import check
from anymedia.translate.encode import parts

OFFERS = {f"{adapter.name}/{offer.name}": (adapter, offer) for adapter, offer in offers() if offer.kind is Kind.IMAGE}
"""Of every other kind the shipped suite tries what an offer declares."""

RATIOS = (
    "auto",
    "1:1",
    "16:9",
    "9:16",
    "4:3",
    "3:4",
    "3:2",
    "2:3",
    "5:4",
    "4:5",
    "2:1",
    "1:2",
    "21:9",
    "9:21",
    "3:1",
    "7:3",
    "1:4",
    "8:1",
)
SIZES = ((1024, 1024), (2048, 1152), (1536, 864), (1000, 1000), (3840, 2160))

LENGTHS = (12, 0, 1, 2, 3, 4, 999, 1000, 1001, 4000, 4001, 5000, 5001)
PROMPTS = [letter * length for length in LENGTHS for letter in ("a", "é", "狐", "🦊")]
COUNTS = (0, 0, 0, 1, 1, 2, 8, 9, 16, 17)
LINKS = [tuple([f"{scheme}://pictures.example/x.png"] * count) for count in COUNTS for scheme in ("https", "http")]


def links_of(offer, field, links):
    """Return the links that may be given; none where a field takes files alone, or the offer has none such."""
    takes = pick(offer.params[field].takes, ("images",)) if field in offer.params else None
    return links if takes is None or "url" in takes.forms else links[:1]


def request_of(offer, dice):
    plain = [{}] * len(RATIOS)
    shape = dice.of([*plain, *({"aspect_ratio": ratio} for ratio in RATIOS), *({"size": size} for size in SIZES)])
    return ImageRequest(
        model=offer.model,
        prompt=dice.of(PROMPTS),
        images=dice.of(links_of(offer, "images", LINKS)),
        resolution=dice.of((None, "1K", "2K", "4K")),
        count=dice.of((None, None, None, 1, 2, 4, 5)),
        quality=dice.of((None, "low", "medium", "high", "auto")),
        background=dice.of((None, "auto", "opaque", "transparent")),
        moderation=dice.of((None, "off", "low", "standard")),
        mask=dice.of(links_of(offer, "mask", (None, None, None, "https://pictures.example/mask.png"))),
        seed=dice.of((None, 0, 7)),
        callback_url=dice.of((None, "https://app.example/done")),
        **shape,
    )


@pytest.mark.parametrize("name", OFFERS)
def test_check_passes_exactly_where_the_simulator_answers_yes(name, ask, thrown):
    adapter, offer = OFFERS[name]
    seen = {True: 0, False: 0, "not expressible": 0}

    def hold(dice):
        request = request_of(offer, dice)
        # What the offer does not have never reaches the wire, so there is nothing to compare: it is left out.
        checked = check(request, adapter, offer, on_unsupported="drop")
        forced = check(request, adapter, offer, on_unsupported="drop", limits=False)
        if forced.problems:
            seen["not expressible"] += 1
            return
        for part in parts(forced):
            yes = ask.takes(adapter, forced.path, part.body)
            seen[yes] += 1
            assert yes == (not checked.problems), (
                checked.problems,
                forced.given,
                ask(adapter, forced.path, part.body).body,
            )

    number = thrown(hold, len(OFFERS))
    assert min(seen[True], seen[False]) > number / 50, seen


CLIPS = {f"{adapter.name}/{offer.name}": offer for adapter, offer in offers() if offer.kind is Kind.VIDEO}
SEEDANCE_AT_KIE = (("video/mp4", "video/quicktime"), ("audio/wav", "audio/mpeg"))
TOLD = {
    **{f"kie/seedance-2.{version}": SEEDANCE_AT_KIE for version in ("0", "0-fast", "0-mini", "5")},
    "bfl/flux-3-video": (("video/mp4",), SOUNDS.types),
}
"""The types of films and of sounds that a page names; where it names none, those that the simulators know are taken."""


@pytest.mark.parametrize("name", CLIPS)
def test_films_and_sounds_of_the_types_that_the_simulators_take_and_no_others(name):
    films, sounds = TOLD.get(name, (FILMS.types, SOUNDS.types))
    params = CLIPS[name].params
    for field, types in (("video", films), ("videos", films), ("audios", sounds)):
        for takes in cases(params[field].takes) if field in params else []:
            assert set(takes.types) == set(types)
