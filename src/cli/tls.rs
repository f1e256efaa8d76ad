//! Reads and checks the files that the user named for https. Must never know a request.

use std::fs;
use std::path::PathBuf;

use super::named::Named;
use crate::consul::{ClientIdentity, KEYS, PemError, Roots, Tls};

/// The options and variables about https.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// A file with the CA's certificates; it precedes the directory, as in official clients.
    pub ca_file: Option<Named>,
    /// A directory of such files.
    pub ca_path: Option<Named>,
    /// The client certificate, and its key.
    pub client: Option<(Named, Named)>,
    /// The file and the directory of the machine's CAs, where OpenSSL's variables name them.
    pub machine: (Option<Named>, Option<Named>),
    /// The name that the agent's certificate must be for, unless that is its address.
    pub server_name: Option<String>,
    /// Whether the agent's certificate is verified.
    pub verifies: bool,
}

/// Reads the files that the settings name.
///
/// # Errors
/// Names the option or variable, the file, what is wrong with it, and what to do.
pub fn read(settings: TlsSettings) -> Result<Tls, String> {
    let TlsSettings { ca_file, ca_path, client, machine, server_name, verifies } = settings;
    let mut tls = match (ca_file, ca_path) {
        _ if !verifies => Tls::unverified(),
        (Some(file), _) => Tls::trusting(roots_of_file(&file)?),
        (None, Some(directory)) => Tls::trusting(roots_of_directory(&directory)?),
        (None, None) => Tls::trusting(roots_of_machine(machine)?),
    };
    if let Some((certificate, key)) = client {
        tls = tls.with_client(read_client(&certificate, &key)?);
    }
    Ok(match server_name {
        Some(name) => tls.with_server_name(&name),
        None => tls,
    })
}

fn roots_of_file(file: &Named) -> Result<Roots, String> {
    let roots = Roots::of_pem(&file.read()?);
    if roots.is_empty() {
        let Named { by, value: path } = file;
        return Err(format!("{by}: {path} has no usable CA certificate in PEM; name a file that has one"));
    }
    Ok(roots)
}

/// Reads every file of a directory and of those below it, as official clients do. Files without a certificate are
/// skipped.
fn roots_of_directory(directory: &Named) -> Result<Roots, String> {
    let Named { by, value: path } = directory;
    let mut roots = Roots::default();
    let mut left = vec![PathBuf::from(path)];
    while let Some(path) = left.pop() {
        let cannot = |error: std::io::Error| directory.cannot_read(&path, &error);
        for entry in fs::read_dir(&path).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            // A link to a directory is not followed: links can form a loop.
            if entry.file_type().map_err(cannot)?.is_dir() {
                left.push(entry.path());
            } else if entry.path().is_file() {
                roots.extend(Roots::of_pem(&directory.read_file(&entry.path())?));
            }
        }
    }
    if roots.is_empty() {
        return Err(format!(
            "{by}: no file in {path} has a usable CA certificate in PEM; add one, or name another directory"
        ));
    }
    Ok(roots)
}

/// Reads the machine's CAs. What a variable names is read as any other file: it may be a device without an end.
fn roots_of_machine((file, directory): (Option<Named>, Option<Named>)) -> Result<Roots, String> {
    let mut roots = if file.is_none() && directory.is_none() { Roots::of_machine() } else { Roots::default() };
    if let Some(file) = file {
        roots.extend(roots_of_file(&file)?);
    }
    if let Some(directory) = directory {
        roots.extend(roots_of_directory(&directory)?);
    }
    if roots.is_empty() {
        return Err("https: this machine has no CA certificates; name the agent's CA with --ca-file or CONSUL_CACERT"
            .to_owned());
    }
    Ok(roots)
}

fn read_client(certificate: &Named, key: &Named) -> Result<ClientIdentity, String> {
    let (chain, private) = (certificate.read()?, key.read()?);
    ClientIdentity::of_pem(&chain, &private).map_err(|error| match error {
        PemError::NoCertificate => {
            let Named { by, value: path } = certificate;
            format!("{by}: {path} has no usable certificate in PEM; name a file that has one")
        }
        PemError::NoKey => {
            let Named { by, value: path } = key;
            format!("{by}: {path} has no private key in PEM without a passphrase; name a file that has one")
        }
        PemError::KeyOfAnother => {
            let Named { by, value: path } = key;
            let other = &certificate.value;
            format!("{by}: {path} is not the key of the certificate in {other}; name the key that belongs to it")
        }
        PemError::UnsupportedKey => {
            let Named { by, value: path } = key;
            format!("{by}: {path} has a private key of an unsupported kind; create one of {KEYS}")
        }
    })
}
