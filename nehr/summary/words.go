package summary

// words are what a document says in one language beside what the record says.
type words struct {
	title         string
	sections      [parts]string
	columns       [4]string // what, value or state, when, by whom
	noInformation string
	withheld      string // of a section of which nothing is shown
	partly        string // of a section of which something is shown
	anything      string // on the first page, where something may be kept back
	patient       string
	born          string
	made          string
	read          string
	yes, no       string
	months        [12]string
	status        map[string]string // codes of clinicalStatus, verificationStatus, status and vaccines
}

var phrases = map[string]words{
	"en": {
		title: "International Patient Summary",
		sections: [parts]string{"Problems", "Allergies and intolerances", "Medicines", "Pregnancies", "Vital signs", "Results and findings",
			"Immunizations", "Procedures", "Past illnesses", "Social history", "Plan of care"},
		columns:       [4]string{"What", "Value or state", "Date", "By"},
		noInformation: "No information. The record does not say that there is none: it may not have been asked.",
		withheld:      "Nothing is shown here. Something may be withheld.",
		partly:        "Something may be withheld: this list may not be complete.",
		anything:      "Parts of the record may be withheld from this summary:",
		patient:       "Name", born: "Born", made: "Made", read: "As the record was at",
		yes: "Yes", no: "No",
		months: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		status: map[string]string{"active": "active", "recurrence": "come back", "relapse": "relapsed", "inactive": "inactive", "remission": "in remission", "resolved": "resolved",
			"unconfirmed": "unconfirmed", "provisional": "provisional", "differential": "differential", "confirmed": "confirmed",
			"completed": "completed", "not-done": "not done", "not-taken": "not taken", "stopped": "stopped", "on-hold": "on hold", "intended": "intended", "unknown": "not known",
			"cancelled": "cancelled", "draft": "draft", "preparation": "in preparation", "in-progress": "in progress",
			"registered": "registered", "preliminary": "preliminary", "partial": "partial", "amended": "amended", "corrected": "corrected", "appended": "appended",
			"proposed": "proposed", "pending": "pending", "booked": "booked", "arrived": "arrived", "checked-in": "checked in", "waitlist": "on the waiting list"},
	},
	"si": {
		title: "ජාත්‍යන්තර රෝගී සාරාංශය",
		sections: [parts]string{"රෝග තත්ත්ව", "අසාත්මිකතා", "ඖෂධ", "ගර්භණීභාවය", "ජීව ලක්ෂණ", "ප්‍රතිඵල සහ සොයාගැනීම්",
			"එන්නත්", "ප්‍රතිකාර ක්‍රියා", "පෙර පැවති රෝග", "සමාජ තොරතුරු", "සත්කාර සැලැස්ම"},
		columns:       [4]string{"විස්තරය", "අගය හෝ තත්ත්වය", "දිනය", "සටහන් කළේ"},
		noInformation: "තොරතුරු නැත. කිසිවක් නොමැති බව වාර්තාව නොකියයි: ඒ ගැන විමසා නොතිබිය හැක.",
		withheld:      "මෙහි කිසිවක් පෙන්වන්නේ නැත. යම් තොරතුරක් සඟවා තිබිය හැක.",
		partly:        "යම් තොරතුරක් සඟවා තිබිය හැක: මෙම ලැයිස්තුව සම්පූර්ණ නොවිය හැක.",
		anything:      "වාර්තාවේ කොටස් මෙම සාරාංශයෙන් සඟවා තිබිය හැක:",
		patient:       "නම", born: "උපන් දිනය", made: "සකස් කළේ", read: "වාර්තාව කියවූ වේලාව",
		yes: "ඔව්", no: "නැත",
		months: [12]string{"ජන", "පෙබ", "මාර්තු", "අප්‍රේල්", "මැයි", "ජූනි", "ජූලි", "අගෝ", "සැප්", "ඔක්", "නොවැ", "දෙසැ"},
		status: map[string]string{"active": "පවතී", "recurrence": "නැවත ඇති වී ඇත", "relapse": "නැවත උත්සන්න වී ඇත", "inactive": "දැනට නොපවතී", "remission": "සමනය වී ඇත", "resolved": "සුව වී ඇත",
			"unconfirmed": "තහවුරු කර නැත", "provisional": "තාවකාලික", "differential": "සැක සහිත", "confirmed": "තහවුරු කර ඇත",
			"completed": "සම්පූර්ණයි", "not-done": "සිදු කර නැත", "not-taken": "ගන්නේ නැත", "stopped": "නවතා ඇත", "on-hold": "තාවකාලිකව නවතා ඇත", "intended": "අදහස් කර ඇත", "unknown": "නොදනී",
			"cancelled": "අවලංගුයි", "draft": "කෙටුම්පත", "preparation": "සූදානම් වෙමින්", "in-progress": "සිදු වෙමින් පවතී",
			"registered": "ලියාපදිංචි කර ඇත", "preliminary": "මූලික", "partial": "අර්ධ", "amended": "සංශෝධිත", "corrected": "නිවැරදි කළ", "appended": "එකතු කළ",
			"proposed": "යෝජිතයි", "pending": "බලාපොරොත්තුවෙන්", "booked": "වෙන් කර ඇත", "arrived": "පැමිණ ඇත", "checked-in": "ලියාපදිංචි වී ඇත", "waitlist": "පොරොත්තු ලේඛනයේ"},
	},
	"ta": {
		title: "சர்வதேச நோயாளர் சுருக்கம்",
		sections: [parts]string{"நோய் நிலைகள்", "ஒவ்வாமைகள்", "மருந்துகள்", "கர்ப்பங்கள்", "உயிர்க்குறிகள்", "முடிவுகளும் கண்டறிதல்களும்",
			"தடுப்பூசிகள்", "சிகிச்சை முறைகள்", "முந்தைய நோய்கள்", "சமூக வரலாறு", "பராமரிப்புத் திட்டம்"},
		columns:       [4]string{"விவரம்", "மதிப்பு அல்லது நிலை", "திகதி", "பதிவு செய்தவர்"},
		noInformation: "தகவல் இல்லை. எதுவும் இல்லை என்று பதிவேடு கூறவில்லை: அது கேட்கப்படாமல் இருக்கலாம்.",
		withheld:      "இங்கு எதுவும் காட்டப்படவில்லை. சில தகவல்கள் மறைக்கப்பட்டிருக்கலாம்.",
		partly:        "சில தகவல்கள் மறைக்கப்பட்டிருக்கலாம்: இந்தப் பட்டியல் முழுமையற்றதாக இருக்கலாம்.",
		anything:      "பதிவேட்டின் பகுதிகள் இந்தச் சுருக்கத்தில் மறைக்கப்பட்டிருக்கலாம்:",
		patient:       "பெயர்", born: "பிறந்த திகதி", made: "தயாரிக்கப்பட்டது", read: "பதிவேடு வாசிக்கப்பட்ட நேரம்",
		yes: "ஆம்", no: "இல்லை",
		months: [12]string{"ஜன.", "பிப்.", "மார்.", "ஏப்.", "மே", "ஜூன்", "ஜூலை", "ஆக.", "செப்.", "அக்.", "நவ.", "டிச."},
		status: map[string]string{"active": "தற்போது உள்ளது", "recurrence": "மீண்டும் ஏற்பட்டுள்ளது", "relapse": "மீண்டும் தீவிரமடைந்துள்ளது", "inactive": "தற்போது இல்லை", "remission": "தணிந்துள்ளது", "resolved": "குணமடைந்தது",
			"unconfirmed": "உறுதிப்படுத்தப்படவில்லை", "provisional": "தற்காலிகமானது", "differential": "சந்தேகிக்கப்படுகிறது", "confirmed": "உறுதிப்படுத்தப்பட்டது",
			"completed": "நிறைவுற்றது", "not-done": "செய்யப்படவில்லை", "not-taken": "எடுத்துக்கொள்ளவில்லை", "stopped": "நிறுத்தப்பட்டது", "on-hold": "இடைநிறுத்தப்பட்டது", "intended": "திட்டமிடப்பட்டது", "unknown": "தெரியவில்லை",
			"cancelled": "ரத்து செய்யப்பட்டது", "draft": "வரைவு", "preparation": "தயாராகிறது", "in-progress": "நடைபெறுகிறது",
			"registered": "பதிவு செய்யப்பட்டது", "preliminary": "ஆரம்பநிலை", "partial": "பகுதியளவு", "amended": "திருத்தப்பட்டது", "corrected": "சரிசெய்யப்பட்டது", "appended": "சேர்க்கப்பட்டது",
			"proposed": "முன்மொழியப்பட்டது", "pending": "நிலுவையில் உள்ளது", "booked": "பதிவு செய்யப்பட்டுள்ளது", "arrived": "வந்துள்ளார்", "checked-in": "வருகை பதிவாகியுள்ளது", "waitlist": "காத்திருப்புப் பட்டியலில்"},
	},
}
