"""Every price that a page prints is what is quoted, and what no page prints is never a figure."""

from decimal import Decimal
from math import ceil

import pytest

from anymedia import ImageRequest, quote
from anymedia.config import default_account
from anymedia.model.money import PriceStatus
from anymedia.pricing.offers import candidates
from anymedia.registry import adapters

ONE = "https://img.example/1.png"
EXACT, ABOUT, ESTIMATE, UNKNOWN = PriceStatus.EXACT, PriceStatus.APPROXIMATE, PriceStatus.ESTIMATE, PriceStatus.UNKNOWN
OFFICIAL = "reapi/gpt-image-2-official"

# USD an image by ratio and resolution: low, medium, high. Printed for landscape, and the same for portrait.
CELLS = {
    ("1:1", "1K"): ("0.0048", "0.0424", "0.1688"),
    ("1:1", "2K"): ("0.01912", "0.1688", "0.6736"),
    ("16:9", "1K"): ("0.00608", "0.0536", "0.2136"),
    ("16:9", "2K"): ("0.0108", "0.0952", "0.3792"),
    ("16:9", "4K"): ("0.03792", "0.3344", "1.3328"),
    ("2:1", "1K"): ("0.0096", "0.0848", "0.3376"),
    ("2:1", "2K"): ("0.01648", "0.1456", "0.58"),
    ("2:1", "4K"): ("0.03368", "0.2976", "1.1848"),
    ("21:9", "1K"): ("0.00792", "0.0704", "0.28"),
    ("21:9", "2K"): ("0.01416", "0.1248", "0.4984"),
    ("21:9", "4K"): ("0.02896", "0.256", "1.0176"),
    ("3:2", "1K"): ("0.0072", "0.0632", "0.252"),
    ("3:2", "2K"): ("0.01272", "0.112", "0.4472"),
    ("4:3", "1K"): ("0.0036", "0.032", "0.1272"),
    ("4:3", "2K"): ("0.0144", "0.1272", "0.5064"),
    ("5:4", "1K"): ("0.006", "0.0528", "0.2104"),
    ("5:4", "2K"): ("0.02392", "0.2112", "0.8424"),
}
QUALITIES = ("low", "medium", "high")
EACH = [
    (ratio, resolution, quality, Decimal(usd))
    for (printed, resolution), row in CELLS.items()
    for ratio in dict.fromkeys((printed, ":".join(reversed(printed.split(":")))))
    for quality, usd in zip(QUALITIES, row, strict=True)
]
DEAREST = {
    (resolution, quality): max(usd for _, each, word, usd in EACH if (each, word) == (resolution, quality))
    for resolution in ("1K", "2K", "4K")
    for quality in QUALITIES
}


def wanted(name, **fields):
    provider, _, sold = name.partition("/")
    return ImageRequest(model=adapters()[provider].offer(sold).model, prompt="a fox", **fields)


def money(name, **fields):
    (found,) = quote(wanted(name, **fields), name.partition("/")[0], offer=name)
    assert (found.offer, found.status) == (name, found.money.status)  # it is not refused
    return found.money


def tasks(name, limits=True, **fields):
    account = default_account(adapters()[name.partition("/")[0]], {})
    (found,) = candidates(wanted(name, **fields), [account], offer=name, limits=limits)
    assert found.checked.problems == ()
    return found.prices


