package sdk

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestAServerThatHangsHoldsKnownKeysUpForAMomentOnly(t *testing.T) {
	var hangs atomic.Bool
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if hangs.Load() {
			<-ended
		}
		_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	}))
	defer server.Close()
	defer close(ended)
	keys := New(Config{BaseURL: server.URL}).Verifier("api").keys
	if _, found, err := keys.find(context.Background(), "1"); err != nil || !found {
		t.Fatal(found, err)
	}
	hangs.Store(true)
	keys.mu.Lock()
	keys.stale = time.Now()
	keys.mu.Unlock()
	began := time.Now()
	for i := 0; i < 50; i++ {
		if _, found, err := keys.find(context.Background(), "1"); err != nil || !found {
			t.Fatal(found, err)
		}
	}
	if took := time.Since(began); took > 3*patience {
		t.Error(took)
	}
}

func TestKeysServeOnForADayOnlyWhereTheServerDoesNotAnswer(t *testing.T) {
	var down atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	}))
	defer server.Close()
	keys := New(Config{BaseURL: server.URL}).Verifier("api").keys
	_, _, _ = keys.find(context.Background(), "1")
	down.Store(true)
	after := func(passed time.Duration) (bool, error) {
		keys.mu.Lock()
		keys.stale, keys.over = keys.stale.Add(-passed), keys.over.Add(-passed)
		keys.mu.Unlock()
		_, found, err := keys.find(context.Background(), "1")
		return found, err
	}
	if found, err := after(longestKeys - time.Minute); err != nil || !found {
		t.Error(found, err)
	}
	if found, err := after(time.Minute); err == nil || found {
		t.Error(found, err)
	}
	down.Store(false)
	if found, err := after(0); err != nil || !found {
		t.Error(found, err)
	}
}

func TestAServerIsNotNamedByWhatAProxyKnowsNothingOf(t *testing.T) {
	var starts atomic.Bool
	starts.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if starts.Load() {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"issuer":"https://id.example"}`))
	}))
	defer server.Close()
	issuer := New(Config{BaseURL: server.URL}).connection.issuer
	if name, err := issuer.name(context.Background()); err == nil {
		t.Error(name)
	}
	starts.Store(false)
	if name, err := issuer.name(context.Background()); err != nil || name != "https://id.example" {
		t.Error(name, err)
	}
}
