#!/usr/bin/env bash
# Builds the program and runs its unit tests with the oldest supported Rust: rust-version in Cargo.toml.
#
#   MSRV_BIN=/path/to/bin scripts/msrv.sh   uses your own rustc and cargo of that version, for example from rustup
#
# Without it, both come from Debian 12 through apt, which verifies them. They are unpacked but not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
package=1.85.0+dfsg3-1~deb12u3
packaged=${package%%+*} packaged=${packaged%.*}

stop() { printf 'msrv: %s\n' "$*" >&2; exit 1; }

# Writes apt's output to a file; the last line is shown when it fails.
apt() { attend apt-get -qq --yes "$@" >"$scratch/apt.log" 2>&1; }

# Downloads the packages and their missing dependencies.
fetch() {
  local packages=("rustc-web=$package" "cargo-web=$package" "libstd-rust-web-dev=$package" "libstd-rust-web-$packaged=$package")
  mkdir -p "$scratch/archives/partial"
  apt install --download-only --no-install-recommends -o Debug::NoLocking=1 -o Dir::Cache::Archives="$scratch/archives" "${packages[@]}"
}

provide() {
  local archive
  [ "$packaged" = "$version" ] ||
    stop "Cargo.toml says Rust $version, but this script fetches Debian's $package: change the version here, or set MSRV_BIN"
  begin_making "rust-$version"
  if [ ! -d "$cache/rust-$version" ]; then
    printf 'msrv: fetching Rust %s from Debian 12\n' "$version" >&2
    # A fresh machine has no package lists.
    fetch || { [ "$(id -u)" -eq 0 ] && apt update && fetch; } ||
      stop "apt cannot get $package: run apt-get update, name its successor of the same Rust version here, or set MSRV_BIN; apt says: $(tail -n 1 "$scratch/apt.log")"
    for archive in "$scratch"/archives/*.deb; do dpkg-deb -x "$archive" "$scratch/rust"; done
    mv "$scratch/rust" "$cache/rust-$version"
  fi
  end_making
}

if [ -z "${MSRV_BIN:-}" ]; then
  provide
  MSRV_BIN=$cache/rust-$version/usr/bin
  libraries=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
  export LD_LIBRARY_PATH=$cache/rust-$version/usr/lib/$libraries:$cache/rust-$version/lib/$libraries
fi
export PATH=$MSRV_BIN:$PATH CARGO_TARGET_DIR=target/msrv
unset RUSTC RUSTC_WRAPPER RUSTUP_TOOLCHAIN

for tool in rustc cargo; do
  [ -x "$MSRV_BIN/$tool" ] || stop "$MSRV_BIN/$tool is missing; MSRV_BIN must be the folder of Rust $version's rustc and cargo"
  [[ $("$MSRV_BIN/$tool" --version) == "$tool $version."* ]] ||
    stop "$MSRV_BIN/$tool is $("$MSRV_BIN/$tool" --version), but Cargo.toml says Rust $version"
done
printf 'msrv: %s\n' "$(rustc --version)"
cargo build --quiet --locked
cargo test --quiet --locked --lib --bins