def whole(usd, count=1):
    """Return what so many images at reAPI are billed: whole credits of a tenth of a cent for each task."""
    batches = [4] * (count // 4) + [count % 4] * (count % 4 > 0)
    return sum(Decimal(ceil(usd * batch * 1000)) for batch in batches)


def test_the_table_above_is_the_page_s():
    assert sum(len(row) for row in CELLS.values()) == 51
    assert (DEAREST["1K", "high"], DEAREST["2K", "low"]) == (Decimal("0.3376"), Decimal("0.02392"))


@pytest.mark.parametrize(("ratio", "resolution", "quality", "usd"), EACH)
def test_every_cell_and_every_count_of_gpt_image_2_official(ratio, resolution, quality, usd):
    for count in range(1, 10):
        got = money(OFFICIAL, aspect_ratio=ratio, resolution=resolution, quality=quality, count=count)
        assert (got.status, got.credits, got.usd) == (EXACT, whole(usd, count), whole(usd, count) / 1000)
        assert (got.list_usd, got.date, got.got) == (usd * count, "2026-07-28", "table")


def test_the_ceiling_is_taken_in_decimals():
    # In binary, 0.28 × 3 × 1000 is a little above 840, which would be billed as 841.
    assert money(OFFICIAL, aspect_ratio="21:9", resolution="1K", quality="high", count=3).credits == 840


@pytest.mark.parametrize("quality", [None, "auto"])
def test_the_default_and_automatic_quality_bill_as_high(quality):
    assert money(OFFICIAL, quality=quality).credits == whole(Decimal("0.1688"))
    assert money(OFFICIAL, quality=quality, aspect_ratio="9:16", resolution="4K").usd == Decimal("1.333")


@pytest.mark.parametrize(("resolution", "quality"), [key for key in DEAREST if key[0] != "4K"])
def test_an_automatic_size_bills_as_the_dearest_and_that_is_exact(resolution, quality):
    for images in ((), (ONE,)):
        got = money(OFFICIAL, aspect_ratio="auto", resolution=resolution, quality=quality, images=images)
        assert (got.status, got.list_usd, got.reason) == (EXACT, DEAREST[resolution, quality], None)


@pytest.mark.parametrize(("resolution", "quality"), [key for key in DEAREST if key[0] != "4K"])
def test_an_edit_without_a_size_is_an_estimate_at_the_dearest(resolution, quality):
    got = money(OFFICIAL, resolution=resolution, quality=quality, images=(ONE,), count=2)
    assert (got.status, got.list_usd) == (ESTIMATE, DEAREST[resolution, quality] * 2)
    assert "first image" in got.reason


def test_a_size_in_pixels_has_no_price():
    # Not even one that the page prints a ratio for: it is snapped, and nobody says to what.
    for size in ((1024, 1024), (1000, 700)):
        got = money(OFFICIAL, size=size, quality="low")
        assert (got.status, got.usd, got.credits) == (UNKNOWN, None, None)
        assert "in pixels" in got.reason


PRINTED = [
    # reAPI bills whole credits, RevidAPI prints about so many USD, RunAPI cents.
    ("reapi/flux-2", {"1K": ("0.028", "0.0275", 28), "2K": ("0.039", "0.0385", 39)}, EXACT, "2026-07-28"),
    ("reapi/flux-2-flex", {"1K": ("0.077", "0.077", 77), "2K": ("0.132", "0.132", 132)}, EXACT, "2026-07-28"),
    (
        "reapi/gpt-image-2",
        {"1K": ("0.03", "0.03", 30), "2K": ("0.05", "0.05", 50), "4K": ("0.08", "0.08", 80)},
        *(EXACT, "2026-07-28"),
    ),
    ("api_in_one/flux-2-pro", {"1K": ("0.05", "0.05", 5), "2K": ("0.07", "0.07", 7)}, EXACT, "2026"),
    ("api_in_one/flux-2-flex", {"1K": ("0.14", "0.14", 14), "2K": ("0.24", "0.24", 24)}, EXACT, "2026"),
    ("revidapi/flux-2-pro", {"1K": ("0.025", "0.025", 10), "2K": ("0.035", "0.035", 15)}, ABOUT, None),
    ("revidapi/flux-2-flex", {"1K": ("0.07", "0.07", 25), "2K": ("0.12", "0.12", 40)}, ABOUT, None),
    ("runapi/flux-2-pro", {"1K": ("0.05", "0.05", None), "2K": ("0.07", "0.07", None)}, EXACT, "2026-07-23"),
    ("runapi/flux-2-flex", {"1K": ("0.14", "0.14", None), "2K": ("0.24", "0.24", None)}, EXACT, "2026-07-23"),
    (
        "runapi/gpt-image-2",
        {"1K": ("0.06", "0.06", None), "2K": ("0.1", "0.1", None), "4K": ("0.16", "0.16", None)},
        *(EXACT, "2026-07-23"),
    ),
    ("reapi/z-image", {None: ("0.005", "0.0044", 5)}, EXACT, "2026-07-28"),
    ("runapi/z-image", {None: ("0.01", "0.01", None)}, EXACT, "2026-07-23"),
]


@pytest.mark.parametrize(("name", "rows", "status", "date"), PRINTED)
def test_the_other_printed_prices(name, rows, status, date):
    for resolution, figures in rows.items():
        usd, list_usd, credits = (None if each is None else Decimal(each) for each in figures)
        ratio = "16:9" if resolution == "4K" else None
        for count in (1, 3):
            got = money(name, resolution=resolution, aspect_ratio=ratio, count=count)
            assert got.usd == usd * count
            assert got.list_usd == list_usd * count
            assert got.credits == (None if credits is None else credits * count)
            assert got.status is status
            assert got.source
            assert date in (None, got.date)


@pytest.mark.parametrize(
    ("name", "usd", "status"),
    [
        ("reapi/flux-2", "0.028", EXACT),
        ("reapi/gpt-image-2", "0.03", EXACT),
        ("api_in_one/flux-2-flex", "0.14", EXACT),
        ("revidapi/flux-2-pro", "0.025", ABOUT),
        # No page names the resolution that RunAPI takes by itself, so the dearest of the printed ones is taken.
        ("runapi/flux-2-pro", "0.07", ESTIMATE),
        ("runapi/flux-2-flex", "0.24", ESTIMATE),
        ("runapi/gpt-image-2", "0.16", ESTIMATE),
    ],
)
def test_the_price_of_a_resolution_that_is_not_given(name, usd, status):
    got = money(name)
    assert (got.usd, got.status) == (Decimal(usd), status)
    assert status is ABOUT or bool(got.reason) == (status is ESTIMATE)


def test_an_edit_with_gpt_image_2_at_runapi_costs_sixteen_cents():
    assert {money("runapi/gpt-image-2", images=(ONE,), resolution=each).usd for each in (None, "1K", "2K", "4K")} == {
        Decimal("0.16")
    }


@pytest.mark.parametrize("fields", [{}, {"images": (ONE,)}, {"resolution": "1K", "count": 3}])
def test_flux_2_max_has_no_price_and_that_is_not_nothing(fields):
    got = money("runapi/flux-2-max", **fields)
    assert (got.status, got.usd, got.list_usd, got.credits) == (UNKNOWN, None, None, None)
    assert (str(got), bool(got.reason)) == ("unknown", True)


# Raw fields.


@pytest.mark.parametrize(
    ("name", "raw", "credits"),
    [
        ("reapi/flux-2", {"resolution": "2K"}, 39),
        ("reapi/flux-2", {"prompt": "another", "steps": 9}, 28),
        (OFFICIAL, {"quality": "low"}, 5),
        (OFFICIAL, {"quality": "auto"}, 169),
        (OFFICIAL, {"size": "21:9", "quality": "medium"}, 71),
        (OFFICIAL, {"n": 3}, 507),
        (OFFICIAL, {"size": "1:1", "image_urls": [ONE]}, 169),
        ("api_in_one/flux-2-pro", {"resolution": "2K"}, 7),
        ("revidapi/flux-2-pro", {"input": {"resolution": "2K"}}, 15),
        ("revidapi/flux-2-pro", {"input": {"steps": 9}}, 10),
    ],
)
def test_a_raw_field_quotes_anew(name, raw, credits):
    assert money(name, extra={name.partition("/")[0]: raw}).credits == credits


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        *(("reapi/flux-2", {"resolution": value}) for value in ("2k", "8K", None, 2, ["2K"], {})),
        *((OFFICIAL, {"n": value}) for value in (0, -1, "3", 2.0, True, None, [2])),
        *((OFFICIAL, {"size": value}) for value in ("1024x1024", "7:3", None)),
        (OFFICIAL, {"quality": "ultra"}),
        # The first image's ratio would be taken: an edit by a raw field costs what an edit does.
        (OFFICIAL, {"image_urls": [ONE]}),
        ("revidapi/flux-2-pro", {"input": {"resolution": "8K"}}),
        ("revidapi/flux-2-pro", {"input": "everything anew"}),
        ("runapi/flux-2-pro", {"output_resolution": "1K"}),
        ("runapi/gpt-image-2", {"source_image_urls": [ONE]}),
        ("runapi/flux-2-max", {"output_resolution": "1k"}),
    ],
)
def test_a_raw_field_that_no_price_is_printed_for_makes_it_unknown(name, raw):
    got = money(name, extra={name.partition("/")[0]: raw})
    assert (got.status, got.usd) == (UNKNOWN, None)
    assert got.reason


def test_a_value_past_the_page_s_limits_has_no_price():
    assert [each.status for each in tasks("reapi/flux-2", limits=False, resolution="4K")] == [UNKNOWN]
    assert [each.status for each in tasks(OFFICIAL, limits=False, resolution="4K", aspect_ratio="1:1")] == [UNKNOWN]


def test_each_task_is_quoted_as_it_is_billed():
    # 14.4 and 7.2 credits: rounded apart, and not together.
    assert [each.credits for each in tasks(OFFICIAL, aspect_ratio="4:3", quality="low", count=6)] == [15, 8]
