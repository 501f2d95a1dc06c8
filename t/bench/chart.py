"""Charts with two logarithmic axes, as SVG. The same data always gives the same bytes."""

import dataclasses
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 480, 340  # of one chart
LEFT, RIGHT, TOP, BOTTOM = 74, 24, 34, 92  # around its plot; the legend is below
COLOURS = ["#1f5fa8", "#c4501b", "#2d7d46", "#7a4ca0", "#8a6d1a"]
PREFIXES = {0: "", 3: " k", 6: " M", 9: " G"}


@dataclasses.dataclass
class Line:
    name: str
    points: list  # (x, y), each above 0
    is_dashed: bool = False
    is_dotted: bool = False  # points alone
    colour: int = -1  # default: that of its place among the lines


@dataclasses.dataclass
class Chart:
    title: str
    across: str
    up: str
    lines: list


def label(power):
    """A power of ten as people write it: 0.01, 1, 100, 10 k, 1 M."""
    if power < 0:
        return f"{10 ** power:.{-power}f}"
    thousands = min(power // 3 * 3, 9)
    return f"{10 ** (power - thousands)}{PREFIXES[thousands]}"


def _text(x, y, text, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(text)}</text>'


class _Scale:
    """From a value to a place between two places, by whole powers of ten. The values may exceed
    them by a hundredth of a power."""

    def __init__(self, values, begin, end):
        self.first = math.floor(math.log10(min(values)) + 0.01)
        self.last = max(math.ceil(math.log10(max(values)) - 0.01), self.first + 1)
        self.begin, self.step = begin, (end - begin) / (self.last - self.first)

    def place(self, value):
        return self.begin + (math.log10(value) - self.first) * self.step

    def powers(self):
        return range(self.first, self.last + 1)


def _axes(chart, across, up):
    middle = ' text-anchor="middle"'
    for power in across.powers():
        x = across.place(10 ** power)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield _text(x, HEIGHT - BOTTOM + 16, label(power), middle)
    for power in up.powers():
        y = up.place(10 ** power)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield _text(LEFT - 6, y + 4, label(power), ' text-anchor="end"')
    yield f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>'
    yield _text((LEFT + WIDTH - RIGHT) / 2, 18, chart.title, ' class="title" text-anchor="middle"')
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 34, chart.across, middle)
    half = (TOP + HEIGHT - BOTTOM) / 2
    yield _text(14, half, chart.up, f' text-anchor="middle" transform="rotate(-90 14 {half:.1f})"')


def _colours(lines):
    return [COLOURS[i if line.colour < 0 else line.colour] for i, line in enumerate(lines)]


def _draw(line, colour, across, up):
    places = [(across.place(x), up.place(y)) for x, y in line.points]
    if not line.is_dotted:
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dashes = ' stroke-dasharray="6 4"' if line.is_dashed else ""
        yield f'<path class="line" stroke="{colour}"{dashes} d="M{path}"/>'
    if not line.is_dashed:
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>'


def _legend(lines):
    column = (WIDTH - 24) / 2
    for i, (line, colour) in enumerate(zip(lines, _colours(lines))):
        x, y = 14 + i % 2 * column, HEIGHT - 40 + i // 2 * 16
        dashes = ' stroke-dasharray="6 4"' if line.is_dashed else ""
        if line.is_dotted:
            yield f'<circle cx="{x + 10:.1f}" cy="{y - 4}" r="2.6" fill="{colour}"/>'
        else:
            yield f'<path class="line" stroke="{colour}"{dashes} d="M{x:.1f} {y - 4}h20"/>'
        yield _text(x + 26, y, line.name)


def _chart(chart):
    points = [point for line in chart.lines for point in line.points]
    across = _Scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _Scale([y for _, y in points], HEIGHT - BOTTOM, TOP)
    yield from _axes(chart, across, up)
    for line, colour in zip(chart.lines, _colours(chart.lines)):
        yield from _draw(line, colour, across, up)
    yield from _legend(chart.lines)


def picture(charts, columns=2):
    """The text of an SVG file with all charts."""
    rows = -(-len(charts) // columns)
    width, height = columns * WIDTH, rows * HEIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
             f'width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
             "<style>.grid{stroke:#ddd}.axis{stroke:#333;fill:none}.title{font-size:13px}"
             ".line{fill:none;stroke-width:2}</style>",
             f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for i, chart in enumerate(charts):
        parts.append(f'<g transform="translate({i % columns * WIDTH} {i // columns * HEIGHT})">')
        parts += [*_chart(chart), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"
