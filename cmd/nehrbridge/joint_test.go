package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// Who asks while a question is under way gets the answer to a later one: the
// one under way may have been put before he read.
func TestJointAnswersWhatWasAskedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		put := 0
		open := make(chan struct{})
		answers := []error{errors.New("first"), errors.New("second"), errors.New("third")}
		j := newJoint(func(context.Context) error {
			put++
			n := put
			<-open
			return answers[n-1]
		})
		got := make(chan error, 6)
		go func() { got <- j.do(t.Context()) }()
		synctest.Wait()
		for range 5 {
			go func() { got <- j.do(t.Context()) }()
		}
		synctest.Wait()
		close(open)
		synctest.Wait()
		if err := <-got; err != answers[0] {
			t.Errorf("the first got %v", err)
		}
		for range 5 {
			if err := <-got; err != answers[1] {
				t.Errorf("one who came later got %v", err)
			}
		}
		if put != 2 {
			t.Errorf("asked %d times, want 2", put)
		}
		if err := j.do(t.Context()); err != answers[2] {
			t.Errorf("who comes after all got %v", err)
		}
	})
}

// One who has no more time takes nobody with him.
func TestJointOutlivesWhoPutIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		put := 0
		j := newJoint(func(ctx context.Context) error {
			if put++; put == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		})
		brief, cancel := context.WithCancel(t.Context())
		j.turn <- struct{}{} // another is under way
		first, second, third := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() { first <- j.do(brief) }()
		synctest.Wait()
		go func() { second <- j.do(t.Context()) }()
		waiting, leave := context.WithCancel(t.Context())
		go func() { third <- j.do(waiting) }()
		synctest.Wait()
		leave()
		if err := <-third; !errors.Is(err, context.Canceled) {
			t.Errorf("one who left got %v", err)
		}
		<-j.turn
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the one without time got %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("the other got %v", err)
		}
	})
}
