# frozen_string_literal: true

require 'json'
require 'spec_helper'

describe 'consul_master_election_tagger::election' do
  let(:title) { 'redis' }
  let(:params) { { 'program' => '/usr/bin/tagger' } }
  let(:pre_condition) { service('redis') }
  let(:check) { catalogue.resource('Consul::Check', 'redis-election') }
  let(:written) { definition('check_redis-election')['check'] }

  context 'with nothing but a title' do
    it { is_expected.to compile.with_all_deps }

    it 'declares a check of the service of that name, and passes the name to the program' do
      expect(written).to eq(
        'id' => 'redis-election', 'name' => 'redis-election', 'service_id' => 'redis', 'interval' => '5s', 'timeout' => '30s', 'status' => 'passing',
        'args' => ['/usr/bin/tagger', '--consul-service-name', 'redis', '--check-id', 'redis-election'],
      )
    end
  end

  # A value for each option that has one, in the order of the words.
  values = {
    'consul_service_name' => 'cache', 'consul_service_id' => 'cache-1', 'check_id' => 'redis-election',
    'consul_query_name' => 'cache.leader', 'consul_query_tag' => ['prod', '!old', '6379'], 'query_ttl' => '1s', 'query_near' => '_agent',
    'query_failover' => %w[dc2 dc3], 'no_fence' => true, 'master_tag' => 'primary', 'slave_tag' => 'replica',
    'lock_key' => 'locks/cache', 'lock_delay' => '0s', 'ttl' => '1m', 'only_passing' => true, 'on_outage' => 'demote',
    'wait' => '50s', 'watch_port' => true, 'watch_address' => '127.0.0.1:6379', 'watch_grace' => '1.5s', 'priority' => 0,
    'preempt' => true, 'preempt_after' => '1m30s', 'max_term' => '24h', 'master_status' => 'passing',
    'slave_status' => 'warning', 'leaderless_status' => 'critical', 'error_status' => 'passing', 'timeout' => '15s',
    'metrics_file' => '/var/lib/prometheus/node-exporter/election.prom', 'log_level' => 'info',
    'http_addr' => 'https://127.0.0.1:8501', 'token_file' => '/etc/consul/token', 'ca_file' => '/etc/consul/ca.pem',
    'ca_path' => '/etc/ssl/certs', 'client_cert' => '/etc/consul/cert.pem', 'client_key' => '/etc/consul/key.pem',
    'tls_server_name' => 'client.dc1.consul', 'namespace' => 'team', 'partition' => 'default', 'on_promote' => 'sh -c "echo $ADDRESS; date"',
    'on_demote' => ['logger', "it's over", ''], 'on_follow' => "/usr/bin/follow 'two words'"
  }

  context 'with every option' do
    let(:params) { super().merge(values) }
    let(:pre_condition) { service('cache-1') }

    it { is_expected.to compile.with_all_deps }

    it 'has a value for each of them here' do
      expect(values.keys).to match_array(Parameter.all.map(&:name) - %w[ensure check_interval check_timeout check_notes check_status check_token program service_title])
    end

    it 'gives the program each name and each value as a word of its own' do
      said = values.merge('on_demote' => "logger it\\'s\\ over ''")
      words = said.flat_map do |parameter, value|
        name = "--#{parameter.tr('_', '-')}"
        value == true ? [name] : Array(value).flat_map { |one| [name, one.to_s] }
      end
      expect(written['args']).to eq(['/usr/bin/tagger'] + words)
    end

    it { is_expected.to contain_consul__check('redis-election').with('service_id' => 'cache-1', 'interval' => '1s', 'timeout' => '70s') }
  end

  context 'with every parameter of the check' do
    let(:params) do
      super().merge('check_id' => 'redis/primary', 'check_interval' => '2s', 'check_timeout' => '25s', 'check_notes' => 'who leads',
                    'check_status' => 'warning', 'check_token' => sensitive('e5f6'))
    end
    let(:written) { definition('check_redis_primary')['check'] }

    it 'passes them on' do
      expect(written).to include('id' => 'redis/primary', 'interval' => '2s', 'timeout' => '25s', 'notes' => 'who leads',
                                 'status' => 'warning', 'token' => 'e5f6')
      expect(written['args'].last(2)).to eq(['--check-id', 'redis/primary'])
    end
  end

  context 'with ensure => absent' do
    let(:params) { super().merge('ensure' => 'absent') }

    it { is_expected.to contain_file('/etc/consul/check_redis-election.json').with_ensure('absent') }
  end

  # wait, timeout, and the interval and timeout of the check that go with them.
  [
    [nil, nil, '5s', '30s'],
    ['0s', '10s', '5s', '30s'],
    ['50s', nil, '1s', '75s'],
    ['9s', '500ms', '1s', '30s'],
    ['1m', '1m0.5s', '1s', '126s'],
    ['1ns', '30s', '1s', '36s'],
  ].each do |wait, timeout, interval, limit|
    context "with wait #{wait.inspect} and timeout #{timeout.inspect}" do
      let(:params) { super().merge({ 'wait' => wait, 'timeout' => timeout }.compact) }

      it { is_expected.to contain_consul__check('redis-election').with('interval' => interval, 'timeout' => limit) }
    end
  end

  context 'with the program that the class installs' do
    let(:params) { {} }

    context 'when it is declared' do
      let(:pre_condition) { super() + "class { 'consul_master_election_tagger': package_name => 'tagger' }" }

      it { is_expected.to compile.with_all_deps }
      it { is_expected.to contain_package('tagger').that_comes_before('Consul::Check[redis-election]') }
      it { expect(written['args'].first).to eq('/usr/bin/consul-master-election-tagger') }

      context 'and the election is absent' do
        let(:params) { { 'ensure' => 'absent' } }

        it { is_expected.to compile.with_all_deps }

        context 'next to one that stays' do
          let(:post_condition) { service('cron') + "consul_master_election_tagger::election { 'cron': }" }

          it { is_expected.to compile.with_all_deps }
        end
      end
    end

    context 'when the class is absent' do
      let(:pre_condition) { super() + "class { 'consul_master_election_tagger': package_name => 'tagger', ensure => absent }" }

      it { is_expected.to compile.and_raise_error(/election 'redis': .* removes the program; give ensure => absent here too/) }

      context 'and so is the election' do
        let(:params) { { 'ensure' => 'absent' } }

        it { is_expected.to compile.with_all_deps }
        it { is_expected.to contain_class('consul::reload_service').that_requires('Consul::Check[redis-election]').that_comes_before('Package[tagger]') }
      end
    end

    context 'when it is not' do
      it { is_expected.to compile.and_raise_error(/neither package_name nor source says where the program comes from; give one of them/) }
    end
  end
end
