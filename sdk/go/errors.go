package sdk

import (
	"errors"
	"fmt"
	"time"
)

// Codes of errors that the server did not send.
const (
	// CodeNetwork says that there was no connection, or that it broke before the answer was whole.
	CodeNetwork = "network_error"
	// CodeTimeout says that the HTTP client's Timeout passed.
	CodeTimeout = "timeout"
	// CodeInvalidResponse says that an answer is none of Doorward's, for instance a proxy's HTML page.
	CodeInvalidResponse = "invalid_response"
)

// Error is an error answer of the server, or the lack of an answer.
type Error struct {
	// Status is the HTTP status; 0 where there was no answer.
	Status int
	// Code is the server's error code, of an OAuth error its "error", or one of the Code constants.
	Code string
	// Message is for people; of an OAuth error it is the "error_description".
	Message string
	// Field names the member of the request that is at fault, where one is.
	Field string
	// RequestID is the answer's X-Request-Id, which the server's log and audit events have too.
	RequestID string
	// RetryAfter says when to try again; 0 where the server did not say.
	RetryAfter time.Duration
	// Body is the whole answer: "mfa_required" has more than a code.
	Body []byte

	cause     error
	retrySaid bool
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("doorward: %s: %s", e.Code, e.Message)
	if e.Field != "" {
		text += " (" + e.Field + ")"
	}
	return text
}

// Unwrap answers what made the call fail, where that was no answer of the server.
func (e *Error) Unwrap() error { return e.cause }

// IsCode tells whether err is an *Error with one of these codes.
func IsCode(err error, codes ...string) bool {
	var failure *Error
	if !errors.As(err, &failure) {
		return false
	}
	for _, code := range codes {
		if failure.Code == code {
			return true
		}
	}
	return false
}

func unexpected(what string) error {
	return &Error{Status: 200, Code: CodeInvalidResponse, Message: "the answer holds no " + what}
}
