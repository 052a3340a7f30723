"""Every block of code of every guide does what the guide says."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import guide
import pytest
from guide import GUIDES, POWERSHELL, SH, Block, Reader, run_by
from helpers import SEED, Server
from pipelines import Job
from pythons import OFFLINE, make_environment
from terraform import PROGRAM, ROOT, TERRAFORM, Workspace

from em_simulator import ADMINISTRATOR, Family, Simulator
from em_simulator import cli as simulator_command
from em_simulator.catalogue import Catalogue
from terraform_provider_veeam import __version__

RESTORE_A_FILE = ROOT / "docs" / "guides" / "restore-a-file.md"
PIPELINES = ROOT / "docs" / "guides" / "pipelines.md"
GITHUB_FILE, GITLAB_FILE = ".github/workflows/check-backup.yml", ".gitlab-ci.yml"
PYTHONS = str(Path(__file__).with_name("pythons.py"))
ORACLE, OTHER, *_ = (
    point.id for point in Catalogue(SEED).of(Family.VM) if point.machine.name == "oracle03"
)
FINGERPRINT = (
    "9f:86:d0:81:88:4c:7d:65:9a:2f:ea:a0:c5:5a:d0:15:"
    "a3:bf:4f:1b:2b:0b:82:2c:d1:5d:6c:15:b0:f0:0a:08"
)


@pytest.fixture
def reader(
    workspace: Workspace,
    server: Server,
    wheel: Path,
    forks: Path | None,
    program: list[str],
    runtime: Path,
) -> Iterator[Reader]:
    """Somebody with Python and Terraform who has the release's wheel, and an account."""
    workspace.environment |= {"XDG_RUNTIME_DIR": str(runtime), **OFFLINE}
    shutil.copy(wheel, workspace.folder)
    host = server.simulator.url.removeprefix("https://")
    following = Reader(
        workspace,
        values={
            "https://em.example.com:9398": server.simulator.url,
            "https://em.example.com": server.simulator.url,
            "https://em.berlin.example.com": server.simulator.url,
            "https://em.zurich.example.com": server.simulator.url,
            "em.example.com:9398": host,
            "DOMAIN\\user": ADMINISTRATOR.username,
            "PASSWORD='...'": f"PASSWORD='{ADMINISTRATOR.password}'",
            "PASSWORD = '...'": f"PASSWORD = '{ADMINISTRATOR.password}'",
            FINGERPRINT: server.fingerprint,
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301": ORACLE,
            "8f14e45f-ceea-467f-a83d-0f5b2a1c9e77": OTHER,
        },
        programs={"terraform-provider-veeam": run_by(program)},
        python=forks,
    )
    yield following
    subprocess.run(
        [*program, "keep-alive", "stop", "--all"],
        env=workspace.environment,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    ("page", "shell"),
    [
        pytest.param(page, shell, id=f"{page.stem}-{shell}")
        for page in GUIDES
        for shell in (SH, POWERSHELL)
        if shell == SH or any(block.language == shell for block in guide.blocks(page))
    ],
)
def test_every_block_of_a_guide_works(
    reader: Reader, server: Server, tmp_path: Path, page: Path, shell: str
) -> None:
    reader.shell = shell
    PREPARE.get(page.stem, nothing)(reader, server)
    for block in reader.follow(page):
        BETWEEN.get(page.stem, nothing_more)(reader, server, block)


def test_a_lost_file_comes_back_by_the_command_line(reader: Reader, server: Server) -> None:
    """From nothing; then the same by any Terraform, which `make test-matrix` runs."""
    start_from_nothing(reader, server)
    for section in ("", "By the command line", "By an older Terraform, or OpenTofu"):
        assert list(reader.follow(RESTORE_A_FILE, section))
        if section:
            check_that_the_file_is_back(reader, server)


def test_a_lost_file_comes_back_by_terraform(reader: Reader, server: Server) -> None:
    start_from_nothing(reader, server)
    for section in ("", "By Terraform"):
        assert list(reader.follow(RESTORE_A_FILE, section))
    check_that_the_file_is_back(reader, server)


@pytest.mark.parametrize("section", ["By Terraform", "By an older Terraform, or OpenTofu"])
def test_a_path_that_was_misspelt_or_is_another_one_is_downloaded(
    reader: Reader, server: Server, section: str
) -> None:
    start_from_nothing(reader, server)
    assert list(reader.follow(RESTORE_A_FILE, ""))
    page = [block for block in guide.blocks(RESTORE_A_FILE) if block.section == section]
    reader.values["Contract.docx"] = "Contrakt.docx"
    reader.do(page[0])
    reader.run("terraform init")
    assert "Contrakt.docx" in reader.run("! terraform apply")
    reader.values["Contract.docx"] = "Offers.docx"
    reader.do(page[0])
    reader.run("terraform apply")
    assert (reader.folder / "restored" / "Offers.docx").exists()
    del reader.values["Contract.docx"]
    reader.do(page[0])
    reader.run("terraform apply")
    reader.run("terraform destroy")
    check_that_the_file_is_back(reader, server)


def test_the_readme_mounts_and_unmounts_as_it_stands(reader: Reader) -> None:
    """With nothing but what em-simulator prints, and with what it has."""
    reader.values.clear()
    (block,) = [
        block for block in guide.blocks(ROOT / "README.md") if block.language == "terraform"
    ]
    with Simulator() as simulator:
        announce(reader, simulator)
        reader.run("em-simulator")
        reader.copy_exports()
        (reader.folder / "main.tf").write_text(block.text)
        reader.run("terraform init")
        assert "volumes = tolist([" in reader.run("terraform apply")
        assert len(simulator.mounts()) == 1
        reader.run("terraform destroy")
        assert (simulator.mounts(), simulator.sessions()) == ([], [])


@pytest.fixture
def job(reader: Reader, tmp_path: Path) -> Job:
    """A runner's machine without Terraform and provider, and with the lock file of another."""
    checkout = tmp_path / "checkout"
    shutil.copytree(reader.folder, checkout, ignore=shutil.ignore_patterns(".terraform"))
    (checkout / "main.tf").write_text(CONFIGURATION)
    (tmp_path / "home").mkdir()
    (tmp_path / "installed").mkdir()
    environment = {
        name: value for name, value in reader.environment.items() if not name.startswith("VEEAM")
    }
    settings = {
        name: value for name, value in reader.environment.items() if name.startswith("VEEAM")
    }
    return Job(
        checkout,
        environment | {"HOME": str(tmp_path / "home"), "PATH": os.defpath},
        settings,
        terraform=shlex.join(TERRAFORM),
        python=make_environment(tmp_path / "python"),
        programs=tmp_path / "installed",
    )


def write_pipeline(reader: Reader, job: Job, file: str, page: Path = PIPELINES) -> Path:
    """Put the file of a guide into the checkout."""
    (block,) = [block for block in guide.blocks(page) if block.file == file]
    reader.folder = job.folder
    reader.do(block)
    return job.folder / file


def use_the_files(job: Job, *, well: bool) -> None:
    """Let the step that needs the files tell what is held meanwhile, and fail or not."""
    script = job.folder / "check-the-files.sh"
    script.write_text(f"#!/bin/sh\n{PROGRAM} keep-alive list > held\nexit {0 if well else 1}\n")
    script.chmod(0o755)


@pytest.mark.parametrize("well", [True, False])
def test_the_job_for_github_actions_works(
    reader: Reader, server: Server, job: Job, *, well: bool
) -> None:
    use_the_files(job, well=well)
    job.github(write_pipeline(reader, job, GITHUB_FILE))
    assert job.failed == ([] if well else ["./check-the-files.sh"]), job.printed
    assert "oracle03@" in (job.folder / "held").read_text()
    assert (server.mounts(), server.sessions()) == ([], [])


def test_the_job_for_github_actions_works_with_the_wrapper_of_terraform(
    reader: Reader, server: Server, job: Job
) -> None:
    use_the_files(job, well=True)
    workflow = write_pipeline(reader, job, GITHUB_FILE)
    wrapped = re.sub("terraform_wrapper: false", "terraform_wrapper: true", workflow.read_text())
    workflow.write_text(wrapped)
    job.github(workflow)
    assert "[command]" in job.printed
    assert job.failed == [], job.printed
    assert "oracle03@" in (job.folder / "held").read_text()


def test_a_step_that_can_not_hold_a_mount_fails_the_job(
    reader: Reader, server: Server, job: Job
) -> None:
    use_the_files(job, well=True)
    workflow = write_pipeline(reader, job, GITHUB_FILE)
    job.environment["VEEAM_EM_IDLE_LIMIT"] = "never"
    job.github(workflow)
    (failed,) = job.failed
    assert "keep-alive" in failed
    assert not (job.folder / "held").exists()
    assert server.mounts() == []


@pytest.mark.parametrize("well", [True, False])
def test_the_job_for_gitlab_works(
    reader: Reader, server: Server, job: Job, tmp_path: Path, *, well: bool
) -> None:
    reader.values["/opt/veeam"] = str(tmp_path / "venv")
    job.provide("terraform", run_by(TERRAFORM))  # in the image
    job.provide("apk", '[ "$*" = "add --quiet python3" ] && echo installed python3')
    job.provide("python3", run_by([sys.executable, PYTHONS]))
    use_the_files(job, well=well)
    job.gitlab(write_pipeline(reader, job, GITLAB_FILE))
    assert bool(job.failed) != well, job.printed
    assert "installed python3" in job.printed
    assert "oracle03@" in (job.folder / "held").read_text()
    assert (server.mounts(), server.sessions()) == ([], [])


@pytest.mark.parametrize("number", [1, 2])
def test_each_job_of_gitlab_mounts_its_part_of_the_machines(
    reader: Reader, server: Server, job: Job, number: int
) -> None:
    page = ROOT / "docs" / "guides" / "many-servers-and-mounts.md"
    *_, shards = (block for block in guide.blocks(page) if block.file == "main.tf")
    reader.folder = job.folder
    reader.do(shards)
    job.provide("terraform", run_by(TERRAFORM))
    job.environment |= {
        "CI_NODE_INDEX": str(number),
        "CI_NODE_TOTAL": "2",
        "HOME": reader.environment["HOME"],
        "TF_VAR_machines": '["oracle03", "exch01"]',
    }
    job.gitlab(write_pipeline(reader, job, GITLAB_FILE, page))
    assert job.failed == [], job.printed
    (mount,) = server.mounts()
    assert (job.folder / f"mounts-{number}.tfstate").exists()
    point = Catalogue(SEED).find(Family.VM, mount.restore_point_id)
    assert point
    assert point.machine.name == ("oracle03", "exch01")[number - 1]


@pytest.mark.parametrize(
    ("file", "schema"),
    [(GITHUB_FILE, "vendor.github-workflows"), (GITLAB_FILE, "vendor.gitlab-ci")],
)
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_pipelines_are_what_their_services_take(
    tmp_path: Path, page: Path, file: str, schema: str
) -> None:
    for block in guide.blocks(page):
        if block.file == file:
            (tmp_path / "pipeline.yml").write_text(block.text)
            check = str(Path(sys.executable).with_name("check-jsonschema"))
            command = [check, "--builtin-schema", schema, str(tmp_path / "pipeline.yml")]
            subprocess.run(command, check=True)


def nothing(reader: Reader, server: Server) -> None:
    """What most guides need beforehand."""


def nothing_more(reader: Reader, server: Server, block: Block) -> None:
    """What most guides leave to nobody."""


def start_from_nothing(reader: Reader, server: Server) -> None:
    """Have neither the provider, nor the simulator's variables."""
    leave_home(reader)
    for name in [name for name in reader.environment if name.startswith("VEEAM_EM_")]:
        del reader.environment[name]
    reader.remove("terraform-provider-veeam")
    reader.reach(make_environment(reader.folder.parent / "python"))
    announce(reader, server.simulator)


