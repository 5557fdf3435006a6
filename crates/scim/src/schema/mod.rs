//! Which attributes a resource has (RFC 7643 §2, §4, §7) and what a directory serves of them.
//!
//! Must not know: documents ([`crate::resource`]) or how a schema is published ([`crate::message`]).
//!
//! Reading order: `model` (the words), `user`, `group` and `enterprise` (the RFC's schemas), `resource_type`
//! (a core schema with its extensions), `restrict` (how a profile narrows one).

mod common;
mod enterprise;
mod group;
mod model;
mod resource_type;
mod restrict;
mod user;

pub use enterprise::enterprise_user;
pub use group::group;
pub use model::{AttrType, Attribute, Mutability, Returned, Schema, Uniqueness};
pub use resource_type::ResourceType;
pub use restrict::restrict;
pub use user::user;

/// The core User schema (RFC 7643 §4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core Group schema (RFC 7643 §4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of User (RFC 7643 §4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
