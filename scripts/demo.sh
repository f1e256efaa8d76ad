#!/usr/bin/env bash
# Shows an election and a failover on real Consul agents, each with a real redis, and cleans up afterwards.
#
#   scripts/demo.sh              takes about 10 s once everything is built
#   KEEP=1 scripts/demo.sh       leaves everything running at the end, until Ctrl-C
#
#   CONSUL_BIN=/path/to/consul   the Consul to run; default: the newest in the cache, or the quickest to get
#   ELECTION_BIN=/path/to/it     the program to show; default: built here
#   PAUSE=SECONDS                watch each state for that long before the next step; default: 0
#
# It waits for conditions, never for a fixed time. Every line states what it has just seen on the agents; scripts/picture.sh reads them.
# If the failover does not happen as expected, it prints what it saw instead and exits with 1.
set -euo pipefail

# In this locale, EPOCHREALTIME has a decimal point; the code below removes it.
export LC_ALL=C
unset CDPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The caller's own Consul and redis settings must not reach these agents.
for name in "${!CONSUL_@}" RUST_LOG REDISCLI_AUTH; do
  [ "$name" = CONSUL_BIN ] || unset "$name"
done

nodes=(n1 n2 n3)
declare -A address agent_pid redis_pid # by node
work=                                  # the one directory that everything is written to
began=0 now=0                          # milliseconds

# Consul 1.8.7 always creates this directory, for its own tests; it stays empty.
litter=/tmp/consul-test litter_is_ours=no
[ -e "$litter" ] || litter_is_ours=yes

# ---- output -----------------------------------------------------------------------------------------------------------------

bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

tick() { now=$((${EPOCHREALTIME/./} / 1000)); }

seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); } # seconds MILLISECONDS

say() { printf '%8s  %s\n' "$(seconds $((now - began)))" "$*"; }

loud() { printf '%8s  %s%s%s\n' "$(seconds $((now - began)))" "$bold" "$*" "$plain"; }

stop() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

# Ends the demo with what was expected, what was seen, and the end of each agent's log.
give_up() {
  local log node
  tick
  {
    printf '%8s  THE DEMO FAILED: %s\n' "$(seconds $((now - began)))" "$*"
    printf '\nLast seen: DNS %s; the instances in the catalog:\n%s\n' "${dns:-no answer}" "${seen:-none}"
    printf '\nThe last output of the election checks:\n'
    for node in "${nodes[@]}"; do printf '%s: %s\n' "$node" "$(check_output "$node" 2>&1)"; done
    for log in "$work"/*.log; do
      printf '\n==> the end of %s\n' "${log##*/}"
      # Without a master, each DNS question logs this line and would hide all others.
      grep -v 'Query not found' "$log" | tail -n 12 || true
    done
    printf '\n'
  } >&2
  exit 1
}

# ---- taking down ------------------------------------------------------------------------------------------------------------

# Ends everything this script started. It goes by the shell's jobs, so it also finds a process started just before a signal.
# An agent runs its checks in their own process groups, and they would outlive it. So the agent is stopped first, which keeps it
# from starting another check, and is then killed with its children.
take_down() {
  local status=$? job child children
  trap '' INT TERM HUP PIPE # A second Ctrl-C must not interrupt the cleanup.
  set +e
  exec 3>&2 2>/dev/null # Hides the shell's own message for each killed job.
  for job in $(jobs -pr); do
    kill -STOP "$job"
    children=$(cat "/proc/$job/task/"*/children)
    kill -KILL "$job"
    for child in $children; do
      kill -KILL -- "-$child" "$child"
    done
  done
  wait
  [ -z "$work" ] || rm -rf -- "$work" 2>&3
  [ "$litter_is_ours" = no ] || rmdir "$litter"
  exit "$status"
}
trap take_down EXIT

let_signals_through() {
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
}
let_signals_through

# ---- missing commands -------------------------------------------------------------------------------------------------------

# Prints the Debian packages that contain the missing commands.
missing() {
  # redis-tools also contains the server, under another name. The package redis-server would start a system service.
  command -v redis-cli >/dev/null || echo redis-tools
  command -v redis-server >/dev/null || command -v redis-check-rdb >/dev/null || echo redis-tools
  command -v dig >/dev/null || echo dnsutils
  command -v curl >/dev/null || echo curl
  command -v jq >/dev/null || echo jq
}

