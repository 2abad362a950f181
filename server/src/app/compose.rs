//! Builds each service once, and hands it what it needs.

use std::sync::{Arc, atomic::AtomicBool};

use super::{OpenError, mail::letterhead};
use crate::{
    clock::Clock,
    crypto::{password, seal::MasterKey, signing::KeyRing, webauthn::RelyingParty},
    http::{Profiles, Services, branding::Site},
    metrics::Metrics,
    oauth::{AuthorizationEndpoint, Clients, Documents, Registrations, TokenEndpoint, TokenInfos},
    outbound::{Outbound, smtp::Smtp},
    service::{
        Accounts, ApiKeys, Backchannel, Backups, Blocks, Breached, Browsers, Callers, ClientKeys,
        ForwardAuth, Jobs, Keys, Links, Outbox, OwnFactors, Passwords, Refresh, RefusedClients,
        SecondFactors, Sessions, SignIn, SigningKeys, Statistics, Tokens, Verification,
    },
    settings::Settings,
    state::{
        Arrivals, ENROLMENT_SECONDS, FACTOR_SECONDS, IdempotentAnswers, KeyMeters, MfaTokens,
        PasskeyChallenges, Told, UsedForms, limits::Limits, streams::Streams,
    },
    store::Store,
};

/// What the services are made of.
pub(super) struct Parts {
    pub(super) settings: Arc<Settings>,
    pub(super) issuer: String,
    pub(super) store: Store,
    pub(super) master: Arc<MasterKey>,
    pub(super) keys: KeyRing,
    pub(super) hashing: password::HashingThreads,
    /// None where no mail is sent.
    pub(super) smtp: Option<Smtp>,
    pub(super) outbound: Outbound,
    pub(super) breached: Breached,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
}

/// Services that other services have too.
struct Common {
    passwords: Passwords,
    verification: Verification,
    factors: Arc<SecondFactors>,
    tokens: Tokens,
    refresh: Refresh,
    api_keys: Keys,
    callers: Callers,
    browsers: Browsers,
    registrations: Registrations,
    clients: Clients,
    refused: RefusedClients,
    signing_keys: SigningKeys,
    statistics: Statistics,
}

impl Parts {
    /// Hands each service what it needs.
    pub(super) fn services(self, site: Site) -> Result<Services, OpenError> {
        let common = self.common()?;
        Ok(Services {
            started_at: self.clock.now(),
            jobs: self.jobs(&common),
            sign_in: self.sign_in(&common),
            own_factors: self.own_factors(&common),
            accounts: self.accounts(&common),
            links: self.links(&common),
            minting: self.minting(),
            sessions: self.sessions(),
            blocks: self.blocks(),
            backups: self.backups(),
            forward_auth: self.forward_auth(common.browsers.clone(), &site),
            token_endpoint: self.token_endpoint(&common),
            authorization: self.authorization(common.registrations.clone()),
            token_infos: self.token_infos(common.callers.clone()),
            api_keys: common.api_keys,
            browsers: common.browsers,
            registrations: common.registrations,
            callers: common.callers,
            passwords: common.passwords,
            verification: common.verification,
            tokens: common.tokens,
            refresh: common.refresh,
            signing_keys: common.signing_keys,
            statistics: common.statistics,
            clients: common.clients,
            factors: common.factors,
            arrivals: Arrivals::default(),
            answers: IdempotentAnswers::default(),
            used_forms: UsedForms::default(),
            streams: Streams::default(),
            told: Told::default(),
            profiles: Profiles::new(self.settings.cache_shares().profiles),
            description: std::sync::OnceLock::new(),
            settings: self.settings,
            issuer: self.issuer,
            clock: self.clock,
            metrics: self.metrics,
            store: self.store,
            keys: self.keys,
            limits: self.limits,
            master: self.master,
            site,
        })
    }

    fn common(&self) -> Result<Common, OpenError> {
        let passwords = self.passwords();
        let tokens = self.tokens();
        let api_keys = self.api_keys();
        let callers = self.callers(api_keys.clone());
        let refused = self.refused_clients();
        let registrations = self.registrations();
        Ok(Common {
            signing_keys: self.signing_keys()?,
            statistics: self.statistics(),
            verification: Verification {
                passwords: passwords.clone(),
                mail: self.smtp.is_some(),
                step_up_seconds: self.settings.step_up_seconds,
            },
            factors: Arc::new(self.factors()),
            refresh: Refresh {
                tokens: tokens.clone(),
                store: self.store.clone(),
                limits: self.limits.clone(),
                clock: self.clock.clone(),
            },
            browsers: Browsers {
                store: self.store.clone(),
                callers: callers.clone(),
                idle_seconds: self.settings.refresh_token_seconds,
            },
            clients: Clients {
                store: self.store.clone(),
                refused: refused.clone(),
                registrations: registrations.clone(),
                keys: Arc::new(ClientKeys::new(self.outbound.clone(), self.clock.clone())),
                issuer: self.issuer.clone(),
                clock: self.clock.clone(),
            },
            passwords,
            tokens,
            api_keys,
            callers,
            refused,
            registrations,
        })
    }

    fn api_keys(&self) -> Keys {
        Keys {
            store: self.store.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            meters: Arc::new(KeyMeters::default()),
        }
    }

    fn minting(&self) -> ApiKeys {
        ApiKeys {
            store: self.store.clone(),
            prefix: self.settings.api_key_prefix.clone(),
        }
    }

