#!/bin/sh
# Installs Terraform and the provider from their releases, once signatures and checksums are right.
#
#   VEEAM_VERSION       release of the provider, like 0.1.0
#   VEEAM_KEY           fingerprint of the key that signs the provider's releases
#   VEEAM_RELEASE       where the release's files are; by default on GitHub
#   TERRAFORM_VERSION   release of Terraform; without it the one on the PATH is used
#   TERRAFORM_KEY       fingerprint of the key that signs Terraform's releases
#   TERRAFORM_RELEASE   where the release's files are
#   TERRAFORM_KEY_FILE  where that key is
#
# It is run in the folder of the configuration, whose lock file gets the provider's checksum. What it
# installs is in ~/.local/bin and ~/.terraform.d/plugins. It needs curl, gpg and unzip.
set -eu

case $(uname -s)-$(uname -m) in
  Linux-x86_64) target=linux_amd64 ;;
  Linux-aarch64) target=linux_arm64 ;;
  Darwin-x86_64) target=darwin_amd64 ;;
  Darwin-arm64) target=darwin_arm64 ;;
  *) echo "There is no package for $(uname -s) on $(uname -m): install the wheel." >&2; exit 1 ;;
esac
work=$(mktemp -d)
trap 'gpgconf --homedir "$work" --kill all; rm -rf "$work"' EXIT

# fetch NAME VERSION RELEASE KEY_FILE KEY: NAME's package, as it was signed, comes to $work/NAME.
fetch() {
  package=$1_$2_$target.zip
  sums=$1_$2_SHA256SUMS
  for address in "$3/$package" "$3/$sums" "$3/$sums.sig" "$4"; do
    (cd "$work" && curl --fail --silent --show-error --location --retry 3 --remote-name "$address")
  done
  gpg --homedir "$work" --batch --quiet --import "$work/${4##*/}"
  gpg --homedir "$work" --batch --status-fd 1 --verify "$work/$sums.sig" "$work/$sums" \
    >"$work/signed" 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
  grep -q "^\[GNUPG:\] VALIDSIG .* $5\$" "$work/signed" || {
    echo "$sums was signed with another key than $5:" >&2
    cat "$work/said" >&2
    exit 1
  }
  (
    cd "$work"
    grep " $package\$" "$sums" >expected || { echo "$sums has no $package." >&2; exit 1; }
    if command -v sha256sum >/dev/null; then
      sha256sum --check expected
    else
      shasum -a 256 --check expected
    fi
  )
  unzip -q "$work/$package" -d "$work/$1"
}

mkdir -p "$HOME/.local/bin"
export PATH="$HOME/.local/bin:$PATH"
if [ -n "${TERRAFORM_VERSION-}" ]; then
  fetch terraform "$TERRAFORM_VERSION" \
    "${TERRAFORM_RELEASE:-https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION}" \
    "${TERRAFORM_KEY_FILE:-https://www.hashicorp.com/.well-known/pgp-key.txt}" \
    "${TERRAFORM_KEY:-C874011F0AB405110D02105534365D9472D7468F}"
  install -m 755 "$work/terraform/terraform" "$HOME/.local/bin/terraform"
fi

name=terraform-provider-veeam
release=${VEEAM_RELEASE:-https://github.com/veeam-em/$name/releases/download/v$VEEAM_VERSION}
fetch "$name" "$VEEAM_VERSION" "$release" "$release/$name.asc" "$VEEAM_KEY"
folder=$HOME/.local/share/$name/$VEEAM_VERSION
rm -rf "$folder"
mkdir -p "${folder%/*}"
mv "$work/$name" "$folder"
"$folder/${name}_v$VEEAM_VERSION" install
printf '#!/bin/sh\nexec "%s" "$@"\n' "$folder/${name}_v$VEEAM_VERSION" >"$HOME/.local/bin/$name"
chmod 755 "$HOME/.local/bin/$name"

if ls ./*.tf >/dev/null 2>&1; then
  terraform providers lock -fs-mirror="$HOME/.terraform.d/plugins" veeam-em/veeam
fi
