//! One pass over one list.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource as _};
use serde_json::json;

use super::report::{Obstacle, report};
use super::sources::{Source, secret};
use super::{Context, Held};
use crate::api::{DoNotCallList, DoNotCallListStatus, DoNotCallStorage, RECONCILE_REQUESTED_AT};
use crate::controllers::transition::transition;
use crate::dialing::conditions::Reason;
use crate::dialing::{Identity, Keeping, Marking, OPT_OUTS, PART, Reading, opt_outs_of};
use crate::reconcile::{AccountKey, Object as _};

/// How often everything is read again though no watch has shown a change.
const PERIOD: Duration = Duration::from_mins(10);
/// How often something is looked for that is missing, though no watch has shown that it came.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// The shortest salt, in bytes: shorter ones can be tried out.
const SHORTEST_SALT: usize = 16;
/// Secrets with opt-outs before they are made into few.
const MOST_PARTS: usize = 32;

/// One pass. Returns when to look again.
pub(super) async fn run(context: &Context, list: &DoNotCallList) -> kube::Result<Option<Duration>> {
    if list.deleting() {
        // It is obeyed until it is gone.
        return Ok(None);
    }
    let held = context.held(list.uid());
    let mut held = held.lock().await;
    let identity = identity(list);
    let pass = Pass { context, list, identity, now: Timestamp::now() };
    pass.run(&mut held).await
}

/// Which list it is.
pub(super) fn identity(list: &DoNotCallList) -> Identity {
    Identity {
        uid: list.uid().to_owned(),
        namespace: list.namespace().to_owned(),
        name: list.name().to_owned(),
        account: AccountKey::of(&list.spec.account_ref, list.namespace()),
    }
}

struct Pass<'a> {
    context: &'a Context,
    list: &'a DoNotCallList,
    identity: Identity,
    now: Timestamp,
}

