//! The Consul that the scenarios run on, and its version.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// `(major, minor, patch)`, so that versions compare as tuples.
pub type Version = (u32, u32, u32);

pub struct Consul {
    pub binary: PathBuf,
    pub version: Version,
}

/// The Consul of this test process. Without one, every scenario fails: a skipped test would look like a passed one.
pub fn consul() -> &'static Consul {
    static CONSUL: LazyLock<Consul> = LazyLock::new(|| {
        let binary = match std::env::var_os("CONSUL_BIN").filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => newest_in(&cache()).unwrap_or_else(|| {
                panic!("no Consul to test against in {}: run `make consul`, or set CONSUL_BIN", cache().display())
            }),
        };
        let version = ask_version(&binary);
        Consul { binary, version }
    });
    &CONSUL
}

/// The folder of `make consul` and `make tools`.
pub fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .filter(|path| !path.is_empty())
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"), PathBuf::from);
    base.join("consul-master-election-tagger")
}

fn newest_in(directory: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(directory).ok()?.flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = parse(name.to_str()?.strip_prefix("consul-")?)?;
            Some((version, entry.path()))
        })
        .max()
        .map(|(_, path)| path)
}

fn ask_version(binary: &Path) -> Version {
    let output = Command::new(binary).arg("version").output().unwrap_or_else(|error| {
        panic!("cannot run the Consul {}: {error}; run `make consul`, or set CONSUL_BIN", binary.display())
    });
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .next()
        .and_then(|line| parse(line.strip_prefix("Consul v")?))
        .unwrap_or_else(|| panic!("`{} version` shows no version: {text}", binary.display()))
}

/// Reads `1.8.7` and `1.21.0+ent`, and ignores what follows the numbers.
fn parse(text: &str) -> Option<Version> {
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut parts = numbers.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}
