# @summary A tag of a service. It does not begin with `!`, which excludes a tag in a query.
type Consul_master_election_tagger::Tag = Pattern[/\A[^!]/]
