"""What is asked for: a work of each medium, which several providers sell."""

from anymedia import ImageRequest, MusicRequest, VideoRequest

PICTURE = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
CLIP = VideoRequest(model="kling-3.0", prompt="a lighthouse at dusk", duration=5, resolution="720p", audio=True)
SONGS = MusicRequest(model="suno-v5.5", prompt="a lighthouse at dusk")

WORKS = {"picture": PICTURE, "clip": CLIP, "songs": SONGS}
