# Stands for the class that reloads Consul when a definition has changed. It does nothing if Puppet does not run Consul.
# @api private
class consul::reload_service {
  if $caller_module_name != $module_name {
    fail('consul::reload_service is private')
  }

  if $consul::manage_service and $consul::service_ensure == 'running' {
    $host = $consul::http_addr ? {
      '0.0.0.0' => '127.0.0.1',
      default   => $consul::http_addr,
    }
    $agent = $consul::http_port ? {
      -1      => "https://localhost:${consul::https_port}",
      default => "${host}:${consul::http_port}",
    }
    $command = "consul reload -http-addr=${agent}"
    exec { 'reload consul service':
      command     => $consul::acl_api_token ? { '' => $command, default => Sensitive("${command} -token=${consul::acl_api_token}") },
      environment => ['CONSUL_HTTP_SSL_VERIFY=false'],
      path        => [$consul::bin_dir, '/bin', '/usr/bin'],
      refreshonly => true,
      tries       => 3,
      try_sleep   => 10,
    }
  }
}
