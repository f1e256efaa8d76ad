#!/usr/bin/env bash
# Makes the Debian package as `make deb` does, and tests it in a minimal Debian 12: it installs, the program runs and elects on a real
# Consul agent, and removing it leaves no file behind. Also checks that one build packs to the same bytes twice; the compiler's output
# is not checked for this.
#
# debootstrap makes the minimal Debian from the mirror in apt's sources. This takes a minute, so the result stays in the user's cache.
# The chroot shares the network with this machine: the agent runs outside, on its own loopback address. Needs root for chroot and
# debootstrap.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
export LC_ALL=C

stop() { printf 'test-deb: %s\n' "$*" >&2; exit 1; }
say() { printf 'test-deb: %s\n' "$*"; }

[ "$(id -u)" -eq 0 ] || stop "chroot needs root; run this as root, for example in a container, as CI does"
command -v debootstrap >/dev/null || stop "debootstrap is missing: apt-get install debootstrap"

name="consul-master-election-tagger"
package=$(scripts/deb.sh)

bare=$cache/debian-12-$(dpkg --print-architecture).tar
if [ ! -f "$bare" ]; then
  begin_making debian-12
  if [ ! -f "$bare" ]; then
    for mirror in $(debian_mirrors); do
      say "making a minimal Debian 12; takes about a minute, the first time only"
      rm -rf "$scratch/root"
      # In a mount namespace, its mounts end with it.
      attend unshare --mount debootstrap --variant=minbase bookworm "$scratch/root" "$mirror" >"$scratch/log" 2>&1 && break
      tail -n 5 "$scratch/log" >&2
      rm -rf --one-file-system "$scratch/root"
    done
    [ -d "$scratch/root" ] || stop "no Debian mirror in apt's sources works"
    # Devices and downloaded packages are not needed.
    tar --one-file-system --exclude './dev/*' --exclude './proc/*' --exclude './sys/*' --exclude './var/cache/apt/archives/*.deb' \
      -C "$scratch/root" -cf "$scratch/made.tar" .
    rm -rf --one-file-system "$scratch/root"
    mv "$scratch/made.tar" "$bare"
  fi
  end_making
fi

work=$(mktemp -d)
agent=
take_down() {
  local status=$?
  trap '' INT TERM HUP
  [ -z "$agent" ] || { kill -KILL "$agent" && wait "$agent"; } 2>/dev/null || true
  end_attended
  # Nothing is mounted in there; if that ever changes, the mounted files stay.
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap take_down EXIT
trap 'exit 130' INT TERM HUP

root=$work/root
mkdir "$root"
tar -C "$root" -xf "$bare"
mknod -m 666 "$root/dev/null" c 1 3
cp "$package" "$work/package.deb"

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "${variables[@]}" chroot "$root" "$@"; }
variables=()

# Lists every file with type, mode, owner and checksum, except dpkg's own records.
files() {
  (cd "$root" && find . \( -path ./var/lib/dpkg -o -path ./tmp -o -path ./var/log/dpkg.log \) -prune -o \
    -printf '%p %y %m %U:%G %l\n' -a -type f -exec sha256sum {} + | sort)
}

# ---- packed twice -----------------------------------------------------------------------------------------------------------

first=$(sha256sum <"$package")
scripts/deb.sh >/dev/null
[ "$first" = "$(sha256sum <"$package")" ] || stop "two packages of the same source differ"
say "the same build gives the same package twice"

# ---- installed --------------------------------------------------------------------------------------------------------------

files >"$work/before"
cp "$work/package.deb" "$root/tmp/package.deb"
inside dpkg --install /tmp/package.deb >"$work/log" 2>&1 || { cat "$work/log" >&2; stop "dpkg cannot install the package"; }
inside dpkg --verify "$name" | grep . && stop "the installed files differ from the package"
inside dpkg --status "$name" | grep -qx 'Status: install ok installed' || stop "dpkg does not list it as installed"
version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/;p;q}' Cargo.toml)
[ "$(inside "$name" --version)" = "$name $version" ] || stop "--version is $(inside "$name" --version)"
diff <(inside "$name" --help) tests/golden/help.txt || stop "--help differs"
diff <(gzip -dc "$root/usr/share/man/man1/$name.1.gz") "packaging/$name.1" || stop "the man page differs"
diff "$root/usr/share/bash-completion/completions/$name" "packaging/completions/$name.bash" || stop "the bash completion differs"
diff "$root/usr/share/zsh/vendor-completions/_$name" "packaging/completions/_$name" || stop "the zsh completion differs"
diff "$root/usr/share/fish/vendor_completions.d/$name.fish" "packaging/completions/$name.fish" || stop "the fish completion differs"
for file in copyright changelog.gz changelog.Debian.gz notices.gz README.md examples/service.hcl puppet/metadata.json; do
  [ -s "$root/usr/share/doc/$name/$file" ] || stop "/usr/share/doc/$name lacks $file"
done
scripts/links.sh "$root/usr/share/doc/$name"
# This licence must accompany the program, and Debian has no copy of it.
gzip -dc "$root/usr/share/doc/$name/notices.gz" >"$work/notices"
awk '/^==== / { of_ring = / ring v/ } of_ring' "$work/notices" | grep -q 'AUTHOR DISCLAIMS ALL WARRANTIES' || stop "notices.gz lacks ring's licence"
say "it installs with man page and completions, and prints its version and help"

# ---- elects -----------------------------------------------------------------------------------------------------------------

consul=${CONSUL_BIN:-}
if [ -z "$consul" ]; then
  attend scripts/consul.sh >"$work/consuls"
  consul=$(tail -n 1 "$work/consuls")
fi
address=127.$((RANDOM % 200 + 40)).$((RANDOM % 254 + 1)).$((RANDOM % 254 + 1))
mkdir "$work/agent"
printf '%s\n' '{ "service": { "name": "redis", "port": 6379, "check": { "args": ["true"], "interval": "1s" } } }' >"$work/agent/redis.json"
env --unset=CONSUL_HTTP_TOKEN "$consul" agent -dev -node n1 -bind "$address" -client "$address" -config-dir "$work/agent" \
  -enable-local-script-checks -disable-host-node-id >"$work/agent.log" 2>&1 &
agent=$!
variables=(CONSUL_HTTP_ADDR="$address:8500")
for _ in $(seq 300); do
  line=$(inside "$name" --consul-service-name redis 2>&1) && [[ $line == *": master on n1 "* ]] && break
  kill -0 "$agent" 2>/dev/null || { tail -n 5 "$work/agent.log" >&2; stop "the Consul agent ended"; }
  sleep 0.1
done
[[ $line == "election redis-master: master on n1 ($address:6379), term 1" ]] || stop "it did not become master: $line"
tags=$(CONSUL_HTTP_ADDR=$address:8500 "$consul" catalog services -tags)
[[ $tags == *redis*master* ]] || stop "Consul does not show the tag: $tags"
variables=()
say "it elects on $("$consul" version | head -n 1): $line"

# ---- removed ----------------------------------------------------------------------------------------------------------------

for remove in --remove --purge; do
  inside dpkg "$remove" "$name" >"$work/log" 2>&1 || { cat "$work/log" >&2; stop "dpkg $remove fails"; }
  files >"$work/after"
  diff "$work/before" "$work/after" || stop "dpkg $remove leaves files behind"
  inside dpkg --install /tmp/package.deb >/dev/null 2>&1
done
say "removing it leaves no file behind"
