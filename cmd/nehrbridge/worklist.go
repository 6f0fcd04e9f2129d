package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/phn"
	"github.com/nehrbridge/nehrbridge/nehr/phn/registry"
)

// withoutNumber is a line of `phn worklist`: a woman who is enrolled without a personal
// health number. It names her by UIDs alone.
type withoutNumber struct {
	UID        dhis2.UID       `json:"uid"` // of the tracked entity
	Program    dhis2.UID       `json:"program"`
	OrgUnit    dhis2.UID       `json:"orgUnit"` // of her last enrollment
	EnrolledAt dhis2.Timestamp `json:"enrolledAt,omitzero"`
	Problem    string          `json:"problem"` // missing, or unusable: something stands there that is no number

	she       registry.Demographics
	keys      []twinKey
	attribute dhis2.UID // that holds the number
}

// The problems of a withoutNumber.
const (
	numberMissing  = "missing"
	numberUnusable = "unusable"
)

// twinKey is what two records of one woman have in common: hashes, so that a whole
// country fits into memory and no names lie there.
type twinKey [16]byte

func (a *app) numbers() *cobra.Command {
	var unit, program string
	var issue bool
	cmd := &cobra.Command{
		Use:   "phn",
		Short: "Personal health numbers of women who were enrolled without one",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say worklist"))
		},
	}
	list := &cobra.Command{
		Use:   "worklist",
		Short: "Who is enrolled without a number, and giving her one",
		Long: "Prints one JSON line for each tracked entity of the mapped programs that has no usable personal health number, as " +
			"devices enrol them that do not run the form's plugin. With --issue it gives numbers: to her alone of whom the " +
			"national record holds nobody with that name, birth date and telephone, and who has no double in DHIS2; the others " +
			"are left for a person to decide (outcome review). The number is written back only where none stands by then. It " +
			"may be interrupted and run again at any time: a number that was reserved for a woman stays hers.\n\n" +
			"Exit code 1 says that somebody is left, 3 that a server could not be reached.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.newWorklist(cmd.Context(), unit, program)
			if err != nil {
				return err
			}
			rows, err := w.read(cmd.Context())
			if err != nil {
				return serverError(err)
			}
			if issue {
				return a.issueNumbers(cmd.Context(), w, rows)
			}
			for _, row := range rows {
				if err := a.printJSON(row); err != nil {
					return err
				}
			}
			return nil
		},
	}
	list.Flags().StringVar(&unit, "org-unit", "", "UID of an organisation unit: only who is enrolled there or below")
	list.Flags().StringVar(&program, "program", "", "UID of a program: only who is enrolled in it")
	list.Flags().BoolVar(&issue, "issue", false, "give numbers, and write them back")
	cmd.AddCommand(list)
	return cmd
}

// worklist finds who has no number.
type worklist struct {
	settings *config.Settings
	dhis2    *api.Client
	maps     []*mapper.Map         // of the programs that are looked at
	unit     dhis2.UID             // zero for everywhere
	first    map[twinKey]dhis2.UID // who has it
	twins    map[twinKey]bool      // two have it
}

func (a *app) newWorklist(ctx context.Context, unit, program string) (*worklist, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	if err := s.ForDHIS2(); err != nil {
		return nil, usage(err)
	}
	w := &worklist{settings: s, first: map[twinKey]dhis2.UID{}, twins: map[twinKey]bool{}}
	if unit != "" {
		if w.unit, err = dhis2.ParseUID(unit); err != nil {
			return nil, usage(fmt.Errorf("--org-unit: %w", err))
		}
	}
	if w.dhis2, err = newDHIS2(s); err != nil {
		return nil, usage(err)
	}
	maps, err := config.Maps(s.Maps)
	if err != nil {
		return nil, usage(err)
	}
	for _, m := range maps {
		if attributeOf(m, mapper.AttrPHN).IsZero() || program != "" && m.Program.String() != program {
			continue
		}
		_, err := w.dhis2.Program(ctx, m.Program)
		if refused, ok := errors.AsType[*api.Error](err); ok && (refused.NotFound() || refused.Forbidden()) {
			continue // of another country
		}
		if err != nil {
			return nil, serverError(err)
		}
		w.maps = append(w.maps, m)
	}
	if len(w.maps) == 0 {
		return nil, usage(errors.New("no map with an attribute for the personal health number is of a program that the server shows"))
	}
	return w, nil
}

func attributeOf(m *mapper.Map, kind mapper.AttributeKind) dhis2.UID {
	for _, a := range m.Attributes {
		if a.Kind == kind {
			return a.UID
		}
	}
	return dhis2.UID{}
}

