//! The folder of one cluster: a temporary one goes when all went well and stays when there is something to look at.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl Home {
    /// `given`, made when it is not there and never removed; else a new temporary folder.
    pub(crate) fn open(given: Option<&Path>) -> io::Result<Self> {
        if let Some(path) = given {
            std::fs::create_dir_all(path)?;
            // The components get absolute paths, whatever directory they run in.
            Ok(Self { path: path.canonicalize()?, temporary: None })
        } else {
            let temporary = tempfile::Builder::new().prefix("dev-cluster-").tempdir()?;
            Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// From now on the folder stays, for whoever looks into what went wrong.
    pub(crate) fn keep(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _path = temporary.keep();
        }
    }
}
