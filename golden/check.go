package golden

import (
	"fmt"
	"strings"

	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/validate"
)

// Valid judges a bundle by R4 and by the profiles that it claims, as it is
// before it leaves the program: one that the mapper was told to leave the
// passport out of, by the overlay that has the passport optional (G1). The
// error names every error of the validator, with its place.
func Valid(bundle []byte, cfg mapper.Config) error {
	var c validate.Config
	if cfg.Passport == mapper.PassportOmit {
		c.Overlays = []string{validate.OverlayPassportOptional}
	}
	v, err := validate.New(c)
	if err != nil {
		return err
	}
	outcome := v.Validate(bundle)
	if outcome.OK() {
		return nil
	}
	var wrong []string
	for _, i := range outcome.Issues {
		if i.Severity == validate.Error || i.Severity == validate.Fatal {
			wrong = append(wrong, fmt.Sprintf("%s: %s (%s)", i.Location, i.Diagnostics, i.Rule))
		}
	}
	return fmt.Errorf("the bundle is not valid:\n\t%s", strings.Join(wrong, "\n\t"))
}
