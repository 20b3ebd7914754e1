"""What several families of fal share: how files are put in, the names of sizes, and what fields of pictures take."""

from anymedia.declare import UNKNOWN, Choice, File, Files, Flag, Param, Text, Whole

FORMS = ("url", "data", "upload")
INLINE = 1.0  # megabytes of a data URI; what has more goes by upload: our choice

PICTURE = File(forms=FORMS, inline=INLINE)
FILMS = ("video/mp4", "video/quicktime", "video/webm")  # no page names the types of films and sounds: our choice
SOUNDS = ("audio/mpeg", "audio/wav", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg")

# Names of sizes, whose pixels no page tells. Of the two squares the larger is our choice.
NAMED = {
    "1:1": "square_hd",
    "4:3": "landscape_4_3",
    "3:4": "portrait_4_3",
    "16:9": "landscape_16_9",
    "9:16": "portrait_16_9",
}

SEED = Param("seed", Whole())
# No page tells how many pictures one task makes at most, so each is a task.
PICTURES = Param("num_images", Whole(1))
CHECKER = Param("enable_safety_checker", Choice({"off": False, "standard": True}), default=UNKNOWN)


def prompt(most: int | None = None, *, required: bool = True) -> Param:
    return Param("prompt", Text(1, most), required=required)


def files(
    most: int | None = None, types: tuple[str, ...] = (), *, single: bool = False, megabytes: float | None = None
) -> Files:
    return Files(1, most, single=single, forms=FORMS, inline=INLINE, types=types, megabytes=megabytes)


def film(megabytes: float | None = None) -> File:
    return File(forms=FORMS, inline=INLINE, types=FILMS, megabytes=megabytes)


def with_sound() -> Param:
    """Sound is on unless it is told otherwise, and is always sent, as sellers of one model differ in it."""
    return Param("generate_audio", Flag(), default=True, always_sent=True)


def tolerance(most: int, default: int | None = None) -> Param:
    return Param("safety_tolerance", Whole(1, most, form=str), default=default or UNKNOWN)
