//! Never two commands, whatever fails: many elections side by side on agents in namespaces, faults at random moments, and an observer that
//! is not the program. `ROUNDS` makes it longer, `SEED` repeats its choices; `make chaos-run` does both.
//!
//! Not among the faults, because nobody can promise anything then: the run and its guard stopped at once, a stopped guard whose run is
//! killed, a stopped run whose guard is killed.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use super::checker::{FOLDER, KIND, KINDS, Life, command, lives, wrongs};
use super::children;
use super::netns::{Agent, HALF, Net};
use crate::harness::{Pass, Random, Running, millis, secs, signal, wait_for};

/// Grace and lock-delay, in the least safe combinations that are accepted.
const TIMINGS: [(&str, &str); 3] = [("0s", "7s"), ("1s", "8s"), ("2s", "9s")];

struct Election {
    name: String,
    folder: PathBuf,
    timings: (&'static str, &'static str),
    kind: &'static str,
    /// One run on each client.
    runs: Vec<Option<Running>>,
}

/// What ends a fault.
enum Undo {
    /// Continue this process, of this run.
    Continue(u32, usize, usize),
    /// Heal this agent.
    Heal(usize),
}

struct Chaos {
    net: Net,
    elections: Vec<Election>,
    random: Random,
    undo: Vec<(Instant, Undo)>,
    faults: Vec<(&'static str, usize)>,
    /// What was done when, for a failure.
    history: Vec<String>,
}

#[test]
fn two_commands_never_run_at_once_whatever_fails() {
    let number = |name: &str, default: usize| env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let rounds = number("ROUNDS", 6);
    let mut chaos = Chaos::start(number("ELECTIONS", if rounds > 50 { 12 } else { 5 }));
    let begin = Instant::now();
    for round in 0..rounds {
        chaos.fault();
        let pause = chaos.random.duration(secs(1)..secs(4));
        chaos.wait(pause);
        if round % 20 == 19 {
            println!("{} of {rounds} rounds, {} s", round + 1, begin.elapsed().as_secs());
            chaos.check();
        }
    }
    chaos.end();
}

impl Chaos {
    fn start(elections: usize) -> Chaos {
        let random = Random::new();
        let net = Net::start();
        let elections = (0..elections)
            .map(|number| {
                let name = format!("e{number}");
                let folder = net.folder().join(&name);
                fs::create_dir_all(&folder).unwrap();
                let (timings, kind) = (TIMINGS[number % TIMINGS.len()], KINDS[number % KINDS.len()]);
                Election { name, folder, timings, kind, runs: (0..HALF).map(|_| None).collect() }
            })
            .collect();
        let mut chaos = Chaos { net, elections, random, undo: Vec::new(), faults: Vec::new(), history: Vec::new() };
        chaos.restart();
        chaos.wait_for_commands();
        chaos
    }

    /// Starts every run that has ended.
    fn restart(&mut self) {
        for election in &mut self.elections {
            for (client, run) in election.runs.iter_mut().enumerate() {
                if run.as_mut().is_some_and(|run| !run.has_ended()) {
                    continue;
                }
                let (grace, lock_delay) = election.timings;
                let options = ["run", "--name", &election.name, "--grace", grace, "--lock-delay", lock_delay];
                let policies = [
                    "--on-success",
                    "rerun",
                    "--on-error",
                    "reelect",
                    "--stand-back",
                    "1s",
                    "--log-format",
                    "json",
                    "--",
                ];
                let own = command();
                let pass = Pass::bare()
                    .at(&self.net.agents[HALF + client].address())
                    .env(FOLDER, election.folder.to_str().unwrap())
                    .env(KIND, election.kind)
                    .args(options.into_iter().chain(policies).chain(own.iter().map(String::as_str)));
                *run = Some(pass.spawn());
            }
        }
    }