get_commands() {
  local packages as_root=()
  mapfile -t packages < <(missing | sort -u)
  [ "${#packages[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    stop "commands are missing; run as root: apt-get install ${packages[*]}"
  fi
  printf 'demo: installing %s\n' "${packages[*]}"
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q)
  local install=("${as_root[@]}" install -y --no-install-recommends "${packages[@]}")
  # A fresh machine has no package lists, and an old one has lists of packages that are gone.
  "${install[@]}" >"$work/apt.txt" 2>&1 ||
    { "${as_root[@]}" update && "${install[@]}"; } >"$work/apt.txt" 2>&1 ||
    { tail -n 12 "$work/apt.txt" >&2; stop "apt-get install ${packages[*]} failed"; }
  [ -z "$(missing)" ] || stop "apt-get installed ${packages[*]}, but commands are still missing"
}

# Finds the redis server. On Debian it is one file under several names, and it acts by the name it is called with.
find_redis() {
  redis=$(command -v redis-server) && return 0
  redis=$work/redis-server
  ln -s "$(command -v redis-check-rdb)" "$redis"
}

# A build of Consul takes minutes, so a cached Consul is preferred to a newer one that is not there yet.
find_consul() {
  local cache=${XDG_CACHE_HOME:-${HOME:?is not set; set it, or XDG_CACHE_HOME}/.cache}/consul-master-election-tagger version
  if [ -n "${CONSUL_BIN:-}" ]; then
    consul=$(realpath -e -- "$(command -v "$CONSUL_BIN")" 2>/dev/null) || stop "CONSUL_BIN is not a program: $CONSUL_BIN"
    return 0
  fi
  for version in 1.21.0 1.8.7; do
    consul=$cache/consul-$version
    [ ! -x "$consul" ] || return 0
  done
  consul=$("$root/scripts/consul.sh" 1.8.7) || consul=$("$root/scripts/consul.sh" 1.21.0) ||
    stop "no Consul is available; use your own with CONSUL_BIN=/path/to/consul"
}

find_election() {
  if [ -n "${ELECTION_BIN:-}" ]; then
    election=$(realpath -e -- "$(command -v "$ELECTION_BIN")" 2>/dev/null) || stop "ELECTION_BIN is not a program: $ELECTION_BIN"
    return 0
  fi
  command -v cargo >/dev/null || stop "cargo is missing; see https://rustup.rs for how to install Rust"
  printf 'demo: building the program\n'
  (cd "$root" && cargo build --release --quiet) || stop "the build failed"
  # Several settings move the target folder; cargo knows them all.
  election=$(cd "$root" && cargo metadata --no-deps --format-version 1 | jq -r .target_directory)
  election+=/release/consul-master-election-tagger
  [ -x "$election" ] || stop "the build did not produce $election"
}

# ---- the cluster ------------------------------------------------------------------------------------------------------------

in_use() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; } # in_use ADDRESS PORT

# Sets the ports, and succeeds if they are free on all addresses of a network.
ports_free() { # ports_free NETWORK OFFSET
  local host port
  redis_port=$((6379 + $2)) http=$((8500 + $2)) dns_port=$((8600 + $2))
  rpc=$((8300 + $2)) serf=$((8301 + $2)) wan=$((8302 + $2))
  for host in 10 11 12 13; do
    for port in "$redis_port" "$http" "$dns_port" "$rpc" "$serf" "$wan"; do
      ! in_use "$1.$host" "$port" || return 1
    done
  done
}

# Finds an unused network of loopback addresses, so that every agent and every redis can have its usual ports. If another program
# listens on all addresses of the machine, all ports move. Creating the directory, named after the network, reserves the network
# against other demos on this machine.
settle() {
  local offset network
  # A signal between mkdir and the assignment would leave the directory behind.
  trap '' INT TERM HUP
  for offset in 0 10000 20000; do
    for _ in 1 2 3 4 5; do
      network=127.$((RANDOM % 200 + 40)).$((RANDOM % 254 + 1))
      if ports_free "$network" "$offset" && mkdir -m 700 "${TMPDIR:-/tmp}/election-demo-$network" 2>/dev/null; then
        work=${TMPDIR:-/tmp}/election-demo-$network
        break 2
      fi
    done
  done
  let_signals_through
  [ -n "$work" ] || stop "no network from 127.40 to 127.239 has free ports, or ${TMPDIR:-/tmp} is not writable"
  server=$network.10
  address=([n1]=$network.11 [n2]=$network.12 [n3]=$network.13)
}

