"""kling-3.0: one model for texts and frames, whose mode is the size.

Page: docs.kie.ai, kling-3.0/video, 2026-08-19; the bound of the prompt: other sellers'.
Odd: a length is a text; frames are the first and the second of one list, and make the ratio void; the list of shots is
required, and empty for one shot. `multi_shots` with `multi_prompt`, and `kling_elements`, are given in `extra` under
input as they are on the wire; what several shots are billed by is not told, so their price is unknown.
"""

from anymedia.declare import Choice, File, Flag, Offer, Param, Table, Whole, when

from .common import FORMS, prompt

FRAME = File(forms=FORMS)

OFFERS = (
    Offer(
        name="kling-3.0",
        wire_id="kling-3.0/video",
        kind="video",
        fixed={"input.multi_prompt": when(otherwise=[])},  # when(): the list of several shots may stand in its place
        params={
            "prompt": prompt(2500),
            "first_frame": Param("input.image_urls[0]", FRAME),
            "last_frame": Param("input.image_urls[1]", FRAME),
            "duration": Param("input.duration", Whole(3, 15, str), default=5, always_sent=True),
            "aspect_ratio": Param(
                "input.aspect_ratio",
                when(first_frame=None, otherwise=Choice("16:9", "9:16", "1:1")),
                default="16:9",
                always_sent=True,
            ),
            "resolution": Param(
                "input.mode", Choice({"720p": "std", "1080p": "pro", "4K": "4K"}), default="1080p", always_sent=True
            ),
            "audio": Param("input.sound", Flag(), default=False, always_sent=True),
        },
        knobs={"shots": Param("input.multi_shots", Choice({"one": False}), default="one", always_sent=True)},
        prices=Table.printed(
            "resolution audio shots",
            ("false true", "one"),
            {"720p": ".07 .10", "1080p": ".09 .135", "4K": ".335 .335"},
            per="duration",
        ),
    ),
)
