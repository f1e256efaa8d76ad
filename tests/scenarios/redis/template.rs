//! The real consul-template: where it is, and one that runs until it is dropped.

use std::env;
use std::path::{Path, PathBuf};

use crate::harness::{Keeper, cache};

/// A test that finds none fails, as with Consul.
pub fn consul_template() -> PathBuf {
    let set = env::var_os("CONSUL_TEMPLATE_BIN").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = set.unwrap_or_else(|| cache().join("consul-template-0.41.1"));
    assert!(path.is_file(), "no consul-template at {}: run `make tools`, or set CONSUL_TEMPLATE_BIN", path.display());
    path
}

/// Runs it as a service would, under a keeper that takes it down however the tests end. `directory` is the keeper's own.
pub fn start(directory: &Path, config: &Path) -> Keeper {
    let command = [consul_template().into_os_string(), "-config".into(), config.into()];
    let mut keeper = Keeper::of(directory, &command);
    std::fs::create_dir_all(directory).unwrap();
    keeper.start();
    keeper
}
