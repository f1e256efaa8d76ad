# shellcheck shell=bash
# For the scripts that provide tools, to be sourced: the user's cache, outside the checkout, and how something comes into it. The work
# goes on in a folder beside the result and is moved into place when whole, under a lock, so that a run that was cut off leaves
# nothing half done and two runs at once do not fetch twice.

cache=${XDG_CACHE_HOME:-${HOME:?is not set; set it, or XDG_CACHE_HOME}/.cache}/consul-master-election-tagger

# attend COMMAND...: runs it so that a signal is acted on at once, which bash does with no command in the foreground, and in a process
# group of its own, so that end_attended ends all of it.
attend() {
  local status=0
  set -m
  "$@" </dev/null &
  set +m
  wait "$!" || status=$?
  return "$status"
}

# end_attended: for the EXIT trap; ends what is still running in the background, and waits until it is gone.
end_attended() {
  local group
  trap '' TERM INT HUP
  for group in $(jobs -pr); do kill -TERM -- "-$group" 2>/dev/null || true; done
  wait
}

# begin_making NAME: takes the lock of what is made under that name, and sets `scratch`, which is gone when the script ends.
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

# end_making: lets the next one in, who finds what was made, and clears up.
end_making() {
  rm -rf --one-file-system "$scratch"
  trap - EXIT TERM INT HUP
  exec 9>&-
}

# Prints the Debian mirrors that apt is set up with on this machine.
debian_mirrors() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's#^(URIs:|deb )[^#]*[[:space:]]?(https?://[^[:space:]]+/debian)/?([[:space:]].*)?$#\2#p' | sort -u
}
