"""What Terraform starts where the provider runs under a Python: a script for sh, or for cmd.

Lock files have its checksum, so it is the same on every machine. Which Python has the provider is
noted beside the folder that Terraform takes the checksum of.
"""

from pathlib import Path

from terraform_provider_veeam import __version__
from terraform_provider_veeam.packaging import ADDRESSES, TYPE
from terraform_provider_veeam.platforms import IS_WINDOWS

# Each is a script of Python, too, in which all that the shell reads is a string. Terraform shows
# its user the first line that is printed. The user's own plugin folder is looked at because
# Terraform copies a launcher's folder where it can make no links, as Windows often forbids.
_SH = """\
#!/bin/sh
''':'
# Lock files have the checksum of this file, so it is the same on every machine. Beside its folder
# `terraform-provider-veeam install` has noted which Python has the provider.
[ -z "$TF_PLUGIN_MAGIC_COOKIE" ] || trap '' INT # Terraform decides what Ctrl-C means
folder=${0%/*} python=
for place in "$folder/.." "$HOME/.terraform.d/plugins/@PLACE@"; do
    { read -r python <"$place/${folder##*/}.python"; } 2>/dev/null &&
        [ -x "$python" ] && exec "$python" -EP "$0" "$@"
done
[ -z "$python" ] || python=": $python is not there, or not for this user"
echo 'Version @VERSION@ of the provider finds no Python that has it'"$python"'. Run' \\
    '"terraform-provider-veeam install" on this machine, where the provider is installed.'
exit 1
'''
"""
# After a label that is not there, cmd runs the rest of the line as if it were typed, and so does
# not ask after Ctrl-C whether to end the batch file.
_CMD = """\
@echo off
rem = r'''
rem Lock files have the checksum of this file, so it is the same on every machine. Beside its folder
rem `terraform-provider-veeam install` has noted which Python has the provider.
setlocal
for %%f in ("%~dp0.") do set "name=%%~nxf.python"
set "note=%~dp0..\\%name%"
set "python=%note%"
if exist "%note%" set /p python=<"%note%"
if exist "%python%" goto start
set "note=%APPDATA%\\terraform.d\\plugins\\@PLACE@\\%name%"
if exist "%note%" set /p python=<"%note%"
if exist "%python%" goto start
echo Version @VERSION@ of the provider finds no Python that has it: "%python%" is not there. Run ^
"terraform-provider-veeam install" on this machine, where the provider is installed.
exit /b 1
:start
goto #_undefined_# 2>nul || "%python%" -EPx "%~f0" %*
'''
"""
_PYTHON = """\
import sys

try:
    from terraform_provider_veeam import __version__ as found
except ModuleNotFoundError:
    found = "none"
if found != "@VERSION@":
    print(
        f"Version @VERSION@ of the provider is not in {sys.executable}, which has {found}. Install "
        'it there, run "terraform-provider-veeam install" where it is, or let '
        '"terraform init -upgrade" take another version.'
    )
    sys.exit(1)

from terraform_provider_veeam.cli import main

main()
"""


def launcher_name(*, windows: bool = IS_WINDOWS) -> str:
    """Return the name of the file, by which Terraform knows what to start."""
    return f"terraform-provider-{TYPE}_v{__version__}{'.cmd' if windows else ''}"


def launcher(*, windows: bool = IS_WINDOWS) -> bytes:
    """Return the launcher."""
    text = (_CMD if windows else _SH) + _PYTHON
    place = f"{ADDRESSES[0]}/{__version__}"
    text = text.replace("@PLACE@", place.replace("/", "\\") if windows else place)
    text = text.replace("@VERSION@", __version__)
    return text.replace("\n", "\r\n" if windows else "\n").encode()


def note_of_python(folder: Path) -> Path:
    """Return where it is noted which Python the launcher of a folder starts."""
    return folder.with_name(f"{folder.name}.python")
