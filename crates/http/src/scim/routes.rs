//! The table of routes: the addresses below a Tenant URL, and what each method does there.
//!
//! Must not know: the Tenant URL ([`super::route`]), or how an operation is done.

use actix_web::http::Method;
use scim::bulk::UserOrGroup::{self, Group, User};

use super::discovery::DiscoveryDocument;
use super::error::{ErrorCode, Failure};

/// An operation on users or on groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// GET of the endpoint.
    List,
    /// POST to the endpoint.
    Create,
    /// GET of one.
    Get,
    /// PUT.
    Replace,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// POST to `.search`: a list whose parameters are in the body.
    Search,
}

/// The operation of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To users or to groups.
    Resource(UserOrGroup, Verb),
    /// A list of both.
    SearchAll,
    /// Many operations in one request.
    Bulk,
    /// What this directory serves.
    Discovery(DiscoveryDocument),
}

/// Whether and how the body of a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedBody {
    /// Not read.
    Nothing,
    /// JSON.
    Json,
    /// JSON, where groups are served; not read where there are none.
    Group,
}

/// A method of an endpoint.
#[derive(Debug)]
pub struct Action {
    method: &'static str,
    /// The operation.
    pub operation: Operation,
    /// Its body.
    pub body: ExpectedBody,
    /// The value of `operation` in metrics.
    pub word: &'static str,
}

/// How an endpoint answers.
#[derive(Debug)]
enum Serves {
    /// The methods as `Allow` lists them, and the action of each.
    Methods(&'static str, &'static [Action]),
    /// Nothing: 404 with this text.
    Nothing(&'static str),
    /// Nothing, by design: 501 with this text.
    NotImplemented(&'static str),
}

/// An address below the Tenant URL.
#[derive(Debug)]
pub struct Endpoint {
    /// The segments below the Tenant URL; `{id}` is any segment.
    path: &'static str,
    /// The name for spans and metrics: never the path itself, which holds ids.
    pub template: &'static str,
    serves: Serves,
}

const fn at(
    path: &'static str,
    template: &'static str,
    allow: &'static str,
    actions: &'static [Action],
) -> Endpoint {
    Endpoint {
        path,
        template,
        serves: Serves::Methods(allow, actions),
    }
}

const fn on(method: &'static str, operation: Operation, body: ExpectedBody, word: &'static str) -> Action {
    Action {
        method,
        operation,
        body,
        word,
    }
}

const fn discovery(document: DiscoveryDocument) -> Action {
    on(
        "GET",
        Operation::Discovery(document),
        ExpectedBody::Nothing,
        "discovery",
    )
}

const fn search(operation: Operation) -> Action {
    on("POST", operation, ExpectedBody::Json, "search")
}

/// `Allow` of a collection and of one resource.
const COLLECTION: &str = "GET, POST";
const ONE: &str = "GET, PUT, PATCH, DELETE";

/// The table, one row for each address. The first that matches counts, so a fixed address is above one with `{id}`.
#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = {
    use ExpectedBody::{Group as GroupBody, Json, Nothing};
    use Operation::{Bulk, Resource, SearchAll};
    use Verb::{Create, Delete, Get, List, Patch, Replace, Search};
    &[
        at("Users", "/scim/Users", COLLECTION, &[
            on("GET", Resource(User, List), Nothing, "list"),
            on("POST", Resource(User, Create), Json, "create"),
        ]),
        // A Tenant URL that was pasted as `…/scim/Users`; no id of ours looks like that.
        UNKNOWN.moved("Users/Users"),
        UNKNOWN.moved("Users/Groups"),
        at("Users/.search", "/scim/Users/.search", "POST", &[search(Resource(User, Search))]),
        at("Users/{id}", "/scim/Users/{id}", ONE, &[
            on("GET", Resource(User, Get), Nothing, "get"),
            on("PUT", Resource(User, Replace), Json, "replace"),
            on("PATCH", Resource(User, Patch), Json, "patch"),
            on("DELETE", Resource(User, Delete), Nothing, "delete"),
        ]),
        at("Groups", "/scim/Groups", COLLECTION, &[
            on("GET", Resource(Group, List), Nothing, "list_groups"),
            on("POST", Resource(Group, Create), GroupBody, "create_group"),
        ]),
        at("Groups/.search", "/scim/Groups/.search", "POST", &[search(Resource(Group, Search))]),
        at("Groups/{id}", "/scim/Groups/{id}", ONE, &[
            on("GET", Resource(Group, Get), Nothing, "get_group"),
            on("PUT", Resource(Group, Replace), GroupBody, "replace_group"),
            on("PATCH", Resource(Group, Patch), GroupBody, "patch_group"),
            on("DELETE", Resource(Group, Delete), Nothing, "delete_group"),
        ]),
        at(".search", "/scim/.search", "POST", &[search(SearchAll)]),
        at("Bulk", "/scim/Bulk", "POST", &[on("POST", Bulk, Json, "bulk")]),
        at("ServiceProviderConfig", CONFIG, "GET", &[discovery(DiscoveryDocument::ServiceProviderConfig)]),
        // Microsoft's reference name.
        at("serviceConfiguration", CONFIG, "GET", &[discovery(DiscoveryDocument::ServiceProviderConfig)]),
        at("Schemas", "/scim/Schemas", "GET", &[discovery(DiscoveryDocument::Schemas)]),
        at("Schemas/{id}", "/scim/Schemas/{id}", "GET", &[discovery(DiscoveryDocument::Schema)]),
        at("ResourceTypes", "/scim/ResourceTypes", "GET", &[discovery(DiscoveryDocument::ResourceTypes)]),
        at("ResourceTypes/{id}", "/scim/ResourceTypes/{id}", "GET", &[discovery(DiscoveryDocument::ResourceType)]),
        ME,
        ROOT,
    ]
};

const CONFIG: &str = "/scim/ServiceProviderConfig";

/// RFC 7644 §3.11.
const ME: Endpoint = Endpoint {
    path: "Me",
    template: "/scim/Me",
    serves: Serves::NotImplemented(
        "The token belongs to a directory, not to a person, so there is no /Me. Address people by /Users/{id}.",
    ),
};

/// The Tenant URL itself.
const ROOT: Endpoint = Endpoint {
    path: "",
    template: "/scim",
    serves: Serves::Nothing(
        "This is a Tenant URL: paste it into the identity provider as it is. SCIM clients append /Users to it; there is nothing to read here itself.",
    ),
};

/// Anything else below a Tenant URL.
const UNKNOWN: Endpoint = Endpoint {
    path: "{unknown}",
    template: "/scim/{unknown}",
    serves: Serves::Nothing(
        "There is nothing at this address below the Tenant URL. It serves /Users, /Groups, /Bulk, /.search, \
         /ServiceProviderConfig, /ResourceTypes and /Schemas. Check that the Tenant URL at the identity provider ends in /scim.",
    ),
};

/// The methods of RFC 9110 and RFC 5789: 405 where an address does not take them. Any other method is 501.
const KNOWN_METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

impl Endpoint {
    /// The same endpoint at another address.
    const fn moved(self, path: &'static str) -> Self {
        Self {
            path,
            template: self.template,
            serves: self.serves,
        }
    }

