# frozen_string_literal: true

require 'fileutils'
require 'tmpdir'

# Puppet keeps its state in the home directory of the user, and finds modules by the name of their directory. Both are
# temporary here.
SCRATCH = Dir.mktmpdir('consul_master_election_tagger-')
at_exit { FileUtils.remove_entry(SCRATCH) }
ENV['HOME'] = SCRATCH
MODULE = File.expand_path('..', __dir__)
MODULES = File.join(SCRATCH, 'modules')
FileUtils.mkdir(MODULES)
FileUtils.ln_s(MODULE, File.join(MODULES, 'consul_master_election_tagger'))
# The real puppet/consul and its dependencies, if `rake spec_prep` has brought them; otherwise the stand-in.
Dir[File.join(__dir__, 'fixtures/modules/*')].each { |path| FileUtils.ln_s(File.realpath(path), File.join(MODULES, File.basename(path)), force: true) }
CONSUL = File.join(MODULES, 'consul')
REAL_CONSUL = File.exist?(CONSUL)
FileUtils.ln_s(File.join(__dir__, 'stubs/consul'), CONSUL) unless REAL_CONSUL

require 'rspec-puppet'

RSpec.configure do |c|
  c.module_path = MODULES
  c.setup_fixtures = false
  c.strict_variables = true
  c.default_facts = {
    'kernel' => 'Linux', 'service_provider' => 'systemd', 'networking' => { 'fqdn' => 'node.example' },
    'os' => { 'family' => 'Debian', 'name' => 'Debian', 'architecture' => 'amd64', 'release' => { 'full' => '12', 'major' => '12' } }
  }
  c.mock_with :rspec
end

# A service for the elections of a context.
def service(title, parameters = '')
  "consul::service { '#{title}': #{parameters} }\n"
end

# Returns what Consul reads from a file of the catalogue.
def definition(file)
  JSON.parse(catalogue.resource('File', "/etc/consul/#{file}.json")['content'])
end

# The parameters of the defined type, with the type and default of each, as written in the manifest.
Parameter = Struct.new(:name, :type, :default) do
  def self.all
    manifest = File.read(File.join(MODULE, 'manifests/election.pp'))
    manifest[/^define .*?\n(.*?)^\) \{/m, 1].scan(/^  (.+) \$(\w+) = (.+),$/).map { |type, name, default| new(name, type, default) }
  end
end