const fieldsOfWorklist = "trackedEntity,deleted,attributes[attribute,value],enrollments[enrollment,program,orgUnit,enrolledAt,status,deleted]"

// read looks at every tracked entity of the programs: the doubles of one who has no
// number may have one, and be anywhere.
func (w *worklist) read(ctx context.Context) (rows []withoutNumber, err error) {
	var units []dhis2.UID
	for _, m := range w.maps {
		q := api.Query{Program: m.Program, PageSize: 250, Fields: fieldsOfWorklist}
		for te, err := range w.dhis2.AllTrackedEntities(ctx, q) {
			if err != nil {
				return nil, fmt.Errorf("read program %s: %w", m.Program, err)
			}
			row, without := w.look(m, te)
			if without && !slices.ContainsFunc(rows, func(other withoutNumber) bool { return other.UID == row.UID }) {
				rows, units = append(rows, row), append(units, row.OrgUnit)
			}
		}
	}
	if w.unit.IsZero() {
		return rows, nil
	}
	known, err := w.dhis2.OrganisationUnits(ctx, units)
	if err != nil {
		return nil, err
	}
	below := map[dhis2.UID]bool{}
	for _, u := range known {
		below[u.ID] = slices.Contains(strings.Split(u.Path, "/"), w.unit.String())
	}
	return slices.DeleteFunc(rows, func(row withoutNumber) bool { return !below[row.OrgUnit] }), nil
}

// look notes who a tracked entity may be a double of, and tells whether it is enrolled
// without a number. A cancelled enrollment is none: it was a mistake.
func (w *worklist) look(m *mapper.Map, te *dhis2.TrackedEntity) (row withoutNumber, without bool) {
	values := map[mapper.AttributeKind]string{}
	for _, a := range m.Attributes {
		for _, v := range te.Attributes {
			if v.Attribute == a.UID {
				values[a.Kind] = strings.TrimSpace(v.Value)
			}
		}
	}
	row = withoutNumber{UID: te.TrackedEntity, Program: m.Program, attribute: attributeOf(m, mapper.AttrPHN), Problem: numberMissing}
	row.she = registry.Demographics{Name: values[mapper.AttrFullName], BirthDate: values[mapper.AttrBirthDate], Phone: values[mapper.AttrPhone]}
	if row.she.Name == "" {
		row.she.Name = strings.TrimSpace(values[mapper.AttrGivenName] + " " + values[mapper.AttrFamilyName])
	}
	enrolled := false
	for _, en := range te.Enrollments {
		if en.Program == m.Program && !en.Deleted && en.Status != dhis2.EnrollmentCancelled && (!enrolled || en.EnrolledAt > row.EnrolledAt) {
			enrolled, row.OrgUnit, row.EnrolledAt = true, en.OrgUnit, en.EnrolledAt
		}
	}
	if te.Deleted {
		return row, false
	}
	row.keys = w.keys(row.she, values[mapper.AttrNIC])
	for _, k := range row.keys {
		if first, seen := w.first[k]; !seen {
			w.first[k] = te.TrackedEntity
		} else if first != te.TrackedEntity {
			w.twins[k] = true
		}
	}
	if !enrolled {
		return row, false
	}
	if number := values[mapper.AttrPHN]; number != "" {
		if _, err := phn.ParseAny(number); err == nil {
			row.Problem = ""
			return row, false
		}
		row.Problem = numberUnusable
	}
	return row, true
}

// keys are what a double has too: name and birth date, telephone and birth date, or the
// national identity card.
func (w *worklist) keys(she registry.Demographics, nic string) (keys []twinKey) {
	add := func(kind, a, b string) {
		if a != "" && b != "" {
			sum := sha256.Sum256([]byte(kind + "\x00" + a + "\x00" + b))
			keys = append(keys, twinKey(sum[:16]))
		}
	}
	phone, _ := mapper.Telephone(she.Phone, w.settings.Mapping.PhoneRegion)
	add("name", comparableName(she.Name), she.BirthDate)
	add("phone", phone, she.BirthDate)
	add("nic", strings.ToUpper(strings.ReplaceAll(nic, " ", "")), "nic")
	return keys
}

// comparableName is a name without what people write differently.
func comparableName(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	slices.Sort(words)
	return strings.Join(words, " ")
}

// hasTwin tells whether somebody else may be her.
func (w *worklist) hasTwin(row withoutNumber) bool {
	return slices.ContainsFunc(row.keys, func(k twinKey) bool { return w.twins[k] })
}
