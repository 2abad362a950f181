//! The token endpoint, RFC 6749 section 3.2.

use std::{net::IpAddr, sync::Arc};

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use doorward_shared::{Scope, ScopeSet, Timestamp, scope::OPENID_SCOPES};
use oxide_auth_async::endpoint::{
    access_token::AccessTokenFlow, client_credentials::ClientCredentialsFlow, refresh::RefreshFlow,
};
use serde::Serialize;

use super::{
    Failure, Form,
    adapter::OAuthRequest,
    client_auth::Authenticated,
    engine::{Engine, Grants, Kind},
};
use crate::{
    app::Doorward,
    crypto::{
        secret::{Digest256, Secret},
        signing::{SigningAlgorithm, TokenType},
    },
    domain::{
        Actor, Cause, Client, Code, GrantType, Lineage, SignInMethod,
        client::{MAX_RESOURCES, is_same_resource},
    },
    store::{NewSession, Redeemed, Refreshed, Rotation},
    tokens::Grant,
};

/// What a client gets.
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    pub access_token: String,
    /// The configured lifetime, in seconds.
    pub expires_in: u32,
    pub scope: String,
    pub refresh_token: Option<String>,
    pub id_token: Option<String>,
}

/// Claims of an ID token, OpenID Connect Core section 2.
#[derive(Debug, Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    auth_time: i64,
    amr: &'static [&'static str],
    at_hash: String,
    sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl Doorward {
    /// Answers a token request.
    ///
    /// # Errors
    /// [`Failure`], RFC 6749 section 5.2.
    pub async fn token(
        &self,
        headers: &[&str],
        form: &Form,
        ip: IpAddr,
        request_id: Arc<str>,
    ) -> Result<TokenAnswer, Failure> {
        let Authenticated { client, secret, .. } = self.authenticated(headers, form, ip).await?;
        let cause = Cause {
            actor: Actor::Client(client.id),
            client_id: None,
            ip: Some(ip),
            request_id: Some(request_id),
            at: self.clock.now(),
            reason: None,
        };
        let answer = self.answer((&client, secret), form, cause).await;
        if let Err(failure) = &answer {
            self.refused(Some(client.id), failure, ip);
        }
        answer
    }

    /// Answers a token request of a client that has shown who it is.
    async fn answer(
        &self,
        (client, secret): (&Arc<Client>, Option<Digest256>),
        form: &Form,
        cause: Cause,
    ) -> Result<TokenAnswer, Failure> {
        let grant = form.require("grant_type")?;
        let kind: GrantType = grant.parse().map_err(|_| {
            Failure::new(
                "unsupported_grant_type",
                "grant_type must be authorization_code, refresh_token or client_credentials",
            )
        })?;
        let public = kind == GrantType::ClientCredentials && !client.is_confidential();
        if !client.may(kind) || public {
            return Err(Failure::new(
                "unauthorized_client",
                "the client is not registered for this grant",
            ));
        }
        let resources = self.resources(client, form.all("resource"))?;
        let grants = Grants {
            doorward: self.clone(),
            client: client.clone(),
            kind: what(kind, client, form)?,
            cause,
            resources,
            secret,
            answer: None,
            failure: None,
        };
        let answer = run(Engine::new(grants), kind, form).await?;
        self.metrics.token(kind.as_str());
        Ok(answer)
    }

    /// Audiences a client may ask tokens for, RFC 8707 section 2.
    ///
    /// # Errors
    /// `invalid_target`.
    pub(crate) fn resources(
        &self,
        client: &Client,
        asked: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let known = |asked: &str| {
            let registered = std::iter::once(&self.issuer).chain(&client.resources);
            let mut same = registered.filter(|known| is_same_resource(known, asked));
            same.next().cloned()
        };
        let mut resources = Vec::new();
        for uri in asked {
            let Some(resource) = known(&uri) else {
                let why = "the resource is not one this client is registered for";
                return Err(Failure::new("invalid_target", why));
            };
            if !resources.contains(&resource) {
                resources.push(resource);
            }
            if resources.len() > MAX_RESOURCES {
                let why = format!("there must be at most {MAX_RESOURCES} resources");
                return Err(Failure::new("invalid_target", why));
            }
        }
        Ok(resources)
    }
}

