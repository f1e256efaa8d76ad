#!/usr/bin/env bash
# Runs everything that must hold of the Puppet module: its manifests parse, puppet-lint finds nothing, the examples in
# puppet/spec pass, and puppet/REFERENCE.md says what the manifests say. UPDATE_GOLDEN=1 writes that file anew.
set -euo pipefail
cd "$(dirname "$0")/.."

# What is called here, and Debian's package that has it.
missing=()
for pair in puppet:puppet-agent puppet-lint:puppet-lint rspec:ruby-rspec-puppet yard:puppet-strings; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "the Puppet module cannot be tested; install what is missing: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

# Puppet writes into its directories and into HOME, and finds a module by the name of its directory.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch
module=consul_master_election_tagger
fixture=puppet/spec/fixtures/modules/consul
mkdir "$scratch/modules"
ln -s "$PWD/$fixture" "$scratch/modules/consul"
# Without the tests; the documentation is of what users get.
mkdir "$scratch/modules/$module"
cp -R puppet/functions puppet/lib puppet/manifests puppet/types "$scratch/modules/$module"

# The settings are after the subcommand, and before what the subcommand is told.
settings=(--confdir "$scratch/conf" --vardir "$scratch/var")

echo "puppet parser validate"
puppet parser validate "${settings[@]}" puppet/manifests puppet/types puppet/functions "$fixture/manifests"

echo "puppet-lint"
(cd "$scratch/modules" && puppet-lint --fail-on-warnings "$module/manifests" "$module/types" "$module/functions" consul/manifests)

echo "rspec"
(cd puppet && rspec --no-color)

echo "REFERENCE.md"
(cd "$scratch/modules/$module" && puppet strings generate "${settings[@]}" --format markdown --out REFERENCE.md) \
  >"$scratch/strings.log" 2>&1 || { cat "$scratch/strings.log" >&2; exit 1; }
# What is not documented is a warning there, and no failure.
if grep -F '[warn]' "$scratch/strings.log" >&2; then exit 1; fi
if [ -n "${UPDATE_GOLDEN:-}" ]; then cp "$scratch/modules/$module/REFERENCE.md" puppet/REFERENCE.md; fi
diff -u puppet/REFERENCE.md "$scratch/modules/$module/REFERENCE.md" || {
  echo "puppet/REFERENCE.md is not what the manifests say; UPDATE_GOLDEN=1 make test-puppet writes it anew" >&2
  exit 1
}
