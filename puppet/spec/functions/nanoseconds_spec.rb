# frozen_string_literal: true

require 'spec_helper'

describe 'consul_master_election_tagger::nanoseconds' do
  # The durations from the tests of src/duration.rs.
  {
    '15s' => 15_000_000_000, '1m30s' => 90_000_000_000, '0s' => 0, '0' => 0, '1.5s' => 1_500_000_000, '.5s' => 500_000_000, '5.s' => 5_000_000_000,
    '1h2m3s4ms' => 3_723_004_000_000, '250ms' => 250_000_000, '3µs' => 3_000, '3us' => 3_000, '7ns' => 7, '33.983s' => 33_983_000_000,
  }.each do |duration, length|
    it { is_expected.to run.with_params(duration).and_return(length) }
  end

  ['', '15', 's', '.s', '-1s', '+1s', '15 s', '1d', '1.2.3s', 's15', '15s ', '1s2', '∞s', "1s\n"].each do |text|
    it { is_expected.to run.with_params(text).and_raise_error(ArgumentError) }
  end
end
