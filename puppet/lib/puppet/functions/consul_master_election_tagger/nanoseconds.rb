# frozen_string_literal: true

# @summary Returns the length of a duration in nanoseconds, so that durations can be compared and added.
Puppet::Functions.create_function(:'consul_master_election_tagger::nanoseconds') do
  # @param duration The duration, as Consul writes it.
  # @return [Integer] Its length; parts of a nanosecond are dropped.
  # @example
  #   consul_master_election_tagger::nanoseconds('1m30s') # 90000000000
  dispatch :nanoseconds do
    param 'Consul_master_election_tagger::Duration', :duration
    return_type 'Integer[0]'
  end

  def nanoseconds(duration)
    units = {
      'ns' => 1, 'us' => 1_000, 'µs' => 1_000, 'μs' => 1_000, 'ms' => 1_000_000,
      's' => 1_000_000_000, 'm' => 60_000_000_000, 'h' => 3_600_000_000_000,
    }
    # Rationals, since a float would make 33.983s a nanosecond shorter.
    duration.scan(/([\d.]+)([^\d.]+)/).sum { |number, unit| "0#{number}".to_r * units[unit] }.to_i
  end
end
