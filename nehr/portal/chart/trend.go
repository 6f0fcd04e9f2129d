package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
	"github.com/nehrbridge/nehrbridge/nehr/portal/words"
)

// Trend is a measurement over time: a table of all values, the newest first, and, from
// two values on, a picture of the same.
type Trend struct {
	Name    string
	About   string // what it is, and what is usual, for the page to say
	Usual   string
	Rows    []Fact
	Picture *Picture
}

// Picture is a chart in SVG, in units of its view box.
type Picture struct {
	Label      string
	Lines      []Line
	Band       *Band // what is usual
	Ticks      []Tick
	From, To   string // dates at the ends of the axis
	Unit       string
	ViewBox    string
	AxisBottom string
	Legend     []Legend // of several lines
}

type Legend struct {
	Text   string
	Dashed bool
}

type Line struct {
	Points string
	Dots   []Dot
	Class  string // second for the lower value of a pressure
}
type (
	Dot  struct{ X, Y string }
	Band struct{ Y, Height string }
	Tick struct{ Y, Text string }
)

const (
	pictureWidth, pictureHeight = 360.0, 220.0
	left, right, top, bottom    = 40.0, 16.0, 20.0, 32.0
)

// TrendOf gathers the dated values of a LOINC code that share one unit; a value in
// another unit stands in the table alone.
func (c *Chart) TrendOf(code string, v *portal.Visit) (Trend, bool) {
	var t Trend
	for _, f := range c.Facts {
		if f.Code == code {
			t.Rows = append(t.Rows, f)
		}
	}
	if len(t.Rows) == 0 {
		return t, false
	}
	t.Name = t.Rows[0].Name.Text
	codes := []string{code}
	if code == CodePressure {
		codes = []string{CodeSystolic, CodeDiastolic}
	}
	t.Picture = draw(t.Rows, codes, v)
	return t, true
}

type point struct{ day, value float64 }

func draw(rows []Fact, codes []string, v *portal.Visit) *Picture {
	series := make([][]point, len(codes))
	unit, unitText := "", ""
	firstDay, lastDay := math.Inf(1), math.Inf(-1)
	low, high := math.Inf(1), math.Inf(-1)
	var from, to string
	for _, row := range slices.Backward(rows) { // the oldest first
		at, parts, _, ok := portal.ParseDate(row.Date, v.Now().Location())
		if !ok || parts < 3 {
			continue
		}
		for i, code := range codes {
			f := row
			if len(codes) > 1 {
				f = row.Part(code)
			}
			value, err := strconv.ParseFloat(f.Number, 64)
			if err != nil || unit != "" && f.Unit != unit {
				continue
			}
			unit, unitText = f.Unit, f.UnitText
			p := point{float64(at.Unix()) / 86400, value}
			series[i] = append(series[i], p)
			if p.day < firstDay {
				firstDay, from = p.day, v.Date(row.Date)
			}
			if p.day >= lastDay {
				lastDay, to = p.day, v.Date(row.Date)
			}
			low, high = math.Min(low, value), math.Max(high, value)
		}
	}
	if len(series[0]) < 2 || lastDay == firstDay {
		return nil
	}
	pic := &Picture{From: from, To: to, Unit: unitText, ViewBox: fmt.Sprintf("0 0 %g %g", pictureWidth, pictureHeight),
		AxisBottom: number(pictureHeight - bottom)}
	usual, known := words.RangeOf(codes[0])
	if len(codes) > 1 {
		// One band behind two lines would show a lower value that is too high as usual.
		known = false
		for i, code := range codes {
			w, _ := words.For(loinc, code)
			pic.Legend = append(pic.Legend, Legend{w.In(v.Lang), i > 0})
		}
	}
	if known && usual.Unit == unit {
		if b, err := strconv.ParseFloat(usual.Low, 64); err == nil {
			low = math.Min(low, b)
		}
		if b, err := strconv.ParseFloat(usual.High, 64); err == nil {
			high = math.Max(high, b)
		}
	}
	step := niceStep(high - low)
	low, high = math.Floor(low/step)*step, math.Ceil(high/step)*step
	if low == high {
		high += step
	}
	x := func(day float64) float64 {
		return left + (day-firstDay)/(lastDay-firstDay)*(pictureWidth-left-right)
	}
	y := func(value float64) float64 {
		return pictureHeight - bottom - (value-low)/(high-low)*(pictureHeight-top-bottom)
	}
	if known && usual.Unit == unit {
		from, to := low, high
		if b, err := strconv.ParseFloat(usual.Low, 64); err == nil {
			from = b
		}
		if b, err := strconv.ParseFloat(usual.High, 64); err == nil {
			to = b
		}
		pic.Band = &Band{number(y(to)), number(y(from) - y(to))}
	}
	for value := low; value <= high+step/2; value += step {
		pic.Ticks = append(pic.Ticks, Tick{number(y(value)), strconv.FormatFloat(math.Round(value*100)/100, 'f', -1, 64)})
	}
	for i, points := range series {
		l := Line{}
		if i > 0 {
			l.Class = "second"
		}
		var path []string
		for _, p := range points {
			d := Dot{number(x(p.day)), number(y(p.value))}
			l.Dots = append(l.Dots, d)
			path = append(path, d.X+","+d.Y)
		}
		l.Points = strings.Join(path, " ")
		pic.Lines = append(pic.Lines, l)
	}
	return pic
}

// niceStep is the distance of ticks for a span of values: 1, 2 or 5 times a power of
// ten, of which there are 3 to 7.
func niceStep(span float64) float64 {
	if span <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(span/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if span/(m*power) <= 6 {
			return m * power
		}
	}
	return 10 * power
}

func number(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }
