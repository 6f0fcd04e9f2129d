package changes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// pinRights is where the rights of the user are remembered.
const pinRights = "dhis2.rights"

// PermissionError says that the user lost rights. A user with less rights is
// shown less, without an error: nothing may be concluded from what is missing
// until the rights are back, or the loss is said to be meant.
type PermissionError struct {
	// Lost are such as "program IpHINAT79UW", "organisation unit …",
	// "authority ALL".
	Lost []string
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("dhis2/changes: the user of DHIS2 may no longer see everything: lost %s: give it back, or say that the loss is meant", strings.Join(e.Lost, ", "))
}

// Retryable is true: nothing is wrong with the entity, and rights come back.
func (e *PermissionError) Retryable() bool { return true }

// Alarm is true: a person has to look.
func (e *PermissionError) Alarm() bool { return true }

// rights are what decides how much a user is shown.
func rights(me *api.Me, programs []dhis2.UID) []string {
	var out []string
	for _, a := range me.Authorities {
		// Others are about administration, and come and go.
		if a == "ALL" || strings.HasPrefix(a, "F_TRACKED_ENTITY") || strings.HasPrefix(a, "F_VIEW_") {
			out = append(out, "authority "+a)
		}
	}
	for _, u := range me.OrganisationUnits {
		out = append(out, "organisation unit "+u.ID.String())
	}
	for _, p := range programs {
		if slices.Contains(me.Programs, p) {
			out = append(out, "program "+p.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkRights compares the rights with those of the last good sweep, and
// remembers more of them. accept takes a loss as meant.
func checkRights(ctx context.Context, s Source, l *Ledger, programs []dhis2.UID, accept bool) error {
	me, err := s.Me(ctx)
	if err != nil {
		return err
	}
	var lost []string
	for _, p := range programs {
		if !slices.Contains(me.Programs, p) {
			lost = append(lost, "program "+p.String())
		}
	}
	have := rights(me, programs)
	text, found, err := l.Pinned(ctx, pinRights)
	if err != nil {
		return err
	}
	if found && !accept {
		for _, r := range strings.Split(text, "\n") {
			// A program that is not polled any more is not missed.
			program, isProgram := strings.CutPrefix(r, "program ")
			polled := !isProgram || slices.ContainsFunc(programs, func(p dhis2.UID) bool { return p.String() == program })
			if r != "" && polled && !slices.Contains(have, r) && !slices.Contains(lost, r) {
				lost = append(lost, r)
			}
		}
	}
	if len(lost) > 0 {
		return &PermissionError{Lost: lost}
	}
	if now := strings.Join(have, "\n"); now != text || !found {
		return l.Pin(ctx, pinRights, now, true)
	}
	return nil
}
