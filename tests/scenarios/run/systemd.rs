//! What a run tells systemd.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Runner, folder, stop};
use crate::harness::{secs, shared};

/// A socket such as systemd's.
pub struct Socket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Socket {
    pub fn bind(folder: &Path) -> Socket {
        // A socket's path is short, whatever the temporary directory is.
        let path = std::env::temp_dir().join(crate::harness::unique(&format!("n{}", std::process::id())));
        let path = if folder.as_os_str().len() < 60 { folder.join("n") } else { path };
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(secs(30))).unwrap();
        Socket { socket, path }
    }

    pub fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// Waits for a message that has a line beginning so, and returns the message.
    pub fn wait_for(&self, line: &str) -> String {
        let begin = Instant::now();
        let mut heard = Vec::new();
        while begin.elapsed() < secs(60) {
            let mut bytes = [0; 1024];
            let Ok(count) = self.socket.recv(&mut bytes) else { break };
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if text.lines().any(|heard| heard.starts_with(line)) {
                return text;
            }
            heard.push(text);
        }
        panic!("systemd never heard {line}: {heard:?}");
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn systemd_hears_that_a_run_is_ready_what_it_does_that_it_lives_and_that_it_ends() {
    let [n1] = shared().nodes();
    let socket = Socket::bind(&folder(n1));
    let pass = Runner::alone(n1, &[]).script("sleep 1000").env("NOTIFY_SOCKET", &socket.path());
    let running = pass.env("WATCHDOG_USEC", "3000000").spawn();
    assert_eq!(socket.wait_for("STATUS=leading"), "READY=1\nSTATUS=leading, term 1");
    for _ in 0..2 {
        assert_eq!(socket.wait_for("WATCHDOG"), "WATCHDOG=1");
    }
    stop(running);
    socket.wait_for("STATUS=ending the command");
    socket.wait_for("STOPPING=1");
}

#[test]
fn the_unit_that_is_shown_is_valid() {
    let [n1] = shared().nodes();
    let unit = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/run.service")).unwrap();
    // systemd looks whether the programs are there.
    let unit = unit
        .replace("/usr/local/bin/consul-master-election-tagger", "/bin/true")
        .replace("/usr/local/bin/make-reports", "/bin/true");
    let file = folder(n1).join("reports.service");
    std::fs::write(&file, unit).unwrap();
    let output = std::process::Command::new("systemd-analyze").arg("verify").arg(&file).output();
    let output = output.expect("systemd-analyze, of the package systemd");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}
