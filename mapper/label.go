package mapper

// labelDisplays holds the sensitivity labels that a map may use:
// HL7 v3-Confidentiality, and the information sensitivity policies of
// v3-ActCode (http://terminology.hl7.org/CodeSystem/v3-ActCode).
var labelDisplays = map[Label]string{
	"U": "unrestricted", "L": "low", "M": "moderate", "N": "normal", "R": "restricted", "V": "very restricted",
	"HIV": "HIV/AIDS information sensitivity", "STD": "sexually transmitted disease information sensitivity",
	"PSY": "psychiatry disorder information sensitivity", "MH": "mental health information sensitivity",
	"SEX": "sexuality and reproductive health information sensitivity",
	"SUD": "substance use disorder information sensitivity", "ETH": "substance abuse information sensitivity",
	"SDV":  "sexual assault, abuse, or domestic violence information sensitivity",
	"GDIS": "genetic disease information sensitivity", "SICKLE": "sickle cell anemia information sensitivity",
}

func (l Label) coding() (system, display string, ok bool) {
	display, ok = labelDisplays[l]
	if len(l) == 1 {
		return "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", display, ok
	}
	return "http://terminology.hl7.org/CodeSystem/v3-ActCode", display, ok
}
