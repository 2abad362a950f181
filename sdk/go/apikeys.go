package sdk

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// APIKeys has one's own API keys, and the check of keys that others send.
type APIKeys struct{ connection *connection }

// RateLimit allows at most Limit calls in any WindowSeconds.
type RateLimit struct {
	Limit         int `json:"limit"`
	WindowSeconds int `json:"windowSeconds"`
}

// Quota allows at most Limit calls in a Period, "day" or "month" (UTC).
type Quota struct {
	Limit  int    `json:"limit"`
	Period string `json:"period"`
}

// CreateAPIKeyInput is what minting a key needs.
type CreateAPIKeyInput struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
	// ExpiresAt ends it; nil: never.
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// Environment is "live" (where empty) or "test".
	Environment string     `json:"environment,omitempty"`
	RateLimit   *RateLimit `json:"rateLimit,omitempty"`
	Quota       *Quota     `json:"quota,omitempty"`
	// AllowedIPs are the addresses and networks that the key may come from; everywhere where empty.
	AllowedIPs []string `json:"allowedIps,omitempty"`
	// Metadata is yours; at most 4 KiB of JSON.
	Metadata map[string]any `json:"metadata,omitempty"`
	// Enabled is true where nil; a key that is not enabled is not accepted until it is.
	Enabled *bool `json:"enabled,omitempty"`
}

// UpdateAPIKeyInput changes what is set. Scopes may only shrink.
type UpdateAPIKeyInput struct {
	Name      string
	Scopes    []string
	RateLimit *RateLimit
	Quota     *Quota
	// AllowedIPs replaces the list where it is not nil; an empty one allows every address.
	AllowedIPs []string
	Metadata   map[string]any
	Enabled    *bool
	// RemoveRateLimit, RemoveQuota and RemoveMetadata take these off.
	RemoveRateLimit, RemoveQuota, RemoveMetadata bool
}

func (u *UpdateAPIKeyInput) changes() map[string]any {
	changes := map[string]any{}
	set := func(name string, given bool, value any) {
		if given {
			changes[name] = value
		}
	}
	set("name", u.Name != "", u.Name)
	set("scopes", u.Scopes != nil, u.Scopes)
	set("rateLimit", u.RateLimit != nil, u.RateLimit)
	set("quota", u.Quota != nil, u.Quota)
	set("allowedIps", u.AllowedIPs != nil, u.AllowedIPs)
	set("metadata", u.Metadata != nil, u.Metadata)
	set("enabled", u.Enabled != nil, u.Enabled)
	set("rateLimit", u.RemoveRateLimit, nil)
	set("quota", u.RemoveQuota, nil)
	set("metadata", u.RemoveMetadata, nil)
	return changes
}

// RotateAPIKeyInput says how long the old secret stays good.
type RotateAPIKeyInput struct {
	GraceSeconds int `json:"graceSeconds"`
}

// APIKey is a key. Key, the secret, is there in the answers of Create and Rotate and never again.
type APIKey struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Key  string `json:"key,omitempty"`
	// Hint is the secret's beginning and end: "sk_live_ab…wxyz".
	Hint        string         `json:"hint,omitempty"`
	Scopes      []string       `json:"scopes"`
	Environment string         `json:"environment"`
	CreatedAt   time.Time      `json:"createdAt"`
	ExpiresAt   *time.Time     `json:"expiresAt"`
	LastUsedAt  *time.Time     `json:"lastUsedAt,omitempty"`
	LastUsedIP  string         `json:"lastUsedIp,omitempty"`
	RevokedAt   *time.Time     `json:"revokedAt,omitempty"`
	RateLimit   *RateLimit     `json:"rateLimit,omitempty"`
	Quota       *Quota         `json:"quota,omitempty"`
	AllowedIPs  []string       `json:"allowedIps,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	Enabled     *bool          `json:"enabled,omitempty"`
}

// VerifyAPIKeyInput is what is asked of a key.
type VerifyAPIKeyInput struct {
	Key string `json:"key"`
	// Scopes are all needed.
	Scopes []string `json:"scopes,omitempty"`
	// IP is the address that the key came from.
	IP string `json:"ip,omitempty"`
	// Cost is what the call costs of the key's limits; 1 where 0.
	Cost int `json:"cost,omitempty"`
}

// VerifiedAPIKey is what the server says of a key.
type VerifiedAPIKey struct {
	Valid bool `json:"valid"`
	// Code is "valid", or why it is not: "not_found", "revoked", "expired", "disabled", "ip_not_allowed",
	// "insufficient_scope", "rate_limited" or "quota_exceeded".
	Code        string         `json:"code"`
	KeyID       string         `json:"keyId,omitempty"`
	OwnerID     string         `json:"ownerId,omitempty"`
	Name        string         `json:"name,omitempty"`
	Scopes      []string       `json:"scopes,omitempty"`
	Environment string         `json:"environment,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	ExpiresAt   *time.Time     `json:"expiresAt,omitempty"`
	RateLimit   *RateLimitLeft `json:"rateLimit,omitempty"`
	Quota       *QuotaLeft     `json:"quota,omitempty"`
}

