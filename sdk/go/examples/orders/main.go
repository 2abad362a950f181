// Orders is a small orders API and its page. The API takes people's access tokens, and API keys where a client that may
// check them is set; the page signs people in and calls the API with their tokens, which never reach the browser.
//
//	DOORWARD_URL=http://127.0.0.1:8000 go run ./examples/orders
package main

import (
	_ "embed"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	sdk "example.org/doorward/sdk/go"
)

//go:embed page.html
var page []byte

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	base := setting("DOORWARD_URL", "http://127.0.0.1:8000")
	// The tokens of a login are for Doorward itself, so their audience is its issuer.
	audience := setting("AUDIENCE", base)
	client := sdk.New(sdk.Config{BaseURL: base, ClientID: os.Getenv("API_ID"), ClientSecret: os.Getenv("API_SECRET")})
	api := newAPI(client, audience)

	routes := http.NewServeMux()
	routes.Handle("/api/orders", api)
	web := &web{base: base, api: api, people: map[string]*sdk.Client{}}
	routes.HandleFunc("/session", web.session)
	routes.HandleFunc("/orders", web.orders)
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})

	listener, err := net.Listen("tcp", "127.0.0.1:"+setting("PORT", "3000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, routes))
}
