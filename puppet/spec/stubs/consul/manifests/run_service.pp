# Stands for the class that runs Consul. A change of the agent's configuration restarts it.
# @api private
class consul::run_service {
  if $caller_module_name != $module_name {
    fail('consul::run_service is private')
  }

  if $consul::manage_service and $consul::install_method != 'docker' {
    $provider = $consul::init_style_real ? {
      'unmanaged' => undef,
      default     => $consul::init_style_real,
    }
    service { 'consul':
      ensure   => $consul::service_ensure,
      enable   => $consul::service_enable,
      provider => $provider,
    }
  }
}