// RateLimitLeft is what is left of a rate limit.
type RateLimitLeft struct {
	Limit        int     `json:"limit"`
	Remaining    int     `json:"remaining"`
	ResetSeconds float64 `json:"resetSeconds"`
}

// QuotaLeft is what is left of a quota.
type QuotaLeft struct {
	Limit     int       `json:"limit"`
	Remaining int       `json:"remaining"`
	ResetsAt  time.Time `json:"resetsAt"`
}

// Create mints a key.
func (a *APIKeys) Create(ctx context.Context, input *CreateAPIKeyInput) (*APIKey, error) {
	return a.one(ctx, call{method: http.MethodPost, path: "/apikey", json: input})
}

// List answers a page of one's own keys; input may be nil.
func (a *APIKeys) List(ctx context.Context, input *ListInput) (*Page[APIKey], error) {
	page := new(Page[APIKey])
	err := a.connection.call(ctx, call{method: http.MethodGet, path: "/apikey", query: input.query()}, page)
	return answered(page, err)
}

// Get answers one of one's own keys.
func (a *APIKeys) Get(ctx context.Context, id string) (*APIKey, error) {
	return a.one(ctx, call{method: http.MethodGet, path: keyPath(id)})
}

// Update changes a key.
func (a *APIKeys) Update(ctx context.Context, id string, input *UpdateAPIKeyInput) (*APIKey, error) {
	return a.one(ctx, call{method: http.MethodPatch, path: keyPath(id), json: input.changes()})
}

// Rotate gives a key a new secret, and a new id; input may be nil: the old one dies at once.
func (a *APIKeys) Rotate(ctx context.Context, id string, input *RotateAPIKeyInput) (*APIKey, error) {
	if input == nil {
		input = &RotateAPIKeyInput{}
	}
	return a.one(ctx, call{method: http.MethodPost, path: keyPath(id) + "/rotate", json: input})
}

// Revoke kills a key at once.
func (a *APIKeys) Revoke(ctx context.Context, id string) error {
	return a.connection.call(ctx, call{method: http.MethodDelete, path: keyPath(id), bodyless: true}, nil)
}

// Verify checks a key that came to your API, and spends its limits. It asks as the client of Config.ClientID and
// ClientSecret, which is registered with resourceServer, else with the session or API key (scope admin:apikeys:read).
// A key that is not good is no error: see Valid and Code.
func (a *APIKeys) Verify(ctx context.Context, input *VerifyAPIKeyInput) (*VerifiedAPIKey, error) {
	verified := new(VerifiedAPIKey)
	request := call{method: http.MethodPost, path: "/apikey/verify", json: input, authorization: a.connection.basic()}
	var err error
	if request.authorization != "" {
		err = a.connection.transport.send(ctx, request, verified)
	} else {
		err = a.connection.call(ctx, request, verified)
	}
	if err == nil && verified.Code == "" {
		err = unexpected("verdict")
	}
	return answered(verified, err)
}

func (a *APIKeys) one(ctx context.Context, request call) (*APIKey, error) {
	key := new(APIKey)
	err := a.connection.call(ctx, request, key)
	return answered(key, err)
}

func keyPath(id string) string { return "/apikey/" + url.PathEscape(id) }
