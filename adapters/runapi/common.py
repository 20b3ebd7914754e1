"""What several families of RunAPI share: how files are put in, its small letters, and what its prices leave open."""

from anymedia.declare import UNKNOWN, Choice, File, Param, Text, When, Whole

FIVE = ("1:1", "4:3", "3:4", "16:9", "9:16")
SEVEN = (*FIVE, "3:2", "2:3")
EIGHT = (*SEVEN, "21:9")
TEN = (*EIGHT, "5:4", "4:5")

FORMS = ("url", "upload")  # "base64 in a task body: no"
PICTURE = File(forms=FORMS)
FILMS = ("video/mp4", "video/quicktime", "video/webm")  # no page names the types of films and sounds: our choice
SOUNDS = ("audio/mpeg", "audio/wav", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg")
SMALL = {"1K": "1k", "2K": "2k", "4K": "4k"}
CHECKER = Param("enable_safety_checker", Choice({"off": False, "standard": True}), default=UNKNOWN)
INFERRED = "the page names no unit: a second is inferred, as each figure is twice what kie.ai takes for one"


def prompt(most: int | None = None, least: int = 1, *, required: bool = True) -> Param:
    return Param("prompt", Text(least, most), required=required)


# Length and size move the price, and no page names what is taken without them, but for seedance's 5 s: that they are
# always sent, and with which default, is our choice.


def lasting(takes: Whole | When[Whole]) -> Param:
    return Param("duration_seconds", takes, default=5, always_sent=True)


def sized(takes: Choice) -> Param:
    return Param("output_resolution", takes, default="720p", always_sent=True)
