# shellcheck shell=bash
# Sourced by the scripts that get tools: the user's cache, outside the checkout, and how a tool gets into it. A tool is made in a
# scratch folder, under a lock, and moved into place when complete. So an interrupted run leaves nothing half done, and two runs at
# the same time do not fetch twice.

cache=${XDG_CACHE_HOME:-${HOME:?is not set; set it, or XDG_CACHE_HOME}/.cache}/consul-master-election-tagger

# attend COMMAND...: runs it in the background and in its own process group. So bash handles a signal at once, and end_attended can
# end the whole group.
attend() {
  local status=0
  set -m
  "$@" </dev/null &
  set +m
  wait "$!" || status=$?
  return "$status"
}

# end_attended: for the EXIT trap; ends everything that still runs in the background, and waits for it.
end_attended() {
  local group
  trap '' TERM INT HUP
  for group in $(jobs -pr); do kill -TERM -- "-$group" 2>/dev/null || true; done
  wait
}

# begin_making NAME: takes the lock of that tool and sets `scratch`, a folder that is removed when the script ends.
begin_making() {
  mkdir -p "$cache"
  exec 9>"$cache/$1.lock"
  flock 9
  scratch=$(mktemp -d "$cache/making.XXXXXX")
  trap 'end_attended; rm -rf --one-file-system "$scratch"' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  trap 'exit 129' HUP
}

# end_making: removes the scratch folder and releases the lock.
end_making() {
  rm -rf --one-file-system "$scratch"
  trap - EXIT TERM INT HUP
  exec 9>&-
}

# Prints the Debian mirrors in this machine's apt sources.
debian_mirrors() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's#^(URIs:|deb )[^#]*[[:space:]]?(https?://[^[:space:]]+/debian)/?([[:space:]].*)?$#\2#p' | sort -u
}
