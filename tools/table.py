"""Tables of text."""

from collections.abc import Iterator, Sequence


def aligned(rows: Sequence[Sequence[str]], *, left: int = 1) -> Iterator[str]:
    """Yield a line per row, with its first columns aligned to the left, and others to the right.

    Args:
        rows: cells of each row, with the heads as first row.
        left: number of columns that are aligned to the left.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = "<" * left + ">" * (len(widths) - left)
    for row in rows:
        cells = zip(row, sides, widths, strict=True)
        yield "  ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip()
