package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// How often 429 and 503 are tried again.
	retries = 2
	// Longest wait for a Retry-After: past it the caller is told instead.
	longestWait = time.Minute
	// Longest wait for an answer, of the HTTP client that is used where Config has none.
	defaultTimeout = 30 * time.Second
	// Largest answer that is read.
	largestAnswer = 8 << 20
)

// A call of the API. At most one of json and form is set.
type call struct {
	method, path  string
	query         url.Values
	json          any
	form          url.Values
	authorization string
	// The answer's body says nothing.
	bodyless bool
}

// transport sends calls to one server, and turns answers into values or errors.
type transport struct {
	base   string
	client *http.Client
}

func newTransport(base string, client *http.Client) *transport {
	if client == nil {
		client = &http.Client{Timeout: defaultTimeout}
	}
	own := *client
	// A redirect is never followed: passwords and tokens go to the server that was named and to no other.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &transport{base: strings.TrimRight(base, "/"), client: &own}
}

// send puts the answer's JSON into out. 429 and 503 are tried again when the server says.
func (t *transport) send(ctx context.Context, c call, out any) error {
	for attempt := 0; ; attempt++ {
		err := t.once(ctx, c, out)
		wait, again := pause(err, attempt)
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			again = false
		}
		if !again {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// pause says how long to wait before the next attempt, and whether there is to be one.
func pause(err error, attempt int) (time.Duration, bool) {
	var failure *Error
	if !errors.As(err, &failure) || attempt >= retries {
		return 0, false
	}
	if failure.Status != http.StatusTooManyRequests && failure.Status != http.StatusServiceUnavailable {
		return 0, false
	}
	wait := failure.RetryAfter
	if !failure.retrySaid {
		wait = 500 * time.Millisecond << attempt
	}
	return wait, wait <= longestWait
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *transport) once(ctx context.Context, c call, out any) error {
	request, err := t.request(ctx, c)
	if err != nil {
		return err
	}
	response, err := t.client.Do(request)
	if err != nil {
		return broken(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer+1))
	if err != nil {
		return broken(ctx, err)
	}
	return read(response, body, c.bodyless, out)
}

func (t *transport) request(ctx context.Context, c call) (*http.Request, error) {
	address := t.base + c.path
	if len(c.query) > 0 {
		address += "?" + c.query.Encode()
	}
	var body io.Reader
	kind := ""
	if c.form != nil {
		body, kind = strings.NewReader(c.form.Encode()), "application/x-www-form-urlencoded"
	} else if c.json != nil {
		text, err := json.Marshal(c.json)
		if err != nil {
			return nil, fmt.Errorf("doorward: %w", err)
		}
		body, kind = bytes.NewReader(text), "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, c.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("doorward: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if c.authorization != "" {
		request.Header.Set("Authorization", c.authorization)
	}
	return request, nil
}

// broken is the error of a call without a whole answer: the context's own where that ended it.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("doorward: %w", ctx.Err())
	}
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		return &Error{Code: CodeTimeout, Message: "no answer in time", cause: err}
	}
	return &Error{Code: CodeNetwork, Message: "no answer: " + err.Error(), cause: err}
}

func read(response *http.Response, body []byte, bodyless bool, out any) error {
	good := response.StatusCode >= 200 && response.StatusCode < 300
	if good && (bodyless || response.StatusCode == http.StatusNoContent) {
		return nil
	}
	if good && len(body) <= largestAnswer && json.Valid(body) && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		if err := json.Unmarshal(body, out); err == nil {
			return nil
		}
	}
	failure := &Error{
		Status:    response.StatusCode,
		Code:      CodeInvalidResponse,
		Message:   fmt.Sprintf("the answer (%d) is not one of Doorward's", response.StatusCode),
		RequestID: response.Header.Get("X-Request-Id"),
		Body:      body,
	}
	failure.RetryAfter, failure.retrySaid = retryAfter(response.Header.Get("Retry-After"))
	if !good {
		failure.describe(body)
	}
	return failure
}

// describe takes code, message and field from {"error":{…}}, or from an OAuth error (RFC 6749 section 5.2).
func (e *Error) describe(body []byte) {
	var answer struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	var code string
	if json.Unmarshal(answer.Error, &code) == nil && code != "" {
		e.Code, e.Message = code, answer.Description
		if e.Message == "" {
			e.Message = code
		}
		return
	}
	var detail struct{ Code, Message, Field string }
	if json.Unmarshal(answer.Error, &detail) == nil && detail.Code != "" {
		e.Code, e.Message, e.Field = detail.Code, detail.Message, detail.Field
	}
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3), and tells whether there was one.
func retryAfter(header string) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(header); err == nil {
		if wait := time.Until(date); wait > 0 {
			return wait, true
		}
		return 0, true
	}
	return 0, false
}
