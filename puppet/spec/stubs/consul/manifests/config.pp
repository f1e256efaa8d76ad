# Stands for the class that writes the agent's configuration, and removes every other file from its directory.
# @api private
class consul::config {
  if $caller_module_name != $module_name {
    fail('consul::config is private')
  }

  if $consul::init_style_real == 'systemd' {
    file { '/etc/systemd/system/consul.service':
      ensure  => file,
      content => "[Service]\nExecStart=${consul::bin_dir}/consul agent -config-dir ${consul::config_dir}\n",
    }
  }
  file { $consul::config_dir:
    ensure  => directory,
    owner   => $consul::config_owner_real,
    group   => $consul::group_real,
    purge   => $consul::purge_config_dir,
    recurse => $consul::purge_config_dir,
  }
  file { 'consul config':
    ensure  => file,
    path    => "${consul::config_dir}/${consul::config_name}",
    owner   => $consul::config_owner_real,
    group   => $consul::group_real,
    mode    => $consul::config_mode,
    content => Sensitive(consul::sorted_json($consul::config_hash_real, $consul::pretty_config, $consul::pretty_config_indent)),
  }
}
