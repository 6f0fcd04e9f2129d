package esignet

// Message is what a person is told when a sign-in fails: a stable key for pages
// that have their own texts, and the text in the languages of this package.
type Message struct {
	// Key is one of cancelled, expired, unavailable, refused, unverified, factor
	// and setup.
	Key string
	// Text by ISO 639-1 language: en, si, ta.
	Text map[string]string
}

// In gives the text of the first language that there is, else English. Tags may
// carry a region (si-LK).
func (m Message) In(languages ...string) string {
	for _, l := range languages {
		if t := m.Text[language(l)]; t != "" {
			return t
		}
	}
	return m.Text["en"]
}

// Message is what the person is told. It names no cause that a thief could use
// and nothing of the person.
func (e *Error) Message() Message {
	switch e.Code {
	case CodeDenied:
		return messages["cancelled"]
	case CodeTimeout, CodeState, CodeGrant:
		return messages["expired"]
	case CodeUnreachable, CodeServer, CodeBusy:
		return messages["unavailable"]
	case CodeACR, CodeAuthTime:
		return messages["factor"]
	case CodeConfig, CodeClient, CodeRequest, CodeDecrypt, CodeUnsupported, CodeExists:
		return messages["setup"]
	case CodeToken, CodePKCE, CodeDPoP, CodeTooLarge:
		return messages["refused"]
	default:
		return messages["unverified"]
	}
}

var messages = map[string]Message{
	"cancelled": {Key: "cancelled", Text: map[string]string{
		"en": "The verification was cancelled. Nothing was shared.",
		"si": "තහවුරු කිරීම අවලංගු කරන ලදී. කිසිවක් බෙදා නොගන්නා ලදී.",
		"ta": "சரிபார்ப்பு ரத்து செய்யப்பட்டது. எதுவும் பகிரப்படவில்லை.",
	}},
	"expired": {Key: "expired", Text: map[string]string{
		"en": "This verification is no longer valid. Please start again.",
		"si": "මෙම තහවුරු කිරීම තවදුරටත් වලංගු නැත. කරුණාකර නැවත ආරම්භ කරන්න.",
		"ta": "இந்தச் சரிபார்ப்பு இனி செல்லாது. மீண்டும் தொடங்கவும்.",
	}},
	"unavailable": {Key: "unavailable", Text: map[string]string{
		"en": "The national ID service cannot be reached now. Please try again later, or fill in the form by hand.",
		"si": "ජාතික හැඳුනුම්පත් සේවාවට දැනට සම්බන්ධ විය නොහැක. පසුව නැවත උත්සාහ කරන්න, නැතහොත් පෝරමය අතින් පුරවන්න.",
		"ta": "தேசிய அடையாளச் சேவையை இப்போது அணுக முடியவில்லை. பின்னர் மீண்டும் முயலவும், அல்லது படிவத்தைக் கையால் நிரப்பவும்.",
	}},
	"refused": {Key: "refused", Text: map[string]string{
		"en": "The national ID service did not accept the request. Please start again.",
		"si": "ජාතික හැඳුනුම්පත් සේවාව ඉල්ලීම පිළිගත්තේ නැත. කරුණාකර නැවත ආරම්භ කරන්න.",
		"ta": "தேசிய அடையாளச் சேவை கோரிக்கையை ஏற்கவில்லை. மீண்டும் தொடங்கவும்.",
	}},
	"unverified": {Key: "unverified", Text: map[string]string{
		"en": "The answer could not be verified, so nothing was taken from it. Please start again.",
		"si": "පිළිතුර තහවුරු කළ නොහැකි වූ බැවින් එයින් කිසිවක් ගනු නොලැබීය. කරුණාකර නැවත ආරම්භ කරන්න.",
		"ta": "பதிலைச் சரிபார்க்க முடியவில்லை, எனவே அதிலிருந்து எதுவும் எடுக்கப்படவில்லை. மீண்டும் தொடங்கவும்.",
	}},
	"factor": {Key: "factor", Text: map[string]string{
		"en": "Please sign in again, in one of the ways that are asked for.",
		"si": "ඉල්ලා ඇති ක්‍රමයකින් කරුණාකර නැවත පුරනය වන්න.",
		"ta": "கேட்கப்பட்ட வழிகளில் ஒன்றின் மூலம் மீண்டும் உள்நுழையவும்.",
	}},
	"setup": {Key: "setup", Text: map[string]string{
		"en": "The verification is not set up correctly. Please tell your administrator.",
		"si": "තහවුරු කිරීම නිවැරදිව සකසා නැත. කරුණාකර ඔබේ පරිපාලකට දන්වන්න.",
		"ta": "சரிபார்ப்பு சரியாக அமைக்கப்படவில்லை. உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
	}},
}
