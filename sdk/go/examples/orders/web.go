package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	sdk "example.org/doorward/sdk/go"
)

const cookieName = "orders_session"

// web is the page's own server: it holds each browser's session in an SDK client of its own, which keeps it fresh.
type web struct {
	base string
	api  http.Handler

	mu     sync.Mutex
	people map[string]*sdk.Client
}

// session signs in or up (POST), and out (DELETE).
func (s *web) session(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		s.signOut(w, r)
		return
	}
	var input struct {
		Email, Password string
		New             bool
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&input); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "not JSON")
		return
	}
	client := sdk.New(sdk.Config{BaseURL: s.base})
	var err error
	if input.New {
		_, err = client.Auth.Register(r.Context(), &sdk.RegisterInput{Email: input.Email, Password: input.Password})
	} else {
		_, err = client.Auth.Login(r.Context(), &sdk.LoginInput{Email: input.Email, Password: input.Password})
	}
	if err != nil {
		fail(w, err)
		return
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		fail(w, err)
		return
	}
	name := base64.RawURLEncoding.EncodeToString(secret)
	s.mu.Lock()
	s.people[name] = client
	s.mu.Unlock()
	// Strict: no other site can make the browser send it. Add Secure where the page is served over https.
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.WriteHeader(http.StatusNoContent)
}

func (s *web) signOut(w http.ResponseWriter, r *http.Request) {
	if client, name := s.who(r); client != nil {
		if err := client.Auth.Logout(r.Context()); err != nil {
			fail(w, err)
			return
		}
		s.forget(name)
	}
	w.WriteHeader(http.StatusNoContent)
}

// orders calls the API with the person's token.
func (s *web) orders(w http.ResponseWriter, r *http.Request) {
	client, name := s.who(r)
	if client == nil {
		refuse(w, http.StatusUnauthorized, "missing_token", "sign in first")
		return
	}
	token, err := client.Auth.AccessToken(r.Context())
	if err == nil && token == "" {
		err = &sdk.Error{Status: http.StatusUnauthorized, Code: "token_revoked", Message: "sign in again"}
	}
	if err != nil {
		if sdk.IsCode(err, "token_revoked", "token_expired") {
			s.forget(name)
		}
		fail(w, err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+token)
	s.api.ServeHTTP(w, r)
}

func (s *web) who(r *http.Request) (*sdk.Client, string) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people[cookie.Value], cookie.Value
}

func (s *web) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.people, name)
}

// fail passes the server's own words on.
func fail(w http.ResponseWriter, err error) {
	var failure *sdk.Error
	if errors.As(err, &failure) && failure.Status >= 400 {
		refuse(w, failure.Status, failure.Code, failure.Message)
		return
	}
	refuse(w, http.StatusBadGateway, "unavailable", "signing in does not work at the moment")
}
