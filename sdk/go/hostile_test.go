package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "example.org/doorward/sdk/go"
)

func serve(t *testing.T, handle http.HandlerFunc) (*sdk.Client, *httptest.Server) {
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return sdk.New(sdk.Config{BaseURL: server.URL, APIKey: "k", ClientID: "a b", ClientSecret: "c:d"}), server
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func TestBusyServersAreTriedAgainAfterRetryAfter(t *testing.T) {
	for _, status := range []int{429, 503} {
		var calls atomic.Int32
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) == 1 {
				w.Header().Set("Retry-After", "1")
				answer(w, status, `{"error":{"code":"rate_limited","message":"m"}}`)
				return
			}
			answer(w, 200, `{"id":"user_1"}`)
		})
		began := time.Now()
		me, err := client.Auth.Me(ctx)
		if err != nil || me.ID != "user_1" || calls.Load() != 2 || time.Since(began) < time.Second {
			t.Error(status, me, err, calls.Load(), time.Since(began))
		}
	}
}

func TestABusyServerIsTriedAgainTwiceAndNotForLong(t *testing.T) {
	for header, want := range map[string]int32{"0": 3, "86400": 1} {
		var calls atomic.Int32
		client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.Header().Set("Retry-After", header)
			answer(w, 503, `{"error":{"code":"overloaded","message":"m"}}`)
		})
		_, err := client.Auth.Me(ctx)
		var failure *sdk.Error
		if !errors.As(err, &failure) || failure.Code != "overloaded" || calls.Load() != want {
			t.Error(header, err, calls.Load())
		}
	}
	client, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		answer(w, 429, `{"error":{"code":"rate_limited","message":"m"}}`)
	})
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := client.Auth.Me(short)
	var failure *sdk.Error
	if !errors.As(err, &failure) || failure.RetryAfter != 30*time.Second || short.Err() != nil {
		t.Error(err)
	}
}

func TestWhatIsNoAnswerOfDoorwardsIsAnErrorOfItsOwn(t *testing.T) {
	cases := map[string]struct {
		handle http.HandlerFunc
		status int
		code   string
	}{
		"HTML":         {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, 200, "invalid_response"},
		"HTML 502":     {func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, "<html>") }, 502, "invalid_response"},
		"half a JSON":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"us`) }, 200, "invalid_response"},
		"a list":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[]`) }, 200, "invalid_response"},
		"another type": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":7}`) }, 200, "invalid_response"},
		"nothing":      {func(w http.ResponseWriter, _ *http.Request) {}, 200, "invalid_response"},
		"a redirect":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", 307) }, 307, "invalid_response"},
		"half a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"id":`)
		}, 0, "network_error"},
		"no answer": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, 0, "network_error"},
	}
	for name, one := range cases {
		handle := one.handle
		client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("a credential went on to where a redirect led")
			}
			handle(w, r)
		})
		_, err := client.Auth.Me(ctx)
		var failure *sdk.Error
		if !errors.As(err, &failure) || failure.Status != one.status || failure.Code != one.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSlowServersAndEndedContexts(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(stop)
	client := sdk.New(sdk.Config{BaseURL: server.URL, HTTPClient: &http.Client{Timeout: 50 * time.Millisecond}})
	if _, err := client.Auth.Me(ctx); !sdk.IsCode(err, sdk.CodeTimeout) {
		t.Error(err)
	}
	patient := sdk.New(sdk.Config{BaseURL: server.URL, APIKey: "k", ClientID: "a", ClientSecret: "b"})
	ended, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	calls := map[string]func(context.Context) error{
		"Login":   func(c context.Context) error { _, err := patient.Auth.Login(c, &sdk.LoginInput{}); return err },
		"Refresh": func(c context.Context) error { _, err := patient.Auth.Refresh(c, "rt_x"); return err },
		"Me":      func(c context.Context) error { _, err := patient.Auth.Me(c); return err },
		"Logout":  patient.Auth.Logout,
		"Verify": func(c context.Context) error {
			_, err := patient.APIKeys.Verify(c, &sdk.VerifyAPIKeyInput{})
			return err
		},
		"ClientCredentials": func(c context.Context) error { _, err := patient.Tokens.ClientCredentials(c, nil); return err },
		"Verifier": func(c context.Context) error {
			_, err := patient.Verifier("a").Verify(c, part(map[string]any{"typ": "at+jwt", "kid": "x"})+".e30.e30")
			return err
		},
	}
	for name, one := range calls {
		if err := one(ended); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sdk.New(sdk.Config{BaseURL: "http://127.0.0.1:1"}).Auth.Me(ctx); !sdk.IsCode(err, sdk.CodeNetwork) {
		t.Error(err)
	}
	var refused *net.OpError
	if _, err := sdk.New(sdk.Config{BaseURL: "http://127.0.0.1:1"}).Auth.Me(ctx); !errors.As(err, &refused) {
		t.Error("the cause is hidden:", err)
	}
}

func TestOAuthErrors(t *testing.T) {
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "a+b" || secret != "c%3Ad" {
			t.Error("Basic is not form-encoded:", id, secret)
		}
		answer(w, 400, `{"error":"invalid_scope","error_description":"no such scope"}`)
	})
	_, err := client.Tokens.ClientCredentials(ctx, &sdk.ClientCredentialsInput{Scope: "x"})
	var failure *sdk.Error
	if !errors.As(err, &failure) || failure.Code != "invalid_scope" || failure.Message != "no such scope" {
		t.Error(err)
	}
}

