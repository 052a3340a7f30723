"""What `veeam_file_versions` tells, warns of and refuses."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from em_simulator import ADMINISTRATOR, PORTAL_USER, Account, Family, Simulator
from terraform_provider_veeam.objects.data_sources.file_versions import FileVersionsDataSource
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.codec import Encoder, decode

CONTRACT = "E:\\Documentation 2014\\Contract.docx"
Read = Callable[..., tuple[list[dict[str, Any]], list[str]]]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def read(simulator: Simulator) -> Iterator[Read]:
    providers = []

    def read(account: Account = ADMINISTRATOR, **written: Any) -> Any:
        provider = VeeamProvider()
        providers.append(provider)
        servicer = ProviderServicer(provider, mask=str)
        settings = {
            "url": simulator.url,
            "username": account.username,
            "password": account.password,
            "certificate_fingerprint": simulator.fingerprint,
        }
        config = _encoded(provider.schema, settings)
        servicer.ConfigureProvider(
            pb.ConfigureProvider.Request(terraform_version="1.14.0", config=config)
        )
        schema = FileVersionsDataSource.schema
        asked = {"machine_name": "oracle03", "path": CONTRACT} | written
        request = pb.ReadDataSource.Request(
            type_name="veeam_file_versions", config=_encoded(schema, asked)
        )
        answer = servicer.ReadDataSource(request)
        said = [f"{one.summary}: {one.detail}" for one in answer.diagnostics]
        state = decode(schema.attributes, answer.state) if answer.HasField("state") else None
        return (state or {}).get("file_versions"), said

    yield read
    for provider in providers:
        provider.close(1.0)


def _encoded(schema: Any, written: dict[str, Any]) -> pb.DynamicValue:
    names = dict.fromkeys(attribute.name for attribute in schema.attributes)
    return Encoder(may_be_unknown=True).encode(schema.attributes, names | written)


def ids(simulator: Simulator, machine: str = "oracle03") -> list[str]:
    points = simulator.restore_points(Family.VM)
    return [point.id for point in points if point.machine.name == machine]


def test_the_newest_version_comes_first_and_nothing_is_mounted(
    read: Read, simulator: Simulator
) -> None:
    versions, said = read()
    assert [one["restore_point_id"] for one in versions] == ids(simulator)[7:]
    assert versions[0] == {
        "restore_point_id": ids(simulator)[7],
        "restore_point_type": "vm",
        "restore_point_created_at": "2026-11-08T22:00:42.6814151Z",
        "path": "E:/Documentation 2014/Contract.docx",
        "is_folder": False,
        "size": 41_372,
        "owner": "TECH\\ann.lee",
        "modified_at": "2026-11-05T16:40:21Z",
    }
    assert said == []
    assert not [one for one in simulator.journal if one.path.endswith("/mounts")]


def test_a_limit_and_times_narrow_it_and_spare_requests(read: Read, simulator: Simulator) -> None:
    versions, _ = read(
        limit=2, created_before="2026-11-08T00:00:00Z", created_after="2026-11-03T00:00:00Z"
    )
    assert [one["restore_point_id"] for one in versions] == ids(simulator)[8:10]
    browsed = [one for one in simulator.journal if one.query == "action=browse"]
    assert len(browsed) == 5


def test_a_file_in_no_backup_is_no_error(read: Read) -> None:
    assert read(path="E:/Nothing.docx") == ([], [])


def test_a_machine_that_is_not_indexed_is_refused_as_nothing_was_looked_at(read: Read) -> None:
    versions, (error,) = read(machine_name="exch01")
    assert versions is None
    assert error.startswith("exch01 is not in the index: None of its 21 restore points")


def test_nights_that_are_not_indexed_are_told(read: Read, simulator: Simulator) -> None:
    newest, second, *_ = ids(simulator)
    simulator.forget_index(newest)
    versions, (warning,) = read(path="C:/Logs/001.log", limit=1)
    assert [one["restore_point_id"] for one in versions] == [second]
    assert "oracle03@2026-11-15 22:00:42" in warning
    assert "not searched" in warning


def test_a_restore_point_that_can_not_be_browsed_is_told(read: Read, simulator: Simulator) -> None:
    simulator.add_fault("task-fails", f"POST .*{ids(simulator)[7]}.*", message="Damaged.")
    versions, (warning,) = read(limit=1)
    assert [one["restore_point_id"] for one in versions] == [ids(simulator)[8]]
    assert "oracle03@2026-11-08 22:00:42: The index does not show" in warning
    assert "Damaged." in warning


def test_a_name_on_two_backup_servers_is_refused_until_one_is_chosen(
    read: Read, simulator: Simulator
) -> None:
    twins = simulator.add_twin("oracle03")
    versions, (error,) = read()
    assert versions is None
    assert "backup01.tech.local, backup02.tech.local" in error
    versions, said = read(backup_server="backup02.tech.local", limit=1)
    assert said == []
    assert versions[0]["restore_point_id"] == twins[7].id


def test_a_backup_that_is_still_being_written_does_not_count(
    read: Read, simulator: Simulator
) -> None:
    simulator.add_incomplete_restore_point("oracle03")
    assert read(limit=1)[1] == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"machine_name": "oracle*"}, '"oracle*" is a pattern'),
        ({"machine_name": "nobody"}, "No restore point found: There is no restore point of the VM"),
        ({"created_after": "2026-11-20T00:00:00Z"}, "No restore point found"),
        ({"path": "E:/a//b"}, "two slashes"),
    ],
)
def test_what_can_not_be_looked_for_is_refused(
    read: Read, written: dict[str, str], expected: str
) -> None:
    versions, (error,) = read(**written)
    assert versions is None
    assert expected in error


def test_a_portal_user_sees_the_versions(read: Read, simulator: Simulator) -> None:
    assert read(PORTAL_USER, limit=1)[0][0]["restore_point_id"] == ids(simulator)[7]
