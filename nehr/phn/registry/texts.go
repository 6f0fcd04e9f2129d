package registry

// texts are what a worker is told, by key and language.
var texts = map[string]map[string]string{
	"setup": {
		"en": "Personal Health Numbers are not set up correctly. Please tell your administrator.",
		"si": "පුද්ගලික සෞඛ්‍ය අංක නිවැරදිව සකසා නැත. කරුණාකර ඔබේ පරිපාලකට දන්වන්න.",
		"ta": "தனிநபர் சுகாதார எண்கள் சரியாக அமைக்கப்படவில்லை. உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
	},
	"forbidden": {
		"en": "You may not register people in this program at this place.",
		"si": "මෙම ස්ථානයේ මෙම වැඩසටහනට පුද්ගලයින් ලියාපදිංචි කිරීමට ඔබට අවසර නැත.",
		"ta": "இந்த இடத்தில் இந்தத் திட்டத்தில் நபர்களைப் பதிவு செய்ய உங்களுக்கு அனுமதி இல்லை.",
	},
	"number": {
		"en": "This is not a Personal Health Number. Please compare it with her card.",
		"si": "මෙය පුද්ගලික සෞඛ්‍ය අංකයක් නොවේ. කරුණාකර ඇයගේ කාඩ්පත සමඟ සසඳන්න.",
		"ta": "இது தனிநபர் சுகாதார எண் அல்ல. அவரது அட்டையுடன் ஒப்பிட்டுப் பார்க்கவும்.",
	},
	"demographics": {
		"en": "Please fill in her full name, date of birth and telephone number: all three are needed to search.",
		"si": "කරුණාකර ඇයගේ සම්පූර්ණ නම, උපන් දිනය සහ දුරකථන අංකය පුරවන්න: සෙවීමට මේ තුනම අවශ්‍ය වේ.",
		"ta": "அவரது முழுப் பெயர், பிறந்த தேதி, தொலைபேசி எண் ஆகியவற்றை நிரப்பவும்: தேடுவதற்கு மூன்றும் தேவை.",
	},
	"narrow": {
		"en": "Too many people match. Please check the name, or ask for her card.",
		"si": "ගැළපෙන පුද්ගලයින් වැඩි ය. කරුණාකර නම පරීක්ෂා කරන්න, නැතහොත් ඇයගේ කාඩ්පත ඉල්ලන්න.",
		"ta": "பலர் பொருந்துகின்றனர். பெயரைச் சரிபார்க்கவும், அல்லது அவரது அட்டையைக் கேட்கவும்.",
	},
	"again": {
		"en": "This search is no longer valid. Please search again.",
		"si": "මෙම සෙවීම තවදුරටත් වලංගු නැත. කරුණාකර නැවත සොයන්න.",
		"ta": "இந்தத் தேடல் இனி செல்லாது. மீண்டும் தேடவும்.",
	},
	"rejected": {
		"en": "Please say of each person that was found why it is not her.",
		"si": "හමු වූ එක් එක් පුද්ගලයා ඇය නොවන්නේ මන්දැයි කරුණාකර දක්වන්න.",
		"ta": "கண்டறியப்பட்ட ஒவ்வொருவரும் ஏன் அவர் அல்ல என்பதைக் குறிப்பிடவும்.",
	},
	"point": {
		"en": "No Personal Health Number can be issued for this place. Please tell your administrator.",
		"si": "මෙම ස්ථානය සඳහා පුද්ගලික සෞඛ්‍ය අංකයක් නිකුත් කළ නොහැක. කරුණාකර ඔබේ පරිපාලකට දන්වන්න.",
		"ta": "இந்த இடத்திற்குத் தனிநபர் சுகாதார எண்ணை வழங்க முடியாது. உங்கள் நிர்வாகியிடம் தெரிவிக்கவும்.",
	},
	"locked": {
		"en": "You have searched too often. Please wait an hour, or ask your administrator.",
		"si": "ඔබ ඕනෑවට වඩා වාර ගණනක් සොයා ඇත. කරුණාකර පැයක් රැඳී සිටින්න, නැතහොත් ඔබේ පරිපාලකගෙන් විමසන්න.",
		"ta": "நீங்கள் அளவுக்கு அதிகமாகத் தேடியுள்ளீர்கள். ஒரு மணி நேரம் காத்திருக்கவும், அல்லது உங்கள் நிர்வாகியிடம் கேட்கவும்.",
	},
	"record": {
		"en": "The national health record cannot be asked now. Save the form without a number and issue it later.",
		"si": "ජාතික සෞඛ්‍ය වාර්තාවෙන් දැනට විමසිය නොහැක. අංකයක් නොමැතිව පෝරමය සුරකින්න, අංකය පසුව නිකුත් කරන්න.",
		"ta": "தேசிய சுகாதாரப் பதிவை இப்போது கேட்க முடியவில்லை. எண் இல்லாமல் படிவத்தைச் சேமித்து, எண்ணைப் பின்னர் வழங்கவும்.",
	},
	"unavailable": {
		"en": "This cannot be done now. Please try again later. What you have typed is not lost.",
		"si": "මෙය දැනට කළ නොහැක. කරුණාකර පසුව නැවත උත්සාහ කරන්න. ඔබ ටයිප් කළ දේ නැති වී නැත.",
		"ta": "இதை இப்போது செய்ய முடியவில்லை. பின்னர் மீண்டும் முயலவும். நீங்கள் தட்டச்சு செய்தது இழக்கப்படவில்லை.",
	},
}
