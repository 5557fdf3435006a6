//! Creates a client of a directory.

use std::sync::Arc;

use auth::CredentialKind;
use chrono::TimeDelta;
use domain::audit::Action;
use domain::client::{Client, Federation};
use domain::tenant::Tenant;

use super::{Issued, audit, lives, new_secret};
use crate::{Context, Error};

/// The most clients of one directory that were not revoked.
pub const MOST: usize = 20;
/// The most audiences, and the most letters of each value, of a federated identity.
const MOST_AUDIENCES: usize = 8;
const LONGEST_VALUE: usize = 512;

/// What a new client is to be.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// A word to know it by.
    pub label: Option<String>,
    /// How long its first secret lives.
    pub life: TimeDelta,
    /// The identity that it proves itself by; `None`: by secrets.
    pub federation: Option<NewFederation>,
}

/// A federated identity as an operator types it.
#[derive(Debug, Clone, Default)]
pub struct NewFederation {
    /// `tid` of the assertion: the id of the customer's Entra tenant.
    pub entra_tenant: String,
    /// `sub` of the assertion: the object id of the application that provisions, in that Entra tenant.
    pub subject: String,
    /// `aud` of the assertion is one of these.
    pub audiences: Vec<String>,
    /// `iss` of the assertion; that of Entra's tokens of version 2 without it.
    pub issuer: Option<String>,
    /// Where the issuer's keys are read; Entra's address without it.
    pub keys_url: Option<String>,
}

/// Creates a client, with its first secret unless it has a federated identity.
///
/// # Errors
/// [`Error::SecretLife`], [`Error::Federation`], [`Error::KeysHost`], [`Error::EntraTenantOther`], [`Error::TenantUnknown`],
/// [`Error::DirectoryUnknown`], [`Error::TooManyClients`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: &str,
    new: NewClient,
) -> Result<Issued, Error> {
    lives(new.life)?;
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    let federation = new
        .federation
        .map(|new| federation(context, &tenant, new))
        .transpose()?;
    let scope = Context::scope(tenant.id);
    let others = context.store.clients(scope, Some(directory.id)).await?;
    if others.iter().filter(|client| client.revoked_at.is_none()).count() >= MOST {
        return Err(Error::TooManyClients {
            tenant: tenant.name.to_string(),
            profile: directory.profile.to_string(),
            most: MOST,
        });
    }
    let client = Client {
        id: auth::token::new_id()?,
        tenant: tenant.id,
        directory: directory.id,
        label: new.label,
        epoch: 1,
        federation,
        created_at: context.clock.now(),
        revoked_at: None,
    };
    let secret = match client.federation {
        Some(_) => None,
        None => Some(new_secret(context, &client, new.life).await?),
    };
    let mut entry = audit(context, Action::ClientCreate, &client);
    if let Some((issued, _)) = &secret {
        entry = entry
            .with("secret", issued.secret.id.as_str())
            .with("expiresAt", issued.secret.expires_at.to_rfc3339());
    }
    if let Some(federation) = &client.federation {
        entry = entry
            .with("issuer", federation.issuer.as_str())
            .with("subject", federation.subject.as_str())
            .with("audiences", federation.audiences.clone())
            .with("entraTenant", federation.entra_tenant.as_str())
            .with("keysUrl", federation.keys_url.as_str());
    }
    let change = Arc::new((client.clone(), secret.clone()));
    let (issued, hash) = secret.unzip();
    let made = Issued {
        client,
        secret: issued,
        token_url: context.token_url(),
        tenant_url: context.tenant_url(&directory.profile),
    };
    context
        .create(&entry, &made, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                let (client, secret) = &*change;
                let secret = secret.as_ref().map(|(issued, hash)| (&issued.secret, hash));
                tx.insert_client(scope, client, secret).await
            })
        })
        .await?;
    if let (Some(issued), Some(hash)) = (&made.secret, &hash) {
        context
            .remember(CredentialKind::ClientSecret, &issued.text, hash)
            .await;
    }
    Ok(made)
}

/// # Errors
/// [`Error::Federation`] with the field, [`Error::KeysHost`], [`Error::EntraTenantOther`].
fn federation(context: &Context, tenant: &Tenant, new: NewFederation) -> Result<Federation, Error> {
    let entra_tenant = entra_tenant(tenant, &new.entra_tenant)?;
    let issuer = new
        .issuer
        .unwrap_or_else(|| format!("https://login.microsoftonline.com/{entra_tenant}/v2.0"));
    one_word("issuer", &issuer)?;
    if !issuer.starts_with("https://") {
        return Err(Error::Federation(
            "issuer",
            "must be an address that begins with https://",
        ));
    }
    one_word("subject", &new.subject)?;
    if new.audiences.is_empty() || new.audiences.len() > MOST_AUDIENCES {
        return Err(Error::Federation(
            "audiences",
            "must be 1 to 8 texts, of which Entra sends one as aud",
        ));
    }
    for audience in &new.audiences {
        one_word("audiences", audience)?;
    }
    let keys_url = keys_url(context, new.keys_url, &entra_tenant)?;
    Ok(Federation {
        issuer,
        audiences: new.audiences,
        subject: new.subject,
        entra_tenant,
        keys_url,
    })
}

/// The id of an Entra tenant, in small letters; the one that our tenant is bound to, if it is.
///
/// # Errors
/// [`Error::Federation`], [`Error::EntraTenantOther`].
pub(crate) fn entra_tenant(tenant: &Tenant, id: &str) -> Result<String, Error> {
    let id = id.trim().to_ascii_lowercase();
    if !is_uuid(&id) {
        return Err(Error::Federation(
            "entraTenant",
            "must be the id of the customer's Entra tenant, such as 12345678-9abc-def0-1234-56789abcdef0",
        ));
    }
    let bound = tenant.external_tenant_id.as_deref();
    if bound.is_some_and(|bound| !bound.eq_ignore_ascii_case(&id)) {
        return Err(Error::EntraTenantOther {
            tenant: tenant.name.to_string(),
            bound: bound.unwrap_or_default().to_owned(),
        });
    }
    Ok(id)
}

/// The address of an issuer's keys: Entra's, or the one that was said, at a host that the settings allow.
///
/// # Errors
/// [`Error::KeysHost`].
pub(crate) fn keys_url(context: &Context, url: Option<String>, entra_tenant: &str) -> Result<String, Error> {
    let url = url
        .unwrap_or_else(|| format!("https://login.microsoftonline.com/{entra_tenant}/discovery/v2.0/keys"));
    if url.len() > LONGEST_VALUE || !context.key_hosts.allow(&url) {
        return Err(Error::KeysHost(context.key_hosts.to_string()));
    }
    Ok(url)
}

fn one_word(field: &'static str, text: &str) -> Result<(), Error> {
    let is_plain = |letter: char| letter.is_ascii_graphic();
    if text.is_empty() || text.len() > LONGEST_VALUE || !text.chars().all(is_plain) {
        return Err(Error::Federation(
            field,
            "must be a text without blanks, exactly as Entra sends it",
        ));
    }
    Ok(())
}

/// Whether a text has the form of a UUID.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_hexadecimal = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(is_hexadecimal)
}
