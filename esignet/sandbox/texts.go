package sandbox

// languages of the pages, by their BCP 47 codes, with their own names.
var languages = []struct{ Code, Name string }{{"en", "English"}, {"si", "සිංහල"}, {"ta", "தமிழ்"}}

// languageIndex is the column of a language in pageTexts.
var languageIndex = map[string]int{"en": 0, "si": 1, "ta": 2}

// pageTexts are the words of the pages in English, Sinhala and Tamil.
var pageTexts = map[string][3]string{
	"brand":   {"eSignet sandbox", "eSignet sandbox", "eSignet sandbox"},
	"sandbox": {"Sandbox", "අත්හදා බැලීමේ පද්ධතිය", "சோதனை அமைப்பு"},
	"sandbox_text": {"This is not an identity provider. Every person in it is invented; never enter a real number.",
		"මෙය සැබෑ හැඳුනුම් සේවාවක් නොවේ. මෙහි සිටින සියල්ලෝම මනඃකල්පිතයි; සැබෑ අංකයක් කිසිවිටෙක ඇතුළත් නොකරන්න.",
		"இது உண்மையான அடையாளச் சேவை அல்ல. இதில் உள்ள அனைவரும் கற்பனையானவர்கள்; உண்மையான எண்ணை ஒருபோதும் உள்ளிடாதீர்கள்."},
	"skip":     {"Skip to the content", "අන්තර්ගතයට යන්න", "உள்ளடக்கத்திற்குச் செல்லவும்"},
	"language": {"Language", "භාෂාව", "மொழி"},
	"footer": {"A look-alike of eSignet for trying and testing. Nothing is kept when it stops.",
		"අත්හදා බැලීම් සඳහා eSignet මෙන් ක්‍රියා කරන පද්ධතියකි. එය නැවැත්වූ විට කිසිවක් සුරැකෙන්නේ නැත.",
		"சோதனைக்காக eSignet போலச் செயல்படும் அமைப்பு. நிறுத்தும்போது எதுவும் சேமிக்கப்படாது."},
	"signin":         {"Sign in with your national ID", "ඔබේ ජාතික හැඳුනුම්පතෙන් පිවිසෙන්න", "உங்கள் தேசிய அடையாள அட்டையுடன் உள்நுழையவும்"},
	"purpose_login":  {"to continue to %s", "%s වෙත යාමට", "%s சேவைக்குத் தொடர"},
	"purpose_verify": {"to prove who you are to %s", "ඔබ කවුදැයි %s වෙත තහවුරු කිරීමට", "நீங்கள் யார் என்பதை %s சேவைக்கு உறுதிப்படுத்த"},
	"purpose_link":   {"to link your account at %s", "%s හි ඔබේ ගිණුම සම්බන්ධ කිරීමට", "%s சேவையில் உங்கள் கணக்கை இணைக்க"},
	"id":             {"ID number", "හැඳුනුම් අංකය", "அடையாள எண்"},
	"id_hint": {"The number of one of the invented people below.", "පහත මනඃකල්පිත පුද්ගලයකුගේ අංකයක්.",
		"கீழே உள்ள கற்பனை நபர்களில் ஒருவரின் எண்."},
	"how":         {"How do you want to sign in?", "ඔබ පිවිසීමට කැමති කෙසේද?", "எவ்வாறு உள்நுழைய விரும்புகிறீர்கள்?"},
	"how_otp":     {"With a code by SMS or e-mail", "කෙටි පණිවුඩයෙන් හෝ විද්‍යුත් තැපෑලෙන් ලැබෙන කේතයකින්", "குறுஞ்செய்தி அல்லது மின்னஞ்சல் வழியாகக் குறியீட்டுடன்"},
	"how_pin":     {"With my PIN", "මගේ PIN අංකයෙන්", "எனது PIN எண்ணுடன்"},
	"continue":    {"Continue", "ඉදිරියට", "தொடரவும்"},
	"people":      {"Sandbox: invented people", "අත්හදා බැලීම: මනඃකල්පිත පුද්ගලයෝ", "சோதனை: கற்பனை நபர்கள்"},
	"people_text": {"Use one of these numbers.", "මෙම අංකවලින් එකක් භාවිත කරන්න.", "இந்த எண்களில் ஒன்றைப் பயன்படுத்தவும்."},
	"pin":         {"PIN", "PIN", "PIN"},
	"otp_heading": {"Enter the code", "කේතය ඇතුළත් කරන්න", "குறியீட்டை உள்ளிடவும்"},
	"otp_sent":    {"We sent a code to %s and %s.", "අපි %s සහ %s වෙත කේතයක් යැව්වෙමු.", "%s, %s ஆகியவற்றுக்குக் குறியீட்டை அனுப்பினோம்."},
	"otp_sandbox": {"Sandbox: nothing was sent. Everybody's code is %s.", "අත්හදා බැලීම: කිසිවක් යවා නැත. සැමගේම කේතය %s.",
		"சோதனை: எதுவும் அனுப்பப்படவில்லை. அனைவரின் குறியீடும் %s."},
	"otp_label":   {"Six-digit code", "ඉලක්කම් හයේ කේතය", "ஆறு இலக்கக் குறியீடு"},
	"pin_heading": {"Enter your PIN", "ඔබේ PIN අංකය ඇතුළත් කරන්න", "உங்கள் PIN எண்ணை உள்ளிடவும்"},
	"pin_label":   {"Six-digit PIN", "ඉලක්කම් හයේ PIN අංකය", "ஆறு இலக்க PIN எண்"},
	"verify":      {"Verify", "තහවුරු කරන්න", "சரிபார்க்கவும்"},
	"resend":      {"Send a new code", "නව කේතයක් යවන්න", "புதிய குறியீட்டை அனுப்பவும்"},
	"resend_in":   {"possible in", "හැකි වන්නේ", "சாத்தியமாகும் நேரம்"},
	"other_id":    {"Use another number", "වෙනත් අංකයක් භාවිත කරන්න", "வேறு எண்ணைப் பயன்படுத்தவும்"},
	"asks":        {"%s asks for your data", "%s ඔබේ දත්ත ඉල්ලයි", "%s உங்கள் தரவைக் கேட்கிறது"},
	"consent_text": {"It gets only what you allow here.", "එයට ලැබෙන්නේ ඔබ මෙහිදී අවසර දෙන දේ පමණි.",
		"நீங்கள் இங்கே அனுமதிப்பதை மட்டுமே அது பெறும்."},
	"essential":      {"Needed", "අවශ්‍යයි", "தேவையானவை"},
	"voluntary":      {"Your choice", "ඔබේ තේරීම", "உங்கள் விருப்பம்"},
	"voluntary_hint": {"Tick what you also want to share.", "ඔබ බෙදා ගැනීමට කැමති අනෙක් දේ ලකුණු කරන්න.", "நீங்கள் பகிர விரும்பும் மற்றவற்றைத் தேர்ந்தெடுக்கவும்."},
	"allow":          {"Allow", "අවසර දෙන්න", "அனுமதிக்கவும்"},
	"cancel":         {"Cancel", "අවලංගු කරන්න", "ரத்து செய்யவும்"},
	"time_left":      {"Time left", "ඉතිරි කාලය", "மீதமுள்ள நேரம்"},
	"more_time":      {"I need more time", "මට තව කාලය අවශ්‍යයි", "எனக்கு அதிக நேரம் தேவை"},
	"stopped":        {"The sign-in cannot go on", "පිවිසීම ඉදිරියට කරගෙන යා නොහැක", "உள்நுழைவைத் தொடர முடியாது"},
	"stopped_text": {"Go back to the service that you came from and start again there.",
		"ඔබ පැමිණි සේවාව වෙත ආපසු ගොස් එතැනින් නැවත ආරම්භ කරන්න.",
		"நீங்கள் வந்த சேவைக்குத் திரும்பிச் சென்று அங்கிருந்து மீண்டும் தொடங்கவும்."},
	"code_for_support": {"For support:", "සහාය සඳහා:", "உதவிக்கு:"},

	"claim_name":                  {"Name", "නම", "பெயர்"},
	"claim_address":               {"Address", "ලිපිනය", "முகவரி"},
	"claim_gender":                {"Gender", "ස්ත්‍රී පුරුෂ භාවය", "பாலினம்"},
	"claim_birthdate":             {"Date of birth", "උපන් දිනය", "பிறந்த தேதி"},
	"claim_picture":               {"Photograph", "ඡායාරූපය", "புகைப்படம்"},
	"claim_email":                 {"E-mail address", "විද්‍යුත් තැපැල් ලිපිනය", "மின்னஞ்சல் முகவரி"},
	"claim_phone_number":          {"Telephone number", "දුරකථන අංකය", "தொலைபேசி எண்"},
	"claim_individual_id":         {"ID number", "හැඳුනුම් අංකය", "அடையாள எண்"},
	"claim_phone_number_verified": {"Whether the telephone number is verified", "දුරකථන අංකය තහවුරු කර තිබේද යන්න", "தொலைபேசி எண் சரிபார்க்கப்பட்டதா"},
	"claim_registration_type":     {"Kind of registration", "ලියාපදිංචි වර්ගය", "பதிவு வகை"},
	"claim_updated_at":            {"When the data were last changed", "දත්ත අවසන් වරට වෙනස් කළ දිනය", "தரவு கடைசியாக மாற்றப்பட்ட நேரம்"},

	"err_auth_failed": {"That is not right. Check the digits and try again.", "එය නිවැරදි නැත. ඉලක්කම් පරීක්ෂා කර නැවත උත්සාහ කරන්න.",
		"அது சரியல்ல. இலக்கங்களைச் சரிபார்த்து மீண்டும் முயற்சிக்கவும்."},
	"err_invalid_individual_id": {"Nobody here has this number. Choose one of the invented people below.",
		"මෙම අංකය මෙහි කිසිවකුට නැත. පහත මනඃකල්පිත පුද්ගලයකු තෝරන්න.",
		"இந்த எண் இங்கே யாருக்கும் இல்லை. கீழே உள்ள கற்பனை நபர்களில் ஒருவரைத் தேர்ந்தெடுக்கவும்."},
	"err_individual_id_blocked": {"There were too many attempts with this number. Try again in ten minutes.",
		"මෙම අංකයෙන් උත්සාහයන් වැඩි විය. විනාඩි දහයකින් නැවත උත්සාහ කරන්න.",
		"இந்த எண்ணில் அதிக முயற்சிகள் நடந்தன. பத்து நிமிடங்களில் மீண்டும் முயற்சிக்கவும்."},
	"err_no_attempts_left": {"There were three attempts already. The number is blocked for ten minutes.",
		"උත්සාහයන් තුනක් සිදු වී ඇත. අංකය විනාඩි දහයකට අවහිර කර ඇත.",
		"ஏற்கனவே மூன்று முயற்சிகள் நடந்தன. எண் பத்து நிமிடங்களுக்குத் தடுக்கப்பட்டுள்ளது."},
	"err_too_early": {"A new code can be sent a little later.", "මඳ වේලාවකින් නව කේතයක් යැවිය හැක.", "சிறிது நேரம் கழித்து புதிய குறியீட்டை அனுப்பலாம்."},
	"err_invalid_transaction": {"This sign-in has ended or took too long.", "මෙම පිවිසීම අවසන් වී හෝ කල් ඉකුත් වී ඇත.",
		"இந்த உள்நுழைவு முடிந்துவிட்டது அல்லது நேரம் கடந்துவிட்டது."},
	"err_invalid_client_id": {"The service that sent you here is not registered.", "ඔබව මෙහි එවූ සේවාව ලියාපදිංචි කර නැත.",
		"உங்களை இங்கு அனுப்பிய சேவை பதிவு செய்யப்படவில்லை."},
	"err_invalid_redirect_uri": {"The address to return to is not one that the service has registered.",
		"ආපසු යා යුතු ලිපිනය සේවාව ලියාපදිංචි කළ එකක් නොවේ.", "திரும்ப வேண்டிய முகவரி சேவை பதிவு செய்த ஒன்றல்ல."},
	"err_other": {"The service sent a request that cannot be carried out.", "සේවාව එවූ ඉල්ලීම ඉටු කළ නොහැක.", "சேவை அனுப்பிய கோரிக்கையை நிறைவேற்ற முடியாது."},
}

// pageText gives a text in a language.
func pageText(key, lang string) string { return pageTexts[key][languageIndex[lang]] }

// errorText explains an error code.
func errorText(code, lang string) string {
	if _, ok := pageTexts["err_"+code]; !ok {
		code = "other"
	}
	return pageText("err_"+code, lang)
}
