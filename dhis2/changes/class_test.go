package changes_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

func TestClassify(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want changes.Outcome
	}{
		{"unreachable, sent", &serverError{retryable: true, unknown: true}, changes.Outcome{Class: changes.Retry, Unknown: true, Shared: true, Cause: "retry"}},
		{"unreachable, not sent", &serverError{retryable: true}, changes.Outcome{Class: changes.Retry, Shared: true, Cause: "retry"}},
		{"conflict is the entity's", &serverError{retryable: true, conflict: true}, changes.Outcome{Class: changes.Retry, Cause: "retry"}},
		{"credentials", &serverError{retryable: true, unauthorized: true}, changes.Outcome{Class: changes.Retry, Shared: true, All: true, Cause: "retry"}},
		{"permanent", &serverError{permanent: true}, changes.Outcome{Class: changes.DeadLetter, Cause: "dead-letter"}},
		{"permanent, and may be written", &serverError{permanent: true, unknown: true}, changes.Outcome{Class: changes.DeadLetter, Unknown: true, Cause: "dead-letter"}},
		{"nothing is known", errors.New("x"), changes.Outcome{Class: changes.Retry, Unknown: true, Cause: "retry"}},
		{"a review goes first", fmt.Errorf("a: %w", &serverError{review: true, retryable: true, permanent: true}), changes.Outcome{Class: changes.ForReview, Cause: "review"}},
		{"DHIS2 asks to wait", fmt.Errorf("a: %w", &api.Error{Status: 429, RetryAfter: time.Minute}), changes.Outcome{Class: changes.Retry, Shared: true, Wait: time.Minute, Cause: "429"}},
		{"DHIS2 refuses the token", &api.Error{Status: 401}, changes.Outcome{Class: changes.Retry, Shared: true, All: true, Cause: "401"}},
		{"DHIS2 forbids: a right may come back", &api.Error{Status: 403}, changes.Outcome{Class: changes.Retry, Shared: true, Cause: "403"}},
		{"DHIS2 refuses a question: nothing was sent", &api.Error{Status: 409}, changes.Outcome{Class: changes.Retry, Cause: "409"}},
		{"a lost right", &changes.PermissionError{}, changes.Outcome{Class: changes.Retry, Shared: true, Cause: "retry"}},
		{"another server", &changes.PinError{}, changes.Outcome{Class: changes.Retry, Shared: true, Cause: "retry"}},
		{"DHIS2 is away", &api.UnreachableError{}, changes.Outcome{Class: changes.Retry, Shared: true, Cause: "retry"}},
		{"the ledger's disk is full", &database.Error{Kind: database.Full}, changes.Outcome{Class: changes.Retry, Shared: true, Cause: "retry"}},
	} {
		got := changes.Classify(test.err)
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}
