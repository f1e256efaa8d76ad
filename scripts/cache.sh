# shellcheck shell=bash
# For the scripts that provide tools, to be sourced: the user's cache, outside the checkout, and how something comes into it. The work
# goes on in a folder beside the result and is moved into place when whole, under a lock, so that a run that was cut off leaves
# nothing half done and two runs at once do not fetch twice.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/consul-master-election-tagger

# begin_making NAME: takes the lock of what is made under that name, and sets `scratch`, which is gone when the script ends.
begin_making() {
  mkdir -p "$cache"
  exec 9>"$cache/$1.lock"
  flock 9
  scratch=$(mktemp -d "$cache/making.XXXXXX")
  trap 'chmod -R u+w "$scratch" 2>/dev/null || true; rm -rf "$scratch"' EXIT
}

# end_making: lets the next one in, who finds what was made, and clears up.
end_making() {
  rm -rf "$scratch"
  trap - EXIT
  exec 9>&-
}

# Prints the Debian mirrors that apt is set up with on this machine.
debian_mirrors() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's#^(URIs:|deb )[^#]*[[:space:]]?(https?://[^[:space:]]+/debian)/?([[:space:]].*)?$#\2#p' | sort -u
}
