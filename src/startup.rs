//! What both programs need of the process: the token out of the process list, the log, signals, a panic's line, output. Knows no command.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use consul_master_election_tagger::{Interrupt, Run, log_record, loggable, of_panic, take_token};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Sets up what a run needs of the process. `code` is as for [`exit_on_panic`].
pub fn begin(run: &Run, not_hidden: Option<std::io::Error>, code: Option<u8>) {
    exit_on_panic(Some(run.config.names.query.clone()), code);
    start_log(run);
    if let Some(error) = not_hidden {
        log::warn!("cannot hide the token from the process list: {error}");
    }
}

/// Re-executes with the token moved to the environment, since the process list shows every argument. The process ID stays. Returns only
/// if that fails, with the error.
pub fn hide_token(arguments: &[OsString]) -> Option<std::io::Error> {
    let (left, token) = take_token(arguments)?;
    let mut again = std::process::Command::new(this_program());
    again.arg0(std::env::args_os().next().unwrap_or_default()).args(left);
    // The option takes precedence over the file that a variable names.
    Some(again.env("CONSUL_HTTP_TOKEN", token).env_remove("CONSUL_HTTP_TOKEN_FILE").exec())
}

/// The path of the program that runs, also if an update has replaced its file since it was started.
pub fn this_program() -> PathBuf {
    std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into())
}

/// Prints a text. A closed stdout does not change the exit code.
pub fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Lets the first of these signals end a wait in good order, after `noted` has heard which one it was. The second one ends the process, also
/// if nobody reads what it prints. Consul shows a run that a signal kills as critical.
pub fn interrupt_on_signals(signals: &[i32], interrupt: Interrupt, noted: impl Fn(i32) + Send + 'static) {
    let mut signals = match Signals::new(signals) {
        Ok(signals) => signals,
        Err(error) => return log::warn!("a signal ends this run at once: {error}"),
    };
    let watch = move || {
        for (number, signal) in signals.forever().enumerate() {
            noted(signal);
            interrupt.interrupt();
            if number > 0 {
                // It returns only for a signal that cannot end a process.
                let _ = emulate_default_handler(signal);
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("signals".to_owned()).spawn(watch) {
        log::warn!("a signal does not end this run in good order: {error}");
    }
}

/// Complains on standard error. A closed one does not change the exit code.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Logs to standard error. Consul stores both outputs as one text, so a logged line begins as the verdict does.
fn start_log(run: &Run) {
    let (format, election) = (run.log_format, run.config.names.query.clone());
    let secrets = run.config.access.secrets();
    let filters = std::env::var("RUST_LOG").unwrap_or_default();
    let readable = env_filter::Builder::new().try_parse(&filters).is_ok();
    let mut builder = env_logger::Builder::new();
    builder.filter_level(log::LevelFilter::Warn);
    if run.task.is_some() {
        // A run says each change of the lead.
        builder.filter_module("consul_master_election_tagger", log::LevelFilter::Info);
    }
    match run.log_level {
        // Without the records of the HTTP client, which RUST_LOG can ask for.
        Some(level) => {
            builder.filter_module("consul_master_election_tagger", level);
        }
        None if readable => {
            builder.parse_filters(&filters);
        }
        None => {}
    }
    builder
        .format(move |out, record| {
            // At trace level the HTTP client logs every byte that it sends, including the token.
            let is_own = record.target().starts_with("consul_master_election_tagger");
            if record.level() == log::Level::Trace && !is_own {
                return Ok(());
            }
            let message = loggable(&record.args().to_string(), &secrets);
            writeln!(out, "{}", log_record(format, &election, record.level(), &message))
        })
        .init();
    if !readable {
        log::warn!("RUST_LOG is invalid and ignored: {}", filters.escape_debug());
    }
}

/// Ends a run that panics with a line and its exit code, instead of a trace and exit code 101. With a `code` of its own it is a command that
/// somebody typed, whose output is for something else.
pub fn exit_on_panic(query: Option<String>, code: Option<u8>) {
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        let message = message.unwrap_or("no message");
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        let verdict = of_panic(query.as_deref(), &format!("{message}{place}"));
        match code {
            Some(_) => complain(&verdict.line),
            None => drop(print(&format!("{}\n", verdict.line))),
        }
        std::process::exit(code.unwrap_or(verdict.exit_code()).into());
    }));
}
