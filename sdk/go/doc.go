// Package sdk signs people up and in with a Doorward server, keeps their session fresh, mints and checks API keys,
// fetches a service's own tokens, and verifies access tokens for an API.
//
//	client := sdk.New(sdk.Config{BaseURL: "https://id.example.com"})
//	session, err := client.Auth.Login(ctx, &sdk.LoginInput{Email: "jane@example.com", Password: "securePassword123"})
//
// A Client holds at most one session, which wins over Config.APIKey. A call that finds the session expired refreshes
// it, once for all goroutines that wait, and is then tried again. Answers 429 and 503 are tried again twice, after
// their Retry-After. Everything is safe for concurrent use, and ends when its context does.
//
// Errors of the server are *Error values:
//
//	var failure *sdk.Error
//	if errors.As(err, &failure) && failure.Status == http.StatusTooManyRequests { … }
//	if sdk.IsCode(err, "invalid_credentials") { … }
package sdk
