//! `/auth`: signing up, in and out, and one's own account.

use doorward_shared::{
    ErrorCode, Page, SessionId,
    auth::{
        EmailRequest, ForgotRequest, LoginRequest, OwnSession, PasswordRequest, Profile,
        ProfileKey, ProfilePatch, RefreshRequest, RegisterRequest, RegisterResponse,
        RegisteredUser, ResendRequest, ResetRequest, TokenResponse, VerifyEmailRequest,
    },
};
use rocket::{Route, delete, get, patch, post, routes};

use super::{
    ApiError, Bearer, Body, FirstParty, Listing, OptionalBody, RequestInfo,
    guards::{AnyFirstParty, Changing},
    reply::{Accepted, Answer, Done, Later, NoContent, ReadyJson, created, ok},
    request::UserAgent,
    values,
};
use crate::{
    crypto::secret::Secret,
    domain::{Account, Actor, Door, Session, UserChange, device::Device, mail::Language},
    http::Services,
    service::{Caller, Credential, PasswordChange, Reset},
    store::{AskedFor, SessionFilter},
};

pub(super) fn all() -> Vec<Route> {
    routes![
        register,
        login,
        refresh,
        logout,
        me,
        change_me,
        change_password,
        reset_password,
        forgot_password,
        resend,
        verify_email,
        change_email,
        sessions,
        end_session
    ]
}

#[post("/auth/register", data = "<body>")]
async fn register(
    doorward: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<RegisterRequest>,
) -> Answer<RegisterResponse> {
    let (new, refresh) = doorward
        .tokens
        .new_session(info.ip, agent.0, doorward.clock.now());
    let cause = info.cause(Actor::Anonymous, doorward.clock.now());
    let (user, session) = doorward.accounts.sign_up(body.0, new, cause).await?;
    let tokens = match session {
        Some(session) => {
            doorward.metrics.token("register");
            Some(doorward.tokens.first_response(&session, &refresh)?)
        }
        None => None,
    };
    created(RegisterResponse {
        tokens,
        user: RegisteredUser {
            id: user.id,
            email: user.email.as_str().to_owned(),
            first_name: user.first_name,
            last_name: user.last_name,
            created_at: user.created_at,
        },
    })
}

#[post("/auth/login", data = "<body>")]
async fn login(
    doorward: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<LoginRequest>,
) -> Answer<TokenResponse> {
    let LoginRequest { email, password } = body.0;
    let now = doorward.clock.now();
    let (new, refresh) = doorward.tokens.new_session(info.ip, agent.0, now);
    let cause = info.cause(Actor::Anonymous, now);
    let (_, session) = doorward
        .sign_in
        .with_password(&email, password.into(), new, cause)
        .await?;
    doorward.metrics.token("login");
    ok(doorward.tokens.first_response(&session, &refresh)?)
}

#[post("/auth/refresh", data = "<body>")]
async fn refresh(
    doorward: &Services,
    info: &RequestInfo,
    body: Body<RefreshRequest>,
) -> Answer<TokenResponse> {
    let used = Secret::from(body.0.refresh_token);
    let cause = info.cause(Actor::Anonymous, doorward.clock.now());
    let renewed = doorward.refresh.first_party(&used, cause).await?;
    doorward.metrics.token("refresh");
    ok(renewed)
}

#[post("/auth/logout")]
async fn logout(doorward: &Services, info: &RequestInfo, by: Bearer) -> Done {
    let act = doorward.act(&by, Door::Own, info)?;
    match &by.credential {
        Credential::Session { .. } => doorward.store.sign_out(None, act).await?,
        Credential::Client { client } => {
            let claims = by.claims.as_ref().ok_or_else(ApiError::invalid_token)?;
            let until = doorward_shared::Timestamp::from_seconds(claims.exp());
            let (jti, of) = (claims.jti(), client.id);
            doorward.store.give_back_token(jti, of, until, act).await?;
        }
        Credential::Key { .. } => {
            let message = "an API key has no session to end; revoke the key instead";
            return Err(ApiError::new(ErrorCode::InsufficientScope, message));
        }
    }
    Ok(NoContent)
}

/// The person behind a caller; 403 for a token that an OAuth client obtained, and for the operator key.
fn person(caller: &Caller) -> Result<&Account, ApiError> {
    let refused = |message| ApiError::new(ErrorCode::InsufficientScope, message);
    if caller.client_id().is_some() {
        return Err(refused(
            "this needs a token from login or registration, or an API key; a client reads /oauth/userinfo",
        ));
    }
    let nobody = || refused("no user stands behind this credential");
    caller.account().map(AsRef::as_ref).ok_or_else(nobody)
}

/// A profile as `caller` sees it: with a key, `permissions` is what the key may do.
fn profile_for(caller: &Caller) -> Result<Profile, ApiError> {
    let profile = profile(person(caller)?);
    let Credential::Key { key, .. } = &caller.credential else {
        return Ok(profile);
    };
    Ok(Profile {
        permissions: caller.scopes.clone(),
        api_key: Some(ProfileKey {
            id: key.id,
            name: key.name.clone(),
            environment: key.environment,
        }),
        ..profile
    })
}

