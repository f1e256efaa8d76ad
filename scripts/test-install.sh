#!/usr/bin/env bash
# Tests the ways to install without a package: make install, make uninstall and cargo install. Also checks the contents of the crate.
# Run `make build` first.
set -euo pipefail
cd "$(dirname "$0")/.."

name="consul-master-election-tagger"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stop() { printf 'test-install: %s\n' "$*" >&2; exit 1; }
says_its_version() { [ "$("$1" --version)" = "$name $version" ] || stop "$1 --version is $("$1" --version)"; }
version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/;p;q}' Cargo.toml)

# Only the installation is tested here, so the build is fast instead of optimised.
CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
  cargo install --quiet --locked --path . --root "$work/cargo" --target-dir target/install
says_its_version "$work/cargo/bin/$name"
says_its_version "$work/cargo/bin/$name-commands"
printf 'test-install: cargo install --path . installs\n'

# make build ignores CARGO_TARGET_DIR, so that make install finds the program.
touch -d @0 "target/$name"
CARGO_TARGET_DIR=$work/elsewhere make --no-print-directory build >"$work/log" 2>&1 || stop "make build failed: $(<"$work/log")"
[ "$(stat -c %Y "target/$name")" -gt 0 ] || stop "make build with CARGO_TARGET_DIR does not update target/$name"
[ ! -e "$work/elsewhere" ] || stop "make build uses CARGO_TARGET_DIR, but make install does not"
says_its_version "target/$name"
says_its_version "target/$name-commands"
[[ $(ldd "target/$name" 2>&1) == *@("statically linked"|"not a dynamic executable")* ]] || stop "target/$name is not static"

# A root without Rust has only the system's own commands.
bare_make() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin make --no-print-directory "$@" >"$work/log" 2>&1 || stop "make $* failed: $(<"$work/log")"; }

for prefix in "" /opt/tagger; do
  where=(DESTDIR="$work/stage" ${prefix:+PREFIX="$prefix"})
  bare_make install "${where[@]}"
  cmp "target/$name-commands" "$work/stage${prefix:-/usr/local}/bin/$name-commands" || stop "make install does not install the commands"
  cmp "target/$name" "$work/stage${prefix:-/usr/local}/bin/$name" || stop "make install does not install the program from make build"
  for file in share/man/man1/$name.1 share/bash-completion/completions/$name share/zsh/site-functions/_$name \
    share/fish/vendor_completions.d/$name.fish share/doc/$name/LICENSE share/doc/$name/examples/service.hcl; do
    [ -s "$work/stage${prefix:-/usr/local}/$file" ] || stop "make install ${where[*]} lacks $file"
  done
  scripts/links.sh "$work/stage${prefix:-/usr/local}/share/doc/$name"
  touch "$work/stage${prefix:-/usr/local}/share/doc/foreign"
  bare_make uninstall "${where[@]}"
  rm "$work/stage${prefix:-/usr/local}/share/doc/foreign" || stop "make uninstall removes a foreign file"
  left=$(find "$work/stage" ! -type d)
  [ -z "$left" ] || stop "make uninstall ${where[*]} leaves $left"
done
printf 'test-install: make install installs every file, and make uninstall removes them all\n'

cargo package --quiet --locked --allow-dirty --list >"$work/list" 2>/dev/null
for file in Cargo.toml Cargo.lock LICENSE README.md CHANGELOG.md src/main.rs src/lib.rs packaging/$name.1 examples/service.hcl; do
  grep -qxF "$file" "$work/list" || stop "the crate lacks $file"
done
! grep -E '^(target|scripts|benches|puppet|tests/puppet|tests/scenarios|\.ci)/|^Makefile$|\.deb$' "$work/list" || stop "the crate contains files that do not belong there"
printf 'test-install: the crate that cargo would publish is complete\n'
