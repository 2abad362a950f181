package sdk_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "example.org/doorward/sdk/go"
)

const audience = "https://orders.example/"

var ctx = context.Background()

// signer makes tokens as the server does.
type signer struct {
	kid, alg string
	jwk      map[string]any
	sign     func(data []byte) []byte
}

var encode = base64.RawURLEncoding.EncodeToString

func part(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encode(text)
}

func (s signer) token(header, claims map[string]any) string {
	data := part(header) + "." + part(claims)
	return data + "." + encode(s.sign([]byte(data)))
}

func rs256(t testing.TB, kid string) signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "e": "AQAB", "n": encode(key.N.Bytes())}
	return signer{kid, "RS256", jwk, func(data []byte) []byte {
		digest := sha256.Sum256(data)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}}
}

func es256(t testing.TB, kid string) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fixed := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": kid, "x": encode(fixed(key.X)), "y": encode(fixed(key.Y))}
	return signer{kid, "ES256", jwk, func(data []byte) []byte {
		digest := sha256.Sum256(data)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return append(fixed(r), fixed(s)...)
	}}
}

func eddsa(t testing.TB, kid string) signer {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid, "x": encode(public)}
	return signer{kid, "EdDSA", jwk, func(data []byte) []byte { return ed25519.Sign(private, data) }}
}

// published is a server that publishes keys, and counts how often it is asked for them.
type published struct {
	*httptest.Server
	keys  atomic.Value
	asked atomic.Int32
	down  atomic.Bool
}

func publish(t testing.TB, signers ...signer) *published {
	server := &published{}
	server.set(signers...)
	server.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/jwks.json" {
			server.asked.Add(1)
			if server.down.Load() {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": server.keys.Load()})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": server.URL})
	}))
	t.Cleanup(server.Close)
	return server
}

func (p *published) set(signers ...signer) {
	keys := make([]map[string]any, 0, len(signers))
	for _, one := range signers {
		keys = append(keys, one.jwk)
	}
	p.keys.Store(keys)
}

func (p *published) verifier() *sdk.Verifier {
	return sdk.New(sdk.Config{BaseURL: p.URL}).Verifier(audience)
}

func header(s signer) map[string]any {
	return map[string]any{"typ": "at+jwt", "alg": s.alg, "kid": s.kid}
}

func claims(issuer string) map[string]any {
	now := time.Now().Unix()
	return map[string]any{
		"iss": issuer, "sub": "user_1", "aud": []string{"other", audience}, "exp": now + 60, "iat": now,
		"jti": "j", "client_id": "client_1", "scope": "read write", "sid": "ses_1",
	}
}

