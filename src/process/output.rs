//! The pipe that a child writes to: reads it without ever waiting for its end. Must never know lines or the child.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionread, read, retry_on_intr};

use super::transcript::Transcript;

/// How many bytes of output are taken at once.
const CHUNK: usize = 8 * 1024;

/// The reading end of the pipe, and what has come out of it.
pub struct Output<'a> {
    /// `None`: no process is left that could write to it.
    pipe: Option<OwnedFd>,
    transcript: Transcript<'a>,
}

impl<'a> Output<'a> {
    /// Creates the output of the child called `name`, read from `pipe`.
    pub fn new(pipe: OwnedFd, name: &'a str) -> Output<'a> {
        Output { pipe: Some(pipe), transcript: Transcript::new(name) }
    }

    /// Waits for output, or until the other side of `closing` closes. Returns whether that side has closed, and whether there is output.
    /// Both may be false, even before the time is over.
    pub fn poll(&self, closing: Option<&UnixStream>, time: Duration) -> io::Result<(bool, bool)> {
        let descriptors = [closing.map(AsFd::as_fd), self.pipe.as_ref().map(AsFd::as_fd)];
        let watch = |descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN);
        let mut watched: Vec<PollFd> = descriptors.into_iter().flatten().map(watch).collect();
        // A time that the system cannot express counts as no limit.
        match poll(&mut watched, Timespec::try_from(time).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut happened = watched.iter().map(|descriptor| !descriptor.revents().is_empty());
        let closed = closing.is_some() && happened.next() == Some(true);
        Ok((closed, happened.next() == Some(true)))
    }

    /// Takes some output. Blocks until some comes.
    pub fn take(&mut self) -> io::Result<()> {
        self.take_up_to(CHUNK).map(drop)
    }

    /// Takes only what is in the pipe now. That includes everything that ended processes wrote. A daemon may write faster than this reads.
    pub fn take_the_rest(&mut self) -> io::Result<()> {
        let held = self.pipe.as_ref().map_or(Ok(0), ioctl_fionread)?;
        let mut held = usize::try_from(held).unwrap_or(usize::MAX);
        while held > 0 && self.pipe.is_some() {
            held -= self.take_up_to(held)?;
        }
        Ok(())
    }

    /// Returns the last line that is not blank.
    pub fn end(self) -> Option<String> {
        self.transcript.end()
    }

    /// Takes up to `most` bytes, and returns their number.
    fn take_up_to(&mut self, most: usize) -> io::Result<usize> {
        let Some(pipe) = &self.pipe else { return Ok(0) };
        let mut chunk = [0; CHUNK];
        let room = &mut chunk[..most.min(CHUNK)];
        let count = retry_on_intr(|| read(pipe, &mut *room))?;
        self.transcript.add(&room[..count]);
        if count == 0 {
            self.pipe = None;
        }
        Ok(count)
    }
}

/// Creates a pipe that no other process inherits, and returns its reading and its writing end.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    // std::io::pipe needs Rust 1.87, and macOS has no pipe2. A process that another thread starts between these steps does no harm,
    // because nothing waits for this pipe to close.
    let (reader, writer) = rustix::pipe::pipe()?;
    fcntl_setfd(&reader, FdFlags::CLOEXEC)?;
    fcntl_setfd(&writer, FdFlags::CLOEXEC)?;
    Ok((reader, writer))
}
