package portal

// frameTexts are the words of the frame; a native speaker must review them.
var frameTexts = Texts{
	"brand":        {"My health record", "මගේ සෞඛ්‍ය වාර්තාව", "எனது சுகாதாரப் பதிவு"},
	"skip":         {"Go to the content", "අන්තර්ගතයට යන්න", "உள்ளடக்கத்திற்குச் செல்க"},
	"language":     {"Language", "භාෂාව", "மொழி"},
	"menu":         {"Pages", "පිටු", "பக்கங்கள்"},
	"sign_in":      {"Sign in with your national ID", "ඔබේ ජාතික හැඳුනුම්පතෙන් පිවිසෙන්න", "உங்கள் தேசிய அடையாளத்துடன் உள்நுழைக"},
	"sign_out":     {"Sign out", "ඉවත් වන්න", "வெளியேறு"},
	"quick_exit":   {"Leave quickly", "ඉක්මනින් ඉවත් වන්න", "உடனே வெளியேறு"},
	"signed_in_by": {"You signed in with", "ඔබ පිවිසුණේ", "நீங்கள் உள்நுழைந்த முறை"},
	"idle":         {"For your safety you are signed out after %d minutes without a click.", "ඔබේ ආරක්ෂාව සඳහා, මිනිත්තු %d ක් භාවිත නොකළහොත් ඔබ ඉවත් කෙරේ.", "உங்கள் பாதுகாப்பிற்காக, %d நிமிடங்கள் பயன்படுத்தாவிட்டால் நீங்கள் வெளியேற்றப்படுவீர்கள்."},
	"help":         {"Help by telephone", "දුරකථනයෙන් උපකාර", "தொலைபேசி உதவி"},
	"privacy":      {"Privacy", "පෞද්ගලිකත්වය", "தனியுரிமை"},
	"back_home":    {"Go to the first page", "මුල් පිටුවට යන්න", "முதல் பக்கத்திற்குச் செல்க"},
	"welcome":      {"Welcome", "සාදරයෙන් පිළිගනිමු", "வரவேற்கிறோம்"},
	"news":         {"There is something new in your record.", "ඔබේ වාර්තාවේ අලුත් දෙයක් ඇත.", "உங்கள் பதிவில் புதிதாக ஒன்று உள்ளது."},
	"news_show":    {"Show it", "එය පෙන්වන්න", "அதைக் காட்டு"},
	"session_over": {"You have been signed out. Please sign in again.", "ඔබ ඉවත් කර ඇත. කරුණාකර නැවත පිවිසෙන්න.", "நீங்கள் வெளியேற்றப்பட்டுள்ளீர்கள். மீண்டும் உள்நுழையவும்."},

	"acr_generated-code": {"a one-time code sent to you", "ඔබට එවූ එක්වරක් භාවිත කරන කේතය", "உங்களுக்கு அனுப்பப்பட்ட ஒருமுறைக் குறியீடு"},
	"acr_static-code":    {"your PIN", "ඔබේ රහස් අංකය", "உங்கள் இரகசிய எண்"},
	"acr_linked-wallet":  {"your ID app", "ඔබේ හැඳුනුම් යෙදුම", "உங்கள் அடையாளச் செயலி"},
	"acr_biometrics":     {"your fingerprint, face or eye", "ඔබේ ඇඟිලි සලකුණ, මුහුණ හෝ ඇස", "உங்கள் கைரேகை, முகம் அல்லது கண்"},

	"signin_cancelled":   {"You stopped signing in. Nothing was shared.", "ඔබ පිවිසීම නතර කළා. කිසිවක් බෙදා ගත්තේ නැත.", "உள்நுழைவதை நிறுத்தினீர்கள். எதுவும் பகிரப்படவில்லை."},
	"signin_expired":     {"This sign-in is no longer valid. Please start again.", "මෙම පිවිසීම තවදුරටත් වලංගු නැත. නැවත ආරම්භ කරන්න.", "இந்த உள்நுழைவு இனி செல்லாது. மீண்டும் தொடங்கவும்."},
	"signin_unavailable": {"The national ID service cannot be reached now. Please try again in a few minutes.", "ජාතික හැඳුනුම් සේවාවට දැන් සම්බන්ධ විය නොහැක. මිනිත්තු කිහිපයකින් නැවත උත්සාහ කරන්න.", "தேசிய அடையாளச் சேவையை இப்போது அணுக முடியவில்லை. சில நிமிடங்களில் மீண்டும் முயலவும்."},
	"signin_factor":      {"A safer way to sign in is needed here. Please sign in with the code that is sent to you.", "මෙහිදී වඩා ආරක්ෂිත පිවිසුමක් අවශ්‍යයි. ඔබට එවන කේතයෙන් පිවිසෙන්න.", "இங்கு பாதுகாப்பான உள்நுழைவு தேவை. உங்களுக்கு அனுப்பப்படும் குறியீட்டுடன் உள்நுழையவும்."},
	"signin_setup":       {"Signing in does not work at the moment. It is not your fault; we have been told.", "පිවිසීම දැනට ක්‍රියා නොකරයි. එය ඔබේ වරදක් නොවේ; අපට දන්වා ඇත.", "உள்நுழைவு தற்போது இயங்கவில்லை. இது உங்கள் தவறல்ல; எங்களுக்குத் தெரிவிக்கப்பட்டுள்ளது."},
	"signin_unverified":  {"We could not make sure that it was you. Please sign in again.", "ඒ ඔබ බව තහවුරු කර ගැනීමට නොහැකි විය. නැවත පිවිසෙන්න.", "அது நீங்கள்தான் என உறுதிசெய்ய முடியவில்லை. மீண்டும் உள்நுழையவும்."},

	"error_title":  {"This page cannot be shown", "මෙම පිටුව පෙන්විය නොහැක", "இந்தப் பக்கத்தைக் காட்ட முடியாது"},
	"error_400":    {"Something in the address or the form was not right.", "ලිපිනයේ හෝ පෝරමයේ යමක් වැරදියි.", "முகவரியில் அல்லது படிவத்தில் ஏதோ தவறு உள்ளது."},
	"error_403":    {"You may not see this.", "ඔබට මෙය බැලීමට අවසර නැත.", "இதைப் பார்க்க உங்களுக்கு அனுமதி இல்லை."},
	"error_404":    {"There is no such page.", "එවැනි පිටුවක් නැත.", "அப்படி ஒரு பக்கம் இல்லை."},
	"error_413":    {"What you sent is too large. A file may have 10 MB.", "ඔබ යැවූ දෙය විශාල වැඩියි. ගොනුවකට 10 MB දක්වා තිබිය හැක.", "நீங்கள் அனுப்பியது மிகப் பெரியது. ஒரு கோப்பு 10 MB வரை இருக்கலாம்."},
	"error_429":    {"There were too many tries. Please wait a minute.", "උත්සාහයන් වැඩියි. මිනිත්තුවක් රැඳී සිටින්න.", "அதிகமான முயற்சிகள். ஒரு நிமிடம் காத்திருக்கவும்."},
	"error_500":    {"Something went wrong here. It is not your fault. Please try again.", "මෙහි යමක් වැරදුණා. එය ඔබේ වරදක් නොවේ. නැවත උත්සාහ කරන්න.", "இங்கு ஏதோ தவறு நடந்தது. இது உங்கள் தவறல்ல. மீண்டும் முயலவும்."},
	"error_503":    {"The national record cannot be reached now. Please try again in a few minutes. In an emergency call 1990 or go to the nearest hospital.", "ජාතික වාර්තාවට දැන් සම්බන්ධ විය නොහැක. මිනිත්තු කිහිපයකින් නැවත උත්සාහ කරන්න. හදිසි අවස්ථාවකදී 1990 අමතන්න, නැතහොත් ළඟම රෝහලට යන්න.", "தேசியப் பதிவை இப்போது அணுக முடியவில்லை. சில நிமிடங்களில் மீண்டும் முயலவும். அவசரநிலையில் 1990 ஐ அழைக்கவும், அல்லது அருகிலுள்ள மருத்துவமனைக்குச் செல்லவும்."},
	"foreign_form": {"This form was not sent from this page, or the page was too old. Nothing was changed. Please open the page again.", "මෙම පෝරමය මෙම පිටුවෙන් එවා නැත, නැතහොත් පිටුව ඉතා පැරණියි. කිසිවක් වෙනස් වුණේ නැත. පිටුව නැවත විවෘත කරන්න.", "இந்தப் படிவம் இந்தப் பக்கத்திலிருந்து அனுப்பப்படவில்லை, அல்லது பக்கம் மிகப் பழையது. எதுவும் மாற்றப்படவில்லை. பக்கத்தை மீண்டும் திறக்கவும்."},
}
