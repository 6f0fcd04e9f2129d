package chart

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/nehrbridge/nehrbridge/nehr/client/fhirjson"
)

// Referral is a request with the task that carries it.
type Referral struct {
	Reason Phrase
	Date   string
	To     string
	Status string   // of the task, else of the request
	Why    string   // of one that was declined, as it was written
	Answer []Answer // of one that is done
	id     string   // ServiceRequest/…
}

// Answer is a part of what who was asked wrote back.
type Answer struct{ Title, Text string }

// AnswerOf reads the answer that a Task has.
func AnswerOf(task *fhirjson.Value) (list []Answer) {
	for _, o := range task.Get("output").Items() {
		if text := o.Get("valueString").Str(); text != "" {
			list = append(list, Answer{o.Get("type", "text").Str(), text})
		}
	}
	return list
}

// Request is the ServiceRequest that it is, "ServiceRequest/…".
func (r Referral) Request() string { return r.id }

// Step is where the referral stands: 0 sent, 1 accepted, 2 done; -1 ended otherwise.
func (r Referral) Step() int {
	switch r.Status {
	case "accepted", "in-progress", "on-hold", "ready":
		return 1
	case "completed":
		return 2
	case "rejected", "cancelled", "revoked", "failed":
		return -1
	}
	return 0
}

// Open tells that she still waits.
func (r Referral) Open() bool { return r.Step() == 0 || r.Step() == 1 }

func (c *Chart) refer(res *fhirjson.Value) {
	id := "ServiceRequest/" + res.Get("id").Str()
	if res.Get("resourceType").Str() == "Task" {
		if id = res.Get("focus", "reference").Str(); id == "" {
			return // not a referral
		}
	}
	at := slices.IndexFunc(c.Referrals, func(r Referral) bool { return r.id == id })
	if at < 0 {
		at = len(c.Referrals)
		c.Referrals = append(c.Referrals, Referral{id: id})
	}
	r := &c.Referrals[at]
	if res.Get("resourceType").Str() == "Task" {
		r.Status = res.Get("status").Str()
		r.To = cmp.Or(c.nameAt(res.Get("owner")), r.To)
		r.Date = cmp.Or(r.Date, res.Get("authoredOn").Str())
		r.Why, r.Answer = res.Get("statusReason", "text").Str(), AnswerOf(res)
		return
	}
	if r.Status == "" || res.Get("status").Str() != "active" {
		r.Status = cmp.Or(r.Status, res.Get("status").Str())
	}
	r.Date = cmp.Or(res.Get("authoredOn").Str(), r.Date)
	r.To = cmp.Or(r.To, c.nameAt(first(res.Get("performer"))))
	if reason := first(res.Get("reasonCode")); reason != nil {
		r.Reason = c.concept(reason)
	}
}

// Appointment is a planned visit.
type Appointment struct {
	Name   Phrase
	Start  string
	Place  string
	Status string
}

func (c *Chart) appoint(res *fhirjson.Value) {
	a := Appointment{Status: res.Get("status").Str(), Name: c.concept(first(res.Get("serviceType")))}
	a.Start = cmp.Or(res.Get("start").Str(), first(res.Get("requestedPeriod")).Get("start").Str())
	for _, p := range res.Get("participant").Items() {
		switch ref := p.Get("actor", "reference").Str(); {
		case strings.HasPrefix(ref, "Location/"):
			a.Place = c.nameAt(p.Get("actor"))
		case strings.HasPrefix(ref, "PractitionerRole/"):
			a.Place = cmp.Or(a.Place, p.Get("actor", "display").Str())
		}
	}
	if a.Start != "" {
		c.Appointments = append(c.Appointments, a)
	}
}

// Coming are the appointments from today on that still stand, the next first.
func (c *Chart) Coming() (list []Appointment) {
	today := c.Now.Format(time.DateOnly)
	for _, a := range c.Appointments {
		switch a.Status {
		case "proposed", "pending", "booked", "arrived", "checked-in", "waitlist":
			if day(a.Start) >= today {
				list = append(list, a)
			}
		}
	}
	return list
}

// Past are all others, the latest first.
func (c *Chart) Past() (list []Appointment) {
	today := c.Now.Format(time.DateOnly)
	for _, a := range c.Appointments {
		if day(a.Start) < today || a.Status == "cancelled" || a.Status == "noshow" || a.Status == "fulfilled" {
			list = append(list, a)
		}
	}
	slices.Reverse(list)
	return list
}
