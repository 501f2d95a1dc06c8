"""Markdown tables, and their place between two markers of a file."""

import pathlib


def number(value):
    """The value with about three significant digits: 0.41, 12.3, 214, 62000."""
    if value >= 1000:
        return f"{round(value, 2 - len(str(int(value)))):.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def side_by_side(values):
    return " / ".join(number(value) for value in values)


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def write_between(path, name, text):
    """Replaces the text in `path` between the markers of `name`."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    file = pathlib.Path(path)
    old = file.read_text()
    before, found, rest = old.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise RuntimeError(f"{path} has no markers of {name}")
    file.write_text(before + begin + text + end + after)
