//! Hook commands. Each records how often it ran and with which environment, and can wait for the scenario, which can so
//! look at Consul while a hook runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::cluster::unique;
use super::node::Node;
use super::wait::{secs, wait_for};

/// A directory for commands and their records. When it is dropped, waiting commands end.
pub struct Scripts {
    directory: PathBuf,
}

impl Scripts {
    pub fn on(node: &Node) -> Scripts {
        let directory = node.directory().join(unique("scripts"));
        fs::create_dir(&directory).expect("the directory for scripts can be created");
        Scripts { directory }
    }

    /// Returns a command that records its run and then runs the shell script; `$D` is the directory of
    /// [`Scripts::path`].
    pub fn command(&self, name: &str, script: &str) -> String {
        let variables = "^(ELECTION_[A-Z_]*|MASTER_ADDRESS|MASTER_PORT|ADDRESS|PORT|SESSIONID)=";
        let text = format!(
            "D='{}'\nran=$(env | grep -E '{variables}' | tr '\\n' '\\t')\necho \"$ran\" >>\"$D/{name}.ran\"\n{script}\n",
            self.directory.display()
        );
        let path = self.path(name);
        fs::write(&path, text).expect("a script can be written");
        // Runs it through the shell: a file that was just written may still be open for writing in a child of another
        // thread.
        format!("sh '{}'", path.display())
    }

    /// Returns a command that only records its run.
    pub fn noting(&self, name: &str) -> String {
        self.command(name, "")
    }

    /// Returns a command that waits until [`Scripts::open`], or as long as its directory exists.
    pub fn gate(&self, name: &str) -> String {
        self.command(name, &format!("while [ -d \"$D\" ] && [ ! -e \"$D/{name}.open\" ]; do sleep 0.02; done"))
    }

    /// Ends the gate's runs, and lets later ones through.
    pub fn open(&self, name: &str) {
        self.leave(&format!("{name}.open"));
    }

    /// Creates an empty file, as a sign to a script.
    pub fn leave(&self, file: &str) {
        fs::write(self.path(file), "").expect("a file can be written");
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// Returns the environment of every run that has started, limited to the variables of hooks.
    pub fn runs(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let text = fs::read_to_string(self.path(&format!("{name}.ran"))).unwrap_or_default();
        let variables = |line: &str| {
            let pairs = line.split('\t').filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        text.lines().map(variables).collect()
    }

    /// Returns how many runs have started.
    pub fn count(&self, name: &str) -> usize {
        self.runs(name).len()
    }

    /// Waits until this many runs have started.
    pub fn wait_for_runs(&self, name: &str, count: usize) {
        wait_for(&format!("run {count} of {name}"), secs(20), || {
            let seen = self.count(name);
            if seen >= count { Ok(()) } else { Err(format!("{seen} runs")) }
        });
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        // The node's directory contains it, but waiting scripts must not wait for its end.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
