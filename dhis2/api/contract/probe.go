package contract

import (
	"context"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// probe remembers what was read, so that each document is asked for once and
// every expectation judges by itself.
type probe struct {
	cfg     Config
	program once[*dhis2.Program]
	rows    once[[]dhis2.TrackedEntity]
	sample  once[[]*dhis2.TrackedEntity]
	story   once[*story]
	left    []dhis2.UID
}

// once is an answer that is asked for once.
type once[T any] struct {
	done  bool
	value T
	err   error
}

func (o *once[T]) get(ask func() (T, error)) (T, error) {
	if !o.done {
		o.value, o.err = ask()
		o.done = true
	}
	return o.value, o.err
}

// zone is the zone of the server's wall time; the configured one where the
// server names none that is known, which is an expectation of its own.
func (p *probe) zone(ctx context.Context) *time.Location {
	info, err := p.cfg.Server.SystemInfo(ctx)
	if err != nil || info.ServerTimeZoneID == "" {
		return p.cfg.Zone
	}
	zone, err := time.LoadLocation(info.ServerTimeZoneID)
	if err != nil {
		return p.cfg.Zone
	}
	return zone
}

func (p *probe) theProgram(ctx context.Context) (*dhis2.Program, error) {
	return p.program.get(func() (*dhis2.Program, error) { return p.cfg.Server.Program(ctx, p.cfg.Program) })
}

// theRows are the first 20 rows of the program, as they come.
func (p *probe) theRows(ctx context.Context) ([]dhis2.TrackedEntity, error) {
	return p.rows.get(func() ([]dhis2.TrackedEntity, error) {
		page, err := p.cfg.Server.TrackedEntities(ctx, api.Query{Program: p.cfg.Program, Order: "createdAt:asc",
			PageSize: 20, Fields: "trackedEntity,updatedAt,createdAt"})
		if err != nil {
			return nil, err
		}
		if len(page.Items) == 0 {
			return nil, notAsked("the program has no tracked entity that the user sees: enrol a test person")
		}
		return page.Items, nil
	})
}

// theSample are whole documents.
func (p *probe) theSample(ctx context.Context) ([]*dhis2.TrackedEntity, error) {
	return p.sample.get(func() ([]*dhis2.TrackedEntity, error) {
		uids := p.cfg.Sample
		if uids == nil {
			rows, err := p.theRows(ctx)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				uids = append(uids, row.TrackedEntity)
			}
		}
		var docs []*dhis2.TrackedEntity
		for _, uid := range uids {
			te, err := p.cfg.Server.TrackedEntity(ctx, uid, p.cfg.Program, "")
			if err != nil {
				return nil, err
			}
			docs = append(docs, te)
		}
		return docs, nil
	})
}

// await asks again until it is true, or patience ends.
func (p *probe) await(ctx context.Context, true func() (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Patience)
	defer cancel()
	tick := time.NewTicker(min(200*time.Millisecond, p.cfg.Patience/4))
	defer tick.Stop()
	for {
		ok, err := true()
		if ok || err != nil {
			return ok, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, nil
		}
	}
}
