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

  it 'has a version' do
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

  # puppet/consul requires puppet up to 9, and openvox from 10 on.
  it 'allows Puppet and OpenVox' do
    expect(metadata['requirements'].map { |needed| needed['name'] }).to contain_exactly('puppet', 'openvox')
  end

  it 'allows the Puppet that it is tested with' do
    ranges = metadata['requirements'].map { |needed| SemanticPuppet::VersionRange.parse(needed['version_requirement']) }
    expect(ranges).to include(include(SemanticPuppet::Version.parse(Puppet.version)))
  end

  it 'names only systems that run a static binary for Linux' do
    systems = metadata['operatingsystem_support'].map { |system| system['operatingsystem'] }
    expect(systems).to include('Debian', 'Ubuntu', 'RedHat')
    expect(systems & %w[windows FreeBSD Darwin]).to eq([])
  end
end

describe 'the folder' do
  ignored = File.readlines(File.join(MODULE, '.pmtignore'), chomp: true).reject { |line| line.empty? || line.start_with?('#') }

  %w[LICENSE CHANGELOG.md README.md REFERENCE.md metadata.json].each do |file|
    it "has #{file}, and publishes it" do
      expect(File).to be_file(File.join(MODULE, file))
      expect(ignored).not_to include("/#{file}")
    end
  end

  %w[.fixtures.yml Gemfile Rakefile .pmtignore spec].each do |file|
    it "has #{file}, and does not publish it" do
      expect(File).to exist(File.join(MODULE, file))
      expect(ignored).to include("/#{file}").or include("/#{file}/")
    end
  end
end
