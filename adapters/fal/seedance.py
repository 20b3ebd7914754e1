"""Seedance 2.0, fast and mini: three endpoints, and a price by tokens, which are pixels and seconds.

Page: docs.fal.ai and fal's pricing API, bytedance/seedance-2.0, 2026-10-26.
Odd: the wire id has no fal-ai/ before it; lengths are texts, and sound costs nothing more. $14 (fast: $11.2) are for a
million tokens, of width × height × 24 × seconds / 1024: the pixels of 16:9 are told, and other ratios are taken to have
as many. With a reference film its own seconds count too, and all cost 0.6 times as much: how long a film is nobody
tells beforehand, so the price is an estimate with the longest there is, 15 s for all together, as at other sellers.
"""

from anymedia.declare import Choice, Offer, Param, Per, Table, Whole, when

from .common import FILMS, PICTURE, SEED, SOUNDS, files, prompt, with_sound

RATIOS = ("auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
MADE = ("text", "first_frame", "images")
PIXELS = "the page tells the pixels of 16:9 alone; other ratios are taken to have as many"
LONGEST_SOURCE = 15
WITH_A_FILM = f"the seconds of a reference film are billed too; {PIXELS}"


def by_tokens(usd: dict[str, str], usd_with_a_film: dict[str, str]) -> Table:
    """Return USD a second, by resolution."""
    return Table(
        "variant resolution aspect_ratio",
        {
            (made_of, resolution, ratio): Per(figure, doubt=None if ratio == "16:9" else PIXELS)
            for made_of in MADE
            for resolution, figure in usd.items()
            for ratio in RATIOS
        }
        | {
            ("videos", resolution, ratio): Per(figure, more=LONGEST_SOURCE, doubt=WITH_A_FILM)
            for resolution, figure in usd_with_a_film.items()
            for ratio in RATIOS
        },
    )


def seedance(name: str, path: str, resolutions: tuple[str, ...], prices: Table | None) -> Offer:
    return Offer(
        name=name,
        kind="video",
        wire_id=when(
            first_frame=f"{path}/image-to-video",
            images=f"{path}/reference-to-video",
            videos=f"{path}/reference-to-video",
            audios=f"{path}/reference-to-video",
            otherwise=f"{path}/text-to-video",
        ),
        params={
            "prompt": prompt(4000),
            "first_frame": Param("image_url", PICTURE),
            "last_frame": Param("end_image_url", PICTURE),
            "images": Param("image_urls", files(9)),
            "videos": Param("video_urls", files(3, FILMS)),
            "audios": Param("audio_urls", when(first_frame=None, otherwise=files(3, SOUNDS))),
            # The page names no default: 5 s, which is always sent as it moves the price, is our choice.
            "duration": Param("duration", Whole(4, 15, form=str, auto="auto"), default=5, always_sent=True),
            "aspect_ratio": Param("aspect_ratio", Choice(*RATIOS), default="auto"),
            "resolution": Param("resolution", Choice(*resolutions), default="720p", always_sent=True),
            "audio": with_sound(),
            "seed": SEED,
        },
        prices=prices,
    )


OFFERS = (
    seedance(
        "seedance-2.0",
        "bytedance/seedance-2.0",
        ("480p", "720p", "1080p"),
        by_tokens(
            {"480p": ".13608", "720p": ".3024", "1080p": ".6804"},
            {"480p": ".081648", "720p": ".18144", "1080p": ".40824"},
        ),
    ),
    seedance(
        "seedance-2.0-fast",
        "bytedance/seedance-2.0/fast",
        ("480p", "720p"),
        by_tokens({"480p": ".108864", "720p": ".24192"}, {"480p": ".0653184", "720p": ".145152"}),
    ),
    seedance("seedance-2.0-mini", "bytedance/seedance-2.0/mini", ("480p", "720p"), None),  # its price is not told
)
