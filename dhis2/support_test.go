package dhis2_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/golden/reference"
)

// zone loads a zone; every machine that runs a DHIS2 server knows it.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// unexported compares the types that only a parser makes.
var unexported = cmp.AllowUnexported(dhis2.UID{}, dhis2.Date{})

// shared reads a document of the reference implementation.
func shared(t testing.TB, name string) []byte { return reference.Read(t, "data/dhis2/"+name) }

// visitDocument is a mother with one enrollment and events of n data values.
func visitDocument(events, values int) []byte {
	var b strings.Builder
	b.WriteString(`{"trackedEntity":"SbxMother01","trackedEntityType":"MxdEsVAegt5","createdAt":"2026-01-05T08:15:00.120","updatedAt":"2026-02-05T08:15:00.120",` +
		`"orgUnit":"SbxClinic01","inactive":false,"deleted":false,"attributes":[{"attribute":"VQl0wK3eqiw","valueType":"TEXT","value":"Invented Sample"}],` +
		`"enrollments":[{"enrollment":"SbxEnr00001","program":"eozjj9UivfS","status":"ACTIVE","orgUnit":"SbxClinic01","enrolledAt":"2026-01-05T00:00:00.000","events":[`)
	for e := range events {
		if e > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"event":"SbxEvent001","status":"COMPLETED","program":"eozjj9UivfS","programStage":"GX0z9IXFaso","enrollment":"SbxEnr00001",` +
			`"trackedEntity":"SbxMother01","orgUnit":"SbxClinic01","occurredAt":"2026-02-05T00:00:00.000","completedBy":"midwife.one","dataValues":[`)
		for v := range values {
			if v > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"createdAt":"2026-02-05T08:15:00.120","updatedAt":"2026-02-05T08:15:00.120","storedBy":"midwife.one","providedElsewhere":false,` +
				`"dataElement":"cw35l7X4hnV","value":"10.50","createdBy":{"uid":"SbxMidwife1","username":"midwife.one","firstName":"A","surname":"Sample"},` +
				`"updatedBy":{"uid":"SbxMidwife1","username":"midwife.one","firstName":"A","surname":"Sample"}}`)
		}
		b.WriteString(`]}`)
	}
	b.WriteString(`]}]}`)
	return []byte(b.String())
}
