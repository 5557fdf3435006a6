//! JumpCloud's deviations from RFC 7643/7644: all of them Entra's too, read by the same functions.
//!
//! | JumpCloud sends | read by |
//! | --- | --- |
//! | `""` for what is unknown, in every body | [`super::entra::unassigns`] |
//! | an address of nothing but its type | [`super::entra::is_hollow`] |
//! | `remove` of `members` with the members in `value` | [`super::entra::values_to_remove`] |
//!
//! Its connection test makes a person and a group of its own and deletes both; a person deleted is a 404 the second time.
//! Each is walked by a file in `tests/fixtures/idp/jumpcloud/`.
