# Stands for the class that installs Consul, with its user, its group and its data directory.
# @api private
class consul::install {
  if $caller_module_name != $module_name {
    fail('consul::install is private')
  }

  if $consul::install_method in ['url', 'package'] {
    file { "${consul::bin_dir}/consul":
      ensure => link,
      target => '/opt/consul/archives/consul',
    }
  }
  if $consul::manage_group and $consul::install_method != 'docker' {
    group { $consul::group:
      ensure => present,
      system => true,
    }
  }
  if $consul::manage_user and $consul::install_method != 'docker' {
    user { $consul::user:
      ensure => present,
      system => true,
      groups => [$consul::group],
    }
  }
  if $consul::manage_data_dir and $consul::data_dir {
    file { $consul::data_dir:
      ensure => directory,
      owner  => $consul::user_real,
      group  => $consul::group_real,
      mode   => $consul::data_dir_mode,
    }
  }
}
