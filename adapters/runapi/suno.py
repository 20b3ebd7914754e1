"""Suno v6 and v5.5 at RunAPI: two songs for one price.

Page: RunAPI's client library, suno/text_to_music; bounds of lyrics, style and title: kie.ai's, whose contract it
repeats. What is told of v5.5 is taken for v6.
Odd: vocal_mode says what is given, and forbids the rest: an idea has no style, and words have no idea; a style and a
title are required with words, and for music without a voice.
"""

from anymedia.declare import Choice, Flag, Number, Offer, Param, Price, Text, Whole, when

WEIGHT = Number(0, 1)


def suno(version: str, prices: Price | None) -> Offer:
    return Offer(
        name=f"suno-{version}",
        kind="music",
        makes=2,
        path="/api/v1/suno/text_to_music",
        params={
            "prompt": Param("prompt", when(lyrics=None, instrumental=None, otherwise=Text(1, 3000)), required=True),
            "lyrics": Param("lyrics", Text(1, 5000)),
            "instrumental": Param(
                "vocal_mode",
                when(
                    lyrics=Flag(on="instrumental", off="exact_lyrics"),
                    otherwise=Flag(on="instrumental", off="auto_lyrics"),
                ),
                default=False,
                always_sent=True,
            ),
            "style": Param("style", when(lyrics=Text(1, 1000), instrumental=Text(1, 1000)), required=True),
            "title": Param("title", when(lyrics=Text(1, 80), instrumental=Text(1, 80)), required=True),
            "negative_prompt": Param("negative_tags", when(lyrics=Text(), instrumental=Text())),
            "vocal": Param("vocal_gender", when(lyrics=Choice("male", "female"))),
            "duration": Param("duration_seconds", when(lyrics=Whole(10, 360), instrumental=Whole(10, 360))),
        },
        knobs={
            "style_weight": Param("style_weight", WEIGHT),
            "weirdness_constraint": Param("weirdness_constraint", WEIGHT),
            "audio_weight": Param("audio_weight", WEIGHT),
            "persona_id": Param("persona_id", Text(1)),
            "persona_type": Param("persona_type", Choice("style", "voice")),
        },
        prices=prices,
    )


OFFERS = (suno("v6", None), suno("v5.5", Price("0.22")))
