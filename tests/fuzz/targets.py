"""Every parser of something that comes from elsewhere, as a function of bytes.

Each raises nothing: its own error is caught here, any other is a finding.
"""

import json
from contextlib import suppress

from terraform_provider_veeam.config import InvalidConfiguration, resolve
from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.errors import UnexpectedAnswer
from terraform_provider_veeam.em.files.listing import _entries
from terraform_provider_veeam.em.files.paths import is_name_in, parse_guest_path
from terraform_provider_veeam.em.http.decoders import (
    api_path,
    clean,
    decode,
    error_message,
    links,
)
from terraform_provider_veeam.em.http.pages import _next
from terraform_provider_veeam.em.http.retry import retry_after_seconds
from terraform_provider_veeam.em.inventory.query import entities
from terraform_provider_veeam.em.inventory.restore_points import (
    found_restore_point,
    parse_restore_point,
)
from terraform_provider_veeam.em.inventory.restore_sessions import parse_restore_session
from terraform_provider_veeam.em.jobs.jobs import parse_job
from terraform_provider_veeam.em.jobs.sessions import parse_job_session, parse_task_session
from terraform_provider_veeam.em.logon import _id_of, _is_enterprise_manager
from terraform_provider_veeam.em.models import RestorePointRef, RestorePointType, mount_id_of
from terraform_provider_veeam.em.mounts.read_and_unmount import file_system_roots
from terraform_provider_veeam.em.tasks import find_task, parse_task
from terraform_provider_veeam.keep_alive.order import Order
from terraform_provider_veeam.mount_sessions.record import SessionRecord
from terraform_provider_veeam.mount_sessions.registry import _carried
from terraform_provider_veeam.objects.identifiers import (
    parse_job_object_id,
    parse_mount_point_id,
    parse_uid,
)

_REF = RestorePointRef(RestorePointType.VM, "710c0a5f-2783-4222-b669-0da996b09b97")


def parse_answer(body: bytes) -> None:
    """Read a body as each kind of answer of Enterprise Manager."""
    error_message(body)
    try:
        document = decode(body)
    except UnexpectedAnswer:
        return
    value = document.value
    with suppress(UnexpectedAnswer):
        _is_enterprise_manager(document)
    with suppress(UnexpectedAnswer):
        _id_of(value)
    with suppress(UnexpectedAnswer):
        for one in [value, *(document.collection("Task") or ())]:
            parse_task(one)
            links(one)
    with suppress(UnexpectedAnswer):
        find_task(document, "task-1")
    with suppress(UnexpectedAnswer):
        _next(document, "/query?type=Job", 1, 1)
    with suppress(UnexpectedAnswer):
        parse_restore_point(value, _REF)
    with suppress(UnexpectedAnswer):
        file_system_roots(value)
    with suppress(UnexpectedAnswer):
        for entry in _entries(document, "C:") or ():
            assert entry.path == f"C:/{entry.name}"
            if is_name_in("C:", entry.name):
                assert parse_guest_path(entry.path) == entry.path
    with suppress(UnexpectedAnswer):
        for entity in entities(document, "RestoreSession"):
            parse_restore_session(entity)
        for entity in entities(document, "VmRestorePoint"):
            found_restore_point(entity, RestorePointType.VM)


def parse_answer_about_backups(body: bytes) -> None:
    """Read a body as each kind of answer about jobs and their sessions."""
    try:
        document = decode(body)
    except UnexpectedAnswer:
        return
    for kind, parse in (
        ("Job", parse_job),
        ("BackupJobSession", parse_job_session),
        ("BackupTaskSession", parse_task_session),
        ("ReplicaJobSession", parse_job_session),
        ("ReplicaTaskSession", parse_task_session),
    ):
        with suppress(UnexpectedAnswer):
            parse(document.value)
        with suppress(UnexpectedAnswer):
            for entity in entities(document, kind):
                parse(entity)


def parse_texts(data: bytes) -> None:
    """Read what users write and servers send as text."""
    text = data.decode(errors="replace")
    clean(text)
    api_path(text)
    mount_id_of(text)
    retry_after_seconds(text, text)
    for parse in (
        parse_duration,
        parse_uid,
        parse_mount_point_id,
        parse_job_object_id,
        parse_guest_path,
    ):
        with suppress(ValueError):
            parse(text)


def parse_configuration(data: bytes) -> None:
    """Read a value of every attribute of the provider block."""
    text = data.decode(errors="replace").replace("\0", "")
    for name in ("url", "session_token", "api_version", "certificate_fingerprint"):
        with suppress(InvalidConfiguration):
            resolve({name: text}, "test", {})
    variables = ("VEEAM_EM_INSECURE", "VEEAM_EM_MAX_RETRIES", "VEEAM_EM_REQUEST_TIMEOUT")
    with suppress(InvalidConfiguration):
        resolve({}, "test", dict.fromkeys(variables, text))


def parse_stored(data: bytes) -> None:
    """Read what was stored, and what Terraform sends."""
    SessionRecord.from_bytes(data)
    _carried(data, "f")
    with suppress(ValueError):
        Order.from_plain(json.loads(data))


TARGETS = (
    parse_answer,
    parse_answer_about_backups,
    parse_texts,
    parse_configuration,
    parse_stored,
)
"""All of them."""
