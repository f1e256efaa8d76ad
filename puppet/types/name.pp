# @summary The name of a prepared query: a DNS name in front of `.query.consul`, so letters, digits, `-` and `_` in parts of
#   at most 63 between dots.
type Consul_master_election_tagger::Name = Pattern[/\A[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\z/]
