//! The page on which an administrator corrects an error, in the words of the identity provider.
//!
//! The only list of Entra's pages, so that a page has the same name in every text. Must not know: the error. Read
//! [`crate::policy`] for texts that use it.

use crate::tenant::Provider;

/// A page of Entra's portal, below the enterprise application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalPage {
    /// The attribute mapping of users, with the matching attribute.
    Users,
    /// The attribute mapping of groups.
    Groups,
    /// The restart of provisioning.
    Restart,
    /// Tenant URL and secret token.
    Credentials,
}

impl PortalPage {
    /// Its path in the portal's menu.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Users => "Provisioning > Mappings > Provision Microsoft Entra ID Users",
            Self::Groups => "Provisioning > Mappings > Provision Microsoft Entra ID Groups",
            Self::Restart => "Provisioning > Restart provisioning",
            Self::Credentials => "Provisioning > Admin Credentials",
        }
    }
}

impl Provider {
    /// The product's name in a sentence.
    pub const fn product(self) -> &'static str {
        match self {
            Self::Entra => "Entra",
            Self::Okta => "Okta",
            Self::OneLogin => "OneLogin",
            Self::JumpCloud => "JumpCloud",
            Self::Ping => "Ping",
            Self::Generic => "the client",
        }
    }

    /// The beginning of an instruction: `In Entra, open Provisioning > … and`, `In Okta,`, `At the client,`.
    pub fn at(self, page: PortalPage) -> String {
        match self {
            Self::Entra => format!("In Entra, open {} and", page.path()),
            Self::Generic => "At the client,".to_owned(),
            product => format!("In {},", product.product()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entra_is_sent_to_entras_pages() {
        for provider in Provider::ALL {
            for page in [PortalPage::Users, PortalPage::Groups, PortalPage::Restart] {
                let words = provider.at(page);
                let is_entra = *provider == Provider::Entra;
                assert_eq!(words.contains("Entra"), is_entra, "{words}");
                assert_eq!(words.contains("Provisioning >"), is_entra, "{words}");
            }
        }
        assert_eq!(Provider::Okta.at(PortalPage::Users), "In Okta,");
        assert_eq!(Provider::Generic.at(PortalPage::Groups), "At the client,");
    }
}
