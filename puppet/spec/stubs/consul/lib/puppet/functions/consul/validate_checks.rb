# frozen_string_literal: true

# Stands for the function that refuses checks which Consul would not load: each is of exactly one kind, and each kind but ttl has an interval.
Puppet::Functions.create_function(:'consul::validate_checks') do
  dispatch :validate_checks do
    param 'Variant[Hash, Array]', :checks
  end

  def validate_checks(checks)
    return checks.each { |check| validate_checks(check) } if checks.is_a?(Array)

    kinds = [%w[http], %w[tcp], %w[grpc], %w[script args], %w[ttl]].select { |names| names.any? { |name| checks.key?(name) } }
    raise Puppet::ParseError, "consul::validate_checks: #{kinds.length} kinds of check in one definition; give exactly one" unless kinds.length == 1

    timed = kinds.first == %w[ttl]
    return if timed ^ checks.key?('interval')

    raise Puppet::ParseError, "consul::validate_checks: interval #{timed ? 'must not be' : 'must be'} given for #{kinds.first.join(' or ')}"
  end
end
