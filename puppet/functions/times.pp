# @summary Returns the default times of a check, which follow from the times of the program.
#
# @param wait
#   How long a run waits.
#
# @param timeout
#   The time limit of a pass.
#
# @return [Struct[{ 'interval' => Consul_master_election_tagger::Duration, 'timeout' => Consul_master_election_tagger::Duration }]] The `interval` and the `timeout` of the check.
#
# @api private
function consul_master_election_tagger::times(
  Optional[Consul_master_election_tagger::Duration] $wait,
  Optional[Consul_master_election_tagger::Duration] $timeout,
) >> Struct[{ 'interval' => Consul_master_election_tagger::Duration, 'timeout' => Consul_master_election_tagger::Duration }] {
  $wait_ns = consul_master_election_tagger::nanoseconds($wait.lest || { '0s' })
  $timeout_ns = consul_master_election_tagger::nanoseconds($timeout.lest || { '20s' })
  # Whole seconds, rounded up, and 5 s for a machine under load.
  $seconds = ($wait_ns + $timeout_ns + 999999999) / 1000000000 + 5
  $interval = $wait_ns ? {
    0       => '5s',
    default => '1s',
  }
  # Less than 30s, Consul's own default, gains nothing. More than this is not a valid duration.
  $times = { 'interval' => $interval, 'timeout' => "${min(max(30, $seconds), 99999999)}s" }
  $times
}
