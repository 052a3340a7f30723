"""Where each resource is: addresses carry the server's own name, whatever the client dialled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from em_simulator.catalogue import Family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from em_simulator.backups import BackupSession, Job, ObjectInJob, TaskSession
    from em_simulator.catalogue import BackupServer, RestorePoint
    from em_simulator.hierarchy import HierarchyRoot
    from em_simulator.mounts import Mount
    from em_simulator.repositories import Repository
    from em_simulator.restores import RestoreSession
    from em_simulator.sessions import Session, Task


class Addresses:
    """Makes the addresses of one server."""

    def __init__(self, host: str) -> None:
        self.base = f"https://{host}/api"

    def backup_server(self, server: BackupServer) -> str:
        """Return a backup server's."""
        return f"{self.base}/backupServers/{server.id}"

    def session(self, session: Session) -> str:
        """Return a logon session's."""
        return f"{self.base}/logonSessions/{session.id}"

    def task(self, task: Task) -> str:
        """Return a task's."""
        return f"{self.base}/tasks/{task.id}"

    def point(self, point: RestorePoint) -> str:
        """Return a restore point's."""
        return f"{self.base}/{point.machine.family.collection}/{point.id}"

    def restore(self, restore: RestoreSession) -> str:
        """Return a restore session's."""
        return f"{self.base}/restoreSessions/{restore.id}"

    def job(self, job: Job) -> str:
        """Return a job's."""
        return f"{self.base}/jobs/{job.id}"

    def object_in_job(self, job: Job, one: ObjectInJob) -> str:
        """Return that of a VM or a container in a job."""
        return f"{self.job(job)}/includes/{one.id}"

    def backup_session(self, session: BackupSession) -> str:
        """Return that of a job's session."""
        return f"{self.base}/{session.job.kind.lower()}Sessions/{session.id}"

    def task_session(self, task: TaskSession) -> str:
        """Return that of the part of a job's session that is about one VM."""
        return f"{self.base}/{task.session.job.kind.lower()}TaskSessions/{task.id}"

    def repository(self, repository: Repository) -> str:
        """Return a repository's."""
        return f"{self.base}/repositories/{repository.id}"

    def root(self, root: HierarchyRoot) -> str:
        """Return that of a host in the virtual infrastructure."""
        return f"{self.base}/hierarchyRoots/{root.listed_id}"

    def lookup(self, root: HierarchyRoot, kind: str) -> str:
        """Return that of a lookup of all that a host has of a type."""
        return f"{self.base}/lookup?host={_small(quote(root.uid, safe=''))}&name=*&type={kind}"

    def mount(self, mount: Mount) -> str:
        """Return a mount point's."""
        return f"{self.point(mount.restore_point)}/mounts/{mount.id}"

    def file(self, mount: Mount, path: str) -> str:
        """Return that of a file or folder in a mount point."""
        return f"{self.mount(mount)}/{_encoded(path)}"

    def parent(self, mount: Mount, path: str) -> str:
        """Return that of the folder that holds a file or folder.

        Below a mount point of an agent's restore point it leads to `/vmRestorePoints`, as some
        links in the vendor's samples do.
        """
        address = self.file(mount, path.rpartition("/")[0])
        return address.replace(f"/{Family.AGENT.collection}/", f"/{Family.VM.collection}/", 1)

    def indexed_machine(self, name: str) -> str:
        """Return that of a machine in the index."""
        return f"{self.base}/catalog/vms/{quote(name, safe='')}"

    def indexed_point(self, point: RestorePoint) -> str:
        """Return that of a restore point in the index."""
        return f"{self.indexed_machine(point.machine.name)}/vmRestorePoints/{point.id}"

    def indexed_file(self, point: RestorePoint, path: str) -> str:
        """Return that of a file or folder in the index; without a path, of what holds all."""
        return f"{self.indexed_point(point)}/guestfs/{_encoded(path)}"

    def query(self, parameters: Iterable[tuple[str, str]], size: int, number: int) -> str:
        """Return that of a page of a query; what is encoded has small hexadecimal digits."""
        asked = [
            f"{name}={_small(quote(value, safe=''))}"
            for name, value in parameters
            if name.lower() not in ("pagesize", "page")
        ]
        return f"{self.base}/query?{'&'.join([*asked, f'pageSize={size}', f'page={number}'])}"


def _encoded(path: str) -> str:
    """Return a path as part of an address, where half a surrogate pair is lost as in .NET."""
    whole = path.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return quote(whole, safe="/:$")


def _small(encoded: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
