//! The guard: the process between a run and its command. It is this program, executed again. It ends everything that the command has
//! started when the run ends or its deadline comes, even if the run cannot say so. Must never know why a deadline is what it is.

use std::ffi::OsString;
use std::io::{self, BufReader, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use log::debug;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process_group, set_parent_process_death_signal};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

use super::machine::number;
use super::policy::Settings;
use super::wire::{self, Order, Report};
use crate::lead::{Client, Moment, release_for};
use crate::process::{Ended, adopt_orphans, reap, signal_all};

/// The name by which this program is executed as the guard, instead of its own.
pub const GUARD: &str = "consul-master-election-tagger: guard";

/// The name by which this program is executed to become the command.
pub const START: &str = "consul-master-election-tagger: start";

/// How often killed processes are looked for.
const KILL_EVERY: Duration = Duration::from_millis(2);

/// The limit of one request, and how often the release is tried.
const RELEASE: (Duration, u32) = (Duration::from_secs(2), 3);

/// The variables that a command never gets: the token, and what is systemd's with the run itself.
const KEPT_BACK: [&str; 6] = [
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_TOKEN_FILE",
    "CONSUL_HTTP_AUTH",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
];

/// The state of the guard.
struct Guard<'a> {
    settings: &'a Settings,
    program: PathBuf,
    control: UnixStream,
    input: Option<OwnedFd>,
    /// The command's process, which leads its group, until it is reaped.
    command: Option<Pid>,
    /// Whether the command was started.
    started: bool,
    /// When SIGTERM is due, and when everything must be over.
    until: Option<(Moment, Moment)>,
    /// When SIGKILL is due, once SIGTERM was sent.
    kill: Option<Moment>,
    /// The session whose lock is released when this guard has ended the command on its own.
    session: Option<String>,
    /// Whether the run has closed its side.
    orphaned: bool,
    /// Whether this guard ends the command on its own.
    on_its_own: bool,
}

/// Runs the guard until nothing of the command is left.
///
/// # Errors
/// When the system refuses what a guard needs, before anything is started.
pub fn guard(settings: &Settings, client: &Client, program: PathBuf) -> io::Result<()> {
    let control = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
    adopt_orphans()?;
    // A signal to all processes of a service reaches the guard, too. The run says what to do.
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2] {
        signal_hook::flag::register(signal, std::sync::Arc::default())?;
    }
    let (children, tell) = UnixStream::pair()?;
    signal_hook::low_level::pipe::register(SIGCHLD, tell)?;
    children.set_nonblocking(true)?;
    let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
    let input = wire::receive_first(&control)?;
    let mut guard = Guard {
        settings,
        program,
        control,
        input,
        command: None,
        started: false,
        until: None,
        kill: None,
        session: None,
        orphaned: false,
        on_its_own: false,
    };
    let mut orders = BufReader::new(guard.control.try_clone()?);
    loop {
        if guard.look() {
            break;
        }
        guard.set(&timer)?;
        let control = guard.control.as_fd().try_clone_to_owned()?;
        let mut watched = vec![
            PollFd::from_borrowed_fd(timer.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(children.as_fd(), PollFlags::IN),
        ];
        if !guard.orphaned {
            watched.push(PollFd::from_borrowed_fd(control.as_fd(), PollFlags::IN));
        }
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => debug!("cannot wait: {error}"),
        }
        let is_ordered = watched.get(2).is_some_and(|control| !control.revents().is_empty());
        let mut bytes = [0; 256];
        while matches!(read(&children, &mut bytes), Ok(count) if count == bytes.len()) {}
        if is_ordered {
            loop {
                guard.take(wire::receive(&mut orders));
                if guard.orphaned || orders.buffer().is_empty() {
                    break;
                }
            }
        }
    }
    guard.end(client);
    Ok(())
}