impl Pass<'_> {
    async fn run(&self, held: &mut Held) -> kube::Result<Option<Duration>> {
        let lists = self.context.dialers.lists();
        let line = self.context.dialers.line(&self.identity.account);
        if line.as_ref().is_some_and(|line| !line.allows(self.list.namespace())) {
            lists.withdraw(self.list.uid());
            let (account, namespace) = (&self.identity.account, self.list.namespace());
            let message = format!(
                "spec.accountRef: TelnyxAccount {account} does not list namespace {namespace} in spec.allowedNamespaces"
            );
            let obstacle = Obstacle { reason: Reason::AccountNotAllowed, message, passes: false };
            return self.tell(held, Some(&obstacle)).await;
        }
        lists.declare(self.identity.clone(), self.list.spec.receives_opt_outs);
        let marking = match self.marking().await? {
            Ok(marking) => marking,
            Err(obstacle) => {
                lists.read(self.list.uid(), None);
                held.sources.clear();
                return self.tell(held, Some(&obstacle)).await;
            }
        };
        if held.marking.as_ref() != Some(&marking) {
            held.sources.clear();
            held.marking = Some(marking.clone());
        }
        let owner = self.list.owner_ref(&()).filter(|_| self.list.spec.receives_opt_outs);
        lists.keep(self.list.uid(), owner.map(|owner| Keeping { marking: marking.clone(), owner }));
        self.read(held, &marking).await?;
        lists.read(self.list.uid(), reading(&held.sources));
        if line.is_none() {
            let account = &self.identity.account;
            let message = format!("spec.accountRef: TelnyxAccount {account} does not exist or is not Ready");
            let obstacle = Obstacle { reason: Reason::AccountNotReady, message, passes: true };
            return self.tell(held, Some(&obstacle)).await;
        }
        self.tell(held, None).await
    }

    /// How entries are written, or why that cannot be told.
    async fn marking(&self) -> kube::Result<Result<Marking, Obstacle>> {
        let spec = &self.list.spec;
        let obstacle = |message: String, passes| Obstacle { reason: Reason::SaltNotReadable, message, passes };
        let reference = match (spec.storage, &spec.salt_secret_ref) {
            (DoNotCallStorage::Plain, _) => return Ok(Ok(Marking::Plain)),
            (DoNotCallStorage::Hashed, Some(reference)) => reference,
            (DoNotCallStorage::Hashed, None) => {
                return Ok(Err(obstacle("spec.saltSecretRef: storage Hashed needs it".to_owned(), false)));
            }
        };
        Ok(match secret(&self.context.client, self.list, &reference.name, &reference.key).await? {
            Ok(salt) if salt.len() >= SHORTEST_SALT => Ok(Marking::Hashed(salt.into())),
            Ok(_) => Err(obstacle(
                format!(
                    "spec.saltSecretRef: key {} of Secret {} needs 16 bytes at least",
                    reference.key, reference.name
                ),
                false,
            )),
            Err(problem) => Err(obstacle(format!("spec.saltSecretRef: {problem}"), true)),
        })
    }

    /// Brings every source up to now. One that fails keeps what it said before.
    async fn read(&self, held: &mut Held, marking: &Marking) -> kube::Result<()> {
        let spec = &self.list.spec;
        let names = (0..).map(|index| format!("sources[{index}]"));
        let declared = names.zip(spec.sources.iter().map(Some));
        let inline = (!spec.numbers.is_empty()).then(|| ("numbers".to_owned(), None));
        let opt_outs = spec.receives_opt_outs.then(|| ("optOuts".to_owned(), None));
        let mut before = std::mem::take(&mut held.sources);
        let asked = self.asked();
        if asked != held.asked {
            before.iter_mut().for_each(Source::ask_now);
            held.asked = asked;
        }
        for (name, declared) in inline.into_iter().chain(declared).chain(opt_outs) {
            let known = before.iter().position(|source| source.is(&name, declared));
            let mut source = match known {
                Some(index) => before.swap_remove(index),
                None => Source::new(name, declared.cloned()),
            };
            let read = self.bring_up(&mut source, marking).await;
            held.sources.push(source);
            if let Err(error) = read {
                // What the others said goes on to count.
                held.sources.append(&mut before);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The annotation that asks to read everything now.
    fn asked(&self) -> Option<String> {
        self.list.metadata.annotations.as_ref()?.get(RECONCILE_REQUESTED_AT).cloned()
    }

    async fn bring_up(&self, source: &mut Source, marking: &Marking) -> kube::Result<()> {
        match source.name.as_str() {
            "numbers" => source.read_inline(&self.list.spec.numbers, marking, self.now),
            "optOuts" => source.read_lines(&self.opt_outs().await?, marking, self.now),
            _ => source.read(&self.context.client, self.list, marking, &self.context.fetcher, self.now).await?,
        }
        Ok(())
    }

    /// Every opt-out that was kept, in lines. Where they lie in many Secrets they are put into few.
    async fn opt_outs(&self) -> kube::Result<Vec<u8>> {
        let log = opt_outs_of(self.context.client.clone(), &self.identity, self.list.owner_ref(&()));
        let parts = log.read().await?;
        let mut lines: Vec<&[u8]> = parts
            .iter()
            .filter_map(|part| part.data.get(OPT_OUTS))
            .flat_map(|text| text.0.split(|byte| *byte == b'\n'))
            .collect();
        lines.sort_unstable();
        lines.dedup();
        let text = lines.iter().filter(|line| !line.is_empty()).flat_map(|line| line.iter().chain(b"\n")).copied();
        let text: Vec<u8> = text.collect();
        if parts.len() > MOST_PARTS && parts.len() > text.len() / PART + 2 {
            for chunk in chunks(&text) {
                log.add(BTreeMap::from([(OPT_OUTS.to_owned(), ByteString(chunk.to_vec()))])).await?;
            }
            let merged: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
            log.remove(&merged).await?;
        }
        Ok(text)
    }

    /// Writes status where it says something new.
    async fn tell(&self, held: &mut Held, obstacle: Option<&Obstacle>) -> kube::Result<Option<Duration>> {
        let before = held.status.clone().or_else(|| self.list.status.clone()).unwrap_or_default();
        let generation = self.list.generation();
        let mut next = report(generation, obstacle, &held.sources, &before, self.now);
        if let Some(asked) = &held.asked {
            next.last_handled_reconcile_at = Some(asked.clone());
        }
        if next != before {
            self.write(&next).await?;
            if let Some(told) = transition(&before.conditions, &next.conditions) {
                self.context.events.tell(self.list, told);
            }
            held.status = Some(next);
        }
        let missing = obstacle.is_some() || held.sources.iter().any(|source| source.problem.is_some());
        let period = if missing { LOOK_AGAIN } else { PERIOD };
        let asks = held.sources.iter().filter_map(|source| source.ask_at);
        let until = |at: Timestamp| Duration::try_from(at.duration_since(self.now)).unwrap_or_default();
        Ok(Some(asks.map(until).chain([period]).min().unwrap_or(period).max(Duration::from_secs(1))))
    }

    async fn write(&self, status: &DoNotCallListStatus) -> kube::Result<()> {
        let patch = json!({
            "apiVersion": DoNotCallList::api_version(&()),
            "kind": DoNotCallList::kind(&()),
            "metadata": { "name": self.list.name(), "uid": self.list.uid() },
            "status": status,
        });
        let params = PatchParams::apply("telnyx-operator").force();
        let api = Api::<DoNotCallList>::namespaced(self.context.client.clone(), self.list.namespace());
        match api.patch_status(self.list.name(), &params, &Patch::Apply(&patch)).await {
            Ok(_) => Ok(()),
            // Deleted meanwhile.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What is obeyed; `None`: a source was never read.
fn reading(sources: &[Source]) -> Option<Reading> {
    let contents = sources.iter().map(|source| source.said.as_ref().map(|said| Arc::clone(&said.content)));
    let contents = contents.collect::<Option<Vec<_>>>()?;
    let ages = sources.iter().filter(|source| source.ages()).filter_map(|source| source.said.as_ref());
    Some(Reading { contents, as_of: ages.map(|said| said.read_at).min() })
}

/// Whole lines, as many as one Secret takes.
fn chunks(text: &[u8]) -> Vec<&[u8]> {
    let (mut chunks, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.get(..PART) {
        let end = first.iter().rposition(|byte| *byte == b'\n').map_or(PART, |at| at + 1);
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk);
        rest = after;
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opt_outs_are_divided_between_lines_and_none_is_lost() {
        let text = "+13125550101\n".repeat(PART / 13 * 2 + 5).into_bytes();
        let parts = chunks(&text);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.len() <= PART && part.ends_with(b"\n")));
        assert_eq!(parts.concat(), text);
        assert!(chunks(b"").is_empty());
    }
}
