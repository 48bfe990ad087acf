"""The rows of a quantity as a table in Markdown, padded so that a terminal shows it well, and as sentences."""

from growth import Growth, Row, exponent


def table(growth: Growth) -> str:
    header = [
        growth.quantity.heading,
        "trained with",
        "epoch, s",
        "image, µs",
        "exponent",
        "peak, MB",
        "exponent",
        "added, MB",
        "data, MB",
        "command, s",
    ]
    befores = [None, *growth.rows[:-1]]
    return markdown(header, [cells(before, row) for before, row in zip(befores, growth.rows, strict=True)])


def cells(before: Row | None, row: Row) -> list[str]:
    return [
        f"{row.case.value:,}",
        f"{row.case.pictures.images:,}",
        f"{row.epoch_s:.3f}",
        f"{row.image_s * 1e6:.1f}",
        "" if before is None else f"{time_exponent(before, row):.2f}",
        megabytes(row.peak_bytes),
        "" if before is None else f"{peak_exponent(before, row):.2f}",
        megabytes(row.added_bytes),
        megabytes(row.data_bytes),
        f"{row.command_s:.1f}",
    ]


def sentences(growth: Growth) -> str:
    first, last, quantity = growth.rows[0], growth.rows[-1], growth.quantity
    if first is last:
        return "A single value says nothing about growth."
    excesses = "; ".join(growth.excesses()) or "nothing"
    return (
        f"From {first.case.value:,} to {last.case.value:,}, the time of {quantity.time.name} grows with exponent "
        f"{time_exponent(first, last):.2f} of {quantity.size_name}, where linear is {quantity.linear_exponent}, and the "
        f"peak with {peak_exponent(first, last):.2f}. Worse than linear: {excesses}."
    )


def time_exponent(before: Row, after: Row) -> float:
    return exponent((before.size, before.time_s), (after.size, after.time_s))


def peak_exponent(before: Row, after: Row) -> float:
    return exponent((before.size, before.peak_bytes), (after.size, after.peak_bytes))


def megabytes(count: float | None) -> str:
    return "unknown" if count is None else f"{count / 1e6:,.0f}"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]
    rule = ["-" * (width - 1) + ":" for width in widths]
    padded = [[cell.rjust(width) for cell, width in zip(line, widths, strict=True)] for line in [header, rule, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
