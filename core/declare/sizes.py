"""From ratio and resolution to pixels and back, where an offer's page prints how."""

from collections.abc import Mapping
from math import isqrt
from typing import TypeAlias

import attrs

from anymedia.model.request import ImageRequest

from .fields import Flaw


@attrs.frozen
class Grid:
    """The pixel sizes that a page prints for (ratio, resolution): such a size is sent as its ratio and resolution."""

    sizes: Mapping[tuple[str, str], tuple[int, int]] = attrs.field(hash=False)

    @classmethod
    def printed(cls, resolutions: str, rows: Mapping[str, str]) -> "Grid":
        """Return a grid as a page prints it: rows by landscape ratio, sizes by resolution; portrait is mirrored."""
        sizes = {}
        for ratio, row in rows.items():
            for resolution, size in zip(resolutions.split(), row.split(), strict=False):
                width, height = map(int, size.split("x"))
                sizes[ratio, resolution] = (width, height)
                sizes[":".join(reversed(ratio.split(":"))), resolution] = (height, width)
        return cls(sizes)

    def fit(self, request: ImageRequest) -> ImageRequest | Flaw:
        """Return the request with its size in the offer's words, or what is wrong with the size."""
        if request.size is None:
            return request
        shown = "x".join(map(str, request.size))
        cell = next((cell for cell, size in self.sizes.items() if size == request.size), None)
        if cell is None:
            printed = ", ".join(f"{width}x{height}" for width, height in self.sizes.values())
            return Flaw(f"takes the printed sizes {printed}, not {shown}", documented=False)
        ratio, resolution = cell
        if request.resolution not in (None, resolution):
            return Flaw(f"{shown} is a {resolution} size, and resolution says {request.resolution}", documented=False)
        return attrs.evolve(request, size=None, aspect_ratio=ratio, resolution=resolution)


@attrs.frozen
class Pixels:
    """An offer that takes pixels alone: ratio and resolution become the largest size that fits.

    `megapixels` are of 1024 × 1024, by resolution; `step` divides both sides; `ratio` and `resolution` are what is
    taken for the one that is not given.
    """

    step: int
    megapixels: Mapping[str, int] = attrs.field(hash=False)
    ratio: str
    resolution: str

    def fit(self, request: ImageRequest) -> ImageRequest | Flaw:
        """Return the request with its shape in pixels, or what is wrong with its resolution."""
        if request.aspect_ratio in (None, "auto") and request.resolution is None:
            return attrs.evolve(request, aspect_ratio=None)
        if request.size is not None:
            return Flaw("give size or resolution, not both: this offer takes pixels", documented=False)
        if request.aspect_ratio == "auto":
            return Flaw("auto leaves the size to the provider: give no resolution with it", documented=False)
        resolution = request.resolution or self.resolution
        if resolution not in self.megapixels:
            return Flaw(f"resolution takes {', '.join(self.megapixels)}, not {resolution}", documented=False)
        ratio = request.aspect_ratio or self.ratio
        size = self.size(ratio, resolution)
        if 0 in size:
            return Flaw(f"{ratio} at {resolution} is thinner than {self.step} pixels", documented=False)
        return attrs.evolve(request, size=size, aspect_ratio=None, resolution=None)

    def size(self, ratio: str, resolution: str) -> tuple[int, int]:
        """Return width and height."""
        across, down = map(int, ratio.split(":"))
        area = self.megapixels[resolution] << 20
        width, height = isqrt(area * across // down), isqrt(area * down // across)
        return width // self.step * self.step, height // self.step * self.step


Shape: TypeAlias = Grid | Pixels
