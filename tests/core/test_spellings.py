"""What is spelled in another way is read where it means one value alone, and what is canonical stays as it is."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    ImageRequest,
    MusicRequest,
    OutOfBounds,
    RawRequest,
    SpeechRequest,
    Unsupported,
    VideoRequest,
    compare,
    explain,
    from_json,
    quote,
    to_json,
)
from anymedia.declare import Choice, Endpoint, Offer, Param, Text
from anymedia.declare.when import cases
from anymedia.model.kinds import KINDS
from anymedia.model.names import no_such
from anymedia.model.spellings import RATIOS, span
from anymedia.pricing.model_names import model_meant, of_known_model
from anymedia.registry import adapters, offers

from .acme import acme

IMAGE = ImageRequest(model="paint-1", prompt="fox")
VIDEO = VideoRequest(model="clip-1", prompt="fox")
MUSIC = MusicRequest(model="song-1", prompt="fox")
SPEECH = SpeechRequest(model="talk-1", text="fox")

READ = [
    (IMAGE, "aspect_ratio", "16:9", ["16:9", "16x9", "16X9", "16×9", "16/9", "16 : 9", " 16:9 ", "16：9", "16*9"]),
    (IMAGE, "aspect_ratio", "16:9", ["1.78", "1.77", "1.778", "1.7777", 1.78, 16 / 9, "1.78:1", "1.78x1"]),
    (IMAGE, "aspect_ratio", "9:16", ["9x16", "0.56", "0.5625", 0.5625, 9 / 16]),
    (IMAGE, "aspect_ratio", "1:1", ["1x1", "1", "1.0", "1.00", 1, 1.0]),
    (IMAGE, "aspect_ratio", "2:1", ["2", 2, "2.0", "2x1"]),
    (IMAGE, "aspect_ratio", "3:2", ["1.5", "1.50", 1.5, "1.5:1"]),
    (IMAGE, "aspect_ratio", "2:3", ["0.67", "0.66", "0.667", 2 / 3]),
    (IMAGE, "aspect_ratio", "4:3", ["1.33", "1.333", 4 / 3]),
    (VIDEO, "aspect_ratio", "21:9", ["21x9", "2.33", "2.333", 21 / 9]),
    (VIDEO, "aspect_ratio", "9:21", ["0.43", "0.42", 9 / 21]),
    (VIDEO, "aspect_ratio", "47:20", ["47:20", "47x20"]),
    (VIDEO, "aspect_ratio", "auto", ["auto", "AUTO", "Auto", " auto"]),
    (
        IMAGE,
        "size",
        (1024, 768),
        [[1024, 768], "1024x768", "1024X768", "1024×768", "1024 x 768", "1024*768"],
    ),
    (IMAGE, "resolution", "4K", ["4K", "4k", " 4k "]),
    (IMAGE, "resolution", "1K", ["1K", "1k"]),
    (VIDEO, "resolution", "4K", ["4K", "4k", "2160p", "2160P", "UHD"]),
    (VIDEO, "resolution", "1080p", ["1080p", "1080P", "1080", 1080]),
    (VIDEO, "resolution", "480p", ["480P", 480]),
    (IMAGE, "quality", "high", ["high", "High", "HIGH"]),
    (IMAGE, "background", "transparent", ["Transparent"]),
    (IMAGE, "moderation", "off", ["OFF"]),
    (IMAGE, "output_format", "jpeg", ["jpeg", "JPEG", "jpg", "JPG", "Jpg"]),
    (IMAGE, "output_format", "webp", ["WebP"]),
    (SPEECH, "output_format", "mp3", ["MP3"]),
    (MUSIC, "vocal", "female", ["Female"]),
    (VIDEO, "duration", 5, [5, "5", "5s", "5 s", "5 sec", "5 seconds", "5.0", "0m5s"]),
    (VIDEO, "duration", 90, ["90", "1m30s", "1.5m", "1 min 30 s"]),
    (VIDEO, "duration", "auto", ["auto", "AUTO"]),
    (MUSIC, "duration", 120, ["2m", "2 min", "120"]),
]


@pytest.mark.parametrize(("request_", "field", "value", "spelled"), READ)
def test_what_one_value_may_be_spelled_as(request_, field, value, spelled):
    canonical = attrs.evolve(request_, **{field: value})
    assert getattr(canonical, field) == value
    for each in spelled:
        read = attrs.evolve(request_, **{field: each})
        assert (read, to_json(read), hash(read)) == (canonical, to_json(canonical), hash(canonical)), each
        if isinstance(each, type(value)) and not isinstance(each, tuple):
            assert from_json(type(request_), {**to_json(canonical), field: each}) == canonical


RATIO, WORD = 'must be two numbers like "16:9", or "auto", not ', "must be one of "
UNREAD = [
    (IMAGE, "aspect_ratio", "1.8", RATIO + "'1.8'; did you mean 16:9 or 2:1?"),
    (IMAGE, "aspect_ratio", "2.35", RATIO + "'2.35'; did you mean 21:9?"),
    (IMAGE, "aspect_ratio", "1.34", RATIO + "'1.34'; did you mean 4:3 or 5:4?"),
    (IMAGE, "aspect_ratio", 1.9, RATIO + "1.9; did you mean 2:1 or 16:9?"),
    (IMAGE, "aspect_ratio", "1024x768", RATIO + "'1024x768'; a width and a height in pixels are a size"),
    (IMAGE, "aspect_ratio", "wide", RATIO + "'wide'"),
    (IMAGE, "aspect_ratio", 10**5, RATIO + "100000"),
    (IMAGE, "quality", "hihg", WORD + "low, medium, high, auto, not 'hihg'; did you mean high?"),
    (IMAGE, "output_format", "jpegg", WORD + "png, jpeg, webp, not 'jpegg'; did you mean jpeg?"),
    (IMAGE, "resolution", "8K", WORD + "1K, 2K, 4K, not '8K'"),
    (IMAGE, "resolution", "1080p", WORD + "1K, 2K, 4K, not '1080p'"),
    (VIDEO, "resolution", "2K", WORD + "480p, 720p, 1080p, 4K, not '2K'"),
    (VIDEO, "duration", 0, 'must be whole seconds from 1 to 86400, like 5, or "auto", not 0'),
    (VIDEO, "duration", "5.5", "must be whole seconds from 1 to 86400, like 5, or \"auto\", not '5.5'"),
    (MUSIC, "duration", "auto", "must be whole seconds from 1 to 86400, not 'auto'"),
    (VIDEO, "duration", "long", "must be whole seconds from 1 to 86400, like 5, or \"auto\", not 'long'"),
]


@pytest.mark.parametrize(("request_", "field", "value", "message"), UNREAD)
def test_what_may_be_several_values_is_refused_with_their_names(request_, field, value, message):
    with pytest.raises(OutOfBounds) as caught:
        attrs.evolve(request_, **{field: value})
    assert [str(problem) for problem in caught.value.problems] == [f"{field}: {message}"]


FORMS = {(kind, name): form for kind, request in KINDS.items() for name, form in request.roles.forms.items()}
SPELLED = [form for form in FORMS.values() if form.read is not None]
TEXTS = st.text(alphabet="0123456789xX×:/. pPkKsSmMhauto", max_size=8) | st.sampled_from(
    [each for *_, spelled in READ for each in spelled if isinstance(each, str)]
)
VALUES = TEXTS | st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2) | st.none()


@given(st.sampled_from(SPELLED), VALUES)
def test_reading_never_changes_what_fits_and_ends_where_it_begins(form, value):
    read = form.canonical(value)
    assert form.canonical(read) is read
    if form.fits(value):
        assert read is value
    elif read is not value:
        assert form.fits(read)


@given(st.sampled_from(SPELLED), st.data())
def test_letters_and_blanks_change_no_word(form, data):
    word = data.draw(st.sampled_from(form.words or ("auto", "16:9", "9:21")))
    spelled = data.draw(st.sampled_from([word.upper(), word.lower(), word.title(), f" {word}\n"]))
    if form.fits(word):
        assert form.canonical(spelled) == word


def test_every_word_of_an_offer_stays_and_every_ratio_has_a_decimal():
    for _, offer in offers():
        for field, param in offer.params.items():
            words = [word for each in cases(param.takes) if isinstance(each, Choice) for word in each.wire]
            form = FORMS[offer.kind, field]
            assert [word for word in words if not form.fits(word)] == [], (offer.name, field)
            assert [form.canonical(word) for word in words] == words
            if field == "aspect_ratio":
                assert {*words} <= {"auto", *RATIOS}, offer.name
    for name in RATIOS:
        across, down = map(int, name.split(":"))
        decimals = (across / down, f"{across / down:.2f}", f"{across / down:.4f}")
        assert [attrs.evolve(IMAGE, aspect_ratio=each).aspect_ratio for each in decimals] == [name] * 3


TIMES = {
    "90": 90, "90s": 90, "5m": 300, "1h30m": 5400, "1h 30 min": 5400, "2 days": 172_800, "1.5h": 5400, "0.5": 0.5,
    "1w2d": 777_600, " 10 secs ": 10, "2HOURS": 7200, "0.1s": 0.1, "3 hrs": 10_800, "0": 0,
}  # fmt: skip


@pytest.mark.parametrize("text", [*TIMES, "", "m", "30m1h", "1e3", "-5", "5m3", "1:30", "s5", "٣s", "inf", "5 y"])
def test_a_time(text):
    assert span(text) == TIMES.get(text)
    assert type(span(text)) is type(TIMES.get(text))


# Names of models

EVERY = [*adapters().values()]
MODELS = sorted({offer.model for adapter in EVERY for offer in adapter.offers})


def selling(*models):
    """Return a provider that sells pictures under these names."""
    params = {"prompt": Param("prompt", Text(), required=True)}
    made = Endpoint(method="POST", path="/v1")
    return acme(submit=made, offers=tuple(Offer(name=name, params=params) for name in models))


@given(st.sampled_from(MODELS), st.sampled_from(["-", "_", " ", "  ", " - "]), st.sampled_from([str.upper, str.title]))
def test_a_model_is_meant_in_any_letters(model, between, letters):
    spelled = letters(model.replace("-", between))
    assert model_meant(spelled, EVERY) == model_meant(model, EVERY) == model
    assert model_meant(f" {spelled}\n", EVERY) == model


@pytest.mark.parametrize("name", ["flux-2-por", "flux2pro", "flux-2", "flux.2-pro", "", "-"])
def test_what_spells_no_model_stays_as_it_is(name):
    assert model_meant(name, EVERY) == name


def test_where_names_differ_in_letters_alone_one_of_them_is_to_be_given():
    sells = [selling("Fox", "fox", "owl")]
    assert [model_meant(name, sells) for name in ("Fox", "fox", "OWL")] == ["Fox", "fox", "owl"]
    with pytest.raises(Unsupported, match=r"^model: 'FOX' may be Fox or fox: give the one that is meant, letter by"):
        model_meant("FOX", sells)
    assert no_such("model", "FOX", ["Fox", "fox"]).endswith("did you mean Fox or fox?")


def test_a_request_in_other_letters_is_the_same_request_everywhere():
    asked = ImageRequest(model="flux-2-pro", prompt="a fox", aspect_ratio="16:9", resolution="1K")
    spelled = ImageRequest(model="FLUX_2 Pro", prompt="a fox", aspect_ratio="1.78", resolution="1k")
    assert explain(spelled) == explain(asked)
    assert quote(spelled, "reapi", "runapi") == quote(asked, "reapi", "runapi")
    assert compare(spelled, "reapi", "runapi") == compare(asked, "reapi", "runapi")
    raw = RawRequest("reapi", "/v1/x", {"model": "FLUX_2 Pro"})
    assert of_known_model(raw, EVERY) is raw
    assert of_known_model(asked, EVERY) is asked
    assert of_known_model(spelled, EVERY) == asked
