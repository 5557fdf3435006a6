//! The requests for one tenant under load. Object and action are drawn from the seed, so that two runs with
//! one seed ask for the same things; ids come from the target.

use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::Mix;
use super::stats::Kind;
use crate::compare::Difference;
use crate::cycle::matching_name;
use crate::dialect::{self, Dialect};
use crate::directory::generate::Maker;
use crate::directory::{App, SourceDirectory, SourceObject};
use crate::mapping::{Mapping, Values};
use crate::problem::Problem;
use crate::wire::client::{Client, Collection};

/// The attribute changed under load.
const CHANGED: &str = "displayName";
/// The most objects remembered for queries and updates.
const MEMORY: usize = 10_000;

/// One tenant URL under load, with the objects it is known to have.
#[derive(Debug)]
pub struct Tenant {
    client: Client,
    app: App,
    mapping: Mapping,
    dialect: Dialect,
    known: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// Matching value and id in the target.
    objects: Vec<(String, String)>,
}

/// One request to send.
#[derive(Clone, Debug)]
pub enum Step {
    /// A match query for this value.
    Query(String),
    /// A POST of these mapped values.
    Create(Values),
    /// A PATCH of an id with this display name.
    Update(String, String),
}

impl Step {
    /// The kind of request in the figures.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Query(_) => Kind::Query,
            Self::Create(_) => Kind::Create,
            Self::Update(..) => Kind::Update,
        }
    }
}

impl Tenant {
    /// A tenant without known objects.
    #[must_use]
    pub fn new(client: Client, app: App, mapping: Mapping, dialect: Dialect) -> Self {
        Self {
            client,
            app,
            mapping,
            dialect,
            known: Mutex::default(),
        }
    }

    /// Ensures that `count` objects exist: created, or found from an earlier run with the same names.
    ///
    /// # Errors
    /// The first failing answer, as text.
    pub async fn prepare(&self, count: usize, concurrency: usize) -> anyhow::Result<()> {
        let work = (0..count as u64).map(|index| async move {
            let values = self.object("prepared", 0, index)?;
            let value = values
                .get(matching_name(&self.mapping))
                .cloned()
                .unwrap_or_default();
            if !self.send(Step::Query(value)).await? {
                self.send(Step::Create(values)).await?;
            }
            Ok::<(), Problem>(())
        });
        let mut done = futures_util::stream::iter(work).buffer_unordered(concurrency.max(1));
        while let Some(result) = done.next().await {
            result.map_err(|problem| {
                anyhow::anyhow!(
                    "cannot prepare a tenant for load: {}: {}",
                    problem.code.as_str(),
                    problem.reason
                )
            })?;
        }
        Ok(())
    }

    /// The steps of a ticket: one step, or a match query followed by the create.
    #[must_use]
    pub fn draw(&self, mix: Mix, seed: u64, ticket: u64) -> Vec<Step> {
        let mut rng = StdRng::seed_from_u64(seed ^ ticket.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let dice: u8 = rng.random_range(0..100);
        let known = self.one_known(&mut rng);
        match (mix, known) {
            (Mix::Query, Some((value, _))) if dice < 80 => vec![Step::Query(value)],
            (Mix::Query, _) => vec![Step::Query(format!("nobody{}@load.example", rng.random::<u64>()))],
            (Mix::Incremental, Some((_, id))) if dice < 95 => {
                vec![Step::Update(id, format!("Load {}", rng.random::<u32>()))]
            }
            _ => self.new_object(seed, ticket),
        }
    }

    fn new_object(&self, seed: u64, ticket: u64) -> Vec<Step> {
        let Ok(values) = self.object("load", seed, ticket) else {
            return Vec::new();
        };
        let value = values
            .get(matching_name(&self.mapping))
            .cloned()
            .unwrap_or_default();
        vec![Step::Query(value), Step::Create(values)]
    }

    /// A synthetic object whose names contain the run and its number, so that no two collide.
    fn object(&self, what: &str, seed: u64, index: u64) -> Result<Values, Problem> {
        let domain = format!("{what}{seed}-{index}.example");
        let rng = StdRng::seed_from_u64(seed.rotate_left(32) ^ index);
        let mut maker = Maker::new(rng, &domain, &SourceDirectory::default());
        let object: SourceObject = match self.app {
            App::Advisors | App::People => maker.person(),
            App::Rooms => maker.room(),
        };
        self.mapping.values(&object)
    }

    /// Sends one step; true if the object was found or changed, false if a query found nothing.
    ///
    /// # Errors
    /// The problem, with Entra's code.
    pub async fn send(&self, step: Step) -> Result<bool, Problem> {
        let matching = matching_name(&self.mapping);
        match step {
            Step::Query(value) => {
                let found = self.client.find(Collection::Users, matching, &value).await?;
                let id = found
                    .first()
                    .and_then(|resource| resource.get("id"))
                    .and_then(Value::as_str);
                if let Some(id) = id {
                    self.remember(value, id.to_owned());
                }
                Ok(id.is_some())
            }
            Step::Create(values) => {
                let document = dialect::create_document(&self.mapping, &values, self.dialect);
                let created = self.client.create(Collection::Users, &document).await?;
                let id = created
                    .get("id")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                self.remember(values.get(matching).cloned().unwrap_or_default(), id);
                Ok(true)
            }
            Step::Update(id, name) => {
                let Some(line) = self.mapping.line(CHANGED) else {
                    return Ok(true);
                };
                let change = Difference {
                    line,
                    old: Some(String::new()),
                    new: Some(name),
                };
                self.client
                    .update(
                        Collection::Users,
                        &id,
                        &dialect::patch_document(&[change], self.dialect),
                    )
                    .await?;
                Ok(true)
            }
        }
    }

    fn remember(&self, value: String, id: String) {
        let mut memory = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.objects.len() < MEMORY {
            memory.objects.push((value, id));
        }
    }

    fn one_known(&self, rng: &mut StdRng) -> Option<(String, String)> {
        let memory = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.objects.is_empty() {
            return None;
        }
        memory
            .objects
            .get(rng.random_range(0..memory.objects.len()))
            .cloned()
    }
}