fn profile(account: &Account) -> Profile {
    let user = &account.user;
    Profile {
        id: user.id,
        email: user.email.as_str().to_owned(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        role: user.role.clone(),
        permissions: account.may.clone(),
        created_at: user.created_at,
        last_login_at: user.last_login_at,
        api_key: None,
    }
}

#[get("/auth/me")]
fn me(doorward: &Services, by: Bearer) -> Result<ReadyJson, ApiError> {
    person(&by)?;
    doorward.profiles.of(&by.0, || profile_for(&by))
}

#[patch("/auth/me", data = "<body>")]
async fn change_me(
    doorward: &Services,
    info: &RequestInfo,
    by: Changing,
    body: Body<ProfilePatch>,
) -> Answer<Profile> {
    let change = UserChange {
        first_name: values::name_change("firstName", body.0.first_name)?,
        last_name: values::name_change("lastName", body.0.last_name)?,
        ..UserChange::default()
    };
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let id = by.account.user.id;
    let user = doorward.store.change_user(id, change, act).await?;
    let may = by.account.may.clone();
    ok(profile(&Account { user, may }))
}

#[post("/auth/password", data = "<body>")]
async fn change_password(
    doorward: &Services,
    info: &RequestInfo,
    by: Changing,
    body: Body<PasswordRequest>,
) -> Done {
    let PasswordRequest {
        current_password,
        new_password,
        api_keys,
    } = body.0;
    let change = PasswordChange {
        current: current_password.into(),
        new: new_password.into(),
        api_keys,
    };
    let cause = info.cause(by.caller.actor(), doorward.clock.now());
    doorward
        .accounts
        .change_own_password(&by.caller, change, cause)
        .await?;
    Ok(NoContent)
}

#[post("/auth/password/reset", data = "<body>")]
async fn reset_password(doorward: &Services, info: &RequestInfo, body: Body<ResetRequest>) -> Done {
    let ResetRequest {
        token,
        new_password,
        keep_api_keys,
    } = body.0;
    let reset = Reset {
        token: token.into(),
        password: new_password.into(),
        names: None,
        keep_api_keys,
        thorough: false,
    };
    let cause = info.cause(Actor::Anonymous, doorward.clock.now());
    doorward.links.reset(reset, cause).await?;
    Ok(NoContent)
}

#[post("/auth/password/forgot", data = "<body>")]
async fn forgot_password(
    doorward: &Services,
    info: &RequestInfo,
    body: Body<ForgotRequest>,
) -> Later {
    let cause = info.cause(Actor::Anonymous, doorward.clock.now());
    let asked = AskedFor::Password;
    let asked = doorward
        .verification
        .ask(asked, body.0.email, info.ip, cause);
    asked.await?;
    Ok(Accepted)
}

#[post("/auth/email/resend", data = "<body>")]
async fn resend(
    doorward: &Services,
    info: &RequestInfo,
    by: Result<FirstParty, ApiError>,
    body: OptionalBody<ResendRequest>,
) -> Later {
    let email = match body.0.email {
        Some(email) => email,
        None => {
            doorward.verification.must_mail()?;
            by?.account.user.email.as_str().to_owned()
        }
    };
    let cause = info.cause(Actor::Anonymous, doorward.clock.now());
    let asked = AskedFor::Verification;
    let asked = doorward.verification.ask(asked, email, info.ip, cause);
    asked.await?;
    Ok(Accepted)
}

#[post("/auth/email/verify", data = "<body>")]
async fn verify_email(
    doorward: &Services,
    info: &RequestInfo,
    by: AnyFirstParty,
    body: Body<VerifyEmailRequest>,
) -> Done {
    let cause = info.cause(Actor::Anonymous, doorward.clock.now());
    let token = body.0.token.into();
    // Of whoever is signed in to the account it is known that what they set up is theirs; nobody has to be.
    let signed_in = by.0.map(|by| by.account.user.id);
    let verified = doorward.verification.verify(&token, signed_in, cause);
    verified.await?;
    Ok(NoContent)
}

#[post("/auth/email", data = "<body>")]
async fn change_email(
    doorward: &Services,
    info: &RequestInfo,
    by: Changing,
    body: Body<EmailRequest>,
) -> Later {
    let EmailRequest { email, password } = body.0;
    let cause = info.cause(by.caller.actor(), doorward.clock.now());
    let asked = doorward
        .verification
        .change(&by.caller, &email, password.into(), cause);
    asked.await?;
    Ok(Accepted)
}

#[get("/auth/sessions")]
async fn sessions(
    doorward: &Services,
    by: FirstParty,
    listing: Listing<()>,
) -> Answer<Page<OwnSession>> {
    let filter = SessionFilter {
        user_id: Some(by.account.user.id),
        active: Some(true),
        ..SessionFilter::default()
    };
    let now = doorward.clock.now();
    let page = doorward.store.sessions(filter, listing.query, now).await?;
    let current = by.session.id;
    ok(page.map(|session| own_session(session, current)))
}

pub(super) fn own_session(session: Session, current: SessionId) -> OwnSession {
    OwnSession {
        id: session.id,
        device: Device::of(session.user_agent.as_deref())
            .said_in(Language::En)
            .into_owned(),
        ip: session.ip.to_string(),
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        current: session.id == current,
    }
}

#[delete("/auth/sessions/<id>")]
async fn end_session(doorward: &Services, info: &RequestInfo, by: Changing, id: &str) -> Done {
    let id = values::id(id, "session")?;
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let owner = Some(by.account.user.id);
    doorward.store.end_session(id, owner, act).await?;
    Ok(NoContent)
}
