"""Speech at fal: ElevenLabs and MiniMax.

Page: fal's own client, fal-ai/elevenlabs/tts and fal-ai/minimax/speech-2.8-hd; the price of multilingual v2 as clients
of the live service have it.
Odd: MiniMax answers with hexadecimal digits unless it is told to name a URL; its voice_setting and audio_setting, whose
fields the page does not name, are given in `extra`.
"""

from anymedia.declare import UNKNOWN, Number, Offer, Param, Per, Text

WEIGHT = Number(0, 1)  # no bounds are told: our choice, those of ElevenLabs


def elevenlabs(name: str, path: str, prices: Per | None = None) -> Offer:
    return Offer(
        name=f"elevenlabs-{name}",
        kind="speech",
        wire_id=f"fal-ai/elevenlabs/tts/{path}",
        params={
            "text": Param("text", Text(1), required=True),
            "voice": Param("voice", Text(1), default="Rachel"),
            "speed": Param("speed", Number(0.7, 1.2), default=UNKNOWN),
            "language": Param("language_code", Text(1)),
        },
        knobs={name: Param(name, WEIGHT) for name in ("stability", "similarity_boost", "style")},
        prices=prices,
    )


OFFERS = (
    elevenlabs("multilingual-v2", "multilingual-v2", Per("0.18", "text", each=1000, approximate=True)),
    elevenlabs("turbo-v2.5", "turbo-v2.5"),
    elevenlabs("v3", "eleven-v3"),
    Offer(
        name="minimax-speech-2.8-hd",
        kind="speech",
        wire_id="fal-ai/minimax/speech-2.8-hd",
        params={"text": Param("prompt", Text(1), required=True)},
        knobs={"language_boost": Param("language_boost", Text())},
        fixed={"output_format": "url"},
    ),
)
