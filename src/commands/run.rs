//! `run`: a command on the leader only, its guard, and what becomes the command.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use log::{error, info};

use super::timetable::{plan, print_next};
use crate::cli::Run;
use crate::cli::lines::loggable;
use crate::cli::run_lines::{FAILED, of_ending, of_news};
use crate::lead::Client;
use crate::run::{Itself, News, guard, run as run_task, start};

/// Runs the command whenever this node leads, and returns the exit code. `program` is this program, and `arguments` are its own.
#[must_use]
pub fn run(run: &Run, program: PathBuf, arguments: Vec<OsString>) -> u8 {
    let Some(task) = &run.task else { return FAILED };
    if let (Some(schedule), Some(count)) = (&task.schedule, task.next) {
        return match print_next(schedule, count) {
            Ok((code, why)) => {
                if let Some(why) = why {
                    complain(&why);
                }
                code
            }
            Err(words) => refuse(&run.places.located(&words)),
        };
    }
    let plan = match plan(task) {
        Ok(plan) => plan,
        Err(words) => return refuse(&run.places.located(&words)),
    };
    let secrets = run.config.access.secrets();
    let say = |news: &News| {
        let words = of_news(news);
        info!("{words}");
        // The log hides the secrets by itself, the service manager's status does not.
        loggable(&words, &secrets)
    };
    let ending = run_task(task, plan, client(run), Itself { program, arguments }, &say, |stream, line| {
        info!("{stream}: {line}");
    });
    let (line, code) = match ending {
        Ok(ending) => of_ending(&ending),
        Err(invalid) => (Some(format!("error: {invalid}")), FAILED),
    };
    if let Some(line) = line {
        // The level says that already.
        error!("{}", line.strip_prefix("error: ").unwrap_or(&line));
    }
    code
}

/// Says what is wrong with the schedule, as for any other option.
fn refuse(words: &str) -> u8 {
    complain(words);
    FAILED
}

fn complain(words: &str) {
    // Somebody who has closed stderr wants no words.
    let _ = writeln!(std::io::stderr(), "consul-master-election-tagger run: error: {words}");
}

/// Guards the command of a run, and returns the exit code, which nobody reads.
#[must_use]
pub fn guard_command(run: &Run, program: PathBuf) -> u8 {
    let Some(task) = &run.task else { return FAILED };
    match guard(task, &client(run), program) {
        Ok(()) => 0,
        Err(error) => {
            error!("the guard cannot work: {error}");
            FAILED
        }
    }
}

/// Becomes the command. Returns only if that fails: the exit code and the line.
#[must_use]
pub fn become_command(arguments: &[OsString]) -> (u8, String) {
    let (code, words) = start(arguments);
    (code, format!("consul-master-election-tagger run: error: {words}"))
}

fn client(run: &Run) -> Client {
    Client::new(&run.config.access, &run.config.names.scope)
}
