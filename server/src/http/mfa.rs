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
    ApiError, Body, FirstParty, RequestInfo, path_ids,
    response::{ApiResult, EmptyResult, NoContent, created, ok},
    user_agent::UserAgent,
};
use crate::{
    crypto::secret::Secret,
    domain::{self, Actor},
    http::Services,
    service::PresentedFactor,
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

/// The factors of an account, without secrets.
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
async fn factors(services: &Services, by: FirstParty) -> ApiResult<Factors> {
    ok(wire_factors(
        services.store.factors(by.account.user.id).await?,
    ))
}

#[post("/auth/mfa/totp", data = "<body>")]
async fn begin_totp(
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<PasswordAgain>,
) -> ApiResult<TotpSetup> {
    let context = services.context(&by.caller, info);
    let password = body.0.password.into();
    let begun = services
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
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<TotpCode>,
) -> ApiResult<RecoveryCodes> {
    let context = services.context(&by.caller, info);
    let codes = services
        .own_factors
        .confirm_totp(&by.caller, &body.0.code, context);
    ok(shown(codes.await?))
}

#[delete("/auth/mfa/totp", data = "<body>")]
async fn remove_totp(
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<TotpRemoval>,
) -> EmptyResult {
    let TotpRemoval { password, code } = body.0;
    let context = services.context(&by.caller, info);
    services
        .own_factors
        .remove_totp(&by.caller, password.into(), &code, context)
        .await?;
    Ok(NoContent)
}

#[post("/auth/mfa/recovery-codes", data = "<body>")]
async fn new_recovery_codes(
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<PasswordAgain>,
) -> ApiResult<RecoveryCodes> {
    let context = services.context(&by.caller, info);
    let password = body.0.password.into();
    let codes = services
        .own_factors
        .new_recovery_codes(&by.caller, password, context);
    ok(shown(codes.await?))
}

#[post("/auth/mfa", data = "<body>")]
async fn second_step(
    services: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<MfaRequest>,
) -> ApiResult<TokenResponse> {
    let MfaRequest {
        mfa_token,
        code,
        recovery_code,
        passkey,
    } = body.0;
    let factor = match (code, recovery_code, passkey) {
        (Some(code), None, None) => PresentedFactor::Code(code.into()),
        (None, Some(code), None) => PresentedFactor::Recovery(code.into()),
        (None, None, Some(passkey)) => PresentedFactor::Passkey(passkey),
        _ => {
            let why = "must come with exactly one of code, recoveryCode and passkey";
            return Err(ApiError::request("code", why));
        }
    };
    let now = services.clock.now();
    let (new, refresh) = services.tokens.new_session(info.ip, agent.0, now);
    let context = info.context(Actor::Anonymous, now);
    let (_, session) = services
        .sign_in
        .second_step(mfa_token.into(), factor, new, context)
        .await?;
    services.metrics.token("login");
    ok(services.tokens.first_response(&session, &refresh)?)
}

#[post("/auth/passkeys/options", data = "<body>")]
async fn creation_options(
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<PasswordAgain>,
) -> ApiResult<PasskeyCreation> {
    let context = services.context(&by.caller, info);
    let password = body.0.password.into();
    let public_key = services
        .own_factors
        .passkey_options(&by.caller, password, context)
        .await?;
    ok(PasskeyCreation { public_key })
}

#[post("/auth/passkeys", data = "<body>")]
async fn add_passkey(
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    body: Body<NewPasskey>,
) -> ApiResult<Passkey> {
    let NewPasskey { name, credential } = body.0;
    let name = path_ids::required_name("name", &name)?;
    let context = services.context(&by.caller, info);
    let factors = &services.own_factors;
    let added = factors.add_passkey(&by.caller, name, &credential, context);
    created(wire(added.await?))
}

#[delete("/auth/passkeys/<id>")]
async fn remove_passkey(
    services: &Services,
    info: &RequestInfo,
    by: FirstParty,
    id: &str,
) -> EmptyResult {
    let id: PasskeyId = path_ids::id(id, "passkey")?;
    let context = services.context(&by.caller, info);
    services
        .own_factors
        .remove_passkey(&by.caller, id, context)
        .await?;
    Ok(NoContent)
}

#[post("/auth/passkey/options")]
fn request_options(services: &Services) -> ApiResult<PasskeyRequest> {
    let (public_key, state) = services.factors.request_options(services.clock.now())?;
    ok(PasskeyRequest { public_key, state })
}

#[post("/auth/passkey", data = "<body>")]
async fn sign_in(
    services: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<PasskeySignIn>,
) -> ApiResult<TokenResponse> {
    let now = services.clock.now();
    let (new, refresh) = services.tokens.new_session(info.ip, agent.0, now);
    let context = info.context(Actor::Anonymous, now);
    let (_, session) = services
        .sign_in
        .passkey_sign_in(&body.0, new, context)
        .await?;
    services.metrics.token("login");
    ok(services.tokens.first_response(&session, &refresh)?)
}
