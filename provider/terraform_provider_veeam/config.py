"""The settings of the client, of all that may say them: block, environment, `servers.toml`.

Configuration beats the environment beats the file of servers beats the default. What is secret goes
to one server: an environment that names one keeps its account, and how it is trusted, to that one.
"""

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from terraform_provider_veeam.attributes import ATTRIBUTES, SOURCES, address
from terraform_provider_veeam.em.patterns import similar_names
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import as_meant, is_quoted
from tfplugin.types import Unknown

_VARIABLES = {name: variable for name, (variable, _) in ATTRIBUTES.items()} | SOURCES
_OTHER_VARIABLES = ("VEEAM_EM_IDLE_LIMIT", "VEEAM_EM_SERVERS_FILE")
_PASSWORDS = ("password", *SOURCES)
_OF_ANY_SERVER = ("request_timeout", "max_retries")
_ELSEWHERE = (
    "Or name a file that has it in VEEAM_EM_PASSWORD_FILE, or a command that prints it in "
    "VEEAM_EM_PASSWORD_COMMAND."
)
_QUOTED = (
    "It is in quotation marks, which became part of it, as they do in a file for docker "
    "--env-file. Write it without them."
)


class Problem(NamedTuple):
    """What is wrong with the provider block, and on which attribute."""

    attribute: str
    summary: str
    detail: str


class _Given(NamedTuple):
    values: dict[str, Any]
    origins: dict[str, str]
    """Where each value comes from that is not from the block."""
    server: str | None
    set_aside: str


class InvalidConfiguration(Exception):
    """The provider block can't be used; `problems` has an entry for each thing that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{problem.summary}\n{problem.detail}" for problem in problems))
        self.problems = problems


def check(block: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> list[Problem]:
    """Return what is wrong with the block; of the environment only what is set counts."""
    given = _set(block)
    said = {name: Unknown for name, variable in _VARIABLES.items() if environment.get(variable)}
    return _convert(given, {})[1] + _contradictions(said | given, {})


def resolve(
    block: Mapping[str, Any],
    user_agent: str,
    environment: Mapping[str, str] = os.environ,
    *,
    in_shell: bool = False,
    ask: Callable[[str], str] | None = None,
    stop: threading.Event | None = None,
) -> Settings:
    """Return the client's settings. Raises InvalidConfiguration with everything that is wrong.

    `in_shell` is for a person without a block; `ask` asks for a password, `stop` ends its command.
    """
    given, origins, server, set_aside = _gather(block, environment)
    values, problems = _convert(given, origins)
    problems += _contradictions(given, origins)
    tried = set_aside
    if not problems and {"url", "username"} <= set(given):
        password, said = _password(given, origins, values, server=server, ask=ask, stop=stop)
        if password:
            values["password"] = given["password"] = password
        tried = f"{said} {set_aside}".strip()
    unread = unread_variables(environment)
    if missing := _missing(given, tried, in_shell=in_shell):
        first, *rest = missing
        problems += [first._replace(detail=f"{first.detail} {unread}".rstrip()), *rest]
    if problems:
        raise InvalidConfiguration(problems)
    pin = origins.get("certificate_fingerprint")
    if pin and pin not in _VARIABLES.values():
        values["pin_name"] = f"{pin}, in servers.toml,"
    return Settings(
        base_url=values.pop("url"), user_agent=user_agent, unread_variables=unread, **values
    )


def origins(
    block: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return where each setting comes from, for a person. Raises InvalidConfiguration."""
    return _gather(block, environment).origins


