# @summary Returns what is wrong with the options of an election and the times of its check, beyond what their types refuse.
#
# The program reports the same errors when it runs. At compile time they keep such a definition away from Consul.
#
# @param options
#   The options by name, without dashes; `undef` means the program's default.
#
# @param interval
#   The interval of the check.
#
# @param limit
#   The time after which Consul kills a run of the check.
#
# @return [Array[String]] One sentence for each error, with the parameter and what to do.
#
# @api private
function consul_master_election_tagger::contradictions(
  Hash[String[1], Any] $options,
  Consul_master_election_tagger::Duration $interval,
  Consul_master_election_tagger::Duration $limit,
) >> Array[String] {
  # The defaults are those of the program; with wait, that of lock_delay is 0s, which no rule objects to.
  $wait       = $options['wait'].lest || { '0s' }
  $timeout    = $options['timeout'].lest || { '20s' }
  $lock_delay = $options['lock-delay'].lest || { '15s' }
  $grace      = $options['watch-grace'].lest || { '0s' }
  $ttl        = $options['ttl'].lest || { '24h' }
  $max_term   = $options['max-term'].lest || { '24h' }
  $query      = $options['consul-query-name'].lest || { "${options['consul-service-name']}-master" }
  # Each of these has a key in the instance's Meta that the query's name is part of; Consul takes 128 characters.
  $in_meta    = !$options['no-fence'] or $options['priority'] or $options['on-promote'] or $options['on-demote'] or $options['on-follow'] or $options['watch-port']

  [$wait_ns, $timeout_ns, $lock_delay_ns, $grace_ns, $ttl_ns, $max_term_ns, $interval_ns, $limit_ns] = [
    $wait, $timeout, $lock_delay, $grace, $ttl, $max_term, $interval, $limit,
  ].map |$duration| { consul_master_election_tagger::nanoseconds($duration) }
  $second = 1000000000

  $rules = [
    [$timeout_ns == 0,
    'timeout 0s leaves no time for a pass; give it some, 20s by default'],
    [$limit_ns <= $wait_ns + $timeout_ns,
    "check_timeout ${limit} is not longer than wait ${wait} and timeout ${timeout} together, and Consul would kill the run; make it longer, or leave it out"],
    [$interval_ns < $second,
    "check_interval ${interval} is less than a second, which is the least that Consul takes; use 1s"],
    [$wait_ns > 0 and $interval_ns > 5 * $second,
    "check_interval ${interval} is too long for wait ${wait}, because nobody watches between two runs; use 1s, and 5s at most"],
    [$ttl_ns <= $interval_ns,
    "ttl ${ttl} is not longer than check_interval ${interval}, so a master would lose the lead between two runs; make it longer"],
    [!($ttl_ns >= 10 * $second and $ttl_ns <= 86400 * $second),
    "ttl ${ttl} is not between 10s and 24h, the limits of Consul; use a value between them"],
    [$lock_delay_ns > 0 and $lock_delay_ns < 1000000,
    "lock_delay ${lock_delay} would be read as seconds by Consul; use 0s, or 1ms and more"],
    [$max_term_ns < $second,
    "max_term ${max_term} is less than a second; make it longer, or leave it out: a leadership then lasts until the master fails"],
    [$options['preempt-after'] and !$options['preempt'],
    'preempt_after does nothing without preempt; give both, or neither'],
    [$options['watch-address'] and !$options['watch-port'],
    'watch_address does nothing without watch_port; give both, or neither'],
    [$options['watch-grace'] and !$options['watch-port'],
    'watch_grace does nothing without watch_port; give both, or neither'],
    [$grace_ns * 2 > $timeout_ns,
    "watch_grace ${grace} is more than half of timeout ${timeout}, and leaves no time to step down; make watch_grace shorter or timeout longer"],
    [!$options['query-failover'].empty and !$options['no-fence'],
    'query_failover never answers behind the fence; set no_fence as well, or leave query_failover out'],
    [$query !~ Consul_master_election_tagger::Name or $query.length > 200,
    "consul_query_name '${query}' is not a name for DNS; use letters, digits, - and _, in parts of at most 63 between dots, 200 in all"],
    [$in_meta and $query.length > 110,
    "consul_query_name '${query}' is too long for a key in the instance's Meta; use at most 110 characters"],
    [$options['client-cert'] and !$options['client-key'],
    'client_cert needs client_key; give both, or neither'],
    [$options['client-key'] and !$options['client-cert'],
    'client_key needs client_cert; give both, or neither'],
  ]
  $broken = $rules.filter |$rule| { $rule[0] }.map |$rule| { $rule[1] }
  $broken + consul_master_election_tagger::tag_contradictions(
    $options['master-tag'].lest || { 'master' },
    $options['slave-tag'].lest || { 'slave' },
    $options['consul-query-tag'],
  )
}
