//! A job on the test bench: shipped mapping, no real waiting, a small directory.

use std::time::Duration;

use entra_sim::cycle::quarantine::Rules;
use entra_sim::cycle::report::RunReport;
use entra_sim::cycle::{Event, Job, Schedule, Until, run};
use entra_sim::dialect::Dialect;
use entra_sim::directory::{App, SourceDirectory, SourceObject};
use entra_sim::log::LogEntry;
use entra_sim::mapping::Mapping;
use entra_sim::state::JobState;
use entra_sim::wire::client::{Client, Patience, SecretToken, pool};
use entra_sim::wire::endpoint::Endpoint;
use entra_sim::wire::pace::Pace;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use crate::stub::Stub;

pub struct Bench {
    pub stub: Stub,
    pub job: Job,
    pub source: SourceDirectory,
    pub state: JobState,
    pub log: Vec<LogEntry>,
}

impl Bench {
    pub async fn new(dialect: Dialect, people: &[&str]) -> Self {
        let stub = Stub::start().await;
        let patience = Patience {
            timeout: Duration::from_millis(500),
            attempts: 3,
            pause: Duration::ZERO,
            longest_wait: Duration::ZERO,
        };
        Self {
            job: Job {
                app: App::Advisors,
                mapping: Mapping::shipped(App::Advisors).unwrap(),
                dialect,
                client: client(&stub, dialect, patience),
                rules: Rules::default(),
                concurrency: 1,
                deletion_threshold: None,
            },
            stub,
            source: SourceDirectory {
                domain: "contoso.example".to_owned(),
                users: people.iter().map(|name| person(name)).collect(),
                rooms: Vec::new(),
                groups: Vec::new(),
            },
            state: JobState::new(App::Advisors, "scim.test".to_owned()),
            log: Vec::new(),
        }
    }

    /// One cycle.
    pub async fn cycle(&mut self) -> RunReport {
        self.cycles(1, Until::AllCycles).await
    }

    pub async fn cycles(&mut self, most: u64, until: Until) -> RunReport {
        let schedule = Schedule {
            cycles: Some(most),
            until,
            time_scale: 0.0,
        };
        let (source, log) = (self.source.clone(), &mut self.log);
        let mut watch = |event: Event<'_>| {
            if let Event::Entry(entry) = event {
                log.push(entry.clone());
            }
        };
        let mut rng = StdRng::seed_from_u64(1);
        run(
            &self.job,
            &mut self.state,
            schedule,
            &mut rng,
            || Ok(source.clone()),
            |_| Ok(()),
            &mut watch,
        )
        .await
        .unwrap()
    }

    pub fn person(&mut self, name: &str) -> &mut SourceObject {
        self.source
            .users
            .iter_mut()
            .find(|object| object.object_id == object_id(name))
            .unwrap()
    }

    /// The last log entry's error code.
    pub fn last_error(&self) -> (&'static str, String) {
        let entry = self.log.last().unwrap();
        let error = entry.provisioning_status_info.error_information.clone().unwrap();
        (error.error_code, error.reason)
    }
}

pub fn client(stub: &Stub, dialect: Dialect, patience: Patience) -> Client {
    let endpoint = Endpoint::parse(&stub.url).unwrap();
    let endpoint = if dialect == Dialect::Compliant {
        endpoint.flagged()
    } else {
        endpoint
    };
    let token = SecretToken::parse("usher_t_secret").unwrap();
    Client::new(
        pool(patience).unwrap(),
        endpoint,
        token,
        Pace::new(None),
        patience,
    )
}

pub fn object_id(name: &str) -> String {
    format!("00000000-0000-4000-8000-{name:0>12}")
}

pub fn person(name: &str) -> SourceObject {
    serde_json::from_value(json!({
        "objectId": object_id(name),
        "userPrincipalName": format!("{name}@contoso.example"),
        "displayName": format!("{name} Jensen"),
        "givenName": name,
        "surname": "Jensen",
        "physicalDeliveryOfficeName": "Aarhus"
    }))
    .unwrap()
}
