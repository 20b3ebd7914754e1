from anymedia.declare import Always, Choice, Flag, Number, Size, Text, Url, Whole


def refused(takes, value):
    """Return why a value is refused: before anything is sent, in these words."""
    return [flaw.message for flaw in takes.flaws(value)]


assert refused(Text(1, 4), "a lighthouse") == ["takes 1 to 4 characters, not 12"]
assert refused(Text(least=1, most=None), "of any length") == []
assert refused(Url(https=True), "http://app.example") == ["takes https URLs only, not http://app.example"]

assert Choice("auto", "low").write("low") == "low"  # written as it is
quality = Choice({"low": "draft", "high": {"steps": 30, "sharp": True}}, not_honoured=("low",))
assert quality.write("high") == {"steps": 30, "sharp": True}
assert refused(quality, "low") == ["low is accepted but not honoured"]

assert Whole(3, 15).write(5) == 5
assert Whole(3, 15, form=str).write(5) == "5"
assert Whole(3, 15, form="{}s").write(5) == "5s"
assert refused(Whole(least=4, most=8, step=2, auto=-1), 5) == ["takes 4, 6, 8, not 5"]
assert Whole(4, 8, auto=-1).write("auto") == -1
assert Number(least=0.5, most=2, form=str).write(1.25) == "1.25"
assert Flag(on="enabled", off="disabled").write(False) == "disabled"

box = Size(least=64, step=16, megapixels=4)
assert box.write((1024, 768)) == {"width": 1024, "height": 768}
assert Size(text="{width}x{height}").write((1024, 768)) == "1024x768"
assert refused(box, (1000, 32)) == [
    "takes at least 64 pixels a side, not 1000x32",
    "takes multiples of 16, not 1000x32",
]
wide = Size(most=3840, ratio=3, area=(3840, 2160), beside={"aspect_ratio": "custom"})
assert wide.write((1920, 1080)) == {"width": 1920, "height": 1080, "aspect_ratio": "custom"}
assert refused(wide, (3840, 1024)) == ["takes ratios from 1:3 to 3:1, not 3840x1024"]

assert refused(Always(True), False) == ["is always true"]  # each work has a sound: nothing is sent
