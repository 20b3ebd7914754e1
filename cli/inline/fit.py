"""How many cells of a terminal a picture takes."""

import attrs

CELL = (10, 20)
"""The pixels of a cell where the terminal does not tell them."""


@attrs.frozen
class Room:
    """What there is for a picture: so many cells, and how many pixels a cell has."""

    columns: int
    rows: int
    cell: tuple[int, int] = CELL

    def cells(self, width: int, height: int) -> tuple[int, int]:
        """Return the columns and rows of a picture of so many pixels, which is made no larger than it is."""
        wide, high = self.cell
        scale = min(self.columns * wide / width, self.rows * high / height, 1)
        columns, rows = round(width * scale / wide), round(height * scale / high)
        return min(max(columns, 1), self.columns), min(max(rows, 1), self.rows)

    def pixels(self, columns: int, rows: int) -> tuple[int, int]:
        """Return the pixels of so many cells."""
        return columns * self.cell[0], rows * self.cell[1]
