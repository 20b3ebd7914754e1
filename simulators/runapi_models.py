"""RunAPI's models by service and action."""

from __future__ import annotations

from collections.abc import Sequence

from .runapi_clips import CLIPS
from .runapi_model import Model
from .runapi_pictures import PICTURES
from .runapi_sounds import TRACKS

MODELS = (*PICTURES, *CLIPS, *TRACKS)
SCOPES = {model.scope for model in MODELS}


def model_of(models: Sequence[Model], scope: str, name: object) -> Model | None:
    """The model of an action by its name; without one, the action's only model if it does not require a name."""
    for model in models:
        if model.scope == scope and (name in model.names or (name is None and not model.fields["model"].required)):
            return model
    return None
