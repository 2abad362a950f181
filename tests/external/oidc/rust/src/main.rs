//! The crates `oauth2` and `openidconnect` against a running server; the person at the browser is `person.mjs`.

use std::{collections::HashMap, env, error::Error, fs, process::Command};

use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge, RedirectUrl,
    Scope, TokenResponse, TokenUrl, basic::BasicClient, url::Url,
};
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, IssuerUrl, Nonce, OAuth2TokenResponse,
    core::{CoreClient, CoreProviderMetadata, CoreResponseType, CoreUserInfoClaims},
};
use serde_json::Value;

type Done = Result<(), Box<dyn Error>>;

fn check(name: &str, work: impl FnOnce() -> Done) {
    match work() {
        Ok(()) => println!("ok {name}"),
        Err(error) => println!("FAILED {name}\n{error:?}"),
    }
}

/// Signs in and says yes; the parameters the browser brings back.
fn person(url: &Url) -> Result<HashMap<String, String>, Box<dyn Error>> {
    let done = Command::new("node")
        .arg(env::var("PERSON")?)
        .arg(url.as_str())
        .output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into());
    }
    let landed = Url::parse(String::from_utf8(done.stdout)?.trim())?;
    Ok(landed.query_pairs().into_owned().collect())
}

fn part(answer: &HashMap<String, String>, name: &str) -> Result<String, Box<dyn Error>> {
    answer
        .get(name)
        .cloned()
        .ok_or_else(|| format!("no {name} in {answer:?}").into())
}

fn equal<T: PartialEq + std::fmt::Debug>(have: T, want: T) -> Done {
    if have == want {
        Ok(())
    } else {
        Err(format!("{have:?} is not {want:?}").into())
    }
}

fn main() -> Done {
    let issuer = env::var("ISSUER")?;
    let made: Value = serde_json::from_str(&fs::read_to_string(env::var("MADE")?)?)?;
    let text = |path: &str| {
        made.pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let http = oauth2::ureq::builder().redirects(0).build();
    let redirect = text("/redirectUri");

    check("oauth2 signs a person in and refreshes", || {
        let client = BasicClient::new(ClientId::new(text("/web/id")))
            .set_client_secret(ClientSecret::new(text("/web/secret")))
            .set_auth_uri(AuthUrl::new(format!("{issuer}/oauth/authorize"))?)
            .set_token_uri(TokenUrl::new(format!("{issuer}/oauth/token"))?)
            .set_redirect_uri(RedirectUrl::new(redirect.clone())?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new("read".into()))
            .add_scope(Scope::new("offline_access".into()))
            .set_pkce_challenge(challenge)
            .url();
        let answer = person(&url)?;
        equal(&part(&answer, "state")?, state.secret())?;
        equal(part(&answer, "iss")?, issuer.clone())?;
        let code = AuthorizationCode::new(part(&answer, "code")?);
        let tokens = client
            .exchange_code(code)
            .set_pkce_verifier(verifier)
            .request(&http)?;
        let refresh = tokens.refresh_token().ok_or("no refresh token")?;
        let next = client.exchange_refresh_token(refresh).request(&http)?;
        next.refresh_token().ok_or("no next refresh token")?;
        // The one that was used is dead. (Revocation this crate asks for over HTTPS only.)
        match client.exchange_refresh_token(refresh).request(&http) {
            // Its way of putting an error of HTTP's.
            Err(error) if format!("{error:?}").contains("Status(400") => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    });

    check("oauth2 uses client credentials", || {
        let client = BasicClient::new(ClientId::new(text("/machine/id")))
            .set_client_secret(ClientSecret::new(text("/machine/secret")))
            .set_token_uri(TokenUrl::new(format!("{issuer}/oauth/token"))?);
        let tokens = client
            .exchange_client_credentials()
            .add_scope(Scope::new("read".into()))
            .request(&http)?;
        equal(
            tokens.expires_in(),
            Some(std::time::Duration::from_secs(7200)),
        )
    });

    for (name, secret) in [("web", true), ("native", false)] {
        check(&format!("openidconnect signs a person in ({name})"), || {
            let metadata = CoreProviderMetadata::discover(&IssuerUrl::new(issuer.clone())?, &http)?;
            let secret = secret.then(|| ClientSecret::new(text(&format!("/{name}/secret"))));
            let id = ClientId::new(text(&format!("/{name}/id")));
            let client = CoreClient::from_provider_metadata(metadata, id, secret)
                .set_redirect_uri(RedirectUrl::new(redirect.clone())?);
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            let (url, state, nonce) = client
                .authorize_url(
                    AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                    CsrfToken::new_random,
                    Nonce::new_random,
                )
                .add_scope(Scope::new("email".into()))
                .set_pkce_challenge(challenge)
                .url();
            let answer = person(&url)?;
            equal(&part(&answer, "state")?, state.secret())?;
            let code = AuthorizationCode::new(part(&answer, "code")?);
            let tokens = client
                .exchange_code(code)?
                .set_pkce_verifier(verifier)
                .request(&http)?;
            let id_token = openidconnect::TokenResponse::id_token(&tokens).ok_or("no ID token")?;
            let verifier = client.id_token_verifier();
            let claims = id_token.claims(&verifier, &nonce)?;
            let hash = AccessTokenHash::from_token(
                OAuth2TokenResponse::access_token(&tokens),
                id_token.signing_alg()?,
                id_token.signing_key(&verifier)?,
            )?;
            equal(claims.access_token_hash(), Some(&hash))?;
            let subject = Some(claims.subject().clone());
            let info: CoreUserInfoClaims = client
                .user_info(OAuth2TokenResponse::access_token(&tokens).clone(), subject)?
                .request(&http)?;
            equal(
                info.email().map(|email| email.to_string()),
                Some(text("/person/email")),
            )
        });
    }
    println!("end");
    Ok(())
}
