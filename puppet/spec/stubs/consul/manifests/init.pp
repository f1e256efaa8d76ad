# Stands for the class that installs, configures, runs and reloads Consul.
class consul (
  Variant[Hash, Sensitive[Hash]] $config_hash = {},
  Hash $config_defaults = { 'data_dir' => '/opt/consul' },
  String[1] $config_dir = '/etc/consul',
  String[1] $config_name = 'config.json',
  String[1] $config_mode = '0664',
  Optional[String[1]] $config_owner = undef,
  String[1] $data_dir_mode = '0755',
  String[1] $user = 'consul',
  String[1] $group = 'consul',
  Boolean $manage_user = true,
  Boolean $manage_group = true,
  Boolean $manage_data_dir = true,
  Boolean $manage_service = true,
  Enum['running', 'stopped'] $service_ensure = 'running',
  Boolean $service_enable = true,
  String[1] $init_style = 'systemd',
  String[1] $install_method = 'url',
  String[1] $bin_dir = '/usr/local/bin',
  String[1] $version = '1.20.0',
  Boolean $purge_config_dir = true,
  Boolean $restart_on_change = true,
  Boolean $pretty_config = false,
  Integer $pretty_config_indent = 4,
  String[0] $acl_api_token = '', # lint:ignore:params_empty_string_assignment
  Hash $services = {},
  Hash $checks = {},
) {
  $plain_hash = $config_hash ? {
    Sensitive => $config_hash.unwrap,
    default   => $config_hash,
  }
  $config_hash_real = $config_defaults + $plain_hash
  $data_dir = $config_hash_real['data_dir']

  # Docker runs Consul with users and an init system of its own.
  if $install_method == 'docker' {
    [$user_real, $group_real, $config_owner_real, $init_style_real] = [undef, undef, undef, 'unmanaged']
  } else {
    [$user_real, $group_real, $init_style_real] = [$user, $group, $init_style]
    $config_owner_real = $config_owner.lest || { $user }
  }

  # The first address only.
  $listening = $config_hash_real.dig('addresses', 'http').lest || { $config_hash_real['client_addr'] }
  $http_addr = $listening ? {
    undef   => '127.0.0.1',
    default => $listening.split(' ')[0],
  }
  $http_port = $config_hash_real.dig('ports', 'http').lest || { 8500 }
  $https_port = $config_hash_real.dig('ports', 'https')

  create_resources('consul::service', $services)
  create_resources('consul::check', $checks)

  contain consul::install
  contain consul::config
  contain consul::run_service
  contain consul::reload_service

  Class['consul::install'] -> Class['consul::config'] -> Class['consul::run_service'] -> Class['consul::reload_service']
  if $restart_on_change {
    Class['consul::config'] ~> Class['consul::run_service']
  }
}
