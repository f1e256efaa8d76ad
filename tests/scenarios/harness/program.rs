//! The program under test, run as a check would run it, in a clean environment.

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

/// No run takes this long: the program's own limit is 20 s, and Consul's is 30 s.
const LIMIT: Duration = Duration::from_secs(60);

/// The user `nobody`, on every Linux.
const NOBODY: u32 = 65534;

/// One run of the program, to be run, spawned, or written into a check's definition.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// A copy of the program for the user `nobody`, if it must not run as this process's user.
    by_nobody: Option<PathBuf>,
}

/// The result of a pass: the exit code (negative: the signal that ended it) and the one line on stdout.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub status: i32,
    pub line: String,
    pub stderr: String,
    pub took: Duration,
}

/// The output of any run, with any number of lines.
#[derive(Clone, Debug)]
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// A pass in progress; it is killed when dropped.
pub struct Running {
    child: Child,
    begin: Instant,
    described: String,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Pass {
    /// A pass with `--consul-service-name SERVICE`, without an agent yet.
    pub fn of(service: &str) -> Pass {
        Pass::bare().args(["--consul-service-name", service])
    }

    /// A run without arguments.
    pub fn bare() -> Pass {
        Pass::default()
    }

    pub fn on(self, node: &Node) -> Pass {
        self.at(&node.address())
    }

    pub fn through(self, proxy: &Proxy) -> Pass {
        self.at(&proxy.address())
    }

    /// Sets the agent's address in `CONSUL_HTTP_ADDR`.
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

    /// Sets a variable, and replaces an earlier value.
    pub fn env(mut self, name: &str, value: &str) -> Pass {
        self.env.retain(|(earlier, _)| earlier != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it as `nobody`, with a copy of the program in this directory, which everybody may read. If the developer is
    /// not root, it runs as the developer, who has none of root's rights either.
    pub fn by_nobody(mut self, directory: &Path) -> Pass {
        if rustix::process::geteuid().is_root() {
            let copy = directory.join("program");
            // In a process of its own: a child that another test forks meanwhile would hold the copy open for writing, and nobody could
            // execute it.
            let copied = Command::new("cp").arg(binary()).arg(&copy).status();
            assert!(copied.is_ok_and(|status| status.success()), "the program can be copied");
            self.by_nobody = Some(copy);
        }
        self
    }

    /// Runs it to its end; panics unless stdout is exactly one line.
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

    /// The `args` of a script check that runs this pass. They start with `env`, because a check inherits its agent's
    /// environment.
    pub fn check_args(&self) -> Vec<String> {
        let mut args = vec!["/usr/bin/env".to_owned()];
        args.extend(self.env.iter().map(|(name, value)| format!("{name}={value}")));
        args.push(binary().into_string().expect("the path of the program is UTF-8"));
        args.extend(self.args.iter().cloned());
        args
    }
}

impl Running {
    /// Sends SIGKILL, at any point of its work.
    pub fn kill(mut self) {
        self.end();
    }

    /// Sends SIGKILL, and returns what it has written to standard error.
    pub fn killed(mut self) -> String {
        self.end();
        self.stderr.recv_timeout(secs(10)).unwrap_or_default()
    }

    /// The ID of its process, which only this value waits for.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it SIGTERM or SIGINT, to end it in good order.
    pub fn signal(&self, signal: Signal) {
        // The child has not been waited for, so the ID is still its own.
        kill_process(Pid::from_child(&self.child), signal).expect("the program can be signalled");
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the program can be waited for").is_some()
    }

    /// Waits for its end; panics unless stdout is exactly one line.
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
        // A child of the program that keeps the pipe open would also keep a check from ending.
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
        // Both fail only if the process has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a signal to a process whose [`Running`] has not been waited for.
pub fn signal(process: u32, signal: Signal) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // A process that has ended needs no signal.
        let _ = kill_process(process, signal);
    }
}

/// Removes everything from the developer's environment that the program or an agent would read.
pub fn clean_environment(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let upper = name.to_string_lossy().to_ascii_uppercase();
        let named = ["RUST_LOG", "RUST_LOG_STYLE", "GOMAXPROCS"].contains(&upper.as_str());
        if named || upper.starts_with("CONSUL_") || upper.starts_with("ELECTION_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
}

/// Returns `ELECTION_BIN`, or the program that cargo built for this test run.
fn binary() -> OsString {
    env::var_os("ELECTION_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_consul-master-election-tagger").into())
}

/// Reads a pipe to its end in its own thread, so that a full pipe never blocks the program.
fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        // Nobody receives it if the run was killed.
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}
