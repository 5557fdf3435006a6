//! List queries.
