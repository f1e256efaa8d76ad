//! A value that the user named, by an option or a variable, and the file that it may be the path of: read whole, and never for longer than
//! it takes. Knows nothing of what stands in it.

use std::fs::File;
use std::io::{Error, Read};
use std::path::Path;

/// What the user named, and by what.
#[derive(Clone, Debug)]
pub struct Named {
    /// The option or variable, as the user writes it.
    pub by: &'static str,
    /// What stands there.
    pub value: String,
}

/// More than any bundle of certificates has.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// What some editors put before a text, and no reader of PEM or of a token expects.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Named {
    /// The content of the file that is named.
    ///
    /// # Errors
    /// Says what named it, why it cannot be read, and the way out. What looks like a token, which was given where a path belongs, is not
    /// repeated.
    pub fn read(&self) -> Result<Vec<u8>, String> {
        if looks_like_a_token(&self.value) && !Path::new(&self.value).exists() {
            let by = self.by;
            return Err(format!("{by}: there is no such file, and it looks like a token; name the file that holds it"));
        }
        self.read_file(Path::new(&self.value))
    }

    /// The content of a file below what is named, or of that itself.
    ///
    /// # Errors
    /// As for [`Named::read`].
    pub fn read_file(&self, path: &Path) -> Result<Vec<u8>, String> {
        // To open a pipe or a device could take for ever, and so could reading it.
        let metadata = std::fs::metadata(path).map_err(|error| self.cannot_read(path, &error))?;
        if metadata.is_dir() {
            return Err(format!("{}: {} is a directory; name a file", self.by, path.display()));
        }
        if !metadata.is_file() || metadata.len() > MOST_BYTES {
            return Err(format!("{}: {} is no file, or one of more than 8 MiB; name another", self.by, path.display()));
        }
        let mut content = Vec::new();
        let file = File::open(path).map_err(|error| self.cannot_read(path, &error))?;
        file.take(MOST_BYTES).read_to_end(&mut content).map_err(|error| self.cannot_read(path, &error))?;
        if content.starts_with(BYTE_ORDER_MARK) {
            content.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(content)
    }

    /// That a file or a directory cannot be read, and the way out.
    pub fn cannot_read(&self, path: &Path, error: &Error) -> String {
        format!("{}: cannot read {}: {error}; name one that this user can read", self.by, path.display())
    }
}

/// Whether a text has the form that Consul gives its tokens: a UUID.
pub fn looks_like_a_token(text: &str) -> bool {
    let of_groups = |lengths: [usize; 5]| {
        let groups: Vec<&str> = text.split('-').collect();
        groups.len() == lengths.len() && groups.iter().zip(lengths).all(|(group, length)| group.len() == length)
    };
    of_groups([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
