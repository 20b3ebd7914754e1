"""The price tables of the pages, cell by cell: what each clip, song and picture is quoted at, and how sure that is."""

from decimal import Decimal

import pytest

from anymedia import SpeechRequest, quote
from anymedia.config import default_account
from anymedia.model.kinds import KINDS
from anymedia.pricing.offers import candidates
from anymedia.registry import adapters, offers

from .rows import ABOUT, ESTIMATE, EXACT, UNKNOWN, Cell, cents, every_row, flat, per_second
from .test_prices import OFFICIAL, PRINTED

PROMPT, PICTURE, FILM = "a fox", "https://img.example/1.png", "https://img.example/1.mp4"


KLING = {"720p": ".077 .11", "1080p": ".099 .1485", "4K": ".3685 .3685"}
SEEDANCE = {"480p": ".079816", "720p": ".171776", "1080p": ".3872", "4K": ".817559"}
SEEDANCE_FAST = {"480p": ".06424", "720p": ".13816"}
# A source of up to 15 s is billed too.
WITH_FILM = {"480p": ".0484", "720p": ".10384", "1080p": ".23496", "4K": ".503112"}
FAST_WITH_FILM = {"480p": ".03828", "720p": ".08272"}

REAPI = [
    *per_second("reapi/kling-3-0", "audio", (False, True), KLING),
    *per_second("reapi/kling-3-0", "audio", (False, True), KLING, first_frame=PICTURE),
    *per_second("reapi/doubao-seedance-2.0", "audio", (False,), SEEDANCE),
    *per_second("reapi/doubao-seedance-2.0", "audio", (True,), SEEDANCE, images=(PICTURE,)),
    *per_second("reapi/doubao-seedance-2.0", None, (None,), SEEDANCE, first_frame=PICTURE),
    *per_second("reapi/doubao-seedance-2.0", None, (None,), WITH_FILM, beyond=15, status=ESTIMATE, videos=(FILM,)),
    *per_second("reapi/doubao-seedance-2.0-fast", None, (None,), SEEDANCE_FAST),
    *per_second(
        "reapi/doubao-seedance-2.0-fast", None, (None,), FAST_WITH_FILM, beyond=15, status=ESTIMATE, videos=(FILM,)
    ),
    *per_second("reapi/wan2.7-video", None, (None,), {"720p": "?", "1080p": ".1206"}),
    *flat("reapi/veo3.1-fast", {None: ".189", "720p": ".189", "1080p": ".189", "4K": ".66"}),
    *flat("reapi/veo3.1-fast-official", {None: "?", "4K": "?"}),
    *flat("reapi/suno-v6", {None: ".06"}),
    *flat("reapi/suno-v5.5", {None: ".06"}),
    *flat("reapi/gemini-3.1-flash-image-preview", {None: ".0315", "1K": ".0315", "2K": ".0477", "4K": ".0711"}),
    *flat("reapi/gemini-3.1-flash-image-preview-official", {"1K": ".05896", "2K": ".08888", "4K": ".13288"}),
    *flat("reapi/gemini-3-pro-image-preview", {None: ".0414", "1K": ".0414", "2K": ".0414", "4K": ".045"}),
    *flat("reapi/gemini-3-pro-image-preview-official", {"1K": ".12328", "2K": ".12328", "4K": ".2208"}),
    *flat("reapi/nano-banana-2-lite", {None: ".02"}),
    *flat("reapi/doubao-seedream-5-0-lite", {None: ".0308", "2K": ".0308"}),
    *flat("reapi/imagen-4-0", {None: ".046"}),
    *flat("reapi/qwen-image-2", {None: ".0308"}),
]

API_IN_ONE = [
    # The one cell that its page gives.
    Cell("api_in_one/kling-3", {}, Decimal(3), Decimal(3), EXACT),
    *per_second(
        "api_in_one/kling-3",
        "audio",
        (False, True),
        {"720p": "? .60", "1080p": "? ?"},
        seconds=(5,),
        billed=cents,
    ),
    *per_second("api_in_one/kling-3", "audio", (False, True), {"720p": "? ?"}, seconds=(3, 15)),
    *flat("api_in_one/chirp-v5-5", {None: ".12"}, billed=cents, status=ESTIMATE),
    *flat("api_in_one/imagen4-fast", {None: ".04"}, billed=cents),
    *flat("api_in_one/imagen4", {None: ".08"}, billed=cents),
    *flat("api_in_one/imagen4-ultra", {None: ".12"}, billed=cents),
]

