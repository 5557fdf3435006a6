//! A job's state, kept between runs in a state file: anchors (ids in the target), the values exported last,
//! escrow, quarantine, the watermark, and the simulated clock.
//!
//! Time here is simulated: seconds since the job was created. No HTTP. Next: `crate::cycle::plan` reads it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::directory::{App, write_json};
use crate::mapping::Values;
use crate::problem::{ErrorCode, Problem};

/// Seconds between two cycles: Entra's PT40M.
pub const CYCLE_SECONDS: u64 = 40 * 60;
/// The longest wait in escrow before a retry, in seconds: a day.
const LONGEST_ESCROW: u64 = 24 * 60 * 60;

/// The whole state of one job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobState {
    /// The application the job provisions; `load` refuses a state file of another one.
    pub app: App,
    /// `scim.<32 hex>.<guid>`, as in Entra's log.
    pub job_id: String,
    /// Wall-clock time of the last complete cycle; absent until an initial cycle has completed.
    pub watermark: Option<String>,
    /// Simulated seconds since the job was created.
    pub clock: u64,
    /// Cycles run so far.
    pub cycles: u64,
    /// The known users in the target, by the directory's object id.
    pub objects: BTreeMap<String, Known>,
    /// The known groups in the target, by the directory's object id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, KnownGroup>,
    /// Objects whose last attempt failed, by object id; references and groups have keys of their own
    /// (`<object id>#references`, `<object id>#group`).
    pub escrow: BTreeMap<String, Escrow>,
    /// Set while the job is in quarantine.
    pub quarantine: Option<Quarantine>,
}

/// What is known of one user in the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// The anchor: its id in the target.
    pub id: String,
    /// False after it was unassigned: it is then disabled, and its changes and its deletion are ignored.
    pub managed: bool,
    /// The values the target was set to, by SCIM path: what the target should show.
    pub values: Values,
    /// The references the target was set to (ids in the target), by SCIM path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: Values,
}

/// What is known of one group in the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownGroup {
    /// The anchor: its id in the target.
    pub id: String,
    /// The name the target was set to.
    pub display_name: String,
    /// The members sent to the target: object id in the directory → id in the target. Never read back.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
}

/// One object that waits for a retry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Escrow {
    /// The code of the last failure.
    pub code: ErrorCode,
    /// The reason of the last failure, in full.
    pub reason: String,
    /// Failed attempts so far, from 1.
    pub attempts: u32,
    /// Simulated time of the next attempt, in seconds.
    pub next_try: u64,
}

/// The reasons for a quarantine, with Microsoft Graph's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuarantineReason {
    /// Bad credentials, or a target that does not answer in SCIM.
    EncounteredQuarantineException,
    /// The share of failing objects exceeds its threshold.
    EncounteredEscrowProportionThreshold,
    /// The number of failing objects exceeds its threshold.
    EncounteredBaseEscrowThreshold,
    /// The number of failures, references included, exceeds its threshold.
    EncounteredTotalEscrowThreshold,
    /// Accidental-deletion prevention held deletions back.
    TooManyDeletes,
}

/// The quarantine of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// The reason of the quarantine.
    pub reason: QuarantineReason,
    /// The error that caused it, or the figures that exceeded a threshold.
    pub detail: String,
    /// Simulated time of its begin, in seconds.
    pub since: u64,
    /// Attempts in quarantine so far.
    pub attempts: u32,
    /// Simulated time of the next attempt, in seconds.
    pub next_try: u64,
    /// True after 28 days: the job does not run again until it is restarted.
    pub disabled: bool,
}

impl JobState {
    /// The state of a job before its first run. `job_id` comes from [`new_job_id`].
    #[must_use]
    pub fn new(app: App, job_id: String) -> Self {
        Self {
            app,
            job_id,
            watermark: None,
            clock: 0,
            cycles: 0,
            objects: BTreeMap::new(),
            groups: BTreeMap::new(),
            escrow: BTreeMap::new(),
            quarantine: None,
        }
    }

