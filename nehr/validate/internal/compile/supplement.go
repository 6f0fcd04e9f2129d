package compile

// supplement lists code systems that records here use all the time and that the
// archive, which holds the value sets of required and extensible bindings only,
// has in part or not at all: all their codes in R4 4.0.1 and IPS 1.1.0.
var supplement = map[string]string{
	"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips": "no-allergy-info no-device-info no-immunization-info " +
		"no-known-allergies no-known-devices no-known-environmental-allergies no-known-food-allergies no-known-immunizations " +
		"no-known-medication-allergies no-known-medications no-known-problems no-known-procedures no-medication-info " +
		"no-problem-info no-procedure-info",
	"http://terminology.hl7.org/CodeSystem/observation-category": "activity exam imaging laboratory procedure social-history survey therapy vital-signs",
	"http://terminology.hl7.org/CodeSystem/v2-0203": "AC ACSN AM AMA AN ANC AND ANON ANT APRN ASID BA BC BCFN BCT BR BRN BSNR CC CONM CY CZ DC DCFN " +
		"DDS DEA DFN DI DL DN DO DP DPM DR DS EI EN ESN FDR FDRFN FI FILL GI GL GN HC IND JHN LACSN LANR " +
		"LI LN LR MA MB MC MCD MCN MCR MCT MD MI MR MRT MS NBSNR NCT NE NH NI NII NIIP NNxxx NP NPI OBI " +
		"OD PA PC PCN PE PEN PHC PHE PHO PI PLAC PN PNT PPIN PPN PRC PRN PT QA RI RN RPH RR RRI RRP SB " +
		"SID SL SN SNBSN SNO SP SR SS STN TAX TN TPR TRL U UDI UPIN USID VN VP VS WC WCN WP XV XX",
	"http://terminology.hl7.org/CodeSystem/v2-0131": "BP C CP E EP F I N O PR S U",
	"http://terminology.hl7.org/CodeSystem/v3-Confidentiality": "B C D ETH HIV I L M N PSY R S SDV T U V _Confidentiality _ConfidentialityByAccessKind " +
		"_ConfidentialityByInfoType _ConfidentialityModifiers",
	"http://terminology.hl7.org/CodeSystem/v3-TimingEvent":         "AC ACD ACM ACV C CD CM CV HS IC ICD ICM ICV PC PCD PCM PCV WAKE",
	"http://terminology.hl7.org/CodeSystem/location-physical-type": "area bd bu ca co ho jdn lvl rd ro si ve wa wi",
	"http://terminology.hl7.org/CodeSystem/v3-DataOperation": "ABORT ACTIVATE APPEND CANCEL COMPLETE CREATE DELETE EXECUTE HOLD JUMP MODIFYSTATUS NULLIFY " +
		"OBSOLETE OPERATE REACTIVATE READ RELEASE RESUME SUSPEND UPDATE",
}
