package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nehrbridge/nehrbridge/config/database"
)

// Service finds, selects and issues numbers. It is safe for use by many goroutines,
// and by many processes on one database.
type Service struct {
	config Config
	claims *ClaimCodes
	points sync.Map // points of issue that are known to be ours
	meter  *meter
}

// New makes a service; the error names everything that is wrong with the
// configuration.
func New(c Config) (*Service, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("registry of personal health numbers: %w", err)
	}
	claims, err := NewClaimCodes(ClaimConfig{DB: c.DB, For: c.ClaimFor, Now: c.Now, Rand: c.Rand})
	if err != nil {
		return nil, err
	}
	s := &Service{config: c, claims: claims}
	s.meter = newMeter(s)
	return s, nil
}

// Run sweeps what is over and looks provisional numbers up, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.config.Log.Warn().Err(err).Msg("what is over is not deleted from the registry of numbers")
		}
		switch r, err := s.Recheck(ctx); {
		case err != nil && ctx.Err() == nil:
			s.config.Log.Warn().Err(err).Int("waiting", r.Waiting).Msg("provisional numbers wait for the national record")
		case r.Disputed > 0:
			s.config.Log.Error().Int("numbers", r.Disputed).Msg("the national record knows numbers that were issued provisionally: look at each")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// abandoned is when a number that was drawn and shown to nobody is given up.
const abandoned = 24 * time.Hour

// Sweep deletes what is over.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.config.Now()
	return s.config.DB.Write(ctx, func(tx database.Tx) error {
		for _, table := range []string{"phn_search", "phn_receipt", "phn_tries", "phn_claim"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE until <= ?1`, now.Unix()); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`DELETE FROM phn_audit WHERE at <= ?1`, now.Add(-s.config.AuditFor).Unix()); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE phn_number SET state = 'burnt', search = NULL WHERE state = 'reserved' AND at <= ?1`, now.Add(-abandoned).Unix())
		return err
	})
}

// may asks whether the user may do anything there.
func (s *Service) may(ctx context.Context, who Caller, at Place) error {
	if !uid.MatchString(at.Program) || !uid.MatchString(at.OrgUnit) {
		return refuse(CodeMalformed, "program and orgUnit must be UIDs")
	}
	switch err := s.config.Authority.MayCapture(ctx, who.User, at); {
	case err == nil:
		return nil
	case errors.Is(err, ErrForbidden):
		return refuse(CodeForbidden, ErrForbidden.Error())
	default:
		return unavailable("it is not known what the user may do", err)
	}
}

// write runs a transaction; its errors are refusals.
func (s *Service) write(ctx context.Context, f func(database.Tx) error) error {
	return s.typed(s.config.DB.Write(ctx, f))
}

func (s *Service) typed(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return unavailable("the registry's database", err)
}
