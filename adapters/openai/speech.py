"""OpenAI's speech: the answer is the sound itself.

Page: platform.openai.com/docs, Speech, and the types of the official client 3.57.0.
Odd: every model of it ends on 2027-01-06; only gpt-4o-mini-tts is told how to speak. A voice of one's own is an object,
and is given in `extra`: {"voice": {"id": ...}}.
"""

from anymedia.declare import Choice, Number, Offer, Param, Per, Text

VOICES = Choice(
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)
TOLD = "the figure is second-hand"


def tts(name: str, a_million: str | None = None, **more: Param) -> Offer:
    return Offer(
        name=name,
        kind="speech",
        lifecycle="speech",
        params={
            "text": Param("input", Text(1, 4096), required=True),
            "voice": Param("voice", VOICES, required=True),
            "speed": Param("speed", Number(0.25, 4), default=1),
            **more,
            "output_format": Param(
                "response_format", Choice("mp3", "opus", "aac", "flac", "wav", "pcm"), default="mp3"
            ),
        },
        prices=None if a_million is None else Per(a_million, "text", each=1_000_000, doubt=TOLD),
        ends="2027-01-06",
    )


OFFERS = (
    tts("tts-1", "15"),
    tts("tts-1-hd", "30"),
    tts("gpt-4o-mini-tts", instructions=Param("instructions", Text())),
)
