package sdk

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"sync"
	"time"
)

const (
	// How long keys are good without a look whether one was revoked.
	keepKeys = 5 * time.Minute
	// How long keys serve on where the server does not answer: a key that was revoked meanwhile would be good for ever.
	longestKeys = 24 * time.Hour
	// After a failed look the old keys are used so long before the next.
	pauseKeys = 10 * time.Second
	// How long after its begin a look holds up tokens whose keys are known.
	patience = time.Second
	// Looks for unknown key ids: so many at once, and one more in each pause. Whoever forges tokens costs no more.
	burst = 3
)

// base64url is strict: one spelling for each value.
var base64url = base64.RawURLEncoding.Strict()

// verifyKey is a key ready for use, with the one algorithm that it is for.
type verifyKey struct {
	algorithm string
	public    crypto.PublicKey
}

// keySet has the server's public keys, and asks for them again when a token names one that is not there yet.
type keySet struct {
	issuer *issuer

	mu      sync.Mutex
	keys    map[string]verifyKey
	stale   time.Time
	over    time.Time
	looks   float64
	counted time.Time
	loading *keyFlight
}

// keyFlight is a request that many wait for. err is set before done is closed.
type keyFlight struct {
	began time.Time
	done  chan struct{}
	err   error
}

func newKeySet(issuer *issuer) *keySet {
	return &keySet{issuer: issuer, looks: burst, counted: time.Now()}
}

// find answers the key with this id, and whether the server has one.
func (s *keySet) find(ctx context.Context, id string) (verifyKey, bool, error) {
	s.mu.Lock()
	key, found := s.keys[id]
	now := time.Now()
	first, stale := len(s.keys) == 0 || !now.Before(s.over), !now.Before(s.stale)
	s.mu.Unlock()
	switch {
	case first:
		if err := s.load(ctx); err != nil {
			return verifyKey{}, false, err
		}
	case stale && found:
		// The old keys serve on for a day where the server cannot be asked.
		s.look(ctx)
	case stale || (!found && s.mayLook()):
		_ = s.load(ctx)
	default:
		return key, found, nil
	}
	if err := ctx.Err(); err != nil {
		return verifyKey{}, false, err
	}
	s.mu.Lock()
	key, found = s.keys[id]
	s.mu.Unlock()
	return key, found, nil
}

func (s *keySet) mayLook() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loading != nil {
		return true
	}
	now := time.Now()
	s.looks += float64(now.Sub(s.counted)) / float64(pauseKeys)
	if s.looks > burst {
		s.looks = burst
	}
	s.counted = now
	if s.looks < 1 {
		return false
	}
	s.looks--
	return true
}

// look asks whether a key was revoked, and does not wait for long.
func (s *keySet) look(ctx context.Context) {
	loading := s.begin(ctx)
	timer := time.NewTimer(time.Until(loading.began.Add(patience)))
	defer timer.Stop()
	select {
	case <-loading.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin asks for the keys, once for all that wait.
func (s *keySet) begin(ctx context.Context) *keyFlight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loading == nil {
		s.loading = &keyFlight{began: time.Now(), done: make(chan struct{})}
		go s.fetch(detached{ctx}, s.loading)
	}
	return s.loading
}

func (s *keySet) load(ctx context.Context) error {
	loading := s.begin(ctx)
	select {
	case <-loading.done:
		return loading.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *keySet) fetch(ctx context.Context, loading *keyFlight) {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	published, err := s.issuer.keys(ctx)
	keys := make(map[string]verifyKey, len(published))
	for _, one := range published {
		if key, ok := one.ready(); ok && one.ID != "" {
			keys[one.ID] = key
		}
	}
	s.mu.Lock()
	s.stale = time.Now().Add(pauseKeys)
	if err == nil {
		now := time.Now()
		s.keys, s.stale, s.over = keys, now.Add(keepKeys), now.Add(longestKeys)
	}
	s.loading = nil
	s.mu.Unlock()
	loading.err = err
	close(loading.done)
}

// ready answers no key for what is no signing key of ours: other kinds, other uses, RSA below 2048 bits.
func (k publicKey) ready() (verifyKey, bool) {
	if k.Use != "" && k.Use != "sig" {
		return verifyKey{}, false
	}
	says := func(algorithms ...string) bool {
		for _, algorithm := range algorithms {
			if k.Algorithm == algorithm {
				return true
			}
		}
		return k.Algorithm == ""
	}
	switch {
	case k.Kind == "RSA" && says("RS256"):
		n, e := number(k.N), number(k.E)
		if n == nil || e == nil || n.BitLen() < 2048 || n.BitLen() > 8192 || e.BitLen() > 31 || e.Int64() < 3 {
			return verifyKey{}, false
		}
		return verifyKey{"RS256", &rsa.PublicKey{N: n, E: int(e.Int64())}}, true
	case k.Kind == "EC" && k.Curve == "P-256" && says("ES256"):
		x, y := number(k.X), number(k.Y)
		if x == nil || y == nil || !elliptic.P256().IsOnCurve(x, y) {
			return verifyKey{}, false
		}
		return verifyKey{"ES256", &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}}, true
	case k.Kind == "OKP" && k.Curve == "Ed25519" && says("EdDSA", "Ed25519"):
		x, err := base64url.DecodeString(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return verifyKey{}, false
		}
		return verifyKey{"EdDSA", ed25519.PublicKey(x)}, true
	}
	return verifyKey{}, false
}

func number(text string) *big.Int {
	bytes, err := base64url.DecodeString(text)
	if err != nil || len(bytes) == 0 {
		return nil
	}
	return new(big.Int).SetBytes(bytes)
}

// verified tells whether a signature over data is right.
func (k verifyKey) verified(signature, data []byte) bool {
	digest := sha256.Sum256(data)
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		if len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	case ed25519.PublicKey:
		return ed25519.Verify(public, data, signature)
	}
	return false
}
