//! One run of a program: owns what is measured of it and how, and knows no elections.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::Result;
use crate::harness::wait_for;

/// What a run costs, in microseconds.
pub struct Cost {
    /// From before its start until its end.
    pub wall: f64,
    /// User and system time of its only thread.
    pub cpu: f64,
}

impl Cost {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Result<Cost> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let begin = Instant::now();
        let mut child = command.spawn()?;
        waitid(WaitId::Pid(Pid::from_child(&child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
        let wall = begin.elapsed();
        // In nanoseconds, but only until it is reaped. The sum that its parent gets is in ticks of 10 ms.
        let times = fs::read_to_string(format!("/proc/{}/schedstat", child.id()))?;
        let status = child.wait()?;
        if !status.success() {
            return Err(format!("{command:?}: {status}").into());
        }
        let on_cpu: f64 = times.split(' ').next().unwrap_or_default().parse()?;
        Ok(Cost { wall: wall.as_secs_f64() * 1e6, cpu: on_cpu / 1e3 })
    }
}

/// Returns the peak resident memory of a run in KiB. Its stdout is a full socket, so it blocks with its line in hand when all its work is
/// done, and can be inspected.
pub fn peak_memory(command: &mut Command) -> Result<f64> {
    let (reader, mut writer) = UnixStream::pair()?;
    writer.set_nonblocking(true)?;
    for size in [4096, 1] {
        while writer.write(&vec![b'.'; size]).is_ok() {}
    }
    writer.set_nonblocking(false)?;
    // It may complain that nobody reads its line.
    let mut child = command.stdin(Stdio::null()).stdout(OwnedFd::from(writer)).stderr(Stdio::null()).spawn()?;
    let waits = format!("/proc/{}/syscall", child.id());
    wait_for("the run to write its line", Duration::from_secs(10), || {
        let call = fs::read_to_string(&waits).unwrap_or_default();
        // Blocked in write(1, ...): system call 1 on x86-64, 64 on 64-bit ARM.
        if call.starts_with("1 0x1 ") || call.starts_with("64 0x1 ") { Ok(()) } else { Err(call) }
    });
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    drop(reader);
    child.wait()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}
