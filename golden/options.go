package golden

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr"
)

// settings are the settings that a case may give, by the names that the
// program's own configuration has, and what each sets.
var settings = map[string]func(cfg *mapper.Config, value string) error{
	"zone":                  func(c *mapper.Config, v string) (err error) { c.Zone, err = zone(v); return },
	"dhis2.zone":            func(c *mapper.Config, v string) (err error) { c.ServerZone, err = zone(v); return },
	"esignet.issuer":        text(func(c *mapper.Config) *string { return &c.ESignetIssuer }),
	"esignet.relying_party": text(func(c *mapper.Config) *string { return &c.ESignetRelyingParty }),
	"mapping.names":         func(c *mapper.Config, v string) error { c.Names = mapper.NamePolicy(v); return nil },
	"mapping.passport":      func(c *mapper.Config, v string) error { c.Passport = mapper.PassportPolicy(v); return nil },
	"mapping.plausibility":  func(c *mapper.Config, v string) error { c.Plausibility = mapper.PlausibilityPolicy(v); return nil },
	"mapping.phone_region":  text(func(c *mapper.Config) *string { return &c.PhoneRegion }),
	"mapping.appointment_minutes": func(c *mapper.Config, v string) (err error) {
		if c.AppointmentMinutes, err = strconv.Atoi(v); err != nil {
			return errors.New("want a whole number of minutes")
		}
		return nil
	},
	// phn.accept alone changes nothing in the mapper's terms: a scheme is
	// either demanded, by its name, or not. readOptions joins the two.
	"phn.accept": oneOf("any", "scheme"),
	"phn.scheme": func(*mapper.Config, string) error { return nil },
	"nehr.write": func(c *mapper.Config, v string) error {
		if v == "conditional" {
			c.Write = nehr.Conditional
		}
		return oneOf("by-id", "conditional")(c, v)
	},
}

func zone(name string) (*time.Location, error) {
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, errors.New("want the IANA name of a zone, such as Asia/Colombo")
	}
	return loc, nil
}

func text(field func(*mapper.Config) *string) func(*mapper.Config, string) error {
	return func(c *mapper.Config, v string) error { *field(c) = v; return nil }
}

func oneOf(allowed ...string) func(*mapper.Config, string) error {
	return func(_ *mapper.Config, v string) error {
		if !slices.Contains(allowed, v) {
			return errors.New("want " + strings.Join(allowed, " or "))
		}
		return nil
	}
}

// readOptions reads the settings of a case. Both `mapping.names: split-last`
// and names nested under mapping are taken, as in a configuration file. Values
// that only the mapper can judge are refused by mapper.New.
func readOptions(data []byte) (cfg mapper.Config, err error) {
	var tree map[string]any
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&tree); err != nil && !errors.Is(err, io.EOF) {
		return cfg, err
	}
	flat := map[string]string{}
	if err := flatten("", tree, flat); err != nil {
		return cfg, err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		set, known := settings[name]
		if !known {
			errs = append(errs, fmt.Errorf("%s: no setting of a mapping: want one of %s", name,
				strings.Join(slices.Sorted(maps.Keys(settings)), ", ")))
			continue
		}
		if err := set(&cfg, flat[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if flat["phn.accept"] == "scheme" {
		if cfg.PHNScheme = flat["phn.scheme"]; cfg.PHNScheme == "" {
			cfg.PHNScheme = "ndhgs2"
		}
	}
	return cfg, errors.Join(errs...)
}

func flatten(prefix string, tree map[string]any, into map[string]string) error {
	for key, value := range tree {
		name := prefix + key
		switch v := value.(type) {
		case map[string]any:
			if err := flatten(name+".", v, into); err != nil {
				return err
			}
		case string:
			into[name] = v
		case int:
			into[name] = strconv.Itoa(v)
		default:
			return fmt.Errorf("%s: want a text or a whole number", name)
		}
	}
	return nil
}
