# @summary Installs consul-master-election-tagger, and declares elections.
#
# The program comes from a package or from a file: give `package_name` or `source`, not both. Consul itself, and the services that
# elect a master, are declared with the module `puppet/consul`.
#
# @example From a package, with the elections in Hiera
#   # consul_master_election_tagger::package_name: consul-master-election-tagger
#   # consul_master_election_tagger::elections:
#   #   redis:
#   #     wait: 50s
#   include consul_master_election_tagger
#
# @example From a file that the Puppet server has
#   class { 'consul_master_election_tagger':
#     source => 'puppet:///modules/profile/consul-master-election-tagger',
#   }
#
# @param package_name
#   The package that contains the program. Not together with `source`.
#
# @param source
#   The file of the program: a path on the node, or a `puppet://`, `file://`, `http://` or `https://` URL. Not together with
#   `package_name`.
#
# @param source_sha256
#   With `source`: the SHA-256 of the program. A file that differs is not installed.
#
# @param ensure
#   Whether the program is installed: `present` or `absent`; for a package also `latest`, or a version. `absent` also removes the
#   elections in `elections`. An election declared elsewhere needs `ensure => absent` of its own, and a message names it.
#
# @param program
#   The path of the program. By default `/usr/bin/consul-master-election-tagger` with `package_name`, and
#   `/usr/local/bin/consul-master-election-tagger` with `source`, which installs it there.
#
# @param owner
#   With `source`: the owner of the program, by name or number. By default root.
#
# @param group
#   With `source`: the group of the program, by name or number. By default root's.
#
# @param elections
#   Elections to declare: the parameters of `consul_master_election_tagger::election` by title.
class consul_master_election_tagger (
  Optional[String[1]] $package_name = undef,
  Optional[Consul_master_election_tagger::Source] $source = undef,
  Optional[Pattern[/\A\h{64}\z/]] $source_sha256 = undef,
  Variant[Enum['present', 'absent', 'latest'], Pattern[/\A\d/]] $ensure = 'present',
  Optional[Consul_master_election_tagger::Path] $program = undef,
  Variant[String[1], Integer[0]] $owner = 0,
  Variant[String[1], Integer[0]] $group = 0,
  Hash[String[1], Hash[String[1], Any]] $elections = {},
) {
  if $package_name and $source {
    fail('consul_master_election_tagger: package_name and source both say where the program comes from; give one of them')
  }
  unless $package_name or $source {
    fail('consul_master_election_tagger: neither package_name nor source says where the program comes from; give one of them')
  }
  if $source_sha256 and !$source {
    fail('consul_master_election_tagger: source_sha256 does nothing without source; give both, or neither')
  }
  if $source and !($ensure in ['present', 'absent']) {
    fail("consul_master_election_tagger: ensure '${ensure}' is for a package; with source use present or absent")
  }

  $directory = $source ? {
    undef   => '/usr/bin',
    default => '/usr/local/bin',
  }
  $program_path = $program.lest || { "${directory}/consul-master-election-tagger" }

  contain consul_master_election_tagger::install

  $presence = $ensure ? {
    'absent' => { 'ensure' => 'absent' },
    default  => {},
  }
  $elections.each |$election, $parameters| {
    consul_master_election_tagger::election { $election:
      * => $parameters + $presence,
    }
  }
}
