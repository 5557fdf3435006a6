//! JumpCloud's deviations from RFC 7643/7644: all of them Entra's too, read by the same functions.
//!
//! | JumpCloud sends | read by |
//! | --- | --- |
//! | `""` for what is unknown, in every body | [`super::entra::unassigns`] |
//! | an address of nothing but its type | [`super::entra::is_hollow`] |
//! | `remove` of `members` with the members in `value` | [`super::entra::values_to_remove`] |
//!
//! Its connection test creates a person and a group and deletes both; the second deletion is a 404. Each has a fixture in
//! `tests/fixtures/idp/jumpcloud/`.
