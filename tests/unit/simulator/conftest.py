"""A client that trusts whatever the simulator shows."""

from collections.abc import Iterator

import pytest
import requests

from support.callers import unchecked_session


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with unchecked_session() as session:
        session.headers.update({"Accept": "application/json"})
        yield session
