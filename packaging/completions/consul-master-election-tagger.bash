# Completion of consul-master-election-tagger for bash. Generated from the program's table of options by tests/packaging.

_consul_master_election_tagger() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} name dashes=-- given own
  COMPREPLY=()
  # bash splits --option=VALUE at the equals sign, which becomes a word of its own.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  # One dash works as two.
  prev=${prev#-}
  case ${prev#-} in
  consul-service-name | consul-service-id | consul-query-name | lock-key | master-tag | slave-tag | check-id | consul-query-tag | query-ttl | query-near | query-failover | priority | preempt-after | max-term | lock-delay | ttl | wait | timeout | watch-address | watch-grace | http-addr | token | tls-server-name | namespace | partition | for | to | name | lock-key | service | grace | lock-delay | ttl | wait-lock | election-timeout | stand-back | schedule | next | deadline | max-runtime | jitter | name) ;;
  on-outage) mapfile -t COMPREPLY < <(compgen -W 'keep demote' -- "$cur") ;;
  on-promote | on-demote | on-follow) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
  master-status | slave-status | leaderless-status | error-status) mapfile -t COMPREPLY < <(compgen -W 'passing warning critical' -- "$cur") ;;
  token-file | ca-file | client-cert | client-key | file | metrics-file | config) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
  ca-path) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
  on-success | on-error) mapfile -t COMPREPLY < <(compgen -W 'exit rerun reelect ignore' -- "$cur") ;;
  on-election-failure) mapfile -t COMPREPLY < <(compgen -W 'retry run-anyway exit' -- "$cur") ;;
  on-outage) mapfile -t COMPREPLY < <(compgen -W 'stop keep' -- "$cur") ;;
  missed) mapfile -t COMPREPLY < <(compgen -W 'once skip' -- "$cur") ;;
  if-interrupted) mapfile -t COMPREPLY < <(compgen -W 'skip rerun' -- "$cur") ;;
  overlap) mapfile -t COMPREPLY < <(compgen -W 'skip queue replace' -- "$cur") ;;
  format) mapfile -t COMPREPLY < <(compgen -W 'table json yaml prometheus' -- "$cur") ;;
  until) mapfile -t COMPREPLY < <(compgen -W 'leader change' -- "$cur") ;;
  log-level) mapfile -t COMPREPLY < <(compgen -W 'off error warn info debug trace' -- "$cur") ;;
  log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") ;;
  *) false ;;
  esac && return

  [[ $cur != -[!-]* ]] || dashes=-
  given=" ${COMP_WORDS[*]:1:COMP_CWORD-1} "
  case $given in
  " resign "*) own='consul-service-name consul-service-id consul-query-name lock-key master-tag slave-tag check-id consul-query-tag query-ttl query-near query-failover no-fence priority preempt preempt-after max-term only-passing lock-delay ttl wait timeout on-outage watch-port watch-address watch-grace on-promote on-demote on-follow master-status slave-status leaderless-status error-status for to metrics-file' ;;
  " info "*) own='consul-service-name consul-service-id consul-query-name lock-key master-tag slave-tag check-id consul-query-tag query-ttl query-near query-failover no-fence priority preempt preempt-after max-term only-passing lock-delay ttl wait timeout on-outage watch-port watch-address watch-grace on-promote on-demote on-follow master-status slave-status leaderless-status error-status format name metrics-file' ;;
  " watch "*) own='consul-service-name consul-service-id consul-query-name lock-key master-tag slave-tag check-id consul-query-tag query-ttl query-near query-failover no-fence priority preempt preempt-after max-term only-passing lock-delay ttl wait timeout on-outage watch-port watch-address watch-grace on-promote on-demote on-follow master-status slave-status leaderless-status error-status format until metrics-file' ;;
  " doctor "*) own='consul-service-name consul-service-id consul-query-name lock-key master-tag slave-tag check-id consul-query-tag query-ttl query-near query-failover no-fence priority preempt preempt-after max-term only-passing lock-delay ttl wait timeout on-outage watch-port watch-address watch-grace on-promote on-demote on-follow master-status slave-status leaderless-status error-status format file metrics-file' ;;
  " run "*) own='name lock-key service grace lock-delay ttl stdin wrap-output wait-lock on-success on-error on-election-failure election-timeout on-outage stand-back schedule next missed deadline if-interrupted overlap max-runtime jitter' ;;
  *) own='consul-service-name consul-service-id consul-query-name lock-key master-tag slave-tag check-id consul-query-tag query-ttl query-near query-failover no-fence priority preempt preempt-after max-term only-passing lock-delay ttl wait timeout on-outage watch-port watch-address watch-grace on-promote on-demote on-follow master-status slave-status leaderless-status error-status metrics-file' ;;
  esac
  for name in http-addr token token-file ca-file ca-path client-cert client-key tls-server-name namespace partition log-level log-format config help version $own; do
    # An option that was given is offered again only if it can be repeated.
    case $name in
    consul-query-tag | query-failover | service | file) ;;
    *) [[ ! $given =~ " "--?"$name"" " ]] || continue ;;
    esac
    [[ $dashes$name != "$cur"* ]] || COMPREPLY+=("$dashes$name")
  done
  for name in resign info watch doctor run; do
    [[ $COMP_CWORD != 1 || $name != "$cur"* ]] || COMPREPLY+=("$name")
  done
} && complete -F _consul_master_election_tagger consul-master-election-tagger
