package contract_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/dhis2/api/contract"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const (
	entities    = "/api/tracker/trackedEntities"
	enrollments = "/api/tracker/enrollments"
	events      = "/api/tracker/events"
)

// answering changes the answers to GET of paths that begin so.
func answering(path string, change func(doc map[string]any)) sandbox.Rewrite {
	return sandbox.Rewrite{Answer: func(r *http.Request, status int, doc map[string]any) int {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, path) && status == http.StatusOK {
			change(doc)
		}
		return status
	}}
}

// asking changes the query of requests to a path.
func asking(path string, change func(q map[string][]string)) sandbox.Rewrite {
	return sandbox.Rewrite{Request: func(r *http.Request) {
		if r.URL.Path == path {
			q := r.URL.Query()
			change(q)
			r.URL.RawQuery = q.Encode()
		}
	}}
}

// one is a document that was asked for by its UID.
func one(change func(te map[string]any)) sandbox.Rewrite { return answering(entities+"/", change) }

func each(list any, change func(map[string]any)) {
	items, _ := list.([]any)
	for _, item := range items {
		change(item.(map[string]any))
	}
}

func eachEvent(te map[string]any, change func(ev map[string]any)) {
	each(te["enrollments"], func(en map[string]any) { each(en["events"], change) })
}

// moved shifts a bound of the query.
func moved(name string, by time.Duration) func(q map[string][]string) {
	return func(q map[string][]string) {
		if len(q[name]) == 0 {
			return
		}
		at, err := time.Parse("2006-01-02T15:04:05.000Z", q[name][0])
		if err != nil {
			panic(err)
		}
		q[name][0] = at.Add(by).Format("2006-01-02T15:04:05.000Z")
	}
}

// bounding changes a bound where a row was named, which the expectations about
// bounds alone do.
func bounding(name string, change func(q map[string][]string)) sandbox.Rewrite {
	return asking(entities, func(q map[string][]string) {
		if len(q["trackedEntities"]) > 0 && len(q[name]) > 0 {
			change(q)
		}
	})
}

// importing changes payloads, and reports.
func importing(payload func(q map[string][]string, doc map[string]any), report func(q map[string][]string, doc map[string]any)) sandbox.Rewrite {
	return sandbox.Rewrite{
		Request: func(r *http.Request) {
			if r.Method != http.MethodPost || payload == nil {
				return
			}
			body, err := io.ReadAll(r.Body)
			var doc map[string]any
			if err != nil || json.Unmarshal(body, &doc) != nil {
				panic("the payload is no JSON")
			}
			q := r.URL.Query()
			payload(q, doc)
			if body, err = json.Marshal(doc); err != nil {
				panic(err)
			}
			r.URL.RawQuery, r.Body, r.ContentLength = q.Encode(), io.NopCloser(bytes.NewReader(body)), int64(len(body))
		},
		Answer: func(r *http.Request, status int, doc map[string]any) int {
			if r.Method == http.MethodPost && report != nil {
				report(r.URL.Query(), doc)
			}
			return status
		},
	}
}

// afterwards changes the document that is read between an import that matches
// and the next one.
func afterwards(matches func(q map[string][]string, doc map[string]any) bool, change func(te map[string]any)) func(*sandbox.Server) {
	return func(s *sandbox.Server) {
		armed := false
		rw := importing(func(q map[string][]string, doc map[string]any) { armed = matches(q, doc) }, nil)
		rw.Answer = func(r *http.Request, status int, doc map[string]any) int {
			if armed && r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, entities+"/") && status == http.StatusOK {
				change(doc)
			}
			return status
		}
		s.Rewrite(rw)
	}
}

// is tells a parameter of an import.
func is(name, value string) func(map[string][]string) bool {
	return func(q map[string][]string) bool { return slices.Contains(q[name], value) }
}

// updatesEvents tells the imports that change an event with a number of values,
// from the nth on.
func updatesEvents(values, nth int) func(q map[string][]string, doc map[string]any) bool {
	return func(q map[string][]string, doc map[string]any) bool {
		list, _ := doc["events"].([]any)
		if doc["trackedEntities"] != nil || !is("importStrategy", "CREATE_AND_UPDATE")(q) || len(list) == 0 {
			return false
		}
		ev := list[0].(map[string]any)
		sent, _ := ev["dataValues"].([]any)
		if len(sent) != values || ev["status"] != "ACTIVE" {
			return false
		}
		nth--
		return nth < 0
	}
}

