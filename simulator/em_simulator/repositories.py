"""Backup repositories. Follows the vendor's page repositories_id."""

from dataclasses import dataclass

from em_simulator.catalogue import FIRST_SERVER, BackupServer

_TIB = 1024**4


@dataclass(frozen=True, slots=True)
class Repository:
    """A backup repository; its sizes are in bytes, -1 where there is no limit, or none known."""

    id: str
    name: str
    kind: str
    capacity: int
    free_space: int
    server: BackupServer = FIRST_SERVER

    @property
    def uid(self) -> str:
        """URN of the repository."""
        return f"urn:veeam:Repository:{self.id}"


REPOSITORIES = (
    Repository(
        "bffeb9f5-1bdd-4bbd-9299-6fcb7c37bdf6",
        "Backup Volume 01",
        "WindowsLocal",
        4 * _TIB,
        3 * _TIB // 2,
    ),
    Repository(
        "2f4f2e0c-0b0a-4a51-8e2c-93f3b3f3d6a1", "Scale-out 1", "Extendable", 60 * _TIB, 21 * _TIB
    ),
    Repository("9d1f6c44-53a7-4f7c-8a3e-3f7ad5b1c0e2", "Old share", "CifsShare", -1, -1),
    Repository("c84e2a70-16d5-4b93-9f08-7e51d3a6b2c4", "Bucket", "AmazonS3Compatible", -1, -1),
)
