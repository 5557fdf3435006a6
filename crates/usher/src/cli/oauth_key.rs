//! `usher oauth-key list | rotate`.

use admin::oauth_keys::{Rotation, list, rotate};
use clap::Subcommand;
use domain::client::{OauthKey, signing};
use serde_json::{Value, json};

use super::show::{Printer, Table, moment};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the keys that sign access tokens, oldest first; never their private parts.
    List,
    /// Make the next key. It signs in ten minutes, and nobody notices; by itself this happens every 90 days.
    Rotate {
        /// For keys that leaked: the new one signs at once and the old ones are gone, so that every access token is refused, and every
        /// client asks for a new one.
        #[arg(long)]
        now: bool,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::List => {
            let keys = list(context).await?;
            let now = context.clock.now();
            let current = signing(&keys, now).map(|key| key.id.clone());
            let is_current = |key: &OauthKey| current.as_ref() == Some(&key.id);
            let json = keys.iter().map(|key| shape(key, is_current(key))).collect();
            printer.list(json, "no keys yet: the server makes the first one", || {
                let row = |key: &OauthKey| {
                    let signs = if is_current(key) { "signs" } else { "" };
                    [
                        key.id.clone(),
                        moment(key.created_at),
                        moment(key.signs_from),
                        signs.to_owned(),
                    ]
                };
                Table::of(["id", "created", "signs from", "now"], keys.iter().map(row))
            });
        }
        Verb::Rotate { now } => {
            let rotation = if now { Rotation::AtOnce } else { Rotation::InTurn };
            let key = rotate(context, rotation).await?;
            let signs = key.signs_from <= context.clock.now();
            printer.answer(&shape(&key, signs), || {
                format!("key {} signs from {} on", key.id, moment(key.signs_from))
            });
        }
    }
    Ok(())
}

fn shape(key: &OauthKey, signs: bool) -> Value {
    json!({"id": key.id, "createdAt": key.created_at, "signsFrom": key.signs_from, "signs": signs})
}
