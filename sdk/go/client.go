package sdk

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"
)

// Config says how a Client is made. BaseURL alone is required.
type Config struct {
	// BaseURL is where the server is, for instance https://id.example.com.
	BaseURL string
	// APIKey is sent where no session is held.
	APIKey string
	// ClientID and ClientSecret are an OAuth client's: for Tokens and APIKeys.Verify.
	ClientID, ClientSecret string
	// HTTPClient makes the requests; http.Client with a Timeout of 30 s where nil. Redirects are never followed.
	HTTPClient *http.Client
	// Store keeps the session; memory where nil.
	Store Store
	// RefreshGrace is the server's refresh_grace_seconds; 2 s where 0.
	RefreshGrace time.Duration
}

// Client is a Doorward server, seen by one application. It is safe for concurrent use.
type Client struct {
	// Auth signs up, in and out.
	Auth *Auth
	// APIKeys mints and checks API keys.
	APIKeys *APIKeys
	// Tokens has a service's own tokens.
	Tokens *Tokens

	connection *connection
}

// New makes a client. It makes no request: a wrong BaseURL shows at the first call.
func New(config Config) *Client {
	connection := &connection{
		transport:    newTransport(config.BaseURL, config.HTTPClient),
		apiKey:       config.APIKey,
		clientID:     config.ClientID,
		clientSecret: config.ClientSecret,
		keeper:       newKeeper(config.Store),
	}
	grace := config.RefreshGrace
	if grace == 0 {
		grace = defaultGrace
	}
	connection.refresher = &refresher{keeper: connection.keeper, exchange: connection.exchange, grace: grace + graceMargin}
	connection.issuer = &issuer{transport: connection.transport}
	return &Client{
		Auth:       &Auth{Sessions: &Sessions{connection}, connection: connection},
		APIKeys:    &APIKeys{connection},
		Tokens:     newTokens(connection),
		connection: connection,
	}
}

// connection is what the parts of a client share: the server, the credentials, the session.
type connection struct {
	transport              *transport
	keeper                 *keeper
	refresher              *refresher
	issuer                 *issuer
	apiKey                 string
	clientID, clientSecret string
}

// call sends the held session, else the API key. A session that has expired is refreshed, once.
func (c *connection) call(ctx context.Context, request call, out any) error {
	session, err := c.keeper.read(ctx)
	if err != nil {
		return err
	}
	for refreshed := false; ; refreshed = true {
		request.authorization = ""
		if session != nil {
			request.authorization = "Bearer " + session.AccessToken
		} else if c.apiKey != "" {
			request.authorization = "Bearer " + c.apiKey
		}
		err := c.transport.send(ctx, request, out)
		if err == nil || session == nil {
			return err
		}
		if !IsCode(err, "token_expired") {
			if IsCode(err, "token_revoked") {
				c.keeper.end(ctx, session)
			}
			return err
		}
		if refreshed {
			return err
		}
		if session, err = c.refresher.refresh(ctx, session); err != nil {
			return err
		}
	}
}

// form posts to an OAuth endpoint as this client.
func (c *connection) form(ctx context.Context, path string, fields url.Values, out any) error {
	authorization := c.basic()
	if authorization == "" && c.clientID != "" {
		fields.Set("client_id", c.clientID)
	}
	bodyless := out == nil
	request := call{method: http.MethodPost, path: path, form: fields, authorization: authorization, bodyless: bodyless}
	return c.transport.send(ctx, request, out)
}

// basic is the Authorization header of a confidential client: both halves are form-encoded first (RFC 6749 section
// 2.3.1). Empty where there is none.
func (c *connection) basic() string {
	if c.clientID == "" || c.clientSecret == "" {
		return ""
	}
	pair := url.QueryEscape(c.clientID) + ":" + url.QueryEscape(c.clientSecret)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

func (c *connection) exchange(ctx context.Context, refreshToken string) (*Session, error) {
	return c.signIn(ctx, "/auth/refresh", map[string]string{"refreshToken": refreshToken})
}

// signIn posts to a call that answers with tokens.
func (c *connection) signIn(ctx context.Context, path string, input any) (*Session, error) {
	session := new(Session)
	if err := c.transport.send(ctx, call{method: http.MethodPost, path: path, json: input}, session); err != nil {
		return nil, err
	}
	if session.AccessToken == "" || session.RefreshToken == "" {
		return session, unexpected("tokens")
	}
	return session, nil
}
