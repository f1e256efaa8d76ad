#!/usr/bin/env bash
# Tests the Puppet module: its manifests parse, puppet-lint finds nothing, the specs in puppet/spec pass in a copy of the folder, its
# parameters are the program's options, and puppet/REFERENCE.md matches the manifests. UPDATE_GOLDEN=1 rewrites that file. At the end it
# says what this machine could not try.
set -euo pipefail
cd "$(dirname "$0")/.."

# Each command used here, with its Debian package.
missing=()
for pair in puppet:puppet-agent puppet-lint:puppet-lint rspec:ruby-rspec-puppet yard:puppet-strings; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "commands are missing; run: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

# Puppet writes to its directories and to HOME, and finds a module by its directory name.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch
module=consul_master_election_tagger
stub=puppet/spec/stubs/consul
mkdir "$scratch/modules"
ln -s "$PWD/$stub" "$scratch/modules/consul"
# Without the tests, because REFERENCE.md documents only what users get.
mkdir "$scratch/modules/$module"
cp -R puppet/functions puppet/lib puppet/manifests puppet/types "$scratch/modules/$module"

# Puppet expects the settings between the subcommand and its arguments.
settings=(--confdir "$scratch/conf" --vardir "$scratch/var")

echo "puppet parser validate"
puppet parser validate "${settings[@]}" puppet/manifests puppet/types puppet/functions "$stub/manifests"

echo "puppet-lint"
(cd "$scratch/modules" && puppet-lint --fail-on-warnings "$module/manifests" "$module/types" "$module/functions" consul/manifests)

# The module must be one by itself, so its specs run in a copy, outside of this repository.
echo "rspec, in a copy of puppet/"
cp -R puppet "$scratch/copy"
ruby -c "$scratch/copy/Gemfile" "$scratch/copy/Rakefile" >/dev/null
(cd "$scratch/copy" && rspec --no-color)

echo "rspec, with the program"
(cd puppet && rspec --no-color -I spec ../tests/puppet)

echo "REFERENCE.md"
(cd "$scratch/modules/$module" && puppet strings generate "${settings[@]}" --format markdown --out REFERENCE.md) \
  >"$scratch/strings.log" 2>&1 || { cat "$scratch/strings.log" >&2; exit 1; }
# For puppet strings, missing documentation is only a warning.
if grep -F '[warn]' "$scratch/strings.log" >&2; then exit 1; fi
if [ -n "${UPDATE_GOLDEN:-}" ]; then cp "$scratch/modules/$module/REFERENCE.md" puppet/REFERENCE.md; fi
diff -u puppet/REFERENCE.md "$scratch/modules/$module/REFERENCE.md" || {
  echo "puppet/REFERENCE.md does not match the manifests; rewrite it with UPDATE_GOLDEN=1 make test-puppet" >&2
  exit 1
}

echo "Not tried:"
if [ ! -e puppet/spec/fixtures/modules/consul ]; then echo "- puppet/consul itself: the specs used $stub; \`bundle exec rake spec_prep\` in puppet/ brings it"; fi
echo "- another Puppet than $(puppet --version): PUPPET_VERSION or OPENVOX_VERSION with the Gemfile in puppet/"
command -v bundle >/dev/null || echo "- the Gemfile and spec_prep, except for their syntax: there is no bundler"
gem list --silent --installed '^voxpupuli-puppet-lint-plugins$' >/dev/null ||
  echo "- Vox Pupuli's rules for puppet-lint: the gem voxpupuli-puppet-lint-plugins is not installed"
