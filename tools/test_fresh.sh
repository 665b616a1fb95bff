#!/usr/bin/env bash
# Proves the README's two commands on a machine that has nothing: a bare Debian 12 root made by
# mmdebstrap, a clean clone of HEAD in it, `./dev demo --once` and `./dev test` run there by chroot.
# The kernel, /proc, /sys and /dev are this machine's own.
#
# The mounts live in a mount namespace of their own: they are gone with the last process in it, and
# nothing that is done out here, rm included, can walk through them.
set -euo pipefail

top=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$top"
cache=$top/build/fresh
root=

say() { printf '%s\n' "$*" >&2; }

# Everything whose root directory is the fresh root, whatever namespace it looks out of.
processes_inside() {
  local identity pid
  identity=$(stat -c %d:%i "$root")
  for pid in /proc/[0-9]*; do
    if [ "$(stat -Lc %d:%i "$pid/root/" 2>/dev/null)" = "$identity" ]; then echo "${pid#/proc/}"; fi
  done
}

end_processes_inside() {
  local signal pids attempt
  for signal in TERM KILL; do
    for attempt in {1..50}; do
      mapfile -t pids < <(processes_inside)
      if [ "${#pids[@]}" -eq 0 ]; then return 0; fi
      if [ "$attempt" -eq 1 ] || [ "$signal" = KILL ]; then kill -s "$signal" "${pids[@]}" 2>/dev/null || true; fi
      sleep 0.1
    done
  done
}

leave() {
  [ -n "$root" ] && [ -d "$root" ] || return 0
  end_processes_inside
  if grep -q " $root/" /proc/self/mountinfo; then
    say "test-fresh: something is mounted below $root; it stays"
    return 0
  fi
  rm -rf --one-file-system "$root"
}

# Name resolution and trusted certificates, as this machine has them.
copy_network() {
  local file
  for file in /etc/resolv.conf /etc/hosts; do
    [ -e "$file" ] && cp --dereference "$file" "$root$file"
  done
  if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$root/usr/local/share"
    cp -r --dereference /usr/local/share/ca-certificates "$root/usr/local/share/"
  fi
}

# The clone stands at the same path as the checkout, so that the compiler cache can be shared.
clone_head() {
  if [ -n "$(git -c safe.directory="$top" status --porcelain)" ]; then
    say "test-fresh: the work tree has changes that are not committed; what is tested is HEAD"
  fi
  local config=$root/tmp/gitconfig
  printf '[safe]\n\tdirectory = *\n' >"$config"
  mkdir -p "$(dirname "$root$top")"
  GIT_CONFIG_GLOBAL=$config git clone --quiet --no-hardlinks "file://$top" "$root$top"
  rm -f "$config"
}

# Runs a command of the clone inside. The environment is a login's, not ours, but for proxies.
inside() {
  local name settings=(HOME=/root USER=root LANG=C.UTF-8 "TERM=${TERM:-dumb}"
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY CI; do
    if [ -n "${!name:-}" ]; then settings+=("$name=${!name}"); fi
  done
  env -i "${settings[@]}" unshare --mount --propagation private -- \
    "${BASH_SOURCE[0]}" --enter "$root" "$top" "$(shared_ccache)" "$@" &
  # Waited for rather than in the foreground: a signal then reaches the traps at once.
  wait "$!"
}

# This machine's compiler cache, empty without one. What it returns is checked against the content
# of every source and header, so that sharing it changes how long a build takes and nothing else.
shared_ccache() {
  local directory
  directory=$(ccache --get-config cache_dir 2>/dev/null) || return 0
  mkdir -p "$directory"
  echo "$directory"
}

# The second half of inside(), in the new mount namespace.
enter() {
  local root=$1 top=$2 ccache=$3 directory
  shift 3
  # A mount point of its own, as a machine's root is: unshare(1) and mount(8) inside ask for one.
  mount --bind "$root" "$root"
  for directory in proc sys dev; do mount --rbind "/$directory" "$root/$directory"; done
  if [ -n "$ccache" ]; then
    mkdir -p "$root/root/.cache/ccache"
    mount --bind "$ccache" "$root/root/.cache/ccache"
  fi
  exec chroot "$root" env --chdir="$top" "$@"
}

if [ "${1:-}" = --enter ]; then
  shift
  enter "$@"
fi

mkdir -p "$cache"
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
root=$(mktemp -d "$cache/root.XXXXXX")
chmod 755 "$root"

base=$(tools/debian_root.sh bare)
tar -C "$root" --numeric-owner --exclude='./dev/*' -xf "$base"
copy_network
clone_head
say "==> test-fresh: ./dev demo --once"
inside ./dev demo --once
say "==> test-fresh: ./dev test $*"
inside ./dev test "$@"
