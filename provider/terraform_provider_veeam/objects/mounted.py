"""How a block says which mount point it means, and in which logon session that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from terraform_provider_veeam.em import models
from terraform_provider_veeam.em.errors import MountGone, SessionGone
from terraform_provider_veeam.em.models import LogonSession, MountPoint, RestorePointRef
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.mount_sessions import local_handover, sealed_session
from terraform_provider_veeam.mount_sessions.errors import check_server
from terraform_provider_veeam.objects import checks
from terraform_provider_veeam.objects.base import Deadline, State, VeeamObject
from terraform_provider_veeam.objects.identifiers import format_mount_point_id, parse_mount_point_id
from terraform_provider_veeam.text import parse_session_token
from tfplugin.attribute import Attribute, optional, required
from tfplugin.errors import Refused
from tfplugin.rules import Rule, at_most_one_of

if TYPE_CHECKING:
    from terraform_provider_veeam.em.files.listing import Files


class MountReference(NamedTuple):
    """A mount point, and the logon session that it is looked for in."""

    session: LogonSession
    restore_point: RestorePointRef
    href: str
    """Path of the mount point below `/api`."""

    def __str__(self) -> str:
        return format_mount_point_id(self.restore_point, models.mount_id_of(self.href) or 0)

    def missing(self, error: MountGone, instead: str) -> Refused:
        """Return the error for a session that does not have the mount point."""
        return Refused(
            "Mount point not found",
            f"{error.detail}\nThere is no {self} in {self.session}{instead}. A mount "
            "point can only be reached in the session that made it: set session_fingerprint to "
            "the veeam_mount_point's own, or session_token.",
            path=["mount_point_id"],
        )

    def lost(self, error: SessionGone) -> Refused:
        """Return the error for a session that has ended."""
        return Refused(
            f"Mount point {self} is gone: its logon session has ended",
            f"{error.detail}\nApply again: Terraform then sees that the mount point is gone, and "
            "mounts it again.",
            path=["mount_point_id"],
        )


def session_attributes(default: str = "the provider's own") -> list[Attribute]:
    """Return the attributes that name a logon session."""
    return [
        optional(
            "session_fingerprint",
            "The logon session to look in: `session_fingerprint` of a `veeam_mount_point` of this "
            f"configuration. Default: {default}.",
            check=checks.name,
        ),
        optional(
            "sealed_session",
            "The same for a plan that is applied on another machine, in place of "
            "`session_fingerprint`: `sealed_session` of the `veeam_mount_point`.",
            check=sealed_session.parse_sealed,
            sensitive=True,
        ),
    ]


REFERENCE = (
    required(
        "mount_point_id",
        "Id of the mount point, `TYPE/RESTORE_POINT_UUID/MOUNT_ID`: `id` of a `veeam_mount_point`.",
        check=parse_mount_point_id,
    ),
    *session_attributes(
        "the session of the managed mount point that has this id, else the provider's own"
    ),
)

TOKEN = optional(
    "session_token",
    "Token of the logon session that has the mount point, when it is neither the "
    "provider's nor that of a managed mount in the same command. May be an ephemeral "
    "value. It is in no state, but Terraform keeps it in a plan that is saved.",
    check=parse_session_token,
    write_only=True,
)


class MountPointReader(VeeamObject):
    """An object that works on a mount point or a session that something else has made."""

    rules: ClassVar[Sequence[Rule]] = (at_most_one_of("session_fingerprint", "sealed_session"),)

    def find_mount(self, config: State, deadline: Deadline) -> MountReference:
        """Return the mount point that a block names, with its session. Raises Refused.

        Of managed mounts it knows those that this process, or the plan of this command, has read.
        """
        ref, mount_id = config["mount_point_id"]
        records = self._registry.with_mount_point(
            lambda href: models.mount_id_of(href) == mount_id and ref.id in href.lower(),
            self.em.base_url,
        )
        told = None
        if config.get("session_token") is not None:
            session = LogonSession(None, config["session_token"], borrowed=True)
        elif config["session_fingerprint"] is not None or config["sealed_session"] is not None:
            session = self.find_session(config, deadline)
            told = next((r.href for r in records if r.session == session), None)
        elif len(records) > 1:
            fingerprints = " and ".join(record.fingerprint for record in records)
            raise Refused(
                "Several logon sessions have that mount point",
                f"Each logon session numbers its own mount points, and {fingerprints} each have "
                f"{format_mount_point_id(ref, mount_id)}. Set session_fingerprint.",
                path=["session_fingerprint"],
            )
        elif records:
            session, told = records[0].session, records[0].href
        else:
            session = self.em.sessions.browsing(deadline)
        return MountReference(session, ref, models.mount_href(ref, mount_id, told))

    def neighbours(self, mount: MountReference, files: Files, path: str, deadline: Deadline) -> str:
        """Return, for a person, what there is near a path that leads nowhere. Raises Refused."""
        point = self.check_mount(mount, deadline)
        volumes = ", ".join(map(printable, point.file_system_roots)) or "not known"
        near = files.neighbours(path, deadline)
        return f"{mount} has no {printable(path)}. {near or f'Its volumes are: {volumes}.'}"

    def check_mount(self, mount: MountReference, deadline: Deadline) -> MountPoint:
        """Return the mount point as it is now. Raises Refused when it is gone."""
        try:
            return self.em.mounts.get(mount.session, mount.restore_point, mount.href, deadline)
        except SessionGone as error:
            raise mount.lost(error) from error
        except MountGone as error:
            raise mount.missing(error, self.mounted_instead(mount, deadline)) from error

    def mounted_instead(self, mount: MountReference, deadline: Deadline) -> str:
        """Return the rest of a sentence: what is mounted in place of what is not there."""
        point = mount.restore_point.id
        there = self.em.suggestions.mount_points(mount.session, point, deadline)
        if there:
            return but_there_is(there)
        records = self._registry.with_mount_point(
            lambda href: point in href.lower(), self.em.base_url
        )
        known = [
            f"{MountReference(record.session, ref, record.href)} in {record.session}"
            for record in records
            if (ref := models.restore_point_at(record.href))
        ]
        return f", but there is {' and '.join(known)}" if known else ""

    def find_session(self, config: State, deadline: Deadline) -> LogonSession:
        """Return the session that a block names, or the provider's own. Raises Refused."""
        em, sealed = self.em, config["sealed_session"]
        fingerprint = (
            sealed_session.fingerprint_of(sealed) if sealed else config["session_fingerprint"]
        )
        if fingerprint is not None and (record := self._registry.find(fingerprint, em.base_url)):
            return record.session
        if sealed:
            return self._unsealed(sealed, deadline)
        own = em.sessions.browsing(deadline)
        if fingerprint in (None, own.fingerprint):
            return own
        trouble = local_handover.trouble()
        reason = (
            f"\nFrom a plan to its apply it can't be handed over: {trouble}." if trouble else ""
        )
        raise Refused(
            "The logon session is not at hand",
            f"This command has neither read nor made a veeam_mount_point in logon session "
            f"{fingerprint}, so it does not know the token. A saved plan that another command "
            "applies does not read the mount point again: set seal_session = true in the "
            "veeam_mount_point and its sealed_session here, in place of session_fingerprint; or "
            f"apply without a saved plan.{reason}",
            path=["session_fingerprint"],
        )

    def _unsealed(self, sealed: str, deadline: Deadline) -> LogonSession:
        record = sealed_session.unseal(sealed, self.em.settings)
        if record is None:
            fingerprint = sealed_session.fingerprint_of(sealed)
            raise Refused(
                "The sealed logon session can't be opened",
                f"Logon session {fingerprint} was not sealed with the password "
                "(or session_token) of this provider block. Use the provider block of the "
                "veeam_mount_point. If the password has changed since the plan was made, plan "
                "again: a plan that reads the mount point seals its session anew.",
                path=["sealed_session"],
            )
        check_server(self.em, record, deadline)
        self._registry.remember(record)
        return record.session


def but_there_is(mount_points: list[MountPoint]) -> str:
    """Return the rest of a sentence: what a session has in place of what is not there."""
    ids = [format_mount_point_id(one.restore_point, one.mount_id) for one in mount_points]
    return f", but there is {' and '.join(ids)}" if ids else ""
