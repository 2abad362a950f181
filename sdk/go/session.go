package sdk

import (
	"context"
	"sync"
	"time"
)

// Session is a signed-in person's tokens.
type Session struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	// TokenType is always "Bearer".
	TokenType string `json:"tokenType"`
	// ExpiresIn is the access token's lifetime from IssuedAt, in seconds.
	ExpiresIn int `json:"expiresIn"`
	// Scope is space-separated; see Covers.
	Scope    string    `json:"scope"`
	UserID   string    `json:"userId"`
	IssuedAt time.Time `json:"issuedAt"`
	// User is the account that Register made; nil otherwise.
	User *User `json:"user,omitempty"`
}

// User is an account as Register answers it.
type User struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	FirstName string    `json:"firstName"`
	LastName  string    `json:"lastName"`
	CreatedAt time.Time `json:"createdAt"`
}

// Store keeps one session, for instance in a file or for a web session. It must be safe for concurrent use. Clients
// with one Store, also in different processes, share the session.
type Store interface {
	// Load answers the kept session; nil where there is none.
	Load(ctx context.Context) (*Session, error)
	// Save keeps a session; nil removes it.
	Save(ctx context.Context, session *Session) error
}

// keeper keeps the one session of a client. The store has the last word, since others write to it too; where it fails,
// the session lives on in memory.
type keeper struct {
	store Store

	mu    sync.Mutex
	known *Session
	// Set while the store does not hold what memory holds.
	detached bool
	writes   int
}

func newKeeper(store Store) *keeper { return &keeper{store: store} }

// shared tells whether others may hold the same session.
func (k *keeper) shared() bool { return k.store != nil }

func (k *keeper) read(ctx context.Context) (*Session, error) {
	k.mu.Lock()
	known, writes, memory := k.known, k.writes, k.detached || k.store == nil
	k.mu.Unlock()
	if memory {
		return known, nil
	}
	found, err := k.store.Load(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if writes != k.writes || (err != nil && k.known != nil) {
		// Written meanwhile, or not to be read: memory knows better.
		return k.known, nil
	}
	if err != nil {
		return nil, err
	}
	k.known = copied(found)
	return k.known, nil
}

// set keeps a session; nil ends the one that is kept. A failing store is no failure: memory has it.
func (k *keeper) set(ctx context.Context, session *Session) {
	k.mu.Lock()
	k.writes++
	number := k.writes
	k.known = copied(session)
	k.detached = true
	k.mu.Unlock()
	if k.store == nil {
		return
	}
	if err := k.store.Save(ctx, copied(session)); err == nil {
		k.mu.Lock()
		k.detached = k.detached && number != k.writes
		k.mu.Unlock()
	}
}

// end removes what is kept, if it still is session.
func (k *keeper) end(ctx context.Context, session *Session) {
	if held, err := k.read(ctx); err == nil && held != nil && held.AccessToken == session.AccessToken {
		k.set(ctx, nil)
	}
}

// copied keeps callers and stores from changing what is kept.
func copied(session *Session) *Session {
	if session == nil || session.AccessToken == "" {
		return nil
	}
	own := *session
	own.User = nil
	return &own
}
