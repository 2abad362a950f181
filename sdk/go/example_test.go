package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	sdk "example.org/doorward/sdk/go"
)

// demo is a server with the answers that the examples need.
func demo() *httptest.Server {
	tokens := `{"accessToken":"at","refreshToken":"rt","tokenType":"Bearer","expiresIn":3600,"scope":"read write",` +
		`"userId":"user_1","issuedAt":"2026-11-24T21:30:03Z"}`
	answers := map[string]string{
		"POST /auth/login":    tokens,
		"POST /auth/register": strings.TrimSuffix(tokens, "}") + `,"user":{"id":"user_1","email":"jane@example.com"}}`,
		"GET /auth/me":        `{"id":"user_1","email":"jane@example.com","role":"customer","permissions":["read","write"]}`,
		"POST /apikey":        `{"id":"key_1","name":"export","key":"sk_test_…","scopes":["read:orders"],"environment":"test"}`,
		"POST /apikey/verify": `{"valid":false,"code":"rate_limited","rateLimit":{"limit":60,"remaining":0,"resetSeconds":12}}`,
		"POST /oauth/token":   `{"access_token":"at","token_type":"Bearer","expires_in":7200,"scope":"read:orders"}`,
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, found := answers[r.Method+" "+r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}))
}

func Example() {
	server := demo()
	defer server.Close()
	ctx := context.Background()

	client := sdk.New(sdk.Config{BaseURL: server.URL})
	session, err := client.Auth.Login(ctx, &sdk.LoginInput{Email: "jane@example.com", Password: "securePassword123"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(session.UserID, session.Scope)
	me, err := client.Auth.Me(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(me.Email, me.Role)
	if err := client.Auth.Logout(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// user_1 read write
	// jane@example.com customer
}

func ExampleAuth_Register() {
	server := demo()
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL})
	input := &sdk.RegisterInput{Email: "jane@example.com", Password: "securePassword123", FirstName: "Jane"}
	session, err := client.Auth.Register(context.Background(), input)
	if sdk.IsCode(err, "email_taken") {
		fmt.Println("sign in instead")
		return
	}
	fmt.Println(session.User.Email)
	// Output: jane@example.com
}

func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "01m8b6fm9fthqva97v1g000003")
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"error":{"code":"validation_failed","message":"no address","field":"email"}}`)
	}))
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL})
	_, err := client.Auth.Register(context.Background(), &sdk.RegisterInput{Email: "jane", Password: "securePassword123"})
	var failure *sdk.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Status, failure.Code, failure.Field, failure.RequestID)
	}
	// Output: 422 validation_failed email 01m8b6fm9fthqva97v1g000003
}

func ExampleAPIKeys_Create() {
	server := demo()
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL, APIKey: "sk_live_…"})
	in90days := time.Now().AddDate(0, 0, 90)
	key, err := client.APIKeys.Create(context.Background(), &sdk.CreateAPIKeyInput{
		Name:        "export",
		Scopes:      []string{"read:orders"},
		Environment: "test",
		ExpiresAt:   &in90days,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.ID, key.Scopes)
	// Output: key_1 [read:orders]
}

func ExampleAPIKeys_Verify() {
	server := demo()
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL, ClientID: "client_1", ClientSecret: "…"})
	input := &sdk.VerifyAPIKeyInput{Key: "sk_live_…", Scopes: []string{"read:orders"}, IP: "203.0.113.7"}
	key, err := client.APIKeys.Verify(context.Background(), input)
	if err != nil {
		fmt.Println(err)
		return
	}
	if !key.Valid {
		fmt.Println(key.Code, key.RateLimit.ResetSeconds)
	}
	// Output: rate_limited 12
}

func ExampleTokens_ClientCredentials() {
	server := demo()
	defer server.Close()
	client := sdk.New(sdk.Config{BaseURL: server.URL, ClientID: "client_1", ClientSecret: "…"})
	token, err := client.Tokens.ClientCredentials(context.Background(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.TokenType, token.ExpiresIn, token.Scope)
	// Output: Bearer 7200 read:orders
}

func ExampleRequireScope() {
	client := sdk.New(sdk.Config{BaseURL: "https://id.example.com"})
	verifier := client.Verifier("https://orders.example/")
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "orders of %s\n", sdk.CallerFrom(r.Context()).Subject)
	})
	guarded := sdk.RequireScope(verifier, "read:orders")(orders)

	answer := httptest.NewRecorder()
	guarded.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Println(answer.Code, answer.Header().Get("WWW-Authenticate"))
	fmt.Print(answer.Body)
	// Output:
	// 401 Bearer
	// {"error":{"code":"missing_token","message":"missing bearer token"}}
}

func ExampleCovers() {
	fmt.Println(sdk.Covers("read write", "read:orders"), sdk.Covers("read:orders", "read"))
	// Output: true false
}
