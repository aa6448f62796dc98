//! Whom PostgreSQL's programs run as.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

use super::error::EmbeddedError;

/// A user other than ourselves, whom only root can become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The number of the user.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

impl Account {
    /// Whom to run as for the data in `data`, which may not exist yet. None means: as ourselves.
    pub fn choose(data: &Path) -> Result<Option<Self>, EmbeddedError> {
        let ourselves = ourselves().map_err(EmbeddedError::at(data))?;
        let owner = match fs::metadata(data) {
            Ok(metadata) => Some(Self { uid: metadata.uid(), gid: metadata.gid() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(EmbeddedError::at(data)(error)),
        };
        match owner {
            Some(owner) if ourselves != 0 && owner.uid != ourselves => {
                Err(EmbeddedError::Owner { data: data.to_owned(), owner: owner.uid })
            }
            _ if ourselves != 0 => Ok(None),
            Some(owner) if owner.uid != 0 => Ok(Some(owner)),
            _ => {
                let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
                Ok(Some(
                    named(&users, "postgres")
                        .or_else(|| named(&users, "nobody"))
                        .unwrap_or(Self { uid: 65_534, gid: 65_534 }),
                ))
            }
        }
    }

    /// Gives a file or folder to the account.
    pub fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(EmbeddedError::at(path))
    }

    /// Whether the account may reach what lies at `path` by walking there from the root.
    pub fn reaches(&self, path: &Path) -> bool {
        path.ancestors().all(|folder| {
            let Ok(metadata) = fs::metadata(folder) else { return false };
            let needed = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            metadata.mode() & needed != 0
        })
    }
}

/// The user we run as: whoever owns a file that we make. The standard library has no other safe way to ask.
fn ourselves() -> io::Result<u32> {
    match fs::metadata("/proc/self") {
        Ok(process) => Ok(process.uid()),
        Err(_) => {
            let output = std::process::Command::new("id").arg("-u").output()?;
            String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
        }
    }
}

/// `postgres:x:101:103:…` is user 101 of group 103.
fn named(users: &str, name: &str) -> Option<Account> {
    let mut fields =
        users.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?.skip(2);
    Some(Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}
