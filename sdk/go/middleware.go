package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Caller is who calls, behind RequireScope.
type Caller struct {
	// Subject is the user or client that the credential stands for.
	Subject string
	// Scope is space-separated; see Covers.
	Scope string
	// Claims are an access token's; nil for an API key.
	Claims *Claims
	// APIKey is what the server says of an API key; nil for an access token.
	APIKey *VerifiedAPIKey
}

type callerKey struct{}

// CallerFrom answers who calls; nil where RequireScope did not see the request.
func CallerFrom(ctx context.Context) *Caller {
	caller, _ := ctx.Value(callerKey{}).(*Caller)
	return caller
}

// GuardOption changes what RequireScope takes.
type GuardOption func(*guard)

// AcceptAPIKeys takes API keys too. Each call then asks the server, which counts the key's limits. remoteIP answers the
// address that a request came from; nil takes the connection's, which behind a proxy is the proxy's.
func AcceptAPIKeys(client *Client, remoteIP func(*http.Request) string) GuardOption {
	if remoteIP == nil {
		remoteIP = connectionIP
	}
	return func(g *guard) { g.keys, g.remoteIP = client.APIKeys, remoteIP }
}

func connectionIP(request *http.Request) string {
	host, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

type guard struct {
	verifier *Verifier
	scopes   []string
	keys     *APIKeys
	remoteIP func(*http.Request) string
}

// RequireScope lets requests on that may do all of scope (space-separated), with CallerFrom set. It answers others
// 401 or 403 with WWW-Authenticate (RFC 6750) and {"error":{"code":"…","message":"…"}}, and 503 where the server's
// keys cannot be had.
func RequireScope(verifier *Verifier, scope string, options ...GuardOption) func(http.Handler) http.Handler {
	own := &guard{verifier: verifier, scopes: strings.Fields(scope)}
	if len(own.scopes) == 0 {
		panic("doorward: RequireScope needs a scope")
	}
	for _, option := range options {
		option(own)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, refused := own.admit(r)
			if refused != nil {
				refused.write(w)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
		})
	}
}

// refusal is an answer that lets nobody in.
type refusal struct {
	status        int
	code, message string
	challenge     string
	retryAfter    int
}

var (
	bearer = regexp.MustCompile(`(?i)^Bearer +([A-Za-z0-9._~+/-]+=*) *$`)
	apiKey = regexp.MustCompile(`(?i)^[a-z0-9]+_(?:live|test)_[0-9A-Za-z]{38}$`)
	// RFC 6750 section 3: printable ASCII without quotes and backslashes.
	unquotable = regexp.MustCompile(`[^\x20-\x7e]|["\\]`)
)

func (g *guard) admit(request *http.Request) (*Caller, *refusal) {
	found := bearer.FindStringSubmatch(request.Header.Get("Authorization"))
	if found == nil {
		return nil, &refusal{status: 401, code: "missing_token", message: "missing bearer token", challenge: "Bearer"}
	}
	token := found[1]
	if g.keys != nil && apiKey.MatchString(token) {
		return g.byKey(request, token)
	}
	claims, err := g.verifier.Verify(request.Context(), token)
	if err != nil {
		return nil, failed(err)
	}
	for _, scope := range g.scopes {
		if !Covers(claims.Scope, scope) {
			return nil, narrow(scope, "the scope "+scope+" is needed")
		}
	}
	return &Caller{Subject: claims.Subject, Scope: claims.Scope, Claims: claims}, nil
}

// byKey refuses as Doorward itself does where such a key comes as a Bearer token.
func (g *guard) byKey(request *http.Request, key string) (*Caller, *refusal) {
	input := &VerifyAPIKeyInput{Key: key, Scopes: g.scopes, IP: g.remoteIP(request)}
	verified, err := g.keys.Verify(request.Context(), input)
	if err != nil {
		// Whatever is wrong is wrong with the question: its 401 is about the credential that asks, and not about the key.
		return nil, unasked(err)
	}
	if verified.Valid {
		caller := &Caller{Subject: verified.OwnerID, Scope: strings.Join(verified.Scopes, " "), APIKey: verified}
		return caller, nil
	}
	switch verified.Code {
	case "rate_limited":
		seconds := 1.0
		if verified.RateLimit != nil {
			seconds = verified.RateLimit.ResetSeconds
		}
		return nil, later(429, "rate_limited", "the rate limit of this key is used up", seconds)
	case "quota_exceeded":
		seconds := 1.0
		if verified.Quota != nil {
			seconds = time.Until(verified.Quota.ResetsAt).Seconds()
		}
		return nil, later(429, "rate_limited", "the quota of this key is used up", seconds)
	case "insufficient_scope":
		scope := strings.Join(g.scopes, " ")
		return nil, narrow(scope, "the scope "+scope+" is needed")
	case "ip_not_allowed":
		return nil, narrow("", "the key may not be used from this address")
	case "expired":
		return nil, dead("token_expired", "the API key has expired")
	case "revoked", "disabled":
		return nil, dead("token_revoked", "the API key has been revoked")
	}
	return nil, dead("invalid_token", "the API key is not known")
}

// failed is the answer to a token that is bad, or that cannot be judged.
func failed(err error) *refusal {
	var failure *Error
	if errors.As(err, &failure) && IsCode(err, "invalid_token", "token_expired", "token_revoked") {
		return dead(failure.Code, failure.Message)
	}
	return unasked(err)
}

// unasked is the answer where the server cannot be asked: nobody is let in, and nobody is told that their token is bad.
func unasked(err error) *refusal {
	seconds := 1.0
	var failure *Error
	if errors.As(err, &failure) {
		seconds = failure.RetryAfter.Seconds()
	}
	return later(503, "overloaded", "tokens cannot be verified at the moment", seconds)
}

func dead(code, message string) *refusal {
	challenge := fmt.Sprintf(`Bearer error="invalid_token", error_description="%s"`, quotable(message))
	return &refusal{status: 401, code: code, message: message, challenge: challenge}
}

func narrow(scope, message string) *refusal {
	challenge := fmt.Sprintf(`Bearer error="insufficient_scope", error_description="%s"`, quotable(message))
	if scope != "" {
		challenge += fmt.Sprintf(`, scope="%s"`, quotable(scope))
	}
	return &refusal{status: 403, code: "insufficient_scope", message: message, challenge: challenge}
}

func later(status int, code, message string, seconds float64) *refusal {
	return &refusal{status: status, code: code, message: message, retryAfter: int(math.Ceil(math.Max(1, seconds)))}
}

func quotable(text string) string { return unquotable.ReplaceAllString(text, "'") }

func (r *refusal) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	if r.challenge != "" {
		header.Set("WWW-Authenticate", r.challenge)
	}
	if r.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	w.WriteHeader(r.status)
	detail := map[string]string{"code": r.code, "message": r.message}
	_ = json.NewEncoder(w).Encode(map[string]any{"error": detail})
}