/// What of the form a grant needs, checked before its flow starts.
fn what(kind: GrantType, client: &Client, form: &Form) -> Result<Kind, Failure> {
    let scope = form.get("scope").map(scopes).transpose()?;
    match kind {
        GrantType::ClientCredentials => {
            let own = own_scopes(client);
            match scope {
                Some(scope) if !own.covers_all(&scope) => Err(Failure::scope(
                    "the client is not registered for this scope",
                )),
                _ => Ok(Kind::ClientCredentials),
            }
        }
        GrantType::AuthorizationCode => {
            let verifier = form.get("code_verifier");
            // RFC 7636 section 4.1.
            let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            let well_formed = |verifier: &str| {
                (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)
            };
            if verifier.is_some_and(|verifier| !well_formed(verifier)) {
                return Err(Failure::grant(
                    "code_verifier must be 43 to 128 unreserved characters",
                ));
            }
            Ok(Kind::Code {
                hash: Digest256::of(form.require("code")?.as_bytes()),
                redirect_uri: form.require("redirect_uri")?.to_owned(),
                verified: verifier.is_some(),
                found: None,
            })
        }
        GrantType::RefreshToken => Ok(Kind::Refresh {
            used: form.require("refresh_token")?.to_owned().into(),
            scope,
        }),
    }
}

/// Scopes as a request names them.
///
/// # Errors
/// `invalid_scope` for a malformed one.
pub(crate) fn scopes(text: &str) -> Result<ScopeSet, Failure> {
    let bad = || Failure::scope("a scope is malformed");
    // RFC 6749 section 3.3: separated by single spaces.
    if text.len() > 8 * 1024 {
        return Err(bad());
    }
    let scopes = ScopeSet::parse(text).map_err(|_| bad())?;
    // A parameter without a value counts as left out; one of spaces has a value that names nothing.
    if scopes.is_empty() {
        return Err(bad());
    }
    Ok(scopes)
}

/// What a client may do by itself: nobody signs in, so OpenID Connect's scopes mean nothing.
fn own_scopes(client: &Client) -> ScopeSet {
    let real = |scope: &&Scope| !OPENID_SCOPES.contains(&scope.as_str());
    client.scopes.iter().filter(real).cloned().collect()
}

/// Runs the flow of `oxide-auth`, and takes what our issuer gave it.
async fn run(mut engine: Engine, kind: GrantType, form: &Form) -> Result<TokenAnswer, Failure> {
    let id = engine.grants.client.id.to_string();
    let confidential = engine.grants.client.is_confidential();
    // The flow sees one way of authentication, whichever was used. Its secret was compared already.
    let mut pairs: Vec<_> = form
        .pairs()
        .iter()
        .filter(|(name, _)| {
            !["client_id", "client_secret", "scope", "resource"].contains(&name.as_str())
        })
        .cloned()
        .collect();
    let scope = match (&engine.grants.kind, form.get("scope")) {
        (Kind::ClientCredentials, None) => Some(own_scopes(&engine.grants.client).to_string()),
        (_, scope) => scope.map(str::to_owned),
    };
    // A scope that names nothing is left out: the flow takes "" for a scope it cannot read.
    pairs.extend(
        scope
            .filter(|scope| !scope.is_empty())
            .map(|scope| ("scope".into(), scope)),
    );
    let basic = confidential || kind == GrantType::ClientCredentials;
    let authorization = if basic {
        Some(format!(
            "Basic {}",
            base64::prelude::BASE64_STANDARD.encode(format!("{id}:-"))
        ))
    } else {
        pairs.push(("client_id".into(), id));
        None
    };
    let request = OAuthRequest::with_body(&Form::checked(pairs)?, authorization);
    let done = match kind {
        GrantType::ClientCredentials => {
            let mut flow = ClientCredentialsFlow::prepare(&mut engine)?;
            flow.execute(request).await
        }
        GrantType::AuthorizationCode => {
            let mut flow = AccessTokenFlow::prepare(&mut engine)?;
            flow.execute(request).await
        }
        GrantType::RefreshToken => {
            let mut flow = RefreshFlow::prepare(&mut engine)?;
            flow.execute(request).await
        }
    };
    if let Some(failure) = engine.grants.failure {
        return Err(failure);
    }
    if let Some(answer) = engine.grants.answer {
        return Ok(answer);
    }
    let response = done?;
    Err(match (kind, response.error.as_deref()) {
        _ if response.unauthorized => Failure::client(true),
        (_, Some("invalid_scope")) => Failure::scope("the scope is not allowed"),
        (GrantType::AuthorizationCode, _) => Failure::grant("the authorization code is not valid"),
        (GrantType::RefreshToken, _) => Failure::grant("the refresh token is not valid"),
        _ => Failure::request("the request is not complete"),
    })
}

