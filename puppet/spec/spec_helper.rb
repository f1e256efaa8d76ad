# frozen_string_literal: true

require 'fileutils'
require 'tmpdir'

# Puppet keeps its state in the home directory of whoever runs it, and modules are found by the name of their directory. Both
# are given a place that goes with the run.
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

# What the program's help says of its options: name, value, and text of each. That it is the current help is a scenario of the
# program's own tests.
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

# The parameters of the define, each with its type and its default, as they stand in the manifest.
Parameter = Struct.new(:name, :type, :default) do
  def self.all
    manifest = File.read(File.join(MODULE, 'manifests/election.pp'))
    manifest[/^define .*?\n(.*?)^\) \{/m, 1].scan(/^  (.+) \$(\w+) = (.+),$/).map { |type, name, default| new(name, type, default) }
  end
end
