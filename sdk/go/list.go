package sdk

import (
	"net/url"
	"strconv"
)

// ListInput says which rows of a list are wanted, and in which order. The zero value is the first 20.
type ListInput struct {
	// Limit is 1 to 100; 20 where 0.
	Limit  int
	Offset int
	// Cursor is Pagination.NextCursor of the page before.
	Cursor string
	// Sort is "field", "field:asc" or "field:desc".
	Sort string
	// Query searches.
	Query string
}

// Page is one page of a list.
type Page[T any] struct {
	Data       []T        `json:"data"`
	Pagination Pagination `json:"pagination"`
}

// Pagination says where a page stands in its list.
type Pagination struct {
	// Total counts the rows of all pages.
	Total   int  `json:"total"`
	Limit   int  `json:"limit"`
	Offset  int  `json:"offset"`
	HasMore bool `json:"hasMore"`
	// NextCursor is what to send as Cursor for the next page; "" on the last.
	NextCursor string `json:"nextCursor"`
}

func (l *ListInput) query() url.Values {
	query := url.Values{}
	if l == nil {
		return query
	}
	if l.Limit != 0 {
		query.Set("limit", strconv.Itoa(l.Limit))
	}
	if l.Offset != 0 {
		query.Set("offset", strconv.Itoa(l.Offset))
	}
	for name, value := range map[string]string{"cursor": l.Cursor, "sort": l.Sort, "q": l.Query} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}
