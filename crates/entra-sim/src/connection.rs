//! "Test Connection": the two queries Entra makes when credentials are saved, and the error it shows when they fail.

use rand::rngs::StdRng;
use serde::Serialize;

use crate::clock;
use crate::log::ErrorInformation;
use crate::problem::ErrorCode;
use crate::wire::client::{Client, Traffic};

const UNAVAILABLE: &str =
    "Check the tenant URL and that the gateway can be reached, then test the connection again.";

/// The result of Test Connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionReport {
    /// True if Entra would save the credentials.
    pub ok: bool,
    /// The error code that the portal shows; `None` on success.
    pub portal_error: Option<&'static str>,
    /// The collection whose query failed: `Users` or `Groups`; `None` on success.
    pub collection: Option<&'static str>,
    /// The failed query's error, as in the provisioning log; `None` on success.
    pub error: Option<ErrorInformation>,
    /// Requests sent and answers received by the test.
    #[serde(flatten)]
    pub traffic: Traffic,
}

/// Queries both collections for an object that cannot exist. Both must answer 200 and an empty list, even if
/// the target serves no groups.
pub async fn test(client: &Client, matching: &str, rng: &mut StdRng) -> ConnectionReport {
    for (collection, attribute) in [("Users", matching), ("Groups", "displayName")] {
        if let Err(problem) = client.probe(collection, attribute, &clock::guid(rng)).await {
            let mut error = ErrorInformation::from(&problem);
            let portal_error = match problem.code {
                ErrorCode::Unauthorized | ErrorCode::InsufficientRights => {
                    "SystemForCrossDomainIdentityManagementCredentialValidationFailure"
                }
                ErrorCode::ServiceIncompatible => "SystemForCrossDomainIdentityManagementServiceIncompatible",
                _ => {
                    // No cycle runs yet, so nothing is retried automatically.
                    error.recommended_action = UNAVAILABLE;
                    "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"
                }
            };
            return ConnectionReport {
                ok: false,
                portal_error: Some(portal_error),
                collection: Some(collection),
                error: Some(error),
                traffic: client.traffic(),
            };
        }
    }
    ConnectionReport {
        ok: true,
        portal_error: None,
        collection: None,
        error: None,
        traffic: client.traffic(),
    }
}
