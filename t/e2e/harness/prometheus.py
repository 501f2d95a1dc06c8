"""A Prometheus of the test's own, which scrapes a daemon every second and evaluates alert rules."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from .ports import reserve_port
from .timing import TIMEOUT, wait_until

_CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: pound
    static_configs: [{{targets: ["127.0.0.1:{scraped}"]}}]
"""


class Prometheus:
    """Starts at once. `scraped` is the port that serves /metrics, and `rules` a file."""

    def __init__(self, directory, scraped, rules):
        if not shutil.which("prometheus"):
            pytest.skip("prometheus is not installed")
        self.port = reserve_port()
        self.log_file = directory / "prometheus.log"
        config = directory / "prometheus.yml"
        config.write_text(_CONFIG.format(rules=rules, scraped=scraped))
        with open(self.log_file, "wb") as log:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        wait_until(self._is_ready, lambda: "Prometheus; its log:\n" + self.log())

    def _is_ready(self):
        assert self._process.poll() is None, self.log()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=TIMEOUT):
                return True
        except urllib.error.URLError:
            return False

    def ask(self, path, **parameters):
        """The data of an answer of the HTTP API. Fails if the answer is an error."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters, True)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
                said = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.read()}") from error
        assert said["status"] == "success" and not said.get("warnings"), (parameters, said)
        return said["data"]

    def query(self, expression):
        """The samples of a query's result, each a pair of labels and value."""
        data = self.ask("query", query=expression)
        assert data["resultType"] == "vector", (expression, data)
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def wait_scrapes(self, count):
        """Waits until the daemon was scraped `count` more times."""
        def scrapes():
            samples = self.query("count_over_time(pound_build_info[10m])")
            return samples[0][1] if samples else 0
        wanted = scrapes() + count
        wait_until(lambda: scrapes() >= wanted, lambda: f"{count} scrapes; the log:\n" + self.log())

    def rules(self):
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def log(self):
        return self.log_file.read_text(errors="backslashreplace")

    def close(self):
        self._process.kill()
        self._process.wait()
