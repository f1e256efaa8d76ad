# @summary A duration as Consul and the program write it: `15s`, `1m30s`, `0s`.
#
# Hours and minutes have at most 5 digits and the other units 8, so that the sum of two durations fits into a Puppet integer.
type Consul_master_election_tagger::Duration = Pattern[
  /\A(0|((\d{1,5}(\.\d*)?|\.\d+)[hm]|(\d{1,8}(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s)){1,6})\z/,
]
