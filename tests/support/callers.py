"""Who asks the simulator directly, as a stranger's client would."""

import ssl
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from em_simulator import ADMINISTRATOR, Account, Simulator

JSON = "application/json"
_UNCHECKED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNCHECKED.check_hostname = False
_UNCHECKED.verify_mode = ssl.CERT_NONE


class UncheckedAdapter(HTTPAdapter):
    """Takes any certificate, and so does not read the system's: that takes 50 ms each time."""

    def init_poolmanager(self, *arguments: Any, **rest: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=_UNCHECKED, **rest)


def unchecked_session() -> requests.Session:
    """Return a session that takes any certificate."""
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session = requests.Session()
    session.trust_env = session.verify = False
    session.mount("https://", UncheckedAdapter())
    return session


class Caller:
    """A logon session, and requests in it. It follows links as they come."""

    def __init__(self, simulator: Simulator, account: Account = ADMINISTRATOR) -> None:
        self.simulator = simulator
        self.session_id, self.token = simulator.log_on(account.username, account.password)

    def ask(self, method: str, where: str, accept: str = JSON, **rest: Any) -> requests.Response:
        """Ask for a path below /api, or where a link leads."""
        path = where.partition("/api/")[2] if where.startswith("https://") else where.lstrip("/")
        headers = {"X-RestSvcSessionId": self.token, "Accept": accept} | rest.pop("headers", {})
        with unchecked_session() as http:
            url = f"{self.simulator.url}/api/{path}"
            return http.request(method, url, headers=headers, timeout=10, **rest)

    def status(self, method: str, where: str, **rest: Any) -> int:
        return self.ask(method, where, **rest).status_code

    def get(self, where: str) -> Any:
        answer = self.ask("GET", where)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, where: str, **rest: Any) -> Any:
        """Begin a task; returns it as it is then, finished where nothing takes time."""
        answer = self.ask("POST", where, **rest)
        assert answer.status_code == 202, answer.text
        task = answer.json()
        return self.get(f"tasks/{task.get('TaskId') or task['taskId']}")


def links(resource: Any, rel: str) -> list[str]:
    """The addresses of the links with a relation, of a resource in camelCase."""
    return [link["href"] for link in resource["links"] or () if link["rel"] == rel]


def kinds_of_links(resource: Any) -> list[tuple[str, str | None]]:
    """The relations and types of a resource's links, in camelCase."""
    return [(link["rel"], link["type"]) for link in resource["links"]]
