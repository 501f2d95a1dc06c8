"""A row of the comparison: what was measured, the ratio, and the target."""

import dataclasses
import statistics

import report

HEADS = ["scenario", "CPU µs per request", "ratio", "must (aim)", "requests/s", "p99, ms",
         "memory, MiB"]


@dataclasses.dataclass
class Outcome:
    """A row of a table: the first contestant against the best of `rivals`."""
    name: str
    what: str
    values: list       # the compared figures, by contestant
    rivals: list       # the `values` of the rivals; empty: `must` is absolute
    must: float = None
    aim: float = None
    results: list = dataclasses.field(default_factory=list)  # lists of Result, by contestant
    is_http2: bool = False  # belongs to the table of HTTP/2

    @property
    def ratio(self):
        return self.values[0] / min(self.rivals) if self.rivals else None

    @property
    def missed(self):
        reached = self.values[0] if self.ratio is None else self.ratio
        return self.must is not None and reached > self.must

    def median(self, what):
        return [statistics.median(getattr(one, what) for one in runs) for runs in self.results]

    def cells(self):
        goal = "" if self.must is None else report.number(self.must)
        if self.aim is not None:
            goal += f" ({report.number(self.aim)})"
        row = [self.what, report.side_by_side(self.values),
               "" if self.ratio is None else f"{self.ratio:.2f}", goal]
        for what, scale in (("rps", 1), ("p99_ms", 1), ("pss_kib", 1024)):
            row += [report.side_by_side(v / scale for v in self.median(what))]
        return row


def names(proxies):
    return " / ".join(one.name for one in proxies)


def table(outcomes):
    return report.table(HEADS, [one.cells() for one in outcomes])
