"""The fields of models that speak, which several providers sell as their makers do: ElevenLabs and Gemini."""

from __future__ import annotations

from .fields import Field, Flag, Number, Objects, Text

WEIGHT = Number(0, 1)
ELEVENLABS: dict[str, Field] = {
    "text": Text(1, 5000, required=True),
    "voice": Text(1),
    "stability": WEIGHT,
    "similarity_boost": WEIGHT,
    "style": WEIGHT,
    "speed": Number(0.7, 1.2),
    "timestamps": Flag(),
    "previous_text": Text(),
    "next_text": Text(),
    "language_code": Text(),
}
VOICED: dict[str, Field] = {**ELEVENLABS, "voice": Text(1, required=True)}
"""Where a voice has to be named."""

SPEAKER: dict[str, Field] = {
    "speaker_id": Text(1, required=True),
    "voice_name": Text(1, required=True),
    "accent": Text(1, required=True),
    "style": Text(),
    "pace": Text(),
    "audio_profile": Text(),
}
TURN: dict[str, Field] = {"speaker_id": Text(1, required=True), "text": Text(1, 10_000, required=True)}
GEMINI: dict[str, Field] = {
    "speakers": Objects(SPEAKER, least=1, required=True),
    "dialogue_turns": Objects(TURN, least=1, required=True),
    "scene": Text(),
    "sample_context": Text(),
    "temperature": Number(0, 2),
}
