# @summary The status of a check, in Consul's words.
type Consul_master_election_tagger::Status = Enum['passing', 'warning', 'critical']
