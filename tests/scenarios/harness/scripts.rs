//! Commands for the program to run as hooks: each leaves behind how often it ran and what its environment was, and may be made
//! to wait for the scenario, which so looks at Consul in the middle of a hook.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::cluster::unique;
use super::node::Node;
use super::wait::{secs, wait_for};

/// A place for commands and what they leave. Whatever of them still waits when it is dropped ends.
pub struct Scripts {
    directory: PathBuf,
}

impl Scripts {
    pub fn on(node: &Node) -> Scripts {
        let directory = node.directory().join(unique("scripts"));
        fs::create_dir(&directory).expect("a place for scripts");
        Scripts { directory }
    }

    /// A command that notes its run and then does what the shell script says; `$D` is the place of [`Scripts::path`].
    pub fn command(&self, name: &str, script: &str) -> String {
        let variables = "^(ELECTION_[A-Z_]*|MASTER_ADDRESS|MASTER_PORT|ADDRESS|PORT|SESSIONID)=";
        let text = format!(
            "D='{}'\nran=$(env | grep -E '{variables}' | tr '\\n' '\\t')\necho \"$ran\" >>\"$D/{name}.ran\"\n{script}\n",
            self.directory.display()
        );
        let path = self.path(name);
        fs::write(&path, text).expect("a script can be written");
        // By the shell's name: a file that is written and then executed can still be open for writing in a child of another thread.
        format!("sh '{}'", path.display())
    }

    /// A command that only notes its run.
    pub fn noting(&self, name: &str) -> String {
        self.command(name, "")
    }

    /// A command that waits until [`Scripts::open`], or for as long as its place exists.
    pub fn gate(&self, name: &str) -> String {
        self.command(name, &format!("while [ -d \"$D\" ] && [ ! -e \"$D/{name}.open\" ]; do sleep 0.02; done"))
    }

    /// Lets the gate's runs end, those to come as well.
    pub fn open(&self, name: &str) {
        self.leave(&format!("{name}.open"));
    }

    /// Leaves an empty file, as a sign to a script.
    pub fn leave(&self, file: &str) {
        fs::write(self.path(file), "").expect("a file can be written");
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// The environment of every run that has begun, as far as hooks are given one.
    pub fn runs(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let text = fs::read_to_string(self.path(&format!("{name}.ran"))).unwrap_or_default();
        let variables = |line: &str| {
            let pairs = line.split('\t').filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        text.lines().map(variables).collect()
    }

    /// How many runs have begun.
    pub fn count(&self, name: &str) -> usize {
        self.runs(name).len()
    }

    /// Waits until so many runs have begun.
    pub fn wait_for_runs(&self, name: &str, count: usize) {
        wait_for(&format!("run {count} of {name}"), secs(20), || {
            let seen = self.count(name);
            if seen >= count { Ok(()) } else { Err(format!("{seen} runs")) }
        });
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        // With the node's directory it would go as well, but what waits shall not wait for that.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
