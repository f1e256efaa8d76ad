//! The real consul-template: where it is, and a running one that ends when dropped.

use std::env;
use std::path::{Path, PathBuf};

use crate::harness::{Keeper, cache};

/// Without it the test fails, as without Consul.
pub fn consul_template() -> PathBuf {
    let set = env::var_os("CONSUL_TEMPLATE_BIN").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = set.unwrap_or_else(|| cache().join("consul-template-0.41.1"));
    assert!(path.is_file(), "no consul-template at {}: run `make tools`, or set CONSUL_TEMPLATE_BIN", path.display());
    path
}

/// Runs it as a service would, under a keeper that ends it however the tests end. `directory` belongs to the keeper.
pub fn start(directory: &Path, config: &Path) -> Keeper {
    let command = [consul_template().into_os_string(), "-config".into(), config.into()];
    let mut keeper = Keeper::of(directory, &command);
    std::fs::create_dir_all(directory).unwrap();
    keeper.start();
    keeper
}
