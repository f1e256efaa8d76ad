# frozen_string_literal: true

require 'json'
require 'spec_helper'

# The election together with puppet/consul, or with its stand-in, as a node has them.
describe 'node.example', type: :host do
  tagger = "class { 'consul_master_election_tagger': package_name => 'tagger' }\n"
  redis = "consul_master_election_tagger::election { 'redis': }\n"
  let(:pre_condition) { manifest }
  let(:reload) { catalogue.resource('Exec', 'reload consul service') }

  def check
    definition('check_redis-election')['check']
  end

  describe 'the service of an election' do
    {
      'is missing' => [redis, /Could not find resource 'Consul::Service\[redis\]'/],
      'is absent' => ["consul::service { 'redis': ensure => absent }\n#{redis}", /Consul::Service\['redis'\] is absent, .*; give ensure => absent here too/],
      'has another ID' => ["consul::service { 'redis': id => 'redis-1' }\n#{redis}", /has the ID 'redis-1', and the check is for 'redis'; give consul_service_id/],
      'has another ID in its hash' => ["consul::service { 'redis': service_config_hash => { 'id' => 'r' } }\n#{redis}", /has the ID 'r', and/],
      'is of another title' => ["consul::service { 'cache': id => 'redis' }\n#{redis}", /Could not find resource 'Consul::Service\[redis\]'/],
    }.each do |state, (code, said)|
      context "that #{state}" do
        let(:manifest) { tagger + code }

        it { is_expected.to compile.and_raise_error(said) }
      end
    end

    # Puppet notices this on the node, before it changes anything.
    context 'that is virtual' do
      let(:manifest) { "#{tagger}@consul::service { 'redis': }\n#{redis}" }

      it { is_expected.not_to compile.with_all_deps }
    end

    {
      'is declared after it' => "#{redis}consul::service { 'redis': }\n",
      'is declared by the class consul' => "class { 'consul': services => { 'redis' => { 'port' => 6379 } } }\n#{redis}",
      'is declared by another defined type' => "define later() { consul::service { 'redis': } }\nlater { 'it': }\n#{redis}",
    }.each do |state, code|
      context "that #{state}" do
        let(:manifest) { tagger + code }

        it { is_expected.to compile.with_all_deps }
        it { is_expected.to contain_consul__service('redis').that_comes_before('Consul::Check[redis-election]') }
      end
    end

    ["consul_master_election_tagger::election { 'redis': ensure => absent }\n",
     "consul_master_election_tagger::election { 'redis': service_title => false }\n",
     "consul_master_election_tagger::election { 'redis': ensure => absent }\nconsul::service { 'redis': ensure => absent }\n"].each do |code|
      context "that need not be there: #{code}" do
        let(:manifest) { tagger + code }

        it { is_expected.to compile.with_all_deps }
      end
    end
  end

  describe 'the address of the agent' do
    {
      {} => nil,
      { 'client_addr' => '10.0.0.5' } => '10.0.0.5:8500',
      { 'client_addr' => '127.0.0.1 10.0.0.5' } => nil,
      { 'client_addr' => '0.0.0.0' } => nil,
      { 'client_addr' => '0.0.0.0', 'ports' => { 'http' => 8501 } } => '127.0.0.1:8501',
      { 'client_addr' => 'fd00::5' } => '[fd00::5]:8500',
      { 'client_addr' => '::' } => '[::1]:8500',
      { 'addresses' => { 'http' => '10.0.0.6' }, 'client_addr' => '10.0.0.5' } => '10.0.0.6:8500',
      { 'addresses' => { 'http' => 'unix:///run/consul.sock' } } => 'unix:///run/consul.sock',
      { 'ports' => { 'http' => 8501 } } => '127.0.0.1:8501',
      { 'client_addr' => '10.0.0.5', 'ports' => { 'http' => -1, 'https' => 8501 } } => nil,
      { 'client_addr' => '{{ GetPrivateIP }}' } => nil,
    }.each do |config, address|
      context "with #{config}" do
        let(:manifest) { "#{tagger}class { 'consul': config_hash => #{puppet(config)} }\n#{service('redis')}#{redis}" }

        it "is #{address.inspect}" do
          expect(check['args'].each_cons(2).to_h['--http-addr']).to eq(address)
        end
      end
    end

    context 'with http_addr' do
      let(:manifest) do
        "#{tagger}class { 'consul': config_hash => { 'client_addr' => '10.0.0.5' } }\n#{service('redis')}" \
          "consul_master_election_tagger::election { 'redis': http_addr => '127.0.0.1:8500' }"
      end

      it 'is that' do
        expect(check['args'].last(2)).to eq(['--http-addr', '127.0.0.1:8500'])
      end
    end

    def puppet(value)
      value.is_a?(Hash) ? "{ #{value.map { |key, inner| "'#{key}' => #{puppet(inner)}" }.join(', ')} }" : value.inspect.tr('"', "'")
    end
  end

  # What the README says about order, reload and restart.
  describe 'the order' do
    all = tagger + service('redis') + redis

    context 'without any of yours' do
      let(:manifest) { all }

      it { is_expected.to contain_package('tagger').that_comes_before('Consul::Check[redis-election]') }
      it { is_expected.to contain_file('/etc/consul/check_redis-election.json').that_notifies('Class[consul::reload_service]') }
      it { is_expected.to contain_class('consul::config').that_notifies('Class[consul::run_service]') }
      it { is_expected.to contain_class('consul::run_service').that_comes_before('Class[consul::reload_service]') }

      it 'reloads once, with the tries of puppet/consul' do
        expect(reload.to_hash).to include(refreshonly: true, tries: 3, try_sleep: 10)
      end

      it 'leaves a definition that is not in the code to the purge, which restarts' do
        expect(catalogue.resource('File', '/etc/consul').to_hash).to include(purge: true, recurse: true)
      end

      it 'writes the definition for the agent, as readable as every other' do
        expect(catalogue.resource('File', '/etc/consul/check_redis-election.json').to_hash).to include(owner: 'consul', group: 'consul', mode: '0664')
      end
    end

    ["Class['consul'] -> Class['consul_master_election_tagger']", "Class['consul_master_election_tagger'] -> Class['consul']"].each do |order|
      context "with #{order}" do
        let(:manifest) do
          <<~PUPPET
            include consul
            class { 'consul_master_election_tagger': package_name => 'tagger', elections => { 'redis' => {} } }
            #{service('redis')}#{order}
          PUPPET
        end

        # The README says so.
        it('is a dependency cycle') { is_expected.not_to compile }
      end
    end

    context 'with something before an election' do
      let(:manifest) { "#{all}notify { 'first': before => Consul_master_election_tagger::Election['redis'] }" }

      it { is_expected.to compile.with_all_deps }
    end

    ['manage_service => false', "service_ensure => 'stopped'"].each do |parameter|
      context "with #{parameter}" do
        let(:manifest) { "class { 'consul': #{parameter} }\n#{all}" }

        it { is_expected.to compile.with_all_deps }

        it 'has nothing that reloads' do
          expect(reload).to be_nil
        end
      end
    end
  end

  describe 'the files of puppet/consul' do
    let(:manifest) do
      <<~PUPPET
        class { 'consul': pretty_config => true, pretty_config_indent => 2, user => 'c', group => 'g', config_mode => '0640' }
        consul::service { 'a/b':
          port                => 1,
          service_config_hash => { 'port' => '2', 'node_meta' => { 'n' => '4' }, 'weights' => { 'passing' => '5' } },
          tags                => ['6'],
          meta                => { 'm' => '7', 'n' => 8 },
          checks              => [{ 'args' => ['9', 10], 'interval' => '1s', 'notes' => '-11' }],
        }
      PUPPET
    end
    let(:file) { catalogue.resource('File', '/etc/consul/service_a_b.json') }

    it 'are as an election expects them: the hash wins, and digits are text only where Consul wants text' do
      expect(definition('service_a_b')['service']).to include(
        'id' => 'a/b', 'port' => 2, 'node_meta' => { 'n' => '4' }, 'weights' => { 'passing' => 5 }, 'tags' => ['6'], 'meta' => { 'm' => '7', 'n' => '8' },
        'enable_tag_override' => false, 'checks' => [{ 'args' => %w[9 10], 'interval' => '1s', 'notes' => -11 }]
      )
    end

    it 'have the owner, the mode and the layout of the class' do
      expect(file.to_hash).to include(owner: 'c', group: 'g', mode: '0640')
      expect(file['content']).to start_with("{\n  \"service\": {\n    \"checks\": [\n").and end_with("}\n")
    end
  end

  describe 'a check that Consul would not load' do
    ["args => ['x']", "args => ['x'], ttl => '1s'", "ttl => '1s', interval => '1s'", "notes => 'x'"].each do |parameters|
      context "with #{parameters}" do
        let(:manifest) { "consul::check { 'x': #{parameters} }" }

        it { is_expected.to compile.and_raise_error(/interval|kind|type/) }
      end
    end
  end
end
