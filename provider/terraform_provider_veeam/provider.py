"""The provider: its configuration block, and its objects, each imported when a call names it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from terraform_provider_veeam import __version__
from terraform_provider_veeam.em.deadline import SYSTEM_CLOCK, Clock
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.keep_alive.holder import BackgroundHolder
from terraform_provider_veeam.masking import conceal
from terraform_provider_veeam.mount_sessions.registry import SessionRegistry
from terraform_provider_veeam.packaging import ADDRESSES
from tfplugin import interfaces
from tfplugin.attribute import optional
from tfplugin.contexts import ConfigureContext, Context, State
from tfplugin.errors import Description, Refused
from tfplugin.process.lazy_modules import make_lazy
from tfplugin.schema import Schema
from tfplugin.types import Bool, Number, Unknown

if TYPE_CHECKING:
    from terraform_provider_veeam.config import Problem
    from terraform_provider_veeam.em.client import EnterpriseManager
    from terraform_provider_veeam.keep_alive.start import Successor


class _Objects(Mapping[str, Any]):
    """The classes of objects by name, from how their names end and which module has which."""

    def __init__(self, kind: str, modules: Mapping[str, str]) -> None:
        self._kind = kind
        self._modules = {one: module for module, names in modules.items() for one in names.split()}

    def __getitem__(self, name: str) -> Any:
        module = import_module(f"terraform_provider_veeam.objects.{self._modules[name]}")
        words = name.removeprefix("veeam_").split("_")
        return getattr(module, "".join(map(str.capitalize, words)) + self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


class VeeamProvider(interfaces.Provider):
    """The provider `veeam`: one Enterprise Manager, and what this process knows of its sessions."""

    addresses = ADDRESSES
    schema = Schema(
        description="Mounts restore points of Veeam Backup & Replication through "
        "Veeam Backup Enterprise Manager.",
        attributes=[
            optional(
                "server",
                "Name of a server in `servers.toml`, where `terraform-provider-veeam servers "
                "add` writes its address, its account and how it is trusted. What is written "
                "here beats what is written there. Or set `VEEAM_EM_SERVER`.",
            ),
            optional(
                "url",
                "Address of Enterprise Manager, `https://HOST[:PORT][/api]`; port 9398 when "
                "none is written. Or set `VEEAM_EM_URL`. `http://` needs `insecure = true`.",
            ),
            optional(
                "username",
                "Account with a role in Enterprise Manager, usually `DOMAIN\\user`. "
                "Or set `VEEAM_EM_USERNAME`.",
            ),
            optional(
                "password",
                "Password of `username`. Or set `VEEAM_EM_PASSWORD`, `VEEAM_EM_PASSWORD_FILE` "
                "or `VEEAM_EM_PASSWORD_COMMAND`, or keep it in the system's keyring.",
                sensitive=True,
            ),
            optional(
                "session_token",
                "Token of an existing logon session, in place of `username` and `password`. The "
                "session is used as it is and never logged out. Or set `VEEAM_EM_SESSION_TOKEN`.",
                sensitive=True,
            ),
            optional(
                "api_version",
                "Version of the REST API to log on with, like `v1_7`. Default `latest`. "
                "Or set `VEEAM_EM_API_VERSION`.",
            ),
            optional(
                "ca_certificate",
                "Certificate authority that signed the server's certificate: PEM text or the path "
                "of a file. Default: the system's store. Or set `VEEAM_EM_CA_CERTIFICATE`.",
            ),
            optional(
                "certificate_fingerprint",
                "SHA-256 fingerprint of the server's certificate, the safe way to use the "
                "self-signed one that Enterprise Manager installs. "
                "Or set `VEEAM_EM_CERTIFICATE_FINGERPRINT`.",
            ),
            optional(
                "insecure",
                "Do not check the server's certificate. Default `false`; a warning is shown "
                "every time. Or set `VEEAM_EM_INSECURE`.",
                Bool(),
            ),
            optional(
                "request_timeout",
                "Longest time for one HTTP request, like `30s` (the default). "
                "Or set `VEEAM_EM_REQUEST_TIMEOUT`.",
            ),
            optional(
                "max_retries",
                "How often a request is tried again after a passing fault, `0` to `100`. "
                "Default `5`. Or set `VEEAM_EM_MAX_RETRIES`.",
                Number(),
            ),
        ],
    )
    resources = _Objects(
        "Resource",
        {"resources.job_object": "veeam_job_object", "resources.mount_point": "veeam_mount_point"},
    )
    data_sources = _Objects(
        "DataSource",
        {
            "data_sources.backup_servers": "veeam_backup_server veeam_backup_servers",
            "data_sources.backup_sessions": "veeam_backup_sessions",
            "data_sources.file_versions": "veeam_file_versions",
            "data_sources.hierarchy_object": "veeam_hierarchy_object",
            "data_sources.hierarchy_roots": "veeam_hierarchy_roots",
            "data_sources.jobs": "veeam_job veeam_jobs",
            "data_sources.machines": "veeam_machines",
            "data_sources.mount_point_files": "veeam_mount_point_files",
            "data_sources.mount_points": "veeam_mount_points",
            "data_sources.repositories": "veeam_repository veeam_repositories",
            "data_sources.restore_points": "veeam_restore_point veeam_restore_points",
            "data_sources.restore_sessions": "veeam_restore_sessions",
        },
    )
    ephemeral_resources = _Objects(
        "Ephemeral",
        {
            "ephemeral.logon_session": "veeam_logon_session",
            "ephemeral.mount_point": "veeam_mount_point",
        },
    )
    list_resources = _Objects(
        "List", {"lists.job_object": "veeam_job_object", "lists.mount_point": "veeam_mount_point"}
    )
    actions = _Objects(
        "Action",
        {
            "actions.file_download": "veeam_file_download",
            "actions.file_restore": "veeam_file_restore",
            "actions.indexed_file_restore": "veeam_indexed_file_restore",
            "actions.job_start": "veeam_job_start",
            "actions.quick_backup": "veeam_quick_backup",
            "actions.unmount": "veeam_unmount",
        },
    )
    functions = _Objects("", {"functions": "mount_point_id parse_mount_point_id parse_uid"})

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.registry = SessionRegistry()
        self.holder = BackgroundHolder(clock, self._prepare)
        self.dropped: set[tuple[str, ...]] = set()
        self.stored: dict[tuple[str, ...], str] = {}
        self.taken_over: set[str] = set()
        self._successor: Successor | None = None
        self._unknown: list[str] = []
        self._settings: Settings | None = None
        self._em: EnterpriseManager | None = None
        self._replaced: list[EnterpriseManager] = []
        self._configuring = threading.RLock()

    def validate(self, ctx: Context, config: State) -> None:
        """Check what is written in the block; a value may be Unknown."""
        from terraform_provider_veeam.config import check  # noqa: PLC0415 - not before the schema

        _report(ctx, check(config))

    def configure(self, ctx: ConfigureContext, config: State) -> None:
        """Take over the settings, once all values are known. Nothing is sent."""
        from terraform_provider_veeam.config import (  # noqa: PLC0415 - not for a validation
            InvalidConfiguration,
            resolve,
        )

        self._unknown = [name for name, value in config.items() if value is Unknown]
        if self._unknown:
            return
        try:
            settings = resolve(
                config,
                f"terraform-provider-veeam/{__version__} (Terraform/{ctx.terraform_version}; "
                f"Python/{'.'.join(map(str, sys.version_info[:3]))})",
                stop=ctx.stop,
            )
        except InvalidConfiguration as error:
            _report(ctx, error.problems)
            return
        if settings.insecure:
            ctx.diagnostics.add_warning(
                "The certificate of Enterprise Manager is not checked",
                "insecure = true (or VEEAM_EM_INSECURE) lets anybody on the network path read "
                "the password and the backup's files. certificate_fingerprint is as easy to use, "
                "and safe.",
                path=["insecure"],
            )
        with self._configuring:
            self._serve(ctx, settings)

    def _serve(self, ctx: ConfigureContext, settings: Settings) -> None:
        """Take over the settings, unless this process (serve) serves another account already."""
        if self._settings:
            served, asked = _who(self._settings), _who(settings)
            if asked != served:
                ctx.diagnostics.add_error(
                    "This process serves another provider block",
                    f"serve has been set to {served}, and this block asks for {asked}. Terraform "
                    "does not tell it for which block a call is, so it can serve only one "
                    "Enterprise Manager and account. Start serve anew to have it serve this block; "
                    "a configuration that needs several works without TF_REATTACH_PROVIDERS.",
                    path=["url"],
                )
                return
        if self._em:
            self._replaced.append(self._em)  # its calls may still be running
            self._em = None
        self._settings = settings
        for secret in filter(None, (settings.password, settings.session_token)):
            conceal(secret)

    @property
    def is_configured(self) -> bool:
        """Whether the configuration is known."""
        return self._settings is not None

    @property
    def em(self) -> EnterpriseManager:
        """The client, made when it is first asked for. Raises Refused when not configured."""
        with self._configuring:
            if self._settings is None:
                raise self._not_configured()
            if self._em is None:
                # `requests` takes longer to import than all the rest, and a plan of a destroy
                # has nothing to ask. What it only has at hand for others is put off.
                make_lazy("bz2", "idna", "lzma", "zipfile")
                make_lazy("charset_normalizer", having={"__version__": "3.0.0"})
                from terraform_provider_veeam.em.client import (  # noqa: PLC0415
                    EnterpriseManager,
                )

                self._em = EnterpriseManager(self._settings, clock=self.clock)
            return self._em

    def _not_configured(self) -> Refused:
        if not self._unknown:
            return Refused(
                "The provider is not configured", "Terraform has sent no provider block."
            )
        names = " and ".join(self._unknown)
        are = "is" if len(self._unknown) == 1 else "are"
        return Refused(
            "The provider is not configured",
            f"{names} in its provider block {are} known only after an apply, but Enterprise "
            "Manager has to be asked now. Apply first what the value comes from, with "
            "-target=ADDRESS, or take it from a variable or the environment.",
        )

    def describe(self, error: Exception) -> Description | None:
        """Return what a person is told of an error of the client."""
        if isinstance(error, EnterpriseManagerError):
            return Description(error.summary, error.detail)
        return None

    def hand_over(self) -> None:
        """Have mounts' sessions held while Terraform lives: it may end this process long before."""
        if self.terraform is None:
            return
        if self._em:
            self.registry.leave_found(self._em.account)
        if orders := self.holder.orders(self.terraform):
            self._succession(self.terraform).hold(orders)

    def _prepare(self) -> None:
        """Prepare for the end of this process, as soon as it holds anything."""
        if self.terraform is not None:
            with suppress(OSError):  # it is tried again at the end
                self._succession(self.terraform).prepare()

    def _succession(self, terraform: int) -> Successor:
        from terraform_provider_veeam.keep_alive.start import Successor  # noqa: PLC0415 - few do

        with self._configuring:
            self._successor = self._successor or Successor(terraform)
            return self._successor

    def close(self, seconds: float) -> None:
        """End what the process holds open on the server."""
        self.holder.stop()
        self.registry.close()
        clients = [one for one in (*self._replaced, self._em) if one]
        end = self.clock.monotonic() + seconds
        for em in clients:
            em.close(max(0.0, end - self.clock.monotonic()))


def _who(settings: Settings) -> str:
    """Return which Enterprise Manager is asked, and as whom: secrets may be renewed meanwhile."""
    return f"{settings.base_url} as {settings.username or 'the owner of session_token'}"


def _report(ctx: Context, problems: list[Problem]) -> None:
    for problem in problems:
        ctx.diagnostics.add_error(problem.summary, problem.detail, path=[problem.attribute])
