//! A guard as a run holds it: starts it, tells it deadlines and signals, and hears how the command ended. Must never know why.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
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
        let mut command = Command::new(&itself.program);
        // Ctrl-C in a terminal reaches every process of a group, and must not end the guard.
        command.arg0(GUARD).args(&itself.arguments).process_group(0);
        command.stdin(Stdio::from(OwnedFd::from(own)));
        if settings.wraps_output {
            for (name, is_error) in [("stdout", false), ("stderr", true)] {
                let (reader, writer) = pipe()?;
                wrap(File::from(reader), move |text| line(name, text))?;
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
        let mut charge = Charge { control, process, told: None, grace: settings.grace, kill: None, end: None };
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
            self.tell(&order);
            self.told = Some(order);
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

    /// Returns whether the command should be over, and the guard has not said so: it may be stopped itself.
    pub fn is_overdue(&self) -> bool {
        self.kill.into_iter().chain(self.end).min().is_some_and(|end| end.after(LATER).has_come())
    }

    /// Reaps the guard, which has said that it ends.
    pub fn finish(mut self) {
        // An error means that it has been reaped.
        let _ = self.process.wait();
    }

    fn tell(&self, order: &Order) {
        if let Err(error) = wire::send(&self.control, order) {
            debug!("the guard does not hear this: {error}");
        }
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
