//! The environment variable that is named for an option: `ELECTION_` and its name in capitals. Knows no option, and reads no variable.

/// What a hook and a child of `run` are told in their environment. They may run this program, so none of these is ever read as an option.
pub const OF_A_CHILD: &[&str] = &[
    "ELECTION_NAME",
    "ELECTION_TERM",
    "ELECTION_FENCING_TOKEN",
    "ELECTION_HELD",
    "ELECTION_TICK",
    "ELECTION_ROLE",
    "ELECTION_QUERY",
    "ELECTION_SERVICE",
    "ELECTION_SERVICE_ID",
    "ELECTION_NODE",
];

/// How each of them begins.
pub const PREFIX: &str = "ELECTION_";

/// The most bytes of such a name.
const LONGEST: usize = 40;

/// A name that is made when the program is compiled, since a run looks up every one of them.
#[derive(Clone, Copy)]
pub struct OwnVariable {
    bytes: [u8; LONGEST],
    length: usize,
}

impl OwnVariable {
    /// The name for an option with this flag, which begins with 2 dashes.
    pub const fn of(flag: &str) -> OwnVariable {
        let flag = flag.as_bytes();
        let mut bytes = [0; LONGEST];
        let mut length = 0;
        while length < PREFIX.len() {
            bytes[length] = PREFIX.as_bytes()[length];
            length += 1;
        }
        let mut at = 2;
        while at < flag.len() {
            bytes[length] = if flag[at] == b'-' { b'_' } else { flag[at].to_ascii_uppercase() };
            length += 1;
            at += 1;
        }
        OwnVariable { bytes, length }
    }

    /// The name.
    pub fn name(&self) -> Option<&str> {
        self.bytes.get(..self.length).and_then(|name| std::str::from_utf8(name).ok())
    }
}