    /// Causes one fault.
    fn fault(&mut self) {
        let what = self.random.within(0..11);
        let back = Instant::now() + self.random.duration(millis(200)..secs(15));
        let name = match what {
            0 => self.of_run("the run is killed", |_, pid| signal(pid, Signal::KILL), None),
            1 | 2 => self.of_run("the run is stopped", |_, pid| signal(pid, Signal::STOP), Some(back)),
            3 => self.of_guard("the guard is killed", Signal::KILL, None),
            4 => self.of_guard("the guard is stopped", Signal::STOP, Some(back)),
            5 => self.of_session(),
            6 => self.of_agent("an agent is stopped", HALF, back, Agent::pause),
            7 => self.of_agent("an agent is killed", HALF, back, Agent::kill),
            8 => self.of_agent("an agent is cut off", HALF, back, Agent::cut),
            9 => self.of_agent("a server is stopped", 0, back, Agent::pause),
            _ => self.of_agent("a server is killed", 0, back, Agent::kill),
        };
        let Some(name) = name else { return };
        match self.faults.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => self.faults.push((name, 1)),
        }
    }

    /// A run of an election, the leader's more often than not, that has no fault yet: its election, its client and its process.
    fn run(&mut self) -> Option<(usize, usize, u32)> {
        let at = usize::try_from(self.random.within(0..self.elections.len() as u64)).unwrap();
        let any = usize::try_from(self.random.within(0..HALF as u64)).unwrap();
        let leads = |run: &Option<Running>| run.as_ref().is_some_and(|run| !children(run.id()).is_empty());
        let runs = &self.elections[at].runs;
        let client = runs.iter().position(leads).filter(|_| any != 0).unwrap_or(any);
        let is_hurt =
            self.undo.iter().any(|(_, undo)| matches!(undo, Undo::Continue(_, e, c) if (*e, *c) == (at, client)));
        let pid = runs[client].as_ref()?.id();
        (!is_hurt).then_some((at, client, pid))
    }

    fn of_run(&mut self, name: &'static str, hurt: fn(&mut Chaos, u32), back: Option<Instant>) -> Option<&'static str> {
        let (election, client, pid) = self.run()?;
        self.note(&format!("{name}: e{election} c{client} process {pid}"));
        hurt(self, pid);
        self.undo.extend(back.map(|back| (back, Undo::Continue(pid, election, client))));
        Some(name)
    }

    fn of_guard(&mut self, name: &'static str, how: Signal, back: Option<Instant>) -> Option<&'static str> {
        let (election, client, pid) = self.run()?;
        let guard = *children(pid).first()?;
        self.note(&format!("{name}: e{election} c{client} process {guard}"));
        signal(guard, how);
        self.undo.extend(back.map(|back| (back, Undo::Continue(guard, election, client))));
        Some(name)
    }

    /// Destroys the session of a leader, by an agent of any kind.
    fn of_session(&mut self) -> Option<&'static str> {
        let at = usize::try_from(self.random.within(0..self.elections.len() as u64)).unwrap();
        let agent = usize::try_from(self.random.within(0..2 * HALF as u64)).unwrap();
        let path = format!("/v1/kv/service/{}/leader", self.elections[at].name);
        let (_, text) = self.net.agents[agent].request("GET", &path)?;
        let entry: serde_json::Value = serde_json::from_str(&text).ok()?;
        let session = entry[0]["Session"].as_str()?.to_owned();
        self.note(&format!("a session is destroyed: e{at} {session} by {}", self.net.agents[agent].name));
        self.net.agents[agent].request("PUT", &format!("/v1/session/destroy/{session}"))?;
        Some("a session is destroyed")
    }

    fn of_agent(
        &mut self,
        name: &'static str,
        first: usize,
        back: Instant,
        hurt: fn(&mut Agent),
    ) -> Option<&'static str> {
        let at = first + usize::try_from(self.random.within(0..HALF as u64)).unwrap();
        if self.undo.iter().any(|(_, undo)| matches!(undo, Undo::Heal(hurt) if *hurt == at)) {
            return None;
        }
        self.note(&format!("{name}: {}", self.net.agents[at].name));
        hurt(&mut self.net.agents[at]);
        self.undo.push((back, Undo::Heal(at)));
        Some(name)
    }

