"""From ratio and resolution to pixels and back, where an offer's page prints how."""

from collections.abc import Mapping
from math import isqrt
from typing import Any, ClassVar, TypeAlias

import attrs

from .fields import Flaw
from .typed import typed, typed_call

Given: TypeAlias = Mapping[str, Any]
"""Fields that the caller has given, by name."""


@attrs.frozen(field_transformer=typed)
class Grid:
    """The pixel sizes that a page prints for (ratio, resolution): such a size is sent as its ratio and resolution."""

    takes: ClassVar[tuple[str, ...]] = ("size",)
    """Fields that an offer takes by this shape, mapped or not."""
    gives: ClassVar[tuple[str, ...]] = ("aspect_ratio", "resolution")
    """Fields that it makes of them, which an offer maps."""

    sizes: Mapping[tuple[str, str], tuple[int, int]] = attrs.field(hash=False)

    @classmethod
    @typed_call
    def printed(cls, resolutions: str, rows: Mapping[str, str]) -> "Grid":
        """Return a grid as a page prints it: rows by landscape ratio, sizes by resolution; portrait is mirrored."""
        sizes = {}
        for ratio, row in rows.items():
            for resolution, size in zip(resolutions.split(), row.split(), strict=False):
                width, height = map(int, size.split("x"))
                sizes[ratio, resolution] = (width, height)
                sizes[":".join(reversed(ratio.split(":"))), resolution] = (height, width)
        return cls(sizes)

    def fit(self, given: Given) -> Given | Flaw:
        """Return the given fields with their size as ratio and resolution, or what is wrong with the size."""
        size = given.get("size")
        if size is None:
            return given
        cell = next((cell for cell, printed in self.sizes.items() if printed == size), None)
        if cell is None:
            printed = ", ".join(f"{width}x{height}" for width, height in self.sizes.values())
            return Flaw(f"takes the printed sizes {printed}, not {_shown(size)}", documented=False)
        ratio, resolution = cell
        asked_for = given.get("resolution", resolution)
        if asked_for != resolution:
            return Flaw(f"{_shown(size)} is a {resolution} size, and resolution says {asked_for}", documented=False)
        return _without(given, "size") | {"aspect_ratio": ratio, "resolution": resolution}


@attrs.frozen(field_transformer=typed)
class Pixels:
    """An offer that takes pixels alone: ratio and resolution become the largest size that fits.

    `megapixels` are of 1024 × 1024, by resolution; `step` divides both sides; `ratio` and `resolution` are what is
    taken for the one that is not given.
    """

    takes: ClassVar[tuple[str, ...]] = ("aspect_ratio", "resolution")
    """Fields that an offer takes by this shape, mapped or not."""
    gives: ClassVar[tuple[str, ...]] = ("size",)
    """Fields that it makes of them, which an offer maps."""

    step: int
    megapixels: Mapping[str, int] = attrs.field(hash=False)
    ratio: str
    resolution: str

    def fit(self, given: Given) -> Given | Flaw:
        """Return the given fields with their ratio and resolution as pixels, or what is wrong with them."""
        ratio, resolution = given.get("aspect_ratio"), given.get("resolution")
        if ratio in (None, "auto") and resolution is None:
            return _without(given, "aspect_ratio") if ratio else given
        if "size" in given:
            return Flaw("give size or resolution, not both: this offer takes pixels", documented=False)
        if ratio == "auto":
            return Flaw("auto leaves the size to the provider: give no resolution with it", documented=False)
        ratio, resolution = ratio or self.ratio, resolution or self.resolution
        if resolution not in self.megapixels:
            return Flaw(f"resolution takes {', '.join(self.megapixels)}, not {resolution}", documented=False)
        size = self.size(ratio, resolution)
        if 0 in size:
            return Flaw(f"{ratio} at {resolution} is thinner than {self.step} pixels", documented=False)
        return _without(given, "aspect_ratio", "resolution") | {"size": size}

    def size(self, ratio: str, resolution: str) -> tuple[int, int]:
        """Return width and height."""
        across, down = map(int, ratio.split(":"))
        area = self.megapixels[resolution] << 20
        width, height = isqrt(area * across // down), isqrt(area * down // across)
        return width // self.step * self.step, height // self.step * self.step


def _without(given: Given, *fields: str) -> dict[str, Any]:
    return {field: value for field, value in given.items() if field not in fields}


def _shown(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))


Shape: TypeAlias = Grid | Pixels