def announce(reader: Reader, simulator: Simulator) -> None:
    """Have an em-simulator that prints what that one does."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        simulator_command._announce(simulator, as_json=False)
    announcement = reader.folder.parent / "announcement"
    announcement.write_text(told.getvalue())
    reader.provide("em-simulator", f"cat {announcement}")


def check_what_is_restored(reader: Reader, server: Server, block: Block) -> None:
    """See that what a block fetches arrives and that nothing stays mounted; take it away again."""
    if "get oracle03@" in block.text or "terraform destroy" in block.text:
        check_that_the_file_is_back(reader, server)


def check_that_the_file_is_back(reader: Reader, server: Server) -> None:
    path = "E:/Documentation 2014/Contract.docx"
    points = (p for p in Catalogue(SEED).of(Family.VM) if p.machine.name == "oracle03")
    point = next(point for point in points if point.created_at.isoformat() < "2026-11-09")
    file = reader.folder / "restored" / "Contract.docx"
    assert file.read_bytes() == server.simulator.file(Family.VM, point.id, path)
    file.unlink()
    assert (server.mounts(), server.sessions()) == ([], [])


def leave_home(reader: Reader) -> None:
    """Have a folder and a home in which there is no provider."""
    shutil.rmtree(reader.folder / ".terraform")
    (reader.folder / ".terraform.lock.hcl").unlink()
    home = reader.folder.parent / "home"
    (home / ".terraform.d").mkdir(parents=True)
    (home / "terraform.d").symlink_to(".terraform.d")
    reader.environment |= {"HOME": str(home), "APPDATA": str(home)}


def use_the_simulator(reader: Reader, server: Server, block: Block) -> None:
    if block.text == "em-simulator\n":
        reader.copy_exports()
    if block.text == "terraform destroy\n":
        assert server.mounts() == []


def have_a_release(reader: Reader, server: Server) -> None:
    """Have the files of a release, a folder for a mirror, and what PowerShell has built in."""
    leave_home(reader)
    for system in ("linux_amd64", "windows_amd64", "darwin_arm64"):
        file = reader.folder / f"terraform-provider-veeam_{__version__}_{system}.zip"
        with zipfile.ZipFile(file, "w") as archive:
            program = zipfile.ZipInfo(f"terraform-provider-veeam_v{__version__}")
            program.external_attr = 0o755 << 16
            archive.writestr(program, f"#!/bin/sh\n{run_by([str(PROGRAM)])}\n")
    reader.run(f"sha256sum *.zip > terraform-provider-veeam_{__version__}_SHA256SUMS")
    mirror = str(reader.folder.parent / "mirror")
    reader.values |= {"/srv/terraform-mirror": mirror, "C:/terraform-mirror": mirror}
    for name, script in {
        "gpg": "exit 0",  # the signing of a release is tested with the release
        "Get-FileHash": "exec sha256sum $1",
        "Get-Content": 'exec cat "$1"',
        "Expand-Archive": 'exec unzip -q "$1" -d "$3"',
        "Remove-Item": "exec rm -r $2",
    }.items():
        reader.provide(name, script)
    reader.reach(make_environment(reader.folder.parent / "python"))
    (reader.folder / "wheels").mkdir()
    shutil.copy(next(reader.folder.glob("*.whl")), reader.folder / "wheels")


def check_the_mirror(reader: Reader, server: Server, block: Block) -> None:
    if block.file and block.file.endswith(".terraformrc"):
        file = block.file.replace("~", reader.environment["HOME"])
        assert "Warning" not in reader.run(f"TF_CLI_CONFIG_FILE={file} terraform version")
    if "terraform.d/plugins veeam-em/veeam" in block.text.replace('"', ""):
        # That of the packages, whose content is the same here, and that of the wheel.
        assert (reader.folder / ".terraform.lock.hcl").read_text().count("h1:") == 2


def have_the_certificate(reader: Reader, server: Server) -> None:
    file = reader.folder / "em.pem"
    file.write_text(server.simulator.certificate_pem)
    reader.values["/etc/ssl/certs/company.pem"] = str(file)
    del reader.environment["VEEAM_EM_CERTIFICATE_FINGERPRINT"]


def have_a_certificate_for_curl(reader: Reader, server: Server) -> None:
    (reader.folder / "em.pem").write_text(server.simulator.certificate_pem)


def name_a_session(reader: Reader, server: Server, block: Block) -> None:
    if found := re.search(r"^(\w{16}) +\S+ +\d+ ", reader.printed, re.MULTILINE):
        reader.values["5d41402abc4b2a76"] = found[1]


def have_machines(reader: Reader, server: Server) -> None:
    reader.environment |= {
        "TF_VAR_machines": '["oracle03", "exch01"]',
        "TF_VAR_shards": "2",
        "TF_VAR_shard": "0",
    }


def be_in_a_pipeline(reader: Reader, server: Server) -> None:
    (reader.folder / "main.tf").write_text(CONFIGURATION)
    reader.run("terraform apply -auto-approve")


def have_passwords_alone(reader: Reader, server: Server) -> None:
    """Have no variables, a password manager, and a folder for settings."""
    for name in server.environment:
        del reader.environment[name]
    reader.environment["XDG_CONFIG_HOME"] = str(reader.folder.parent / "config")
    manager = 'case "$*" in "show veeam/"*) echo \'%s\';; *) exit 1;; esac'
    reader.provide("pass", manager % ADMINISTRATOR.password)


PREPARE: dict[str, Callable[[Reader, Server], None]] = {
    "getting-started": start_from_nothing,
    "air-gapped": have_a_release,
    "many-servers-and-mounts": have_machines,
    "pipelines": be_in_a_pipeline,
    "restore-a-file": start_from_nothing,
    "servers-and-passwords": have_passwords_alone,
    "sessions-and-lifetime": have_a_certificate_for_curl,
    "tls": have_the_certificate,
}
BETWEEN: dict[str, Callable[[Reader, Server, Block], None]] = {
    "getting-started": use_the_simulator,
    "restore-a-file": check_what_is_restored,
    "air-gapped": check_the_mirror,
    "sessions-and-lifetime": name_a_session,
}

CONFIGURATION = f"""
terraform {{
  required_providers {{
    veeam = {{ source = "veeam-em/veeam" }}
  }}
}}

resource "veeam_mount_point" "this" {{
  restore_point_id = "{ORACLE}"
}}
"""
