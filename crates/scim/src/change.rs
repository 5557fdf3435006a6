//! What differs between two resources.
