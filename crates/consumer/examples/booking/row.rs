//! One advisor or room as the booking service keeps it.

use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A row of `advisors` or `rooms`; a room has no given and family name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The customer's name.
    pub tenant: String,
    /// The directory's id.
    pub directory: String,
    /// The identity's id in the gateway.
    pub id: String,
    /// The customer's own id of it.
    pub external_id: Option<String>,
    /// Its login name, or a room's address.
    pub user_name: Option<String>,
    /// Its name on the screen; absent after a deletion, like all below.
    pub display_name: Option<String>,
    /// An advisor's given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// An advisor's family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Where it is.
    pub office: Option<String>,
    /// Whether it can be booked.
    pub active: bool,
    /// The revision this row shows.
    pub sequence: i64,
    /// Whether it is gone; the row stays, so that a late event cannot revive it.
    pub deleted: bool,
    /// The feed position that last changed this row.
    #[serde(skip)]
    pub position: i64,
}

impl Row {
    /// Reads a row of either table.
    pub fn read(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            tenant: row.try_get("tenant")?,
            directory: row.try_get("directory")?,
            id: row.try_get("id")?,
            external_id: row.try_get("external_id")?,
            user_name: row.try_get("user_name")?,
            display_name: row.try_get("display_name")?,
            given_name: row.try_get("given_name")?,
            family_name: row.try_get("family_name")?,
            office: row.try_get("office")?,
            active: row.try_get("active")?,
            sequence: row.try_get("sequence")?,
            deleted: row.try_get("deleted")?,
            position: row.try_get("position")?,
        })
    }
}
