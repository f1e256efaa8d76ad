//! The process: arguments, log, signals, panic, output, exit code. Everything else belongs to the library.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use consul_master_election_tagger::{
    Command, Interrupt, Run, Verdict, check, help, help_in_a_check, log_record, loggable, of_panic, of_usage, resign, take_token,
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

fn main() -> ExitCode {
    exit_on_panic(None);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let not_hidden = hide_token(&arguments);
    match Command::read(arguments.iter().cloned(), |name| std::env::var_os(name)) {
        Ok(Command::Help) => match help_in_a_check(&arguments) {
            Some(error) if !std::io::stdout().is_terminal() => end(&of_usage(&error)),
            _ => print(&help()),
        },
        Ok(Command::Version) => print(&format!("consul-master-election-tagger {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Check(run)) => {
            begin(&run, not_hidden);
            let interrupt = Interrupt::new();
            // A pass that does not wait ends soon, and can be killed at any point.
            if !run.config.wait.length.is_zero() {
                interrupt_on_signals(interrupt.clone());
            }
            end(&check(&run.config, &interrupt))
        }
        Ok(Command::Resign(run)) => {
            begin(&run, not_hidden);
            end(&resign(&run.config))
        }
        Err(error) => end(&of_usage(&error)),
    }
}

/// Sets up what a run needs of the process.
fn begin(run: &Run, not_hidden: Option<std::io::Error>) {
    exit_on_panic(Some(run.config.names.query.clone()));
    start_log(run);
    if let Some(error) = not_hidden {
        log::warn!("cannot hide the token from the process list: {error}");
    }
}

/// Re-executes with the token moved to the environment, since the process list shows every argument. The process ID stays. Returns only
/// if that fails, with the error.
fn hide_token(arguments: &[OsString]) -> Option<std::io::Error> {
    let (left, token) = take_token(arguments)?;
    // An update may have replaced the program's file since it was started.
    let program = std::env::current_exe().ok().filter(|path| path.exists()).unwrap_or_else(|| "/proc/self/exe".into());
    let mut again = std::process::Command::new(program);
    again.arg0(std::env::args_os().next().unwrap_or_default()).args(left);
    // The option takes precedence over the file that a variable names.
    Some(again.env("CONSUL_HTTP_TOKEN", token).env_remove("CONSUL_HTTP_TOKEN_FILE").exec())
}

/// Lets the first SIGTERM, SIGINT or SIGHUP end a wait in good order, and the second one end the process. Consul shows a run that a signal
/// kills as critical, and `pkill -HUP consul`, meant to reload the agent, reaches this program too.
fn interrupt_on_signals(interrupt: Interrupt) {
    let mut signals = match Signals::new([SIGTERM, SIGINT, SIGHUP]) {
        Ok(signals) => signals,
        Err(error) => return log::warn!("a signal ends this run at once: {error}"),
    };
    let watch = move || {
        for (number, signal) in signals.forever().enumerate() {
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

/// Prints the verdict. A closed stdout does not change the exit code.
fn end(verdict: &Verdict) -> ExitCode {
    print(&format!("{}\n", verdict.line));
    ExitCode::from(verdict.exit_code())
}

fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Logs to standard error. Consul stores both outputs as one text, so a logged line begins as the verdict does.
fn start_log(run: &Run) {
    let (format, election) = (run.log_format, run.config.names.query.clone());
    let secrets = run.config.access.secrets();
    let filters = std::env::var("RUST_LOG").unwrap_or_default();
    let readable = env_filter::Builder::new().try_parse(&filters).is_ok();
    let mut builder = env_logger::Builder::new();
    builder.filter_level(log::LevelFilter::Warn);
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

/// Ends a run that panics with a line and its exit code, instead of a trace and exit code 101.
fn exit_on_panic(query: Option<String>) {
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        let message = message.unwrap_or("no message");
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        let verdict = of_panic(query.as_deref(), &format!("{message}{place}"));
        print(&format!("{}\n", verdict.line));
        std::process::exit(verdict.exit_code().into());
    }));
}
