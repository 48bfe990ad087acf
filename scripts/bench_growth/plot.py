"""A quantity as an SVG picture: the time and the peak over its values, both axes logarithmic, with a line for growth in
proportion."""

from dataclasses import dataclass
from math import ceil, floor, log10

from growth import Growth, Row

WIDTH, HEIGHT = 340, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 30, 42
MEASURED, LINEAR, GRID, INK = "#0b62a4", "#b0651d", "#e3e6ea", "#333"


@dataclass(frozen=True)
class Axis:
    """Maps the logarithm of a value to pixels."""

    least: float
    greatest: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (log10(value) - log10(self.least)) / (log10(self.greatest) - log10(self.least))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, or some of their multiples where these are fewer than three."""
        decades = range(floor(log10(self.least)), ceil(log10(self.greatest)) + 1)
        ticks: list[float] = []
        for factors in [(1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)]:
            values = [factor * 10.0**decade for decade in decades for factor in factors]
            ticks = [value for value in values if self.least <= value <= self.greatest]
            if len(ticks) >= 3:
                break
        return ticks


@dataclass(frozen=True)
class Panel:
    title: str
    values: list[float]
    linear_exponent: int


def plot(growth: Growth) -> str:
    quantity, rows = growth.quantity, growth.rows
    unit, factor = ("s", 1) if rows[-1].time_s >= 1 else ("ms", 1e3) if rows[-1].time_s >= 1e-3 else ("µs", 1e6)
    times = [row.time_s * factor for row in rows]
    panels = [
        Panel(f"time of {quantity.time.name}, {unit}", times, quantity.linear_exponent),
        Panel("peak memory, MB", [row.peak_bytes / 1e6 for row in rows], 1),
    ]
    drawn = "\n".join(draw(panel, growth, index * WIDTH) for index, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" width="{2 * WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="{INK}" role="img">\n'
        f"<title>Time and peak memory over {quantity.heading}</title>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n{drawn}\n</svg>\n'
    )


def draw(panel: Panel, growth: Growth, left: int) -> str:
    rows = growth.rows
    values = [row.case.value for row in rows]
    across = Axis(values[0], max(values[-1], values[0] * 2), left + LEFT, left + WIDTH - RIGHT)
    up = Axis(min(panel.values) / 1.3, max(panel.values) * 1.3, HEIGHT - BOTTOM, TOP)
    points = [(across.at(value), up.at(found)) for value, found in zip(values, panel.values, strict=True)]
    area = f'x="{left + LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    middle = left + (LEFT + WIDTH - RIGHT) / 2
    return "\n".join([
        f'<text x="{left + LEFT}" y="{TOP - 12}" font-weight="bold">{panel.title}</text>',
        *(horizontal(tick, up.at(tick), across) for tick in up.ticks()),
        *(text(across.at(value), HEIGHT - BOTTOM + 15, short(value), "middle") for value in values),
        text(middle, HEIGHT - 10, growth.quantity.heading, "middle"),
        f'<clipPath id="area-{left}"><rect {area}/></clipPath>',
        f'<g clip-path="url(#area-{left})">{line(proportion(panel, rows, across, up), LINEAR, "5 4")}</g>',
        line(points, MEASURED),
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{MEASURED}"/>' for x, y in points),
        f'<rect {area} fill="none" stroke="{INK}" stroke-width="0.6"/>',
        legend(left),
    ])  # fmt: skip


def proportion(panel: Panel, rows: list[Row], across: Axis, up: Axis) -> list[tuple[float, float]]:
    """The line through the first point that linear growth would follow."""
    first, last = rows[0], rows[-1]
    end = panel.values[0] * (last.size / first.size) ** panel.linear_exponent
    return [
        (across.at(first.case.value), up.at(panel.values[0])),
        (across.at(last.case.value), up.at(end)),
    ]


def horizontal(tick: float, y: float, across: Axis) -> str:
    rule = f'<line x1="{across.start}" x2="{across.end}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
    return rule + text(across.start - 6, y + 4, short(tick), "end")


def line(points: list[tuple[float, float]], colour: str, dashes: str = "none") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dashes}"/>'


def legend(left: int) -> str:
    end = left + WIDTH - RIGHT
    entries = [(end - 62, "linear", LINEAR, "5 4"), (end - 142, "measured", MEASURED, "none")]
    return "".join(
        line([(x, TOP - 16), (x + 18, TOP - 16)], colour, dashes) + text(x + 23, TOP - 12, name, "start")
        for x, name, colour, dashes in entries
    )


def text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def short(value: float) -> str:
    """Such as 0.2, 50, 64k or 1M."""
    for factor, letter in [(1e6, "M"), (1e3, "k")]:
        if value >= factor:
            return f"{value / factor:g}{letter}"
    return f"{value:g}"
