# frozen_string_literal: true

require 'json'
require 'semantic_puppet'
require 'spec_helper'

describe 'metadata.json' do
  metadata = JSON.parse(File.read(File.join(MODULE, 'metadata.json')))

  it 'has what Puppet requires of every module' do
    expect(metadata).to include('name' => /\A[a-z0-9]+-consul_master_election_tagger\z/, 'author' => /./, 'summary' => /.{20,144}/,
                                'license' => 'Apache-2.0', 'source' => /./, 'dependencies' => Array)
  end

  it 'has the version of the program' do
    cargo = File.read(File.expand_path('../Cargo.toml', MODULE))
    expect(metadata['version']).to eq(cargo[/^version = "(.+)"$/, 1])
    expect(SemanticPuppet::Version.valid?(metadata['version'])).to be(true)
  end

  (metadata['dependencies'] + metadata['requirements']).each do |needed|
    it "bounds #{needed['name']} from below and above" do
      range = needed['version_requirement']
      expect(range).to match(/\A>= \S+ < \S+\z/)
      expect(SemanticPuppet::VersionRange.parse(range)).to be_a(SemanticPuppet::VersionRange)
    end
  end

  it 'names the module that the manifests use' do
    expect(metadata['dependencies'].map { |module_| module_['name'] }).to eq(['puppet/consul'])
  end

  it 'allows the Puppet that it is tested with' do
    puppet = metadata['requirements'].find { |needed| needed['name'] == 'puppet' }
    expect(SemanticPuppet::VersionRange.parse(puppet['version_requirement'])).to include(SemanticPuppet::Version.parse(Puppet.version))
  end
end
