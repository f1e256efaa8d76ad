# frozen_string_literal: true

require 'json'

# Stands for the function that writes Consul's files: JSON with sorted keys. A string that reads as a whole number becomes one, except
# below a key where Consul wants strings: there everything becomes a string. A value that JSON does not have is an error.
Puppet::Functions.create_function(:'consul::sorted_json') do
  dispatch :sorted_json do
    param 'Hash', :data
    optional_param 'Boolean', :pretty
    optional_param 'Integer', :indent
  end

  def sorted_json(data, pretty = false, indent = 4)
    value = converted(data, false)
    return JSON.generate(value) unless pretty

    "#{JSON.pretty_generate(value, indent: ' ' * indent)}\n"
  end

  def converted(value, quoted)
    case value
    when Hash then value.sort.to_h { |key, inner| [key, converted(inner, quoted || %w[tags meta node_meta args].include?(key))] }
    when Array then value.map { |inner| converted(inner, quoted) }
    when String then value.match?(/\A-?(0|[1-9]\d*)\z/) && !quoted ? value.to_i : value
    when nil, :undef then nil
    when Numeric, true, false then quoted ? value.to_s : value
    else raise Puppet::ParseError, "consul::sorted_json: #{value.class} cannot be written"
    end
  end
end
