# @summary Returns the agent's address as an election on the node must ask it, or `undef` if that is the program's default, or unknown.
#
# @param host
#   The address where the agent listens, as in `$consul::http_addr`.
#
# @param port
#   The port of its HTTP API, as in `$consul::http_port`.
#
# @return [Optional[Consul_master_election_tagger::Agent]] The address.
#
# @api private
function consul_master_election_tagger::agent_address(Any $host, Any $port) >> Optional[Consul_master_election_tagger::Agent] {
  # An agent that listens everywhere is asked on the loopback.
  $asked = $host ? {
    '0.0.0.0'                           => '127.0.0.1',
    /\A(::|\[::\])\z/                   => '[::1]',
    /\A[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\z/  => "[${host}]",
    default                             => $host,
  }
  # Without a port for http there is only https, which needs a certificate that the module does not know.
  $address = if $asked =~ /\Aunix:/ {
    $asked
  } elsif $port =~ Variant[Integer[1, 65535], Pattern[/\A[1-9]\d*\z/]] {
    "${asked}:${port}"
  }
  # A value that is not an address, such as a template that the agent resolves, is unknown too.
  $address ? {
    '127.0.0.1:8500'                     => undef,
    Consul_master_election_tagger::Agent => $address,
    default                              => undef,
  }
}
