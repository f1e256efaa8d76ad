# frozen_string_literal: true

require 'spec_helper'

describe 'consul_master_election_tagger::election' do
  let(:title) { 'redis' }

  # What cannot work, and its message.
  {
    { 'timeout' => '0s' } => /timeout 0s leaves no time/,
    { 'wait' => '50s', 'check_timeout' => '70s' } => /check_timeout 70s is not longer than wait 50s and timeout 20s together/,
    { 'check_timeout' => '20s' } => /check_timeout 20s is not longer than wait 0s and timeout 20s together/,
    { 'wait' => '99999h' * 6, 'timeout' => '99999h' * 6 } => /check_timeout 99999999s is not longer than wait 99999h99999h/,
    { 'check_interval' => '999ms' } => /check_interval 999ms is less than a second/,
    { 'wait' => '50s', 'check_interval' => '5.1s' } => /check_interval 5\.1s is too long for wait 50s/,
    { 'ttl' => '10s', 'check_interval' => '10s' } => /ttl 10s is not longer than check_interval 10s/,
    { 'ttl' => '9s' } => /ttl 9s is not between 10s and 24h/,
    { 'ttl' => '24h1s' } => /ttl 24h1s is not between 10s and 24h/,
    { 'lock_delay' => '500ns' } => /lock_delay 500ns would be read as seconds/,
    { 'max_term' => '999ms' } => /max_term 999ms is less than a second/,
    { 'preempt_after' => '5s' } => /preempt_after does nothing without preempt;/,
    { 'watch_address' => '127.0.0.1:1' } => /watch_address does nothing without watch_port/,
    { 'watch_grace' => '1s' } => /watch_grace does nothing without watch_port/,
    { 'watch_port' => true, 'watch_grace' => '10.1s' } => /watch_grace 10\.1s is more than half of timeout 20s/,
    { 'query_failover' => ['dc2'] } => /query_failover never answers behind the fence/,
    { 'consul_service_name' => 'two words' } => /consul_query_name 'two words-master' is not a name for DNS/,
    { 'consul_query_name' => ['a' * 60] * 4 * '.' } => /is not a name for DNS/,
    { 'consul_query_name' => ['a' * 60] * 2 * '.' } => /is too long for a key in the instance's Meta/,
    { 'no_fence' => true, 'priority' => 0, 'consul_query_name' => ['a' * 60] * 2 * '.' } => /is too long for a key/,
    { 'client_cert' => '/c.pem' } => /client_cert needs client_key/,
    { 'client_key' => '/k.pem' } => /client_key needs client_cert/,
    { 'master_tag' => 'slave' } => /master_tag and slave_tag are both 'slave'/,
    { 'master_tag' => 'x', 'slave_tag' => 'X' } => /master_tag and slave_tag are both/,
    { 'consul_query_tag' => ['!MASTER'] } => /consul_query_tag '!master' contradicts/,
    { 'consul_query_tag' => ['Slave'] } => /consul_query_tag 'slave' contradicts/,
    { 'consul_query_tag' => ['!a', 'A'] } => /consul_query_tag 'a' contradicts/,
    { 'on_promote' => "sh -c 'echo" } => /has a quote that is not closed/,
    { 'on_demote' => ' ' } => /names no program/,
    { 'on_follow' => ['', 'x'] } => /names no program/,
  }.each do |parameters, said|
    context "with #{parameters}" do
      let(:params) { { 'program' => '/usr/bin/tagger', 'service_title' => false }.merge(parameters) }

      it { is_expected.to compile.and_raise_error(said) }
    end
  end

  # Values of a wrong type: Puppet's own message names the parameter.
  {
    'wait' => ['9', 'soon', '-1s', '1d', '15 s', '', '9223372036s', '100000h', '1s1s1s1s1s1s1s'], 'timeout' => [20], 'check_interval' => ['5'], 'check_timeout' => ['30'],
    'priority' => [-1, 1_000_001, '7'], 'on_outage' => ['panic'], 'master_status' => ['ok'], 'slave_status' => ['Warning'],
    'leaderless_status' => [0], 'error_status' => ['fatal'], 'check_status' => ['up'], 'log_level' => ['loud'], 'preempt' => ['yes'], 'watch_port' => [6379],
    'consul_query_tag' => ['prod', ['!'], ['']], 'query_failover' => ['dc2'], 'master_tag' => ['!old', ''], 'slave_tag' => ['!old'],
    'lock_key' => ['/leader', 'a//b', 'a/', 'a/../b', 'my key', '..'], 'consul_query_name' => ['a/b', 'a..b', '.', 'two words'],
    'watch_address' => ['6379', 'redis', '::1:6379', 'sock', 'host:99999', 'host:65536', '[::1]:0'], 'program' => ['bin/tagger'], 'token_file' => ['token'], 'metrics_file' => ['a.prom'], 'ca_file' => ['ca.pem'],
    # puppet/consul would write these as numbers, and Consul refuse the file.
    'check_id' => ['', '7', '-1', '0'], 'check_notes' => ['2024'], 'consul_service_name' => ['6379'], 'consul_service_id' => ['', '6379'], 'check_token' => ['123'],
    'service_title' => ['', true], 'http_addr' => [
      '', 'ftp://foo bar', 'ftp://127.0.0.1', '127.0.0.1:99999', '127.0.0.1:', ':8500', '::1:8500', '[::1:8500', '[name]:8500', 'user@127.0.0.1:8500',
      '127.0.0.1:8500/x?token=x', 'two words:8500', 'http://', 'unix://', "unix:///#{'x' * 200}"
    ], 'namespace' => [''], 'on_promote' => [[], ''], 'ensure' => ['latest'],
  }.each do |parameter, values|
    values.each do |value|
      context "with #{parameter} => #{value.inspect}" do
        let(:params) { { 'program' => '/usr/bin/tagger', 'service_title' => false }.merge(parameter => value) }

        it { is_expected.to compile.and_raise_error(/parameter '#{parameter}'/) }
      end
    end
  end

  # Values at the limits, which work.
  [
    { 'check_id' => '007', 'check_notes' => "7\n", 'consul_service_id' => '1.5', 'check_token' => '+1' },
    { 'wait' => '50s', 'check_timeout' => '70.001s' }, { 'check_interval' => '1h' }, { 'wait' => '50s', 'check_interval' => '5s' },
    { 'ttl' => '10s' }, { 'ttl' => '24h' }, { 'lock_delay' => '1ms' }, { 'max_term' => '1s' }, { 'watch_port' => true, 'watch_grace' => '10s' },
    { 'preempt' => true, 'preempt_after' => '5s' }, { 'query_failover' => ['dc2'], 'no_fence' => true },
    { 'no_fence' => true, 'consul_query_name' => ['a' * 60] * 3 * '.' }, { 'consul_query_tag' => ['!slave', 'master', 'a'] },
    { 'lock_key' => '.../a.b' }, { 'watch_port' => true, 'watch_address' => '[::1]:6379' }, { 'watch_port' => true, 'watch_address' => '/run/redis.sock' },
    { 'watch_port' => true, 'watch_address' => 'redis.example:65535' }, { 'wait' => '27777h', 'max_term' => '99999h' },
    # The addresses from the tests of src/consul/address.rs.
    *['127.0.0.1:8500', 'http://consul.example:80/', 'https://10.0.0.1:8501/a/b/', '[::1]:8500', 'https://[::1]/p', 'localhost', 'unix:///run/consul.sock',
      'unix://consul@1.sock'].map { |address| { 'http_addr' => address } },
  ].each do |parameters|
    context "with #{parameters}" do
      let(:params) { { 'program' => '/usr/bin/tagger', 'service_title' => false }.merge(parameters) }

      it { is_expected.to compile.with_all_deps }
    end
  end
end
