# frozen_string_literal: true

# The module in puppet/ against the program: what the module's own specs cannot compare, because a copy of the module must pass them.
require 'spec_helper'
require 'json'

ROOT = File.expand_path('../..', __dir__)

# The options in the program's help, which are those of the check: name, value and text of each. A scenario of the program's tests checks that the help is
# current.
Option = Struct.new(:name, :value, :text) do
  def self.all
    help = File.read(File.join(ROOT, 'tests/golden/help.txt')).split("\nEnvironment:\n").first
    help.scan(/^  --(\S+)(?: (\S+))?\n((?: {10}.*\n)+)/).map { |name, value, text| new(name, value, text) }
  end

  def parameter
    name.tr('-', '_')
  end

  def repeatable?
    text.include?('can be repeated')
  end
end

# The program's options that are not parameters, with the reason.
NO_PARAMETERS = {
  'token' => 'would be in plain text in the definition of the check, and in the catalogue; token_file replaces it',
  'config' => 'the parameters take its place',
  'log-format' => 'the log of a check is part of its output, which people read',
  'help' => 'ends without a pass',
  'version' => 'ends without a pass',
}.freeze

# The parameters that are not options of the program: those of the check and of the module. `check_id` is both.
NO_OPTIONS = %w[ensure check_interval check_timeout check_notes check_status check_token program service_title].freeze

describe 'the parameters of consul_master_election_tagger::election' do
  options = Option.all
  parameters = Parameter.all

  it 'are the options of the program, except those with a reason' do
    expect(options.length).to be > 30
    names = options.reject { |option| NO_PARAMETERS.key?(option.name) }.map(&:parameter)
    expect(parameters.map(&:name) - NO_OPTIONS).to match_array(names)
  end

  it 'leave out no option that the program does not have' do
    expect(NO_PARAMETERS.keys - options.map(&:name)).to eq([])
    expect(NO_OPTIONS - parameters.map(&:name)).to eq([])
  end

  options.reject { |option| NO_PARAMETERS.key?(option.name) }.each do |option|
    it "have the type for --#{option.name} #{option.value}" do
      parameter = parameters.find { |candidate| candidate.name == option.parameter }
      type = 'Consul_master_election_tagger::'
      expected = case option.value
                 when nil then /\ABoolean\z/
                 when 'DURATION' then /\AOptional\[#{type}Duration\]\z/
                 when 'STATUS' then /\AOptional\[#{type}Status\]\z/
                 when 'COMMAND' then /\AOptional\[#{type}Command\]\z/
                 when 'N' then /\AOptional\[Integer\[/
                 when 'LEVEL' then /\AOptional\[Enum\[.*'trace'\]\]\z/
                 when /\|/ then /\AOptional\[Enum\['#{option.value.split('|').join("', '")}'\]\]\z/
                 when 'PATH', 'DIRECTORY' then /\AOptional\[#{type}Path\]\z/
                 else option.repeatable? ? /\AArray\[/ : /\A(Optional\[)?(String|#{type})/
                 end
      expect(parameter&.type).to match(expected)
      # The module does not repeat the program's defaults.
      expect(parameter.default).to eq('undef').or eq('false').or eq('[]') unless %w[consul-service-name check-id].include?(option.name)
    end
  end

  it 'assume the defaults of the program' do
    defaults = options.to_h { |option| [option.name, option.text[/\[default: (\S+)\]/, 1]] }
    expect(defaults).to include('timeout' => '20s', 'wait' => '0s', 'watch-grace' => '0s',
                                'master-tag' => 'master', 'slave-tag' => 'slave', 'consul-query-name' => 'SERVICE-master')
    expect(options.find { |option| option.name == 'lock-delay' }.text).to include('[default: 0s with --wait, 15s without]')
  end
end

describe 'the module' do
  it 'has the version and the licence of the program' do
    metadata = JSON.parse(File.read(File.join(MODULE, 'metadata.json')))
    cargo = File.read(File.join(ROOT, 'Cargo.toml'))
    expect(metadata['version']).to eq(cargo[/^version = "(.+)"$/, 1])
    expect(metadata['license']).to eq(cargo[/^license = "(.+)"$/, 1])
    expect(File.read(File.join(MODULE, 'LICENSE'))).to eq(File.read(File.join(ROOT, 'LICENSE')))
  end
end