    /// The endpoint of an address below the Tenant URL, and its segment at `{id}`; empty where there is none.
    pub fn of<'a>(segments: &(impl Iterator<Item = &'a str> + Clone)) -> (&'static Self, &'a str) {
        let mut fitting = ENDPOINTS
            .iter()
            .filter_map(|endpoint| endpoint.fit(segments.clone()).map(|id| (endpoint, id)));
        fitting.next().unwrap_or((&UNKNOWN, ""))
    }

    /// The segment at `{id}`, if the endpoint matches these segments.
    fn fit<'a>(&self, mut segments: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        let mut id = "";
        for word in self.path.split('/').filter(|word| !word.is_empty()) {
            let segment = segments.next()?;
            match word {
                "{id}" => id = segment,
                // In another spelling it is an id.
                ".search" if segment != word => return None,
                _ if !segment.eq_ignore_ascii_case(word) => return None,
                _ => {}
            }
        }
        segments.next().is_none().then_some(id)
    }

    /// The action of a method.
    ///
    /// # Errors
    /// `noSuchRoute`, `methodNotAllowed` with the methods in `Allow`, `notImplemented`.
    pub fn action(&self, method: &Method) -> Result<&'static Action, Failure> {
        // A HEAD is a GET whose body the server leaves out (RFC 9110 §9.3.2).
        let word = if *method == Method::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        let not_implemented = |detail| Err(Failure::with(ErrorCode::NotImplemented, detail));
        match self.serves {
            Serves::NotImplemented(detail) => not_implemented(detail),
            _ if !KNOWN_METHODS.contains(&word) => not_implemented(
                "The gateway does not know this HTTP method. Use GET, POST, PUT, PATCH or DELETE.",
            ),
            Serves::Nothing(detail) => Err(Failure::with(ErrorCode::NoSuchRoute, detail)),
            Serves::Methods(allow, actions) => {
                let found = actions.iter().find(|action| action.method == word);
                found.ok_or_else(|| Failure::method(ErrorCode::MethodNotAllowed, allow))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::route::Route;

    #[test]
    fn a_wrong_method_says_which_ones_are_taken() {
        for (path, method, status, allow) in [
            ("/scim/Users", "DELETE", 405, Some("GET, POST")),
            ("/scim/Users/1", "POST", 405, Some("GET, PUT, PATCH, DELETE")),
            ("/scim/Schemas", "POST", 405, Some("GET")),
            ("/scim/Groups", "PUT", 405, Some("GET, POST")),
            ("/scim/Groups/1", "POST", 405, Some("GET, PUT, PATCH, DELETE")),
            ("/scim/Users/.search", "GET", 405, Some("POST")),
            ("/scim/.search", "PUT", 405, Some("POST")),
            ("/scim/Bulk", "GET", 405, Some("POST")),
            ("/scim/Me", "GET", 501, None),
            ("/scim/Me", "PATCH", 501, None),
            ("/scim/Users", "PROPFIND", 501, None),
            ("/scim/Users", "OPTIONS", 405, Some("GET, POST")),
            ("/scim/Nothing", "GET", 404, None),
            ("/scim", "GET", 404, None),
        ] {
            let route = Route::of(path).expect(path);
            let method = Method::from_bytes(method.as_bytes()).expect(method);
            let failure = route.endpoint.action(&method).expect_err(path);
            assert_eq!((failure.row().status, failure.allow), (status, allow), "{path}");
            if let (ErrorCode::MethodNotAllowed, Some(allow)) = (failure.code, allow) {
                assert!(failure.detail.contains(allow), "{}", failure.detail);
            }
        }
    }

    #[test]
    fn allow_names_the_methods_of_each_row() {
        for endpoint in ENDPOINTS {
            if let Serves::Methods(allow, actions) = endpoint.serves {
                let methods: Vec<_> = actions.iter().map(|action| action.method).collect();
                assert_eq!(methods.join(", "), allow, "{}", endpoint.path);
            }
        }
    }
}
