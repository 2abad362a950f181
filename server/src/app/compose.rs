//! Dependency injection: builds each service once and passes it its dependencies.

use std::sync::{Arc, atomic::AtomicBool};

use super::{OpenError, mail::letterhead};
use crate::{
    clock::Clock,
    crypto::{key_ring::KeyRing, password, seal::MasterKey, webauthn::RelyingParty},
    http::{Profiles, Services, branding::Site},
    metrics::Metrics,
    oauth::{
        AuthorizationEndpoint, Clients, Documents, Introspection, Registrations, TokenEndpoint,
    },
    outbound::{Outbound, smtp::Smtp},
    service::{
        Accounts, ApiKeys, Authenticator, Backchannel, Backups, Blocks, Breached, BrowserSessions,
        ClientKeys, ForwardAuth, Jobs, KeyVerification, Links, Outbox, OwnFactors, Passwords,
        Refresh, RefusedClients, SecondFactors, Sessions, SignIn, SigningKeys, Statistics, Tokens,
        Verification,
    },
    settings::Settings,
    state::{
        ENROLMENT_SECONDS, FACTOR_SECONDS, IdempotentAnswers, KeyMeters, LogDedup, MfaTokens,
        PasskeyChallenges, UnclaimedSignIns, UsedForms, event_streams::EventStreams,
        limits::Limits,
    },
    store::Store,
};

/// Dependencies of the services.
pub(super) struct Parts {
    pub(super) settings: Arc<Settings>,
    pub(super) issuer: String,
    pub(super) store: Store,
    pub(super) master: Arc<MasterKey>,
    pub(super) keys: KeyRing,
    pub(super) hashing: password::HashingThreads,
    /// `None` if no mail is sent.
    pub(super) smtp: Option<Smtp>,
    pub(super) outbound: Outbound,
    pub(super) breached: Breached,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) clock: Clock,
}

/// Services that other services depend on.
struct SharedParts {
    passwords: Passwords,
    verification: Verification,
    factors: Arc<SecondFactors>,
    tokens: Tokens,
    refresh: Refresh,
    key_verification: KeyVerification,
    authenticator: Authenticator,
    browser_sessions: BrowserSessions,
    registrations: Registrations,
    clients: Clients,
    refused: RefusedClients,
    signing_keys: SigningKeys,
    statistics: Statistics,
}

impl Parts {
    /// Builds all services from these dependencies.
    pub(super) fn services(self, site: Site) -> Result<Services, OpenError> {
        let common = self.common()?;
        Ok(Services {
            started_at: self.clock.now(),
            jobs: self.jobs(&common),
            sign_in: self.sign_in(&common),
            own_factors: self.own_factors(&common),
            accounts: self.accounts(&common),
            links: self.links(&common),
            api_keys: self.api_keys(),
            sessions: self.sessions(),
            blocks: self.blocks(),
            backups: self.backups(),
            forward_auth: self.forward_auth(common.browser_sessions.clone(), &site),
            token_endpoint: self.token_endpoint(&common),
            authorization: self.authorization(common.registrations.clone()),
            introspection: self.introspection(common.authenticator.clone()),
            key_verification: common.key_verification,
            browser_sessions: common.browser_sessions,
            registrations: common.registrations,
            authenticator: common.authenticator,
            passwords: common.passwords,
            verification: common.verification,
            tokens: common.tokens,
            refresh: common.refresh,
            signing_keys: common.signing_keys,
            statistics: common.statistics,
            clients: common.clients,
            factors: common.factors,
            unclaimed_sign_ins: UnclaimedSignIns::default(),
            answers: IdempotentAnswers::default(),
            used_forms: UsedForms::default(),
            streams: EventStreams::default(),
            log_dedup: LogDedup::default(),
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

    fn common(&self) -> Result<SharedParts, OpenError> {
        let passwords = self.passwords();
        let tokens = self.tokens();
        let key_verification = self.key_verification();
        let authenticator = self.authenticator(key_verification.clone());
        let refused = self.refused_clients();
        let registrations = self.registrations();
        Ok(SharedParts {
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
            browser_sessions: BrowserSessions {
                store: self.store.clone(),
                authenticator: authenticator.clone(),
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
            key_verification,
            authenticator,
            refused,
            registrations,
        })
    }

    fn key_verification(&self) -> KeyVerification {
        KeyVerification {
            store: self.store.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            meters: Arc::new(KeyMeters::default()),
        }
    }

    fn api_keys(&self) -> ApiKeys {
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

    fn introspection(&self, authenticator: Authenticator) -> Introspection {
        Introspection {
            authenticator,
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
            longest_token_seconds: self.settings.longest_token_seconds(),
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

    fn authenticator(&self, key_verification: KeyVerification) -> Authenticator {
        Authenticator {
            store: self.store.clone(),
            keys: self.keys.clone(),
            key_verification,
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

    fn forward_auth(&self, browser_sessions: BrowserSessions, site: &Site) -> ForwardAuth {
        ForwardAuth {
            store: self.store.clone(),
            browser_sessions,
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

    fn sign_in(&self, common: &SharedParts) -> SignIn {
        SignIn {
            passwords: common.passwords.clone(),
            factors: common.factors.clone(),
            refused: common.refused.clone(),
            verified_only: self.settings.require_verified_email,
        }
    }

    fn own_factors(&self, common: &SharedParts) -> OwnFactors {
        OwnFactors {
            passwords: common.passwords.clone(),
            factors: common.factors.clone(),
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn accounts(&self, common: &SharedParts) -> Accounts {
        Accounts {
            passwords: common.passwords.clone(),
            verification: common.verification.clone(),
            verified_only: self.settings.require_verified_email,
            registration: self.settings.registration,
            self_deletion: self.settings.self_deletion,
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn links(&self, common: &SharedParts) -> Links {
        Links {
            passwords: common.passwords.clone(),
            issuer: self.issuer.clone(),
            mail: self.smtp.is_some(),
            step_up_seconds: self.settings.step_up_seconds,
        }
    }

    fn token_endpoint(&self, common: &SharedParts) -> TokenEndpoint {
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

    fn jobs(&self, common: &SharedParts) -> Jobs {
        Jobs {
            store: self.store.clone(),
            statistics: common.statistics.clone(),
            signing_keys: common.signing_keys.clone(),
            refused_clients: common.refused.clone(),
            key_verification: common.key_verification.clone(),
            backchannel: self.backchannel(),
            outbox: self.outbox(),
            clock: self.clock.clone(),
            event_days: self.settings.event_days,
            is_flushed: Arc::new(AtomicBool::new(false)),
            handed_over: Arc::new(AtomicBool::new(false)),
        }
    }
}
