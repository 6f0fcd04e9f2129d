package sandbox

import (
	"github.com/nehrbridge/nehrbridge/dhis2"
)

// Identifiers of the Sri Lanka antenatal care program, which the sandbox
// plays.
var (
	ANCProgram      = dhis2.MustUID("eozjj9UivfS")
	ANCType         = dhis2.MustUID("MxdEsVAegt5")
	ANCRegistration = dhis2.MustUID("LWJcStrI6kM")
	ANCVisit        = dhis2.MustUID("GX0z9IXFaso")
	ANCReferral     = dhis2.MustUID("aQYZkIhWzeJ")
)

// field is a line of a form: an attribute or a data element.
type field struct {
	uid  string
	name string
	typ  dhis2.ValueType
}

var ancAttributes = []field{
	{"IrUmPkFMDU5", "Personal Health Number (PHN)", dhis2.Text},
	{"VQl0wK3eqiw", "Full Name", dhis2.Text},
	{"M6NNPC3hNrb", "NIC Number", dhis2.Text},
	{"CSZevH4P5yV", "Registration Number", dhis2.Text},
	{"CJLJmmp8r9g", "Subject ID", dhis2.Text},
	{"Yie7mOY913J", "Date of Birth", dhis2.DateType},
	{"u5AESfSOhIG", "Age", dhis2.IntegerZeroOrPositive},
	{"p7zizFkC6Lv", "Gender", dhis2.Text},
	{"gGAQeOr1Pgu", "Phone Number", dhis2.PhoneNumber},
	{"EOMGwaUTMrU", "Home Address", dhis2.LongText},
	{"JTKAPrAGCai", "PHN Verified", dhis2.Boolean},
}

var (
	registrationFields = []field{
		{"vuDExM32SZ6", "Last menstrual period", dhis2.DateType},
		{"r5TIiovGHdi", "Expected date of delivery by dates", dhis2.DateType},
		{"No3jJWIR7bn", "Period of amenorrhoea at registration (weeks)", dhis2.Integer},
		{"TRkCMVFhrmr", "Gravida", dhis2.Integer},
		{"NPnDmeGBLsl", "Parity", dhis2.Integer},
		{"OMe6LMsusv4", "Number of living children", dhis2.Integer},
		{"BqkEw3MQDNI", "Age of youngest child (years)", dhis2.Integer},
		{"YuZEbIjLLKZ", "Consanguinity", dhis2.Boolean},
		{"n2rSTrjRQ8O", "History of subfertility", dhis2.Boolean},
		{"R4EnBNPKblS", "Cardiac disease", dhis2.Boolean},
		{"D5khklwbOPt", "Diabetes", dhis2.Boolean},
		{"H8VPisy6Ket", "Hepatic disease", dhis2.Boolean},
		{"plTkCmySMzT", "Hypertension", dhis2.Boolean},
		{"OGGnIEQSH1O", "Psychiatric illness", dhis2.Boolean},
		{"MQ2Hi22F8Uj", "Renal disease", dhis2.Boolean},
		{"J3eLUAZkM6M", "On folic acid", dhis2.Boolean},
		{"RpRCMceQhks", "Rubella immunization", dhis2.Boolean},
	}
	systolicField    = field{"Y3xF4qecAVw", "Systolic blood pressure", dhis2.IntegerPositive}
	diastolicField   = field{"QMCuOLLRHHD", "Diastolic blood pressure", dhis2.IntegerPositive}
	heartSoundsField = field{"xTsKEMPT2so", "Foetal heart sounds", dhis2.TrueOnly}
	reasonField      = field{"kLAB3XIylS8", "Reason for referral", dhis2.Text}
	visitFields      = []field{
		{"gu4sr8eOZcT", "Period of amenorrhoea (weeks)", dhis2.IntegerPositive},
		systolicField, diastolicField,
		{"aDaoKP0DB1c", "Fundal height (cm)", dhis2.IntegerPositive},
		{"Sx8XEKmdhFf", "Pallor", dhis2.Boolean},
		{"k7K4aO0RXew", "Ankle oedema", dhis2.Boolean},
		{"mLZ4hxy2pGQ", "Facial oedema", dhis2.Boolean},
		{"Ei55u2kvdzm", "Foetal movements", dhis2.TrueOnly},
		heartSoundsField,
		{"yQk0w6KiXHJ", "Urine sugar", dhis2.Boolean},
		{"VlLlBQbxmE5", "Urine albumin", dhis2.Boolean},
		{"CbZCIisQAzv", "Blood sugar (mg/dl)", dhis2.IntegerPositive},
		{"cw35l7X4hnV", "Haemoglobin (g/dl)", dhis2.Number},
		{"p7yWXAO6ag7", "Iron and folate", dhis2.TrueOnly},
		{"GCHralHLuAB", "Vitamin C", dhis2.TrueOnly},
		{"Kh4Xr0VkC8w", "Calcium", dhis2.TrueOnly},
		{"XMMTan4EEsB", "Special findings", dhis2.LongText},
		{"la93qSXMNCI", "Need referral", dhis2.Boolean},
		reasonField,
	}
	referralFields = []field{
		reasonField,
		{"ARt4vJRNFmX", "Complaints", dhis2.LongText},
		systolicField, diastolicField, heartSoundsField,
		{"aq7pHlVvpsO", "Other examination findings", dhis2.LongText},
		{"JU6L76XajgD", "Investigation results", dhis2.LongText},
		{"B6mWJ74OY4e", "Management and recommendations", dhis2.LongText},
		{"XwlSz3I5QMA", "Plan of management", dhis2.LongText},
	}
)

// ANC is the metadata of the Sri Lanka antenatal care program: its
// attributes, and the stages Registration, ANC visit (repeatable) and Referral
// (repeatable).
func ANC() dhis2.Program {
	p := dhis2.Program{
		ID: ANCProgram, Code: "ANC", Name: "Antenatal care (sandbox)", ProgramType: "WITH_REGISTRATION",
		TrackedEntityType:     dhis2.Object{ID: ANCType, Name: "Mother"},
		MinAttributesToSearch: 1,
	}
	for _, f := range ancAttributes {
		e := f.element()
		switch f.uid {
		case "IrUmPkFMDU5":
			e.Unique = true
		case "p7zizFkC6Lv":
			e.OptionSet = &dhis2.OptionSet{ID: dhis2.MustUID("SbxGender01"), Name: "Gender", Options: []dhis2.Option{
				{Code: "Male", Name: "Male"}, {Code: "Female", Name: "Female"}, {Code: "Other", Name: "Other"}, {Code: "Unknown", Name: "Unknown"},
			}}
		}
		p.Attributes = append(p.Attributes, dhis2.ProgramAttribute{Mandatory: f.uid == "VQl0wK3eqiw", Attribute: e})
	}
	stage := func(id dhis2.UID, name string, repeatable bool, fields []field) {
		st := dhis2.ProgramStage{ID: id, Name: name, Repeatable: repeatable}
		for _, f := range fields {
			st.Elements = append(st.Elements, dhis2.StageElement{DataElement: f.element()})
		}
		p.Stages = append(p.Stages, st)
	}
	stage(ANCRegistration, "Registration", false, registrationFields)
	stage(ANCVisit, "ANC visit", true, visitFields)
	stage(ANCReferral, "Referral", true, referralFields)
	return p
}

func (f field) element() dhis2.DataElement {
	return dhis2.DataElement{ID: dhis2.MustUID(f.uid), Name: f.name, ValueType: f.typ}
}
