# frozen_string_literal: true

require 'shellwords'
require 'spec_helper'

describe 'consul_master_election_tagger::command_line' do
  it { is_expected.to run.with_params('sh -c "exit 0" # now').and_return('sh -c "exit 0" # now') }

  [%w[true], ['two words', ''], ["it's", '"', '\\', '$HOME', '`date`', ';', '#', '*', "\t", 'é', "two\nlines"]].each do |words|
    it "keeps #{words.inspect} apart" do
      line = subject.execute(words)
      expect(Shellwords.split(line)).to eq(words)
    end
  end

  it { is_expected.to run.with_params("echo 'a").and_raise_error(Puppet::ParseError, /quote that is not closed/) }
  it { is_expected.to run.with_params(' ').and_raise_error(Puppet::ParseError, /names no program/) }
  it { is_expected.to run.with_params(['']).and_raise_error(Puppet::ParseError, /names no program/) }
end
