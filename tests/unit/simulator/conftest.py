"""A client that trusts whatever the simulator shows."""

from collections.abc import Iterator

import pytest
import requests
import urllib3


@pytest.fixture
def http() -> Iterator[requests.Session]:
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        session.headers.update({"Accept": "application/json"})
        yield session
