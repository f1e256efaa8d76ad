#!/usr/bin/env bash
# Makes the Debian package from the output of `make build`, and prints its path: target/debian/NAME_VERSION_ARCH.deb.
# It runs `make install` into a staging folder, adds the files that Debian requires, and calls dpkg-deb; it needs no other tool. The
# program is static, so the package has no dependencies.
#
#   SOURCE_DATE_EPOCH=N     the timestamp of every file; default: that of the last commit, so the same source gives the same package
#   DEBFULLNAME, DEBEMAIL   the maintainer of the package, as for Debian's own tools
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C

name=consul-master-election-tagger
# The last number counts packages of one version. For Debian, ~ sorts a pre-release before its release.
release=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/;p;q}' Cargo.toml)
version=${release/-/\~}-1
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-The maintainers of $name} <${DEBEMAIL:-$name@localhost}>"
if [ -z "${SOURCE_DATE_EPOCH:-}" ] && [ -e .git ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) || { echo "deb: git cannot read the time of the last commit; set SOURCE_DATE_EPOCH=N" >&2; exit 1; }
fi
# A source archive has no commits, but a file with a time.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y CHANGELOG.md)}
[ -n "${DEBEMAIL:-}" ] || echo "deb: the package has no real maintainer address; set DEBFULLNAME and DEBEMAIL" >&2

mkdir -p target/debian
stage=$(mktemp -d target/debian/stage.XXXXXX)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
root=$stage/root
doc=$root/usr/share/doc/$name

make --no-print-directory install DESTDIR="$PWD/$root" PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions >/dev/null
[ "$("$root/usr/bin/$name" --version)" = "$name $release" ] || {
  echo "deb: the build is $("$root/usr/bin/$name" --version), but Cargo.toml says $release; run make build" >&2
  exit 1
}
gzip -9n "$root/usr/share/man/man1/$name.1"

# Every Debian has the licence, and Debian names the changelog differently.
rm "$doc/LICENSE"
mv "$doc/CHANGELOG.md" "$doc/changelog"
find "$doc" -path "$doc/puppet" -prune -o -name '*.md' -exec sed -i 's#\(](\(\.\./\)\?\)CHANGELOG\.md)#\1changelog.gz)#g' {} +
cat >"$doc/changelog.Debian" <<EOF
$name ($version) unstable; urgency=medium

  * The program's own changes are in changelog.gz, next to this file.

 -- $maintainer  $(date -u -d "@$SOURCE_DATE_EPOCH" -R)
EOF
scripts/notices.sh >"$doc/notices"
gzip -9n "$doc/changelog" "$doc/changelog.Debian" "$doc/notices"
cat >"$doc/copyright" <<EOF
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: $name

Files: *
Copyright: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y) the authors of $name
Comment: The linked crates and their licences are in notices.gz, next to this file.
License: Apache-2.0
 On Debian systems, the full text of the Apache License, Version 2.0 is in /usr/share/common-licenses/Apache-2.0.
EOF

mkdir -p "$root/usr/share/lintian/overrides"
cat >"$root/usr/share/lintian/overrides/$name" <<EOF
# On purpose: Consul runs the program every few seconds, and dynamic loading would take a third of each run.
$name: statically-linked-binary [usr/bin/$name]
$name: statically-linked-binary [usr/bin/$name-commands]
EOF

mkdir "$root/DEBIAN"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
cat >"$root/DEBIAN/control" <<EOF
Package: $name
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du --apparent-size -sk "$root/usr" | cut -f1)
Section: admin
Priority: optional
Enhances: consul
Description: script check that elects a master among a Consul service's instances
 Consul runs it every few seconds on each node that has an instance of the
 service. One instance is tagged master, all others slave, and the DNS name
 SERVICE-master.query.consul answers with the master, while there is one. When
 its health check fails, its agent dies or its node goes away, another takes
 over. It is not a daemon: a lock in Consul's KV store decides, and nothing is
 kept outside Consul.
EOF

find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
package=target/debian/${name}_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$stage/made.deb" >/dev/null
mv "$stage/made.deb" "$package"
printf '%s\n' "$package"
