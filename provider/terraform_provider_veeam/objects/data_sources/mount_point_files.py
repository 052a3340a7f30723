"""The data source `veeam_mount_point_files`: what is in a folder of a mount point."""

from itertools import islice

from terraform_provider_veeam.em.errors import NotFound, RequestFailed, TokenRefused
from terraform_provider_veeam.em.files.left_out import LeftOut, in_lines
from terraform_provider_veeam.em.files.paths import parse_guest_path
from terraform_provider_veeam.em.patterns import name_matches
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.objects import checks, selection
from terraform_provider_veeam.objects.base import Context, DataSource, Deadline, State, block
from terraform_provider_veeam.objects.mounted import REFERENCE, MountPointReader
from tfplugin import attribute
from tfplugin.errors import Refused
from tfplugin.types import Bool, Number

_BAD_REQUEST = 400


class MountPointFilesDataSource(MountPointReader, DataSource):
    """`veeam_mount_point_files`."""

    operation = "Listing {path}"
    schema = block(
        "The files and folders in a folder of a mount point.",
        *REFERENCE,
        attribute.required(
            "path",
            "The folder, from its volume on: `E:/Documentation 2014`, `Volume$0:/etc`. "
            "`file_system_roots` of the mount point has the volumes.",
            check=parse_guest_path,
        ),
        attribute.optional(
            "depth",
            "How many levels of folders are looked into. Default `1`: the folder itself.",
            Number(),
            check=checks.count_to(1_000_000),
            fallback=1,
        ),
        attribute.optional(
            "name",
            "Only files and folders of this name; `*` stands for anything, capitals do "
            "not matter. It is matched here: Enterprise Manager sends all names.",
            check=checks.name,
            fallback="*",
        ),
        checks.limit(1000, "; more are left out with a warning"),
        attribute.found(
            "files",
            "The files and folders that were found, by path.",
            attribute.computed("path", "Path from the volume on, as for `paths` of actions."),
            attribute.computed("name", "Name without its folder."),
            attribute.computed("is_folder", "Whether it is a folder.", Bool()),
            attribute.computed("size", "Size in bytes; null for a folder.", Number()),
            attribute.computed("owner", "Account that owns it; null for a folder."),
            attribute.computed(
                "modified_at", "When it was last changed, RFC 3339 in UTC; null for a folder."
            ),
        ),
        read="5m",
    )

    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return what is found, at most as much as the limit says."""
        mount = self.find_mount(config, deadline)
        files, _ = self.em.files(mount.session, mount.href)
        path, limit = config["path"], config["limit"]
        left_out: list[LeftOut] = []
        walk = files.walk(path, config["depth"], deadline, left_out)
        try:
            matches = (entry for entry in walk if name_matches(config["name"], entry.name))
            entries = list(islice(matches, limit + 1))
        except TokenRefused:
            self.check_mount(mount, deadline)
            raise
        except RequestFailed as error:
            if error.status != _BAD_REQUEST:
                raise
            raise Refused("This folder can't be listed", error.detail, path=["path"]) from error
        except NotFound as error:
            raise Refused(
                "Folder not found",
                f"{error.detail}\n{self.neighbours(mount, files, path, deadline)}",
                path=["path"],
            ) from error
        if left_out:
            ctx.diagnostics.add_warning(
                "Not all files can be listed",
                f"What {mount} has in {printable(path)} is listed without:\n{in_lines(left_out)}",
                path=["path"],
            )
        listed = selection.limited(ctx, entries, limit, "files")
        return {
            "files": [entry._asdict() for entry in sorted(listed, key=lambda entry: entry.path)]
        }
