//! `/auth/mfa`, `/auth/passkeys`, `/auth/passkey`: second factors and passkeys.

use doorward_shared::{
    ErrorCode, PasskeyId,
    auth::TokenResponse,
    mfa::{
        Factors, MfaRequest, NewPasskey, Passkey, PasskeyCreation, PasskeyRequest, PasskeySignIn,
        PasswordAgain, RecoveryCodes, TotpCode, TotpRemoval, TotpSetup,
    },
};
use qrcode::{QrCode, render::svg};
use rocket::{Route, delete, get, post, routes};

use super::{
    ApiError, Body, FirstParty, RequestInfo,
    reply::{Answer, Done, NoContent, created, ok},
    user_agent::UserAgent,
    values,
};
use crate::{
    crypto::secret::Secret,
    domain::{self, Actor},
    http::Services,
    service::Factor,
};

pub(super) fn routes() -> Vec<Route> {
    routes![
        factors,
        begin_totp,
        confirm_totp,
        remove_totp,
        new_recovery_codes,
        second_step,
        creation_options,
        add_passkey,
        remove_passkey,
        request_options,
        sign_in
    ]
}

fn wire(key: domain::Passkey) -> Passkey {
    Passkey {
        id: key.id,
        name: key.name,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
    }
}

/// What an account has set up, without secrets.
pub(super) fn wire_factors(found: domain::Factors) -> Factors {
    Factors {
        totp: found.totp,
        passkeys: found.passkeys.into_iter().map(wire).collect(),
        recovery_codes: found.recovery_codes,
    }
}

fn shown(codes: Vec<Secret>) -> RecoveryCodes {
    let recovery_codes = codes.iter().map(|code| code.expose().to_owned()).collect();
    RecoveryCodes { recovery_codes }
}

#[get("/auth/mfa")]
async fn factors(doorward: &Services, by: FirstParty) -> Answer<Factors> {
    ok(wire_factors(
        doorward.store.factors(by.account.user.id).await?,
    ))
}

#[post("/auth/mfa/totp", data = "<body>")]
async fn begin_totp(
    doorward: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<PasswordAgain>,
) -> Answer<TotpSetup> {
    let context = doorward.context(&by.caller, info);
    let password = body.0.password.into();
    let begun = doorward
        .own_factors
        .begin_totp(&by.caller, password, context);
    let (secret, uri) = begun.await?;
    ok(TotpSetup {
        qr_svg: qr_svg(uri.expose())?,
        secret: secret.expose().to_owned(),
        uri: uri.expose().to_owned(),
    })
}

/// A QR code as an SVG image that scales.
pub(super) fn qr_svg(text: &str) -> Result<String, ApiError> {
    let code = QrCode::new(text)
        .map_err(|error| ApiError::new(ErrorCode::InternalError, error.to_string()))?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .build())
}

#[post("/auth/mfa/totp/confirm", data = "<body>")]
async fn confirm_totp(
    doorward: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<TotpCode>,
) -> Answer<RecoveryCodes> {
    let context = doorward.context(&by.caller, info);
    let codes = doorward
        .own_factors
        .confirm_totp(&by.caller, &body.0.code, context);
    ok(shown(codes.await?))
}

#[delete("/auth/mfa/totp", data = "<body>")]
async fn remove_totp(
    doorward: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<TotpRemoval>,
) -> Done {
    let TotpRemoval { password, code } = body.0;
    let context = doorward.context(&by.caller, info);
    doorward
        .own_factors
        .remove_totp(&by.caller, password.into(), &code, context)
        .await?;
    Ok(NoContent)
}

#[post("/auth/mfa/recovery-codes", data = "<body>")]
async fn new_recovery_codes(
    doorward: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<PasswordAgain>,
) -> Answer<RecoveryCodes> {
    let context = doorward.context(&by.caller, info);
    let password = body.0.password.into();
    let codes = doorward
        .own_factors
        .new_recovery_codes(&by.caller, password, context);
    ok(shown(codes.await?))
}

#[post("/auth/mfa", data = "<body>")]
async fn second_step(
    doorward: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<MfaRequest>,
) -> Answer<TokenResponse> {
    let MfaRequest {
        mfa_token,
        code,
        recovery_code,
        passkey,
    } = body.0;
    let factor = match (code, recovery_code, passkey) {
        (Some(code), None, None) => Factor::Code(code.into()),
        (None, Some(code), None) => Factor::Recovery(code.into()),
        (None, None, Some(passkey)) => Factor::Passkey(passkey),
        _ => {
            let why = "must come with exactly one of code, recoveryCode and passkey";
            return Err(ApiError::request("code", why));
        }
    };
    let now = doorward.clock.now();
    let (new, refresh) = doorward.tokens.new_session(info.ip, agent.0, now);
    let context = info.context(Actor::Anonymous, now);
    let (_, session) = doorward
        .sign_in
        .second_step(mfa_token.into(), factor, new, context)
        .await?;
    doorward.metrics.token("login");
    ok(doorward.tokens.first_response(&session, &refresh)?)
}

#[post("/auth/passkeys/options", data = "<body>")]
async fn creation_options(
    doorward: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<PasswordAgain>,
) -> Answer<PasskeyCreation> {
    let context = doorward.context(&by.caller, info);
    let password = body.0.password.into();
    let public_key = doorward
        .own_factors
        .passkey_options(&by.caller, password, context)
        .await?;
    ok(PasskeyCreation { public_key })
}

#[post("/auth/passkeys", data = "<body>")]
async fn add_passkey(
    doorward: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<NewPasskey>,
) -> Answer<Passkey> {
    let NewPasskey { name, credential } = body.0;
    let name = values::required_name("name", &name)?;
    let context = doorward.context(&by.caller, info);
    let factors = &doorward.own_factors;
    let added = factors.add_passkey(&by.caller, name, &credential, context);
    created(wire(added.await?))
}

#[delete("/auth/passkeys/<id>")]
async fn remove_passkey(doorward: &Services, info: &RequestInfo, by: FirstParty, id: &str) -> Done {
    let id: PasskeyId = values::id(id, "passkey")?;
    let context = doorward.context(&by.caller, info);
    doorward
        .own_factors
        .remove_passkey(&by.caller, id, context)
        .await?;
    Ok(NoContent)
}

#[post("/auth/passkey/options")]
fn request_options(doorward: &Services) -> Answer<PasskeyRequest> {
    let (public_key, state) = doorward.factors.request_options(doorward.clock.now())?;
    ok(PasskeyRequest { public_key, state })
}

#[post("/auth/passkey", data = "<body>")]
async fn sign_in(
    doorward: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<PasskeySignIn>,
) -> Answer<TokenResponse> {
    let now = doorward.clock.now();
    let (new, refresh) = doorward.tokens.new_session(info.ip, agent.0, now);
    let context = info.context(Actor::Anonymous, now);
    let (_, session) = doorward
        .sign_in
        .passkey_sign_in(&body.0, new, context)
        .await?;
    doorward.metrics.token("login");
    ok(doorward.tokens.first_response(&session, &refresh)?)
}
