# frozen_string_literal: true

require 'spec_helper'
require 'yaml'

# Every block of the README compiles unchanged.
readme = File.read(File.join(MODULE, 'README.md'))

readme.scan(/^ *```puppet\n(.*?)^ *```$/m).flatten.each_with_index do |block, number|
  describe "block #{number + 1} of the README", type: :host do
    installs = block.include?("class { 'consul_master_election_tagger'")
    let(:pre_condition) do
      [("class { 'consul_master_election_tagger': package_name => 'tagger' }" unless installs),
       (service('redis') unless block.include?('consul::service {')),
       ("consul_master_election_tagger::election { 'redis': }" if block.include?("Election['redis']")), block].compact.join("\n")
    end

    it { is_expected.to compile.with_all_deps }
  end
end

describe 'consul_master_election_tagger', type: :class do
  data = readme.scan(/^```yaml\n(.*?)^```$/m).flatten.map { |block| YAML.safe_load(block) }.reduce(:merge)

  context 'with the data of the README' do
    let(:pre_condition) { service('redis') + service('sensu') }
    let(:params) { data.transform_keys { |key| key.delete_prefix('consul_master_election_tagger::') } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_consul__check('redis-election').with_timeout('75s') }
    it { is_expected.to contain_consul__check('sensu-election') }
  end
end

describe 'the README' do
  it 'has blocks to compile' do
    expect(readme.scan('```puppet').length).to be >= 7
  end
end