def _gather(block: Mapping[str, Any], environment: Mapping[str, str]) -> _Given:
    """Return what is said, and by whom. Raises InvalidConfiguration for a wrong server."""
    given, origins = _set(block), dict[str, str]()
    found = {
        name: value
        for name, variable in _VARIABLES.items()
        if (value := as_meant(environment.get(variable)))
    }
    server, entry = given.get("server"), dict[str, Any]()
    if server is None and "url" not in given:
        server = found.get("server")
    if server is not None:
        from terraform_provider_veeam import servers  # noqa: PLC0415 - most name none

        try:
            entry = servers.find(server, environment)
        except servers.InvalidServers as error:
            raise InvalidConfiguration([Problem("server", "Invalid server", str(error))]) from None
    set_aside = _set_aside(found, given, entry)
    _add(found, _VARIABLES, given, origins)
    if "url" not in given:
        given.pop("server", None)  # it has been found; beside a url it is a contradiction
    if not _is_same(given.get("username"), entry.get("username")):
        # Where the password of one account is, is of no use to another.
        entry = {name: value for name, value in entry.items() if name not in SOURCES}
    _add(entry, {name: f'{name} of server "{server}"' for name in entry}, given, origins)
    return _Given(given, origins, server, set_aside)


def _set_aside(found: dict[str, str], given: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """Take out of the environment what is for another server; return what to tell of passwords."""
    if "server" in given:
        is_same = found.pop("server", given["server"]) == given["server"]
        url = found.pop("url", entry["url"])
        is_same = is_same and address(url) == address(entry["url"])
    else:
        is_same = "url" not in given or "server" not in found
    if is_same:
        return ""
    passwords = [name for name in (*_PASSWORDS, "session_token") if name in found]
    for name in set(found) - set(_OF_ANY_SERVER):
        del found[name]
    if not passwords:
        return ""
    return (
        f"{_VARIABLES[passwords[0]]} is set, but belongs to the server that VEEAM_EM_URL or "
        "VEEAM_EM_SERVER names, which is another: it is not sent to this one."
    )


def _add(
    level: Mapping[str, Any],
    names: Mapping[str, str],
    given: dict[str, Any],
    origins: dict[str, str],
) -> None:
    above = dict(given)
    for name, value in level.items():
        if name not in above and not _overridden(name, above):
            given[name] = value
            origins[name] = names[name]


def _overridden(name: str, above: Mapping[str, Any]) -> bool:
    """Tell whether another way was chosen above, so that what a level says does not count."""
    if name == "session_token":
        return "username" in above
    if name == "insecure":
        return "certificate_fingerprint" in above
    if name == "certificate_fingerprint":
        return _is_true(above.get("insecure"))
    if name in _PASSWORDS and set(_PASSWORDS) & set(above):
        return True
    return name in ("username", *_PASSWORDS) and "session_token" in above


def _is_same(one: str | None, other: str | None) -> bool:
    return None in (one, other) or str(one).casefold() == str(other).casefold()


def _is_true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


def _set(block: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: as_meant(block.get(name)) for name in ATTRIBUTES}
    return {name: value for name, value in values.items() if value not in (None, "")}


def unread_variables(environment: Mapping[str, str] = os.environ) -> str:
    """Return, for a person, which variables look like settings and are none."""
    known = [*_VARIABLES.values(), *_OTHER_VARIABLES]
    said = []
    for name in sorted(environment):
        if name.upper().startswith("VEEAM_") and name not in known:
            meant = " or ".join(similar_names(name, known)[:1]) or "another"
            said.append(f"{printable(name)} is set, but is not read: is {meant} meant?")
    return " ".join(said)


def _password(
    given: Mapping[str, Any],
    origins: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    server: str | None,
    ask: Callable[[str], str] | None,
    stop: threading.Event | None,
) -> tuple[str | None, str]:
    """Return the account's password, and where it was looked for. Raises InvalidConfiguration."""
    if {"session_token", "password"} & set(given):
        return values.get("password"), ""
    from terraform_provider_veeam import passwords  # noqa: PLC0415 - most give it as it is

    url, username = values["url"].removesuffix("/api"), values["username"]
    for source in set(SOURCES) & set(given):
        try:
            if source == "password_file":
                return passwords.from_file(given[source]), ""
            about = {"VEEAM_EM_URL": url, "VEEAM_EM_USERNAME": username}
            about["VEEAM_EM_SERVER"] = server or ""
            return passwords.from_command(given[source], about, stop), ""
        except passwords.NoPassword as error:
            said = f"{origins[source]}: {error}"
            problem = Problem("password", "The password can't be read", said)
            raise InvalidConfiguration([problem]) from None
    found, said = passwords.from_keyring(url, username)
    if found is None and ask:
        found = ask(f"Password of {printable(username)} at {url}: ")
    return found, said


def _convert(
    given: Mapping[str, Any], origins: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if name in SOURCES or value is Unknown:
            continue
        try:
            if name in origins and name != "password" and is_quoted(value):
                raise ValueError(_QUOTED)  # noqa: TRY301 - told as the others are
            values[name] = ATTRIBUTES[name][1](value)
        except ValueError as error:
            origin = origins.get(name, "")
            kind = "the environment variable " if origin in _VARIABLES.values() else ""
            source = f"From {kind}{origin}: " if origin else ""
            problems.append(Problem(name, f"Invalid {name}", f"{source}{error}"))
    return values, problems


def _contradictions(given: Mapping[str, Any], origins: Mapping[str, str]) -> list[Problem]:
    known = {name: value for name, value in given.items() if value is not Unknown}
    insecure = _is_true(known.get("insecure"))

    def named(name: str) -> str:
        return origins.get(name, name)

    def there(*names: str) -> list[str]:
        return [name for name in names if name in known]

    def both(attribute: str, names: list[str], detail: str) -> list[Problem]:
        if len(names) <= 1:
            return []
        return [Problem(attribute, f"Both {named(names[0])} and {named(names[1])} are set", detail)]

    accounts = there("username", *_PASSWORDS)
    problems = [
        *both(
            "session_token",
            ["session_token", *accounts] if "session_token" in known else [],
            "An existing logon session is used as it is, so it needs no user name and no "
            "password. Set session_token (VEEAM_EM_SESSION_TOKEN) alone, or username "
            "(VEEAM_EM_USERNAME) and password (VEEAM_EM_PASSWORD).",
        ),
        *both(
            "password",
            there(*_PASSWORDS),
            "Which one has the password that counts is not known. Keep one of them.",
        ),
        *both(
            "server",
            there("server", "url"),
            "A server has its own address in servers.toml, and what is secret goes to no other. "
            "Keep one of them; for another address, add a server of another name.",
        ),
        *both(
            "insecure",
            there("insecure", "certificate_fingerprint") if insecure else [],
            f"{named('insecure')} switches off the certificate check that "
            f"{named('certificate_fingerprint')} asks for. Remove {named('insecure')}: the "
            "fingerprint is enough for a self-signed certificate.",
        ),
    ]
    is_plain = str(known.get("url")).lower().startswith("http://")
    if is_plain and not insecure and given.get("insecure") is not Unknown:
        problems.append(
            Problem(
                "url",
                "url is not encrypted",
                "With http:// the password and the backup's files would cross the network in "
                "clear text. Write https:// in url (VEEAM_EM_URL). If the connection is secured "
                "otherwise, set insecure = true (VEEAM_EM_INSECURE).",
            )
        )
    return problems


def _missing(given: Mapping[str, Any], tried: str, *, in_shell: bool) -> list[Problem]:
    needed = {"url": "the address of Enterprise Manager, like https://em.example.com:9398"}
    if "session_token" not in given:
        name = r"EXAMPLE\backup" if in_shell else r"EXAMPLE\\backup"
        needed["username"] = f'an account with a role in it, like "{name}"'
        if not set(_PASSWORDS) & set(given):
            needed["password"] = "the password of that account"  # noqa: S105 - no password
    problems = []
    for attribute, what in needed.items():
        if attribute in given:
            continue
        variable, token, server = ATTRIBUTES[attribute][0], "session_token", "server"
        if in_shell:
            token, server = ATTRIBUTES[token][0], "--server"
            how = f"Set the environment variable {variable} to {what}."
        else:
            how = (
                f"The provider needs {what}. Set {attribute} in the provider block or the "
                f"environment variable {variable}."
            )
        if attribute == "url":
            how += f" Or name one of your servers: {server} (VEEAM_EM_SERVER)."
        else:
            how += f" Or set {token} to use an existing logon session."
        if attribute == "password":
            how += f" {_ELSEWHERE} {tried}"
        name = variable if in_shell else attribute
        problems.append(Problem(attribute, f"{name} is not set", how.rstrip()))
    return problems
