"""What several families of kie.ai share: how files are put in, and fields within `input` that read alike."""

from anymedia.declare import UNKNOWN, Choice, Param, Text

FORMS = ("url", "upload")  # "the createTask body takes URLs only: no base64, no data URI"
FILMS = ("video/mp4", "video/quicktime", "video/webm")  # our choice: none are told, but for seedance
SOUNDS = ("audio/mpeg", "audio/wav", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg")  # our choice too
FIVE = ("1:1", "4:3", "3:4", "16:9", "9:16")
EIGHT = (*FIVE, "2:3", "3:2", "21:9")
TEN = (*EIGHT, "4:5", "5:4")
CHECKER = Choice({"off": False, "standard": True})
MODERATION = Param("input.nsfw_checker", CHECKER, default=UNKNOWN)


def prompt(most: int | None, least: int = 1) -> Param:
    return Param("input.prompt", Text(least, most), required=True)