    fn refused_clients(&self) -> RefusedClients {
        RefusedClients {
            store: self.store.clone(),
            refusals: Arc::default(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
        }
    }

    fn blocks(&self) -> Blocks {
        Blocks {
            store: self.store.clone(),
            clock: self.clock.clone(),
            proxies: self.settings.trusted_proxies.clone().into(),
        }
    }

    fn backups(&self) -> Backups {
        Backups {
            store: self.store.clone(),
        }
    }

    fn token_infos(&self, callers: Callers) -> TokenInfos {
        TokenInfos {
            callers,
            master: self.master.clone(),
            issuer: self.issuer.clone(),
        }
    }

    fn signing_keys(&self) -> Result<SigningKeys, OpenError> {
        Ok(SigningKeys {
            store: self.store.clone(),
            master: self.master.clone(),
            keys: self.keys.clone(),
            algorithm: self.settings.algorithm()?,
            longest_token_seconds: longest_token(&self.settings),
            loading: Arc::default(),
        })
    }

    fn statistics(&self) -> Statistics {
        Statistics {
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            passwords: self.hashing.clone(),
            clock: self.clock.clone(),
            remembered: Arc::default(),
        }
    }

    fn passwords(&self) -> Passwords {
        Passwords {
            store: self.store.clone(),
            threads: self.hashing.clone(),
            breached: self.breached.clone(),
            limits: self.limits.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
        }
    }

    fn factors(&self) -> SecondFactors {
        SecondFactors {
            store: self.store.clone(),
            master: self.master.clone(),
            party: RelyingParty::of_issuer(&self.issuer),
            name: self.settings.site_name.clone(),
            challenges: PasskeyChallenges::default(),
            pending: MfaTokens::new(FACTOR_SECONDS),
            enrolments: MfaTokens::new(ENROLMENT_SECONDS),
        }
    }

    fn tokens(&self) -> Tokens {
        Tokens {
            issuer: self.issuer.clone(),
            settings: self.settings.clone(),
            keys: self.keys.clone(),
            master: self.master.clone(),
        }
    }

    fn callers(&self, api_keys: Keys) -> Callers {
        Callers {
            store: self.store.clone(),
            keys: self.keys.clone(),
            api_keys,
            clock: self.clock.clone(),
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn registrations(&self) -> Registrations {
        Registrations {
            store: self.store.clone(),
            settings: self.settings.clone(),
            limits: self.limits.clone(),
            documents: Arc::new(Documents::new(self.outbound.clone())),
            clock: self.clock.clone(),
        }
    }

    fn forward_auth(&self, browsers: Browsers, site: &Site) -> ForwardAuth {
        ForwardAuth {
            store: self.store.clone(),
            browsers,
            settings: self.settings.clone(),
            master: self.master.clone(),
            return_codes: Arc::default(),
            issuer: self.issuer.clone(),
            cookie: site.cookie.clone(),
            tls: site.tls,
            clock: self.clock.clone(),
        }
    }

    fn backchannel(&self) -> Backchannel {
        Backchannel {
            store: self.store.clone(),
            keys: self.keys.clone(),
            outbound: self.outbound.clone(),
            issuer: self.issuer.clone(),
            clock: self.clock.clone(),
        }
    }

    fn outbox(&self) -> Option<Outbox> {
        let smtp = self.smtp.clone()?;
        Some(Outbox {
            letterhead: letterhead(&self.settings, &self.issuer, &smtp),
            smtp,
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
            taken: Arc::default(),
            turn: Arc::default(),
            stopped: Arc::default(),
        })
    }

    fn authorization(&self, registrations: Registrations) -> AuthorizationEndpoint {
        AuthorizationEndpoint {
            store: self.store.clone(),
            registrations,
            keys: self.keys.clone(),
            master: self.master.clone(),
            issuer: self.issuer.clone(),
            clock: self.clock.clone(),
        }
    }

    fn sign_in(&self, common: &Common) -> SignIn {
        SignIn {
            passwords: common.passwords.clone(),
            factors: common.factors.clone(),
            refused: common.refused.clone(),
            verified_only: self.settings.require_verified_email,
        }
    }

    fn own_factors(&self, common: &Common) -> OwnFactors {
        OwnFactors {
            passwords: common.passwords.clone(),
            factors: common.factors.clone(),
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn accounts(&self, common: &Common) -> Accounts {
        Accounts {
            passwords: common.passwords.clone(),
            verification: common.verification.clone(),
            verified_only: self.settings.require_verified_email,
            registration: self.settings.registration,
            self_deletion: self.settings.self_deletion,
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn links(&self, common: &Common) -> Links {
        Links {
            passwords: common.passwords.clone(),
            issuer: self.issuer.clone(),
            mail: self.smtp.is_some(),
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn token_endpoint(&self, common: &Common) -> TokenEndpoint {
        TokenEndpoint {
            clients: common.clients.clone(),
            tokens: common.tokens.clone(),
            refresh: common.refresh.clone(),
            store: self.store.clone(),
            metrics: self.metrics.clone(),
        }
    }

    fn sessions(&self) -> Sessions {
        Sessions {
            store: self.store.clone(),
            previews: Arc::default(),
            clock: self.clock.clone(),
        }
    }

    fn jobs(&self, common: &Common) -> Jobs {
        Jobs {
            store: self.store.clone(),
            statistics: common.statistics.clone(),
            signing_keys: common.signing_keys.clone(),
            refused_clients: common.refused.clone(),
            api_keys: common.api_keys.clone(),
            backchannel: self.backchannel(),
            outbox: self.outbox(),
            clock: self.clock.clone(),
            event_days: self.settings.event_days,
            rested: Arc::new(AtomicBool::new(false)),
            handed_over: Arc::new(AtomicBool::new(false)),
        }
    }
}

/// How long tokens may live, in seconds.
pub(super) fn longest_token(settings: &Settings) -> u32 {
    settings
        .access_token_seconds
        .max(settings.client_token_seconds)
}