    /// Reads a state file; `None` if it does not exist yet.
    ///
    /// # Errors
    /// If it cannot be read or belongs to another application.
    pub fn load(path: &Path, app: App) -> anyhow::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => {
                return Err(why).with_context(|| format!("cannot read the state file {}", path.display()));
            }
        };
        let state: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a state file of entra-sim", path.display()))?;
        anyhow::ensure!(
            state.app == app,
            "{} belongs to the {} application; give {} a state file of its own",
            path.display(),
            state.app.as_str(),
            app.as_str()
        );
        Ok(Some(state))
    }

    /// Writes the state file, replacing it as a whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        write_json(path, self)
    }

    /// "Restart provisioning": forgets everything but the application and the job's id.
    pub fn restart(&mut self) {
        *self = Self {
            clock: self.clock,
            cycles: self.cycles,
            ..Self::new(self.app, self.job_id.clone())
        };
    }

    /// Puts an object into escrow, or doubles its wait if it is there already: one cycle, two, four, … a day
    /// at most.
    pub fn escrow(&mut self, key: &str, problem: &Problem) {
        let attempts = self
            .escrow
            .get(key)
            .map_or(1, |escrow| escrow.attempts.saturating_add(1));
        let wait = CYCLE_SECONDS
            .saturating_mul(1 << (attempts - 1).min(16))
            .min(LONGEST_ESCROW);
        let entry = Escrow {
            code: problem.code,
            reason: problem.reason.clone(),
            attempts,
            next_try: self.clock + wait,
        };
        self.escrow.insert(key.to_owned(), entry);
    }

    /// Whether the object's wait in escrow is over, or it is not in escrow.
    #[must_use]
    pub fn is_due(&self, key: &str) -> bool {
        self.escrow
            .get(key)
            .is_none_or(|escrow| escrow.next_try <= self.clock)
    }

    /// The number of failures outside the reference pass, and of those in it.
    #[must_use]
    pub fn failures(&self) -> (usize, usize) {
        let references = self.escrow.keys().filter(|key| key.ends_with(REFERENCES)).count();
        (self.escrow.len() - references, references)
    }

    /// True if nothing waits in escrow and the job is not in quarantine.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.escrow.is_empty() && self.quarantine.is_none()
    }
}

const REFERENCES: &str = "#references";

/// The escrow key of an object's references.
#[must_use]
pub fn references_key(object_id: &str) -> String {
    format!("{object_id}{REFERENCES}")
}

const GROUP: &str = "#group";

/// The escrow key of a group.
#[must_use]
pub fn group_key(object_id: &str) -> String {
    format!("{object_id}{GROUP}")
}

/// Whether an escrow key is a group's.
#[must_use]
pub fn is_group_key(key: &str) -> bool {
    key.ends_with(GROUP)
}

/// A new job id in Entra's form, `scim.<32 hex>.<guid>`.
pub fn new_job_id(rng: &mut impl rand::Rng) -> String {
    format!(
        "scim.{}.{}",
        crate::clock::guid(rng).replace('-', ""),
        crate::clock::guid(rng)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escrow_waits_one_two_four_cycles_and_a_day_at_most() {
        let mut state = JobState::new(App::Rooms, "scim.x".to_owned());
        let problem = Problem::new(ErrorCode::EntryConflict, "taken");
        let mut waits = Vec::new();
        for _ in 0..8 {
            state.escrow("a", &problem);
            waits.push(state.escrow["a"].next_try / 60);
        }
        assert_eq!(waits, [40, 80, 160, 320, 640, 1280, 1440, 1440]);
        assert!(!state.is_due("a"));
        state.clock = LONGEST_ESCROW;
        assert!(state.is_due("a"));
    }

    #[test]
    fn a_state_file_is_not_used_for_another_application() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert!(JobState::load(&path, App::Rooms).unwrap().is_none());
        JobState::new(App::Rooms, "scim.x".to_owned())
            .save(&path)
            .unwrap();
        assert_eq!(
            JobState::load(&path, App::Rooms).unwrap().unwrap().job_id,
            "scim.x"
        );
        assert!(
            JobState::load(&path, App::Advisors)
                .unwrap_err()
                .to_string()
                .contains("rooms")
        );
    }

    #[test]
    fn references_are_counted_apart() {
        let mut state = JobState::new(App::Rooms, "scim.x".to_owned());
        state.escrow("a", &Problem::new(ErrorCode::Timeout, "slow"));
        state.escrow(&references_key("b"), &Problem::new(ErrorCode::Timeout, "slow"));
        assert_eq!(state.failures(), (1, 1));
    }
}
