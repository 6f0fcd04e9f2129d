package access

import (
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Record is what an actor may see of a patient's record.
type Record struct {
	Patient string // "Patient/…"
	// Resources are hers, the Patient first, and then the organisations,
	// practitioners, places and devices that they name. They are the reader's own,
	// to change as it likes.
	Resources []*fhirjson.Value
	Withheld  Withheld
	// Decision is by what she or he may see it.
	Decision Decision
	At       time.Time // when it was read from the NEHR
	// Stale says that the NEHR did not answer, and that this is what it held at At.
	// Only the patient herself gets such a copy: of others it is not known whether
	// they may still see it.
	Stale bool
}

// Withheld says what of a record is not shown, without saying how much.
type Withheld struct {
	Any     bool
	Classes []Class // in the order of Classes
}

// Binary is the content of a document or picture.
type Binary struct {
	ContentType string
	Data        []byte
}
