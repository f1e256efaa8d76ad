# @summary A duration as Consul and the program write it: `15s`, `1m30s`, `0s`.
type Consul_master_election_tagger::Duration = Pattern[/\A(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)\z/]
