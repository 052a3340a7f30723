"""Who ends an older session, and when nobody does."""

from collections.abc import Callable

from em_simulator import Simulator
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.http.client import Client
from terraform_provider_veeam.em.manager import EnterpriseManager
from terraform_provider_veeam.em.models import RestorePointRef

MakeDeadline = Callable[..., Deadline]
MakeManager = Callable[..., EnterpriseManager]


def test_a_server_that_forgets_tasks_does_not_cost_a_mount_its_session(
    simulator: Simulator,
    make_manager: MakeManager,
    restore_point: RestorePointRef,
    client: Client,
    deadline: MakeDeadline,
) -> None:
    process = make_manager()
    older, newer = (process.mount(restore_point, None, deadline()) for _ in range(2))
    process.close(1)
    client.request("DELETE", "/tasks/task-1", deadline(), token=older.session.token)
    point = newer.mount_point
    manager = make_manager()
    manager.unmount(newer.session, point.restore_point, point.mount_id, deadline())
    manager.close(1)
    assert [m.path for m in simulator.mounts()] == [older.mount_point.href]
