//! A model in plain maps against the real server: long random sequences of the requests that providers send,
//! in both of Entra's dialects, for people and groups. After each step the answer must be what the model
//! predicts; at the end every resource, every membership in both directions, and the events.
//!
//! The model (`state`) knows nothing of SCIM; `shapes` writes an edit in one of the forms that clients send;
//! `people`, `teams` and `lists` make the steps; `feed` replays the events. A run prints its seed;
//! `USHER_MODEL_SEED=…` repeats it, and `USHER_MODEL_SECONDS=…` sets its length.

mod feed;
mod lists;
mod people;
mod shapes;
mod state;
mod teams;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::Postgres;

use state::World;

/// The length of one run.
const SECONDS: u64 = 20;
/// The most steps, so that a fast machine does not make a feed that takes minutes to check.
const MOVES: usize = 1_500;

/// One run: the server, the model, the random generator.
struct Talk {
    scim: Scim,
    world: World,
    dice: StdRng,
    /// The last steps, printed with a failure.
    said: Vec<String>,
    /// By id the number of changes when it was last seen, and the version then.
    versions: RefCell<BTreeMap<String, (u64, u64)>>,
}

impl Talk {
    /// Records a step.
    fn say(&mut self, words: String) {
        self.said.push(words);
        if self.said.len() > 12 {
            self.said.remove(0);
        }
    }

    /// One element, each with the same probability.
    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.dice.random_range(0..of.len())]
    }

    /// True with a probability of `percent`.
    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    /// The number of changes that a version stands for, if `expected` are predicted: a change makes a greater version, and nothing else
    /// makes another one.
    fn changes(&self, id: &str, expected: u64, body: &Value) -> u64 {
        let version = version(body);
        let mut versions = self.versions.borrow_mut();
        let (changes, before) = versions.get(id).copied().unwrap_or_default();
        if (expected > changes) != (version > before) || version < before {
            return changes + u64::from(version != before);
        }
        versions.insert(id.to_owned(), (expected, version));
        expected
    }

    /// Panics with the last steps unless the answer is what the model predicts.
    #[track_caller]
    fn same<T: PartialEq + std::fmt::Debug>(&self, seen: &T, expected: &T, what: &str) {
        assert!(
            seen == expected,
            "{what}\nseen:     {seen:?}\nexpected: {expected:?}\n{}",
            self.said.join("\n")
        );
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

async fn converse(gateway: Gateway) {
    let seed = number("USHER_MODEL_SEED").unwrap_or_else(|| rand::rng().random());
    println!("USHER_MODEL_SEED={seed}");
    let app = gateway.app("booking");
    let mut talk = Talk {
        scim: Scim::new(&gateway.directory("contoso", "people")),
        world: World::default(),
        dice: StdRng::seed_from_u64(seed),
        said: Vec::new(),
        versions: RefCell::default(),
    };
    let config = talk.scim.get("/ServiceProviderConfig").await.expect(200).body;
    for feature in ["patch", "filter", "sort", "etag", "bulk"] {
        assert_eq!(config[feature]["supported"], true, "{feature}: {config}");
    }
    let end = Instant::now() + Duration::from_secs(number("USHER_MODEL_SECONDS").unwrap_or(SECONDS));
    let mut moves = 0;
    while Instant::now() < end && moves < MOVES {
        one_move(&mut talk).await;
        moves += 1;
    }
    println!(
        "{moves} moves, {} people, {} groups",
        talk.world.people.len(),
        talk.world.teams.len()
    );
    everything_is_as_the_model_predicts(&mut talk).await;
    let feed = Feed::new(&app);
    feed.settled_head().await;
    feed::replay(&talk, &feed.all().await);
}

async fn one_move(talk: &mut Talk) {
    match talk.dice.random_range(0..100) {
        0..12 => people::create(talk).await,
        12..40 => people::patch(talk).await,
        40..44 => people::replace(talk).await,
        44..47 => people::delete(talk).await,
        47..51 => people::conditional(talk).await,
        51..54 => people::bulk(talk).await,
        54..58 => people::refused(talk).await,
        58..70 => lists::ask(talk).await,
        70..74 => teams::create(talk).await,
        74..90 => teams::patch(talk).await,
        90..92 => teams::replace(talk).await,
        92..94 => teams::delete(talk).await,
        _ => teams::ask(talk).await,
    }
}

/// Reads every resource alone and in lists, and both ends of every membership.
async fn everything_is_as_the_model_predicts(talk: &mut Talk) {
    talk.say("in the end".to_owned());
    let ids: Vec<String> = talk.world.people.keys().cloned().collect();
    for id in ids {
        people::check(talk, &id).await;
    }
    let ids: Vec<String> = talk.world.teams.keys().cloned().collect();
    for id in ids {
        teams::check(talk, &id).await;
    }
    for (id, _) in talk.world.gone.clone() {
        let path = if id.starts_with("grp_") { "Groups" } else { "Users" };
        talk.scim.get(&format!("/{path}/{id}")).await.expect(404);
    }
    for (path, total) in [
        ("/Users?count=0", talk.world.people.len()),
        ("/Groups?count=0", talk.world.teams.len()),
    ] {
        let answer = talk.scim.get(path).await.expect(200);
        talk.same(&answer.total(), &(total as u64), path);
    }
}

/// The revision of `W/"7"`, and of `W/"7-…"`, which has a mark of the parts that are shown beside the document, too.
fn version(body: &Value) -> u64 {
    let text = body["meta"]["version"].as_str().expect("meta.version");
    let text = text.trim_start_matches("W/").trim_matches('"');
    let (revision, _) = text.split_once('-').unwrap_or((text, ""));
    revision.parse().expect("a number")
}

#[tokio::test]
async fn the_server_agrees_with_a_plain_model_on_sqlite() {
    converse(Gateway::embedded().await).await;
}

#[tokio::test]
async fn the_server_agrees_with_a_plain_model_on_postgresql() {
    let database = Some(Postgres::shared().await.database().await);
    let settings = Settings {
        database,
        ..Settings::default()
    };
    converse(Gateway::start(settings).await).await;
}
