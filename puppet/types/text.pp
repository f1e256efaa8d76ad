# @summary A text that puppet/consul keeps as a text in Consul's files. It writes a whole number without quotes, which Consul refuses.
type Consul_master_election_tagger::Text = Pattern[/\A(?!-?(0|[1-9]\d*)\z)(?m:.)/]
