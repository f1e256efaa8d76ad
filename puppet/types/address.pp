# @summary Where a service listens: `HOST:PORT`, `[ADDRESS]:PORT`, or the path of a socket.
type Consul_master_election_tagger::Address = Pattern[
  /\A[^\s:\/\[\]]+:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])\z/,
  /\A\[[0-9A-Fa-f:.]+\]:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])\z/,
  /\A(unix:\/\/)?\/[^\0\n]+\z/,
]
