//! How a text becomes a value (`deserialize_with`); the error is the rule, in words for the operator.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// What [`FromStr`] reads, spaces around it ignored.
pub fn parsed<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D, rule: &str) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.trim().parse().map_err(|_| D::Error::custom(rule))
}

/// Whether something is so.
pub fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    parsed(deserializer, "must be true or false")
}

/// One of the words of an enum.
pub fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    rule: &str,
) -> Result<T, D::Error> {
    T::deserialize(deserializer).map_err(|_| D::Error::custom(rule))
}

/// A whole number within bounds.
pub fn number<'de, const MIN: u64, const MAX: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let rule = format!("must be a whole number from {MIN} to {MAX}");
    let number = parsed(deserializer, &rule)?;
    let number = (MIN..=MAX).contains(&number).then(|| T::try_from(number).ok());
    number.flatten().ok_or_else(|| D::Error::custom(rule))
}
