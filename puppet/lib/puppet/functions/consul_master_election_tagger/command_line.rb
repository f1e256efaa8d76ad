# frozen_string_literal: true

require 'shellwords'

# @summary Returns a hook's command as one line, which the program splits into words again.
Puppet::Functions.create_function(:'consul_master_election_tagger::command_line') do
  # @param command A line, which is returned unchanged, or its words.
  # @return [String] The line. Fails if it names no program or has an open quote.
  # @example
  #   consul_master_election_tagger::command_line(['redis-cli', 'config', 'set', 'requirepass', "it's secret"])
  dispatch :command_line do
    param 'Consul_master_election_tagger::Command', :command
    return_type 'String[1]'
  end

  def command_line(command)
    line = command.is_a?(Array) ? Shellwords.join(command) : command
    raise Puppet::ParseError, "the command '#{line}' names no program; write it first" if Shellwords.split(line).first.to_s.empty?
    line
  rescue ArgumentError
    raise Puppet::ParseError, "the command '#{line}' has a quote that is not closed; close it, or give the words as an array"
  end
end
