"""Every error, under one name: the tree is drawn in anymedia.model.errors."""

from .model.errors import *  # noqa: F403 - the face of another module
