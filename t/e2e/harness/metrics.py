"""Reads what a service with Serve: metrics answers, strictly, in both formats."""

import re

from .client import get

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (-?\d+(?:\.\d+)?)')
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


class Metrics:
    """The families by name, and the samples as {(name, ((label, value), …)): number}."""

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.helps = {}
        self.samples = {}
        family = None
        lines = text.split("\n")
        assert lines.pop() == "", "the last line has no end"
        self.has_eof = lines[-1] == "# EOF"
        for line in lines[:-1] if self.has_eof else lines:
            if line.startswith("# HELP "):
                family, self.helps[family] = line[7:].split(" ", 1)
                assert family not in self.types, line
            elif line.startswith("# TYPE "):
                assert line.split()[2] == family, line
                self.types[family] = line.split()[3]
            else:
                self._take(family, line)

    def _take(self, family, line):
        match = _SAMPLE.fullmatch(line)
        assert match and match[1].startswith(family), line
        labels = match[2] or ""
        assert "".join(m[0] for m in _LABEL.finditer(labels)) == labels, line
        key = (match[1], tuple(_LABEL.findall(labels)))
        assert key not in self.samples, line
        self.samples[key] = float(match[3]) if "." in match[3] else int(match[3])

    def get(self, name, **labels):
        """The sum of the samples of `name` that have these labels; 0 without any."""
        return sum(value for (sample, pairs), value in self.samples.items()
                   if sample == name and labels.items() <= dict(pairs).items())

    def counters(self):
        """The samples that may never fall."""
        return {key: value for key, value in self.samples.items()
                if key[0].endswith(("_total", "_bucket", "_sum", "_count"))}

    def labels_of(self, family):
        """The names of the labels of a family's samples, but for `le`."""
        return {tuple(name for name, _ in labels if name != "le")
                for (sample, labels) in self.samples
                if re.fullmatch(family + "(_total|_bucket|_sum|_count)?", sample)}


def scrape(port, path="/metrics", accept=OPEN_METRICS):
    fields = [f"Accept: {accept}"] if accept else []
    answer = get(port, path, *fields)
    assert answer.status == 200, answer.start_line
    metrics = Metrics(answer.body.decode())
    assert answer.field("Content-Type") == (OPEN_METRICS if metrics.has_eof else PLAIN_TEXT)
    return metrics
