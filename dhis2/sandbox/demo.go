package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// DemoConfig says which invented mothers to make.
type DemoConfig struct {
	// Mothers is their number. Defaults to 25.
	Mothers int

	// Seed varies what is measured; the kinds of cases stay. The same seed,
	// number and day give the same data.
	Seed uint64

	// Now is the day of the last entries. Defaults to time.Now.
	Now time.Time

	// Zone is the zone of the server that the data is for. Defaults to
	// Asia/Colombo.
	Zone *time.Location
}

// Demo makes a dataset of the antenatal care program with people who do not
// exist. Among the first 25: each boolean true, false and absent; one-word,
// Sinhala and Tamil names; addresses with and without district and postal
// code; phones in several spellings; several midwives, one without a phone;
// clinics with and without a code; two pregnancies; visits that are scheduled,
// overdue and skipped; referrals with and without a reason; courses of
// medicine that end; one without a PHN and one who was deleted.
func Demo(cfg DemoConfig) (Dataset, error) {
	if cfg.Mothers == 0 {
		cfg.Mothers = 25
	}
	if cfg.Now.IsZero() {
		cfg.Now = time.Now()
	}
	if cfg.Zone == nil {
		zone, err := time.LoadLocation("Asia/Colombo")
		if err != nil {
			return Dataset{}, fmt.Errorf("dhis2/sandbox: zone Asia/Colombo: %w", err)
		}
		cfg.Zone = zone
	}
	if cfg.Mothers < 0 || cfg.Mothers > 9999 {
		return Dataset{}, fmt.Errorf("dhis2/sandbox: demo: Mothers is not within 1 to 9999")
	}
	d := Dataset{Programs: []dhis2.Program{ANC()}, OrganisationUnits: demoUnits(), Users: demoUsers()}
	for i := range cfg.Mothers {
		g := &mother{
			i:     i,
			rand:  rand.New(rand.NewPCG(cfg.Seed, uint64(i))),
			today: dhis2Day(cfg.Now.In(cfg.Zone)),
			users: d.Users,
		}
		d.TrackedEntities = append(d.TrackedEntities, g.document())
	}
	return d, nil
}

// mother makes the document of one.
type mother struct {
	i      int
	rand   *rand.Rand
	today  dhis2.Date
	users  []User
	visits int // events made so far, for their UIDs
}

// The places of special cases within each 25.
const (
	caseNoPHN     = 3
	caseDeleted   = 17
	caseCancelled = 11
)

func (m *mother) is(n int) bool { return m.i%25 == n }

func dhis2Day(t time.Time) dhis2.Date {
	d, err := dhis2.ParseDate(t.Format("2006-01-02"))
	if err != nil {
		panic("dhis2/sandbox: " + err.Error()) // a year beyond 9999
	}
	return d
}

func (m *mother) document() dhis2.TrackedEntity {
	unit := dhis2.MustUID(clinics[m.i%len(clinics)])
	enrolled := m.today.AddDays(-(60 + (m.i*11)%120))
	te := dhis2.TrackedEntity{
		TrackedEntity:     dhis2.MustUID(fmt.Sprintf("SbxMother%02d", m.i%100)),
		TrackedEntityType: ANCType,
		OrgUnit:           unit,
		CreatedAt:         at(enrolled, "08:15:00.120"),
		CreatedBy:         m.user(0), UpdatedBy: m.user(1),
	}
	if m.i > 99 {
		te.TrackedEntity = dhis2.MustUID(fmt.Sprintf("SbxMthr%04d", m.i))
	}
	te.UpdatedAt = te.CreatedAt
	te.Attributes = m.attributes(te.CreatedAt)
	if m.i%6 == 4 { // an earlier pregnancy, with other answers
		te.Enrollments = append(te.Enrollments, m.enrollment(&te, enrolled.AddDays(-760), dhis2.EnrollmentCompleted, unit))
	}
	status := dhis2.EnrollmentActive
	switch {
	case m.is(caseCancelled):
		status = dhis2.EnrollmentCancelled
	case m.i%9 == 8:
		status = dhis2.EnrollmentCompleted
	}
	te.Enrollments = append(te.Enrollments, m.enrollment(&te, enrolled, status, unit))
	for i := range te.Enrollments {
		later(&te.UpdatedAt, te.Enrollments[i].UpdatedAt)
	}
	if m.is(caseDeleted) {
		te.Deleted, te.Attributes = true, nil
		for i := range te.Enrollments {
			deleteEnrollment(&te.Enrollments[i], te.UpdatedAt, te.UpdatedBy)
		}
	}
	return te
}

