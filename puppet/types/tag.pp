# @summary A tag of a service. One that begins with `!` excludes in a query, and so is no tag.
type Consul_master_election_tagger::Tag = Pattern[/\A[^!]/]
