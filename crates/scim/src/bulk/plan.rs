//! The order of the operations: as sent, but an operation that refers to a later creation waits for it, and a circle of
//! references is broken by a creation without the reference, which a PATCH adds afterwards.
//!
//! Must not know: how a step is done.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::defer::{Split, split};
use super::{BulkAction, BulkRequest, Item, UserOrGroup, refs};
use crate::error::Error;
use crate::schema::ResourceType;

/// The next step of a bulk request.
#[derive(Debug, Clone, PartialEq)]
pub enum BulkStep {
    /// Do this for the operation of this index; then call [`BulkPlan::done`] or [`BulkPlan::failed`].
    Do(usize, Work),
    /// The operation of this index cannot be done; it is counted as failed already.
    Refuse(usize, BulkFault),
}

/// Why an operation cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkFault {
    /// It is wrong by itself.
    Invalid(Error),
    /// It fails because of another one (409, RFC 7644 §3.7.1); the detail of the error.
    Conflict(String),
}

/// An operation with every reference replaced by an id.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The action, with its resource and body.
    pub action: BulkAction,
    /// The endpoint.
    pub kind: UserOrGroup,
    /// The version the resource must have.
    pub version: Option<String>,
    /// Whether a later step adds attributes that are missing here; if the rest is refused, the circle is the cause.
    pub partial: bool,
}

/// The state of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Waiting,
    /// Created in part; the rest is still to be added.
    Begun(String),
    /// Done, with the resource's id.
    Done(String),
    Failed,
}

/// A bulk request and the states of its operations.
#[derive(Debug)]
pub struct BulkPlan<'t> {
    request: BulkRequest,
    types: &'t [(UserOrGroup, &'t ResourceType)],
    states: Vec<State>,
    /// The index of each creation by its `bulkId`.
    named: HashMap<String, usize>,
    /// The names that each operation refers to.
    wants: Vec<BTreeSet<String>>,
    /// The indexes of the creations among them.
    needs: Vec<Vec<usize>>,
    /// The PATCH that each begun creation still needs.
    later: HashMap<usize, Value>,
    errors: usize,
}