    /// Waits, ends the faults that are due, and starts what has ended.
    fn wait(&mut self, length: Duration) {
        let end = Instant::now() + length;
        while Instant::now() < end {
            let (due, later) =
                std::mem::take(&mut self.undo).into_iter().partition(|(when, _)| *when <= Instant::now());
            self.undo = later;
            self.undo_all(due);
            self.restart();
            std::thread::sleep(millis(50));
        }
    }

    /// Remembers what is done, and which leader the servers name.
    fn note(&mut self, what: &str) {
        let now = humantime::format_rfc3339_millis(SystemTime::now());
        let leaders: Vec<_> = self.net.agents[..HALF]
            .iter()
            .map(|server| server.request("GET", "/v1/status/leader").map_or("?".to_owned(), |(_, text)| text))
            .collect();
        self.history.push(format!("{now} {what}; leader {}", leaders.join(" ")));
    }

    fn undo_all(&mut self, due: Vec<(Instant, Undo)>) {
        for (_, undo) in due {
            match &undo {
                Undo::Continue(pid, e, c) => self.note(&format!("process {pid} of e{e} c{c} goes on")),
                Undo::Heal(agent) => self.note(&format!("{} is healed", self.net.agents[*agent].name)),
            }
            match undo {
                Undo::Continue(pid, ..) => signal(pid, Signal::CONT),
                Undo::Heal(agent) => self.net.agents[agent].heal(),
            }
        }
    }

    /// Reads every file, and panics if two commands ran at once. Returns how many terms there were.
    fn check(&mut self) -> usize {
        let mut terms = 0;
        for at in 0..self.elections.len() {
            let election = &self.elections[at];
            let lives = lives(&election.folder);
            let wrongs = wrongs(&lives);
            if !wrongs.is_empty() {
                self.report(at, &lives, &wrongs);
            }
            let mut tokens: Vec<_> = lives.iter().map(|life| life.token).collect();
            tokens.dedup();
            terms += tokens.len();
        }
        terms
    }

    /// Panics with everything that may explain it.
    fn report(&mut self, at: usize, lives: &[Life], wrongs: &[String]) -> ! {
        let now = SystemTime::now();
        let clock = super::checker::now();
        let time =
            |moment: u64| humantime::format_rfc3339_millis(now - Duration::from_nanos(clock - moment)).to_string();
        let election = &mut self.elections[at];
        println!("{}, {}, {:?}: {}", election.name, election.kind, election.timings, wrongs.join("\n"));
        for life in lives.iter().rev().take(12) {
            println!("{} {:?} from {} to {}", life.file, life.token, time(life.start), time(life.last));
        }
        println!("{}", self.history[self.history.len().saturating_sub(60)..].join("\n"));
        for (client, run) in election.runs.iter_mut().enumerate() {
            let Some(run) = run.take() else { continue };
            println!("the log of c{client}, process {}:", run.id());
            signal(run.id(), Signal::CONT);
            let text = run.killed();
            let log: Vec<&str> = text.lines().collect();
            println!("{}", log[log.len().saturating_sub(40)..].join("\n"));
        }
        panic!("{}: {}", election.name, wrongs.join("; "));
    }

    /// Waits until every election has a command that lives.
    fn wait_for_commands(&mut self) {
        let began = super::checker::now();
        for election in &self.elections {
            wait_for(&format!("a command of {}", election.name), secs(120), || {
                let last = lives(&election.folder).iter().map(|life| life.last).max().unwrap_or_default();
                if last > began { Ok(()) } else { Err(format!("the last heartbeat was {last}, of {began}")) }
            });
        }
    }

    fn end(mut self) {
        let due = std::mem::take(&mut self.undo);
        self.undo_all(due);
        self.net.heal();
        self.restart();
        self.wait_for_commands();
        let terms = self.check();
        println!("{terms} terms without an overlap; faults: {:?}", self.faults);
        assert!(terms > self.elections.len(), "no lead has ever moved");
        for run in self.elections.iter().flat_map(|election| &election.runs).flatten() {
            run.signal(Signal::TERM);
        }
        for run in self.elections.iter_mut().flat_map(|election| &mut election.runs).flatten() {
            wait_for("a run to end", secs(60), || if run.has_ended() { Ok(()) } else { Err(run.id().to_string()) });
        }
    }
}
