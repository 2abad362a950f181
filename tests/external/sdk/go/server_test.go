// Package real has the Go SDK's checks against the real server. ISSUER is one with default settings, HASTY_ISSUER one
// whose access tokens live for three seconds.
package real

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "example.org/doorward/sdk/go"
)

const password = "correct horse battery"

var (
	ctx    = context.Background()
	issuer = os.Getenv("ISSUER")
	hasty  = os.Getenv("HASTY_ISSUER")
	people atomic.Int64
)

func email() string { return fmt.Sprintf("go-%d-%d@example.com", os.Getpid(), people.Add(1)) }

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// operate is an operator's call.
func operate(t *testing.T, method, path string, body, out any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, issuer+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPERATOR_KEY"))
	request.Header.Set("Content-Type", "application/json")
	response := must[*http.Response](t)(http.DefaultClient.Do(request))
	defer response.Body.Close()
	answer := must[[]byte](t)(io.ReadAll(response.Body))
	if response.StatusCode >= 300 {
		t.Fatalf("%s: %d %s", path, response.StatusCode, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatal(err)
		}
	}
}

// expired waits until the token has expired, as the server says when it is asked directly.
func expired(t *testing.T, token string) {
	t.Helper()
	for {
		request := must[*http.Request](t)(http.NewRequest(http.MethodGet, hasty+"/auth/me", nil))
		request.Header.Set("Authorization", "Bearer "+token)
		response := must[*http.Response](t)(http.DefaultClient.Do(request))
		response.Body.Close()
		if response.StatusCode == http.StatusUnauthorized {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// between is a proxy in front of a server that counts refreshes, and cuts the first answers off after they are given.
type between struct {
	*httptest.Server
	refreshes, lose atomic.Int32
}

func proxy(t *testing.T, target string) *between {
	to := must[*url.URL](t)(url.Parse(target))
	own := &between{}
	onward := httputil.NewSingleHostReverseProxy(to)
	onward.ModifyResponse = func(response *http.Response) error {
		if response.Request.URL.Path == "/auth/refresh" && own.lose.Add(-1) >= 0 {
			// The head says how long the body is, and half of it comes.
			body, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			response.Body = io.NopCloser(bytes.NewReader(body[:len(body)/2]))
		}
		return nil
	}
	own.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/refresh" {
			own.refreshes.Add(1)
		}
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(own.Close)
	return own
}

func TestTheSnippetsOfTheFirstPageRunAsTheyStand(t *testing.T) {
	address := email()
	setup := sdk.New(sdk.Config{BaseURL: issuer})
	registered := must[*sdk.Session](t)(setup.Auth.Register(ctx, &sdk.RegisterInput{
		Email: address, Password: "securePassword123", FirstName: "Jane", LastName: "Doe",
	}))
	if registered.User == nil || registered.User.FirstName != "Jane" || registered.User.Email != address {
		t.Errorf("%+v", registered.User)
	}

	client := sdk.New(sdk.Config{BaseURL: issuer})
	session, err := client.Auth.Login(ctx, &sdk.LoginInput{
		Email:    address,
		Password: "securePassword123",
	})
	if err != nil {
		t.Fatal(err)
	}
	me, err := client.Auth.Me(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = client.Auth.Logout(ctx)
	if err != nil {
		t.Fatal(err)
	}

	if me.Email != address || me.LastName != "Doe" || me.ID != session.UserID || me.LastLoginAt == nil {
		t.Errorf("%+v", me)
	}
	if session.TokenType != "Bearer" || session.ExpiresIn != 3600 || session.Scope != "read write" || session.IssuedAt.IsZero() {
		t.Errorf("%+v", session)
	}
	dead := sdk.New(sdk.Config{BaseURL: issuer, APIKey: session.AccessToken})
	if _, err := dead.Auth.Me(ctx); !sdk.IsCode(err, "token_revoked") {
		t.Error(err)
	}
	if _, err := client.Auth.Refresh(ctx, session.RefreshToken); !sdk.IsCode(err, "token_revoked") {
		t.Error(err)
	}
	if err := client.Auth.Logout(ctx); err != nil {
		t.Error("a second logout:", err)
	}
	if _, err := client.Auth.Me(ctx); !sdk.IsCode(err, "missing_token") {
		t.Error(err)
	}
}

func TestErrorsHaveWhatTheAnswerHas(t *testing.T) {
	client := sdk.New(sdk.Config{BaseURL: issuer + "/"})
	_, err := client.Auth.Register(ctx, &sdk.RegisterInput{Email: "nobody", Password: password})
	var failure *sdk.Error
	if !errors.As(err, &failure) || failure.Status != 422 || failure.Code != "validation_failed" || failure.Field != "email" {
		t.Fatal(err)
	}
	if len(failure.RequestID) != 26 || failure.Message == "" || failure.RetryAfter != 0 {
		t.Errorf("%+v", failure)
	}
}

func TestAccountAndSessions(t *testing.T) {
	address := email()
	client, other := sdk.New(sdk.Config{BaseURL: issuer}), sdk.New(sdk.Config{BaseURL: issuer})
	must[*sdk.Session](t)(client.Auth.Register(ctx, &sdk.RegisterInput{Email: address, Password: password, FirstName: "Ada"}))
	must[*sdk.Session](t)(other.Auth.Login(ctx, &sdk.LoginInput{Email: address, Password: password}))
	last, none := "Lovelace", ""
	profile := must[*sdk.Profile](t)(client.Auth.UpdateProfile(ctx, &sdk.UpdateProfileInput{FirstName: &none, LastName: &last}))
	if profile.FirstName != "" || profile.LastName != last {
		t.Errorf("%+v", profile)
	}
	page := must[*sdk.Page[sdk.OwnSession]](t)(client.Auth.Sessions.List(ctx, &sdk.ListInput{Limit: 1}))
	if len(page.Data) != 1 || page.Pagination.Total != 2 || !page.Pagination.HasMore {
		t.Errorf("%+v", page)
	}
	page = must[*sdk.Page[sdk.OwnSession]](t)(client.Auth.Sessions.List(ctx, nil))
	for _, one := range page.Data {
		if !one.Current {
			if err := client.Auth.Sessions.Revoke(ctx, one.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := other.Auth.Me(ctx); !sdk.IsCode(err, "token_revoked") {
		t.Error(err)
	}
	input := &sdk.ChangePasswordInput{CurrentPassword: password, NewPassword: "another horse battery"}
	if err := client.Auth.ChangePassword(ctx, input); err != nil {
		t.Error(err)
	}
}

func TestAPIKeys(t *testing.T) {
	client := sdk.New(sdk.Config{BaseURL: issuer})
	session := must[*sdk.Session](t)(client.Auth.Register(ctx, &sdk.RegisterInput{Email: email(), Password: password}))
	key := must[*sdk.APIKey](t)(client.APIKeys.Create(ctx, &sdk.CreateAPIKeyInput{
		Name: "export", Scopes: []string{"read:orders", "write"}, Environment: "test",
	}))
	page := must[*sdk.Page[sdk.APIKey]](t)(client.APIKeys.List(ctx, &sdk.ListInput{Limit: 5}))
	if len(page.Data) != 1 || page.Data[0].ID != key.ID || page.Data[0].Hint == "" || page.Data[0].Key != "" {
		t.Errorf("%+v", page)
	}
	changed := must[*sdk.APIKey](t)(client.APIKeys.Update(ctx, key.ID, &sdk.UpdateAPIKeyInput{Name: "x", Scopes: []string{"read:orders"}}))
	if shown := must[*sdk.APIKey](t)(client.APIKeys.Get(ctx, key.ID)); shown.Name != "x" || len(changed.Scopes) != 1 {
		t.Errorf("%+v", shown)
	}
	byKey := sdk.New(sdk.Config{BaseURL: issuer, APIKey: key.Key})
	if me := must[*sdk.Profile](t)(byKey.Auth.Me(ctx)); me.ID != session.UserID {
		t.Errorf("%+v", me)
	}
	if err := byKey.Auth.Logout(ctx); !sdk.IsCode(err, "insufficient_scope") {
		t.Error(err)
	}
	rotated := must[*sdk.APIKey](t)(client.APIKeys.Rotate(ctx, key.ID, nil))
	if _, err := byKey.Auth.Me(ctx); !sdk.IsCode(err, "token_revoked") {
		t.Error(err)
	}
	both := sdk.New(sdk.Config{BaseURL: issuer, APIKey: rotated.Key})
	someone := must[*sdk.Session](t)(both.Auth.Register(ctx, &sdk.RegisterInput{Email: email(), Password: password}))
	if me := must[*sdk.Profile](t)(both.Auth.Me(ctx)); me.ID != someone.UserID {
		t.Error("a session wins over a key:", me.ID)
	}
	if err := client.APIKeys.Revoke(ctx, rotated.ID); err != nil {
		t.Error(err)
	}
	if err := both.Auth.Logout(ctx); err != nil {
		t.Error(err)
	}
	if _, err := both.Auth.Me(ctx); !sdk.IsCode(err, "token_revoked") {
		t.Error(err)
	}
}

// service registers a confidential client for an API.
func service(t *testing.T) *sdk.Client {
	t.Helper()
	var made struct{ ClientID, ClientSecret string }
	operate(t, http.MethodPost, "/admin/clients", map[string]any{
		"name": "billing", "redirectUris": []string{}, "grantTypes": []string{"client_credentials"},
		"scopes": []string{"read:orders", "write"}, "resources": []string{"https://orders.example/"}, "confidential": true,
	}, &made)
	return sdk.New(sdk.Config{BaseURL: issuer, ClientID: made.ClientID, ClientSecret: made.ClientSecret})
}

func TestClientCredentialsAndTheVerifier(t *testing.T) {
	client := service(t)
	token := must[*sdk.ClientToken](t)(client.Tokens.ClientCredentials(ctx, nil))
	if token.ExpiresIn != 7200 || token.Scope != "read:orders write" || token.TokenType != "Bearer" {
		t.Errorf("%+v", token)
	}
	if again := must[*sdk.ClientToken](t)(client.Tokens.ClientCredentials(ctx, nil)); again.AccessToken != token.AccessToken {
		t.Error("the token was fetched again")
	}
	resource := must[*sdk.ClientToken](t)(client.Tokens.ClientCredentials(ctx, &sdk.ClientCredentialsInput{
		Scope: "read:orders", Resource: "https://orders.example/",
	}))
	verifier := client.Verifier("https://orders.example/")
	claims := must[*sdk.Claims](t)(verifier.Verify(ctx, resource.AccessToken))
	if claims.Subject != claims.ClientID || claims.Scope != "read:orders" || claims.Issuer != issuer {
		t.Errorf("%+v", claims)
	}
	if _, err := verifier.Verify(ctx, token.AccessToken); !sdk.IsCode(err, "invalid_token") {
		t.Error("a token for Doorward itself:", err)
	}
	operate(t, http.MethodPost, "/admin/keys/rotate", map[string]any{}, nil)
	fresh := must[*sdk.ClientToken](t)(client.Tokens.ClientCredentials(ctx, &sdk.ClientCredentialsInput{
		Scope: "write", Resource: "https://orders.example/",
	}))
	must[*sdk.Claims](t)(verifier.Verify(ctx, fresh.AccessToken))
	must[*sdk.Claims](t)(verifier.Verify(ctx, resource.AccessToken))

	if info := must[*sdk.TokenInfo](t)(client.Tokens.Introspect(ctx, fresh.AccessToken)); !info.Active || !info.Audience.Contains("https://orders.example/") {
		t.Errorf("%+v", info)
	}
	if err := client.Tokens.Revoke(ctx, fresh.AccessToken); err != nil {
		t.Error(err)
	}
	if info := must[*sdk.TokenInfo](t)(client.Tokens.Introspect(ctx, fresh.AccessToken)); info.Active {
		t.Errorf("%+v", info)
	}
	operator := sdk.New(sdk.Config{BaseURL: issuer, APIKey: os.Getenv("OPERATOR_KEY")})
	if info := must[*sdk.TokenInfo](t)(operator.Tokens.Introspect(ctx, token.AccessToken)); !info.Active {
		t.Errorf("%+v", info)
	}
}

func TestFiftyCallsOnAnExpiredTokenMakeOneRefresh(t *testing.T) {
	own := proxy(t, hasty)
	client := sdk.New(sdk.Config{BaseURL: own.URL})
	session := must[*sdk.Session](t)(client.Auth.Register(ctx, &sdk.RegisterInput{Email: email(), Password: password}))
	expired(t, session.AccessToken)
	var all sync.WaitGroup
	for i := 0; i < 50; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if me, err := client.Auth.Me(ctx); err != nil || me.ID != session.UserID {
				t.Error(me, err)
			}
		}()
	}
	all.Wait()
	if n := own.refreshes.Load(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestAnAnswerCutOffInTheMiddleLosesNobodysSession(t *testing.T) {
	own := proxy(t, hasty)
	client := sdk.New(sdk.Config{BaseURL: own.URL})
	session := must[*sdk.Session](t)(client.Auth.Register(ctx, &sdk.RegisterInput{Email: email(), Password: password}))
	expired(t, session.AccessToken)
	own.lose.Store(1)
	if me := must[*sdk.Profile](t)(client.Auth.Me(ctx)); me.ID != session.UserID {
		t.Errorf("%+v", me)
	}
	must[*sdk.Session](t)(client.Auth.Refresh(ctx, ""))
	must[*sdk.Profile](t)(client.Auth.Me(ctx))
}

func TestRefreshOfATokenKeptElsewhere(t *testing.T) {
	setup := sdk.New(sdk.Config{BaseURL: issuer})
	session := must[*sdk.Session](t)(setup.Auth.Register(ctx, &sdk.RegisterInput{Email: email(), Password: password}))
	client := sdk.New(sdk.Config{BaseURL: issuer})
	if _, err := client.Auth.Refresh(ctx, ""); !sdk.IsCode(err, "missing_token") {
		t.Error(err)
	}
	fresh := must[*sdk.Session](t)(client.Auth.Refresh(ctx, session.RefreshToken))
	if me := must[*sdk.Profile](t)(client.Auth.Me(ctx)); me.ID != session.UserID || fresh.RefreshToken == session.RefreshToken {
		t.Errorf("%+v", me)
	}
	if _, err := client.Auth.Refresh(ctx, "rt_unknown"); !sdk.IsCode(err, "invalid_token") {
		t.Error(err)
	}
	must[*sdk.Profile](t)(client.Auth.Me(ctx))
}
