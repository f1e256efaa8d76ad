#!/usr/bin/env bash
# Gets the real Consuls that the tests, the demo and the benchmarks run on, and prints their paths, one per line. The binaries stay
# in the user's cache, outside the checkout, and are not fetched again.
#
#   scripts/consul.sh            every version that this machine can get (see below)
#   scripts/consul.sh 1.8.7      only this version
#
#   1.8.7    Debian 11's package from the Debian mirror in apt's sources, unpacked but not installed
#   1.21.0   built from Go modules through the configured proxy; needs Go 1.25 or newer, and about 5 minutes the first time
set -euo pipefail

# shellcheck source=scripts/cache.sh
. "$(dirname "${BASH_SOURCE[0]}")/cache.sh"

say() { printf 'consul: %s\n' "$*" >&2; }

begin_making consul

get_1_8_7() {
  local pool=pool/main/c/consul/consul_1.8.7+dfsg1-2+b3_amd64.deb mirror
  local sum=e4e888bba104daba1d9161f49bfc52649a7e4efd45b1a7ead5bc54f2cb9c89d9
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || { say "1.8.7 comes from Debian's amd64 packages; this is not a Debian amd64 machine"; return 1; }
  for mirror in $(debian_mirrors); do
    say "1.8.7: fetching Debian 11's package"
    if attend /usr/lib/apt/apt-helper download-file "$mirror/$pool" "$scratch/consul.deb" "SHA256:$sum" >&2; then
      # errexit is off here, because the caller uses `||`.
      dpkg-deb -x "$scratch/consul.deb" "$scratch/deb" && mv "$scratch/deb/usr/bin/consul" "$cache/consul-1.8.7"
      return
    fi
  done
  say "1.8.7: no Debian mirror in apt's sources has $pool"
  return 1
}

get_1_21_0() {
  local go
  go=$(command -v go) || { say "1.21.0 left out: it is built with Go, but there is no go in PATH"; return 1; }
  case $("$go" env GOVERSION) in
    go1.2[5-9]* | go1.[3-9][0-9]* | go[2-9]*) ;;
    *) say "1.21.0 left out: it needs Go 1.25 or newer; this is $("$go" env GOVERSION)"; return 1 ;;
  esac
  say "1.21.0: building with $("$go" env GOVERSION); about 5 minutes on two cores"
  mkdir "$scratch/go" || return 1
  cat >"$scratch/go/go.mod" <<'MOD' || return 1
module consul.under.test
go 1.25
require github.com/hashicorp/consul v1.21.0
// The module proxy does not have the version that consul requires.
replace github.com/hashicorp/consul-awsauth => github.com/hashicorp/consul-awsauth v0.0.0-20220713182709-05ac1c5c2706
MOD
  { attend "$go" -C "$scratch/go" get github.com/hashicorp/consul@v1.21.0 &&
    attend "$go" -C "$scratch/go" build -mod=mod -trimpath -ldflags='-s -w' -o "$scratch/consul" github.com/hashicorp/consul; } >&2 ||
    { say "1.21.0: the build failed"; return 2; }
  mv "$scratch/consul" "$cache/consul-1.21.0"
}

provide() { # provide VERSION; returns 1 if this machine cannot get it (with a message), 2 if getting it failed
  [ -x "$cache/consul-$1" ] || "get_${1//./_}" || return
  [ -x "$cache/consul-$1" ] || return 2
  printf '%s\n' "$cache/consul-$1"
}

case ${1:-all} in
  1.8.7 | 1.21.0) provide "$1" ;;
  all)
    found=0
    for version in 1.8.7 1.21.0; do
      provide "$version" && found=$((found + 1)) || [ $? -lt 2 ] || exit 1
    done
    [ "$found" -gt 0 ] || { say "no Consul is available; use your own with CONSUL_BIN=/path/to/consul"; exit 1; }
    ;;
  *) say "unknown version $1; use your own Consul with CONSUL_BIN=/path/to/consul"; exit 2 ;;
esac
