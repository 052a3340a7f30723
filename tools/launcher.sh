#!/bin/sh
# What Terraform starts. The program itself could not tell that the system's C library is too old:
# the loader refuses it first, and Terraform shows nothing of that.
[ -z "$TF_PLUGIN_MAGIC_COOKIE" ] || trap '' INT # Terraform decides what Ctrl-C means
found=$(getconf GNU_LIBC_VERSION 2>/dev/null)
minor=${found#glibc 2.}
if [ "$minor" != "$found" ] && [ "$minor" -lt @MINOR@ ]; then
    echo "This package of the provider needs the GNU C library 2.@MINOR@ or newer, and this system" \
        "has 2.$minor: use a newer system, or the wheel, which needs Python 3.11 or newer."
    exit 1
fi
exec "${0%/*}/@PROGRAM@" "$@"
