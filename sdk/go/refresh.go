package sdk

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// The server's refresh_grace_seconds where Config.RefreshGrace is 0: within it a used token is refused and nothing happens.
	defaultGrace = 2 * time.Second
	// Added to it.
	graceMargin = 200 * time.Millisecond
	// How often the store is read for another's session in the meantime.
	look = 100 * time.Millisecond
	// The server's refresh_retry_seconds, and a little less: so long a lost answer can be asked for again.
	window = 55 * time.Second
)

// refresher refreshes the held session: once for all that wait.
type refresher struct {
	keeper   *keeper
	exchange func(ctx context.Context, refreshToken string) (*Session, error)
	// The server's, and a little more.
	grace time.Duration

	mu      sync.Mutex
	running *flight
	// The refresh token whose last answer never came.
	lost string
}

// flight is one piece of work that many wait for. The fields are set before done is closed.
type flight struct {
	done    chan struct{}
	session *Session
	err     error
}

// refresh answers the session that follows stale. A caller whose context ends leaves the refresh to the others.
func (r *refresher) refresh(ctx context.Context, stale *Session) (*Session, error) {
	r.mu.Lock()
	running := r.running
	if running == nil {
		running = &flight{done: make(chan struct{})}
		r.running = running
		go r.run(detached{ctx}, running, stale)
	}
	r.mu.Unlock()
	select {
	case <-running.done:
		return running.session, running.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *refresher) run(ctx context.Context, running *flight, stale *Session) {
	ctx, cancel := context.WithTimeout(ctx, 2*window)
	defer cancel()
	running.session, running.err = r.next(ctx, stale)
	r.mu.Lock()
	r.running = nil
	r.mu.Unlock()
	close(running.done)
}

// settled waits for a refresh that is under way, if there is one.
func (r *refresher) settled(ctx context.Context) error {
	r.mu.Lock()
	running := r.running
	r.mu.Unlock()
	if running == nil {
		return nil
	}
	select {
	case <-running.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *refresher) next(ctx context.Context, stale *Session) (*Session, error) {
	held, err := r.keeper.read(ctx)
	if err != nil {
		return nil, err
	}
	if held == nil {
		return nil, over()
	}
	if held.AccessToken != stale.AccessToken {
		return held, nil
	}
	r.mu.Lock()
	doubtful := r.keeper.shared() || r.lost == held.RefreshToken
	r.mu.Unlock()
	other := func() (*Session, error) { return r.other(ctx, held) }
	session, err := r.exchanged(ctx, held.RefreshToken, other, doubtful)
	if err != nil {
		r.note(ctx, held, err)
		return nil, err
	}
	// Kept, unless the person signed out or in again meanwhile.
	if found, err := other(); found != nil || err != nil {
		return found, err
	}
	r.keeper.set(ctx, session)
	return session, nil
}

func (r *refresher) note(ctx context.Context, held *Session, err error) {
	if isLost(err) {
		r.mu.Lock()
		r.lost = held.RefreshToken
		r.mu.Unlock()
	}
	if isRefusal(err) {
		r.keeper.end(ctx, held)
	}
}

// renew exchanges a refresh token that is not the held one; its session is held from then on.
func (r *refresher) renew(ctx context.Context, refreshToken string) (*Session, error) {
	nobody := func() (*Session, error) { return nil, nil }
	session, err := r.exchanged(ctx, refreshToken, nobody, false)
	if err != nil {
		return nil, err
	}
	r.keeper.set(ctx, session)
	return session, nil
}

// exchanged exchanges a refresh token although answers get lost. other finds the session that took its place
// meanwhile; doubtful says that somebody may have sent the token before.
func (r *refresher) exchanged(
	ctx context.Context, refreshToken string, other func() (*Session, error), doubtful bool,
) (*Session, error) {
	// After a lost answer. The first wait is short: the request may never have arrived.
	waits := [...]time.Duration{50 * time.Millisecond, r.grace, 4 * time.Second, 8 * time.Second}
	began := time.Now()
	lost, refused := 0, false
	for {
		session, err := r.exchange(ctx, refreshToken)
		if err == nil {
			return session, nil
		}
		if found, gone := other(); found != nil || gone != nil {
			return found, gone
		}
		switch {
		case ctx.Err() != nil:
			return nil, err
		case isLost(err) && lost < len(waits) && time.Since(began) < window:
			if sleep(ctx, waits[lost]) != nil {
				return nil, err
			}
			lost++
		case isReplay(err) && (doubtful || lost > 0) && !refused:
			// Used already: by another process that has not stored its session yet, or by an attempt whose answer was
			// lost, perhaps before this process started. The first shows in the store, the second is answered after the
			// grace.
			refused = true
			if found, gone := watch(ctx, r.grace, other); found != nil || gone != nil {
				return found, gone
			}
		default:
			return nil, err
		}
	}
}

// other answers the session that took the place of held, if one did.
func (r *refresher) other(ctx context.Context, held *Session) (*Session, error) {
	now, err := r.keeper.read(ctx)
	if err != nil {
		return nil, err
	}
	if now == nil {
		return nil, over()
	}
	if now.AccessToken == held.AccessToken {
		return nil, nil
	}
	return now, nil
}

// watch looks for another's session until the grace is over.
func watch(ctx context.Context, grace time.Duration, other func() (*Session, error)) (*Session, error) {
	for until := time.Now().Add(grace); time.Now().Before(until); {
		if found, err := other(); found != nil || err != nil {
			return found, err
		}
		if err := sleep(ctx, look); err != nil {
			return nil, err
		}
	}
	return other()
}

func over() error {
	return &Error{Status: 401, Code: "token_revoked", Message: "the session is over"}
}

// isLost tells whether the server may have answered without our seeing it.
func isLost(err error) bool {
	var failure *Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Status {
	case 0, 500, 502, 504:
		return true
	}
	return failure.Status < 300
}

// isReplay tells whether the token may only have been used already.
func isReplay(err error) bool { return IsCode(err, "token_revoked") }

// isRefusal tells whether the session is over.
func isRefusal(err error) bool {
	return IsCode(err, "token_revoked", "token_expired", "invalid_token", "account_disabled")
}

// detached has a context's values but not its end.
type detached struct{ context.Context }

func (detached) Deadline() (time.Time, bool) { return time.Time{}, false }
func (detached) Done() <-chan struct{}       { return nil }
func (detached) Err() error                  { return nil }
