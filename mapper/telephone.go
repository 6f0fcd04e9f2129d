package mapper

import "github.com/nehrbridge/nehrbridge/mapper/internal/telephone"

// Telephone writes a telephone number as the mapper writes it into a Patient: in
// E.164, such as +94771234567, dialled as in a region (ISO 3166, in capitals) or with
// a calling code. ok is false, and the text comes back, where it is none.
func Telephone(text, region string) (e164 string, ok bool) { return telephone.E164(text, region) }

// CallingCode is the calling code of a region (ISO 3166, in capitals), such as +94 for
// LK; "" for a region that is not known.
func CallingCode(region string) string { return telephone.CallingCode(region) }