# Writes an agent's configuration. The update check is off because no traffic may leave the machine.
configure_agent() { # configure_agent NAME ADDRESS ROLE, with the role's own settings
  mkdir -p "$work/$1"
  cat >"$work/$1/agent.hcl" <<HCL
node_name                  = "$1"
bind_addr                  = "$2"
client_addr                = "$2"
data_dir                   = "$work/$1.data"
disable_host_node_id       = true # All agents share one host, so its ID would not be unique.
disable_update_check       = true
enable_local_script_checks = true
retry_join                 = ["$server:$serf"]
retry_interval             = "1s"
connect                    = { enabled = false }
performance                = { raft_multiplier = 1 }
ports = {
  dns = $dns_port, http = $http, server = $rpc, serf_lan = $serf, serf_wan = $wan, grpc = -1
}
$3
HCL
}

# Writes the service definition, as a user would. Exit code 2 makes a dead redis critical; 1 would be a warning.
configure_service() { # configure_service NODE
  cat >"$work/$1/redis.hcl" <<HCL
service {
  name    = "redis"
  address = "${address[$1]}"
  port    = $redis_port
  checks = [
    {
      id       = "redis-ping"
      name     = "redis answers"
      args     = ["/bin/sh", "-c", "redis-cli -h ${address[$1]} -p $redis_port ping | grep -q PONG || exit 2"]
      interval = "1s"
      timeout  = "2s"
    },
    {
      id       = "redis-election"
      name     = "redis election"
      args     = ["$election", "--consul-service-name", "redis", "--lock-delay", "1s"]
      interval = "2s"
      timeout  = "30s"
    },
  ]
}
HCL
}

# The checks inherit the agent's environment, and so know which agent to ask.
start_agent() { # start_agent NAME ADDRESS [OPTION...]
  CONSUL_HTTP_ADDR=$2:$http "$consul" agent -config-dir "$work/$1" "${@:3}" >"$work/agent-$1.log" 2>&1 &
  agent_pid[$1]=$!
}

start_redis() { # start_redis NODE
  "$redis" --bind "${address[$1]}" --port "$redis_port" --protected-mode no --save '' --appendonly no \
    --dir "$work" --logfile "$work/redis-$1.log" >/dev/null 2>&1 &
  redis_pid[$1]=$!
}

start_cluster() {
  local node options=(-ui)
  configure_agent server "$server" 'server = true
bootstrap_expect = 1'
  # A newer server also listens on a gRPC TLS port, which 1.8.7 does not know. Nothing here needs it.
  if [[ $("$consul" agent -help 2>&1) == *-grpc-tls-port* ]]; then options+=(-grpc-tls-port=-1); fi
  start_agent server "$server" "${options[@]}"
  for node in "${nodes[@]}"; do
    configure_agent "$node" "${address[$node]}" 'server = false'
    configure_service "$node"
    start_redis "$node"
  done
  until_seen 30 "the server did not become leader" has_leader
  for node in "${nodes[@]}"; do start_agent "$node" "${address[$node]}"; done
}

# ---- observing --------------------------------------------------------------------------------------------------------------

# Reads every instance from the catalog, and the answer of an agent's DNS. Sets `seen` (one line per instance); role, health (of all
# checks together) and ping (of the redis check) by node; `masters` (the passing ones); and `dns`. Fails, and changes none of them,
# when the server does not answer.
declare -A role health ping
seen='' masters='' dns=''
looks=0 unanswered=0 looking_since=0 twice=0
query='redis-master.query.consul'

ask() { curl -qsSf --noproxy '*' --max-time 2 "http://$1:$http/v1/$2"; } # ask ADDRESS PATH

