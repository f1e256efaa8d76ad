# frozen_string_literal: true

require 'spec_helper'

describe 'consul_master_election_tagger' do
  sha256 = 'ab' * 32

  context 'with a package' do
    let(:params) { { 'package_name' => 'tagger' } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_package('tagger').with_ensure('present') }
    it { is_expected.to have_file_resource_count(0) }

    context 'and something that requires the class' do
      let(:post_condition) { "notify { 'after': require => Class['consul_master_election_tagger'] }" }

      it { is_expected.to contain_package('tagger').that_comes_before('Notify[after]') }
    end

    %w[latest absent 1.2.3-1].each do |ensured|
      context "with ensure => #{ensured}" do
        let(:params) { super().merge('ensure' => ensured) }

        it { is_expected.to contain_package('tagger').with_ensure(ensured) }
      end
    end
  end

  context 'with a source' do
    let(:params) { { 'source' => 'puppet:///modules/profile/tagger' } }

    it { is_expected.to compile.with_all_deps }

    it 'installs it under its own name, writable only for root' do
      is_expected.to contain_file('/usr/local/bin/consul-master-election-tagger').only_with(
        'ensure' => 'file', 'source' => 'puppet:///modules/profile/tagger', 'owner' => 0, 'group' => 0, 'mode' => '0755',
      )
    end

    context 'and every parameter for it' do
      let(:params) { super().merge('source_sha256' => sha256, 'program' => '/opt/tagger', 'owner' => 'consul', 'group' => 'staff') }

      it do
        is_expected.to contain_file('/opt/tagger').with('checksum' => 'sha256', 'checksum_value' => sha256, 'owner' => 'consul', 'group' => 'staff')
      end
    end

    context 'with ensure => absent' do
      let(:params) { super().merge('ensure' => 'absent') }

      it { is_expected.to contain_file('/usr/local/bin/consul-master-election-tagger').with_ensure('absent') }
    end

    ['/root/tagger', 'file:///root/tagger', 'http://127.0.0.1/tagger', 'https://127.0.0.1/tagger'].each do |source|
      context "such as #{source}" do
        let(:params) { { 'source' => source } }

        it { is_expected.to compile.with_all_deps }
      end
    end
  end

  context 'with elections' do
    let(:pre_condition) { service('redis') + service('cron') }
    let(:params) { { 'package_name' => 'tagger', 'elections' => { 'redis' => { 'wait' => '9s' }, 'cron' => {} } } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_consul_master_election_tagger__election('redis').with_wait('9s') }
    it { is_expected.to contain_consul__check('cron-election').that_requires('Package[tagger]') }

    context 'with ensure => absent' do
      let(:params) { super().merge('ensure' => 'absent') }

      it { is_expected.to compile.with_all_deps }
      it { is_expected.to contain_consul__check('redis-election').with_ensure('absent') }
      it { is_expected.to contain_class('consul::reload_service').that_requires('Consul::Check[redis-election]').that_comes_before('Package[tagger]') }
    end

    context 'of which one is wrong' do
      let(:params) { super().merge('elections' => { 'redis' => { 'wait' => 9 } }) }

      it { is_expected.to compile.and_raise_error(/parameter 'wait'/) }
    end
  end

  {
    {} => /neither package_name nor source says where the program comes from; give one of them/,
    { 'package_name' => 'tagger', 'source' => '/root/tagger' } => /package_name and source both say .*; give one of them/,
    { 'package_name' => 'tagger', 'source_sha256' => sha256 } => /source_sha256 does nothing without source/,
    { 'source' => '/root/tagger', 'ensure' => 'latest' } => /ensure 'latest' is for a package/,
    { 'source' => '/root/tagger', 'ensure' => '1.2' } => /ensure '1\.2' is for a package/,
    { 'source' => 'tagger' } => /parameter 'source'/,
    { 'source' => 'ftp://127.0.0.1/tagger' } => /parameter 'source'/,
    { 'source' => '/root/tagger', 'source_sha256' => 'abc' } => /parameter 'source_sha256'/,
    { 'package_name' => '' } => /parameter 'package_name'/,
    { 'package_name' => 'tagger', 'ensure' => 'there' } => /parameter 'ensure'/,
    { 'package_name' => 'tagger', 'elections' => ['redis'] } => /parameter 'elections'/,
  }.each do |parameters, said|
    context "with #{parameters}" do
      let(:params) { parameters }

      it { is_expected.to compile.and_raise_error(said) }
    end
  end
end