/// Issues a client's own token.
pub(super) fn client_credentials(
    doorward: &Doorward,
    client: &Client,
    (scope, resources): (&ScopeSet, &[String]),
    secret: Option<Digest256>,
    now: Timestamp,
) -> Result<TokenAnswer, Failure> {
    let seconds = doorward.settings.client_token_seconds;
    let grant = Grant {
        subject: client.id.to_string(),
        client_id: Some(client.id),
        session: None,
        scope,
        audience: resources.to_vec(),
        auth_time: None,
        method: None,
        seconds,
        secret,
    };
    Ok(TokenAnswer {
        access_token: doorward.access_token(grant, now)?,
        expires_in: seconds,
        scope: scope.to_string(),
        refresh_token: None,
        id_token: None,
    })
}

/// Uses a code up and opens the session it gives.
pub(super) async fn code(
    doorward: &Doorward,
    client: &Client,
    (hash, code): (Digest256, Code),
    resources: Vec<String>,
    cause: Cause,
) -> Result<TokenAnswer, Failure> {
    let now = cause.at;
    let settings = &doorward.settings;
    // RFC 8707 section 2.2: at the token endpoint a subset of what was granted.
    let granted = |uri: &String| code.resources.is_empty() || code.resources.contains(uri);
    if !resources.iter().all(granted) {
        return Err(Failure::new(
            "invalid_target",
            "the resource was not asked for at the authorization endpoint",
        ));
    }
    let audience = if resources.is_empty() {
        code.resources.clone()
    } else {
        resources
    };
    // OpenID Connect Core section 11: with `openid` it is `offline_access` that asks for a refresh token.
    let asked = !code.scope.covers("openid") || code.scope.covers("offline_access");
    let offline = asked && client.may(GrantType::RefreshToken);
    let refresh = offline.then(|| doorward.next_refresh_token());
    let new = NewSession {
        client_id: Some(client.id),
        scope: Some(code.scope.clone()),
        ip: code.ip,
        user_agent: code.user_agent.clone(),
        refresh: refresh.clone(),
        refresh_until: now.plus_seconds(i64::from(settings.refresh_token_seconds)),
        access_until: now.plus_seconds(i64::from(settings.access_token_seconds)),
        expires_at: now.plus_seconds(i64::from(settings.session_seconds)),
        browser: None,
        resources: code.resources.clone(),
        auth_time: Some(code.auth_time),
        method: SignInMethod::default(),
    };
    let (user, session) = match doorward.store.redeem_code(hash, new, cause).await? {
        Redeemed::Opened(opened) => *opened,
        Redeemed::Replayed | Redeemed::Gone => {
            return Err(Failure::grant("the authorization code is not valid"));
        }
    };
    let account = doorward.store.account(user.id).await?;
    let may = account
        .map(|account| account.may.clone())
        .unwrap_or_default();
    let scope = session
        .scope
        .intersect(&crate::store::grantable(&may))
        .intersect(&client.scopes);
    let seconds = settings.access_token_seconds;
    let grant = Grant {
        subject: user.id.to_string(),
        client_id: Some(client.id),
        session: Some(session.id),
        scope: &scope,
        audience,
        auth_time: Some(code.auth_time),
        method: Some(session.method),
        seconds,
        secret: None,
    };
    let access_token = doorward.access_token(grant, now)?;
    let id_token = if scope.covers("openid") {
        let claims = IdClaims {
            iss: &doorward.issuer,
            sub: user.id.to_string(),
            aud: client.id.to_string(),
            exp: now.seconds() + i64::from(seconds),
            iat: now.seconds(),
            auth_time: code.auth_time.seconds(),
            amr: session.method.amr(),
            at_hash: at_hash(&access_token, doorward.keys.algorithm()),
            sid: session.id.to_string(),
            nonce: code.nonce,
        };
        Some(doorward.keys.sign(TokenType::Id, &claims)?)
    } else {
        None
    };
    Ok(TokenAnswer {
        access_token,
        expires_in: seconds,
        scope: scope.to_string(),
        refresh_token: refresh.map(|first| first.token(session.id, 1).expose().to_owned()),
        id_token,
    })
}

