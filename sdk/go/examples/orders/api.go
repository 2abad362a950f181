package main

import (
	"encoding/json"
	"net/http"
	"os"
	"sync"

	sdk "example.org/doorward/sdk/go"
)

type order struct {
	Number int    `json:"number"`
	Item   string `json:"item"`
}

// api has the orders of each person, while the program runs.
type api struct {
	mu     sync.Mutex
	orders map[string][]order
}

// newAPI answers GET for those who may read orders, POST for those who may write them.
func newAPI(client *sdk.Client, audience string) http.Handler {
	own := &api{orders: map[string][]order{}}
	verifier := client.Verifier(audience)
	var options []sdk.GuardOption
	if os.Getenv("API_ID") != "" {
		options = append(options, sdk.AcceptAPIKeys(client, nil))
	}
	read := sdk.RequireScope(verifier, "read:orders", options...)(http.HandlerFunc(own.list))
	write := sdk.RequireScope(verifier, "write:orders", options...)(http.HandlerFunc(own.add))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			read.ServeHTTP(w, r)
		case http.MethodPost:
			write.ServeHTTP(w, r)
		default:
			refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", "GET or POST")
		}
	})
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	mine := a.orders[sdk.CallerFrom(r.Context()).Subject]
	if mine == nil {
		mine = []order{}
	}
	reply(w, http.StatusOK, map[string]any{"data": mine})
}

func (a *api) add(w http.ResponseWriter, r *http.Request) {
	var input struct{ Item string }
	body := http.MaxBytesReader(w, r.Body, 1000)
	if err := json.NewDecoder(body).Decode(&input); err != nil || input.Item == "" {
		refuse(w, http.StatusUnprocessableEntity, "validation_failed", "name an item")
		return
	}
	who := sdk.CallerFrom(r.Context()).Subject
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.orders[who]) >= 100 {
		refuse(w, http.StatusConflict, "conflict", "that is enough")
		return
	}
	made := order{Number: len(a.orders[who]) + 1, Item: input.Item}
	a.orders[who] = append(a.orders[who], made)
	reply(w, http.StatusCreated, made)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
