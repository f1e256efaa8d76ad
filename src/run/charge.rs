//! A guard as a run holds it: starts it, sends it deadlines and signals, and hears how the command ended. Must never know why.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use log::debug;

use super::guard::GUARD;
use super::policy::Settings;
use super::wire::{self, Order, Report};
use super::wrap::wrap;
use crate::lead::{Lead, Moment, Outage};
use crate::process::{Ended, pipe};

/// How much later than the guard the run itself ends a command. The margin of a deadline is longer.
const LATER: Duration = Duration::from_millis(200);

/// How long a message may take. A guard that is stopped reads nothing, and must not stop the run, too.
const MESSAGE_WITHIN: Duration = Duration::from_millis(100);

/// This program, and how it is executed as a guard.
#[derive(Clone, Debug)]
pub struct Itself {
    /// Its file.
    pub program: PathBuf,
    /// Its arguments, by which the guard knows the settings.
    pub arguments: Vec<OsString>,
}

/// What comes from a guard.
pub enum Heard {
    /// The guard ended the command, because the deadline came.
    Expired,
    /// Nothing of the command is left, and this is how its own process ended.
    Gone(Ended),
    /// The guard has ended before that. It may hold how the command's own process ended.
    Died(Option<Ended>),
    /// Something went wrong.
    Trouble(String),
}

/// A guard, and what it was told last.
pub struct Charge {
    control: UnixStream,
    process: Child,
    told: Option<Order>,
    grace: Duration,
    /// When SIGKILL is due, once the command was told to stop.
    kill: Option<Moment>,
    /// When everything must be over.
    end: Option<Moment>,
    /// Whether it was found to be overdue.
    was_overdue: bool,
    /// The threads that pass on the command's output.
    outputs: Vec<JoinHandle<()>>,
}

/// What a guard has not done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// End the command by the deadline of the lead.
    Deadline,
    /// End the command after it was told to.
    Grace,
}

impl Charge {
    /// Starts a guard, and lets it start the command.
    ///
    /// # Errors
    /// When the system gives no process, pipe or thread.
    pub fn start<T: Send + 'static>(
        itself: &Itself,
        settings: &Settings,
        lead: Option<&Lead>,
        tick: Option<String>,
        news: &Sender<T>,
        heard: fn(Heard) -> T,
        line: fn(&str, &str),
    ) -> io::Result<Charge> {
        let (control, own) = UnixStream::pair()?;
        control.set_write_timeout(Some(MESSAGE_WITHIN))?;
        let mut command = Command::new(&itself.program);
        // Ctrl-C in a terminal reaches every process of a group, and must not end the guard.
        command.arg0(GUARD).args(&itself.arguments).process_group(0);
        command.stdin(Stdio::from(OwnedFd::from(own)));
        let mut outputs = Vec::new();
        if settings.wraps_output {
            for (name, is_error) in [("stdout", false), ("stderr", true)] {
                let (reader, writer) = pipe()?;
                outputs.push(wrap(File::from(reader), move |text| line(name, text))?);
                if is_error {
                    command.stderr(writer)
                } else {
                    command.stdout(writer)
                };
            }
        }
        let process = command.spawn()?;
        // Drops this side of what the guard has now.
        drop(command);
        listen(control.try_clone()?, news.clone(), heard)?;
        let mut charge = Charge { outputs, ..Charge::new(control, process, settings.grace) };
        let input = stdin();
        wire::send_first(&charge.control, settings.passes_stdin.then(|| input.as_fd()))?;
        charge.extend(lead, settings.outage);
        let text = |name: &str, value: String| (name.to_owned(), value);
        let mut variables =
            vec![text("ELECTION_NAME", settings.name.clone()), text("ELECTION_HELD", lead.is_some().to_string())];
        if let Some(lead) = lead {
            variables.push(text("ELECTION_TERM", lead.token().lock_index.to_string()));
            variables.push(text("ELECTION_FENCING_TOKEN", lead.token().to_string()));
            variables.push(text("SESSIONID", lead.session().to_owned()));
        }
        variables.extend(tick.map(|tick| text("ELECTION_TICK", tick)));
        wire::send(&charge.control, &Order::Start { variables })?;
        Ok(charge)
    }

    fn new(control: UnixStream, process: Child, grace: Duration) -> Charge {
        Charge { control, process, told: None, grace, kill: None, end: None, was_overdue: false, outputs: Vec::new() }
    }

    /// Tells the guard by when the command must be over, if that has changed.
    pub fn extend(&mut self, lead: Option<&Lead>, outage: Outage) {
        let session = lead.map(|lead| lead.session().to_owned());
        let (order, end) = match (lead, session, outage) {
            (Some(lead), Some(session), Outage::Stop) => {
                let end = lead.valid_until();
                let nanoseconds = |moment: Moment| u64::try_from(moment.from_start().as_nanos()).unwrap_or(u64::MAX);
                let stop = nanoseconds(end.before(self.grace));
                (Order::Until { stop, end: nanoseconds(end), session }, Some(end))
            }
            (_, session, _) => (Order::Unlimited { session }, None),
        };
        self.end = end;
        if self.told.as_ref() != Some(&order) {
            self.told = self.tell(&order).then_some(order);
        }
    }

    /// Ends the command: SIGTERM at once, SIGKILL after the grace.
    pub fn stop(&mut self) {
        self.kill.get_or_insert(Moment::now().after(self.grace));
        self.tell(&Order::Stop);
    }

    /// Sends a signal to the command's group.
    pub fn signal(&self, signal: u8) {
        self.tell(&Order::Signal(signal));
    }

    /// Returns what the command's end is late for, if the guard has not reported that end: it may be stopped itself. The second value
    /// says whether this is the first time.
    pub fn overdue(&mut self) -> Option<(Overdue, bool)> {
        let has_come = |end: Option<Moment>| end.is_some_and(|end| end.after(LATER).has_come());
        let overdue = match (has_come(self.end), has_come(self.kill)) {
            (true, _) => Overdue::Deadline,
            (false, true) => Overdue::Grace,
            (false, false) => return None,
        };
        Some((overdue, !std::mem::replace(&mut self.was_overdue, true)))
    }

    /// Reaps the guard, which has said that it ends, in a thread of its own: it may release the lock first, and be stopped meanwhile. Returns
    /// the threads that pass on the command's output.
    pub fn finish(self) -> Vec<JoinHandle<()>> {
        let mut process = self.process;
        // An error means that it has been reaped.
        let reap = move || drop(process.wait());
        if let Err(error) = thread::Builder::new().name("reaper".to_owned()).spawn(reap) {
            debug!("the guard is reaped when this process ends: {error}");
        }
        self.outputs
    }

    /// Returns whether the message is on its way. A short message is sent whole or not at all.
    fn tell(&self, order: &Order) -> bool {
        let sent = wire::send(&self.control, order);
        if let Err(error) = &sent {
            debug!("the guard does not hear this: {error}");
        }
        sent.is_ok()
    }
}

