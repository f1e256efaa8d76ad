# @summary The agent's address: `HOST:PORT`, `http://HOST:PORT/PREFIX`, `https://HOST:PORT/PREFIX` or `unix:///PATH`.
#
# The default port is that of the scheme, 80 or 443.
type Consul_master_election_tagger::Agent = Pattern[
  /\A(https?:\/\/)?[A-Za-z0-9._-]+(:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?(\/[!$-;=A-\[\]^_a-~]*)?\z/,
  /\A(https?:\/\/)?\[[0-9A-Fa-f:.]+\](:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?(\/[!$-;=A-\[\]^_a-~]*)?\z/,
  /\Aunix:\/\/[^\0\n]{1,107}\z/,
]
