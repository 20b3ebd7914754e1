"""Speech: ElevenLabs' multilingual and turbo, and Gemini.

Page: docs.kie.ai, elevenlabs and google/gemini-3-1-flash-tts, September 2026; that turbo needs a voice too
is our choice.
Odd: a voice is one of about seventy ids of ElevenLabs', which the page lists and no word here holds; Gemini speaks
dialogues, of which one speaker's one turn is made, and wants to know the speaker's accent (neutral is our choice).
"""

from anymedia.declare import Flag, Number, Offer, Param, Text

WEIGHT = Number(0, 1)  # the bounds are our choice: the page names defaults alone
SPEAKER = "Speaker 1"


def elevenlabs(model: str, wire_id: str) -> Offer:
    return Offer(
        name=f"elevenlabs-{model}",
        wire_id=f"elevenlabs/{wire_id}",
        kind="speech",
        params={
            "text": Param("input.text", Text(1, 5000), required=True),
            "voice": Param("input.voice", Text(1), required=True),
            "speed": Param("input.speed", Number(0.7, 1.2), default=1),
            "language": Param("input.language_code", Text()),
        },
        knobs={
            "stability": Param("input.stability", WEIGHT, default=0.5),
            "similarity_boost": Param("input.similarity_boost", WEIGHT, default=0.75),
            "style": Param("input.style", WEIGHT, default=0),
            "timestamps": Param("input.timestamps", Flag()),
            "previous_text": Param("input.previous_text", Text()),
            "next_text": Param("input.next_text", Text()),
        },
    )


OFFERS = (
    elevenlabs("multilingual-v2", "text-to-speech-multilingual-v2"),
    elevenlabs("turbo-v2.5", "text-to-speech-turbo-2-5"),
    Offer(
        name="gemini-3.1-flash-tts",
        wire_id="google/gemini-3-1-flash-tts",
        kind="speech",
        fixed={"input.speakers[0].speaker_id": SPEAKER, "input.dialogue_turns[0].speaker_id": SPEAKER},
        params={
            "text": Param("input.dialogue_turns[0].text", Text(1, 10_000), required=True),
            "voice": Param("input.speakers[0].voice_name", Text(1), required=True),
            "instructions": Param("input.speakers[0].style", Text()),
        },
        knobs={
            "accent": Param("input.speakers[0].accent", Text(1), default="neutral", always_sent=True),
            "pace": Param("input.speakers[0].pace", Text()),
            "audio_profile": Param("input.speakers[0].audio_profile", Text()),
            "scene": Param("input.scene", Text()),
            "sample_context": Param("input.sample_context", Text()),
            "temperature": Param("input.temperature", Number(0, 2)),
        },
    ),
)
