"""Rules between the attributes of the provider's blocks, when a module hands values through."""

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest

from terraform_provider_veeam.config import check
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import Encoder

POINT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
VALUES = {
    "ref": f"urn:VMware:Vm:{POINT}.vm-32",
    "hierarchy_root": "vc01",
    "job_id": POINT,
    "job_name": "Daily",
    "machine_name": "web02",
    "restore_point_id": POINT,
    "restore_point_type": "agent",
    "session_fingerprint": "0123456789abcdef",
    "sealed_session": "v1.0123456789abcdef." + "A" * 80,
}
REQUIRED = {
    "mount_point_id": f"vm/{POINT}/1",
    "path": "C:",
    "paths": ["C:/a"],
    "folder": "x",
    "restore_point_id": POINT,
}
SESSION: list[set[str]] = [set(), {"session_fingerprint"}, {"sealed_session"}]
# What may be set beside each other; any other choice of these names is refused.
OBJECTS: dict[str, tuple[str, list[set[str]]]] = {
    "veeam_quick_backup": (
        "Action",
        [{"ref"}, {"machine_name"}, {"machine_name", "hierarchy_root"}],
    ),
    "veeam_backup_sessions": ("DataResource", [{"job_id"}, {"job_name"}, {"machine_name"}]),
    "veeam_mount_point": (
        "ListResource",
        [set(), {"restore_point_id"}, {"restore_point_id", "restore_point_type"}],
    ),
    "veeam_mount_points": ("DataResource", SESSION),
    "veeam_mount_point_files": ("DataResource", SESSION),
    "veeam_file_download": ("Action", SESSION),
    "veeam_file_restore": ("Action", SESSION),
    "veeam_unmount": ("Action", SESSION),
}
BLOCK = {
    "username": "someone",
    "password": "x",
    "session_token": "abc",
    "insecure": True,
    "certificate_fingerprint": "ab" * 32,
}


def outcomes(written: dict[str, Any]) -> Iterator[set[str]]:
    """Return which attributes may be set in the end, whatever becomes known."""
    sure = {name for name, value in written.items() if value not in (None, Unknown)}
    later = [name for name, value in written.items() if value is Unknown]
    for count in range(len(later) + 1):
        yield from (sure.union(chosen) for chosen in combinations(later, count))


def classes(kind: str) -> Any:
    provider = VeeamProvider()
    return {
        "Action": provider.actions,
        "DataResource": provider.data_sources,
        "ListResource": provider.list_resources,
    }[kind]


def test_every_object_with_rules_is_asked_here() -> None:
    provider = VeeamProvider()
    kinds = (
        provider.resources,
        provider.data_sources,
        provider.ephemeral_resources,
        provider.list_resources,
        provider.actions,
    )
    assert {name for kind in kinds for name, cls in kind.items() if cls.rules} == {*OBJECTS}


@pytest.mark.parametrize("name", OBJECTS)
def test_a_block_is_refused_once_nothing_can_make_it_valid(name: str) -> None:
    kind, allowed = OBJECTS[name]
    schema = classes(kind)[name].schema
    servicer = ProviderServicer(VeeamProvider(), mask=str)
    names = sorted(set().union(*allowed))
    messages = getattr(pb, f"Validate{kind}Config")
    for values in product((True, None, Unknown), repeat=len(names)):
        written = {
            one: VALUES[one] if value is True else value
            for one, value in zip(names, values, strict=True)
        }
        needed = {one.name: REQUIRED.get(one.name) for one in schema.attributes if one.required}
        block = dict.fromkeys(one.name for one in schema.attributes) | needed | written
        config = Encoder(may_be_unknown=True).encode(schema.attributes, block)
        request = messages.Request(type_name=name, config=config)
        answer = getattr(servicer, f"Validate{kind}Config")(request)
        can_be_valid = any(outcome in allowed for outcome in outcomes(written))
        # Two rules together may leave nothing possible before either alone is broken.
        if can_be_valid or Unknown not in values:
            assert bool(answer.diagnostics) is not can_be_valid, written
        for one in answer.diagnostics:
            assert one.summary == "Invalid combination of attributes"
            assert one.attribute.steps[0].attribute_name in names


def test_the_provider_block_is_refused_once_nothing_can_make_it_valid() -> None:
    for values in product((True, None, Unknown), repeat=len(BLOCK)):
        written = {
            name: BLOCK[name] if value is True else value
            for (name, value) in zip(BLOCK, values, strict=True)
        }
        can_be_valid = any(
            not ("session_token" in outcome and {"username", "password"} & outcome)
            and not {"insecure", "certificate_fingerprint"} <= outcome
            for outcome in outcomes(written)
        )
        assert bool(check(written)) is not can_be_valid, written


@pytest.mark.parametrize(
    ("insecure", "said", "is_refused"),
    [
        (True, "", False),
        (False, "true", True),
        (None, "", True),
        (None, "true", False),
        (Unknown, "", False),
    ],
)
def test_plain_http_is_refused_before_the_plan_only_if_nothing_can_allow_it(
    insecure: Any, said: str, *, is_refused: bool
) -> None:
    block = {"url": "http://em.example.com", "insecure": insecure}
    assert bool(check(block, {"VEEAM_EM_INSECURE": said})) is is_refused
