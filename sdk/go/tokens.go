package sdk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Kinds of tokens kept at once.
const mostTokens = 100

// Tokens has a service's own tokens, and questions about tokens.
type Tokens struct {
	connection *connection

	mu      sync.Mutex
	kept    map[ClientCredentialsInput]clientGrant
	running map[ClientCredentialsInput]*grantFlight
}

// ClientCredentialsInput says what a client's own token is to be good for.
type ClientCredentialsInput struct {
	// Scope is space-separated; all that the client is registered for where empty.
	Scope string
	// Resource is the API that the token is for (RFC 8707); Doorward itself where empty.
	Resource string
}

// ClientToken is a client's own token.
type ClientToken struct {
	AccessToken string
	// TokenType is always "Bearer".
	TokenType string
	// ExpiresIn is the seconds that are left.
	ExpiresIn int
	Scope     string
}

type clientGrant struct {
	token           ClientToken
	ends, goodUntil time.Time
}

// grantFlight is a request that many wait for. The fields are set before done is closed.
type grantFlight struct {
	done  chan struct{}
	grant clientGrant
	err   error
}

func newTokens(connection *connection) *Tokens {
	return &Tokens{
		connection: connection,
		kept:       map[ClientCredentialsInput]clientGrant{},
		running:    map[ClientCredentialsInput]*grantFlight{},
	}
}

// ClientCredentials answers a token of the client itself; nil asks for all scopes. It is fetched once and kept until
// shortly before its end; all that wait share one request.
func (t *Tokens) ClientCredentials(ctx context.Context, input *ClientCredentialsInput) (*ClientToken, error) {
	if t.connection.basic() == "" {
		return nil, errors.New("doorward: Config.ClientID and Config.ClientSecret are needed")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var wanted ClientCredentialsInput
	if input != nil {
		wanted = *input
	}
	t.mu.Lock()
	grant, found := t.kept[wanted]
	if found && time.Now().Before(grant.goodUntil) {
		t.mu.Unlock()
		return grant.left(), nil
	}
	running := t.running[wanted]
	if running == nil {
		running = &grantFlight{done: make(chan struct{})}
		t.running[wanted] = running
		go t.run(detached{ctx}, wanted, running)
	}
	t.mu.Unlock()
	select {
	case <-running.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if running.err != nil {
		return nil, running.err
	}
	return running.grant.left(), nil
}

func (t *Tokens) run(ctx context.Context, wanted ClientCredentialsInput, running *grantFlight) {
	ctx, cancel := context.WithTimeout(ctx, 2*window)
	defer cancel()
	running.grant, running.err = t.fetch(ctx, wanted)
	t.mu.Lock()
	delete(t.running, wanted)
	if running.err == nil {
		for other := range t.kept {
			if len(t.kept) < mostTokens {
				break
			}
			delete(t.kept, other)
		}
		t.kept[wanted] = running.grant
	}
	t.mu.Unlock()
	close(running.done)
}

func (t *Tokens) fetch(ctx context.Context, wanted ClientCredentialsInput) (clientGrant, error) {
	fields := url.Values{"grant_type": {"client_credentials"}}
	if wanted.Scope != "" {
		fields.Set("scope", wanted.Scope)
	}
	if wanted.Resource != "" {
		fields.Set("resource", wanted.Resource)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope"`
	}
	began := time.Now()
	if err := t.connection.form(ctx, "/oauth/token", fields, &answer); err != nil {
		return clientGrant{}, err
	}
	if answer.AccessToken == "" {
		return clientGrant{}, unexpected("access_token")
	}
	life := time.Duration(answer.ExpiresIn) * time.Second
	token := ClientToken{AccessToken: answer.AccessToken, TokenType: answer.TokenType, Scope: answer.Scope}
	return clientGrant{token: token, ends: began.Add(life), goodUntil: began.Add(life - margin(life))}, nil
}

// left is the token with the seconds that are left, a begun one counted as whole.
func (g clientGrant) left() *ClientToken {
	token := g.token
	if left := time.Until(g.ends); left > 0 {
		token.ExpiresIn = int((left + time.Second - 1) / time.Second)
	}
	return &token
}

// TokenInfo is what introspection says (RFC 7662). Of a token that is not active it says nothing else.
type TokenInfo struct {
	Active   bool     `json:"active"`
	Scope    string   `json:"scope"`
	ClientID string   `json:"client_id"`
	Username string   `json:"username"`
	Subject  string   `json:"sub"`
	Audience Audience `json:"aud"`
	Issuer   string   `json:"iss"`
	// ExpiresAt and IssuedAt are seconds since 1970.
	ExpiresAt int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	ID        string `json:"jti"`
	SessionID string `json:"sid"`
}

// Introspect answers what the server says of a token or API key now, to the client, else to the session or API key.
func (t *Tokens) Introspect(ctx context.Context, token string) (*TokenInfo, error) {
	info := new(TokenInfo)
	fields := url.Values{"token": {token}}
	var err error
	if t.connection.basic() != "" {
		err = t.connection.form(ctx, "/oauth/introspect", fields, info)
	} else {
		err = t.connection.call(ctx, call{method: http.MethodPost, path: "/oauth/introspect", form: fields}, info)
	}
	return answered(info, err)
}

// Revoke kills a token of this client (RFC 7009). One that is unknown or dead already is no error.
func (t *Tokens) Revoke(ctx context.Context, token string) error {
	return t.connection.form(ctx, "/oauth/revoke", url.Values{"token": {token}}, nil)
}
