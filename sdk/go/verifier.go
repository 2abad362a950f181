package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Longest token that is looked at, in bytes.
const longestToken = 16 << 10

// Claims are those of a verified access token (RFC 9068).
type Claims struct {
	Issuer   string
	Subject  string
	Audience Audience
	// ExpiresAt is when the token ends, exactly.
	ExpiresAt, IssuedAt time.Time
	// ID is "jti", ClientID the client that the token was given to.
	ID, ClientID string
	// Scope is space-separated; see Covers.
	Scope string
	// SessionID is "sid"; a client's own token has none.
	SessionID string
	// All has every claim as JSON has it.
	All map[string]any
}

// Audience is one value or several.
type Audience []string

// UnmarshalJSON takes both spellings of RFC 7519 section 4.1.3.
func (a *Audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = Audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// Contains tells whether one of its values is wanted.
func (a Audience) Contains(wanted string) bool {
	for _, one := range a {
		if one == wanted {
			return true
		}
	}
	return false
}

// Verifier verifies access tokens without asking the server about each. A token that was revoked is good here until it
// expires: where that is too long, ask Tokens.Introspect.
type Verifier struct {
	issuer   *issuer
	keys     *keySet
	audience string
}

// Verifier answers a verifier for the API with this name: the resource that clients ask tokens for. Doorward's own
// tokens have its issuer. Keep it: it holds the server's keys.
func (c *Client) Verifier(audience string) *Verifier {
	return &Verifier{issuer: c.connection.issuer, keys: newKeySet(c.connection.issuer), audience: audience}
}

// Verify answers the claims of a good token. Of one that is not good the error has status 401 and the code
// "token_expired" or "invalid_token"; any other error says that the server's keys cannot be had.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	if v.audience == "" {
		return nil, errors.New("doorward: a verifier needs an audience")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > longestToken {
		return nil, invalid("not a token")
	}
	header, claims := object(parts[0]), object(parts[1])
	signature, err := base64url.DecodeString(parts[2])
	if header == nil || claims == nil || err != nil || len(signature) == 0 {
		return nil, invalid("not a token")
	}
	key, err := v.keyFor(ctx, header)
	if err != nil {
		return nil, err
	}
	if !key.verified(signature, []byte(parts[0]+"."+parts[1])) {
		return nil, invalid("its signature is wrong")
	}
	return v.judged(ctx, claims)
}

// keyFor finds the key that the header names. The algorithm is the key's: the header may only agree.
func (v *Verifier) keyFor(ctx context.Context, header map[string]any) (verifyKey, error) {
	kind, _ := header["typ"].(string)
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	id, named := header["kid"].(string)
	_, critical := header["crit"]
	_, unencoded := header["b64"]
	if kind != "at+jwt" {
		return verifyKey{}, invalid("not an access token")
	}
	if !named || critical || unencoded {
		return verifyKey{}, invalid("its header is not one of ours")
	}
	key, found, err := v.keys.find(ctx, id)
	if err != nil {
		return verifyKey{}, err
	}
	if !found {
		return verifyKey{}, invalid("its key is unknown")
	}
	if header["alg"] != key.algorithm && !(header["alg"] == "Ed25519" && key.algorithm == "EdDSA") {
		return verifyKey{}, invalid("its algorithm is not its key's")
	}
	return key, nil
}

func (v *Verifier) judged(ctx context.Context, all map[string]any) (*Claims, error) {
	name, err := v.issuer.name(ctx)
	if err != nil {
		return nil, err
	}
	if all["iss"] != name {
		return nil, invalid("another issuer made it")
	}
	audience := audienceOf(all["aud"])
	if !audience.Contains(v.audience) {
		return nil, invalid("it is for another audience")
	}
	subject, _ := all["sub"].(string)
	expires, expiring := all["exp"].(float64)
	issued, dated := all["iat"].(float64)
	if subject == "" || !expiring || !dated {
		return nil, invalid("it has no sub, exp or iat")
	}
	now := float64(time.Now().UnixNano()) / 1e9
	if after, given := all["nbf"]; given {
		if start, ok := after.(float64); !ok || start > now {
			return nil, invalid("it is not good yet")
		}
	}
	scope, ok := all["scope"].(string)
	if _, given := all["scope"]; given && !ok {
		return nil, invalid("its scope is no text")
	}
	// No leeway: a token ends exactly at exp.
	if now >= expires {
		return nil, &Error{Status: http.StatusUnauthorized, Code: "token_expired", Message: "the token has expired"}
	}
	claims := &Claims{Issuer: name, Subject: subject, Audience: audience, Scope: scope, All: all}
	claims.ExpiresAt, claims.IssuedAt = moment(expires), moment(issued)
	claims.ID, _ = all["jti"].(string)
	claims.ClientID, _ = all["client_id"].(string)
	claims.SessionID, _ = all["sid"].(string)
	return claims, nil
}

func moment(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)).UTC() }

func audienceOf(value any) Audience {
	if one, ok := value.(string); ok {
		return Audience{one}
	}
	var audience Audience
	list, _ := value.([]any)
	for _, one := range list {
		if text, ok := one.(string); ok {
			audience = append(audience, text)
		}
	}
	return audience
}

// object is the JSON object that is written in base64url; nil where it is none.
func object(text string) map[string]any {
	decoded, err := base64url.DecodeString(text)
	if err != nil {
		return nil
	}
	var value map[string]any
	if json.Unmarshal(decoded, &value) != nil {
		return nil
	}
	return value
}

func invalid(why string) error {
	message := "the token is not good here: " + why
	return &Error{Status: http.StatusUnauthorized, Code: "invalid_token", Message: message}
}
