"""Suno: two songs for one price, in two contracts: snake_case since V6, camelCase before.

Page: reAPI's own validators, July 2026, suno-music; V6 as clients of the live service sent it, 2026-10-04.
Odd: an idea goes alone; in custom mode the prompt is what is sung. Lyrics or a style make it custom (our choice), and a
style without lyrics is for music without a voice. The bounds of V5_5 are those of V6 (our choice); perhaps it is gone.
"""

from anymedia.declare import (
    ANY, Choice, Flag, Number, Offer, Param, Price, Rule, Text, Whole, when,
)  # fmt: skip

CUSTOM = when(lyrics=True, style=True, otherwise=False)
WEIGHT = Number(0, 1)

WORDS = {
    "prompt": Param("prompt", when(lyrics=None, style=None, otherwise=Text(1, 3000)), required=True),
    "lyrics": Param("prompt", when(lyrics=Text(1, 5000))),
    "style": Param("style", when(lyrics=Text(1, 1000), instrumental=Text(1, 1000))),
    "title": Param("title", when(lyrics=Text(1, 80), style=Text(1, 80))),
    "instrumental": Param("instrumental", Flag(), default=False, always_sent=True),
}

KNOBS = {
    "styleWeight": Param("styleWeight", WEIGHT),
    "weirdnessConstraint": Param("weirdnessConstraint", WEIGHT),
    "audioWeight": Param("audioWeight", WEIGHT),
    "personaId": Param("personaId", Text(1)),
    "personaModel": Param("personaModel", Choice("style_persona", "voice_persona")),
}

OFFERS = (
    Offer(
        name="suno-v6",
        wire_id="suno-music",
        kind="music",
        makes=2,
        path="/api/v1/audio/generations",
        page="reAPI's suno-music, as seen on 2026-10-04",
        params=WORDS | {"duration": Param("duration", when(lyrics=Whole(10, 360), style=Whole(10, 360)))},
        fixed={"version": "V6", "custom_mode": CUSTOM},
        prices=Price("0.06"),
    ),
    Offer(
        name="suno-v5.5",
        wire_id="suno-music",
        kind="music",
        makes=2,
        path="/api/v1/audio/generations",
        page="reAPI's own validators, July 2026, suno-music",
        params=WORDS
        | {
            "negative_prompt": Param("negativeTags", when(lyrics=Text(1, 1000), style=Text(1, 1000))),
            "vocal": Param("vocalGender", when(lyrics=Choice({"male": "m", "female": "f"}))),
        },
        knobs=KNOBS,
        fixed={"version": "V5_5", "customMode": CUSTOM},
        rules=tuple(Rule(when={name: ANY}, needs=("lyrics", "style")) for name in KNOBS),
        prices=Price("0.06"),
    ),
)
