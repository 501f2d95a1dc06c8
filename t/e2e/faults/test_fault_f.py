"""Faults of responses: what Pound adds to them."""

import datetime
import email.utils

import pytest

from harness import get, response
from harness.config import plain_site

CONFIG = plain_site(services="""
    - URL: "^/away"
      Redirect: "http://b.example/"
    - URL: "^/web"
      Backends: [*web]
""")
DATE = "Tue, 01 Jan 1980 00:00:00 GMT"


def handler(request):
    return response(b"ok", *([f"Date: {DATE}"] if request.target == "/web/date" else []))


@pytest.fixture(scope="module", name="where")
def fixture_where(shared_site):
    return shared_site.pound(CONFIG, web=shared_site.backend(handler).port)


@pytest.mark.parametrize("target, status", [("/web", 200), ("/nowhere", 404), ("/away", 302)])
def test_fault_F1_every_response_has_a_date(where, target, status):
    now = lambda: datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)  # noqa: E731
    before = now()
    got = get(where.port, target)
    assert got.status == status
    text, = got.all("Date")
    when = email.utils.parsedate_to_datetime(text)
    assert before <= when <= now()
    assert text == email.utils.format_datetime(when, usegmt=True)


def test_fault_F1_the_date_of_the_backend_stays(where):
    assert get(where.port, "/web/date").all("Date") == [DATE]
