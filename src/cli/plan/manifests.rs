//! Reads a directory of manifests. Complains with file and field, and reads on: one run names every mistake.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

use super::schema::Schemas;
use crate::api::{CallControlApplication, GROUP, OutboundVoiceProfile, Queue, TelnyxAccount};

/// An object and the file that it came from.
#[derive(Debug)]
pub(super) struct Read<K> {
    pub(super) file: PathBuf,
    pub(super) object: K,
}

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    pub(super) accounts: Vec<Read<TelnyxAccount>>,
    pub(super) profiles: Vec<Read<OutboundVoiceProfile>>,
    pub(super) applications: Vec<Read<CallControlApplication>>,
    pub(super) queues: Vec<Read<Queue>>,
    /// What cannot be read, one line each: `file: kind name: field: what is wrong`.
    pub(super) complaints: Vec<String>,
}

impl Manifests {
    /// Reads a file, or every `.yaml`, `.yml` and `.json` file of a directory and those below it.
    pub(super) fn read(path: &Path, default_namespace: &str) -> Self {
        let mut manifests = Self::default();
        let schemas = Schemas::load();
        let mut files = vec![];
        if let Err(error) = collect(path, &mut files) {
            manifests.complaints.push(format!("{}: {error}", path.display()));
        }
        files.sort();
        for file in files {
            match std::fs::read_to_string(&file) {
                Ok(text) => manifests.take_file(&file, &text, default_namespace, &schemas),
                Err(error) => manifests.complaints.push(format!("{}: {error}", file.display())),
            }
        }
        manifests
    }

    fn take_file(&mut self, file: &Path, text: &str, default_namespace: &str, schemas: &Schemas) {
        match serde_saphyr::from_multiple::<Value>(text) {
            Ok(objects) => {
                for object in objects.into_iter().filter(|object| !object.is_null()) {
                    self.take(file, object, default_namespace, schemas);
                }
            }
            Err(error) => self.complaints.push(format!("{}: {}", file.display(), error.without_snippet())),
        }
    }

    fn take(&mut self, file: &Path, mut object: Value, default_namespace: &str, schemas: &Schemas) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        if !version.starts_with(&format!("{GROUP}/")) {
            return;
        }
        let place = format!("{}: {kind} {name}", file.display());
        let Some(mut complaints) = schemas.complaints(&kind, &object) else {
            self.complaints.push(format!("{place}: kind: there is no such kind in {GROUP}"));
            return;
        };
        if name.is_empty() {
            complaints.push("metadata.name: is missing".to_owned());
        }
        if !complaints.is_empty() {
            self.complaints.extend(complaints.into_iter().map(|complaint| format!("{place}: {complaint}")));
            return;
        }
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            metadata.entry("namespace").or_insert_with(|| default_namespace.into());
        }
        match kind.as_str() {
            "TelnyxAccount" => take_as(file, &place, object, &mut self.accounts, &mut self.complaints),
            "OutboundVoiceProfile" => take_as(file, &place, object, &mut self.profiles, &mut self.complaints),
            "CallControlApplication" => take_as(file, &place, object, &mut self.applications, &mut self.complaints),
            "Queue" => take_as(file, &place, object, &mut self.queues, &mut self.complaints),
            // Campaigns and their like have no remote object to compare with.
            _ => {}
        }
    }
}

fn take_as<K: DeserializeOwned>(
    file: &Path,
    place: &str,
    object: Value,
    into: &mut Vec<Read<K>>,
    complaints: &mut Vec<String>,
) {
    match serde_json::from_value(object) {
        Ok(object) => into.push(Read { file: file.to_owned(), object }),
        Err(error) => complaints.push(format!("{place}: {error}")),
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return std::fs::metadata(path).map(drop);
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let manifest = path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        if path.is_dir() || manifest {
            collect(&path, files)?;
        }
    }
    Ok(())
}
