# @summary Installs the program on the node, or removes it.
#
# @api private
class consul_master_election_tagger::install {
  if $consul_master_election_tagger::package_name {
    package { $consul_master_election_tagger::package_name:
      ensure => $consul_master_election_tagger::ensure,
    }
  } else {
    $checksum = $consul_master_election_tagger::source_sha256 ? {
      undef   => {},
      default => { 'checksum' => 'sha256', 'checksum_value' => $consul_master_election_tagger::source_sha256 },
    }
    $presence = $consul_master_election_tagger::ensure ? {
      'absent' => 'absent',
      default  => 'file',
    }
    file { $consul_master_election_tagger::program_path:
      ensure => $presence,
      owner  => $consul_master_election_tagger::owner,
      group  => $consul_master_election_tagger::group,
      mode   => '0755',
      source => $consul_master_election_tagger::source,
      *      => $checksum,
    }
  }
}
