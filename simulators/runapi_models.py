"""RunAPI's image models by service and action: fields and prices in US cents of 2026-07-23."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from .fields import Choice, Field, Fields, Flag, Link, Links, Text, Whole
from .inputs import PICTURES
from .picture import Media

SEVEN = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
FIVE = ("1:1", "4:3", "3:4", "16:9", "9:16")
GPT_RATIOS = (
    "auto",
    "1:1",
    "3:2",
    "2:3",
    "4:3",
    "3:4",
    "5:4",
    "4:5",
    "16:9",
    "9:16",
    "2:1",
    "1:2",
    "3:1",
    "1:3",
    "21:9",
    "9:21",
)


@frozen
class Model:
    """A model of one action; cents by output_resolution. `unpriced`: pending in the price list, the cents are ours."""

    service: str
    action: str
    names: tuple[str, ...]
    fields: Fields
    cents: Mapping[str, int]
    media: Media = "jpeg"
    unpriced: bool = False

    @property
    def scope(self) -> str:
        """The path of its action."""
        return f"/api/v1/{self.service}/{self.action}"

    def price(self, resolution: object) -> int:
        """Cents of one image."""
        return self.cents[str(resolution or "1k")]


def _flux(tier: str, one: int, two: int) -> list[Model]:
    text: dict[str, Field] = {
        "model": Text(required=True),
        "prompt": Text(3, 5000, required=True),
        "aspect_ratio": Choice(SEVEN),
        "output_resolution": Choice(("1k", "2k")),
        "enable_safety_checker": Flag(),
        "callback_url": Link(),
    }
    remix = {
        **text,
        "aspect_ratio": Choice((*SEVEN, "auto")),
        "source_image_urls": Links(1, 8, required=True, takes=PICTURES),
    }
    cents = {"1k": one, "2k": two}
    return [
        Model("flux_2", "text_to_image", (f"flux-2-{tier}-text-to-image",), text, cents),
        Model("flux_2", "remix_image", (f"flux-2-{tier}-remix-image",), remix, cents),
    ]


MAX: dict[str, Field] = {
    "model": Text(required=True),
    "prompt": Text(3, 5000, required=True),
    "aspect_ratio": Choice(SEVEN, required=True),
    "output_resolution": Choice(("1k",)),
    "output_count": Whole(1, 1),
    "callback_url": Link(),
}
GPT: dict[str, Field] = {
    "model": Text(),
    "prompt": Text(1, required=True),
    "aspect_ratio": Choice(GPT_RATIOS),
    "output_resolution": Choice(("1k", "2k", "4k")),
    "callback_url": Link(),
}
Z_IMAGE: dict[str, Field] = {
    "model": Text(),
    "prompt": Text(1, 1000, required=True),
    "aspect_ratio": Choice(FIVE, required=True),
    "enable_safety_checker": Flag(),
    "callback_url": Link(),
}
SOURCE: dict[str, Field] = {"source_image_urls": Links(1, 1, required=True, takes=PICTURES)}
SOURCES: dict[str, Field] = {"source_image_urls": Links(1, required=True, takes=PICTURES)}

MODELS = (
    *_flux("pro", 5, 7),
    *_flux("flex", 14, 24),
    # The price of max is unknown; ours is 10 cents.
    Model("flux_2", "text_to_image", ("flux-2-max-text-to-image",), MAX, {"1k": 10}, unpriced=True),
    Model("flux_2", "remix_image", ("flux-2-max-remix-image",), {**MAX, **SOURCE}, {"1k": 10}, unpriced=True),
    # The names of these models on the wire are unknown, and whether one must be given: ours take both forms, or none.
    Model(
        "gpt_image_2",
        "text_to_image",
        ("gpt-image-2", "gpt-image-2-text-to-image"),
        GPT,
        {"1k": 6, "2k": 10, "4k": 16},
        "png",
    ),
    # "edit 16" is read as the price of every edit.
    Model(
        "gpt_image_2",
        "edit_image",
        ("gpt-image-2", "gpt-image-2-edit-image"),
        {**GPT, **SOURCES},
        {"1k": 16, "2k": 16, "4k": 16},
        "png",
    ),
    Model("z_image", "text_to_image", ("z-image", "z-image-text-to-image"), Z_IMAGE, {"1k": 1}),
)
SCOPES = {model.scope for model in MODELS}


def model_of(models: Sequence[Model], scope: str, name: object) -> Model | None:
    """The model of an action by its name; without one, the action's only model if it does not require a name."""
    for model in models:
        if model.scope == scope and (name in model.names or (name is None and not model.fields["model"].required)):
            return model
    return None
