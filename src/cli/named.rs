//! A value from an option or a variable, and the file that it may name. The file is read whole, and reading never blocks. Must never know
//! what the file contains.

use std::fs::File;
use std::io::{Error, Read};
use std::path::Path;

use crate::bounds;

/// A value, and the option or variable that it comes from.
#[derive(Clone, Debug)]
pub struct Named {
    /// The option or variable, as the user writes it.
    pub by: &'static str,
    /// The value.
    pub value: String,
}

/// Some editors begin a file with this mark, which neither PEM nor a token may contain.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Named {
    /// Returns the content of the file that the value names.
    ///
    /// # Errors
    /// Names the option or variable, why the file cannot be read, and what to do. A value that looks like a token is not repeated: it was
    /// given in place of a path.
    pub fn read(&self) -> Result<Vec<u8>, String> {
        if looks_like_a_token(&self.value) && !Path::new(&self.value).exists() {
            let by = self.by;
            return Err(format!("{by}: there is no such file, and it looks like a token; name the file that has it"));
        }
        self.read_file(Path::new(&self.value))
    }

    /// Returns the content of a file: the one that the value names, or one below that directory.
    ///
    /// # Errors
    /// As for [`Named::read`].
    pub fn read_file(&self, path: &Path) -> Result<Vec<u8>, String> {
        // Opening or reading a pipe or a device could block forever.
        let metadata = std::fs::metadata(path).map_err(|error| self.cannot_read(path, &error))?;
        if metadata.is_dir() {
            return Err(format!("{}: {} is a directory; name a file", self.by, path.display()));
        }
        if !metadata.is_file() || metadata.len() > bounds::FILE {
            return Err(format!("{}: {} is not a file of at most 8 MiB; name another", self.by, path.display()));
        }
        let mut content = Vec::new();
        let file = File::open(path).map_err(|error| self.cannot_read(path, &error))?;
        file.take(bounds::FILE).read_to_end(&mut content).map_err(|error| self.cannot_read(path, &error))?;
        if content.starts_with(BYTE_ORDER_MARK) {
            content.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(content)
    }

    /// Returns the error that a file or a directory cannot be read.
    pub fn cannot_read(&self, path: &Path, error: &Error) -> String {
        format!("{}: cannot read {}: {error}; name one that this user can read", self.by, path.display())
    }
}

/// Returns whether a text has the form of Consul's tokens: a UUID.
pub fn looks_like_a_token(text: &str) -> bool {
    let of_groups = |lengths: [usize; 5]| {
        let groups: Vec<&str> = text.split('-').collect();
        groups.len() == lengths.len() && groups.iter().zip(lengths).all(|(group, length)| group.len() == length)
    };
    of_groups([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
