package login

import "github.com/nehrbridge/nehrbridge/esignet"

var backTexts = map[string]string{
	"en": "Back to DHIS2",
	"si": "DHIS2 වෙත ආපසු",
	"ta": "DHIS2-க்குத் திரும்பு",
}

var stopTexts = map[string]string{
	"en": "Sign-in stopped",
	"si": "පුරනය වීම නතර විය",
	"ta": "உள்நுழைவு நிறுத்தப்பட்டது",
}

var requestTexts = map[string]struct{ title, text, hint string }{
	"en": {
		"One more step: approval",
		"You are signed in with eSignet, but no DHIS2 user is linked to you yet. A request has been recorded. Tell your DHIS2 administrator this code:",
		"When the administrator has approved it, sign in again.",
	},
	"si": {
		"තව එක් පියවරක්: අනුමැතිය",
		"ඔබ eSignet හරහා පුරනය වී ඇත, නමුත් DHIS2 පරිශීලකයෙකු තවම ඔබට සම්බන්ධ කර නැත. ඉල්ලීමක් සටහන් කර ඇත. මෙම කේතය ඔබේ DHIS2 පරිපාලකට පවසන්න:",
		"පරිපාලක එය අනුමත කළ පසු නැවත පුරනය වන්න.",
	},
	"ta": {
		"இன்னும் ஒரு படி: ஒப்புதல்",
		"நீங்கள் eSignet மூலம் உள்நுழைந்துள்ளீர்கள், ஆனால் DHIS2 பயனர் எவரும் இன்னும் உங்களுடன் இணைக்கப்படவில்லை. ஒரு கோரிக்கை பதிவு செய்யப்பட்டுள்ளது. இந்தக் குறியீட்டை உங்கள் DHIS2 நிர்வாகியிடம் கூறவும்:",
		"நிர்வாகி அதை அனுமதித்த பிறகு மீண்டும் உள்நுழையவும்.",
	},
}

// reasons are why a sign-in ended, by the key of [esignet.Message] and, for what
// only happens here, keys of this package.
var reasons = func() map[string]map[string]string {
	all := map[string]map[string]string{
		"unavailable": {
			"en": "The sign-in service cannot be reached now. Please try again later, or sign in with your DHIS2 password.",
			"si": "පුරනය වීමේ සේවාවට දැනට සම්බන්ධ විය නොහැක. පසුව නැවත උත්සාහ කරන්න, නැතහොත් ඔබේ DHIS2 මුරපදයෙන් පුරනය වන්න.",
			"ta": "உள்நுழைவுச் சேவையை இப்போது அணுக முடியவில்லை. பின்னர் மீண்டும் முயலவும், அல்லது உங்கள் DHIS2 கடவுச்சொல்லால் உள்நுழையவும்.",
		},
		"revoked": {
			"en": "Your administrator has not allowed you to sign in here with eSignet, or has taken it back.",
			"si": "eSignet හරහා මෙහි පුරනය වීමට ඔබේ පරිපාලක ඔබට ඉඩ දී නැත, නැතහොත් එම ඉඩ ඉවත් කර ඇත.",
			"ta": "eSignet மூலம் இங்கு உள்நுழைய உங்கள் நிர்வாகி உங்களை அனுமதிக்கவில்லை, அல்லது அனுமதியைத் திரும்பப் பெற்றுள்ளார்.",
		},
	}
	for _, code := range []esignet.Code{esignet.CodeDenied, esignet.CodeTimeout, esignet.CodeToken, esignet.CodeSignature, esignet.CodeACR, esignet.CodeConfig} {
		m := (&esignet.Error{Code: code}).Message()
		all[m.Key] = m.Text
	}
	return all
}()
