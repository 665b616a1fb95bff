#!/usr/bin/env bash
# debian_root.sh NAME [PACKAGE...]: a bare Debian 12 with these packages as a tar file, made anew each
# week. Prints the file's path, in build/roots.
set -euo pipefail

top=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cache=$top/build/roots

# The mirrors this machine installs Debian 12 from, as one-line sources; Debian's own without any.
debian_sources() {
  # shellcheck disable=SC2016  # the dollars are apt-get's
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
    awk '$3 ~ /^bookworm(-updates|-security)?$/ && $4 == "main" && !seen[$0]++' | grep . ||
    printf 'deb %s main\n' 'http://deb.debian.org/debian bookworm' \
      'http://deb.debian.org/debian bookworm-updates' \
      'http://deb.debian.org/debian-security bookworm-security'
}

# How this machine's apt reaches the network: proxies, time-outs and what it checks.
apt_network_settings() {
  apt-config dump Acquire |
    grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date|ForceIPv[46]|Retries)[^ ]* ".+";$' || true
}

[ $# -ge 1 ] || { echo "usage: debian_root.sh NAME [PACKAGE...]" >&2; exit 2; }
name=$1
shift
# Other packages, another root.
mark=$(printf '%s\n' "$@" | sha256sum | cut -c1-8)
root=$cache/$name-$mark-$(date +%G-W%V).tar
if [ ! -s "$root" ]; then
  printf '==> making a bare Debian 12 (kept for this week in %s)\n' "${root#"$top"/}" >&2
  mkdir -p "$cache"
  rm -f "$cache/$name"-*.tar
  work=$(mktemp -d "$cache/$name.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  apt_network_settings >"$work/apt.conf"
  debian_sources >"$work/sources.list"
  # Nothing in it needs to survive a power cut, hence force-unsafe-io.
  mmdebstrap --quiet --mode=root --format=tar --variant=minbase "${@/#/--include=}" \
    --dpkgopt=force-unsafe-io --aptopt="$work/apt.conf" bookworm "$work/root.tar" "$work/sources.list" >&2
  mv "$work/root.tar" "$root"
fi
echo "$root"
