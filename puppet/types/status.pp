# @summary The status that a check ends with, in Consul's words.
type Consul_master_election_tagger::Status = Enum['passing', 'warning', 'critical']