func TestClientCredentialsAreFetchedOnce(t *testing.T) {
	var calls atomic.Int32
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		time.Sleep(20 * time.Millisecond)
		answer(w, 200, fmt.Sprintf(`{"access_token":"at_%d","token_type":"Bearer","expires_in":1,"scope":%q}`, n, r.PostFormValue("scope")))
	})
	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if token, err := client.Tokens.ClientCredentials(ctx, nil); err != nil || token.AccessToken != "at_1" || token.ExpiresIn != 1 {
				t.Error(token, err)
			}
		}()
	}
	all.Wait()
	if token, err := client.Tokens.ClientCredentials(ctx, &sdk.ClientCredentialsInput{Scope: "read"}); err != nil || token.Scope != "read" {
		t.Error(token, err)
	}
	time.Sleep(950 * time.Millisecond)
	if token, err := client.Tokens.ClientCredentials(ctx, nil); err != nil || token.AccessToken != "at_3" {
		t.Error("shortly before its end a token is fetched anew:", token, err)
	}
}

// memory is a Store that others share.
type memory struct {
	mu      sync.Mutex
	session *sdk.Session
	broken  bool
}

func (m *memory) Load(context.Context) (*sdk.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return nil, errors.New("the disk is gone")
	}
	return m.session, nil
}

func (m *memory) Save(_ context.Context, session *sdk.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return errors.New("the disk is gone")
	}
	m.session = session
	return nil
}

// rotating is a server that keeps Doorward's rule on refresh tokens: a used one is refused within the grace, and
// answered anew after it.
type rotating struct {
	mu      sync.Mutex
	current int
	usedAt  time.Time
	lose    int
	calls   int
	// 2 s where 0.
	grace time.Duration
}

func (s *rotating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path != "/auth/refresh" {
		if s.current > 0 && r.Header.Get("Authorization") == fmt.Sprintf("Bearer at_%d", s.current) {
			answer(w, 200, `{"id":"user_1"}`)
		} else {
			answer(w, 401, `{"error":{"code":"token_expired","message":"m"}}`)
		}
		return
	}
	s.calls++
	var input struct{ RefreshToken string }
	_ = json.NewDecoder(r.Body).Decode(&input)
	fresh := input.RefreshToken == fmt.Sprintf("rt_%d", s.current)
	grace := s.grace
	if grace == 0 {
		grace = 2 * time.Second
	}
	again := input.RefreshToken == "rt_0" && time.Since(s.usedAt) > grace
	if !fresh && !again {
		answer(w, 401, `{"error":{"code":"token_revoked","message":"m"}}`)
		return
	}
	if fresh {
		s.usedAt = time.Now()
	}
	s.current++
	if s.lose > 0 {
		s.lose--
		panic(http.ErrAbortHandler)
	}
	answer(w, 200, fmt.Sprintf(`{"accessToken":"at_%d","refreshToken":"rt_%d","tokenType":"Bearer","expiresIn":1}`, s.current, s.current))
}

