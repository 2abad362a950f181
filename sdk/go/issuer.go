package sdk

import (
	"context"
	"net/http"
	"sync"
)

// issuer is what the server says of itself: its issuer name and its keys.
type issuer struct {
	transport *transport

	mu    sync.Mutex
	known string
}

// publicKey is a key as the server publishes it (RFC 7517).
type publicKey struct {
	Kind      string `json:"kty"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	Curve     string `json:"crv"`
	N         string `json:"n"`
	E         string `json:"e"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

// name is the "iss" of the server's tokens, asked until it is told (RFC 8414). It is another than BaseURL where the server
// is reached under an inner address, so nothing is guessed where a proxy says that there is no metadata.
func (i *issuer) name(ctx context.Context) (string, error) {
	i.mu.Lock()
	known := i.known
	i.mu.Unlock()
	if known != "" {
		return known, nil
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	request := call{method: http.MethodGet, path: "/.well-known/oauth-authorization-server"}
	if err := i.transport.send(ctx, request, &metadata); err != nil {
		return "", err
	}
	if metadata.Issuer == "" {
		return "", unexpected("issuer")
	}
	i.mu.Lock()
	i.known = metadata.Issuer
	i.mu.Unlock()
	return metadata.Issuer, nil
}

// keys are those that sign now, and those whose last token has not expired.
func (i *issuer) keys(ctx context.Context) ([]publicKey, error) {
	var set struct {
		Keys []publicKey `json:"keys"`
	}
	if err := i.transport.send(ctx, call{method: http.MethodGet, path: "/.well-known/jwks.json"}, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		return nil, unexpected("keys")
	}
	return set.Keys, nil
}
