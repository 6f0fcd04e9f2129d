package sandbox

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

// People are the invented persons of the demo. Their family names mean example
// (උදාහරණ, மாதிரி), their places are made up, and their numbers belong to
// nobody: an identity number of Sri Lanka has twelve digits, or nine and a
// letter, never ten.
func People() []Identity {
	type row struct {
		id, pin         string
		given, family   [3]string // English, Sinhala, Tamil; empty: not kept
		female          bool
		birth           string
		street, place   [3]string
		photo           bool
		colour          color.RGBA
		email           string
		preferredTongue string
	}
	udaharana := [3]string{"Udaharana", "උදාහරණ", "உதாரண"}
	mathiri := [3]string{"Mathiri", "මාතිරි", "மாதிரி"}
	rows := []row{
		{"9900000001", "100001", [3]string{"Nilmini", "නිල්මිණි", "நில்மினி"}, udaharana, true, "1994/05/17",
			[3]string{"1 Example Lane", "1 උදාහරණ පටුමග", "1 எடுத்துக்காட்டு ஒழுங்கை"},
			[3]string{"Udaharanapura", "උදාහරණපුර", "உதாரணபுரம்"}, true, color.RGBA{0x14, 0x44, 0x8f, 0xff}, "nilmini", "sin"},
		{"9900000002", "100002", [3]string{"Tharangani", "තරංගනී", "தரங்கனி"}, udaharana, true, "1998/11/02",
			[3]string{"2 Example Lane", "2 උදාහරණ පටුමග", "2 எடுத்துக்காட்டு ஒழுங்கை"},
			[3]string{"Udaharanapura", "උදාහරණපුර", "உதாரணபுரம்"}, true, color.RGBA{0x7a, 0x1f, 0x5c, 0xff}, "tharangani", "sin"},
		{"9900000003", "100003", [3]string{"Yalini", "යාලිනී", "யாழினி"}, mathiri, true, "1996/01/30",
			[3]string{"3 Sample Street", "3 ආදර්ශ වීදිය", "3 மாதிரி வீதி"},
			[3]string{"Mathiripuram", "මාතිරිපුරම්", "மாதிரிபுரம்"}, true, color.RGBA{0x0b, 0x6e, 0x4f, 0xff}, "yalini", "tam"},
		{"9900000004", "100004", [3]string{"Kavitha", "කවිතා", "கவிதா"}, mathiri, true, "2001/07/08",
			[3]string{"4 Sample Street", "4 ආදර්ශ වීදිය", "4 மாதிரி வீதி"},
			[3]string{"Mathiripuram", "මාතිරිපුරම්", "மாதிரிபுரம்"}, false, color.RGBA{}, "kavitha", "tam"},
		// A name in English alone, and no photograph: what is missing elsewhere.
		{"9900000005", "100005", [3]string{"Fathima", "", ""}, [3]string{"Examplewala", "", ""}, true, "1990/12/24",
			[3]string{"5 Placeholder Road", "", ""}, [3]string{"Sampleton", "", ""}, false, color.RGBA{}, "fathima", "eng"},
		// The staff who sign in to DHIS2.
		{"9900000011", "100011", [3]string{"Sewwandi", "සෙව්වන්දි", "செவ்வந்தி"}, udaharana, true, "1985/03/12",
			[3]string{"11 Example Lane", "11 උදාහරණ පටුමග", "11 எடுத்துக்காட்டு ஒழுங்கை"},
			[3]string{"Udaharanapura", "උදාහරණපුර", "உதாரணபுரம்"}, true, color.RGBA{0x8a, 0x45, 0x00, 0xff}, "midwife", "sin"},
		{"9900000012", "100012", [3]string{"Arulan", "අරුලන්", "அருளன்"}, mathiri, false, "1979/09/21",
			[3]string{"12 Sample Street", "12 ආදර්ශ වීදිය", "12 மாதிரி வீதி"},
			[3]string{"Mathiripuram", "මාතිරිපුරම්", "மாதிரிபுரம்"}, true, color.RGBA{0x3d, 0x3d, 0x3d, 0xff}, "doctor", "tam"},
	}
	region := [3]string{"Fiction Province", "මනඃකල්පිත පළාත", "கற்பனை மாகாணம்"}
	country := [3]string{"Sri Lanka", "ශ්‍රී ලංකාව", "இலங்கை"}
	people := make([]Identity, 0, len(rows))
	for i, r := range rows {
		gender := [3]string{"Female", "ගැහැණු", "பெண்"}
		if !r.female {
			gender = [3]string{"Male", "පිරිමි", "ஆண்"}
		}
		english := r.given[1] == ""
		full := [3]string{}
		for l := range full {
			if r.given[l] != "" {
				full[l] = r.given[l] + " " + r.family[l]
			}
		}
		p := Identity{
			ID: r.id, PIN: r.pin, Email: r.email + "@example.org", Phone: fmt.Sprintf("+9470000%04d", i+1),
			FullName: texts(full), GivenName: texts(r.given), FamilyName: texts(r.family), Gender: texts(gender),
			StreetAddress: texts(r.street), Locality: texts(r.place), Region: texts(region), Country: texts(country),
			DateOfBirth: r.birth, PostalCode: "00000", PreferredLang: r.preferredTongue, Locale: r.preferredTongue, ZoneInfo: "Asia/Colombo",
			Password: "Invented-Pass1",
		}
		if english {
			p.Gender, p.Region, p.Country = p.Gender[:1], p.Region[:1], p.Country[:1]
		}
		if r.photo {
			p.Photo = portrait(r.colour)
		}
		people = append(people, p)
	}
	return people
}

// texts gives the values of English, Sinhala and Tamil that there are.
func texts(values [3]string) []Text {
	var list []Text
	for i, lang := range []string{"eng", "sin", "tam"} {
		if values[i] != "" {
			list = append(list, Text{lang, values[i]})
		}
	}
	return list
}

// portrait is a drawn head and shoulders, as a data: URL.
func portrait(ground color.RGBA) string {
	const size = 48
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := ground
			head := (x-24)*(x-24) + (y-18)*(y-18)
			shoulders := (x-24)*(x-24) + 2*(y-46)*(y-46)
			if head < 81 || shoulders < 300 {
				c = color.RGBA{0xf3, 0xf5, 0xf7, 0xff}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err) // a buffer takes what it is given
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}