func (m *mother) attributes(created dhis2.Timestamp) []dhis2.Attribute {
	var list []dhis2.Attribute
	set := func(uid, value string) {
		if value != "" {
			list = append(list, dhis2.Attribute{Attribute: dhis2.MustUID(uid), CreatedAt: created, UpdatedAt: created, Value: value})
		}
	}
	born := m.today.AddDays(-365*(19+(m.i*3)%22) - m.i*13 - 40)
	if !m.is(caseNoPHN) {
		set("IrUmPkFMDU5", m.phn())
	}
	set("VQl0wK3eqiw", names[m.i%len(names)])
	switch m.i % 4 {
	case 0, 1: // twelve digits; the serial 0000 is nobody's
		set("M6NNPC3hNrb", fmt.Sprintf("%s%03d0000%d", born.String()[:4], 500+m.i%365+1, m.i%10))
	case 2: // the old form
		set("M6NNPC3hNrb", fmt.Sprintf("%s%03d000%dV", born.String()[2:4], 500+m.i%365+1, m.i%10))
	}
	set("CSZevH4P5yV", fmt.Sprintf("ANC/SBX/%04d", m.i+1))
	if m.i%3 == 0 {
		set("CJLJmmp8r9g", fmt.Sprintf("sandbox-subject-%04d", m.i+1))
	}
	if m.i%13 != 7 {
		set("Yie7mOY913J", born.String())
		set("u5AESfSOhIG", strconv.Itoa(born.YearsUntil(m.today)))
	}
	if m.i%8 != 6 {
		set("p7zizFkC6Lv", "Female")
	}
	set("gGAQeOr1Pgu", m.phone())
	set("EOMGwaUTMrU", addresses[m.i%len(addresses)])
	set("JTKAPrAGCai", tri(m.i))
	return list
}

// phn has the shape of the national number (4, 6 and 1 characters); its check
// character is not computed. No two mothers share one.
func (m *mother) phn() string {
	const alphabet = "2346789BCDFGHJKMPQRTVWXY"
	b := []byte("SBX2......2")
	n := (m.i*7_919_113 + 64_123_457) % (24 * 24 * 24 * 24 * 24 * 24) // the factor has no divisor in common with 24
	for k := 9; k >= 4; k-- {
		b[k] = alphabet[n%len(alphabet)]
		n /= len(alphabet)
	}
	return string(b)
}

// phone uses subscriber numbers that no operator gives out.
func (m *mother) phone() string {
	switch m.i % 6 {
	case 0:
		return fmt.Sprintf("+94 71 000 %04d", m.i)
	case 1:
		return fmt.Sprintf("071000%04d", m.i)
	case 2:
		return fmt.Sprintf("071-000 %04d", m.i)
	case 3:
		return fmt.Sprintf("+9471000%04d", m.i)
	case 4:
		return "12/34/56" // cannot be normalised
	}
	return ""
}

// user picks one of the midwives and doctors; the first users cannot sign in.
func (m *mother) user(k int) dhis2.User { return m.users[(m.i+k)%len(m.users)].snapshot() }

// tri is true, false or absent.
func tri(n int) string { return [...]string{"true", "false", ""}[n%3] }

// only is true or absent.
func only(yes bool) string {
	if yes {
		return "true"
	}
	return ""
}

// at is wall time on a day.
func at(d dhis2.Date, clock string) dhis2.Timestamp { return dhis2.Timestamp(d.String() + "T" + clock) }

const midnight = "00:00:00.000"

func later(t *dhis2.Timestamp, than dhis2.Timestamp) { *t = max(*t, than) }
