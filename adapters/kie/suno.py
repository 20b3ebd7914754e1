"""Suno v6, mini and wild: two songs for one price.

Page: docs.kie.ai, ai-music-api/generate, September 2026.
Odd: the version is a model within `input`; an idea goes alone, or with a style. A title makes it custom, and lyrics do,
which then need one (our choice of how to tell the modes apart): what is sung is `lyrics`, and there is no idea beside
it. mini may ignore a duration, and so takes none.
"""

from anymedia.declare import ANY, Choice, Flag, Number, Offer, Param, Price, Rule, Text, Whole, when

WEIGHT = Number(0, 1)
KNOBS = {
    "style_weight": Param("input.style_weight", WEIGHT),
    "weirdness_constraint": Param("input.weirdness_constraint", WEIGHT),
    "audio_weight": Param("input.audio_weight", WEIGHT),
}
SECONDS = Whole(10, 360)
LENGTH = {"duration": Param("input.duration", when(lyrics=SECONDS, title=SECONDS))}
FOR_V6 = "the page's figure may be V6's alone"


def suno(version: str, price: Price, more: dict[str, Param]) -> Offer:
    return Offer(
        name=f"suno-{version}",
        wire_id="ai-music-api/generate",
        kind="music",
        makes=2,
        fixed={
            "input.model": version.upper().replace("-", "_"),
            "input.custom_mode": when(lyrics=True, title=True, otherwise=False),
        },
        params={
            "prompt": Param("input.prompt", when(lyrics=None, title=None, otherwise=Text(1, 3000)), required=True),
            "lyrics": Param("input.lyrics", Text(1, 5000)),
            "style": Param("input.style", Text(1, 1000)),
            "title": Param("input.title", when(lyrics=Text(1, 80), title=Text(1, 80)), required=True),
            "instrumental": Param("input.instrumental", Flag(), default=False, always_sent=True),
            "vocal": Param(
                "input.vocal_gender",
                when(lyrics=Choice({"male": "m", "female": "f"}), title=Choice({"male": "m", "female": "f"})),
            ),
            "negative_prompt": Param("input.negative_tags", when(lyrics=Text(1), title=Text(1))),
            **more,
        },
        knobs=KNOBS,
        rules=(
            Rule(when={"title": ANY}, needs=("lyrics", "style", "negative_prompt")),
            *(Rule(when={name: ANY}, needs=("lyrics", "title")) for name in KNOBS),
        ),
        prices=price,
    )


OFFERS = (
    suno("v6", Price("0.06"), LENGTH),
    suno("v6-mini", Price("0.06", doubt=FOR_V6), {}),
    suno("v6-wild", Price("0.06", doubt=FOR_V6), LENGTH),
)
