//! What is released, and what is not.
