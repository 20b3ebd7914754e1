"""The files that films are made of: no page names their types, so these are our choice."""

FILMS = ("video/mp4", "video/quicktime", "video/webm")
SOUNDS = ("audio/mpeg", "audio/wav", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg")
