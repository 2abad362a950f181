package real

import (
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	sdk "example.org/doorward/sdk/go"
)

// resourceServer is an API that may ask about keys.
func resourceServer(t *testing.T) *sdk.Client {
	t.Helper()
	var made struct{ ClientID, ClientSecret string }
	body := map[string]any{"name": "keys API", "grantTypes": []string{"client_credentials"}, "resourceServer": true}
	operate(t, http.MethodPost, "/admin/clients", body, &made)
	return sdk.New(sdk.Config{BaseURL: issuer, ClientID: made.ClientID, ClientSecret: made.ClientSecret})
}

func owner(t *testing.T) *sdk.Client {
	t.Helper()
	client := sdk.New(sdk.Config{BaseURL: issuer})
	must[*sdk.Session](t)(client.Auth.Register(ctx, &sdk.RegisterInput{Email: email(), Password: password}))
	return client
}

func TestKeysWithLimits(t *testing.T) {
	api, person := resourceServer(t), owner(t)
	off := false
	made := must[*sdk.APIKey](t)(person.APIKeys.Create(ctx, &sdk.CreateAPIKeyInput{
		Name: "limited", Scopes: []string{"read"},
		RateLimit: &sdk.RateLimit{Limit: 3, WindowSeconds: 3600}, Quota: &sdk.Quota{Limit: 100, Period: "month"},
		AllowedIPs: []string{"192.0.2.0/24"}, Metadata: map[string]any{"plan": "pro"}, Enabled: &off,
	}))
	ask := &sdk.VerifyAPIKeyInput{Key: made.Key, Scopes: []string{"read:orders"}, IP: "192.0.2.7", Cost: 2}
	code := func(want string) {
		t.Helper()
		told := must[*sdk.VerifiedAPIKey](t)(api.APIKeys.Verify(ctx, ask))
		if told.Code != want || told.Valid != (want == "valid") {
			t.Fatalf("%s, not %s", told.Code, want)
		}
	}
	code("disabled")
	on := true
	shown := must[*sdk.APIKey](t)(person.APIKeys.Update(ctx, made.ID, &sdk.UpdateAPIKeyInput{Enabled: &on}))
	if *shown.RateLimit != (sdk.RateLimit{Limit: 3, WindowSeconds: 3600}) || !*shown.Enabled || shown.AllowedIPs[0] != "192.0.2.0/24" {
		t.Fatalf("%+v", shown)
	}
	told := must[*sdk.VerifiedAPIKey](t)(api.APIKeys.Verify(ctx, ask))
	if !told.Valid || told.KeyID != made.ID || told.RateLimit.Remaining != 1 || told.RateLimit.ResetSeconds != 3600 || told.Quota.Remaining != 98 {
		t.Fatalf("%+v", told)
	}
	if !reflect.DeepEqual(told.Metadata, map[string]any{"plan": "pro"}) {
		t.Fatal(told.Metadata)
	}
	code("rate_limited")
	ask.IP = "198.51.100.1"
	code("ip_not_allowed")
	free := must[*sdk.APIKey](t)(person.APIKeys.Update(ctx, made.ID, &sdk.UpdateAPIKeyInput{
		RemoveRateLimit: true, RemoveQuota: true, RemoveMetadata: true, AllowedIPs: []string{},
	}))
	if free.RateLimit != nil || free.Quota != nil || free.Metadata != nil || len(free.AllowedIPs) != 0 {
		t.Fatalf("%+v", free)
	}
	code("valid")
	if err := person.APIKeys.Revoke(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	code("revoked")
	if _, err := person.APIKeys.Verify(ctx, ask); !sdk.IsCode(err, "insufficient_scope") {
		t.Fatal(err)
	}
}

func TestALimitIsSpentExactly(t *testing.T) {
	api, person := resourceServer(t), owner(t)
	made := must[*sdk.APIKey](t)(person.APIKeys.Create(ctx, &sdk.CreateAPIKeyInput{
		Name: "m", Scopes: []string{"read"}, RateLimit: &sdk.RateLimit{Limit: 50, WindowSeconds: 3600},
	}))
	var calls sync.WaitGroup
	var valid atomic.Int64
	for n := 0; n < 64; n++ {
		calls.Add(1)
		go func() {
			defer calls.Done()
			told, err := api.APIKeys.Verify(ctx, &sdk.VerifyAPIKeyInput{Key: made.Key})
			if err == nil && told.Valid {
				valid.Add(1)
			}
		}()
	}
	calls.Wait()
	if valid.Load() != 50 {
		t.Fatal(valid.Load())
	}
}
