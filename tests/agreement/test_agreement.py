"""Two readings of each page: what check passes, the simulator takes, and what check refuses, the simulator does too.

Adapters and simulators share nothing, so a disagreement is an error of one of them; the page decides which.
"""

from urllib.parse import urlsplit

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anymedia import ImageRequest
from anymedia.check import check
from anymedia.encode import parts, submit, submit_path
from anymedia.registry import offers
from anymedia.simulators import services
from anymedia.simulators.message import Request

SERVICES = {name: service(clock=lambda: 1_800_000_000.0, balance=10**12) for name, service in services().items()}
OFFERS = {f"{adapter.name}/{offer.name}": (adapter, offer) for adapter, offer in offers()}

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
)
SIZES = ((1024, 1024), (2048, 1152), (1536, 864), (1000, 1000), (3840, 2160))

KNOWN = {
    # Accepted and then ignored, which is refused here unless the caller asks for it to be dropped.
    "reapi/gpt-image-2-official: background": "transparent is silently downgraded",
}
"""Where the two differ on purpose, and why."""


LENGTHS = (0, 1, 2, 3, 4, 999, 1000, 1001, 4000, 4001, 5000, 5001)
PROMPTS = [letter * length for length in LENGTHS for letter in ("a", "é", "狐", "🦊")]
COUNTS = (0, 0, 0, 1, 1, 2, 8, 9, 16, 17)
LINKS = [tuple([f"{scheme}://pictures.example/x.png"] * count) for count in COUNTS for scheme in ("https", "http")]


def maybe(values):
    return st.none() | st.sampled_from(values)


def requests(model):
    shape = st.one_of(
        st.fixed_dictionaries({"aspect_ratio": maybe(RATIOS)}), st.fixed_dictionaries({"size": maybe(SIZES)})
    )
    rest = st.fixed_dictionaries(
        {
            "prompt": st.sampled_from(PROMPTS),
            "images": st.sampled_from(LINKS),
            "resolution": maybe(("1K", "2K", "4K")),
            "count": maybe((1, 2, 4, 5)),
            "quality": maybe(("low", "medium", "high", "auto")),
            "background": maybe(("auto", "opaque", "transparent")),
            "moderation": maybe(("off", "low", "standard")),
            "mask": maybe(("https://pictures.example/mask.png",)),
            "seed": maybe((0, 7)),
            "callback_url": maybe(("https://app.example/done",)),
        }
    )
    return st.tuples(shape, rest).map(lambda both: ImageRequest(model=model, **both[0], **both[1]))


def answer(adapter, checked):
    """Return what the simulator answers to the first body of a request."""
    service = SERVICES[adapter.name]
    service.tasks.clear()
    call = submit(adapter, adapter.base_url, submit_path(checked), parts(checked)[0].body, None)
    headers = {**call.headers, adapter.auth.name: adapter.auth.prefix + service.api_key}
    return service.answer(Request(call.method, urlsplit(call.url).path, {}, headers, call.body))


@pytest.mark.parametrize("name", OFFERS)
def test_check_passes_exactly_where_the_simulator_answers_yes(name):
    adapter, offer = OFFERS[name]
    seen = {"passed": 0, "refused": 0, "not expressible": 0}

    @settings(max_examples=1000, deadline=None, database=None, derandomize=True)
    @given(requests(offer.model))
    @example(ImageRequest(model=offer.model, prompt="a lighthouse"))
    @example(ImageRequest(model=offer.model, prompt="a lighthouse", images=("https://pictures.example/x.png",)))
    def hold(request):
        # What the offer does not have never reaches the wire, so there is nothing to compare: it is left out.
        checked = check(request, adapter, offer, on_unsupported="drop")
        forced = check(request, adapter, offer, on_unsupported="drop", limits=False)
        if forced.problems:
            seen["not expressible"] += 1
            return
        response = answer(adapter, forced)
        yes = 200 <= response.status < 300
        seen["passed" if yes else "refused"] += 1
        assert yes == (not checked.problems), (checked.problems, forced.request, response.body)

    hold()
    assert min(seen["passed"], seen["refused"]) > 20, seen


def test_what_is_accepted_and_not_honoured_is_told_apart():
    adapter, offer = OFFERS["reapi/gpt-image-2-official"]
    request = ImageRequest(model="gpt-image-2", prompt="a fox", background="transparent")
    (problem,) = check(request, adapter, offer).problems
    assert f"{adapter.name}/{offer.name}: {problem.field}" in KNOWN
    raw = attrs.evolve(request, background=None, extra={"reapi": {"background": "transparent"}})
    assert answer(adapter, check(raw, adapter, offer)).status == 200
