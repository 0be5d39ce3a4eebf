//! A folder for keys, data and logs: a temporary one goes when all went well and stays when there is something to
//! look at.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that is removed when this value is dropped, unless it was given, is to be kept, or the thread panics
/// (a failed test): then standard error says where it is.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl Home {
    /// `given`, made when it is not there and never removed; else a new temporary folder whose name begins with
    /// `prefix`.
    pub fn open(given: Option<&Path>, prefix: &str) -> io::Result<Self> {
        if let Some(path) = given {
            std::fs::create_dir_all(path)?;
            // Processes get absolute paths, whatever directory they run in.
            Ok(Self { path: path.canonicalize()?, temporary: None })
        } else {
            let temporary = tempfile::Builder::new().prefix(prefix).tempdir()?;
            Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
        }
    }

    /// Where it is, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it will be removed.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// From now on the folder stays, for whoever looks into what went wrong.
    pub fn keep(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _path = temporary.keep();
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() && self.is_temporary() {
            self.keep();
            eprintln!(
                "what {} left is kept in {}",
                std::thread::current().name().unwrap_or("this"),
                self.path.display()
            );
        }
    }
}