func with(base map[string]any, name string, value any) map[string]any {
	changed := map[string]any{}
	for key, old := range base {
		changed[key] = old
	}
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

func TestGoodTokensOfEachAlgorithmAreVerified(t *testing.T) {
	signers := []signer{rs256(t, "r"), es256(t, "e"), eddsa(t, "d")}
	server := publish(t, signers...)
	verifier := server.verifier()
	for _, one := range signers {
		verified, err := verifier.Verify(ctx, one.token(header(one), claims(server.URL)))
		if err != nil {
			t.Fatalf("%s: %v", one.alg, err)
		}
		if verified.Subject != "user_1" || verified.Scope != "read write" || verified.SessionID != "ses_1" {
			t.Errorf("%s: %+v", one.alg, verified)
		}
	}
	if asked := server.asked.Load(); asked != 1 {
		t.Errorf("the keys were asked for %d times", asked)
	}
}

func TestWhatIsNoGoodTokenIsRefused(t *testing.T) {
	key, foreign := rs256(t, "r"), rs256(t, "r")
	curve := eddsa(t, "d")
	server := publish(t, key, curve)
	verifier := server.verifier()
	good := claims(server.URL)
	secret := hmac.New(sha256.New, []byte(key.jwk["n"].(string)))
	symmetric := signer{"r", "HS256", nil, func(data []byte) []byte { secret.Reset(); secret.Write(data); return secret.Sum(nil) }}
	now := time.Now().Unix()
	whole := key.token(header(key), good)
	cases := map[string]string{
		"nothing":               "",
		"an API key":            "sk_live_0123456789012345678901234567890123456",
		"two parts":             "e30.e30",
		"four parts":            whole + ".e30",
		"padding":               whole + "=",
		"a foreign key":         foreign.token(header(key), good),
		"no signature":          key.token(header(key), good)[:40] + ".e30.",
		"HS256":                 symmetric.token(header(symmetric), good),
		"none":                  symmetric.token(with(header(key), "alg", "none"), good),
		"another key's alg":     curve.token(with(header(curve), "alg", "RS256"), good),
		"an ID token":           key.token(with(header(key), "typ", "JWT"), good),
		"no typ":                key.token(with(header(key), "typ", nil), good),
		"no kid":                key.token(with(header(key), "kid", nil), good),
		"an unknown kid":        key.token(with(header(key), "kid", "x"), good),
		"crit":                  key.token(with(header(key), "crit", []string{"exp"}), good),
		"another issuer":        key.token(header(key), with(good, "iss", "https://evil.example")),
		"another audience":      key.token(header(key), with(good, "aud", server.URL)),
		"no audience":           key.token(header(key), with(good, "aud", nil)),
		"no subject":            key.token(header(key), with(good, "sub", nil)),
		"no exp":                key.token(header(key), with(good, "exp", nil)),
		"exp as text":           key.token(header(key), with(good, "exp", "9999999999")),
		"no iat":                key.token(header(key), with(good, "iat", nil)),
		"nbf to come":           key.token(header(key), with(good, "nbf", now+60)),
		"scope as a list":       key.token(header(key), with(good, "scope", []string{"admin"})),
		"expired for another":   key.token(header(key), with(with(good, "exp", now-1), "aud", "x")),
		"expired, wrong issuer": key.token(header(key), with(with(good, "exp", now-1), "iss", "x")),
	}
	for name, token := range cases {
		if _, err := verifier.Verify(ctx, token); !sdk.IsCode(err, "invalid_token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, exp := range []int64{now, now - 1, 0} {
		if _, err := verifier.Verify(ctx, key.token(header(key), with(good, "exp", exp))); !sdk.IsCode(err, "token_expired") {
			t.Errorf("exp %d: %v", exp, err)
		}
	}
}

func TestUnknownKeysAreLookedForBoundedly(t *testing.T) {
	first, second := eddsa(t, "1"), eddsa(t, "2")
	server := publish(t, first)
	verifier := server.verifier()
	verify := func(s signer) error {
		_, err := verifier.Verify(ctx, s.token(header(s), claims(server.URL)))
		return err
	}
	if err := verify(first); err != nil {
		t.Fatal(err)
	}
	server.set(first, second)
	if err := verify(second); err != nil {
		t.Fatalf("after a rotation: %v", err)
	}
	for i := 0; i < 100; i++ {
		if err := verify(eddsa(t, "forged")); !sdk.IsCode(err, "invalid_token") {
			t.Fatal(err)
		}
	}
	if asked := server.asked.Load(); asked > 4 {
		t.Errorf("the keys were asked for %d times", asked)
	}
	server.down.Store(true)
	if err := verify(second); err != nil {
		t.Errorf("known keys while the server is away: %v", err)
	}
}

func TestAServerThatIsAwayMakesNoTokenBad(t *testing.T) {
	key := eddsa(t, "1")
	server := publish(t, key)
	server.down.Store(true)
	token := key.token(header(key), claims(server.URL))
	if _, err := server.verifier().Verify(ctx, token); err == nil || sdk.IsCode(err, "invalid_token", "token_expired") {
		t.Error(err)
	}
	answer := guarded(server.verifier(), "Bearer "+token)
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
		t.Error(answer.Code, answer.Header())
	}
}

func guarded(verifier *sdk.Verifier, authorization string) *httptest.ResponseRecorder {
	handler := sdk.RequireScope(verifier, "read:orders")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(sdk.CallerFrom(r.Context()).Subject))
	}))
	request := httptest.NewRequest(http.MethodGet, "/orders", nil)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestRequireScopeAnswersAsTheServerDoes(t *testing.T) {
	key := eddsa(t, "1")
	server := publish(t, key)
	verifier := server.verifier()
	token := func(name string, value any) string {
		return "Bearer " + key.token(header(key), with(claims(server.URL), name, value))
	}
	cases := []struct {
		name, authorization string
		status              int
		code, challenge     string
	}{
		{"no header", "", 401, "missing_token", `Bearer`},
		{"another scheme", "Basic YTpi", 401, "missing_token", `Bearer`},
		{"rubbish", "Bearer rubbish", 401, "invalid_token", `Bearer error="invalid_token", error_description="the token is not good here: not a token"`},
		{"expired", token("exp", 1), 401, "token_expired", `Bearer error="invalid_token", error_description="the token has expired"`},
		{"narrow", token("scope", "read:invoices write"), 403, "insufficient_scope", `Bearer error="insufficient_scope", error_description="the scope read:orders is needed", scope="read:orders"`},
		{"no scope", token("scope", nil), 403, "insufficient_scope", `Bearer error="insufficient_scope", error_description="the scope read:orders is needed", scope="read:orders"`},
	}
	for _, one := range cases {
		answer := guarded(verifier, one.authorization)
		var body struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", one.name, err)
		}
		if answer.Code != one.status || body.Error.Code != one.code || answer.Header().Get("WWW-Authenticate") != one.challenge {
			t.Errorf("%s: %d %s %q", one.name, answer.Code, answer.Body, answer.Header().Get("WWW-Authenticate"))
		}
	}
	if answer := guarded(verifier, token("scope", "read")); answer.Code != 200 || answer.Body.String() != "user_1" {
		t.Error(answer.Code, answer.Body)
	}
}

func TestWhereTheAPIsOwnCredentialIsRefusedNoKeyIsCalledDead(t *testing.T) {
	for _, code := range []string{"token_revoked", "token_expired", "invalid_token", "invalid_credentials"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":{"code":"` + code + `","message":"m"}}`))
		}))
		client := sdk.New(sdk.Config{BaseURL: server.URL, APIKey: "sk_live_" + strings.Repeat("z", 38)})
		guard := sdk.RequireScope(client.Verifier("api"), "read", sdk.AcceptAPIKeys(client, nil))
		request := httptest.NewRequest(http.MethodGet, "/orders", nil)
		request.Header.Set("Authorization", "Bearer sk_live_"+strings.Repeat("a", 38))
		answer := httptest.NewRecorder()
		guard(http.NotFoundHandler()).ServeHTTP(answer, request)
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("WWW-Authenticate") != "" {
			t.Error(code, answer.Code, answer.Body)
		}
		server.Close()
	}
}
