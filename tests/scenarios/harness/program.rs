//! The program under test: run as a check would run it, in an environment that holds nothing by accident.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::node::Node;
use super::proxy::Proxy;
use super::wait::secs;

/// No run takes this long: the program bounds itself by 20 s, and Consul by 30.
const LIMIT: Duration = Duration::from_secs(60);

/// The user `nobody`, on every Linux.
const NOBODY: u32 = 65534;

/// One run of the program, to be described and then run, spawned, or written into a check's definition.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// The program that nobody in particular runs, where it is not this process's user.
    by_nobody: Option<PathBuf>,
}

/// What a pass came to: its exit status (negative: the signal that ended it) and the one line on stdout.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub status: i32,
    pub line: String,
    pub stderr: String,
    pub took: Duration,
}

/// What any run printed, however many lines that is.
#[derive(Clone, Debug)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// A pass that is under way; it is killed when it is dropped.
pub struct Running {
    child: Child,
    begin: Instant,
    described: String,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Pass {
    /// `--consul-service-name SERVICE`, against no agent yet.
    pub fn of(service: &str) -> Pass {
        Pass::bare().args(["--consul-service-name", service])
    }

    /// Without any argument.
    pub fn bare() -> Pass {
        Pass::default()
    }

    pub fn on(self, node: &Node) -> Pass {
        self.at(&node.address())
    }

    pub fn through(self, proxy: &Proxy) -> Pass {
        self.at(&proxy.address())
    }

    /// The agent's address, as `CONSUL_HTTP_ADDR`.
    pub fn at(self, address: &str) -> Pass {
        self.env("CONSUL_HTTP_ADDR", address)
    }

    pub fn token(self, token: &str) -> Pass {
        self.env("CONSUL_HTTP_TOKEN", token)
    }

    pub fn arg(self, arg: &str) -> Pass {
        self.args([arg])
    }

    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Pass {
        self.args.extend(args.into_iter().map(str::to_owned));
        self
    }

    /// Sets a variable, over what was set before.
    pub fn env(mut self, name: &str, value: &str) -> Pass {
        self.env.retain(|(earlier, _)| earlier != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets a user run it who has no rights to anything: `nobody`, with a copy of the program in this directory that everybody may read. A
    /// developer who is not root has none of root's rights to begin with, and runs it as himself.
    pub fn by_nobody(mut self, directory: &Path) -> Pass {
        if rustix::process::geteuid().is_root() {
            let copy = directory.join("program");
            std::fs::copy(binary(), &copy).expect("the program can be copied");
            self.by_nobody = Some(copy);
        }
        self
    }

    /// Runs it to its end; panics when stdout is not exactly one line.
    pub fn run(&self) -> Outcome {
        self.spawn().wait()
    }

    /// Runs it to its end, whatever it prints.
    pub fn output(&self) -> Output {
        self.spawn().output()
    }

    pub fn spawn(&self) -> Running {
        let mut command = Command::new(self.by_nobody.clone().map_or_else(binary, OsString::from));
        if self.by_nobody.is_some() {
            command.uid(NOBODY);
        }
        clean_environment(&mut command);
        command.args(&self.args).envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut child = command.spawn().expect("the program under test starts");
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        Running { child, begin, described: format!("{self:?}"), stdout, stderr }
    }

    /// The `args` of a script check that makes this pass; by `env`, as a check has the environment of its agent.
    pub fn check_args(&self) -> Vec<String> {
        let mut args = vec!["/usr/bin/env".to_owned()];
        args.extend(self.env.iter().map(|(name, value)| format!("{name}={value}")));
        args.push(binary().into_string().expect("the path of the program is UTF-8"));
        args.extend(self.args.iter().cloned());
        args
    }
}

impl Running {
    /// SIGKILL, at whatever it is doing.
    pub fn kill(mut self) {
        self.end();
    }

    /// The ID of its process, which nobody waits for but this.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it SIGTERM or SIGINT, as who wants it to end in good order does.
    pub fn signal(&self, signal: Signal) {
        // It is a child that has not been waited for, so that the ID is its own.
        kill_process(Pid::from_child(&self.child), signal).expect("the program can be signalled");
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the program can be waited for").is_some()
    }

    /// Waits for its end; panics when stdout is not exactly one line.
    pub fn wait(self) -> Outcome {
        let described = self.described.clone();
        let Output { status, stdout, stderr, took } = self.output();
        match stdout.strip_suffix('\n') {
            Some(line) if !line.contains('\n') => Outcome { status, line: line.to_owned(), stderr, took },
            _ => panic!("not exactly one line from {described}, status {status}: {stdout:?}, stderr {stderr:?}"),
        }
    }

    /// Waits for its end, whatever it printed.
    pub fn output(mut self) -> Output {
        let status = self.wait_bounded();
        let took = self.begin.elapsed();
        // A child of the program that keeps the pipe open would keep a check from ending as well.
        let read = |pipe: &Receiver<String>| {
            pipe.recv_timeout(secs(10)).unwrap_or_else(|_| panic!("{} left its output open", self.described))
        };
        let (stdout, stderr) = (read(&self.stdout), read(&self.stderr));
        let status = status.code().unwrap_or_else(|| -status.signal().expect("a code or a signal"));
        Output { status, stdout, stderr, took }
    }

    fn wait_bounded(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                return status;
            }
            if self.begin.elapsed() > LIMIT {
                self.end();
                panic!("still running after {LIMIT:?}, now killed: {}", self.described);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(&mut self) {
        // Neither fails but for a process that has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a signal to a process whose [`Running`] has not been waited for yet.
pub fn signal(process: u32, signal: Signal) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // One that has ended needs no signal.
        let _ = kill_process(process, signal);
    }
}

/// Takes away whatever of the developer's environment the program, or an agent, would listen to.
pub fn clean_environment(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let upper = name.to_string_lossy().to_ascii_uppercase();
        let named = ["RUST_LOG", "RUST_LOG_STYLE", "GOMAXPROCS"].contains(&upper.as_str());
        if named || upper.starts_with("CONSUL_") || upper.starts_with("ELECTION_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
}

/// `ELECTION_BIN`, else what cargo has built for this test run.
fn binary() -> OsString {
    env::var_os("ELECTION_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_consul-master-election-tagger").into())
}

/// Reads a pipe to its end in a thread of its own, so that a full pipe never blocks the program.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        // No one listens any more when the run was killed.
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}
