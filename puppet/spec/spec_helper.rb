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
FileUtils.ln_s(File.join(__dir__, 'fixtures/modules/consul'), File.join(MODULES, 'consul'))

require 'rspec-puppet'

RSpec.configure do |c|
  c.module_path = MODULES
  c.setup_fixtures = false
  c.strict_variables = true
  c.default_facts = { 'kernel' => 'Linux', 'os' => { 'family' => 'Debian', 'name' => 'Debian' } }
  c.mock_with :rspec
end

# The options in the program's help: name, value and text of each. A scenario of the program's tests checks that the help is
# current.
Option = Struct.new(:name, :value, :text) do
  def self.all
    help = File.read(File.expand_path('../tests/golden/help.txt', MODULE)).split("\nEnvironment:\n").first
    help.scan(/^  --(\S+)(?: (\S+))?\n((?: {10}.*\n)+)/).map { |name, value, text| new(name, value, text) }
  end

  def parameter
    name.tr('-', '_')
  end

  def repeatable?
    text.include?('can be repeated')
  end
end

# The parameters of the defined type, with the type and default of each, as written in the manifest.
Parameter = Struct.new(:name, :type, :default) do
  def self.all
    manifest = File.read(File.join(MODULE, 'manifests/election.pp'))
    manifest[/^define .*?\n(.*?)^\) \{/m, 1].scan(/^  (.+) \$(\w+) = (.+),$/).map { |type, name, default| new(name, type, default) }
  end
end