/// Passes on what a guard reports, in a thread of its own.
fn listen<T: Send + 'static>(control: UnixStream, news: Sender<T>, heard: fn(Heard) -> T) -> io::Result<()> {
    let listen = move || {
        let mut reader = BufReader::new(control);
        let mut ended = None;
        let last = loop {
            match wire::receive(&mut reader) {
                Some(Report::Code(code)) => ended = Some(Ended::Code(code)),
                Some(Report::Signal(signal)) => ended = Some(Ended::Signal(signal)),
                Some(Report::Gone) => break Heard::Gone(ended.unwrap_or(Ended::Signal(super::machine::number::KILL))),
                Some(Report::Expired) => drop(news.send(heard(Heard::Expired))),
                Some(Report::Trouble(words)) => drop(news.send(heard(Heard::Trouble(words)))),
                None => break Heard::Died(ended),
            }
        };
        // Nobody listens to a guard of a run that ends.
        let _ = news.send(heard(last));
    };
    thread::Builder::new().name("guard".to_owned()).spawn(listen).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_reads_nothing_and_does_not_end_holds_nobody_up() {
        let (control, _own) = UnixStream::pair().unwrap();
        control.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
        let process = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = rustix::process::Pid::from_child(&process);
        let mut charge = Charge::new(control, process, Duration::from_secs(600));
        let sent = (0..1_000_000).take_while(|_| charge.tell(&Order::Signal(10))).count();
        assert!(sent < 1_000_000);
        // What was not sent is sent again later.
        charge.extend(None, Outage::Stop);
        assert_eq!(charge.told, None);
        charge.stop();
        assert_eq!(charge.overdue(), None);
        charge.kill = Some(Moment::since_start(Duration::ZERO));
        assert_eq!(charge.overdue(), Some((Overdue::Grace, true)));
        charge.end = charge.kill;
        assert_eq!(charge.overdue(), Some((Overdue::Deadline, false)));
        charge.finish();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}
