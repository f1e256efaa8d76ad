# Completion of consul-master-election-tagger for bash. Made from the program's table of options by tests/packaging.

_consul_master_election_tagger() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} name dashes=-- given resign=
  COMPREPLY=()
  # bash takes the equals sign of --option=VALUE for a word of its own.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  # One dash works as two.
  prev=${prev#-}
  case ${prev#-} in
  consul-service-name | consul-service-id | consul-query-name | consul-query-tag | query-ttl | query-near | query-failover | master-tag | slave-tag | lock-key | lock-delay | ttl | check-id | wait | watch-address | watch-grace | priority | preempt-after | max-term | timeout | http-addr | token | tls-server-name | namespace | partition | for | to) ;;
  on-outage) mapfile -t COMPREPLY < <(compgen -W 'keep demote' -- "$cur") ;;
  on-promote | on-demote | on-follow) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
  master-status | slave-status | leaderless-status) mapfile -t COMPREPLY < <(compgen -W 'passing warning critical' -- "$cur") ;;
  token-file | ca-file | client-cert | client-key) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
  ca-path) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
  log-level) mapfile -t COMPREPLY < <(compgen -W 'off error warn info debug trace' -- "$cur") ;;
  *) false ;;
  esac && return

  [[ $cur != -[!-]* ]] || dashes=-
  given=" ${COMP_WORDS[*]:1:COMP_CWORD-1} "
  [[ $given != " resign "* ]] || resign='for to'
  for name in consul-service-name consul-service-id consul-query-name consul-query-tag query-ttl query-near query-failover no-fence master-tag slave-tag lock-key lock-delay ttl check-id tolerate-warning on-outage wait watch-port watch-address watch-grace priority preempt preempt-after max-term on-promote on-demote on-follow master-status slave-status leaderless-status timeout http-addr token token-file ca-file ca-path client-cert client-key tls-server-name namespace partition log-level help version $resign; do
    # What was given once is not offered again, but for what can be repeated.
    case $name in
    consul-query-tag | query-failover) ;;
    *) [[ ! $given =~ " "--?"$name"" " ]] || continue ;;
    esac
    [[ $dashes$name != "$cur"* ]] || COMPREPLY+=("$dashes$name")
  done
  [[ $COMP_CWORD != 1 || resign != "$cur"* ]] || COMPREPLY+=(resign)
} && complete -F _consul_master_election_tagger consul-master-election-tagger
