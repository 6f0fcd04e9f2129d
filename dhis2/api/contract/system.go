package contract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/api"
)

// systemExpectations ask the server about itself, the user and the program.
var systemExpectations = []Expectation{
	{
		Name: "the release is one of 2.40 to 2.44",
		For:  "dhis2/api, which names parameters and reads lists by release",
		Cure: "2.39 and before lack the tracker API: upgrade. A later release: run this suite with DHIS2_WRITE=1 and read the release's upgrade notes on /api/tracker",
		check: func(ctx context.Context, p *probe) error {
			info, err := p.cfg.Server.SystemInfo(ctx)
			if err != nil {
				return err
			}
			v, err := api.ParseVersion(info.Version)
			if err != nil {
				return err
			}
			if !v.AtLeast(2, 40) || v.AtLeast(2, 45) {
				return fmt.Errorf("it is %s", v)
			}
			return nil
		},
	},
	{
		Name: "the system has an id",
		For:  "the ledger, which belongs to one server; the Device of the national record",
		Cure: "start the server once with a writable database: it makes the systemId itself",
		check: func(ctx context.Context, p *probe) error {
			info, err := p.cfg.Server.SystemInfo(ctx)
			if err == nil && info.SystemID == "" {
				err = errors.New("systemId is missing")
			}
			return err
		},
	},
	{
		Name: "the zone of its wall time is known",
		For:  "every instant in the national record, and the low-water mark of the poll",
		Cure: "set dhis2.zone to the zone of the server's Java process",
		check: func(ctx context.Context, p *probe) error {
			info, err := p.cfg.Server.SystemInfo(ctx)
			if err != nil {
				return err
			}
			if _, err := time.LoadLocation(info.ServerTimeZoneID); err != nil || info.ServerTimeZoneID == "" {
				return errors.New("serverTimeZoneId is no zone of the IANA database")
			}
			return nil
		},
	},
	{
		Name: "it tells its time",
		For:  "the low-water mark of the poll, which is on server time",
		Cure: "look for a proxy that rewrites /api/system/info",
		check: func(ctx context.Context, p *probe) error {
			info, err := p.cfg.Server.SystemInfo(ctx)
			if err != nil {
				return err
			}
			if _, err := info.ServerDate.Parse(p.zone(ctx)); err != nil {
				return fmt.Errorf("serverDate: %w", err)
			}
			return nil
		},
	},
	{
		Name: "its calendar is ISO 8601",
		For:  "every date in the national record",
		Cure: "another calendar is not supported: dates would be wrong by years. Set the system setting keyCalendar to iso8601",
		check: func(ctx context.Context, p *probe) error {
			info, err := p.cfg.Server.SystemInfo(ctx)
			if err == nil && info.Calendar != "iso8601" {
				err = errors.New("calendar is another one")
			}
			return err
		},
	},
	{
		Name: "the user captures at the root",
		For:  "the poll: a list that reaches outside the capture scope is refused with 409, or silently shorter",
		Cure: "give the user the root organisation unit for data capture",
		check: func(ctx context.Context, p *probe) error {
			me, err := p.cfg.Server.Me(ctx)
			if err == nil && !me.CapturesRoot() {
				err = errors.New("no root organisation unit is among organisationUnits")
			}
			return err
		},
	},
	{
		Name: "the user reads the program's data",
		For:  "the poll: without the right a list is empty, as after a mass deletion",
		Cure: "share the program and its tracked entity type with the user: metadata read, data read",
		check: func(ctx context.Context, p *probe) error {
			program, err := p.theProgram(ctx)
			if err == nil && !program.Access.Data.Read {
				err = fmt.Errorf("program %s: access.data.read is false", program.ID)
			}
			return err
		},
	},
	{
		Name: "the program is a tracker program with stages and value types that are known",
		For:  "mapper and lint: a value is read by its type",
		Cure: "choose a program WITH_REGISTRATION; a value type that is not known is not mapped",
		check: func(ctx context.Context, p *probe) error {
			program, err := p.theProgram(ctx)
			if err != nil {
				return err
			}
			if len(program.Stages) == 0 || program.TrackedEntityType.ID.IsZero() {
				return fmt.Errorf("program %s: %d stages, tracked entity type %q", program.ID, len(program.Stages), program.TrackedEntityType.ID)
			}
			for _, a := range program.Attributes {
				if !a.Attribute.ValueType.Known() {
					return fmt.Errorf("attribute %s: the value type is unknown", a.Attribute.ID)
				}
			}
			for _, st := range program.Stages {
				for _, e := range st.Elements {
					if !e.DataElement.ValueType.Known() {
						return fmt.Errorf("data element %s: the value type is unknown", e.DataElement.ID)
					}
				}
			}
			return nil
		},
	},
	{
		Name: "organisation units are read by UID, with name and path",
		For:  "the Organizations and Locations of the national record",
		Cure: "give the user metadata read access to organisation units",
		check: func(ctx context.Context, p *probe) error {
			docs, err := p.theSample(ctx)
			if err != nil {
				return err
			}
			var uids []dhis2.UID
			for _, te := range docs {
				uids = append(uids, te.OrgUnit)
			}
			units, err := p.cfg.Server.OrganisationUnits(ctx, uids)
			if err != nil {
				return err
			}
			known := map[dhis2.UID]bool{}
			for _, u := range units {
				known[u.ID] = u.Path != "" && u.Name != ""
			}
			for _, uid := range uids {
				if !known[uid] {
					return fmt.Errorf("organisation unit %s: unknown, or without name and path", uid)
				}
			}
			return nil
		},
	},
}
