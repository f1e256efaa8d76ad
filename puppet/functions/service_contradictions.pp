# @summary Returns how the definition of a service contradicts an election of its instance, as far as it has been declared.
#
# A definition that is missing at the end of the compilation fails by itself, because the check requires it.
#
# @param definition
#   The title of the `consul::service`, or `false` if the catalogue need not have it.
#
# @param instance
#   The ID of the instance that the check is for.
#
# @return [Array[String]] One sentence for each error.
#
# @api private
function consul_master_election_tagger::service_contradictions(
  Variant[String[1], Boolean[false]] $definition,
  String[1] $instance,
) >> Array[String] {
  if $definition and defined(Consul::Service[$definition]) {
    $service = Consul::Service[$definition]
    $in_hash = $service['service_config_hash'].then |$hash| { $hash['id'] }
    $id = $in_hash.lest || { $service['id'].lest || { $definition } }
    $rules = [
      [$id != $instance,
      "Consul::Service['${definition}'] has the ID '${id}', and the check is for '${instance}'; give consul_service_id, or the service_title of that instance"],
      [$service['ensure'] == 'absent',
      "Consul::Service['${definition}'] is absent, so Consul would refuse the check; give ensure => absent here too"],
    ]
    $rules.filter |$rule| { $rule[0] }.map |$rule| { $rule[1] }
  } else {
    []
  }
}
