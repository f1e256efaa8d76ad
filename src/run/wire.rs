//! What a run and its guard say to each other: one line of JSON each, over the guard's standard input. The first byte may carry the
//! command's standard input. Must never know what follows from a message.

use std::io::{self, BufRead, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::io::retry_on_intr;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message.
const LONGEST: usize = 64 * 1024;

/// What the guard is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Start the command, with these variables.
    Start {
        /// Names and values.
        variables: Vec<(String, String)>,
    },
    /// By which moments the command must be asked to stop, and be over, in nanoseconds since the machine's start; and the session whose
    /// lock is released if this program ends first.
    Until {
        /// When SIGTERM is due.
        stop: u64,
        /// When SIGKILL is due.
        end: u64,
        /// The session that holds the lock.
        session: String,
    },
    /// No such moments: the command may run while the lead is not proven.
    Unlimited {
        /// The session that holds the lock, if any.
        session: Option<String>,
    },
    /// End the command: SIGTERM at once, SIGKILL after the grace.
    Stop,
    /// Send a signal to the command's group.
    Signal(u8),
}

/// What the guard reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The command's own process has ended.
    Code(u8),
    /// A signal has ended it.
    Signal(u8),
    /// The guard ended the command, because the deadline came.
    Expired,
    /// Nothing of the command is left.
    Gone,
    /// Something went wrong.
    Trouble(String),
}

/// Sends the first byte, with a descriptor or without.
///
/// # Errors
/// When the other side has closed.
pub fn send_first(stream: &UnixStream, descriptor: Option<BorrowedFd>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let all: Vec<BorrowedFd> = descriptor.into_iter().collect();
    if !all.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&all));
    }
    let byte = [IoSlice::new(b"\n")];
    retry_on_intr(|| sendmsg(stream, &byte, &mut ancillary, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// Receives the first byte, and the descriptor that came with it.
///
/// # Errors
/// When the other side has closed.
pub fn receive_first(stream: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut slices = [IoSliceMut::new(&mut byte)];
    let received = retry_on_intr(|| recvmsg(stream.as_fd(), &mut slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC))?;
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut found = None;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(mut descriptors) = message {
            found = descriptors.next();
        }
    }
    Ok(found)
}

/// Sends a message.
///
/// # Errors
/// When the other side has closed.
pub fn send(mut stream: &UnixStream, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Receives a message; `None`: the other side has closed, or says something else.
pub fn receive<T: DeserializeOwned>(reader: &mut impl BufRead) -> Option<T> {
    let mut line = Vec::new();
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
    io::Read::take(reader, limit).read_until(b'\n', &mut line).ok()?;
    serde_json::from_slice(&line).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    #[test]
    fn messages_and_a_descriptor_arrive_as_they_were_sent() {
        let (one, two) = UnixStream::pair().unwrap();
        let (reader, writer) = crate::process::pipe().unwrap();
        send_first(&one, Some(reader.as_fd())).unwrap();
        drop(reader);
        let orders = [
            Order::Start { variables: vec![("A".to_owned(), "b\nc".to_owned())] },
            Order::Until { stop: 1, end: u64::MAX, session: "s".to_owned() },
            Order::Unlimited { session: None },
            Order::Stop,
            Order::Signal(15),
        ];
        for order in &orders {
            send(&one, order).unwrap();
        }
        let descriptor = receive_first(&two).unwrap().unwrap();
        let mut reader = BufReader::new(&two);
        for order in orders {
            assert_eq!(receive(&mut reader), Some(order));
        }
        std::fs::File::from(writer).write_all(b"x").unwrap();
        let mut text = String::new();
        std::fs::File::from(descriptor).read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
        drop(one);
        assert_eq!(receive::<Order>(&mut reader), None);
    }

    #[test]
    fn a_first_byte_may_come_alone_and_nonsense_is_no_message() {
        let (one, two) = UnixStream::pair().unwrap();
        send_first(&one, None).unwrap();
        assert!(receive_first(&two).unwrap().is_none());
        (&one).write_all(b"nonsense\n").unwrap();
        assert_eq!(receive::<Report>(&mut BufReader::new(&two)), None);
        drop(one);
        assert!(receive_first(&two).is_err());
    }
}
