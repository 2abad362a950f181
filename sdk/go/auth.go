package sdk

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Auth signs people up, in and out, and has their own account.
type Auth struct {
	// Sessions are the account's live sessions.
	Sessions *Sessions

	connection *connection
}

// LoginInput is what signing in needs.
type LoginInput struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// RegisterInput is what signing up needs; names may be left out.
type RegisterInput struct {
	Email     string `json:"email"`
	Password  string `json:"password"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
}

// Profile is an account as its owner sees it.
type Profile struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Role      string `json:"role"`
	// Permissions is what the credential may do now.
	Permissions []string   `json:"permissions"`
	CreatedAt   time.Time  `json:"createdAt"`
	LastLoginAt *time.Time `json:"lastLoginAt"`
}

// UpdateProfileInput changes names: nil leaves one as it is, an empty one clears it.
type UpdateProfileInput struct {
	FirstName *string
	LastName  *string
}

// ChangePasswordInput sets a new password.
type ChangePasswordInput struct {
	CurrentPassword string `json:"currentPassword"`
	NewPassword     string `json:"newPassword"`
	// APIKeys ends the account's API keys too.
	APIKeys bool `json:"apiKeys,omitempty"`
}

// Login signs in and holds the session, which wins over an API key.
func (a *Auth) Login(ctx context.Context, input *LoginInput) (*Session, error) {
	session, err := a.connection.signIn(ctx, "/auth/login", input)
	if err != nil {
		return nil, err
	}
	a.connection.keeper.set(ctx, session)
	return session, nil
}

// Register signs up, and in: but where the server wants the address verified first, the session holds User alone.
func (a *Auth) Register(ctx context.Context, input *RegisterInput) (*Session, error) {
	session, err := a.connection.signIn(ctx, "/auth/register", input)
	if session != nil && session.User != nil && session.AccessToken == "" {
		return session, nil
	}
	if err != nil {
		return nil, err
	}
	a.connection.keeper.set(ctx, session)
	return session, nil
}

// Refresh answers a new session from the held refresh token (""), or from the one given, whose session is then held.
// Calls refresh by themselves: this is for tokens kept elsewhere, and for new rights after a change of roles.
func (a *Auth) Refresh(ctx context.Context, refreshToken string) (*Session, error) {
	held, err := a.connection.keeper.read(ctx)
	if err != nil {
		return nil, err
	}
	if refreshToken != "" && (held == nil || refreshToken != held.RefreshToken) {
		return a.connection.refresher.renew(ctx, refreshToken)
	}
	if held == nil {
		return nil, &Error{Status: http.StatusUnauthorized, Code: "missing_token", Message: "no session is held"}
	}
	session, err := a.connection.refresher.refresh(ctx, held)
	return copied(session), err
}

// Me answers the profile behind the session or API key.
func (a *Auth) Me(ctx context.Context) (*Profile, error) {
	profile := new(Profile)
	err := a.connection.call(ctx, call{method: http.MethodGet, path: "/auth/me"}, profile)
	return answered(profile, err)
}

// Logout ends the session, at the server and here. One that is over already is no error.
func (a *Auth) Logout(ctx context.Context) error {
	if err := a.connection.refresher.settled(ctx); err != nil {
		return err
	}
	session, err := a.connection.keeper.read(ctx)
	if err != nil {
		return err
	}
	if session == nil && a.connection.apiKey == "" {
		return nil
	}
	err = a.connection.call(ctx, call{method: http.MethodPost, path: "/auth/logout", bodyless: true}, nil)
	if err != nil && (session == nil || !IsCode(err, "token_revoked", "token_expired", "invalid_token")) {
		return err
	}
	if now, err := a.connection.keeper.read(ctx); err == nil && now != nil {
		a.connection.keeper.end(ctx, now)
	}
	return nil
}

// UpdateProfile changes one's own name.
func (a *Auth) UpdateProfile(ctx context.Context, input *UpdateProfileInput) (*Profile, error) {
	changes := map[string]*string{}
	for name, value := range map[string]*string{"firstName": input.FirstName, "lastName": input.LastName} {
		if value != nil && *value == "" {
			changes[name] = nil
		} else if value != nil {
			changes[name] = value
		}
	}
	profile := new(Profile)
	err := a.connection.call(ctx, call{method: http.MethodPatch, path: "/auth/me", json: changes}, profile)
	return answered(profile, err)
}

// ChangePassword sets a new password; every other session ends.
func (a *Auth) ChangePassword(ctx context.Context, input *ChangePasswordInput) error {
	return a.connection.call(ctx, call{method: http.MethodPost, path: "/auth/password", json: input, bodyless: true}, nil)
}

// Session answers the held session as it is; nil where none is.
func (a *Auth) Session(ctx context.Context) (*Session, error) {
	session, err := a.connection.keeper.read(ctx)
	return copied(session), err
}

// AccessToken answers an access token for calls of one's own API, refreshed where it is about to end; "" where no
// session is held.
func (a *Auth) AccessToken(ctx context.Context) (string, error) {
	session, err := a.connection.keeper.read(ctx)
	if err != nil || session == nil {
		return "", err
	}
	life := time.Duration(session.ExpiresIn) * time.Second
	if time.Now().After(session.IssuedAt.Add(life - margin(life))) {
		if session, err = a.connection.refresher.refresh(ctx, session); err != nil {
			return "", err
		}
	}
	return session.AccessToken, nil
}

// margin is how long before its end a token is no longer given out.
func margin(life time.Duration) time.Duration {
	if life/10 < 30*time.Second {
		return life / 10
	}
	return 30 * time.Second
}

// Sessions are the live sessions of one's own account.
type Sessions struct{ connection *connection }

// OwnSession is one of them.
type OwnSession struct {
	ID string `json:"id"`
	// Device is read from the user agent: "Firefox on Linux".
	Device     string    `json:"device"`
	IP         string    `json:"ip"`
	UserAgent  string    `json:"userAgent"`
	CreatedAt  time.Time `json:"createdAt"`
	LastSeenAt time.Time `json:"lastSeenAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
	// Current says that the request came with this session's token.
	Current bool `json:"current"`
}

// List answers a page of them; input may be nil.
func (s *Sessions) List(ctx context.Context, input *ListInput) (*Page[OwnSession], error) {
	page := new(Page[OwnSession])
	err := s.connection.call(ctx, call{method: http.MethodGet, path: "/auth/sessions", query: input.query()}, page)
	return answered(page, err)
}

// Revoke ends one of them.
func (s *Sessions) Revoke(ctx context.Context, id string) error {
	path := "/auth/sessions/" + url.PathEscape(id)
	return s.connection.call(ctx, call{method: http.MethodDelete, path: path, bodyless: true}, nil)
}

// answered gives no half-filled value beside an error.
func answered[T any](value *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return value, nil
}