func held() *sdk.Session { return &sdk.Session{AccessToken: "at_0", RefreshToken: "rt_0"} }

func TestOneRefreshForAllGoroutines(t *testing.T) {
	handler := &rotating{}
	server := httptest.NewServer(handler)
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL, Store: &memory{session: held()}})
	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if me, err := client.Auth.Me(ctx); err != nil || me.ID != "user_1" {
				t.Error(me, err)
			}
		}()
	}
	all.Wait()
	if handler.calls != 1 {
		t.Errorf("%d refreshes", handler.calls)
	}
}

func TestLostAnswersLoseNoSessionWhereTheGraceIsLonger(t *testing.T) {
	server := httptest.NewServer(&rotating{lose: 1, grace: 3 * time.Second})
	defer server.Close()
	config := sdk.Config{BaseURL: server.URL, Store: &memory{session: held()}, RefreshGrace: 3 * time.Second}
	if me, err := sdk.New(config).Auth.Me(ctx); err != nil || me.ID != "user_1" {
		t.Error(me, err)
	}
}

func TestLostAnswersLoseNoSession(t *testing.T) {
	for lose := 1; lose <= 2; lose++ {
		handler := &rotating{lose: lose}
		server := httptest.NewServer(handler)
		client := sdk.New(sdk.Config{BaseURL: server.URL, Store: &memory{session: held()}})
		if me, err := client.Auth.Me(ctx); err != nil || me.ID != "user_1" {
			t.Error(lose, me, err)
		}
		server.Close()
	}
}

func TestTwoProcessesWithOneStore(t *testing.T) {
	handler := &rotating{}
	server := httptest.NewServer(handler)
	defer server.Close()
	store := &memory{session: held()}
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			client := sdk.New(sdk.Config{BaseURL: server.URL, Store: store})
			if me, err := client.Auth.Me(ctx); err != nil || me.ID != "user_1" {
				t.Error(me, err)
			}
		}()
	}
	all.Wait()
	if handler.current != 1 {
		t.Errorf("%d successors", handler.current)
	}
}

func TestAnEndedCallerLeavesTheRefreshToTheOthers(t *testing.T) {
	handler := &rotating{}
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/refresh" {
			<-release
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL, Store: &memory{session: held()}})
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := client.Auth.Me(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(release)
	if me, err := client.Auth.Me(ctx); err != nil || me.ID != "user_1" || handler.calls != 1 {
		t.Error(me, err, handler.calls)
	}
}

func TestAStoreThatFailsSignsNobodyOut(t *testing.T) {
	handler := &rotating{}
	server := httptest.NewServer(handler)
	defer server.Close()
	store := &memory{session: held()}
	client := sdk.New(sdk.Config{BaseURL: server.URL, Store: store})
	if session, err := client.Auth.Session(ctx); err != nil || session.AccessToken != "at_0" {
		t.Fatal(session, err)
	}
	store.mu.Lock()
	store.broken = true
	store.mu.Unlock()
	for i := 0; i < 2; i++ {
		if me, err := client.Auth.Me(ctx); err != nil || me.ID != "user_1" {
			t.Error(me, err)
		}
	}
	if session, err := client.Auth.Session(ctx); err != nil || session.AccessToken != "at_1" {
		t.Error(session, err)
	}
}

func TestARefusedRefreshEndsTheSessionAtOnceWhereNobodyElseHoldsIt(t *testing.T) {
	var calls atomic.Int32
	client, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/login" {
			answer(w, 200, `{"accessToken":"at","refreshToken":"rt","tokenType":"Bearer"}`)
			return
		}
		calls.Add(1)
		answer(w, 401, `{"error":{"code":"token_revoked","message":"m"}}`)
	})
	if _, err := client.Auth.Login(ctx, &sdk.LoginInput{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Auth.Refresh(ctx, ""); !sdk.IsCode(err, "token_revoked") || calls.Load() != 1 {
		t.Error(err, calls.Load())
	}
	if session, err := client.Auth.Session(ctx); session != nil || err != nil {
		t.Error(session, err)
	}
}
