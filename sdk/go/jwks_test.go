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
