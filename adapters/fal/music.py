"""Music at fal: ElevenLabs, MiniMax and Lyria.

Page: fal's own client, fal-ai/elevenlabs/music, fal-ai/minimax-music/v2 and fal-ai/lyria2.
Odd: of ElevenLabs a length is told in milliseconds, for which there is no word here: it is given in `extra`, as
`music_length_ms`; so is a `composition_plan`, in place of the prompt.
"""

from anymedia.declare import Flag, Offer, Param, Price, Text

from .common import prompt

THIRTY = "the page's price is for 30 seconds, and how long a piece is it does not say: one of 30 is taken"

OFFERS = (
    Offer(
        name="elevenlabs-music",
        kind="music",
        wire_id="fal-ai/elevenlabs/music",
        params={"prompt": prompt(), "instrumental": Param("force_instrumental", Flag())},
    ),
    Offer(
        name="minimax-music-2",
        kind="music",
        wire_id="fal-ai/minimax-music/v2",
        params={"prompt": prompt(), "lyrics": Param("lyrics_prompt", Text(1))},
    ),
    Offer(
        name="lyria-2",
        kind="music",
        wire_id="fal-ai/lyria2",
        params={"prompt": prompt()},
        prices=Price("0.1", doubt=THIRTY),
    ),
)
