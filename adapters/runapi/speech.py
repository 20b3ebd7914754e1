"""Speech at RunAPI: ElevenLabs, OpenAI and Gemini.

Page: RunAPI's client library, elevenlabs, openai_tts and gemini_tts; bounds of ElevenLabs' and Gemini's fields:
kie.ai's, whose contract it repeats.
Odd: openai_tts is synchronous, and takes a text and nothing else; Gemini speaks dialogues, of which one speaker's one
turn is made, and wants to know the speaker's accent.
"""

from anymedia.declare import Flag, Number, Offer, Param, Per, Text

A_THOUSAND = "the page names no unit: 4 cents may be for a call or for a thousand characters; the dearer is taken"
WEIGHT = Number(0, 1)
SPEAKER = "Speaker 1"

OFFERS = (
    Offer(
        name="text-to-speech-multilingual-v2",
        model="elevenlabs-multilingual-v2",
        kind="speech",
        path="/api/v1/elevenlabs/text_to_speech",
        params={
            "text": Param("text", Text(1, 5000), required=True),
            "voice": Param("voice", Text(1), required=True),
            "speed": Param("speed", Number(0.7, 1.2), default=1),
            "language": Param("language_code", Text()),
        },
        knobs={
            "stability": Param("stability", WEIGHT, default=0.5),
            "similarity_boost": Param("similarity_boost", WEIGHT, default=0.75),
            "style": Param("style", WEIGHT, default=0),
            "timestamps": Param("timestamps", Flag()),
            "previous_text": Param("previous_text", Text()),
            "next_text": Param("next_text", Text()),
        },
    ),
    Offer(
        name="tts-1",
        kind="speech",
        lifecycle="at_once",
        path="/api/v1/openai_tts/text_to_speech",
        params={"text": Param("text", Text(1, 4096), required=True)},
        prices=Per("0.04", "text", each=1000, begun=True, doubt=A_THOUSAND),
    ),
    Offer(
        name="gemini-3.1-flash-tts",
        kind="speech",
        path="/api/v1/gemini_tts/text_to_speech",
        fixed={"speakers[0].speaker_id": SPEAKER, "dialogue_turns[0].speaker_id": SPEAKER},
        params={
            "text": Param("dialogue_turns[0].text", Text(1, 10_000), required=True),
            "voice": Param("speakers[0].voice_name", Text(1), required=True),
            "instructions": Param("speakers[0].style", Text()),
        },
        knobs={
            "accent": Param("speakers[0].accent", Text(1), default="neutral", always_sent=True),  # our choice
            "pace": Param("speakers[0].pace", Text()),
            "audio_profile": Param("speakers[0].audio_profile", Text()),
            "scene": Param("scene", Text()),
            "sample_context": Param("sample_context", Text()),
            "temperature": Param("temperature", Number(0, 2)),
        },
    ),
)