/// OpenID Connect Core section 3.1.3.6: the left half of the hash that goes with the signature. Ed25519 hashes with
/// SHA-512, and so do the clients that know it.
fn at_hash(access_token: &str, algorithm: Option<SigningAlgorithm>) -> String {
    let hash = match algorithm {
        Some(SigningAlgorithm::EdDsa) => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(hash, access_token.as_bytes());
    let hash = hash.as_ref();
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

/// Uses a refresh token up, for the scopes it was given or fewer.
pub(super) async fn refresh(
    doorward: &Doorward,
    client: &Client,
    (used, wanted, resources): (Secret, Option<ScopeSet>, Vec<String>),
    cause: Cause,
) -> Result<TokenAnswer, Failure> {
    let now = cause.at;
    let settings = &doorward.settings;
    let next = doorward.next_refresh_token();
    let unknown = || Failure::grant("the refresh token is not valid");
    let rotation = doorward.rotation(used.expose(), next.clone(), Lineage::Client(client.id), now);
    let rotation = Rotation {
        scope: wanted.clone(),
        resources,
        ..rotation.ok_or_else(unknown)?
    };
    doorward
        .count_refresh(rotation.used, Lineage::Client(client.id))
        .await?;
    let (session, user, may, audience, generation) =
        match doorward.store.rotate_refresh(rotation, cause).await? {
            Refreshed::Rotated {
                session,
                user,
                scope,
                resources,
                generation,
            } => (session, user, scope, resources, generation),
            Refreshed::OtherResource => {
                return Err(Failure::new(
                    "invalid_target",
                    "the resource was not granted",
                ));
            }
            Refreshed::ScopeTooWide => {
                return Err(Failure::scope("the scope was not granted"));
            }
            _ => return Err(unknown()),
        };
    let scope = match &wanted {
        Some(wanted) => wanted.intersect(&may),
        None => may,
    };
    let scope = scope.intersect(&client.scopes);
    let grant = Grant {
        subject: user.id.to_string(),
        client_id: Some(client.id),
        session: Some(session.id),
        scope: &scope,
        audience,
        auth_time: session.auth_time,
        method: Some(session.method),
        seconds: settings.access_token_seconds,
        secret: None,
    };
    let next = next.token(session.id, generation);
    Ok(TokenAnswer {
        access_token: doorward.access_token(grant, now)?,
        expires_in: settings.access_token_seconds,
        scope: scope.to_string(),
        refresh_token: Some(next.expose().to_owned()),
        id_token: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of OpenID Connect Core appendix A.3, whose ID token is signed with RS256.
    #[test]
    fn at_hash_is_the_left_half_of_the_hash() {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let short = at_hash(token, Some(SigningAlgorithm::Rs256));
        assert_eq!(short, "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(at_hash(token, Some(SigningAlgorithm::EdDsa)).len(), 43);
    }
}
