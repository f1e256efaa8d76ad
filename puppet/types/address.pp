# @summary Where a service listens: `HOST:PORT`, `[ADDRESS]:PORT`, or the path of a socket.
type Consul_master_election_tagger::Address = Pattern[
  /\A[^\s:\/\[\]]+:\d{1,5}\z/,
  /\A\[[0-9A-Fa-f:.]+\]:\d{1,5}\z/,
  /\A(unix:\/\/)?\/[^\0\n]+\z/,
]