impl Guard<'_> {
    /// Does what an order says.
    fn take(&mut self, order: Option<Order>) {
        match order {
            None => {
                (self.orphaned, self.on_its_own) = (true, true);
                self.stop();
            }
            Some(Order::Start { variables }) => self.start(&variables),
            Some(Order::Until { stop, end, session }) => {
                let moment = |nanoseconds| Moment::since_start(Duration::from_nanos(nanoseconds));
                self.until = Some((moment(stop), moment(end)));
                self.session = Some(session);
            }
            Some(Order::Unlimited { session }) => (self.until, self.session) = (None, session),
            Some(Order::Stop) => self.stop(),
            Some(Order::Signal(signal)) => self.signal(signal),
        }
    }

    fn start(&mut self, variables: &[(String, String)]) {
        self.started = true;
        // The run may have been stopped for long between winning the lead and this order.
        if self.until.is_some_and(|(stop, _)| stop.has_come()) {
            self.on_its_own = true;
            return;
        }
        let mut command = Command::new(&self.program);
        command.arg0(START).arg(getpid().to_string()).args(&self.settings.command);
        for name in KEPT_BACK {
            command.env_remove(name);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value))).process_group(0);
        command.stdin(self.input.take().map_or_else(Stdio::null, Stdio::from));
        match command.spawn() {
            // The guard reaps it as any other process below it.
            Ok(child) => self.command = Some(Pid::from_child(&child)),
            Err(error) => {
                self.report(&Report::Trouble(format!("cannot execute {}: {error}", self.program.display())));
                self.report(&Report::Code(126));
            }
        }
    }

    /// Asks everything to end, and sets when it is killed.
    fn stop(&mut self) {
        if self.kill.is_none() {
            self.kill = Some(Moment::now().after(self.settings.grace));
        }
        self.signal(number::TERM);
        // Those that have left the group are told, too; a stopped process hears it once it goes on.
        signal_all(Signal::TERM, self.command);
        signal_all(Signal::CONT, None);
    }

    fn signal(&self, signal: u8) {
        let Some((group, signal)) = self.command.zip(Signal::from_named_raw(i32::from(signal))) else { return };
        if let Err(error) = kill_process_group(group, signal) {
            debug!("{signal:?} does not reach group {group}: {error}");
        }
    }

    /// Reaps what has ended, and sends the signals that are due. Returns whether nothing is left.
    fn look(&mut self) -> bool {
        if !self.started {
            return self.orphaned;
        }
        let mut ended = None;
        let command = self.command;
        let is_left = reap(|pid, how| {
            if Some(pid) == command {
                ended = Some(how);
            }
        });
        if let Some(how) = ended {
            self.command = None;
            self.report(&match how {
                Ended::Code(code) => Report::Code(code),
                Ended::Signal(signal) => Report::Signal(signal),
            });
        }
        if matches!(is_left, Ok(false)) {
            return true;
        }
        // What a command leaves behind is part of it, and ends with it.
        if self.command.is_none() && self.kill.is_none() {
            self.stop();
        }
        if self.until.is_some_and(|(stop, _)| stop.has_come()) && self.kill.is_none() {
            self.on_its_own = true;
            self.stop();
        }
        if self.kill_at().is_some_and(Moment::has_come) {
            self.on_its_own |= self.until.is_some_and(|(_, end)| end.has_come());
            signal_all(Signal::KILL, None);
        }
        false
    }

    /// When SIGKILL is due.
    fn kill_at(&self) -> Option<Moment> {
        self.kill.into_iter().chain(self.until.map(|(_, end)| end)).min()
    }

    /// Sets the timer to the next moment at which something is due.
    fn set(&self, timer: &OwnedFd) -> io::Result<()> {
        let stop = self.until.map(|(stop, _)| stop).filter(|_| self.kill.is_none());
        let next = self.kill_at().into_iter().chain(stop).min();
        let next = next
            .filter(|_| self.started)
            .map(|next| if next.has_come() { Moment::now().after(KILL_EVERY) } else { next }.from_start());
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = next.map_or(zero, |next| Timespec {
            tv_sec: next.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: next.subsec_nanos().into(),
        });
        timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &Itimerspec { it_interval: zero, it_value: value })?;
        Ok(())
    }

    fn report(&self, report: &Report) {
        if let Err(error) = wire::send(&self.control, report) {
            debug!("the run does not hear the guard: {error}");
        }
    }

    /// Nothing is left. A guard that has ended the command on its own also releases the lock: nobody else may do it soon.
    fn end(self, client: &Client) {
        if self.on_its_own && !self.orphaned {
            self.report(&Report::Expired);
        }
        self.report(&Report::Gone);
        let Some(session) = self.session.as_ref().filter(|_| self.on_its_own) else { return };
        for _ in 0..RELEASE.1 {
            match release_for(client, &self.settings.lock_key(), session, RELEASE.0) {
                Ok(()) => return,
                Err(error) => debug!("{error:#}"),
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Becomes the command, which the system kills if the guard ends first. Returns only if that fails: with the exit code and the error.
pub fn start(arguments: &[OsString]) -> (u8, String) {
    let mut arguments = arguments.iter();
    let guard = arguments.next().and_then(|guard| guard.to_str()?.parse::<i32>().ok());
    let Some(file) = arguments.next() else { return (125, "no command is named".to_owned()) };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return (125, format!("cannot tie the command to its guard: {error}"));
    }
    // The guard may have ended before.
    if getppid().map(|parent| parent.as_raw_nonzero().get()) != guard {
        return (125, "its guard has ended".to_owned());
    }
    let error = Command::new(file).args(arguments).exec();
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    (code, format!("cannot execute {}: {error}", crate::text::one_line(&file.to_string_lossy())))
}
