#!/usr/bin/env bash
# package.sh: builds the Debian package in a copy of the work tree, build/package/source. Prints the path of the .deb.
set -euo pipefail

top=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$top"
work=$top/build/package
source=$work/source
log=$work/build.log

# What git tracks or would add, as it is now; what is deleted and not yet committed is not there.
copy_sources() {
  local name
  rm -rf "$work"
  mkdir -p "$source"
  git -c safe.directory="$top" ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' name; do
      if [ -e "$name" ] || [ -L "$name" ]; then printf '%s\0' "$name"; fi
    done | tar --create --null --files-from=- | tar -C "$source" --extract
  cp -r packaging/debian "$source/debian"
}

# debhelper gives a build a home of its own, so the compiler cache has to be named.
share_ccache() {
  command -v ccache >/dev/null || return 0
  CCACHE_DIR=$(ccache --get-config cache_dir)
  export CCACHE_DIR CCACHE_BASEDIR=$source CCACHE_NOHASHDIR=1
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
}

build() {
  cd "$source"
  DEB_BUILD_OPTIONS="parallel=$(nproc)" dpkg-buildpackage --build=binary --unsigned-changes >"$log" 2>&1
}

copy_sources
share_ccache
(build) || {
  tail -n 40 "$log" >&2
  echo "package: dpkg-buildpackage failed; all it said is in ${log#"$top"/}" >&2
  exit 1
}
find "$work" -maxdepth 1 -name '*.deb' -not -name '*-dbgsym_*'
