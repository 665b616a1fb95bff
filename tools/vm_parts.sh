#!/usr/bin/env bash
# What ./dev test-vm boots: Debian 12's own kernel, unpacked but not installed, and a root for it as a
# packed cpio. Both are kept in build/roots. Prints their two paths, a line each.
set -euo pipefail

top=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cache=$top/build/roots
mkdir -p "$cache"

kernel_package() {
  apt-cache depends linux-image-cloud-amd64 2>/dev/null |
    sed -nE 's/^ *Depends: (linux-image-6\.1\.[^ ]*-cloud-amd64)$/\1/p' | head -n 1
}

package=$(kernel_package)
if [ -z "$package" ]; then
  apt-get update -q >&2
  package=$(kernel_package)
fi
[ -n "$package" ] || { echo "vm_parts: apt knows no cloud kernel 6.1: is this Debian 12?" >&2; exit 1; }
kernel=$cache/$package
if [ ! -d "$kernel" ]; then
  echo "==> fetching $package (kept in ${kernel#"$top"/})" >&2
  work=$(mktemp -d "$cache/kernel.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && apt-get download -q -o APT::Sandbox::User=root "$package" >&2 && dpkg -x ./*.deb unpacked)
  rm -rf "$cache"/linux-image-*
  mv "$work/unpacked" "$kernel"
fi

tar=$("$top/tools/debian_root.sh" vm python3-minimal libpython3-stdlib procps util-linux kmod iproute2 bpftool \
  libbpf1 libyaml-cpp0.7 libre2-9 libspdlog1.10 libfmt9 libzydis4.0)
root=${tar%.tar}.cpio.zst
if [ ! -s "$root" ]; then
  rm -f "$cache"/vm-*.cpio.zst
  work=$(mktemp -d "$cache/vm.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # Left out: what nothing reads there, and would be unpacked by a slow machine each time.
  tar -C "$work" --numeric-owner --exclude='./dev/*' --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
    --exclude='./usr/share/locale/*' --exclude='./var/cache/*' --exclude='./var/lib/apt/*' -xf "$tar"
  (cd "$work" && find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet | zstd -q -3 -T2 >"$root.part")
  mv "$root.part" "$root"
fi
printf '%s\n' "$kernel" "$root"
