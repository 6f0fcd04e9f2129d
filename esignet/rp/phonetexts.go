package rp

// phoneText is one language of the pages on her phone.
type phoneText struct {
	Languages, Worker, Clinic string
	// By step: title and what she is told.
	Start, Opened, Confirmed, Done, Elsewhere, Over, Refused phoneStep
	Again                                                    string // after a refusal
}

type phoneStep struct{ Title, Lead, Hint, Action string }

// phoneLanguages are those of the pages, in the order of the choice.
var phoneLanguages = []struct{ tag, name string }{{"en", "English"}, {"si", "සිංහල"}, {"ta", "தமிழ்"}}

var phoneTexts = map[string]phoneText{
	"en": {
		Languages: "Language", Worker: "Health worker", Clinic: "Clinic",
		Start: phoneStep{"Verify who you are", "This page belongs to a code that a health worker shows you. Go on only if the health worker is with you now.",
			"", "Go on with this phone"},
		Opened: phoneStep{"Show this number", "Show this number to the health worker, whose screen must show the same one.",
			"This page goes on by itself when the health worker has confirmed it. If no health worker is with you, close this page.", "Look again"},
		Confirmed: phoneStep{"Sign in with your national ID", "The number is confirmed. Now sign in with your national ID. You decide which details you share with the clinic.",
			"", "Sign in"},
		Done: phoneStep{"Thank you", "You have verified who you are. The health worker now sees the details that you share.", "You can close this page.", ""},
		Elsewhere: phoneStep{"Open on another phone", "Another phone or browser has opened this code first. Please tell the health worker, who can begin again with a new code.",
			"", ""},
		Over:    phoneStep{"No longer valid", "This code is no longer valid. Please ask the health worker to begin again.", "", ""},
		Refused: phoneStep{"Not verified", "", "", "Try again"},
		Again:   "If you want to try again, ask the health worker to begin with a new code.",
	},
	"si": {
		Languages: "භාෂාව", Worker: "සෞඛ්‍ය සේවකයා", Clinic: "සායනය",
		Start: phoneStep{"ඔබ කවුදැයි තහවුරු කරන්න", "මෙම පිටුව සෞඛ්‍ය සේවකයෙකු ඔබට පෙන්වන කේතයකට අයත් වේ. සෞඛ්‍ය සේවකයා දැන් ඔබ සමඟ සිටී නම් පමණක් ඉදිරියට යන්න.",
			"", "මෙම දුරකථනයෙන් ඉදිරියට යන්න"},
		Opened: phoneStep{"මෙම අංකය පෙන්වන්න", "මෙම අංකය සෞඛ්‍ය සේවකයාට පෙන්වන්න. සෞඛ්‍ය සේවකයාගේ තිරයේ එම අංකයම තිබිය යුතුය.",
			"සෞඛ්‍ය සේවකයා එය තහවුරු කළ විට මෙම පිටුව ඉබේම ඉදිරියට යයි. සෞඛ්‍ය සේවකයෙකු ඔබ සමඟ නැත්නම් මෙම පිටුව වසන්න.", "නැවත බලන්න"},
		Confirmed: phoneStep{"ඔබේ ජාතික හැඳුනුම්පතෙන් පුරනය වන්න", "අංකය තහවුරු කර ඇත. දැන් ඔබේ ජාතික හැඳුනුම්පතෙන් පුරනය වන්න. සායනය සමඟ බෙදාගන්නා විස්තර ඔබ තීරණය කරයි.",
			"", "පුරනය වන්න"},
		Done: phoneStep{"ස්තුතියි", "ඔබ කවුදැයි ඔබ තහවුරු කර ඇත. ඔබ බෙදාගන්නා විස්තර සෞඛ්‍ය සේවකයාට දැන් පෙනේ.", "ඔබට මෙම පිටුව වසා දැමිය හැක.", ""},
		Elsewhere: phoneStep{"වෙනත් දුරකථනයක විවෘතයි", "වෙනත් දුරකථනයක් හෝ බ්‍රවුසරයක් මෙම කේතය මුලින් විවෘත කර ඇත. කරුණාකර සෞඛ්‍ය සේවකයාට පවසන්න: නව කේතයකින් නැවත ආරම්භ කළ හැක.",
			"", ""},
		Over:    phoneStep{"තවදුරටත් වලංගු නැත", "මෙම කේතය තවදුරටත් වලංගු නැත. නැවත ආරම්භ කරන ලෙස කරුණාකර සෞඛ්‍ය සේවකයාගෙන් ඉල්ලන්න.", "", ""},
		Refused: phoneStep{"තහවුරු නොවීය", "", "", "නැවත උත්සාහ කරන්න"},
		Again:   "ඔබට නැවත උත්සාහ කිරීමට අවශ්‍ය නම්, නව කේතයකින් ආරම්භ කරන ලෙස සෞඛ්‍ය සේවකයාගෙන් ඉල්ලන්න.",
	},
	"ta": {
		Languages: "மொழி", Worker: "சுகாதாரப் பணியாளர்", Clinic: "சிகிச்சை நிலையம்",
		Start: phoneStep{"நீங்கள் யார் என்பதை உறுதிப்படுத்தவும்", "இந்தப் பக்கம் சுகாதாரப் பணியாளர் தனது திரையில் உங்களுக்குக் காட்டும் குறியீட்டுக்கு உரியது. அவர் இப்போது உங்களுடன் இருந்தால் மட்டும் தொடரவும்.",
			"", "இந்தத் தொலைபேசியில் தொடரவும்"},
		Opened: phoneStep{"இந்த எண்ணைக் காட்டவும்", "இந்த எண்ணைச் சுகாதாரப் பணியாளரிடம் காட்டவும். அவரது திரையிலும் இதே எண் இருக்க வேண்டும்.",
			"அவர் உறுதிப்படுத்தியதும் இந்தப் பக்கம் தானாகவே தொடரும். நீங்கள் அவருடன் இல்லை என்றால் இந்தப் பக்கத்தை மூடவும்.", "மீண்டும் பார்க்கவும்"},
		Confirmed: phoneStep{"உங்கள் தேசிய அடையாளத்தால் உள்நுழையவும்", "எண் உறுதிப்படுத்தப்பட்டது. இப்போது உங்கள் தேசிய அடையாளத்தால் உள்நுழையவும். எந்த விவரங்களைப் பகிர்வது என்பதை நீங்களே தீர்மானிக்கிறீர்கள்.",
			"", "உள்நுழையவும்"},
		Done: phoneStep{"நன்றி", "நீங்கள் யார் என்பதை உறுதிப்படுத்திவிட்டீர்கள். நீங்கள் பகிரும் விவரங்களைச் சுகாதாரப் பணியாளர் இப்போது காண்கிறார்.", "இந்தப் பக்கத்தை மூடலாம்.", ""},
		Elsewhere: phoneStep{"வேறு தொலைபேசியில் திறந்துள்ளது", "வேறொரு தொலைபேசி அல்லது உலாவி இந்தக் குறியீட்டை முதலில் திறந்துவிட்டது. சுகாதாரப் பணியாளரிடம் கூறவும்: அவர் புதிய குறியீட்டுடன் மீண்டும் தொடங்கலாம்.",
			"", ""},
		Over:    phoneStep{"இனி செல்லாது", "இந்தக் குறியீடு இனி செல்லாது. மீண்டும் தொடங்குமாறு சுகாதாரப் பணியாளரிடம் கேட்கவும்.", "", ""},
		Refused: phoneStep{"உறுதிப்படுத்தப்படவில்லை", "", "", "மீண்டும் முயலவும்"},
		Again:   "மீண்டும் முயல விரும்பினால், புதிய குறியீட்டுடன் தொடங்குமாறு சுகாதாரப் பணியாளரிடம் கேட்கவும்.",
	},
}