# By the second: the page names no unit, so that each figure is an estimate until the provider is asked.
A_SECOND = {"billed": cents, "status": ESTIMATE}
RUNAPI = [
    *per_second(
        "runapi/kling-3.0",
        "audio",
        (False, True),
        {"720p": ".14 .20", "1080p": ".18 .27", "4K": ".67 .67"},
        **A_SECOND,
    ),
    *(
        cell
        for made_of in ({}, {"first_frame": PICTURE}, {"images": (PICTURE,)})
        for cell in per_second(
            "runapi/seedance-2.0",
            None,
            (None,),
            {"480p": ".19", "720p": ".41", "1080p": "1.02", "4K": "2.08"},
            **A_SECOND,
            **made_of,
        )
    ),
    *per_second(
        "runapi/seedance-2.0",
        None,
        (None,),
        {"480p": ".115", "720p": ".25", "1080p": ".62"},
        **A_SECOND,
        beyond=15,
        videos=(FILM,),
    ),
    *per_second("runapi/seedance-2.0-fast", None, (None,), {"480p": "?", "720p": "?"}, billed=cents),
    *per_second("runapi/seedance-2.5", None, (None,), {"720p": "?"}, billed=cents),
    *per_second("runapi/wan-2.7", None, (None,), {"720p": ".16", "1080p": ".24"}, **A_SECOND),
    *flat("runapi/veo-3.1-fast", {None: ".60"}, billed=cents),
    *flat("runapi/suno-v5.5", {None: ".22"}, billed=cents),
    *flat("runapi/suno-v6", {None: "?"}, billed=cents),
    *flat("runapi/nano-banana-2", {"1K": ".08", "2K": ".12", "4K": ".18"}, billed=cents),
    *flat("runapi/nano-banana-2-lite", {None: ".03"}, billed=cents),
    *flat("runapi/nano-banana-pro", {"1K": ".18", "2K": ".18", "4K": ".24"}, billed=cents),
    *flat("runapi/seedream-4.5", {None: ".07", "4K": ".07"}, billed=cents),
    *flat("runapi/seedream-5-lite", {None: ".06", "4K": ".06"}, billed=cents),
    *flat("runapi/imagen-4", {None: ".08"}, billed=cents),
    *flat("runapi/imagen-4-fast", {None: ".04"}, billed=cents),
    *flat("runapi/imagen-4-ultra", {None: ".12"}, billed=cents),
    *flat("runapi/qwen-2", {None: "?"}, billed=cents),
    *(
        cell
        for length, usd in ((1, ".04"), (1000, ".04"), (1001, ".08"), (4096, ".20"))
        for cell in flat("runapi/tts-1", {None: usd}, **A_SECOND, text="x" * length)
    ),
    *flat("runapi/text-to-speech-multilingual-v2", {None: "?"}, billed=cents, voice="Rachel"),
    *flat("runapi/gemini-3.1-flash-tts", {None: "?"}, billed=cents, voice="Kore"),
]

REVIDAPI = [
    *flat("revidapi/nano-banana-pro", {None: ".09", "1K": ".09", "2K": ".09", "4K": ".12"}, billed=cents, status=ABOUT),
    *flat("revidapi/seedream-4.5", {None: ".032", "4K": ".032"}, billed=cents, status=ABOUT),
    *flat("revidapi/gpt-image-2", {None: "?"}, billed=cents),
    *flat("revidapi/edge-tts", {None: "?"}, billed=cents),
]

CELLS = [*REAPI, *API_IN_ONE, *RUNAPI, *REVIDAPI, *every_row("CELLS")]


def shown(value):
    return f"{len(value)} characters" if isinstance(value, str) and len(value) > 99 else str(value)


def money(cell):
    provider, _, name = cell.name.partition("/")
    offer = adapters()[provider].offer(name)
    kind = KINDS[offer.kind]
    words = {"text": PROMPT} if kind is SpeechRequest else {"prompt": PROMPT}
    request = kind(model=offer.model, **words | cell.fields)
    account = default_account(adapters()[provider], {})
    (found,) = candidates(request, [account], offer=cell.name)  # of no day: a price stands beyond its offer's end
    assert (found.name, found.checked.problems) == (cell.name, ())
    return found.money


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.name} {' '.join(map(shown, cell.fields.values()))}")
def test_each_figure_comes_out(cell):
    got = money(cell)
    assert (got.status, got.list_usd, got.usd) == (cell.status, cell.list_usd, cell.usd)
    assert bool(got.reason) == (cell.status is not EXACT)


def test_seconds_that_nobody_gave_are_the_default():
    assert money(Cell("reapi/kling-3-0", {}, None, None, EXACT)).usd == Decimal("0.495")  # 1080p, 5 s, silent


def test_what_no_page_names_is_sent_and_quoted_as_sent():
    for name, fields, usd in (
        ("runapi/kling-3.0", {}, "0.70"),  # 5 s at 720p, silent
        ("runapi/seedance-2.0", {"videos": (FILM,)}, "5.00"),
        ("runapi/wan-2.7", {"images": (PICTURE,)}, "0.80"),
    ):
        assert money(Cell(name, fields, None, None, ESTIMATE)).usd == Decimal(usd)


@pytest.mark.parametrize(("length", "credits"), [(1, 10), (1000, 10), (1001, 20)])
def test_speech_costs_credits_by_the_thousand(length, credits):
    (found,) = quote(SpeechRequest(model="edge-tts", text="x" * length), "revidapi")
    assert (found.money.credits, found.money.usd, found.money.status) == (credits, None, UNKNOWN)


def test_a_film_of_several_shots_has_no_price():
    for name in ("reapi/kling-3-0", "api_in_one/kling-3", "runapi/kling-3.0"):
        extra = {name.partition("/")[0]: {"multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": 12}]}}
        assert money(Cell(name, {"extra": extra}, None, None, UNKNOWN)).status is UNKNOWN


def test_every_offer_with_prices_is_spoken_of():
    told = {cell.name.partition("/")[0] for cell in CELLS}
    sold = [(adapter, offer) for adapter, offer in offers() if adapter.name in told and offer.prices is not None]
    there = {cell.name for cell in CELLS} | {row[0] for row in PRINTED} | {OFFICIAL}
    assert {f"{adapter.name}/{offer.name}" for adapter, offer in sold} - there == set()