// violations are, for each expectation, a server that breaks it and nothing
// else.
func violations() map[string]func(s *sandbox.Server) {
	rewrite := func(rw sandbox.Rewrite) func(*sandbox.Server) {
		return func(s *sandbox.Server) { s.Rewrite(rw) }
	}
	info := func(member string, value any) func(*sandbox.Server) {
		return rewrite(answering("/api/system/info", func(doc map[string]any) { doc[member] = value }))
	}
	program := func(change func(doc map[string]any)) func(*sandbox.Server) {
		return rewrite(answering("/api/programs/", change))
	}
	deletedOnly := func(path string, drop bool) func(*sandbox.Server) {
		return rewrite(asking(path, func(q map[string][]string) {
			if drop {
				delete(q, "includeDeleted")
			} else {
				q["includeDeleted"] = []string{"true"}
			}
		}))
	}
	stats := func(which func(q map[string][]string) bool, member string) func(*sandbox.Server) {
		return rewrite(importing(nil, func(q map[string][]string, doc map[string]any) {
			if which(q) {
				doc["stats"].(map[string]any)[member] = 0
			}
		}))
	}
	eventPayload := func(change func(q map[string][]string, ev map[string]any)) func(*sandbox.Server) {
		return rewrite(importing(func(q map[string][]string, doc map[string]any) {
			if doc["trackedEntities"] == nil && is("importStrategy", "CREATE_AND_UPDATE")(q) {
				each(doc["events"], func(ev map[string]any) { change(q, ev) })
			}
		}, nil))
	}
	return map[string]func(s *sandbox.Server){
		"the release is one of 2.40 to 2.44":          info("version", "2.45.0"),
		"the system has an id":                        info("systemId", ""),
		"the zone of its wall time is known":          info("serverTimeZoneId", "Nowhere/Never"),
		"it tells its time":                           info("serverDate", "half past three"),
		"its calendar is ISO 8601":                    info("calendar", "nepali"),
		"the user captures at the root":               rewrite(answering("/api/me", func(doc map[string]any) { doc["organisationUnits"] = []any{} })),
		"the user reads the program's data":           program(func(doc map[string]any) { doc["access"].(map[string]any)["data"] = map[string]any{"read": false} }),
		"pages hold each row once":                    rewrite(asking(entities, func(q map[string][]string) { q["page"] = []string{"1"} })),
		"order=updatedAt:asc orders":                  rewrite(asking(entities, func(q map[string][]string) { delete(q, "order") })),
		"updatedAfter includes the very millisecond":  rewrite(bounding("updatedAfter", moved("updatedAfter", time.Millisecond))),
		"updatedAfter leaves out what is older":       rewrite(bounding("updatedAfter", func(q map[string][]string) { delete(q, "updatedAfter") })),
		"updatedBefore includes the very millisecond": rewrite(bounding("updatedBefore", moved("updatedBefore", -time.Millisecond))),
		"updatedBefore leaves out what is newer":      rewrite(bounding("updatedBefore", func(q map[string][]string) { delete(q, "updatedBefore") })),
		"the program is a tracker program with stages and value types that are known": program(func(doc map[string]any) {
			each(doc["programTrackedEntityAttributes"], func(a map[string]any) {
				if a["mandatory"] != true {
					a["trackedEntityAttribute"].(map[string]any)["valueType"] = "HOLOGRAM"
				}
			})
		}),
		"organisation units are read by UID, with name and path": rewrite(answering("/api/organisationUnits", func(doc map[string]any) {
			each(doc["organisationUnits"], func(u map[string]any) { delete(u, "path") })
		})),
		"a page is of the size that was asked for": rewrite(sandbox.Rewrite{Answer: func(r *http.Request, status int, doc map[string]any) int {
			if r.URL.Path == entities && r.URL.Query().Get("pageSize") == "3" {
				doc["pager"].(map[string]any)["pageSize"] = 2
			}
			return status
		}}),
		"fields= leaves out what was not asked for": rewrite(asking(entities, func(q map[string][]string) { q["fields"] = []string{"*"} })),
		"timestamps are wall time without an offset": rewrite(one(func(te map[string]any) {
			if at, ok := te["createdAt"].(string); ok {
				te["createdAt"] = at + "Z"
			}
		})),
		"program= shows the program's attributes at the tracked entity": rewrite(one(func(te map[string]any) { delete(te, "attributes") })),
		"fields=* shows enrollments with their events and values": rewrite(one(func(te map[string]any) {
			if te["createdAt"] != nil && te["trackedEntity"].(string)[:3] == "Sbx" { // the sample, not the test person
				each(te["enrollments"], func(en map[string]any) { en["events"] = []any{} })
			}
		})),
		"a tracked entity that is not there is answered with 404": rewrite(sandbox.Rewrite{Answer: func(r *http.Request, status int, doc map[string]any) int {
			if strings.HasSuffix(r.URL.Path, "/NoSuchTEx01") {
				return http.StatusForbidden
			}
			return status
		}}),
		"enrollments are listed with tracked entity and time": rewrite(answering(enrollments, func(doc map[string]any) {
			each(doc["enrollments"], func(en map[string]any) { delete(en, "trackedEntity") })
		})),
		"events are listed with tracked entity and time": rewrite(answering(events, func(doc map[string]any) {
			each(doc["events"], func(ev map[string]any) { delete(ev, "updatedAt") })
		})),
		"an import makes everything that is nested, and says so": stats(is("importStrategy", "CREATE"), "created"),
		"UIDs that the sender chose are kept": rewrite(one(func(te map[string]any) {
			eachEvent(te, func(ev map[string]any) {
				if te["trackedEntity"].(string)[:3] != "Sbx" {
					ev["enrollment"] = "SbxElse0001"
				}
			})
		})),
		"what was made shows among what changed": rewrite(asking(entities, func(q map[string][]string) {
			if len(q["trackedEntities"]) == 0 && len(q["includeDeleted"]) == 0 {
				moved("updatedAfter", time.Hour)(q)
			}
		})),
		"an object that is sent twice is made once": rewrite(importing(func(q map[string][]string, doc map[string]any) {
			if doc["trackedEntities"] == nil && is("importStrategy", "CREATE")(q) {
				q["importStrategy"] = []string{"CREATE_AND_UPDATE"}
			}
		}, nil)),
		"what is refused is told by code": rewrite(importing(nil, func(q map[string][]string, doc map[string]any) {
			if is("atomicMode", "ALL")(q) && is("importStrategy", "CREATE_AND_UPDATE")(q) {
				doc["validationReport"] = map[string]any{"errorReports": []any{}}
			}
		})),
		"what is left out of an import is counted": stats(is("atomicMode", "OBJECT"), "ignored"),
		"a changed value marks the tracked entity as updated": func(s *sandbox.Server) {
			held := false
			s.Rewrite(importing(func(q map[string][]string, doc map[string]any) {
				switch {
				case doc["trackedEntities"] != nil || !is("importStrategy", "CREATE_AND_UPDATE")(q):
				case !held: // as the one that must be refused, and the change
					held = true
					s.HoldBumps()
				}
			}, nil))
		},
		"a changed value shows": afterwards(updatesEvents(1, 1), func(te map[string]any) { // the 0th is refused
			eachEvent(te, func(ev map[string]any) { ev["dataValues"] = []any{} })
		}),
		"a changed event shows in the list of events": rewrite(asking(events, func(q map[string][]string) {
			if len(q["updatedAfter"]) > 0 && len(q["includeDeleted"]) == 0 {
				moved("updatedAfter", time.Hour)(q)
			}
		})),
		"a value that is not sent stays": afterwards(updatesEvents(0, 0), func(te map[string]any) {
			eachEvent(te, func(ev map[string]any) { ev["dataValues"] = []any{} })
		}),
		"a blank value deletes": eventPayload(func(q map[string][]string, ev map[string]any) {
			each(ev["dataValues"], func(v map[string]any) {
				if v["value"] == nil || v["value"] == "" {
					ev["dataValues"] = []any{}
				}
			})
		}),
		"completing an event shows": rewrite(one(func(te map[string]any) {
			eachEvent(te, func(ev map[string]any) {
				if te["trackedEntity"].(string)[:3] != "Sbx" {
					delete(ev, "completedAt")
				}
			})
		})),
		"reopening an event shows": afterwards(updatesEvents(0, 1), func(te map[string]any) {
			eachEvent(te, func(ev map[string]any) { ev["status"] = "COMPLETED" })
		}),
		"a deleted event leaves the document, and marks the tracked entity": afterwards(func(q map[string][]string, doc map[string]any) bool {
			return is("importStrategy", "DELETE")(q) && doc["events"] != nil
		}, func(te map[string]any) { te["updatedAt"] = "2000-01-01T00:00:00.000" }),
		"a deleted event is listed with includeDeleted, and only then": deletedOnly(events, true),
		"a deleted tracked entity is answered with 404": rewrite(sandbox.Rewrite{Answer: func(r *http.Request, status int, doc map[string]any) int {
			uid, named := strings.CutPrefix(r.URL.Path, entities+"/")
			if named && status == http.StatusNotFound && uid != "NoSuchTEx01" {
				clear(doc)
				doc["trackedEntity"] = uid
				return http.StatusOK
			}
			return status
		}}),
		"a deleted tracked entity is listed with includeDeleted, and only then": deletedOnly(entities, true),
	}
}

// TestContractCanFail: for each expectation there is a server that breaks it,
// and it alone is reported.
func TestContractCanFail(t *testing.T) {
	table := violations()
	for _, x := range contract.All() {
		t.Run(x.Name, func(t *testing.T) {
			violate := table[x.Name]
			if violate == nil {
				t.Fatal("no server is known that breaks it")
			}
			s, cfg := serve(t, "2.42")
			cfg.Zone = must(time.LoadLocation("Asia/Colombo"))
			violate(s)
			report := run(t, cfg)
			var broken []string
			for _, r := range report.Broken() {
				broken = append(broken, r.Name)
			}
			if !slices.Equal(broken, []string{x.Name}) {
				t.Errorf("broken: got %q, want it alone", broken)
			}
			text := printed(t, report)
			if !strings.Contains(text, "BROKEN     "+x.Name+": ") || !strings.Contains(text, "cure: "+x.Cure) || !strings.Contains(text, "needed by: "+x.For) {
				t.Errorf("the report does not say it:\n%s", text)
			}
		})
	}
	if len(table) != len(contract.All()) {
		t.Errorf("%d violations for %d expectations: a name differs", len(table), len(contract.All()))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
