package validate

import "strings"

// languages are the two-letter codes of ISO 639-1.
var languages = symbols("aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv " +
	"cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie " +
	"ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk " +
	"ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se " +
	"sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo " +
	"xh yi yo za zh zu")

// isLanguage says whether a text is a language of BCP 47 as records here carry
// it: a language of two letters, and a region of two letters or three digits.
// A tag with a script or variant is refused, as HL7's validator does here.
func isLanguage(s []byte) bool {
	if len(s) < 2 || !languages[strings.ToLower(string(s[:2]))] {
		return false
	}
	rest := s[2:]
	if len(rest) == 0 {
		return true
	}
	if rest[0] != '-' && rest[0] != '_' {
		return false
	}
	rest = rest[1:]
	return len(rest) == 2 && letter(rest[0]) && letter(rest[1]) || len(rest) == 3 && digits(rest, 0) == 3
}