look() {
  local node its_role its_health its_ping answer address_now
  # DNS before tags: a change in between must not appear in DNS before it appears in the tags.
  address_now=$(dig -r +short +time=1 +tries=1 "@${address[n1]}" -p "$dns_port" "$query" A 2>/dev/null |
    grep -E '^[0-9.]+$' | sort) || address_now=
  answer=$(ask "$server" health/service/redis 2>/dev/null | jq -r '
    def worst: if index("critical") then "critical" elif index("warning") then "warning" else "passing" end;
    sort_by(.Node.Node)[] | [
      .Node.Node,
      ([.Service.Tags[] | select(. == "master" or . == "slave")] | join("+") | if . == "" then "untagged" else . end),
      ([.Checks[].Status] | worst),
      ([.Checks[] | select(.CheckID == "redis-ping") | .Status] | worst)
    ] | join(" ")') || { unanswered=$((unanswered + 1)); tick; return 1; }
  seen=$answer dns=$address_now masters='' role=() health=() ping=()
  while read -r node its_role its_health its_ping; do
    [ -n "$node" ] || continue # No instance yet.
    role[$node]=$its_role health[$node]=$its_health ping[$node]=$its_ping
    if [[ $its_role == *master* && $its_health == passing ]]; then masters+="$node "; fi
  done <<<"$seen"
  masters=${masters% }
  tick
  if [ "$looks" = 0 ]; then looking_since=$now; fi
  looks=$((looks + 1))
  if [[ $masters == *' '* || $dns == *$'\n'* ]]; then
    twice=$((twice + 1))
    say "TWO MASTERS: passing and tagged master: ${masters:-none}; DNS: ${dns//$'\n'/, }"
  fi
}

# Polls until a condition holds; gives up after a time, or when an agent has ended.
until_seen() { # until_seen SECONDS WHAT-IF-NOT CONDITION...
  local limit what=$2 name
  tick
  limit=$((now + $1 * 1000))
  shift 2
  until "$@"; do
    for name in "${!agent_pid[@]}"; do
      kill -0 "${agent_pid[$name]}" 2>/dev/null || give_up "the agent $name has ended"
    done
    [ "$now" -lt "$limit" ] || give_up "$what"
    sleep 0.02
  done
}

# Keeps polling for the time that PAUSE asks for.
pause() {
  local limit
  tick
  limit=$((now + ${PAUSE:-0} * 1000))
  while [ "$now" -lt "$limit" ]; do
    look || true
    sleep 0.02
  done
}

has_leader() {
  local leader
  tick
  leader=$(ask "$server" status/leader 2>/dev/null) && [ "$leader" != '""' ]
}

all_registered() {
  look || return 1
  [ "${#role[@]}" = "${#nodes[@]}" ]
}

# Succeeds if all pass, one is master by tag and by DNS, and the others are slaves.
one_leads() {
  local node slaves=0
  look || return 1
  for node in "${nodes[@]}"; do
    [ "${health[$node]-}" = passing ] || return 1
    if [ "${role[$node]}" = slave ]; then slaves=$((slaves + 1)); fi
  done
  [ "$slaves" = 2 ] && [[ -v address[$masters] ]] && [ "$dns" = "${address[$masters]}" ]
}

# Prints each event after the kill when it is first seen, and succeeds when all have been.
noticed_at='' gone_at='' tagged_at='' moved_at='' down_at='' new=''
failed_over() {
  look || return 1
  if [ -z "$noticed_at" ] && [ "${ping[$old]-}" = critical ]; then
    noticed_at=$now
    say "Consul notices: the redis check on $old is critical, $(seconds $((now - killed_at))) after the kill"
  fi
  if [ -z "$gone_at" ] && [ -z "$dns" ]; then
    gone_at=$now
    say "DNS: $query has no answer, $(seconds $((now - killed_at))) after the kill"
  fi
  if [ -z "$tagged_at" ] && [ -n "$masters" ] && [[ $masters != *"$old"* && $masters != *' '* ]]; then
    tagged_at=$now new=$masters
    loud "$new is tagged master, $(seconds $((now - killed_at))) after the kill" \
      "and $(seconds $((now - ${noticed_at:-$now}))) after Consul noticed"
  fi
  if [ -z "$moved_at" ] && [ -n "$dns" ] && [ "$dns" != "${address[$old]}" ]; then
    moved_at=$now
    loud "DNS: $query is ${dns//$'\n'/, }, $(seconds $((now - killed_at))) after the kill"
  fi
  if [ -z "$down_at" ] && [ "${role[$old]-}" = slave ]; then
    down_at=$now
    say "$old is tagged slave; it is critical until its redis is back"
  fi
  [ -n "$noticed_at" ] && [ -n "$tagged_at" ] && [ -n "$moved_at" ] && [ -n "$down_at" ] &&
    [ "$masters" = "$new" ] && [ "$dns" = "${address[$new]}" ]
}

others() { # others NODE: the other two, as words
  local node words=()
  for node in "${nodes[@]}"; do [ "$node" = "$1" ] || words+=("$node"); done
  printf '%s and %s' "${words[@]}"
}

# Prints how often the lock has been acquired; the program calls this the term.
read_term() { ask "$server" kv/service/redis-master/leader | jq -er '.[0].LockIndex' || give_up "the lock key cannot be read"; }

# Prints the last output of a node's election check, as its agent shows it.
check_output() { ask "${address[$1]}" agent/checks | jq -r '.["redis-election"].Output // "" | rtrimstr("\n")'; }

# ---- the story --------------------------------------------------------------------------------------------------------------

settle
get_commands
find_redis
find_consul
find_election

tick
began=$now
version=$("$consul" version)
say "${version%%$'\n'*}: a server at $server; agents n1, n2, n3 at .11, .12, .13, each with a redis"
start_cluster
until_seen 30 "the agents did not register their services" all_registered
say "each agent has registered its redis with a health check (every 1 s) and an election check (every 2 s)"

until_seen 45 "no single instance became master by tag and by DNS with all instances passing" one_leads
old=$masters
term=$(read_term)
loud "$old is tagged master, $(others "$old") are tagged slave; term $term"
say "DNS: $query is $dns"
line=$(check_output "$old") || give_up "the agent $old does not show the output of its check"
say "the check on $old prints: $line"
pause

{
  kill -KILL "${redis_pid[$old]}"
  wait "${redis_pid[$old]}" || true
} 2>/dev/null # Hides the shell's own message.
tick
killed_at=$now
loud "kill -9 ${redis_pid[$old]}: the redis on $old is dead"
until_seen 45 "no other instance became master by tag and by DNS" failed_over
next_term=$(read_term)
tick
say "the term went from $term to $next_term"
[ "$next_term" = $((term + 1)) ] || give_up "one failover must be one term"
pause

start_redis "$old"
tick
loud "the redis on $old is started again, as process ${redis_pid[$old]}"
until_seen 30 "$old did not come back as a slave" one_leads
[ "$masters" = "$new" ] || give_up "$masters is master; $new should have stayed master"
loud "$old passes again as slave; $new is still master, by tag and by DNS"
# The check may not have run since, so it runs once more by hand.
line=$(CONSUL_HTTP_ADDR=${address[$old]}:$http "$election" --consul-service-name redis --lock-delay 1s 2>&1) ||
  give_up "a run by hand on $old exited with $?: $line"
until_seen 30 "a run by hand on $old changed something" one_leads
[ "$masters" = "$new" ] || give_up "$masters is master after a run by hand on $old; $new should have stayed master"
say "its election check, run once more by hand, prints: $line"
pause
# Somebody who is paged sees the same in one view. It exits with 1 if anything is wrong.
info=$(CONSUL_HTTP_ADDR=${address[$new]}:$http "$election" info --format table) || give_up "info on $new exited with $?: $info"
tick
say "consul-master-election-tagger info says on $new:"
printf '\n%s\n\n' "$info" | sed 's/^./          &/'
[ "$twice" = 0 ] || give_up "$twice of $looks polls saw two masters"
say "$looks polls, one every $(((now - looking_since) / looks)) ms: never two passing instances tagged master, never two addresses in DNS"
if [ "$unanswered" != 0 ]; then say "($unanswered more polls got no answer from the server)"; fi

if [ -n "${KEEP:-}" ] && [ "$KEEP" != 0 ]; then
  printf '\nLook around until Ctrl-C (the redis on %s is process %s, if you want to kill another):\n' "$new" "${redis_pid[$new]}"
else
  printf '\nEverything is being stopped now. With KEEP=1 it stays up, and you can look at:\n'
fi
cat <<WHERE
  the UI        http://$server:$http/ui
  the election  CONSUL_HTTP_ADDR=${address[n1]}:$http $election info
  the master    dig +short @${address[n1]} -p $dns_port $query
  the lock      curl 'http://$server:$http/v1/kv/service/redis-master/leader?raw'
WHERE
if [ -n "${KEEP:-}" ] && [ "$KEEP" != 0 ]; then
  # Here Ctrl-C is a normal end, not a failure.
  trap 'exit 0' INT TERM
  exec 4>&2 2>/dev/null # Hides the shell's own message for a redis that you kill.
  wait "${agent_pid[server]}" || true
  exec 2>&4
  give_up "the server ended"
fi
