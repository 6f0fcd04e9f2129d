package clinician

import (
	"maps"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// allTexts are those of all pages.
func allTexts() portal.Texts {
	all := maps.Clone(texts)
	maps.Copy(all, writeTexts)
	return all
}

// writeTexts are the words of the pages on which a clinician writes; a native speaker
// must review them.
var writeTexts = portal.Texts{
	"menu_write":  {"Write", "ලියන්න", "எழுதுக"},
	"write_title": {"Write in this record", "මෙම වාර්තාවේ ලියන්න", "இந்தப் பதிவில் எழுதுக"},
	"write_lead": {"What you write is a draft until you sign it. Only you see a draft; it is deleted after 7 days.",
		"ඔබ ලියන දේ අත්සන් කරන තෙක් කෙටුම්පතකි. කෙටුම්පතක් දකින්නේ ඔබ පමණි; එය දින 7කට පසු මැකේ.",
		"நீங்கள் எழுதுவது கையொப்பமிடும் வரை வரைவாகும். வரைவை நீங்கள் மட்டுமே காண்பீர்கள்; அது 7 நாட்களுக்குப் பின் அழிக்கப்படும்."},
	"write_measure":  {"Add a measurement", "මිනුමක් එක් කරන්න", "ஓர் அளவீட்டைச் சேர்க்க"},
	"write_words":    {"Add words or a file", "සටහනක් හෝ ගොනුවක් එක් කරන්න", "குறிப்பு அல்லது கோப்பைச் சேர்க்க"},
	"write_note":     {"Write a note", "සටහනක් ලියන්න", "குறிப்பு எழுதுக"},
	"write_document": {"Add an image or document", "රූපයක් හෝ ලේඛනයක් එක් කරන්න", "படம் அல்லது ஆவணம் சேர்க்க"},
	"write_own":      {"What you wrote about this patient", "මෙම රෝගියා ගැන ඔබ ලියූ දේ", "இந்த நோயாளி பற்றி நீங்கள் எழுதியவை"},
	"write_none":     {"Nothing yet.", "තවම කිසිවක් නැත.", "இதுவரை எதுவும் இல்லை."},
	"entry_open":     {"Open", "විවෘත කරන්න", "திறக்க"},

	"state_draft":     {"Draft", "කෙටුම්පත", "வரைவு"},
	"state_signing":   {"Signed, on its way", "අත්සන් කර ඇත, යවමින් පවතී", "கையொப்பமிடப்பட்டது, அனுப்பப்படுகிறது"},
	"state_signed":    {"Signed", "අත්සන් කර ඇත", "கையொப்பமிடப்பட்டது"},
	"state_amended":   {"Amended", "සංශෝධනය කර ඇත", "திருத்தப்பட்டது"},
	"state_withdrawn": {"Withdrawn", "ආපසු ගෙන ඇත", "திரும்பப் பெறப்பட்டது"},
	"state_failed":    {"Not written", "ලියා නැත", "எழுதப்படவில்லை"},
	"state_next":      {"An amendment is not signed yet", "සංශෝධනයක් තවම අත්සන් කර නැත", "ஒரு திருத்தம் இன்னும் கையொப்பமிடப்படவில்லை"},
	"signing_text": {"You have signed it. The national record cannot be reached now; it is written as soon as it can be. You need not do anything.",
		"ඔබ එය අත්සන් කර ඇත. ජාතික වාර්තාවට දැන් සම්බන්ධ විය නොහැක; හැකි වහාම ලියනු ලැබේ. ඔබ කිසිවක් කළ යුතු නැත.",
		"நீங்கள் கையொப்பமிட்டுவிட்டீர்கள். தேசியப் பதிவை இப்போது அணுக முடியவில்லை; முடிந்தவுடன் எழுதப்படும். நீங்கள் எதுவும் செய்ய வேண்டியதில்லை."},

	"form_observation": {"New measurement", "නව මිනුම", "புதிய அளவீடு"},
	"form_note":        {"New note", "නව සටහන", "புதிய குறிப்பு"},
	"form_document":    {"New image or document", "නව රූපය හෝ ලේඛනය", "புதிய படம் அல்லது ஆவணம்"},
	"form_wrong":       {"Nothing was kept yet. Please correct:", "තවම කිසිවක් තබා නැත. කරුණාකර නිවැරදි කරන්න:", "இன்னும் எதுவும் சேமிக்கப்படவில்லை. திருத்துக:"},
	"form_file_hint": {"JPEG, PNG or PDF, at most 10 MB. What a camera wrote beside an image, such as the place, is taken out. A PDF keeps what its author wrote in it.",
		"JPEG, PNG හෝ PDF, උපරිම 10 MB. රූපයක කැමරාව ලියූ ස්ථානය වැනි දේ ඉවත් කෙරේ. PDF ගොනුවක එහි කතුවරයා ලියූ දේ රැඳේ.",
		"JPEG, PNG அல்லது PDF, அதிகபட்சம் 10 MB. இடம் போன்ற கேமரா எழுதிய விவரங்கள் படத்திலிருந்து நீக்கப்படும். PDF இல் அதன் ஆசிரியர் எழுதியவை இருக்கும்."},
	"form_file_kept":   {"The file is kept; choose another one only to replace it.", "ගොනුව තබා ඇත; ප්‍රතිස්ථාපනය කිරීමට පමණක් වෙනත් එකක් තෝරන්න.", "கோப்பு வைக்கப்பட்டுள்ளது; மாற்ற மட்டும் வேறொன்றைத் தேர்க."},
	"form_no_referral": {"No referral", "යොමු කිරීමක් නැත", "பரிந்துரை இல்லை"},
	"form_save":        {"Go on to the preview", "පෙරදසුනට යන්න", "முன்னோட்டத்திற்குச் செல்க"},
	"form_back":        {"Back", "ආපසු", "பின்செல்"},

	"field_what":     {"What", "කුමක්ද", "என்ன"},
	"field_value":    {"Value", "අගය", "மதிப்பு"},
	"field_code":     {"Code", "කේතය", "குறியீடு"},
	"field_remark":   {"Remark (may be left out)", "සටහන (අවශ්‍ය නම් පමණි)", "குறிப்புரை (தேவையெனில்)"},
	"field_note":     {"Note", "සටහන", "குறிப்பு"},
	"field_title":    {"Title", "මාතෘකාව", "தலைப்பு"},
	"field_type":     {"Kind of document", "ලේඛන වර්ගය", "ஆவண வகை"},
	"field_file":     {"File", "ගොනුව", "கோப்பு"},
	"field_day":      {"Day", "දිනය", "நாள்"},
	"field_author":   {"Author", "කතුවරයා", "எழுதியவர்"},
	"field_facility": {"Facility", "ආයතනය", "நிறுவனம்"},
	"field_referral": {"In answer to", "පිළිතුර වන්නේ", "எதற்குப் பதிலாக"},
	"field_reason":   {"Reason", "හේතුව", "காரணம்"},
	"field_reply":    {"The clinic is told in DHIS2", "DHIS2 හි සායනයට දන්වනු ලබන්නේ", "DHIS2 இல் மருத்துவமனைக்குத் தெரிவிக்கப்படுவது"},
	"kind_note":      {"Note", "සටහන", "குறிப்பு"},
	"kind_document":  {"Document", "ලේඛනය", "ஆவணம்"},
	"type_11488-4":   {"Consult note", "උපදේශන සටහන", "ஆலோசனைக் குறிப்பு"},
	"type_18748-4":   {"Imaging study", "රූප පරීක්ෂණය", "படமெடுப்பு ஆய்வு"},
	"type_11502-2":   {"Laboratory report", "රසායනාගාර වාර්තාව", "ஆய்வக அறிக்கை"},
	"type_57133-1":   {"Referral note", "යොමු කිරීමේ සටහන", "பரிந்துரைக் குறிப்பு"},

	"preview_title":  {"Check before you sign", "අත්සන් කිරීමට පෙර පරීක්ෂා කරන්න", "கையொப்பமிடும் முன் சரிபார்க்க"},
	"preview_what":   {"What is written", "ලියනු ලබන දේ", "எழுதப்படுவது"},
	"preview_lead":   {"Exactly this goes into the national record, under your name. The patient sees it.", "ජාතික වාර්තාවට ඔබේ නමින් යන්නේ හරියටම මෙයයි. රෝගියා එය දකී.", "இதுவே உங்கள் பெயரில் தேசியப் பதிவில் எழுதப்படும். நோயாளி அதைக் காண்பார்."},
	"entry_title":    {"What you wrote", "ඔබ ලියූ දේ", "நீங்கள் எழுதியது"},
	"entry_signed":   {"What you signed", "ඔබ අත්සන් කළ දේ", "நீங்கள் கையொப்பமிட்டது"},
	"entry_what":     {"What stands in the record", "වාර්තාවේ ඇති දේ", "பதிவில் உள்ளது"},
	"entry_changed":  {"This has changed meanwhile, perhaps in another window. Nothing was done. Please open it again.", "මේ අතර මෙය වෙනස් වී ඇත; වෙනත් කවුළුවක විය හැක. කිසිවක් සිදු කළේ නැත. එය නැවත විවෘත කරන්න.", "இதற்கிடையில் இது மாறிவிட்டது, வேறொரு சாளரத்தில் இருக்கலாம். எதுவும் செய்யப்படவில்லை. மீண்டும் திறக்கவும்."},
	"entry_full":     {"You have 40 drafts. Please sign or delete some of them first.", "ඔබට කෙටුම්පත් 40ක් ඇත. පළමුව සමහරක් අත්සන් කරන්න, නැතහොත් මකන්න.", "உங்களிடம் 40 வரைவுகள் உள்ளன. முதலில் சிலவற்றில் கையொப்பமிடுக அல்லது அழிக்க."},
	"sign_title":     {"Sign", "අත්සන් කරන්න", "கையொப்பம்"},
	"sign_text":      {"By signing you say that this is true and about this patient. What is signed can be amended or withdrawn; nothing of it is ever deleted.", "අත්සන් කිරීමෙන් ඔබ කියන්නේ මෙය සත්‍ය බවත් මෙම රෝගියා ගැන බවත්ය. අත්සන් කළ දේ සංශෝධනය කිරීමට හෝ ආපසු ගැනීමට හැක; කිසිවක් මකා නොදැමේ.", "கையொப்பமிடுவதன் மூலம் இது உண்மை, இந்த நோயாளி பற்றியது எனக் கூறுகிறீர்கள். கையொப்பமிட்டதைத் திருத்தவோ திரும்பப் பெறவோ முடியும்; எதுவும் அழிக்கப்படாது."},
	"sign_button":    {"Sign and write", "අත්සන් කර ලියන්න", "கையொப்பமிட்டு எழுதுக"},
	"change_button":  {"Change", "වෙනස් කරන්න", "மாற்றுக"},
	"discard_button": {"Delete the draft", "කෙටුම්පත මකන්න", "வரைவை அழிக்க"},
	"file_shown":     {"The image as it is kept", "තබා ගන්නා ආකාරයට රූපය", "வைக்கப்படும் படம்"},
	"file_open":      {"Open the PDF as it is kept", "තබා ගන්නා ආකාරයට PDF විවෘත කරන්න", "வைக்கப்படும் PDF ஐத் திறக்க"},

	"amend_title":      {"Amend what you wrote", "ඔබ ලියූ දේ සංශෝධනය කරන්න", "நீங்கள் எழுதியதைத் திருத்துக"},
	"amend_lead":       {"What stands now stays in the history of the record.", "දැන් ඇති දේ වාර්තාවේ ඉතිහාසයේ රැඳේ.", "இப்போது உள்ளது பதிவின் வரலாற்றில் இருக்கும்."},
	"amend_button":     {"Amend", "සංශෝධනය කරන්න", "திருத்துக"},
	"withdraw_title":   {"Withdraw what you wrote", "ඔබ ලියූ දේ ආපසු ගන්න", "நீங்கள் எழுதியதைத் திரும்பப் பெறுக"},
	"withdraw_text":    {"It is marked as entered in error. The patient and other clinicians see that, and the reason is kept.", "එය වැරදීමකින් ඇතුළත් කළ බව සලකුණු වේ. රෝගියා සහ වෙනත් වෛද්‍යවරුන් එය දකී; හේතුව තබා ගැනේ.", "தவறாகப் பதியப்பட்டது எனக் குறிக்கப்படும். நோயாளியும் பிற மருத்துவர்களும் அதைக் காண்பர்; காரணம் வைக்கப்படும்."},
	"withdraw_button":  {"Withdraw", "ආපසු ගන්න", "திரும்பப் பெறுக"},
	"withdraw_confirm": {"Withdraw it", "එය ආපසු ගන්න", "அதைத் திரும்பப் பெறுக"},

	"problem_day":      {"Day: from the last year up to today.", "දිනය: පසුගිය වසරේ සිට අද දක්වා.", "நாள்: கடந்த ஓராண்டு முதல் இன்று வரை."},
	"problem_referral": {"This referral cannot be answered.", "මෙම යොමු කිරීමට පිළිතුරු දිය නොහැක.", "இந்தப் பரிந்துரைக்குப் பதிலளிக்க முடியாது."},
	"problem_measure":  {"Choose a measurement.", "මිනුමක් තෝරන්න.", "ஓர் அளவீட்டைத் தேர்க."},
	"problem_value":    {"Value: please check it. It must be a number that such a measurement can have, with a point for decimals.", "අගය: පරීක්ෂා කරන්න. එය එවැනි මිනුමකට තිබිය හැකි සංඛ්‍යාවක් විය යුතුය; දශම සඳහා තිත යොදන්න.", "மதிப்பு: சரிபார்க்கவும். அத்தகைய அளவீட்டிற்கு இருக்கக்கூடிய எண்ணாக இருக்க வேண்டும்; தசமத்திற்குப் புள்ளி இடுக."},
	"problem_text":     {"Note: please write something.", "සටහන: යමක් ලියන්න.", "குறிப்பு: ஏதாவது எழுதுக."},
	"problem_long":     {"The text is too long, or has characters that nobody can see.", "පෙළ දිග වැඩියි, නැතහොත් නොපෙනෙන අක්ෂර ඇත.", "உரை மிக நீளமானது, அல்லது காண இயலாத எழுத்துகள் உள்ளன."},
	"problem_type":     {"Choose a kind of document.", "ලේඛන වර්ගයක් තෝරන්න.", "ஆவண வகையைத் தேர்க."},
	"problem_title":    {"Title: please give one, with at most 120 characters.", "මාතෘකාව: අක්ෂර 120 දක්වා එකක් දෙන්න.", "தலைப்பு: 120 எழுத்துகளுக்குள் ஒன்று தருக."},
	"problem_file":     {"File: please choose one.", "ගොනුව: එකක් තෝරන්න.", "கோப்பு: ஒன்றைத் தேர்க."},
	"problem_kind":     {"This cannot be written here.", "මෙය මෙහි ලිවිය නොහැක.", "இதை இங்கு எழுத முடியாது."},
	"problem_reason":   {"Reason: please give one, with at most 300 characters.", "හේතුව: අක්ෂර 300 දක්වා එකක් දෙන්න.", "காரணம்: 300 எழுத்துகளுக்குள் ஒன்று தருக."},

	"upload_empty":     {"File: it is empty.", "ගොනුව: එය හිස් ය.", "கோப்பு: அது காலியாக உள்ளது."},
	"upload_too_large": {"File: it is too large; 10 MB at most.", "ගොනුව: විශාල වැඩියි; උපරිම 10 MB.", "கோப்பு: மிகப் பெரியது; அதிகபட்சம் 10 MB."},
	"upload_unknown":   {"File: only JPEG, PNG and PDF are taken.", "ගොනුව: JPEG, PNG සහ PDF පමණක් ගනු ලැබේ.", "கோப்பு: JPEG, PNG, PDF மட்டுமே ஏற்கப்படும்."},
	"upload_damaged":   {"File: it is damaged, or not what it begins as.", "ගොනුව: එය හානි වී ඇත, නැතහොත් එය පෙනෙන වර්ගයේ නොවේ.", "கோப்பு: அது சேதமடைந்துள்ளது, அல்லது தோன்றும் வகையைச் சேர்ந்ததல்ல."},
	"upload_pixels":    {"File: the image has too many pixels. Please make it smaller.", "ගොනුව: රූපයේ පික්සල වැඩියි. එය කුඩා කරන්න.", "கோப்பு: படத்தில் படப்புள்ளிகள் அதிகம். சிறிதாக்கவும்."},
	"upload_active":    {"File: the PDF has scripts, actions, attachments or a password. Please print it into a new PDF.", "ගොනුව: PDF හි ක්‍රියාකාරී කොටස්, ඇමුණුම් හෝ මුරපදයක් ඇත. එය නව PDF එකකට මුද්‍රණය කරන්න.", "கோப்பு: PDF இல் செயல்நிரல்கள், இணைப்புகள் அல்லது கடவுச்சொல் உள்ளது. புதிய PDF ஆக அச்சிடவும்."},

	"failed_unlinked": {"Not written: you do not work in this role any more. Ask your administrator.", "ලියා නැත: ඔබ තවදුරටත් මෙම තනතුරේ වැඩ නොකරයි. පරිපාලකයාගෙන් විමසන්න.", "எழுதப்படவில்லை: நீங்கள் இப்பொறுப்பில் இப்போது இல்லை. நிர்வாகியைக் கேட்கவும்."},
	"failed_denied":   {"Not written: the patient does not allow you to see this kind of data, and so not to write it. Ask for permission and sign again.", "ලියා නැත: මෙවැනි දත්ත බැලීමට රෝගියා ඔබට අවසර දී නැත; එබැවින් ලිවිය නොහැක. අවසර ඉල්ලා නැවත අත්සන් කරන්න.", "எழுதப்படவில்லை: இவ்வகைத் தரவைப் பார்க்க நோயாளி அனுமதிக்கவில்லை; எனவே எழுதவும் முடியாது. அனுமதி கேட்டு மீண்டும் கையொப்பமிடவும்."},
	"failed_invalid":  {"Not written: it does not hold to the rules of the national record. Please tell your administrator what stands below.", "ලියා නැත: එය ජාතික වාර්තාවේ රීතිවලට අනුකූල නොවේ. පහත ඇති දේ පරිපාලකයාට කියන්න.", "எழுதப்படவில்லை: அது தேசியப் பதிவின் விதிகளுக்கு இணங்கவில்லை. கீழே உள்ளதை நிர்வாகியிடம் கூறவும்."},
	"failed_changed":  {"Not written: something else stands in the record meanwhile. Please look at the record before you write again.", "ලියා නැත: මේ අතර වාර්තාවේ වෙනත් දෙයක් ඇත. නැවත ලිවීමට පෙර වාර්තාව බලන්න.", "எழுதப்படவில்லை: இதற்கிடையில் பதிவில் வேறொன்று உள்ளது. மீண்டும் எழுதும் முன் பதிவைப் பார்க்கவும்."},
	"failed_refused":  {"Not written: the national record refused it. Please tell your administrator what stands below.", "ලියා නැත: ජාතික වාර්තාව එය ප්‍රතික්ෂේප කළේය. පහත ඇති දේ පරිපාලකයාට කියන්න.", "எழுதப்படவில்லை: தேசியப் பதிவு அதை மறுத்தது. கீழே உள்ளதை நிர்வாகியிடம் கூறவும்."},
}