impl<'t> BulkPlan<'t> {
    /// A plan with nothing done yet. `types` are the resource types of the directory.
    pub fn new(request: BulkRequest, types: &'t [(UserOrGroup, &'t ResourceType)]) -> Self {
        let wants: Vec<BTreeSet<String>> = request.items.iter().map(wants).collect();
        let creates = |item: &Item| matches!(&item.operation, Ok(operation) if matches!(operation.action, BulkAction::Create(_)));
        let creations = request.items.iter().enumerate().filter(|(_, item)| creates(item));
        let named: HashMap<String, usize> = creations
            .filter_map(|(index, item)| Some((item.bulk_id.clone()?, index)))
            .collect();
        let needs =
            |names: &BTreeSet<String>| names.iter().filter_map(|name| named.get(name).copied()).collect();
        Self {
            needs: wants.iter().map(needs).collect(),
            states: vec![State::Waiting; request.items.len()],
            named,
            wants,
            types,
            later: HashMap::new(),
            errors: 0,
            request,
        }
    }

    /// The operations, as sent.
    pub fn items(&self) -> &[Item] {
        &self.request.items
    }

    /// The next step; `None` when everything is done, or when `failOnErrors` is reached. Begun creations are completed even
    /// then.
    pub fn step(&mut self) -> Option<BulkStep> {
        let stopped = self
            .request
            .fail_on_errors
            .is_some_and(|most| self.errors >= most);
        if let Some(step) = self.completed(stopped) {
            return Some(step);
        }
        if stopped {
            return None;
        }
        let ready = (0..self.states.len()).find(|index| self.is_waiting(*index) && !self.is_blocked(*index));
        match ready {
            Some(index) => Some(self.ready(index)),
            None => self.circle(),
        }
    }

    /// The operation was done. `id` is the resource's.
    pub fn done(&mut self, index: usize, id: &str) {
        let begun = self.later.contains_key(&index);
        let state = if begun { State::Begun } else { State::Done };
        self.set(index, state(id.to_owned()));
    }

    /// The operation was refused.
    pub fn failed(&mut self, index: usize) {
        self.later.remove(&index);
        self.set(index, State::Failed);
        self.errors += 1;
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(slot) = self.states.get_mut(index) {
            *slot = state;
        }
    }

    fn is_waiting(&self, index: usize) -> bool {
        self.states.get(index) == Some(&State::Waiting)
    }

    /// Whether an operation refers to a creation that is not done yet.
    fn is_blocked(&self, index: usize) -> bool {
        let mut needs = self.needs.get(index).into_iter().flatten();
        needs.any(|index| self.is_waiting(*index))
    }

    /// The names in an operation whose creation is not done yet.
    fn missing(&self, index: usize) -> BTreeSet<String> {
        let waiting = |name: &&String| self.named.get(*name).is_some_and(|index| self.is_waiting(*index));
        let wanted = self.wants.get(index).into_iter().flatten();
        wanted.filter(waiting).cloned().collect()
    }

    /// A name in an operation that has no id.
    fn lost(&self, index: usize) -> Option<&String> {
        let mut wanted = self.wants.get(index).into_iter().flatten();
        wanted.find(|name| self.id_of(name).is_none())
    }

    /// The id of the resource that was created under a name.
    fn id_of(&self, name: &str) -> Option<String> {
        match self.named.get(name).and_then(|index| self.states.get(*index))? {
            State::Begun(id) | State::Done(id) => Some(id.clone()),
            State::Waiting | State::Failed => None,
        }
    }

    /// The step of an operation that waits for nothing.
    fn ready(&mut self, index: usize) -> BulkStep {
        if let Some(name) = self.lost(index) {
            let fault = unresolved(name, self.named.contains_key(name));
            return self.refuse(index, fault);
        }
        match self.request.items.get(index).map(|item| &item.operation) {
            Some(Ok(operation)) => {
                let work = Work {
                    action: self.resolved(&operation.action),
                    kind: operation.kind,
                    version: operation.version.clone(),
                    partial: false,
                };
                BulkStep::Do(index, work)
            }
            Some(Err(error)) => {
                let fault = BulkFault::Invalid(error.clone());
                self.refuse(index, fault)
            }
            None => self.refuse(index, in_a_circle()),
        }
    }

    fn refuse(&mut self, index: usize, fault: BulkFault) -> BulkStep {
        self.failed(index);
        BulkStep::Refuse(index, fault)
    }

    fn resolved(&self, action: &BulkAction) -> BulkAction {
        let id_of = |name: &str| self.id_of(name);
        let value = |data: &Value| {
            let mut data = data.clone();
            refs::resolve(&mut data, &id_of);
            data
        };
        let text = |id: &str| refs::resolve_text(id, &id_of);
        match action {
            BulkAction::Create(data) => BulkAction::Create(value(data)),
            BulkAction::Replace(id, data) => BulkAction::Replace(text(id), value(data)),
            BulkAction::Patch(id, data) => BulkAction::Patch(text(id), value(data)),
            BulkAction::Delete(id) => BulkAction::Delete(text(id)),
        }
    }

    /// The PATCH of a begun creation whose references are created, or will never be.
    fn completed(&mut self, stopped: bool) -> Option<BulkStep> {
        let over = |index: &usize| {
            matches!(self.states.get(*index), Some(State::Begun(_))) && (stopped || !self.is_blocked(*index))
        };
        let index = self.later.keys().copied().filter(over).min()?;
        let mut then = self.later.remove(&index)?;
        let Some(State::Begun(id)) = self.states.get(index).cloned() else {
            return None;
        };
        if let Some(name) = self.lost(index) {
            let fault = unresolved(name, true);
            return Some(self.refuse(index, fault));
        }
        refs::resolve(&mut then, &|name: &str| self.id_of(name));
        let kind = self.kind(index)?;
        let work = Work {
            action: BulkAction::Patch(id, then),
            kind,
            version: None,
            partial: false,
        };
        Some(BulkStep::Do(index, work))
    }

    fn kind(&self, index: usize) -> Option<UserOrGroup> {
        let operation = self.request.items.get(index)?.operation.as_ref().ok()?;
        Some(operation.kind)
    }

    /// Breaks one circle: every waiting operation is in a circle or waits for one.
    fn circle(&mut self) -> Option<BulkStep> {
        let start = (0..self.states.len()).find(|index| self.is_waiting(*index))?;
        let circle = self.around(start);
        for index in &circle {
            let missing = self.missing(*index);
            let Some((kind, Split { first, then })) = self.split(*index, &missing) else {
                continue;
            };
            self.later.insert(*index, then);
            let work = Work {
                action: self.resolved(&BulkAction::Create(first)),
                kind,
                version: None,
                partial: true,
            };
            return Some(BulkStep::Do(*index, work));
        }
        let first = *circle.first()?;
        Some(self.refuse(first, in_a_circle()))
    }

    fn split(&self, index: usize, missing: &BTreeSet<String>) -> Option<(UserOrGroup, Split)> {
        let operation = self.request.items.get(index)?.operation.as_ref().ok()?;
        let BulkAction::Create(data) = &operation.action else {
            return None;
        };
        let (_, rt) = self.types.iter().find(|(kind, _)| *kind == operation.kind)?;
        let known = |name: &String| missing.contains(name) || self.id_of(name).is_some();
        let resolvable = self.wants.get(index)?.iter().all(known);
        let split = resolvable.then(|| split(data, missing, rt)).flatten()?;
        Some((operation.kind, split))
    }

    /// The circle that the references from `start` lead to, in the order of the request.
    fn around(&self, start: usize) -> Vec<usize> {
        let mut walked = Vec::new();
        let mut at = start;
        while !walked.contains(&at) {
            walked.push(at);
            let mut needs = self.needs.get(at).into_iter().flatten().copied();
            let next = needs.find(|index| self.is_waiting(*index));
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        let from = walked.iter().position(|index| *index == at).unwrap_or_default();
        let mut circle = walked.split_off(from);
        circle.sort_unstable();
        circle
    }
}

fn wants(item: &Item) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(operation) = &item.operation {
        match &operation.action {
            BulkAction::Create(data) => refs::of_value(data, &mut found),
            BulkAction::Replace(id, data) | BulkAction::Patch(id, data) => {
                refs::of_text(id, &mut found);
                refs::of_value(data, &mut found);
            }
            BulkAction::Delete(id) => refs::of_text(id, &mut found),
        }
    }
    found
}

fn unresolved(name: &str, failed: bool) -> BulkFault {
    let shown: String = name.chars().take(120).collect();
    if failed {
        return BulkFault::Conflict(format!(
            "The operation refers to bulkId:{shown}, whose own operation was not done. Correct that one and send what is \
             missing again."
        ));
    }
    BulkFault::Invalid(Error::invalid_value(
        "bulkId",
        format!(
            "The operation refers to bulkId:{shown}, but no POST of this request has that bulkId. Correct the reference, or \
             add the POST."
        ),
    ))
}

/// The fault of a circle that cannot be broken.
pub fn in_a_circle() -> BulkFault {
    BulkFault::Conflict(
        "The operations refer to each other in a circle that cannot be broken, because an attribute that refers to another \
         operation must be there from the beginning. Create the resources first and add the reference with a second request."
            .to_owned(),
    )
}
