package patient

import (
	"context"

	"github.com/nehrbridge/nehrbridge/nehr/access"
)

// Gate is what the pages need of nehr/access; [Through] gives it. Refusals are an
// *access.DeniedError or an *access.LogError.
type Gate interface {
	// Record reads all of a patient's record that she may see.
	Record(ctx context.Context, who access.Actor, patient string) (*access.Record, error)
	// Log gives who looked at her record, newest first.
	Log(ctx context.Context, who access.Actor, f access.Filter) ([]access.Entry, error)
	// BreakGlasses are those at her record, with what the clinicians wrote.
	BreakGlasses(ctx context.Context, who access.Actor) ([]access.BreakGlass, error)
	// Disclose is asked before something of her record is taken out, such as the log.
	Disclose(ctx context.Context, who access.Actor, patient string) error
	Consents(ctx context.Context, who access.Actor, patient string) ([]access.Consent, error)
	Answer(ctx context.Context, who access.Actor, id string, s access.Scope, approve bool) error
	Revoke(ctx context.Context, who access.Actor, id string) error
	// Standing permits unasked, Hide denies.
	Standing(ctx context.Context, who access.Actor, to access.Party, s access.Scope) (id string, err error)
	Hide(ctx context.Context, who access.Actor, from access.Party, s access.Scope) (id string, err error)
	// Binary reads the content of a document of hers.
	Binary(ctx context.Context, who access.Actor, patient, id string) (*access.Binary, error)
	Correct(ctx context.Context, who access.Actor, c access.Correction) (id string, err error)
	Corrections(ctx context.Context, who access.Actor) ([]access.Correction, error)
	// Version is another text when something of hers has changed.
	Version(ctx context.Context, who access.Actor, patient string) (string, error)
}

// through asks at the gate for the patient's own purpose.
type through struct{ *access.Gate }

// Through gives the pages their way to the gate.
func Through(g *access.Gate) Gate { return through{g} }

func (t through) Record(ctx context.Context, who access.Actor, patient string) (*access.Record, error) {
	v, err := t.Open(ctx, who, patient, access.PatientRequest)
	if err != nil {
		return nil, err
	}
	return v.Record(ctx)
}

func (t through) Disclose(ctx context.Context, who access.Actor, patient string) error {
	v, err := t.Open(ctx, who, patient, access.PatientRequest)
	if err != nil {
		return err
	}
	return v.Audit(ctx, access.ActionDisclose, "")
}

func (t through) Binary(ctx context.Context, who access.Actor, patient, id string) (*access.Binary, error) {
	v, err := t.Open(ctx, who, patient, access.PatientRequest)
	if err != nil {
		return nil, err
	}
	return v.Binary(ctx, id)
}
